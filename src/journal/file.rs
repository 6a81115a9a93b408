//! The journal's file: a checksum and an entry a line, written at the end and made durable before anybody goes on.
//!
//! Several processes append at once, each under the system's lock on the file. Readers take no lock: what was torn by a
//! crash, or is just being written, is no whole line yet.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::entry::VERSION;
use super::{Entry, Error};

/// Hex digits of a line's checksum.
const CHECKSUM: usize = 16;

/// The head of the file that the first line lies in.
const HEAD: u64 = 4_096;

/// So much of the end is looked at for what a crash tore: more than a write has.
const TAIL: u64 = 4 * 1024 * 1024;

/// So much of it first: mostly the last line is whole, and short.
const NEAR: u64 = 4 * 1024;

/// The journal of a newsletter.
#[derive(Debug, Clone)]
pub struct Journal {
    path: PathBuf,
    id: String,
    secret: String,
}

/// What was read of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// The entries, the earliest first.
    pub entries: Vec<Entry>,
    /// Where the last of them ends that nothing takes the place of.
    pub end: u64,
}

impl Journal {
    /// The journal at a path; `None` where there is none.
    pub fn look(path: &Path) -> Result<Option<Self>, Error> {
        let mut head = Vec::new();
        match File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head)) {
            Ok(_) => {}
            // Where `state` is no folder, the database says so.
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(io(path, error)),
        }
        let first = head.split_inclusive(|byte| *byte == b'\n').next();
        match first.map(|line| parse(path, line)).transpose()?.flatten() {
            Some(Entry::Journal { version, .. }) if version > VERSION => Err(Error::Newer {
                path: path.to_owned(),
            }),
            Some(Entry::Journal { id, secret, .. }) => Ok(Some(Self {
                path: path.to_owned(),
                id,
                secret,
            })),
            _ => Err(Error::Damaged {
                path: path.to_owned(),
                line: 1,
            }),
        }
    }

    /// Makes a journal that begins with these entries, whole or not at all; where another process makes one at the same
    /// moment, both use the one that came first.
    pub fn begin(path: &Path, id: &str, secret: &str, entries: &[Entry]) -> Result<Self, Error> {
        let first = Entry::Journal {
            version: VERSION,
            id: id.to_owned(),
            secret: secret.to_owned(),
        };
        let mut text = line(path, &first)?;
        for entry in entries {
            text.push_str(&line(path, entry)?);
        }
        match publish(path, id, &text) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(io(path, error)),
        }
        let made = Self::look(path)?;
        made.ok_or_else(|| io(path, ErrorKind::NotFound.into()))
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Tells it from another journal of the same newsletter.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Fingerprint of the secret that its hashes are made with.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Reads from where an earlier reading ended, or from 0. Where no line begins there, or the file has ended, it is not
    /// the one that was read before: everything is read.
    pub fn read(&self, from: u64) -> Result<Read, Error> {
        let mut bytes = Vec::new();
        let read = File::open(&self.path).and_then(|mut file| {
            let from = if begins_line(&mut file, from)? {
                from
            } else {
                0
            };
            file.seek(SeekFrom::Start(from))?;
            file.read_to_end(&mut bytes)?;
            Ok(from)
        });
        let from = read.map_err(|error| io(&self.path, error))?;
        let (mut entries, mut end, mut broken) = (Vec::new(), 0, None);
        let mut at = 0;
        for (number, text) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            at += text.len();
            match (parse(&self.path, text)?, broken) {
                (None, _) => broken = broken.or(Some(number + 1)),
                (Some(_), Some(line)) => {
                    return Err(Error::Damaged {
                        path: self.path.clone(),
                        line,
                    });
                }
                (Some(entry), None) => {
                    if !entry.is_note() {
                        end = at;
                    }
                    entries.push(entry);
                }
            }
        }
        Ok(Read {
            entries,
            end: from + end as u64,
        })
    }

    /// Writes entries at the end; they are durable when this returns. Where the file was taken away meanwhile, another
    /// begins with them.
    pub fn append(&self, entries: &[Entry]) -> Result<(), Error> {
        self.add(entries, true)
    }

    /// Writes down how far something is, in the place of the last line where that says how far the same was: so many of
    /// them cost one line. It may be lost with the machine, but not with the program: nobody waits for the disk.
    pub fn note(&self, entry: &Entry) -> Result<(), Error> {
        self.add(std::slice::from_ref(entry), false)
    }

    fn add(&self, entries: &[Entry], durably: bool) -> Result<(), Error> {
        let noted = entries.first().filter(|_| !durably);
        let mut text = String::new();
        for entry in entries {
            text.push_str(&line(&self.path, entry)?);
        }
        let written = self.write(text.as_bytes(), noted);
        match written {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let id = hash(&format!("{}{text}", self.id));
                let begun = Self::begin(&self.path, &id, &self.secret, entries)?;
                match begun.id == id {
                    true => Ok(()),
                    // Another process was first.
                    false => begun.add(entries, durably),
                }
            }
            written => written.map_err(|error| io(&self.path, error)),
        }
    }

    /// Writes behind the last whole line, durably; or what is noted in its place, if that is a note of the same.
    fn write(&self, text: &[u8], noted: Option<&Entry>) -> io::Result<()> {
        let mut file = OpenOptions::new().read(true).write(true).open(&self.path)?;
        file.lock()?;
        let length = file.metadata()?.len();
        let last = last_line(&mut file, length)?;
        let end = last.as_ref().map_or(length, |last| last.end);
        if end < length {
            file.set_len(end)?;
        }
        let is_newer = |last: &&Last| {
            let before = serde_json::from_str(&last.json);
            noted.is_some_and(|noted| before.is_ok_and(|before| noted.is_newer_than(&before)))
        };
        let at = last
            .as_ref()
            .filter(is_newer)
            .map_or(end, |last| last.begin);
        file.seek(SeekFrom::Start(at))?;
        file.write_all(text)?;
        match noted {
            None => file.sync_data(),
            Some(_) => Ok(()),
        }
    }
}

/// Whether a line begins there, or would.
fn begins_line(file: &mut File, at: u64) -> io::Result<bool> {
    let Some(before) = at.checked_sub(1) else {
        return Ok(true);
    };
    let mut byte = [0];
    file.seek(SeekFrom::Start(before))?;
    Ok(file.read(&mut byte)? == 1 && byte == *b"\n")
}

/// The last whole line.
struct Last {
    begin: u64,
    end: u64,
    json: String,
}

/// The last whole line; `None` where none is in sight: what is there is left alone then.
fn last_line(file: &mut File, length: u64) -> io::Result<Option<Last>> {
    for near in [NEAR, TAIL] {
        let last = last_line_behind(file, length.saturating_sub(near))?;
        if last.is_some() {
            return Ok(last);
        }
    }
    Ok(None)
}

fn last_line_behind(file: &mut File, start: u64) -> io::Result<Option<Last>> {
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    file.read_to_end(&mut tail)?;
    let mut end = tail.len();
    loop {
        let before = tail[..end].iter().rposition(|byte| *byte == b'\n');
        let Some(newline) = before else {
            return Ok(None);
        };
        let begin = tail[..newline].iter().rposition(|byte| *byte == b'\n');
        let begin = begin.map_or(0, |before| before + 1);
        if let Some(json) = checked(&tail[begin..=newline]) {
            return Ok(Some(Last {
                begin: start + begin as u64,
                end: start + newline as u64 + 1,
                json: json.to_owned(),
            }));
        }
        end = newline;
    }
}

/// A draft beside its place, put there by a hard link: it is there as a whole, and over no other.
fn publish(path: &Path, id: &str, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let draft = path.with_extension(format!("{id}.tmp"));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    let published = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    published?;
    File::open(folder)?.sync_all()
}

pub(super) fn line(path: &Path, entry: &Entry) -> Result<String, Error> {
    let json = serde_json::to_string(entry).map_err(|error| io(path, error.into()))?;
    Ok(format!("{} {json}\n", hash(&json)))
}

/// The entry of a line; `None` for one that is not whole, or not as it was written.
pub(super) fn parse(path: &Path, line: &[u8]) -> Result<Option<Entry>, Error> {
    let Some(json) = checked(line) else {
        return Ok(None);
    };
    // What this program cannot read, and is as it was written, another one wrote.
    let entry = serde_json::from_str(json).map_err(|_| Error::Newer {
        path: path.to_owned(),
    })?;
    Ok(Some(entry))
}

/// The text of a line whose checksum holds.
fn checked(line: &[u8]) -> Option<&str> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (checksum, json) = line.split_once(' ')?;
    (checksum == hash(json)).then_some(json)
}

fn hash(text: &str) -> String {
    let hash = blake3::hash(text.as_bytes()).to_hex();
    hash[..CHECKSUM].to_owned()
}

pub(super) fn io(path: &Path, cause: io::Error) -> Error {
    Error::Io {
        path: path.to_owned(),
        cause,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::Known;
    use super::*;

    fn gone(address: &str) -> Entry {
        Entry::Revived {
            address: address.to_owned(),
        }
    }

    fn begun(folder: &Path) -> Journal {
        Journal::begin(&folder.join("state/journal"), "one", "secret", &[gone("a")]).unwrap()
    }

    fn addresses(journal: &Journal, from: u64) -> Vec<String> {
        let entries = journal.read(from).unwrap().entries.into_iter();
        let names = entries.filter_map(|entry| match entry {
            Entry::Revived { address } => Some(address),
            _ => None,
        });
        names.collect()
    }

    #[test]
    fn what_was_written_is_read_from_where_one_ended() {
        let folder = tempfile::tempdir().unwrap();
        assert!(
            Journal::look(&folder.path().join("none"))
                .unwrap()
                .is_none()
        );
        let journal = begun(folder.path());
        let mode = fs::metadata(journal.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let end = journal.read(0).unwrap().end;
        journal.append(&[gone("b"), gone("c")]).unwrap();
        assert_eq!(addresses(&journal, end), ["b", "c"]);
        assert_eq!(addresses(&journal, 0), ["a", "b", "c"]);
        // A file that is shorter than what was read is another one.
        assert_eq!(addresses(&journal, 1_000_000), ["a", "b", "c"]);
        assert_eq!(addresses(&journal, end + 3), ["a", "b", "c"]);
        assert_eq!(addresses(&journal, 3), ["a", "b", "c"]);
        let again = Journal::look(journal.path()).unwrap().unwrap();
        assert_eq!((again.id(), again.secret()), ("one", "secret"));
        // Who comes second to begin it takes the first one's.
        let second = Journal::begin(journal.path(), "two", "secret", &[]).unwrap();
        assert_eq!(second.id(), "one");
    }

    #[test]
    fn a_torn_end_is_passed_over_and_mended_wherever_it_was_torn() {
        let folder = tempfile::tempdir().unwrap();
        let journal = begun(folder.path());
        let whole = fs::read(journal.path()).unwrap();
        journal.append(&[gone("b")]).unwrap();
        let two = fs::read(journal.path()).unwrap();
        let zeros = [whole.as_slice(), &[0; 700]].concat();
        let garbage = [whole.as_slice(), b"0123456789abcdef {}\nno line\n{\n"].concat();
        let torn = (whole.len()..two.len()).map(|end| two[..end].to_vec());
        for bytes in torn.chain([zeros, garbage]) {
            fs::write(journal.path(), &bytes).unwrap();
            assert_eq!(addresses(&journal, 0), ["a"]);
            journal.append(&[gone("c")]).unwrap();
            assert_eq!(addresses(&journal, 0), ["a", "c"], "{}", bytes.len());
        }
    }

    #[test]
    fn a_torn_end_behind_a_long_line_is_mended() {
        let folder = tempfile::tempdir().unwrap();
        let journal = begun(folder.path());
        let long = "b".repeat(usize::try_from(3 * NEAR).unwrap());
        journal.append(&[gone(&long)]).unwrap();
        let mut bytes = fs::read(journal.path()).unwrap();
        bytes.extend_from_slice(b"0123456789abcdef {\"rev");
        fs::write(journal.path(), &bytes).unwrap();
        journal.append(&[gone("c")]).unwrap();
        assert_eq!(addresses(&journal, 0), ["a", &long, "c"]);
    }

    #[test]
    fn a_note_takes_the_place_of_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let journal = begun(folder.path());
        let note = |issue, offers| {
            let issue = crate::model::IssueNumber(issue);
            let noted = journal.note(&Entry::Offered { issue, offers });
            noted.unwrap();
        };
        let lines = || fs::read_to_string(journal.path()).unwrap().lines().count();
        let end = journal.read(0).unwrap().end;
        (1..=120).for_each(|offers| note(1, offers));
        note(2, 7);
        assert_eq!(lines(), 4);
        // Who read it up to there sees what takes its place.
        assert_eq!(journal.read(0).unwrap().end, end);
        let known = |from| Known::of(journal.read(from).unwrap().entries).offers;
        let two = [(1, 120), (2, 7)].map(|(n, offers)| (crate::model::IssueNumber(n), offers));
        assert_eq!(known(end), two.into());
        journal.append(&[gone("b")]).unwrap();
        note(2, 9);
        assert_eq!((lines(), addresses(&journal, end)), (6, vec!["b".into()]));
        // A torn one is none.
        let text = fs::read(journal.path()).unwrap();
        fs::write(journal.path(), &text[..text.len() - 3]).unwrap();
        note(2, 10);
        let last = *known(0).values().last().unwrap();
        assert_eq!((lines(), last), (6, 10));
    }

    #[test]
    fn damage_in_its_midst_and_a_newer_program_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let journal = begun(folder.path());
        journal.append(&[gone("b")]).unwrap();
        let text = fs::read_to_string(journal.path()).unwrap();
        fs::write(journal.path(), text.replace("\"a\"", "\"x\"")).unwrap();
        let damaged = journal.read(0).unwrap_err();
        assert!(
            matches!(damaged, Error::Damaged { line: 2, .. }),
            "{damaged}"
        );
        let json = "{\"erased\":{}}";
        fs::write(journal.path(), format!("{text}{} {json}\n", hash(json))).unwrap();
        assert!(matches!(journal.read(0), Err(Error::Newer { .. })));
    }

    #[test]
    fn several_append_at_once_and_no_line_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let journal = begun(folder.path());
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let journal = &journal;
                scope.spawn(move || {
                    for number in 0..10 {
                        let address = format!("{writer} {number}");
                        journal.append(&[gone(&address)]).unwrap();
                    }
                });
            }
        });
        assert_eq!(addresses(&journal, 0).len(), 41);
    }

    #[test]
    fn one_that_was_taken_away_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let journal = begun(folder.path());
        fs::remove_file(journal.path()).unwrap();
        journal.append(&[gone("b")]).unwrap();
        let other = Journal::look(journal.path()).unwrap().unwrap();
        assert_eq!(addresses(&other, 0), ["b"]);
        assert_ne!(other.id(), journal.id());
    }

    #[test]
    fn the_last_word_counts() {
        let at = jiff::Timestamp::UNIX_EPOCH;
        let left = |address: &str| {
            Entry::Suppressed(super::super::Suppressed {
                address: address.to_owned(),
                reason: crate::model::SuppressionReason::Bounced,
                at,
            })
        };
        let known = Known::of([left("a"), left("b"), gone("a"), gone("b"), left("b")]);
        assert_eq!(known.suppressed.keys().collect::<Vec<_>>(), ["b"]);
    }
}
