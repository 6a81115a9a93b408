//! What the newsletter's files look like from outside, so that a preview sees when one was saved.
//!
//! Looks at names, sizes and times and opens nothing. Two looks that differ mean that something a digest is made of was
//! written, added or taken away: also on a network drive, in a container, or by an editor that renames.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::files::is_hidden;
use super::{Config, schedules, subscribers, templates};
use crate::model::SourceKind;

/// Folders within folders that are looked into: more than the folder of a source is read.
const DEPTH: usize = 16;

/// The files that digests are made of, each with when it was written and how long it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look(BTreeMap<PathBuf, (Option<SystemTime>, u64)>);

/// Looks at `courant.toml`, the readers, the schedules, the templates, and the folders that are sources.
pub fn look(config: &Config) -> Look {
    let mut found = BTreeMap::new();
    let folders = config
        .sources
        .iter()
        .filter_map(|source| match &source.kind {
            SourceKind::Folder(folder) => Some(folder.clone()),
            SourceKind::Url(_) => None,
        });
    let made = [config.state.as_path(), config.public.as_path()];
    let ours = [subscribers::FILE, schedules::FOLDER, templates::FOLDER];
    let ours = ours.iter().map(|name| config.root.join(name));
    for path in ours.chain(folders).chain([config.file.clone()]) {
        note(&path, &made, DEPTH, &mut found);
    }
    Look(found)
}

fn note(
    path: &Path,
    made: &[&Path],
    depth: usize,
    found: &mut BTreeMap<PathBuf, (Option<SystemTime>, u64)>,
) {
    let Ok(about) = fs::metadata(path) else {
        return;
    };
    if !about.is_dir() {
        found.insert(path.to_owned(), (about.modified().ok(), about.len()));
        return;
    }
    // What the program itself writes is nothing that a person saved.
    if depth == 0 || made.contains(&path) {
        return;
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    for entry in entries {
        let path = entry.path();
        if !is_hidden(&path) {
            note(&path, made, depth - 1, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Flags};

    fn config(root: &Path) -> Config {
        let newsletter = "[newsletter]\nname = \"x\"\nlanguage = \"nl\"\nurl = \"http://127.0.0.1:1\"\n\
             from = \"x@example.nl\"\naddress = \"Straat 1\"\n[[source]]\nname = \"a\"\nfolder = \".\"\n\
             [delivery]\nrelay = \"mailbox\"\n";
        fs::write(root.join("courant.toml"), newsletter).unwrap();
        let loaded = Config::load(root, &Environment::default(), &Flags::default());
        loaded.unwrap().config
    }

    #[test]
    fn what_is_saved_is_seen_and_what_the_program_writes_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        let before = look(&config);
        for (name, is_seen) in [
            ("templates/digest/story.hbs", true),
            ("schedules/weekly.toml", true),
            ("subscribers.toml", true),
            ("posts/2026/a.md", true),
            ("state/courant.db", false),
            (".git/index", false),
            ("posts/a.md~", false),
        ] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "x").unwrap();
            assert_eq!(look(&config) != before, is_seen, "{name}");
            fs::remove_file(&path).unwrap();
            assert_eq!(look(&config), before, "{name} was taken away");
        }
    }
}
