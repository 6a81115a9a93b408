//! Whose the files are that runs write: one of another user's stops them for ever.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Finding, Health, Subject, shown};
use crate::config::{self, Config};
use crate::model::Diagnostic;

/// How many files are named.
const NAMED: usize = 3;

/// What of `state` and of the published files belongs to another user than `state` does; `None` where nothing does.
pub(super) fn files(config: &Config) -> Option<Finding> {
    let owner = config.state.metadata().ok()?.uid();
    let mut strange = Vec::new();
    for folder in [&config.state, &config.public] {
        gather(folder, owner, &mut strange);
    }
    // The published files mostly lie in `state`.
    strange.sort();
    strange.dedup();
    let first = strange.first()?;
    let named: Vec<String> = strange
        .iter()
        .take(NAMED)
        .map(|path| format!("`{}`", shown(config, path)))
        .collect();
    let more = match strange.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let state = shown(config, &config.state);
    let fault = format!(
        "not all that runs write belongs to the owner of `{state}`, whose runs cannot write it: {}{more}",
        named.join(", ")
    );
    let place = match first.starts_with(&config.state) {
        true => &config.state,
        false => &config.public,
    };
    let (state, place) = (config::shell_word(&config.state), config::shell_word(place));
    let hint = format!("as root: `chown -R --reference={state} {place}`");
    let fault = Diagnostic::error(fault).hint(hint);
    Some(Finding::bad(
        Subject::Files,
        shown(config, &config.state),
        Health::Faulty,
        fault,
    ))
}

/// Looks at a folder and all that is in it, not at what links lead to; what cannot be read is passed over.
fn gather(path: &Path, owner: u32, strange: &mut Vec<PathBuf>) {
    let Ok(about) = path.symlink_metadata() else {
        return;
    };
    if about.uid() != owner {
        strange.push(path.to_owned());
    }
    if about.is_dir() {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        entries.for_each(|entry| gather(&entry.path(), owner, strange));
    }
}
