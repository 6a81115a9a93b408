//! Pictures as a newsletter needs them: small, safe copies of what a source shows, and a card for each issue.
//!
//! Bytes go in, bytes come out; pure, so that the same picture gives the same copy. What a stranger's file says of its
//! own size is held against limits before anything is unpacked, and nothing of its metadata is passed on: a photograph
//! may tell where somebody lives. Work here takes time: callers put it where it keeps nobody waiting.

mod card;
mod copy;
mod lettering;
mod sign;

pub use card::{CARD_SIZE, Card, draw};
pub use copy::{Copy, MAX_BYTES, copies, portrait};
pub use sign::{colour, sign};

/// Why there is no copy of a picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The file is larger than [`MAX_BYTES`].
    #[error("its file has {0} bytes, and {MAX_BYTES} is the most that is read")]
    TooHeavy(usize),
    /// More pixels than a page could use.
    #[error("it has {width} × {height} pixels, and 40 million are the most that are read")]
    TooLarge {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
    /// Neither JPEG, PNG, GIF nor WebP.
    #[error("it is no JPEG, PNG, GIF or WebP")]
    Format,
    /// One of these, but broken.
    #[error("its file is damaged: {0}")]
    Damaged(String),
}
