//! What is known of published files: a hash of each, and the packed copies that were asked for.
//!
//! A file that was published anew is another file (it is renamed into its place), so its length, time and number tell whether
//! what is known still holds. All of it is bounded; what is put away last stays longest.

use std::collections::{HashMap, VecDeque};
use std::fs::{File, Metadata};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use tokio::sync::Semaphore;

use super::packing::Packing;

/// Octets of the largest file that is packed: no feed and no page comes near.
pub(super) const LARGEST: u64 = 8 * 1024 * 1024;

/// Octets of all packed copies.
const MOST: usize = 32 * 1024 * 1024;

/// Files of which the hash is known.
const MOST_FILES: usize = 20_000;

/// What tells a file from the one that was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) length: u64,
    modified: (i64, i64),
    number: u64,
}

impl Stamp {
    pub(super) fn of(about: &Metadata) -> Self {
        Self {
            length: about.len(),
            modified: (about.mtime(), about.mtime_nsec()),
            number: about.ino(),
        }
    }
}

/// What is known.
#[derive(Debug)]
pub(super) struct Shelf {
    hashes: Mutex<HashMap<PathBuf, (Stamp, String)>>,
    packed: Mutex<Packed>,
    /// One is hashed and one packed at a time: a crowd that asks for one file waits for one hash and one copy, and others are
    /// answered meanwhile.
    hashing: Semaphore,
    packing: Semaphore,
}

#[derive(Debug, Default)]
struct Packed {
    copies: HashMap<String, Bytes>,
    /// The oldest first.
    order: VecDeque<String>,
    octets: usize,
}

impl Default for Shelf {
    fn default() -> Self {
        Self {
            hashes: Mutex::default(),
            packed: Mutex::default(),
            hashing: Semaphore::new(1),
            packing: Semaphore::new(1),
        }
    }
}

impl Shelf {
    /// The hash of a file, in hex; `None` where it cannot be read.
    pub(super) async fn hash(&self, file: &Path, stamp: Stamp) -> Option<String> {
        let lock = || self.hashes.lock().unwrap_or_else(PoisonError::into_inner);
        let known = || {
            let hashes = lock();
            let (_, hash) = hashes.get(file).filter(|(known, _)| *known == stamp)?;
            Some(hash.clone())
        };
        if let Some(hash) = known() {
            return Some(hash);
        }
        let _turn = self.hashing.acquire().await.ok()?;
        if let Some(hash) = known() {
            return Some(hash);
        }
        let path = file.to_owned();
        let hash = tokio::task::spawn_blocking(move || hash(&path))
            .await
            .ok()??;
        let mut hashes = lock();
        if hashes.len() >= MOST_FILES {
            hashes.clear();
        }
        hashes.insert(file.to_owned(), (stamp, hash.clone()));
        Some(hash)
    }

    /// A file, packed; `None` where it cannot be read.
    pub(super) async fn packed(&self, file: &Path, tag: &str, packing: Packing) -> Option<Bytes> {
        if let Some(copy) = self.copy(tag) {
            return Some(copy);
        }
        let _turn = self.packing.acquire().await.ok()?;
        if let Some(copy) = self.copy(tag) {
            return Some(copy);
        }
        let path = file.to_owned();
        let packed = tokio::task::spawn_blocking(move || {
            let mut bytes = Vec::new();
            File::open(&path)
                .ok()?
                .take(LARGEST)
                .read_to_end(&mut bytes)
                .ok()?;
            Some(Bytes::from(packing.pack(bytes)))
        });
        let packed = packed.await.ok()??;
        self.keep(tag, packed.clone());
        Some(packed)
    }

    fn copy(&self, tag: &str) -> Option<Bytes> {
        let packed = self.packed.lock().unwrap_or_else(PoisonError::into_inner);
        packed.copies.get(tag).cloned()
    }

    fn keep(&self, tag: &str, copy: Bytes) {
        let mut packed = self.packed.lock().unwrap_or_else(PoisonError::into_inner);
        packed.octets += copy.len();
        packed.order.push_back(tag.to_owned());
        packed.copies.insert(tag.to_owned(), copy);
        while packed.octets > MOST {
            let Some(oldest) = packed.order.pop_front() else {
                break;
            };
            if let Some(copy) = packed.copies.remove(&oldest) {
                packed.octets -= copy.len();
            }
        }
    }
}

/// Half of BLAKE3's hash of a file, which is read piece by piece.
fn hash(path: &Path) -> Option<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path).ok()?).ok()?;
    Some(hasher.finalize().to_hex()[..32].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_known_of_a_file_ends_with_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let (path, shelf) = (folder.path().join("feed.xml"), Shelf::default());
        let stamp = || Stamp::of(&std::fs::metadata(&path).unwrap());
        std::fs::write(&path, "een").unwrap();
        let first = shelf.hash(&path, stamp()).await.unwrap();
        let new = folder.path().join("new");
        std::fs::write(&new, "two").unwrap();
        std::fs::rename(&new, &path).unwrap();
        assert_ne!(shelf.hash(&path, stamp()).await.unwrap(), first);
        std::fs::remove_file(&path).unwrap();
        let gone = Stamp {
            length: 1,
            modified: (0, 0),
            number: 0,
        };
        assert_eq!(shelf.hash(&path, gone).await, None);
        assert_eq!(shelf.packed(&path, "x", Packing::Gzip).await, None);
    }

    #[test]
    fn the_oldest_copies_go_first() {
        let shelf = Shelf::default();
        for number in 0..40 {
            shelf.keep(&number.to_string(), Bytes::from(vec![0; 1024 * 1024]));
        }
        let kept: Vec<usize> = (0..40)
            .filter(|number| shelf.copy(&number.to_string()).is_some())
            .collect();
        assert_eq!(kept, (8..40).collect::<Vec<_>>());
    }
}
