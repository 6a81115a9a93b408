//! A feed document (RSS, Atom or JSON Feed) becomes posts.
//!
//! Bytes are decoded here, so that the parser only ever sees UTF-8; a web page is recognised as one; the parser runs
//! fresh for every feed and is caught if it panics, which remote input can make it do. Its types end in this file and
//! in [`super::item`]. Its own identifiers are switched off: see [`super::identity`].

use std::panic::{AssertUnwindSafe, catch_unwind};

use feed_rs::model::{Feed, FeedType};
use feed_rs::parser::{self, ParseFeedError};
use serde_json::Value;
use url::Url;

use super::item::{self, Extras};
use super::{Error, Gathered, charset, dates, identity, words};
use crate::model::{Diagnostic, Source};

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
    let text = charset::decode(bytes, content_type).text;
    let text = without_declaration(text.trim_start());
    if text.is_empty() {
        return Err(Error::Empty);
    }
    if is_web_page(text) {
        return Err(Error::WebPage);
    }
    let feed = parse(text, url)?;
    let extras = match feed.feed_type {
        FeedType::JSON => json_extras(text),
        _ => Vec::new(),
    };
    Ok(posts_of(feed, extras, url, source))
}

/// The text is UTF-8 by now, whatever its declaration said.
fn without_declaration(text: &str) -> &str {
    match text.starts_with("<?xml") {
        true => text
            .split_once("?>")
            .map_or(text, |(_, rest)| rest.trim_start()),
        false => text,
    }
}

fn is_web_page(text: &str) -> bool {
    let mut rest = text;
    while let Some(comment) = rest.strip_prefix("<!--") {
        match comment.split_once("-->") {
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

fn parse(text: &str, url: &Url) -> Result<Feed, Error> {
    let parse = || {
        parser::Builder::new()
            .base_uri(Some(url))
            .sanitize_content(false)
            // Empty means "none": a made-up identifier would make an edited title a new post.
            .id_generator(|_, _, _| String::new())
            .timestamp_parser(|text| dates::instant(text)?.to_string().parse().ok())
            .build()
            .parse(text.as_bytes())
    };
    catch_unwind(AssertUnwindSafe(parse))
        .map_err(|_| Error::Damaged("its text defeats the parser".to_owned()))?
        .map_err(cause)
}

fn cause(error: ParseFeedError) -> Error {
    match error {
        ParseFeedError::ParseError(parser::ParseErrorKind::NoFeedRoot) => {
            Error::NotAFeed("neither RSS, Atom nor JSON Feed".to_owned())
        }
        ParseFeedError::JsonUnsupportedVersion(version) => Error::NotAFeed(format!(
            "JSON of version `{}`",
            words::shorten(&words::line(&version), 60)
        )),
        ParseFeedError::JsonSerde(error) => Error::Damaged(error.to_string()),
        ParseFeedError::XmlReader(error) => Error::Damaged(error.to_string()),
        ParseFeedError::ParseError(kind) => Error::Damaged(kind.to_string()),
        ParseFeedError::IoError(error) => Error::Damaged(error.to_string()),
    }
}

/// The fields of JSON Feed 1.1 items that the parser passes over.
fn json_extras(text: &str) -> Vec<Extras> {
    let Ok(feed) = serde_json::from_str::<Value>(text) else {
        return Vec::new();
    };
    let field = |item: &Value, name: &str| item.get(name)?.as_str().map(str::to_owned);
    feed.get("items")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|item| Extras {
            image: field(item, "image").or_else(|| field(item, "banner_image")),
            language: field(item, "language"),
        })
        .collect()
}

fn posts_of(mut feed: Feed, extras: Vec<Extras>, url: &Url, source: &Source) -> Gathered {
    let entries = std::mem::take(&mut feed.entries);
    let extras = extras
        .into_iter()
        .chain(std::iter::repeat(Extras::default()));
    let mut faults = Vec::new();
    let mut posts = Vec::new();
    let mut marks = Vec::new();
    for (number, (entry, extras)) in entries.into_iter().zip(extras).enumerate() {
        match item::read(entry, &feed, extras, url, source) {
            Some(item) => {
                faults.extend(item.fault);
                marks.push(item.marks);
                posts.push(item.post);
            }
            None => faults.push(Diagnostic::warning(format!(
                "item {} of the feed has neither title, text nor link",
                number + 1
            ))),
        }
    }
    let identities = identity::identify(&source.name, &marks);
    let posts = posts
        .into_iter()
        .zip(identities)
        .filter_map(|(mut post, identity)| {
            let identity = identity?;
            post.slug = item::slug(&post.title, &identity.identity);
            post.identity = identity.identity;
            post.alternate = identity.alternate;
            Some(post)
        })
        .collect();
    Gathered {
        posts,
        faults,
        title: feed
            .title
            .map(|title| words::line_of_markup(&title.content))
            .filter(|title| !title.is_empty()),
        ..Gathered::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_told_from_a_feed() {
        for page in [
            "<!DOCTYPE html><html>",
            "<HTML lang=nl>",
            "<!-- x --> <!doctype html>",
        ] {
            assert!(is_web_page(page), "{page}");
        }
        for feed in ["<rss>", "<!-- x --><feed>", "{}", "<!-- open"] {
            assert!(!is_web_page(feed), "{feed}");
        }
    }
}
