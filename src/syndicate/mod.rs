//! Posts and issues become feeds; sources become an outline, pages a sitemap.
//!
//! Items and the newsletter's masthead go in; the texts of files come out, each with its path below `public/`. Pure: no
//! clock is asked, so the same items give the same bytes, and a web server's ETag stays what it was. Held posts are never
//! published, and nothing that XML forbids gets through, whatever a source sent.

mod atom;
mod feed;
mod item;
mod json;
mod opml;
mod outline;
mod rss;
mod sitemap;
mod text;

pub use feed::{Document, Feed, documents};
pub use item::{Item, ItemImage};
pub use opml::{Outline, opml};
pub use outline::outline;
pub use sitemap::{Location, sitemap};

/// Why a feed could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The library refused what it was given.
    #[error("the feed cannot be written: {0}")]
    Write(String),
}

impl Error {
    /// Never: the same posts would fail again.
    pub fn is_transient(&self) -> bool {
        false
    }
}
