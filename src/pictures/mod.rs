//! Pictures as a newsletter needs them: small, safe copies of what a source shows, and a card for each issue.
//!
//! Bytes go in, bytes come out; pure, so that the same picture gives the same copy. What a stranger's file says of its
//! own size is held against limits before anything is unpacked, one picture is unpacked at a time, and nothing of its
//! metadata is passed on but a plain colour profile: a photograph may tell where somebody lives. Work here takes time: callers put it where it keeps nobody waiting.

mod card;
mod copy;
mod lettering;
mod measure;
mod profile;
mod sign;
mod unpack;

pub use card::{CARD_SIZE, Card, draw};
pub use copy::{Copy, copies, portrait};
pub use sign::{colour, sign};
pub use unpack::MAX_BYTES;

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
    /// Longer or higher than any page is, in pixels.
    #[error("a side of it has {0} pixels, and 20,000 are the most that are read")]
    TooLong(u32),
    /// Its pixels, and what unpacking takes beside them, in bytes.
    #[error("unpacked it may take {} MB, and 240 are the most that are spent on a picture", .0.div_ceil(1_000_000))]
    TooMuchMemory(u64),
    /// A JPEG that is walked over without end.
    #[error("it is a JPEG in {0} passes or more, too many for its size")]
    TooManyScans(usize),
    /// Neither JPEG, PNG, GIF nor WebP.
    #[error("it is no JPEG, PNG, GIF or WebP")]
    Format,
    /// One of these, but broken.
    #[error("its file is damaged: {0}")]
    Damaged(String),
}
