//! Makes a newsletter that runs at once: its first `courant run` sends a welcome to the embedded mailbox.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::files::cause;
use crate::model::Diagnostic;

/// The postal address that stands in a new newsletter.
pub(super) const STARTER_ADDRESS: &str = "Street 1, 1234 AB Town";

/// The first post of a new newsletter.
pub(super) const STARTER_WELCOME: &str = include_str!("starter/welcome.md");

/// Every file of a new newsletter, in the order in which a person would read them.
const FILES: [(&str, &str); 6] = [
    ("courant.toml", include_str!("starter/courant.toml")),
    ("subscribers.toml", include_str!("starter/subscribers.toml")),
    ("schedules/weekly.toml", include_str!("starter/weekly.toml")),
    ("posts/welcome.md", STARTER_WELCOME),
    ("templates/README.md", include_str!("starter/templates.md")),
    (".gitignore", include_str!("starter/gitignore")),
];

/// Writes a new newsletter into a folder, which is made if need be, and returns what it wrote.
///
/// # Errors
/// If any of the files is there already, in which case nothing is written; or if one cannot be written.
pub fn init(folder: &Path) -> Result<Vec<PathBuf>, Box<Diagnostic>> {
    for (name, _) in FILES {
        let path = folder.join(name);
        if path.symlink_metadata().is_ok() {
            let fault = Diagnostic::error(format!("`{}` is there already", path.display()));
            let hint = "nothing was written; name a new folder: `courant init my-newsletter`";
            return Err(Box::new(fault.hint(hint)));
        }
    }
    FILES
        .iter()
        .map(|(name, text)| write_new(folder.join(name), text))
        .collect()
}

/// Writes a file that is not there yet, and the folders above it.
pub(super) fn write_new(path: PathBuf, text: &str) -> Result<PathBuf, Box<Diagnostic>> {
    let written = path
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::File::create_new(&path))
        .and_then(|mut file| file.write_all(text.as_bytes()));
    match written {
        Ok(()) => Ok(path),
        Err(error) => {
            let message = format!("cannot write `{}`: {}", path.display(), cause(&error));
            Err(Box::new(Diagnostic::error(message)))
        }
    }
}
