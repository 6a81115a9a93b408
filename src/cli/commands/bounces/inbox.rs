//! Where reports are read from: a Maildir, a file, or stdin.
//!
//! In a Maildir, what was dealt with is moved to `cur` with the flag S, and never read again. That happens after
//! everything is saved: a crash in between reads it twice, and each report counts once.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::bounces;
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::shown;
use crate::config;
use crate::model::{Notice, Report, ReportKind};

/// What is read of a message: reports begin with what matters, and the returned mail comes last.
const MOST_OF_A_MESSAGE: u64 = 4 * 1024 * 1024;

/// What is read of a file of many messages.
const MOST_OF_A_FILE: u64 = 512 * 1024 * 1024;

/// A message that was read, and where it lies.
pub struct Letter {
    /// What to call it.
    pub name: String,
    /// What it says.
    pub report: Report,
    /// Its file in a Maildir.
    file: Option<PathBuf>,
}

/// All messages that were not dealt with yet, in the order of their names.
pub fn open(from: &Path) -> Result<Vec<Letter>, Failure> {
    if from == Path::new("-") {
        let mut bytes = Vec::new();
        let mut stdin = std::io::stdin().lock().take(MOST_OF_A_FILE);
        stdin
            .read_to_end(&mut bytes)
            .map_err(|error| cannot_read(from, &error))?;
        return Ok(letters("stdin", &bytes));
    }
    let about = fs::metadata(from).map_err(|error| cannot_read(from, &error))?;
    if about.is_dir() {
        return maildir(from);
    }
    let bytes = read(from, MOST_OF_A_FILE).map_err(|error| cannot_read(from, &error))?;
    Ok(letters(&shown(from), &bytes))
}

/// Marks a message of a Maildir as dealt with.
pub fn done(letter: &Letter) -> Result<(), Failure> {
    let Some(file) = &letter.file else {
        return Ok(());
    };
    let Some(target) = seen(file) else {
        return Ok(());
    };
    match fs::rename(file, &target) {
        // Somebody else dealt with it, or moved it.
        Err(error) if error.kind() != ErrorKind::NotFound => {
            let why = config::cause(&error);
            let fault = format!("cannot move `{}` to `cur`: {why}", shown(file));
            Err(Failure::new(Exit::CannotWrite, fault))
        }
        _ => Ok(()),
    }
}

fn letters(name: &str, bytes: &[u8]) -> Vec<Letter> {
    let messages = bounces::split(bytes);
    let single = messages.len() == 1;
    let letters = messages.into_iter().zip(1..).map(|(bytes, at)| Letter {
        name: match single {
            true => name.to_owned(),
            false => format!("{name} {at}"),
        },
        report: facts(&bytes),
        file: None,
    });
    letters.collect()
}

/// The facts of a message; of what cannot be made out, that it is no report.
fn facts(bytes: &[u8]) -> Report {
    // Strangers write here: a mail that defeats the parser must not lie in the way of all others for ever.
    let read = std::panic::catch_unwind(|| bounces::read(bytes));
    read.ok().flatten().unwrap_or(Report {
        paths: vec![],
        recipients: vec![],
        kind: ReportKind::Notice(Notice::Other),
    })
}

fn maildir(folder: &Path) -> Result<Vec<Letter>, Failure> {
    let mut files = Vec::new();
    for part in ["new", "cur"] {
        let part = folder.join(part);
        let entries = fs::read_dir(&part).map_err(|error| {
            cannot_read(&part, &error).hint(
                "a Maildir has the folders `new`, `cur` and `tmp`; for one message name its file",
            )
        })?;
        for entry in entries {
            let path = entry.map_err(|error| cannot_read(&part, &error))?.path();
            if path.is_file() && !is_seen(&path) && !is_hidden(&path) {
                files.push(path);
            }
        }
    }
    files.sort_by_key(|path| path.file_name().map(ToOwned::to_owned));
    let mut letters = Vec::with_capacity(files.len());
    for path in files {
        match read(&path, MOST_OF_A_MESSAGE) {
            Ok(bytes) => letters.push(Letter {
                name: name_of(&path),
                report: facts(&bytes),
                file: Some(path),
            }),
            // It was moved since the folder was read.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(cannot_read(&path, &error)),
        }
    }
    Ok(letters)
}

fn read(path: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
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
    Some(
        folder
            .join("cur")
            .join(format!("{}:2,{flags}", name_of(path))),
    )
}

fn cannot_read(path: &Path, error: &std::io::Error) -> Failure {
    let name = match path == Path::new("-") {
        true => "stdin".to_owned(),
        false => format!("`{}`", shown(path)),
    };
    Failure::new(
        Exit::NoInput,
        format!("cannot read {name}: {}", config::cause(error)),
    )
}
