//! The newsletter's secret: token keys by number, and the key of the address hashes.
//!
//! A small text file, made at the first run, mode 0600. The token keys may be rotated: a new line is added, old ones
//! still verify. The address key is never changed: the suppressions are hashes under it, and a lost key would mail
//! everybody who left. So its fingerprint is kept in the store, and a secret that does not match stops the program.
//! A secret says itself that no store knows it yet; one that does not say so belongs to a store that is somewhere.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::Purpose;
use crate::model::{Chance, EmailAddress, IssueNumber, SubscriberId};
use crate::store::Store;

/// First line of the file, so that a stray file is not taken for one.
const HEADING: &str =
    "# Secret of this newsletter. Keep it with the database's backup, and from everybody else.";

/// Where the store keeps the fingerprint of the address key.
pub const FINGERPRINT: &str = "secret_fingerprint";

/// The line of a secret that no store knows yet.
const UNUSED: &str = "not-used-yet";

/// What is wrong with the secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read or written.
    #[error("cannot use the secret file `{}`: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The file is not a secret of ours.
    #[error("line {line} of the secret file `{}` is none of ours: restore it from its backup", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// Others can read it.
    #[error("the secret file `{}` can be read by others: give it mode 600", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// The store was made with a secret that is gone.
    #[error(
        "the secret file `{}` is gone: restore it from its backup, or everybody who left would be mailed again",
        path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The store was made with another secret.
    #[error(
        "the secret file `{}` is not the one that this database was made with: restore it from its backup, or everybody who left would be mailed again",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
}

/// The keys, derived from the secret.
#[derive(Clone)]
pub struct Keys {
    tokens: Vec<(u8, [u8; 32])>,
    address: [u8; 32],
}

impl Keys {
    /// Keys from their parts: numbered token keys, oldest first, and the address key.
    pub fn from_parts(tokens: Vec<(u8, [u8; 32])>, address: [u8; 32]) -> Self {
        Self { tokens, address }
    }

    /// Keyed hash of an address, in hex: the same for all its spellings.
    pub fn address_hash(&self, address: &EmailAddress) -> String {
        let key = blake3::derive_key("courant 2026-11 address", &self.address);
        blake3::keyed_hash(&key, address.key().as_bytes())
            .to_hex()
            .to_string()
    }

    /// Left part of a Message-ID: a keyed hash of issue and subscriber, the same at every try.
    pub fn message_id(&self, issue: IssueNumber, subscriber: SubscriberId) -> String {
        format!("{:032x}", self.message_ids()(issue, subscriber))
    }

    /// The same for many, with the key derived once, and as numbers: 32 hex digits.
    pub(super) fn message_ids(&self) -> impl Fn(IssueNumber, SubscriberId) -> u128 {
        let key = blake3::derive_key("courant 2026-11 message id", &self.address);
        move |issue, subscriber| {
            let mut input = [0; 16];
            input[..8].copy_from_slice(&issue.0.to_be_bytes());
            input[8..].copy_from_slice(&subscriber.0.to_be_bytes());
            let mut half = [0; 16];
            half.copy_from_slice(&blake3::keyed_hash(&key, &input).as_bytes()[..16]);
            u128::from_be_bytes(half)
        }
    }

    /// What only our own site can say to a token.
    pub(super) fn site_proof(&self, token: &str) -> String {
        let key = blake3::derive_key("courant 2026-11 site proof", &self.address);
        blake3::keyed_hash(&key, token.as_bytes())
            .to_hex()
            .to_string()
    }

    pub(super) fn newest(&self, purpose: Purpose) -> (u8, [u8; 32]) {
        let (kid, key) = self.tokens.last().copied().unwrap_or((0, self.address));
        (kid, blake3::derive_key(purpose.context(), &key))
    }

    pub(super) fn numbered(&self, kid: u8, purpose: Purpose) -> Option<[u8; 32]> {
        let (_, key) = self.tokens.iter().find(|(number, _)| *number == kid)?;
        Some(blake3::derive_key(purpose.context(), key))
    }

    /// Tells the address key without giving it away.
    pub fn fingerprint(&self) -> String {
        let key = blake3::derive_key("courant 2026-11 fingerprint", &self.address);
        blake3::hash(&key).to_hex()[..32].to_owned()
    }
}

/// A secret as its file has it.
#[derive(Clone)]
pub struct Secret {
    /// Its keys.
    pub keys: Keys,
    /// Whether no store has its fingerprint yet: whoever made it was stopped before.
    pub is_unused: bool,
}

/// Reads the secret file, or makes it if the store is new too; then holds it against the store.
pub async fn load_or_create(
    path: &Path,
    store: &Store,
    chance: &dyn Chance,
) -> Result<Keys, super::Error> {
    // The store is asked first: the file stands before its fingerprint does, so that a known one cannot be missing.
    let known = store.meta_get(FINGERPRINT).await?;
    let secret = match read_secret(path)? {
        Some(secret) => secret,
        None if known.is_some() => {
            return Err(SecretError::Missing {
                path: path.to_owned(),
            }
            .into());
        }
        None => create_or_read(path, chance)?,
    };
    let Secret { keys, is_unused } = secret;
    if store.meta_keep(FINGERPRINT, &keys.fingerprint()).await? != keys.fingerprint() {
        return Err(SecretError::Foreign {
            path: path.to_owned(),
        }
        .into());
    }
    if is_unused && let Err(error) = mark_used(path, chance) {
        // A secret that lies where nothing can be written is told as used by the store and the journal.
        tracing::debug!(%error, "the secret still says that it was not used yet");
    }
    Ok(keys)
}

/// Reads the secret file, if there is one, and holds it against the store, if there is one. Makes and writes nothing.
pub async fn check_secret(path: &Path, store: Option<&Store>) -> Result<(), super::Error> {
    let known = match store {
        Some(store) => store.meta_get(FINGERPRINT).await?,
        None => None,
    };
    let secret = read_secret(path)?;
    let path = path.to_owned();
    match (known, secret) {
        (Some(_), None) => Err(SecretError::Missing { path }.into()),
        (Some(known), Some(secret)) if secret.keys.fingerprint() != known => {
            Err(SecretError::Foreign { path }.into())
        }
        _ => Ok(()),
    }
}

/// The keys of the secret file; `None` where there is none yet. Makes and writes nothing.
pub fn read_keys(path: &Path) -> Result<Option<Keys>, SecretError> {
    Ok(read_secret(path)?.map(|secret| secret.keys))
}

/// Reads the secret file; `None` where there is none.
pub fn read_secret(path: &Path) -> Result<Option<Secret>, SecretError> {
    let io = |cause| SecretError::Io {
        path: path.to_owned(),
        cause,
    };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        // Where `state` is no folder, the database says so.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(io(error)),
    };
    let mode = fs::metadata(path).map_err(io)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(SecretError::Exposed {
            path: path.to_owned(),
        });
    }
    parse(&text)
        .map(Some)
        .map_err(|line| SecretError::Malformed {
            path: path.to_owned(),
            line,
        })
}

/// Makes the file; where another program makes it at the same moment, both use the one that came first.
fn create_or_read(path: &Path, chance: &dyn Chance) -> Result<Secret, SecretError> {
    let io = |cause| SecretError::Io {
        path: path.to_owned(),
        cause,
    };
    let mut keys = Keys {
        tokens: vec![(1, [0; 32])],
        address: [0; 32],
    };
    chance.fill(&mut keys.tokens[0].1);
    chance.fill(&mut keys.address);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(io)?;
    }
    let secret = Secret {
        keys,
        is_unused: true,
    };
    match publish(path, &print(&secret), chance) {
        Ok(()) => Ok(secret),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            read_secret(path)?.ok_or_else(|| io(ErrorKind::NotFound.into()))
        }
        Err(error) => Err(io(error)),
    }
}

/// Puts a whole file in its place, and never over another: whoever reads it finds all of it or nothing, also after
/// a crash. A hard link is the one step that does both.
fn publish(path: &Path, text: &str, chance: &dyn Chance) -> std::io::Result<()> {
    let draft = draft(path, text, chance)?;
    let published = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    published?;
    match path.parent() {
        Some(folder) => fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Takes the mark out of a secret whose fingerprint a store has.
fn mark_used(path: &Path, chance: &dyn Chance) -> std::io::Result<()> {
    let text = fs::read_to_string(path)?;
    let lines = text.lines().filter(|line| line.trim() != UNUSED);
    let used: String = lines.map(|line| format!("{line}\n")).collect();
    let draft = draft(path, &used, chance)?;
    fs::rename(&draft, path).inspect_err(|_| {
        let _ = fs::remove_file(&draft);
    })
}

/// Writes a whole file beside its place.
fn draft(path: &Path, text: &str, chance: &dyn Chance) -> std::io::Result<PathBuf> {
    let draft = path.with_extension(format!("{:016x}.tmp", chance.identifier()));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all());
    match written {
        Ok(()) => Ok(draft),
        Err(error) => {
            fs::remove_file(&draft)?;
            Err(error)
        }
    }
}

fn print(secret: &Secret) -> String {
    let Secret { keys, is_unused } = secret;
    let mut text = format!("{HEADING}\naddress {}\n", hex(&keys.address));
    for (kid, key) in &keys.tokens {
        text.push_str(&format!("token {kid} {}\n", hex(key)));
    }
    if *is_unused {
        text.push_str(&format!("{UNUSED}\n"));
    }
    text
}

/// Reads the file's lines; the error is the number of the faulty one.
fn parse(text: &str) -> Result<Secret, usize> {
    let mut tokens = Vec::new();
    let mut address = None;
    let mut is_unused = false;
    for (index, line) in text.lines().enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] => {}
            [first, ..] if first.starts_with('#') => {}
            [UNUSED] => is_unused = true,
            ["address", key] => address = Some(unhex(key).ok_or(index + 1)?),
            ["token", kid, key] => {
                tokens.push((
                    kid.parse().map_err(|_| index + 1)?,
                    unhex(key).ok_or(index + 1)?,
                ));
            }
            _ => return Err(index + 1),
        }
    }
    match address {
        Some(address) if !tokens.is_empty() => Ok(Secret {
            keys: Keys { tokens, address },
            is_unused,
        }),
        _ => Err(text.lines().count()),
    }
}

fn hex(bytes: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*bytes).to_hex().to_string()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    blake3::Hash::from_hex(text)
        .ok()
        .map(|hash| *hash.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SeededChance;

    #[test]
    fn the_file_comes_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/secret.key");
        let Secret { keys: made, .. } = create_or_read(&path, &SeededChance::new(1)).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let Secret { keys, is_unused } = read_secret(&path).unwrap().unwrap();
        assert!(is_unused);
        assert_eq!((keys.tokens, keys.address), (made.tokens, made.address));
    }

    #[tokio::test]
    async fn a_new_secret_says_so_until_a_store_knows_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let chance = SeededChance::new(1);
        // Whoever made it was stopped before the store.
        let made = create_or_read(&path, &chance).unwrap();
        assert!(fs::read_to_string(&path).unwrap().contains("not-used-yet"));
        let target = crate::store::StoreTarget::Sqlite(folder.path().join("courant.db"));
        let store = Store::open(&target).await.unwrap();
        let keys = load_or_create(&path, &store, &chance).await.unwrap();
        assert_eq!(keys.address, made.keys.address);
        assert!(!read_secret(&path).unwrap().unwrap().is_unused);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        store.close().await;
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        create_or_read(&path, &SeededChance::new(1)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            read_secret(&path),
            Err(SecretError::Exposed { .. })
        ));
    }

    #[test]
    fn programs_that_make_it_at_once_use_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/secret.key");
        let start = std::sync::Barrier::new(16);
        let made: Vec<Keys> = std::thread::scope(|scope| {
            let make = |seed| {
                let (path, start) = (&path, &start);
                scope.spawn(move || {
                    start.wait();
                    create_or_read(path, &SeededChance::new(seed)).unwrap().keys
                })
            };
            let threads: Vec<_> = (0..16).map(make).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(made.iter().all(|keys| keys.address == made[0].address));
        let names = fs::read_dir(folder.path().join("state")).unwrap();
        assert_eq!(names.count(), 1, "a draft was left behind");
    }

    #[test]
    fn a_broken_line_is_named() {
        assert_eq!(parse("# x\naddress 12\n").err(), Some(2));
        assert_eq!(parse("").err(), Some(0));
    }

    #[test]
    fn hashes_join_spellings_and_part_newsletters() {
        let ours = Keys::from_parts(vec![(1, [1; 32])], [2; 32]);
        let theirs = Keys::from_parts(vec![(1, [1; 32])], [3; 32]);
        let a = EmailAddress::parse("Jan@Example.nl").unwrap();
        let b = EmailAddress::parse("jan@example.NL").unwrap();
        assert_eq!(ours.address_hash(&a), ours.address_hash(&b));
        assert_ne!(ours.address_hash(&a), theirs.address_hash(&a));
        let first = ours.message_id(IssueNumber(1), SubscriberId(2));
        assert_eq!(first, ours.message_id(IssueNumber(1), SubscriberId(2)));
        assert_ne!(first, ours.message_id(IssueNumber(2), SubscriberId(1)));
    }
}
