//! What must outlive the database, in a file beside it: sealed issues, how far they were sent, who is never to be mailed.
//!
//! Entries come in and are durable when [`Journal::append`] returns; nothing that was written is ever changed, but the last
//! line where it says how far something is ([`Journal::note`]). A database that does not know what stands here is an older
//! one. Addresses are keyed hashes. The file is read from where a reader ended before, so that a long one costs nothing; a
//! last line that was torn is passed over, and cut off by the next append.

mod entry;
mod file;
mod mending;

use std::path::PathBuf;

pub use entry::{Entry, Known, SealedIssue, SealedPost, Suppressed};
pub use file::{Journal, Read};
pub use mending::Mended;

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read or written.
    #[error("cannot use the journal `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// A line in the midst of it is not as it was written.
    #[error("line {line} of the journal `{}` is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1, of the part that was read.
        line: usize,
    },
    /// A newer version of the program wrote it.
    #[error("the journal `{}` was written by a newer version of the program", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
    },
}
