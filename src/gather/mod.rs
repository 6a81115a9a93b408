//! Sources become posts.
//!
//! A feed over HTTP, or a folder with files that people wrote, goes in; posts come out that are safe to mail: plain
//! text where text is meant, sanitised HTML with absolute addresses, an identity that survives edits. What is wrong
//! with one post is a fault beside the others, never the end of the run; what is wrong with the source is an [`Error`]
//! that says why in words for the operator. Nothing is stored here, and the time comes in.

mod cause;
mod charset;
mod clean;
mod client;
mod dates;
mod error;
mod feed;
mod fetch;
mod folder;
mod guard;
mod headers;
mod hosts;
mod identity;
mod item;
mod language;
mod likeness;
mod links;
mod markup;
mod nesting;
mod pace;
mod patience;
mod picture;
mod plain;
mod prose;
mod standing;
mod trail;
mod unpack;
mod words;

use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::model::{Diagnostic, Pace, Post, Source, SourceKind, Validators};
use fetch::{Document, Fetched, Said};

pub use error::Error;
pub use feed::{FeedView, join, read_feed, view_feed};
pub use fetch::{FetchSettings, Fetcher};
pub use folder::read as read_folder;
pub use hosts::{REQUESTS_A_HOST, name as host_name};
pub use identity::fingerprint;
pub use likeness::{SKETCH_DISTANCE, likenesses, passed_over, say_the_same};
pub use links::canonical_link;
pub use standing::{after, may_ask, place_of};

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
    /// How long nothing changes, as the server promises.
    pub fresh_for: Option<SignedDuration>,
    /// How often the feed itself wants to be asked; `None` where it was not read.
    pub pace: Option<Pace>,
    /// Where permanent redirects lead.
    pub moved: Option<Url>,
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
    let mut gathered = read(source, known, fetcher, now).await?;
    for post in &mut gathered.posts {
        post.topics = source.filters.map_topics(&post.topics, &source.topics);
    }
    Ok(gathered)
}

async fn read(
    source: &Source,
    known: Option<&Validators>,
    fetcher: &Fetcher,
    now: Timestamp,
) -> Result<Gathered, Error> {
    match &source.kind {
        SourceKind::Url(url) => match fetcher.fetch(url, known, now).await? {
            Fetched::Unchanged(validators, said) => Ok(Gathered {
                validators: Some(validators),
                unchanged: true,
                ..said.into()
            }),
            Fetched::Changed(document) => {
                let _turn = fetcher.reading().await;
                read_document(document, source.clone()).await
            }
        },
        SourceKind::Folder(path) => {
            let (path, source) = (path.clone(), source.clone());
            apart(move || folder::read(&path, &source, now)).await
        }
    }
}

async fn read_document(document: Document, source: Source) -> Result<Gathered, Error> {
    apart(move || {
        let bytes = &document.bytes;
        let content_type = document.content_type.as_deref();
        let read = read_feed(bytes, content_type, &document.url, &source);
        let gathered = read.map_err(|error| match error {
            Error::WebPage => cause::of_page(bytes),
            error => error,
        })?;
        Ok(Gathered {
            validators: Some(document.validators),
            pace: Some(pace::of(bytes)),
            fresh_for: document.said.fresh_for,
            moved: document.said.moved,
            ..gathered
        })
    })
    .await
}

impl From<Said> for Gathered {
    fn from(said: Said) -> Self {
        Self {
            fresh_for: said.fresh_for,
            moved: said.moved,
            ..Self::default()
        }
    }
}

/// Runs work that computes or reads files where it keeps nobody waiting.
async fn apart(
    work: impl FnOnce() -> Result<Gathered, Error> + Send + 'static,
) -> Result<Gathered, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(Error::Damaged("its text defeats the reader".to_owned())))
}
