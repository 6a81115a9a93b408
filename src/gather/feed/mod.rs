//! A feed document of any dialect and in any state becomes posts.
//!
//! Bytes are decoded; the text becomes a tree that no defect can break; the tree is read field by field; what was read
//! is written as one canonical feed, which the parser sees alone; what it loses is laid back. Each repair on the way is
//! kept as a sentence for the operator. Nothing here is slower than linear in the document.

mod address;
mod canonical;
mod dialect;
mod doctype;
mod entities;
mod json;
mod lay_back;
mod meaning;
mod names;
mod parser;
mod people;
mod reading;
mod repairs;
mod scan;
mod tree;
mod view;
mod walk;

use feed_rs::model::{Entry, Feed};
use serde_json::Value;
use url::Url;

use super::budget::{self, Budget};
use super::charset::{self, Decoded};
use super::identity::{self, Marks};
use super::item;
use super::{Error, Gathered, words};
use crate::model::{Diagnostic, Post, Source};
pub use address::join;
use json::Json;
pub(in crate::gather) use reading::Fields;
use reading::Reading;
use repairs::Repair;

/// Faults of one feed that are told; of further ones their number is.
const MAX_FAULTS: usize = 20;

/// A feed's own fields, for machines: the dialect, the feed and its entries as JSON, and what was repaired.
#[derive(Debug)]
pub struct FeedView {
    /// `rss20`, `atom10`, `json11` and so on.
    pub kind: &'static str,
    /// The feed's fields.
    pub feed: Value,
    /// One object an entry, in the feed's order.
    pub entries: Value,
    /// A sentence for each kind of repair.
    pub repairs: Vec<String>,
}

/// Reads a feed that came from `url` with the given `Content-Type`; also for one that lies in a file.
///
/// Gives no validators. [`Error::WebPage`], [`Error::NotAFeed`], [`Error::Damaged`] or [`Error::Empty`] where nothing
/// can be read; an item that cannot be used is a fault beside the others' posts.
pub fn read_feed(
    bytes: &[u8],
    content_type: Option<&str>,
    url: &Url,
    source: &Source,
) -> Result<Gathered, Error> {
    budget::within(&Budget::default(), || {
        read_counted(bytes, content_type, url, source)
    })
}

fn read_counted(
    bytes: &[u8],
    content_type: Option<&str>,
    url: &Url,
    source: &Source,
) -> Result<Gathered, Error> {
    let mut reading = read(bytes, content_type, url.as_str(), None)?;
    let mut entries = std::mem::take(&mut reading.entries);
    if reading.cut {
        entries.pop();
        reading
            .repairs
            .note(Repair::Cut, &entries.len().to_string());
    }
    let mut gathered = posts_of(&mut reading, entries, url, source)?;
    gathered.repairs = reading.repairs.sentences();
    if reading.cut {
        gathered.faults.push(Diagnostic::warning(
            "the feed ends in the middle of an item, which was left out",
        ));
    }
    Ok(gathered)
}

/// Reads a feed's own fields; `base` is where it came from, or empty, and `language` what its server says of it.
///
/// Fails as [`read_feed`] does.
pub fn view_feed(
    bytes: &[u8],
    content_type: Option<&str>,
    base: &str,
    language: Option<&str>,
) -> Result<FeedView, Error> {
    budget::within(&Budget::default(), || {
        let reading = read(bytes, content_type, base, language)?;
        let (feed, entries) = view::view(&reading);
        Ok(FeedView {
            kind: reading.kind,
            feed,
            entries,
            repairs: reading.repairs.sentences(),
        })
    })
}

/// Decodes and reads a document of any dialect.
fn read(
    bytes: &[u8],
    content_type: Option<&str>,
    base: &str,
    language: Option<&str>,
) -> Result<Reading, Error> {
    let decoded = charset::decode_feed(bytes, content_type);
    let text = decoded
        .text
        .trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0');
    if text.is_empty() {
        return Err(Error::Empty);
    }
    let page = is_web_page(text);
    if page && !holds_a_feed(text) {
        return Err(Error::WebPage);
    }
    let mut reading = match text.starts_with(['{', '[']) {
        true => match json::read(text, base) {
            Json::Feed(reading) => *reading,
            Json::Rss(tree) => walk::read(tree, base, language),
            Json::Other(version) => {
                let version = words::shorten(&words::line(&version), 60);
                return Err(Error::NotAFeed(format!("JSON of version `{version}`")));
            }
            Json::Broken(why) => return Err(Error::Damaged(why)),
        },
        false => {
            let mut tree = tree::build(text);
            if tree.overflows {
                return Err(Error::Overgrown(doctype::MAX_GIVEN));
            }
            if !text.starts_with('<') {
                tree.repairs.note(Repair::Prefix, "");
            }
            walk::read(tree, base, language)
        }
    };
    if reading.kind.is_empty() && reading.entries.is_empty() {
        return Err(match page {
            true => Error::WebPage,
            false => Error::NotAFeed("neither RSS, Atom nor JSON Feed".to_owned()),
        });
    }
    if page {
        reading.repairs.note(Repair::Wrapped, "");
    }
    note_decoding(&mut reading, &decoded);
    Ok(reading)
}

fn note_decoding(reading: &mut Reading, decoded: &Decoded) {
    if decoded.guessed {
        reading.repairs.note(Repair::Guessed, decoded.name);
    } else if decoded.overruled {
        reading.repairs.note(Repair::Recoded, decoded.name);
    }
}

/// The parser's reading of these entries, as many as they are.
fn parse_part(reading: &Reading, entries: &[Fields]) -> Result<Feed, Error> {
    let mut part = parser::parse(&canonical::write(&reading.feed, entries))?;
    part.entries.resize_with(entries.len(), Entry::default);
    Ok(part)
}

fn is_web_page(text: &str) -> bool {
    let mut rest = text;
    loop {
        let after = match rest {
            rest if rest.starts_with("<!--") => rest.split_once("-->"),
            rest if rest.starts_with("<?") => rest.split_once('>'),
            _ => break,
        };
        match after {
            Some((_, after)) => rest = after.trim_start(),
            None => return false,
        }
    }
    let head: String = rest.chars().take(15).collect();
    let head = head.to_ascii_lowercase();
    ["<!doctype html", "<html", "<head", "<body"]
        .iter()
        .any(|start| head.starts_with(start))
}

/// A page that has a feed's root in it is a feed that somebody wrapped.
fn holds_a_feed(page: &str) -> bool {
    ["<rss ", "<rss>", "<feed ", "<rdf:RDF "]
        .iter()
        .any(|root| page.contains(root))
}

/// The posts of these entries: the parser reads a canonical feed of some of them at once, what it loses is laid back, and
/// each is let go of when its post is made.
fn posts_of(
    reading: &mut Reading,
    mut entries: Vec<Fields>,
    url: &Url,
    source: &Source,
) -> Result<Gathered, Error> {
    let (mut faults, mut posts, mut marks) = (Vec::new(), Vec::new(), Vec::new());
    let page = reading.feed.link.clone();
    let (mut number, mut empty) = (0, Vec::new());
    let mut first: Option<Feed> = None;
    let feed = loop {
        let waiting = entries.split_off(canonical::enough(&entries));
        let mut part = parse_part(reading, &entries)?;
        let parsed = std::mem::take(&mut part.entries);
        let feed = first.take().unwrap_or_else(|| {
            lay_back::feed(&mut part, reading);
            part
        });
        for (mut entry, fields) in parsed.into_iter().zip(entries) {
            number += 1;
            lay_back::entry(&mut entry, &fields, &mut reading.repairs);
            match item::read(entry, &feed, &fields, page.as_deref(), url, source) {
                Some(item) => {
                    budget::keep(size_of::<Post>() + item.post.html.len());
                    faults.extend(item.fault);
                    marks.push(item.marks);
                    posts.push(item.post);
                }
                None => empty.push(number),
            }
        }
        if waiting.is_empty() {
            break feed;
        }
        entries = waiting;
        first = Some(feed);
    };
    faults.extend(of_empty(&empty));
    Ok(Gathered {
        posts: identified(posts, &marks, source),
        faults: told_in_short(faults),
        title: feed
            .title
            .map(|title| words::line_of_markup(&title.content))
            .filter(|title| !title.is_empty()),
        site: page.and_then(|page| url.join(&page).ok()),
        ..Gathered::default()
    })
}

/// What is said of items that cannot be used, once for all of them.
fn of_empty(numbers: &[usize]) -> Option<Diagnostic> {
    let text = match numbers {
        [] => return None,
        [one] => format!("item {one} of the feed has neither title, text nor link"),
        [first, ..] => format!(
            "{} items of the feed have neither title, text nor link, the first of them item {first}",
            numbers.len()
        ),
    };
    Some(Diagnostic::warning(text))
}

/// The faults of a document, the first [`MAX_FAULTS`] in full: how many there are is for whoever wrote it to choose.
fn told_in_short(mut faults: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let more = faults.len().saturating_sub(MAX_FAULTS);
    if more > 0 {
        faults.truncate(MAX_FAULTS);
        faults.push(Diagnostic::warning(format!(
            "{more} more faults of items in this feed"
        )));
    }
    faults
}

/// The posts under the names by which they are known again; one that only repeats an earlier one is left out.
fn identified(posts: Vec<Post>, marks: &[Marks], source: &Source) -> Vec<Post> {
    let identities = identity::identify(&source.name, marks);
    posts
        .into_iter()
        .zip(identities)
        .filter_map(|(mut post, identity)| {
            let identity = identity?;
            post.slug = item::slug(&post.title, &identity.identity);
            post.identity = identity.identity;
            post.alternate = identity.alternate;
            Some(post)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_without_number_are_few_lines() {
        assert_eq!(of_empty(&[]), None);
        let said = |numbers: &[usize]| of_empty(numbers).unwrap().message;
        assert_eq!(
            said(&[7]),
            "item 7 of the feed has neither title, text nor link"
        );
        assert!(said(&(3..300_003).collect::<Vec<_>>()).starts_with("300000 items"));
        let faults = vec![Diagnostic::warning("x"); 1_000];
        let told = told_in_short(faults);
        assert_eq!(told.len(), MAX_FAULTS + 1);
        assert!(told.last().unwrap().message.starts_with("980 more"));
        assert_eq!(told_in_short(told[..MAX_FAULTS].to_vec()).len(), MAX_FAULTS);
    }

    #[test]
    fn a_page_is_told_from_a_feed() {
        for page in [
            "<!DOCTYPE html><html>",
            "<HTML lang=nl>",
            "<!-- x --> <!doctype html>",
            "<?xml version='1.0'?>\n<html>",
        ] {
            assert!(is_web_page(page), "{page}");
        }
        for feed in ["<rss>", "<!-- x --><feed>", "{}", "<!-- open"] {
            assert!(!is_web_page(feed), "{feed}");
        }
    }
}
