//! Posts become a feed.
//!
//! Posts of the ledger and the newsletter's masthead go in; the text of a feed comes out. Pure: no clock is asked, so
//! the same posts give the same bytes, and a web server's ETag stays what it was. Held posts are never published, and
//! nothing that XML forbids gets through, whatever a source sent.

mod opml;
mod rss;
mod text;

pub use opml::{Outline, opml};
pub use rss::rss;

/// Why a feed could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The RSS library refused what it was given.
    #[error("the feed cannot be written: {0}")]
    Write(String),
}

impl Error {
    /// Never: the same posts would fail again.
    pub fn is_transient(&self) -> bool {
        false
    }
}
