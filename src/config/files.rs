//! Reads the newsletter's files, and says in plain words why one cannot be read.

use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

use super::document::Document;
use crate::model::Diagnostic;

/// Reads a text file whose name for people is `shown`.
pub(super) fn read_document(path: &Path, shown: &Path) -> Result<Document, Box<Diagnostic>> {
    Ok(Document::file(shown, read_text(path, shown)?))
}

/// Reads a text file; a fault names it as `shown`.
pub(super) fn read_text(path: &Path, shown: &Path) -> Result<String, Box<Diagnostic>> {
    let bytes = std::fs::read(path).map_err(|error| {
        let message = format!("cannot read `{}`: {}", shown.display(), why(path, &error));
        Diagnostic::error(message)
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
        let fault = Diagnostic::error(format!("line {line} is not UTF-8 text"));
        Box::new(fault.in_file(shown).hint("save the file as UTF-8"))
    })
}

/// The visible entries of a folder in the order of their names; a folder that is not there has none.
pub(super) fn list_folder(path: &Path, shown: &Path) -> Result<Vec<PathBuf>, Box<Diagnostic>> {
    let unreadable = |error: &io::Error| {
        let shown = without_dot(shown);
        let message = format!(
            "cannot read the folder `{}`: {}",
            shown.display(),
            why(path, error)
        );
        Box::new(Diagnostic::error(message))
    };
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        // A link that leads nowhere was meant to lead to something.
        Err(error) if error.kind() == ErrorKind::NotFound && !is_link(path) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(unreadable(&error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unreadable(&error))?.path();
        if !is_hidden(&path) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// A slash at the end would make the system look behind the link.
fn is_link(path: &Path) -> bool {
    path.components().collect::<PathBuf>().is_symlink()
}

/// Hidden by its name, or an editor's backup.
pub(super) fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') || name.ends_with('~')
}

/// Why this file or folder cannot be read, in words.
pub(super) fn why(path: &Path, error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound if is_link(path) => "it is a link that leads nowhere".to_owned(),
        _ => cause(error),
    }
}

/// Why a file cannot be read or written, in words.
pub fn cause(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is nothing of that name".to_owned(),
        ErrorKind::PermissionDenied => "this user may not".to_owned(),
        ErrorKind::AlreadyExists => "something of that name is in the way".to_owned(),
        ErrorKind::IsADirectory => "it is a folder".to_owned(),
        ErrorKind::NotADirectory => "there is a file where a folder should be".to_owned(),
        ErrorKind::StorageFull => "the disk is full".to_owned(),
        _ => error.to_string(),
    }
}

/// A path as one word of a shell's command line, the same from any folder.
pub fn shell_word(path: &Path) -> String {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let text = whole.components().collect::<PathBuf>();
    let text = text.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+@:,=%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// A path as people write it: without `./` in front.
pub(super) fn without_dot(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| *part != Component::CurDir)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_quoted_where_a_shell_would_take_it_apart() {
        assert_eq!(
            shell_word(Path::new("/srv/nieuws/2026")),
            "/srv/nieuws/2026"
        );
        assert_eq!(shell_word(Path::new("/mijn krant")), "'/mijn krant'");
        assert_eq!(shell_word(Path::new("/jan's")), r"'/jan'\''s'");
        assert_eq!(shell_word(Path::new("/a;b")), "'/a;b'");
        let here = std::env::current_dir().unwrap();
        let named = [".", "", "./a/."].map(|path| shell_word(Path::new(path)));
        let wanted = [&here, Path::new(""), &here.join("a")].map(shell_word);
        assert_eq!(named, wanted);
    }
}
