//! Mails on this machine: a Maildir, a file, stdin.
//!
//! In a Maildir, what was dealt with is moved to `cur` with the flag S, and never read again.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::{Error, MOST_OF_A_MESSAGE, Mail, Mark};

/// What is read of a file of many messages.
const MOST_OF_A_FILE: u64 = 512 * 1024 * 1024;

/// Messages that wait.
pub(super) enum Files {
    Maildir(VecDeque<PathBuf>),
    /// All of a file, which may hold many messages: that is for the reader to see.
    File(Option<Mail>),
}

impl Files {
    /// Finds what was not dealt with yet, in the order of names.
    pub(super) fn open(from: &Path) -> Result<Self, Error> {
        if from == Path::new("-") {
            let stdin = io::stdin().lock();
            let bytes = whole(stdin, MOST_OF_A_FILE).map_err(|error| cannot_read(from, error))?;
            return Ok(Self::file("stdin".to_owned(), bytes));
        }
        let about = fs::metadata(from).map_err(|error| cannot_read(from, error))?;
        if about.is_dir() {
            return maildir(from).map(Self::Maildir);
        }
        let bytes = read(from, MOST_OF_A_FILE).map_err(|error| cannot_read(from, error))?;
        Ok(Self::file(from.display().to_string(), bytes))
    }

    fn file(name: String, bytes: Vec<u8>) -> Self {
        Self::File(Some(Mail {
            name,
            bytes,
            mark: Mark::None,
        }))
    }

    /// The next message.
    pub(super) fn next(&mut self) -> Result<Option<Mail>, Error> {
        let files = match self {
            Self::File(mail) => return Ok(mail.take()),
            Self::Maildir(files) => files,
        };
        while let Some(path) = files.pop_front() {
            match read(&path, MOST_OF_A_MESSAGE as u64) {
                Ok(bytes) => {
                    return Ok(Some(Mail {
                        name: name_of(&path),
                        bytes,
                        mark: Mark::File(path),
                    }));
                }
                // It was moved since the folder was read.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(cannot_read(&path, error)),
            }
        }
        Ok(None)
    }
}

/// Marks messages of a Maildir as dealt with.
pub(super) fn done(marks: &[Mark]) -> Result<(), Error> {
    for mark in marks {
        let Mark::File(path) = mark else {
            continue;
        };
        let Some(target) = seen(path) else {
            continue;
        };
        match fs::rename(path, target) {
            // Somebody else dealt with it, or moved it.
            Err(error) if error.kind() != ErrorKind::NotFound => {
                let path = path.clone();
                return Err(Error::Mark {
                    path,
                    source: error,
                });
            }
            _ => {}
        }
    }
    Ok(())
}

fn maildir(folder: &Path) -> Result<VecDeque<PathBuf>, Error> {
    let mut files = Vec::new();
    for part in ["new", "cur"] {
        let part = folder.join(part);
        let no_maildir = |source| Error::Read {
            path: part.clone(),
            maildir: true,
            source,
        };
        for entry in fs::read_dir(&part).map_err(no_maildir)? {
            let path = entry.map_err(|error| cannot_read(&part, error))?.path();
            if path.is_file() && !is_seen(&path) && !is_hidden(&path) {
                files.push(path);
            }
        }
    }
    files.sort_by_key(|path| path.file_name().map(ToOwned::to_owned));
    Ok(files.into())
}

fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    whole(fs::File::open(path)?, most)
}

fn whole(from: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn cannot_read(path: &Path, source: io::Error) -> Error {
    Error::Read {
        path: path.to_owned(),
        maildir: false,
        source,
    }
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.split(":2,").next().unwrap_or(&name).to_owned()
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn flags(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy();
    name.rsplit_once(":2,").map(|(_, flags)| flags.to_owned())
}

fn is_seen(path: &Path) -> bool {
    flags(path).is_some_and(|flags| flags.contains('S'))
}

/// The place of a message that was seen: `cur`, its flags in the order of the alphabet.
fn seen(path: &Path) -> Option<PathBuf> {
    let mut flags: Vec<char> = flags(path).unwrap_or_default().chars().collect();
    flags.push('S');
    flags.sort_unstable();
    let flags: String = flags.into_iter().collect();
    let folder = path.parent()?.parent()?;
    let name = format!("{}:2,{flags}", name_of(path));
    Some(folder.join("cur").join(name))
}
