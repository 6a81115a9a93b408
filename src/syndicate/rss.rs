//! RSS 2.0, as the RSS Advisory Board's specification and best-practices profile have it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use rss::extension::atom::{AtomExtension, Link};
use rss::extension::dublincore::DublinCoreExtension;
use rss::extension::{Extension, ExtensionMap};
use rss::{Category, Channel, Enclosure, Guid, Item};

use super::Error;
use super::text;
use crate::model::{Image, LedgerEntry, Masthead, Post, absolute};

/// Newest posts that the feed holds; what is older stands in the archive.
const MAX_ITEMS: usize = 50;

/// How long a reader may keep the feed before asking again, in minutes.
const TTL_MINUTES: &str = "60";

const CONTENT_NAMESPACE: &str = "http://purl.org/rss/1.0/modules/content/";
const MEDIA_NAMESPACE: &str = "http://search.yahoo.com/mrss/";

/// Writes the newest 50 posts that are not held as an RSS 2.0 document, newest first.
///
/// `changed` is when the newest change was made (a post, an edit); where it is `None`, the newest first sight counts.
pub fn rss(
    masthead: &Masthead,
    posts: &[LedgerEntry],
    changed: Option<Timestamp>,
) -> Result<String, Error> {
    let mut shown: Vec<&LedgerEntry> = posts
        .iter()
        .filter(|entry| entry.post.hold.is_none())
        .collect();
    shown.sort_by_key(|entry| (std::cmp::Reverse(entry.dated()), entry.id));
    shown.truncate(MAX_ITEMS);
    let changed = changed.or_else(|| shown.iter().map(|entry| entry.first_seen).max());
    let channel = Channel {
        title: text::legal(&masthead.name),
        link: format!("{}/", masthead.url),
        description: text::legal(
            masthead
                .tagline_for(&masthead.language)
                .unwrap_or(&masthead.name),
        ),
        language: Some(masthead.language.to_string()),
        last_build_date: changed.and_then(rfc822),
        generator: Some("Courant".to_owned()),
        docs: Some("https://www.rssboard.org/rss-specification".to_owned()),
        ttl: Some(TTL_MINUTES.to_owned()),
        namespaces: BTreeMap::from([
            ("content".to_owned(), CONTENT_NAMESPACE.to_owned()),
            ("media".to_owned(), MEDIA_NAMESPACE.to_owned()),
        ]),
        atom_ext: Some(self_link(masthead)),
        items: shown.iter().map(|entry| item(masthead, entry)).collect(),
        ..Channel::default()
    };
    let bytes = channel
        .pretty_write_to(Vec::new(), b' ', 1)
        .map_err(|error| Error::Write(error.to_string()))?;
    let xml = String::from_utf8(bytes).map_err(|error| Error::Write(error.to_string()))?;
    Ok(format!("{xml}\n"))
}

fn self_link(masthead: &Masthead) -> AtomExtension {
    AtomExtension {
        links: vec![Link {
            href: masthead.feed(),
            rel: "self".to_owned(),
            mime_type: Some("application/rss+xml".to_owned()),
            ..Link::default()
        }],
    }
}

fn item(masthead: &Masthead, entry: &LedgerEntry) -> Item {
    let post = &entry.post;
    let content = text::with_absolute_addresses(&text::legal(&post.html), &masthead.url);
    Item {
        title: Some(text::legal(&post.title)),
        link: Some(text::legal(&post.address(&masthead.url))),
        // A description is HTML to its readers, so plain text is escaped once more.
        description: Some(text::escape(&text::legal(&post.summary)))
            .filter(|summary| !summary.is_empty()),
        categories: post
            .topics
            .iter()
            .map(|topic| Category {
                name: topic.label(),
                domain: None,
            })
            .collect(),
        guid: Some(Guid {
            value: guid(post),
            permalink: false,
        }),
        pub_date: rfc822(entry.dated()),
        content: Some(content).filter(|content| !content.is_empty()),
        dublin_core_ext: post.author.as_ref().map(|author| DublinCoreExtension {
            creators: vec![text::legal(&author.name)],
            ..DublinCoreExtension::default()
        }),
        enclosure: post
            .image
            .as_ref()
            .and_then(|image| enclosure(masthead, image)),
        extensions: post
            .image
            .as_ref()
            .map(|image| media(masthead, image))
            .unwrap_or_default(),
        ..Item::default()
    }
}

/// The publisher's own identifier where it is one in the whole world, else one that is ours: neither title, link nor
/// a new address of the newsletter changes it.
fn guid(post: &Post) -> String {
    let global = ["http://", "https://", "tag:", "urn:"]
        .iter()
        .any(|scheme| post.identity.starts_with(scheme));
    match global {
        true => text::legal(&post.identity),
        false => format!(
            "urn:courant:{}:{}",
            post.source,
            text::percent_encoded(&post.identity)
        ),
    }
}

/// `media:content` of the picture, with its size where that is known.
fn media(masthead: &Masthead, image: &Image) -> ExtensionMap {
    let mut attributes = BTreeMap::from([
        ("url".to_owned(), picture(masthead, image)),
        ("medium".to_owned(), "image".to_owned()),
    ]);
    if let Some((width, height)) = image.size {
        attributes.insert("width".to_owned(), width.to_string());
        attributes.insert("height".to_owned(), height.to_string());
    }
    let mut content = Extension {
        name: "media:content".to_owned(),
        attrs: attributes,
        ..Extension::default()
    };
    if !image.alt.is_empty() {
        let description = Extension {
            name: "media:description".to_owned(),
            value: Some(text::legal(&image.alt)),
            ..Extension::default()
        };
        content
            .children
            .insert("description".to_owned(), vec![description]);
    }
    BTreeMap::from([(
        "media".to_owned(),
        BTreeMap::from([("content".to_owned(), vec![content])]),
    )])
}

/// The picture once more for readers that know only enclosures. Its length is not known here: 0 says so, as the
/// best-practices profile has it.
fn enclosure(masthead: &Masthead, image: &Image) -> Option<Enclosure> {
    let path = image.url.split(['?', '#']).next()?;
    let kind = match path.rsplit('.').next()?.to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        _ => return None,
    };
    Some(Enclosure {
        url: picture(masthead, image),
        length: "0".to_owned(),
        mime_type: kind.to_owned(),
    })
}

fn picture(masthead: &Masthead, image: &Image) -> String {
    text::legal(&absolute(&masthead.url, &image.url))
}

/// RFC 822 with a four-digit year and a numeric zone, as RSS 2.0 asks: `Mon, 02 Nov 2026 07:00:00 +0000`.
fn rfc822(instant: Timestamp) -> Option<String> {
    let zoned = instant.to_zoned_datetime(TimeZone::UTC);
    rfc2822::to_string(&zoned).ok()
}
