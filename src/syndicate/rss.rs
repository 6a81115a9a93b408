//! RSS 2.0, as the RSS Advisory Board's specification and best-practices profile have it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use rss::extension::atom::{AtomExtension, Link};
use rss::extension::dublincore::DublinCoreExtension;
use rss::extension::{Extension, ExtensionMap};
use rss::{Category, Channel, Guid, Image};

use super::feed::{Kind, Part, Place};
use super::{Error, Item, ItemImage, text};

/// How long a reader may keep the feed before asking again, in minutes.
const TTL_MINUTES: &str = "60";

/// Width and height of the channel's picture, in pixels: the widest that RSS 2.0 allows is 144.
const LOGO_SIDE: &str = "144";

const CONTENT_NAMESPACE: &str = "http://purl.org/rss/1.0/modules/content/";
const MEDIA_NAMESPACE: &str = "http://search.yahoo.com/mrss/";

/// Feed history (RFC 5005 §4).
const HISTORY_NAMESPACE: &str = "http://purl.org/syndication/history/1.0";

/// Writes a document of a feed.
pub(super) fn write(part: &Part<'_>) -> Result<String, Error> {
    let changed = part.updated().and_then(rfc822);
    let mut channel = Channel {
        title: part.title(),
        link: part.feed.home.clone(),
        description: part.about(),
        language: Some(part.feed.masthead.language.to_string()),
        pub_date: changed.clone(),
        last_build_date: changed,
        generator: Some("Courant".to_owned()),
        docs: Some("https://www.rssboard.org/rss-specification".to_owned()),
        ttl: Some(TTL_MINUTES.to_owned()),
        image: Some(logo(part)),
        namespaces: namespaces(part),
        atom_ext: Some(links(part)),
        items: part.items.iter().map(|item| written(item)).collect(),
        ..Channel::default()
    };
    if part.place != Place::Newest {
        let archive = Extension {
            name: "fh:archive".to_owned(),
            ..Extension::default()
        };
        let history = BTreeMap::from([("archive".to_owned(), vec![archive])]);
        channel.extensions.insert("fh".to_owned(), history);
    }
    let bytes = channel
        .pretty_write_to(Vec::new(), b' ', 1)
        .map_err(|error| Error::Write(error.to_string()))?;
    let xml = String::from_utf8(bytes).map_err(|error| Error::Write(error.to_string()))?;
    Ok(part.styled(&xml))
}

fn namespaces(part: &Part<'_>) -> BTreeMap<String, String> {
    let mut namespaces = BTreeMap::from([
        ("content".to_owned(), CONTENT_NAMESPACE.to_owned()),
        ("media".to_owned(), MEDIA_NAMESPACE.to_owned()),
    ]);
    if part.place != Place::Newest {
        namespaces.insert("fh".to_owned(), HISTORY_NAMESPACE.to_owned());
    }
    namespaces
}

/// The channel's picture; its title and link are those of the channel, as the specification has it.
fn logo(part: &Part<'_>) -> Image {
    Image {
        url: format!("{}/logo.png", part.base()),
        title: part.title(),
        link: part.feed.home.clone(),
        width: Some(LOGO_SIDE.to_owned()),
        height: Some(LOGO_SIDE.to_owned()),
        description: None,
    }
}

fn links(part: &Part<'_>) -> AtomExtension {
    let link = |(rel, href): (&str, String)| Link {
        mime_type: (rel != "hub").then(|| "application/rss+xml".to_owned()),
        rel: rel.to_owned(),
        href,
        ..Link::default()
    };
    AtomExtension {
        links: part.relations(Kind::Rss).into_iter().map(link).collect(),
    }
}

fn written(item: &Item) -> rss::Item {
    let full = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    rss::Item {
        title: Some(item.title.clone()),
        link: Some(item.link.clone()),
        // A description is HTML to its readers, so plain text is escaped once more.
        description: full(&text::escape_text(&item.summary)),
        categories: item
            .topics
            .iter()
            .map(|topic| Category {
                name: topic.label(),
                domain: None,
            })
            .collect(),
        guid: Some(Guid {
            value: item.id.clone(),
            permalink: false,
        }),
        pub_date: rfc822(item.published),
        content: full(&item.html),
        dublin_core_ext: dublin_core(item),
        extensions: item.image.as_ref().map(media).unwrap_or_default(),
        ..rss::Item::default()
    }
}

fn dublin_core(item: &Item) -> Option<DublinCoreExtension> {
    let creators: Vec<String> = item.author.iter().cloned().collect();
    let languages: Vec<String> = item.language.iter().map(ToString::to_string).collect();
    let empty = creators.is_empty() && languages.is_empty();
    (!empty).then(|| DublinCoreExtension {
        creators,
        languages,
        ..DublinCoreExtension::default()
    })
}

/// `media:content` of the picture, with its size where that is known.
fn media(image: &ItemImage) -> ExtensionMap {
    let mut content = Extension {
        name: "media:content".to_owned(),
        attrs: media_attributes(image),
        ..Extension::default()
    };
    if !image.alt.is_empty() {
        let description = Extension {
            name: "media:description".to_owned(),
            value: Some(image.alt.clone()),
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

fn media_attributes(image: &ItemImage) -> BTreeMap<String, String> {
    let mut attributes = BTreeMap::from([
        ("url".to_owned(), image.url.clone()),
        ("medium".to_owned(), "image".to_owned()),
    ]);
    if let Some((width, height)) = image.size {
        attributes.insert("width".to_owned(), width.to_string());
        attributes.insert("height".to_owned(), height.to_string());
    }
    attributes
}

/// RFC 822 with a four-digit year and a numeric zone, as RSS 2.0 asks: `Mon, 2 Nov 2026 07:00:00 +0000`.
fn rfc822(instant: Timestamp) -> Option<String> {
    let zoned = instant.to_zoned_datetime(TimeZone::UTC);
    rfc2822::to_string(&zoned).ok()
}
