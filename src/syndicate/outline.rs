//! OPML 2.0 of the sources, so that a reader can follow them all in a program of their own.
//!
//! An address that a person must not pass on (it holds a login, or a key in its query) is left out.

use url::Url;

use super::Error;
use super::opml::{Outline, opml};
use crate::model::{Masthead, Source, SourceKind};

/// Words in a query's names that mark a key.
const SECRETS: [&str; 8] = [
    "key", "token", "secret", "auth", "pass", "sig", "session", "user",
];

/// Writes the sources as an outline: each feed, each site without one, and the newsletter's own feed in the place of its
/// folders. No time stands in it, so that the same sources give the same bytes.
pub fn outline(masthead: &Masthead, sources: &[Source]) -> Result<String, Error> {
    let mut outlines: Vec<Outline> = Vec::new();
    for source in sources {
        let outline = match &source.kind {
            SourceKind::Url(url) if is_public(url) => followed(source, url),
            SourceKind::Url(_) => continue,
            SourceKind::Folder(_) => ours(masthead),
        };
        if !outlines.contains(&outline) {
            outlines.push(outline);
        }
    }
    opml(&masthead.name, &masthead.name, None, &outlines)
}

fn followed(source: &Source, url: &Url) -> Outline {
    let (feed, page) = match source.pages {
        Some(_) => (None, Some(url.to_string())),
        None => (Some(url.to_string()), None),
    };
    Outline {
        text: source.name.to_string(),
        feed,
        page,
        topics: source.topics.clone(),
    }
}

fn ours(masthead: &Masthead) -> Outline {
    Outline {
        text: masthead.name.clone(),
        feed: Some(masthead.feed()),
        page: Some(format!("{}/", masthead.url)),
        topics: Vec::new(),
    }
}

fn is_public(url: &Url) -> bool {
    let secret = |name: &str| {
        let name = name.to_ascii_lowercase();
        SECRETS.iter().any(|word| name.contains(word))
    };
    url.username().is_empty()
        && url.password().is_none()
        && !url.query_pairs().any(|(name, _)| secret(&name))
}
