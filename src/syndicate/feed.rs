//! One feed in three formats, and its past: the newest items in the feed itself, older ones in archive documents.
//!
//! RFC 5005 §4: the feed (the "subscription document") holds the newest 25 to 50 items and points to the newest
//! archive by `prev-archive`; each archive holds 25 and points to the one before it and to the feed. Items are cut into
//! archives from the oldest on, so that an archive, once written, keeps its items.

use jiff::Timestamp;

use super::{Error, Item, atom, json, rss, text};
use crate::model::Masthead;

/// Items of an archive document, and the fewest of a feed that has archives.
const SHARE: usize = 25;

/// A feed: what it is called, where it lives and what it holds.
#[derive(Debug, Clone)]
pub struct Feed<'a> {
    /// Whose it is.
    pub masthead: &'a Masthead,
    /// Plain text.
    pub title: String,
    /// The page that it is the feed of, absolute.
    pub home: String,
    /// Its folder below `public/`, such as `topics/verkoop`; empty for the newsletter's own feed.
    pub folder: String,
    /// The WebSub hub that is told of news.
    pub hub: Option<&'a str>,
    /// All of its items, in the order in which they came out, the oldest first. `None` is one that was withdrawn: it
    /// keeps its place, so that no archive changes for it.
    pub items: Vec<Option<Item>>,
}

/// A file to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Below `public/`, with `/` between the parts.
    pub path: String,
    /// The whole file.
    pub text: String,
    /// It is the feed itself and no archive: what subscribers ask for.
    pub current: bool,
}

/// The feed in RSS 2.0, Atom 1.0 and JSON Feed 1.1, and all of its archives.
///
/// # Errors
/// A library refuses what it is given.
pub fn documents(feed: &Feed<'_>) -> Result<Vec<Document>, Error> {
    let archives = archives_of(feed.items.len());
    let mut documents = Vec::new();
    for number in 1..=archives {
        let items = &feed.items[(number - 1) * SHARE..number * SHARE];
        documents.extend(Part::new(feed, items, Place::Archive(number), archives).documents()?);
    }
    let newest = &feed.items[archives * SHARE..];
    documents.extend(Part::new(feed, newest, Place::Newest, archives).documents()?);
    Ok(documents)
}

/// How many archives so many items make: the feed itself keeps 25 to 50 of them.
fn archives_of(items: usize) -> usize {
    items.saturating_sub(2 * SHARE).div_ceil(SHARE)
}

/// The formats, each by the name of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Rss,
    Atom,
    Json,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Rss, Self::Atom, Self::Json];

    fn file(self) -> &'static str {
        match self {
            Self::Rss => "feed.xml",
            Self::Atom => "atom.xml",
            Self::Json => "feed.json",
        }
    }
}

/// Which document of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The feed itself.
    Newest,
    /// Counted from 1, the oldest.
    Archive(usize),
}

/// One document of a feed, before it has a format.
pub(super) struct Part<'a> {
    pub feed: &'a Feed<'a>,
    /// The newest first.
    pub items: Vec<&'a Item>,
    pub place: Place,
    archives: usize,
}

impl<'a> Part<'a> {
    fn new(feed: &'a Feed<'a>, items: &'a [Option<Item>], place: Place, archives: usize) -> Self {
        let mut items: Vec<&Item> = items.iter().flatten().collect();
        items.sort_by(|one, other| (other.published, &one.id).cmp(&(one.published, &other.id)));
        Self {
            feed,
            items,
            place,
            archives,
        }
    }

    fn documents(&self) -> Result<Vec<Document>, Error> {
        Kind::ALL
            .iter()
            .map(|kind| {
                let text = match kind {
                    Kind::Rss => rss::write(self)?,
                    Kind::Atom => atom::write(self)?,
                    Kind::Json => json::write(self)?,
                };
                Ok(Document {
                    path: self.path(self.place, *kind),
                    text,
                    current: self.place == Place::Newest,
                })
            })
            .collect()
    }

    fn path(&self, place: Place, kind: Kind) -> String {
        let file = kind.file();
        let inside = match place {
            Place::Newest => file.to_owned(),
            Place::Archive(number) => format!("archive/{number}/{file}"),
        };
        match self.feed.folder.as_str() {
            "" => inside,
            folder => format!("{folder}/{inside}"),
        }
    }

    fn at(&self, place: Place, kind: Kind) -> String {
        format!("{}/{}", self.base(), self.path(place, kind))
    }

    /// The newsletter's address, without a slash at its end.
    pub fn base(&self) -> &str {
        &self.feed.masthead.url
    }

    /// The document's own address.
    pub fn own(&self, kind: Kind) -> String {
        self.at(self.place, kind)
    }

    /// The address of the document with the items before these.
    pub fn previous(&self, kind: Kind) -> Option<String> {
        let number = match self.place {
            Place::Newest => self.archives,
            Place::Archive(number) => number - 1,
        };
        (number > 0).then(|| self.at(Place::Archive(number), kind))
    }

    /// Links to documents of the feed: relation and address. An archive does not name the next one, since that would
    /// change it when the next one comes.
    pub fn relations(&self, kind: Kind) -> Vec<(&'static str, String)> {
        let mut relations = vec![("self", self.own(kind))];
        if self.place == Place::Newest {
            let hub = self.feed.hub.map(|hub| ("hub", text::legal(hub)));
            relations.extend(hub);
        } else {
            relations.push(("current", self.at(Place::Newest, kind)));
        }
        relations.extend(self.previous(kind).map(|address| ("prev-archive", address)));
        relations
    }

    /// When the newest of its items came out; `None` for an empty document.
    pub fn updated(&self) -> Option<Timestamp> {
        self.items.iter().map(|item| item.appeared).max()
    }

    /// One line about the newsletter.
    pub fn about(&self) -> String {
        let masthead = self.feed.masthead;
        let tagline = masthead.tagline_for(&masthead.language);
        text::legal(tagline.unwrap_or(&masthead.name))
    }

    pub fn title(&self) -> String {
        text::legal(&self.feed.title)
    }

    /// The sheet that shows the feed to a person who opens it in a browser.
    pub fn stylesheet(&self) -> String {
        format!(
            "<?xml-stylesheet type=\"text/css\" href=\"{}\"?>",
            text::escape(&format!("{}/feed.css", self.base()))
        )
    }

    /// An XML document as it is published: with the sheet's instruction after its declaration, and with the mark of an
    /// archive as the empty element that RFC 5005 §4 has; the libraries break a line within it.
    pub fn styled(&self, xml: &str) -> String {
        let (declaration, rest) = xml
            .split_once("?>")
            .unwrap_or(("<?xml version=\"1.0\"", xml));
        let document = format!("{declaration}?>\n{}\n{}\n", self.stylesheet(), rest.trim());
        if self.place == Place::Newest {
            return document;
        }
        let marked = document
            .split_once("<fh:archive>")
            .and_then(|(before, rest)| Some((before, rest.split_once("</fh:archive>")?.1)));
        match marked {
            Some((before, after)) => format!("{before}<fh:archive/>{after}"),
            None => document,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_keeps_twenty_five_to_fifty_items() {
        for (items, archives) in [(0, 0), (50, 0), (51, 1), (75, 1), (76, 2), (1000, 38)] {
            assert_eq!(archives_of(items), archives, "{items}");
            let kept = items - archives_of(items) * SHARE;
            assert!(kept <= 50 && (kept > 25 || archives == 0), "{items}");
        }
    }
}
