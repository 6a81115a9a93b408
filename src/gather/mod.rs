//! Sources become posts.
//!
//! A feed over HTTP, or a folder with files that people wrote, goes in; posts come out that are safe to mail: plain
//! text where text is meant, sanitised HTML with absolute addresses, an identity that survives edits. What is wrong
//! with one post is a fault beside the others, never the end of the run; what is wrong with the source is an [`Error`]
//! that says why in words for the operator. Nothing is stored here, and the time comes in.

mod budget;
mod cause;
mod charset;
mod clean;
mod client;
mod dates;
mod discover;
mod errands;
mod error;
mod feed;
mod fetch;
mod folder;
mod full_text;
mod guard;
mod head;
mod headers;
mod hosts;
mod identity;
mod item;
mod language;
mod likeness;
mod links;
mod markup;
mod memory;
mod nesting;
mod opml;
mod pace;
mod pages;
mod patience;
mod picture;
mod plain;
mod presence;
mod prose;
mod robots;
mod standing;
mod trail;
mod unpack;
mod words;

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::model::{Diagnostic, Likeness, Pace, Post, Source, SourceKind, Validators};
use discover::Reach;
use fetch::{Document, Fetched, Said};

pub use budget::{Cost, measured};
pub use discover::{Found, feed_of_page};
pub use error::Error;
pub use feed::{FeedView, join, read_feed, view_feed};
pub use fetch::{CONNECTIONS, FetchSettings, Fetcher};
pub use folder::read as read_folder;
pub use hosts::{REQUESTS_A_HOST, name as host_name};
pub use identity::{fingerprint, identity_beside};
pub use likeness::{
    Comparison, SKETCH_DISTANCE, Texts, are_strangers, compare, likenesses, passed_over,
    say_the_same, tell_the_same, title_keys,
};
pub use links::{canonical_link, host_of};
pub use memory::Memory;
pub use opml::{Subscription, Subscriptions, read_opml};
pub use pages::{is_selector, read_page};
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
    /// What deserves a look when somebody checks, and no word at each run.
    pub notes: Vec<Diagnostic>,
    /// The feed's own title.
    pub title: Option<String>,
    /// The site that the feed says it is of; whoever writes a feed may say so of any.
    pub site: Option<Url>,
    /// What the next visit should know; `None` leaves what is known.
    pub memory: Option<Memory>,
    /// The feed that was found for the page at the source's address, when it was not known yet.
    pub found: Option<Found>,
    /// Identities of posts that the ledger has in a better form than they are here.
    pub settled: HashSet<String>,
    /// The site was looked at in this way for the first time: what it shows is not new.
    pub first_sight: bool,
    /// How long nothing changes, as the server promises.
    pub fresh_for: Option<SignedDuration>,
    /// How often the feed itself wants to be asked; `None` where it was not read.
    pub pace: Option<Pace>,
    /// Where permanent redirects lead.
    pub moved: Option<Url>,
    /// What was repaired in the feed, a short sentence for each kind.
    pub repairs: Vec<String>,
}

/// Gathers one source as if for the first time, unless `known` says better.
pub async fn gather(
    source: &Source,
    known: Option<&Validators>,
    fetcher: &Fetcher,
    now: Timestamp,
) -> Result<Gathered, Error> {
    let memory = Memory::of(source, None);
    let gathered = gather_as(source, known, memory, Reach::Site, fetcher, now).await?;
    Ok(with_topics(gathered, source))
}

/// Gathers one source: fetches it if it changed, or reads its folder; `memory` is what its last visit left, `now` dates
/// validators and holds back what lies ahead.
pub async fn gather_again(
    source: &Source,
    known: Option<&Validators>,
    memory: Memory,
    fetcher: &Fetcher,
    now: Timestamp,
) -> Result<Gathered, Error> {
    let gathered = gather_as(source, known, memory, Reach::Page, fetcher, now).await?;
    Ok(with_topics(gathered, source))
}

/// The posts under the topics that the source maps theirs to.
fn with_topics(mut gathered: Gathered, source: &Source) -> Gathered {
    for post in &mut gathered.posts {
        post.topics = source.filters.map_topics(&post.topics, &source.topics);
    }
    gathered
}

async fn gather_as(
    source: &Source,
    known: Option<&Validators>,
    memory: Memory,
    reach: Reach,
    fetcher: &Fetcher,
    now: Timestamp,
) -> Result<Gathered, Error> {
    match (&source.kind, &source.pages) {
        (SourceKind::Url(url), Some(pages)) => {
            let visit = pages::Visit {
                source,
                fetcher,
                now,
            };
            pages::gather(visit, url, pages, known, memory).await
        }
        (SourceKind::Url(url), None) => {
            let mut memory = memory;
            let asking = Asking {
                source,
                reach,
                fetcher,
                now,
            };
            // What is left from the last run would stay left while the feed does not change.
            let known = known.filter(|_| !memory.has_open_ends());
            let gathered = asking.feed(url, known, &mut memory).await?;
            if source.full_text {
                return Ok(full_text::complete(gathered, source, memory, fetcher, now).await);
            }
            Ok(Gathered {
                memory: Some(memory),
                ..gathered
            })
        }
        (SourceKind::Folder(path), _) => {
            let (path, source) = (path.clone(), source.clone());
            let budget = fetcher.budget().clone();
            apart(move || folder::read_within(&budget, &path, &source, now)).await
        }
    }
}

/// One source being asked.
#[derive(Clone, Copy)]
struct Asking<'a> {
    source: &'a Source,
    reach: Reach,
    fetcher: &'a Fetcher,
    now: Timestamp,
}

impl Asking<'_> {
    /// The feed at the source's address, or the feed of the page there; the validators belong to where it was found.
    async fn feed(
        self,
        url: &Url,
        known: Option<&Validators>,
        memory: &mut Memory,
    ) -> Result<Gathered, Error> {
        let found = memory.feed.take();
        if let Some(feed) = &found {
            match self.feed_at(feed, known).await {
                // It moved with the site: the page will know where to.
                Err(error) if error.is_refusal() || error.is_about_content() => {}
                answer => {
                    memory.feed = found;
                    // Where the feed moves, the page will tell: the source's own address stays.
                    return answer.map(|gathered| Gathered {
                        moved: None,
                        ..gathered
                    });
                }
            }
        }
        let known = known.filter(|_| found.is_none());
        let document = match self.fetcher.fetch(url, known, self.now).await? {
            Fetched::Unchanged(validators, said) => return Ok(unchanged(validators, said)),
            Fetched::Changed(document) => document,
        };
        match self.read(document.clone()).await {
            Err(error) if error.is_page() || document.is_html() && error.is_about_content() => {
                if memory.was_feed {
                    let elsewhere = move || Ok(discover::named_elsewhere(&document));
                    let elsewhere = self.fetcher.read_apart(elsewhere).await?;
                    return Err(elsewhere.unwrap_or(error));
                }
                let guesses = found.is_none().then_some(self.reach);
                let gathered = discover::discover(document, guesses, self).await?;
                memory.feed = gathered.found.as_ref().map(|found| found.feed.clone());
                Ok(gathered)
            }
            Ok(gathered) => {
                memory.was_feed = true;
                Ok(gathered)
            }
            broken => broken,
        }
    }

    async fn feed_at(self, url: &Url, known: Option<&Validators>) -> Result<Gathered, Error> {
        match self.fetcher.fetch(url, known, self.now).await? {
            Fetched::Unchanged(validators, said) => Ok(unchanged(validators, said)),
            Fetched::Changed(document) => self.read(document).await,
        }
    }

    /// Reads a document when it is its turn.
    async fn read(self, document: Document) -> Result<Gathered, Error> {
        let source = self.source.clone();
        self.fetcher
            .read_apart(move || read_document(&document, &source))
            .await
    }
}

fn unchanged(validators: Validators, said: Said) -> Gathered {
    Gathered {
        validators: Some(validators),
        unchanged: true,
        ..said.into()
    }
}

fn read_document(document: &Document, source: &Source) -> Result<Gathered, Error> {
    let bytes = &document.bytes;
    let content_type = document.content_type.as_deref();
    let read = read_feed(bytes, content_type, &document.url, source);
    let gathered = read.map_err(|error| match error {
        Error::WebPage => cause::of_page(bytes),
        error => error,
    })?;
    Ok(Gathered {
        validators: Some(document.validators.clone()),
        pace: Some(pace::of(bytes)),
        fresh_for: document.said.fresh_for,
        moved: document.said.moved.clone(),
        ..gathered
    })
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

/// The posts of one source, and what the ledger keeps of each, to find its like by: computed where it keeps nobody waiting.
pub async fn likened(posts: Vec<Post>) -> Result<(Vec<Post>, Vec<Likeness>), Error> {
    apart(move || {
        let likenesses = likenesses(&posts);
        Ok((posts, likenesses))
    })
    .await
}

/// Runs work that computes or reads files where it keeps nobody waiting.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(Error::Damaged("its text defeats the reader".to_owned())))
}
