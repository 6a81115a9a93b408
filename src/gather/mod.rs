//! Sources become posts.
//!
//! A feed over HTTP, or a folder with files that people wrote, goes in; posts come out that are safe to mail: plain
//! text where text is meant, sanitised HTML with absolute addresses, an identity that survives edits. What is wrong
//! with one post is a fault beside the others, never the end of the run; what is wrong with the source is an [`Error`]
//! that says why in words for the operator. Nothing is stored here, and the time comes in.

mod cause;
mod charset;
mod clean;
mod dates;
mod error;
mod feed;
mod fetch;
mod folder;
mod guard;
mod identity;
mod item;
mod language;
mod links;
mod markup;
mod nesting;
mod picture;
mod plain;
mod prose;
mod unpack;
mod words;

use jiff::Timestamp;

use crate::model::{Diagnostic, Post, Source, SourceKind, Validators};
use fetch::{Document, Fetched};

pub use error::Error;
pub use feed::{FeedView, join, read_feed, view_feed};
pub use fetch::{FetchSettings, Fetcher};
pub use folder::read as read_folder;
pub use identity::fingerprint;
pub use links::canonical_link;

/// What one source gave.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gathered {
    /// Its posts, in its own order.
    pub posts: Vec<Post>,
    /// To be saved with the posts and given back at the next run; `None` for a folder.
    pub validators: Option<Validators>,
    /// Nothing changed since the validators were made: `posts` is empty and says nothing.
    pub unchanged: bool,
    /// What was wrong with single posts.
    pub faults: Vec<Diagnostic>,
    /// The feed's own title.
    pub title: Option<String>,
    /// What was repaired in the feed, a short sentence for each kind.
    pub repairs: Vec<String>,
}

/// Gathers one source: fetches it if it changed, or reads its folder; `now` dates validators and holds back what lies ahead.
pub async fn gather(
    source: &Source,
    known: Option<&Validators>,
    fetcher: &Fetcher,
    now: Timestamp,
) -> Result<Gathered, Error> {
    match &source.kind {
        SourceKind::Url(url) => match fetcher.fetch(url, known, now).await? {
            Fetched::Unchanged(validators) => Ok(Gathered {
                validators: Some(validators),
                unchanged: true,
                ..Gathered::default()
            }),
            Fetched::Changed(document) => read_document(document, source.clone()).await,
        },
        SourceKind::Folder(path) => {
            let (path, source) = (path.clone(), source.clone());
            apart(move || folder::read(&path, &source, now)).await
        }
    }
}

async fn read_document(document: Document, source: Source) -> Result<Gathered, Error> {
    apart(move || {
        let gathered = read_feed(
            &document.bytes,
            document.content_type.as_deref(),
            &document.url,
            &source,
        )?;
        Ok(Gathered {
            validators: Some(document.validators),
            ..gathered
        })
    })
    .await
}

/// Runs work that computes or reads files where it keeps nobody waiting.
async fn apart(
    work: impl FnOnce() -> Result<Gathered, Error> + Send + 'static,
) -> Result<Gathered, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(Error::Damaged("its text defeats the reader".to_owned())))
}
