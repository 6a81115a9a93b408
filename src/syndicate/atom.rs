//! Atom 1.0 (RFC 4287), with the links of RFC 5005 between the documents of one feed.

use std::collections::BTreeMap;

use atom_syndication::extension::{Extension, ExtensionMap};
use atom_syndication::{
    Category, Content, Entry, Feed, FixedDateTime, Generator, Link, Person, Text, WriteConfig,
};
use jiff::Timestamp;

use super::feed::{Kind, Part, Place};
use super::{Error, Item, ItemImage, text};

const MEDIA_NAMESPACE: &str = "http://search.yahoo.com/mrss/";

/// Feed history (RFC 5005 §4).
const HISTORY_NAMESPACE: &str = "http://purl.org/syndication/history/1.0";

/// Writes a document of a feed.
pub(super) fn write(part: &Part<'_>) -> Result<String, Error> {
    let masthead = part.feed.masthead;
    let mut feed = Feed {
        title: plain(&part.title()),
        // The same in every document of the feed: the address of the newest one (RFC 4287 §4.2.6).
        id: format!("{}/{}", part.base(), id_path(&part.feed.folder)),
        updated: date(part.updated().unwrap_or(Timestamp::UNIX_EPOCH))?,
        authors: vec![Person {
            name: text::legal(&masthead.name),
            uri: Some(format!("{}/", part.base())),
            ..Person::default()
        }],
        generator: Some(Generator {
            value: "Courant".to_owned(),
            ..Generator::default()
        }),
        icon: Some(format!("{}/icon.png", part.base())),
        subtitle: Some(plain(&part.about())),
        links: links(part),
        lang: Some(masthead.language.to_string()),
        namespaces: BTreeMap::from([("media".to_owned(), MEDIA_NAMESPACE.to_owned())]),
        ..Feed::default()
    };
    if part.place != Place::Newest {
        let archive = extension("fh:archive", BTreeMap::new());
        let history = BTreeMap::from([("archive".to_owned(), vec![archive])]);
        feed.extensions.insert("fh".to_owned(), history);
        let namespace = HISTORY_NAMESPACE.to_owned();
        feed.namespaces.insert("fh".to_owned(), namespace);
    }
    for item in &part.items {
        feed.entries.push(entry(item)?);
    }
    let config = WriteConfig {
        write_document_declaration: true,
        indent_size: Some(1),
    };
    let bytes = feed
        .write_with_config(Vec::new(), config)
        .map_err(|error| Error::Write(error.to_string()))?;
    let xml = String::from_utf8(bytes).map_err(|error| Error::Write(error.to_string()))?;
    Ok(part.styled(&xml))
}

fn id_path(folder: &str) -> String {
    match folder {
        "" => "atom.xml".to_owned(),
        folder => format!("{folder}/atom.xml"),
    }
}

fn links(part: &Part<'_>) -> Vec<Link> {
    let mut links = vec![link("alternate", part.feed.home.clone(), Some("text/html"))];
    for (rel, href) in part.relations(Kind::Atom) {
        let kind = (rel != "hub").then_some("application/atom+xml");
        links.push(link(rel, href, kind));
    }
    links
}

fn link(rel: &str, href: String, kind: Option<&str>) -> Link {
    Link {
        href,
        rel: rel.to_owned(),
        mime_type: kind.map(str::to_owned),
        ..Link::default()
    }
}

fn entry(item: &Item) -> Result<Entry, Error> {
    let language = item.language.as_ref().map(ToString::to_string);
    Ok(Entry {
        title: Text {
            lang: language.clone(),
            ..plain(&item.title)
        },
        id: item.id.clone(),
        updated: date(item.appeared)?,
        published: Some(date(item.published)?),
        authors: item.author.iter().map(|name| author(name)).collect(),
        categories: item
            .topics
            .iter()
            .map(|topic| Category {
                term: topic.to_string(),
                scheme: None,
                label: Some(topic.label()),
            })
            .collect(),
        links: vec![link("alternate", item.link.clone(), None)],
        summary: Some(plain(&item.summary)).filter(|summary| !summary.value.is_empty()),
        content: Some(&item.html)
            .filter(|html| !html.is_empty())
            .map(|html| Content {
                value: Some(html.clone()),
                content_type: Some("html".to_owned()),
                lang: language,
                ..Content::default()
            }),
        extensions: item.image.as_ref().map(media).unwrap_or_default(),
        ..Entry::default()
    })
}

fn author(name: &str) -> Person {
    Person {
        name: name.to_owned(),
        ..Person::default()
    }
}

fn plain(value: &str) -> Text {
    Text::plain(value)
}

fn media(image: &ItemImage) -> ExtensionMap {
    let mut attributes = BTreeMap::from([
        ("url".to_owned(), image.url.clone()),
        ("medium".to_owned(), "image".to_owned()),
    ]);
    if let Some((width, height)) = image.size {
        attributes.insert("width".to_owned(), width.to_string());
        attributes.insert("height".to_owned(), height.to_string());
    }
    let content = extension("media:content", attributes);
    BTreeMap::from([(
        "media".to_owned(),
        BTreeMap::from([("content".to_owned(), vec![content])]),
    )])
}

fn extension(name: &str, attrs: BTreeMap<String, String>) -> Extension {
    Extension {
        name: name.to_owned(),
        attrs,
        ..Extension::default()
    }
}

/// RFC 3339, as RFC 4287 §3.3 asks; whole seconds.
fn date(instant: Timestamp) -> Result<FixedDateTime, Error> {
    let seconds = Timestamp::from_second(instant.as_second()).unwrap_or(instant);
    seconds
        .to_string()
        .parse()
        .map_err(|_| Error::Write(format!("the date {instant} is not one of Atom's")))
}
