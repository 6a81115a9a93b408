//! `[publish]`: where the published files go, so that a web server may find them in a place of its own.

use std::path::{Component, Path, PathBuf};

use super::section::Section;
use super::value::Value;
use super::{schedules, templates};
use crate::model::{Source, SourceKind};

/// The folder of published files, in the state folder, unless another is named.
const PUBLIC: &str = "public";

/// Reads the section; the folder is relative to `root`.
pub(super) fn read(
    mut section: Section<'_>,
    root: &Path,
    state: &Path,
    sources: &[Source],
) -> Option<PathBuf> {
    let folder = section.or("folder", state.join(PUBLIC), |value| {
        read_folder(value, root, state, sources)
    });
    section.finish();
    folder
}

/// A folder in which nothing is read, and nothing that is private lies.
fn read_folder(
    value: &Value<'_>,
    root: &Path,
    state: &Path,
    sources: &[Source],
) -> Option<PathBuf> {
    let folder = without_dots(&root.join(value.line_of_text()?));
    let state = without_dots(state);
    let is_ours = [root.to_owned(), state.clone()]
        .iter()
        .any(|ours| ours.starts_with(&folder));
    let read = [schedules::FOLDER, templates::FOLDER].map(|name| root.join(name));
    let read = read.iter().chain(sources.iter().filter_map(folder_of));
    let is_read = read.map(|path| without_dots(path)).any(|read| {
        // The newsletter's own folder may be a source, and `state` in it is not read.
        folder.starts_with(&read) && !folder.starts_with(&state)
    });
    if !is_ours && !is_read {
        return Some(folder);
    }
    let message = match is_ours {
        true => "invalid `folder`: the newsletter itself lies in it",
        false => "invalid `folder`: it is read as posts, schedules or templates",
    };
    let hint = "name a folder of its own, such as `/var/www/nieuws`";
    value.report(message, Some(hint.to_owned()));
    None
}

fn folder_of(source: &Source) -> Option<&PathBuf> {
    match &source.kind {
        SourceKind::Folder(folder) => Some(folder),
        SourceKind::Url(_) => None,
    }
}

/// The path with `.` and `..` taken as they are written.
fn without_dots(path: &Path) -> PathBuf {
    let mut whole = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(whole.pop()),
            other => whole.push(other),
        }
    }
    whole
}
