//! A journal of which lines are damaged: what is whole of it goes on, and the file as it was is kept.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::entry::VERSION;
use super::file::{io, line, parse};
use super::{Entry, Error, Journal};

/// What was done about a damaged journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mended {
    /// Lines that were not whole, and are lost.
    pub lines: usize,
    /// Where the file is kept as it was.
    pub kept: PathBuf,
}

impl Journal {
    /// Puts the whole lines of a damaged journal in its place, under a new identifier, and keeps the file as it was; `None`
    /// where nothing is damaged. The secret's fingerprint is for a first line that is lost.
    pub fn mend(path: &Path, id: &str, secret: &str) -> Result<Option<Mended>, Error> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io(path, error)),
        };
        file.lock().map_err(|error| io(path, error))?;
        let bytes = fs::read(path).map_err(|error| io(path, error))?;
        let (entries, lines) = whole(path, &bytes)?;
        let named = entries.iter().find_map(|entry| match entry {
            Entry::Journal { secret, .. } => Some(secret.as_str()),
            _ => None,
        });
        let has_head = matches!(entries.first(), Some(Entry::Journal { .. }));
        if lines == 0 && has_head {
            return Ok(None);
        }
        let head = Entry::Journal {
            version: VERSION,
            id: id.to_owned(),
            secret: named.unwrap_or(secret).to_owned(),
        };
        let rest = entries
            .iter()
            .filter(|entry| !matches!(entry, Entry::Journal { .. }));
        let mut text = String::new();
        for entry in std::iter::once(&head).chain(rest) {
            text.push_str(&line(path, entry)?);
        }
        let kept = path.with_extension(format!("damaged-{id}"));
        replace(path, &kept, &text).map_err(|error| io(path, error))?;
        Ok(Some(Mended { lines, kept }))
    }
}

/// The entries of whole lines, and how many lines before the last of them are not; all, where none is.
fn whole(path: &Path, bytes: &[u8]) -> Result<(Vec<Entry>, usize), Error> {
    let (mut entries, mut lost, mut broken) = (Vec::new(), 0, 0);
    for text in bytes.split_inclusive(|byte| *byte == b'\n') {
        match parse(path, text)? {
            Some(entry) => {
                entries.push(entry);
                lost += std::mem::take(&mut broken);
            }
            None => broken += 1,
        }
    }
    let all_are = entries.is_empty();
    Ok((entries, if all_are { broken } else { lost }))
}

/// Keeps a file under another name, and puts another in its place: at each moment one is there.
fn replace(path: &Path, kept: &Path, text: &str) -> io::Result<()> {
    let draft = path.with_extension("tmp");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::hard_link(path, kept)?;
    fs::rename(&draft, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::super::Known;
    use super::*;

    fn gone(address: &str) -> Entry {
        Entry::Revived {
            address: address.to_owned(),
        }
    }

    #[test]
    fn what_is_whole_goes_on_and_the_rest_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let all = [gone("a"), gone("b"), gone("c")];
        let journal = Journal::begin(&path, "one", "secret", &all).unwrap();
        assert_eq!(Journal::mend(&path, "two", "other").unwrap(), None);
        let text = fs::read_to_string(journal.path()).unwrap();
        let head = text.replace("secret", "sekret");
        let middle = text.replace("\"b\"", "\"x\"");
        let short = &text[..text.len() - 4];
        for (number, (bytes, secret, left, lost)) in [
            (middle.as_str(), "secret", 3, Some(1)),
            (&head, "other", 4, Some(1)),
            (&format!("\n\n{text}"), "secret", 4, Some(2)),
            ("", "other", 1, Some(0)),
            ("no line\nof ours", "other", 1, Some(2)),
            (short, "secret", 3, None),
        ]
        .into_iter()
        .enumerate()
        {
            fs::write(&path, bytes).unwrap();
            let id = format!("id{number}");
            let mended = Journal::mend(&path, &id, "other").unwrap();
            let kept = mended
                .as_ref()
                .map(|mended| fs::read_to_string(&mended.kept).unwrap());
            assert_eq!(kept.as_deref(), lost.map(|_| bytes), "{bytes:?}");
            assert_eq!(mended.map(|mended| mended.lines), lost, "{bytes:?}");
            let journal = Journal::look(&path).unwrap().unwrap();
            assert_eq!(journal.secret(), secret, "{bytes:?}");
            assert_eq!(journal.id() == id, lost.is_some());
            let entries = journal.read(0).unwrap().entries;
            assert_eq!(entries.len(), left, "{bytes:?}");
            assert_eq!(Known::of(entries).revived, left > 1);
        }
    }
}
