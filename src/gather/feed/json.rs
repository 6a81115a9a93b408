//! JSON Feed 1.0 and 1.1, and RSS written as JSON, leniently: a number may be an id, a text a list of one.
//!
//! JSON Feed is read straight into fields (jsonfeed.org, version 1.1). RSS in JSON becomes the tree that the same feed
//! would have in XML, and is read as that.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::address;
use super::reading::{Category, Fields, Link, Media, Person, Reading, Text, TextKind};
use super::repairs::{Repair, Repairs};
use super::tree::{Element, Kind, Node, Tree};
use crate::gather::{budget, dates};

/// What a JSON document is.
pub(super) enum Json {
    Feed(Box<Reading>),
    /// RSS, as the tree that it would have in XML.
    Rss(Tree<'static>),
    /// No feed; what it says of itself.
    Other(String),
    Broken(String),
}

/// Deepest RSS in JSON that is followed.
const MAX_DEPTH: usize = 64;

/// Reads a JSON document that came from `base`.
pub(super) fn read(text: &str, base: &str) -> Json {
    budget::spend(text.len());
    budget::keep(values_in(text) * size_of::<Value>());
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return Json::Broken(error.to_string()),
    };
    let Some(object) = value.as_object() else {
        return Json::Other("a list".to_owned());
    };
    if let Some(rss) = object.get("rss").filter(|rss| rss.get("channel").is_some()) {
        let mut tree = Tree::default();
        grow(&mut tree, "rss", rss, 0);
        return Json::Rss(tree);
    }
    let version = text_of(object.get("version")).unwrap_or_default();
    let has_items = object.get("items").is_some_and(Value::is_array);
    let is_feed = version.contains("jsonfeed") || (version.is_empty() && has_items);
    if !is_feed {
        return Json::Other(version);
    }
    Json::Feed(Box::new(feed(object, &version, base)))
}

/// How many values a JSON text has at most, before any is made: one behind each of these signs outside of strings.
fn values_in(text: &str) -> usize {
    let (mut values, mut in_string, mut escaped) = (0, false, false);
    for octet in text.bytes() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b',' | b':' | b'[' | b'{' if !in_string => values += 1,
            _ => {}
        }
    }
    values
}

fn feed(object: &Map<String, Value>, version: &str, base: &str) -> Reading {
    let mut repairs = Repairs::default();
    if !version.starts_with("https://jsonfeed.org/version/1") {
        repairs.note(Repair::Json, &format!("version {version}"));
    }
    let text = |name: &str| text_of(object.get(name));
    let plain = |name: &str| text(name).map(|value| text_from(value, TextKind::Plain, base));
    let mut feed = Fields {
        title: plain("title"),
        subtitle: plain("description"),
        language: text("language"),
        authors: authors(object),
        ..Fields::default()
    };
    for (name, rel, kind) in [
        ("home_page_url", "alternate", "text/html"),
        ("feed_url", "self", "application/feed+json"),
        ("next_url", "next", "application/feed+json"),
    ] {
        if let Some(href) = text(name) {
            feed.links.push(link(rel, Some(kind), &href, base));
        }
    }
    feed.link = page_of(&feed.links);
    let entries = object
        .get("items")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .map(|item| entry(item, base, &mut repairs))
        .collect();
    Reading {
        kind: if version.contains("1.1") {
            "json11"
        } else {
            "json1"
        },
        feed,
        entries,
        repairs,
        cut: false,
    }
}

fn entry(item: &Map<String, Value>, base: &str, repairs: &mut Repairs) -> Fields {
    let text = |name: &str| text_of(item.get(name)).filter(|text| !text.is_empty());
    if item.get("id").is_some_and(|id| !id.is_string()) {
        repairs.note(Repair::Json, "a number as an id");
    }
    let mut fields = Fields {
        id: text("id"),
        title: text("title").map(|title| text_from(title, TextKind::Plain, base)),
        summary: text("summary").map(|text| text_from(text, TextKind::Plain, base)),
        language: text("language"),
        authors: authors(item),
        published: date(text("date_published"), repairs),
        updated: date(text("date_modified"), repairs),
        categories: tags(item.get("tags"), repairs),
        ..Fields::default()
    };
    let html = text("content_html").map(|html| text_from(html, TextKind::Html, base));
    let plain = || text("content_text").map(|text| text_from(text, TextKind::Plain, base));
    fields.content.extend(html.or_else(plain));
    for (name, rel) in [("url", "alternate"), ("external_url", "related")] {
        if let Some(href) = text(name) {
            fields.links.push(link(rel, Some("text/html"), &href, base));
        }
    }
    fields.link = page_of(&fields.links).or_else(|| {
        let href = text("external_url")?;
        Some(address::join(base, &href))
    });
    for name in ["image", "banner_image"] {
        fields.media.extend(text(name).map(|url| Media {
            url: address::join(base, &url),
            medium: Some("image".to_owned()),
            ..Media::default()
        }));
    }
    for attached in list(item.get("attachments")).filter_map(Value::as_object) {
        if let Some(url) = text_of(attached.get("url")) {
            let kind = text_of(attached.get("mime_type"));
            let mut enclosure = link("enclosure", kind.as_deref(), &url, base);
            enclosure.length = text_of(attached.get("size_in_bytes"));
            enclosure.title = text_of(attached.get("title"));
            fields.media.push(Media {
                url: address::join(base, &url),
                kind,
                ..Media::default()
            });
            fields.links.push(enclosure);
        }
    }
    fields
}

/// Version 1.1 has a list, 1.0 one author; a bare name will do.
fn authors(object: &Map<String, Value>) -> Vec<Person> {
    let person = |value: &Value| match value {
        Value::Object(person) => Person {
            name: text_of(person.get("name")),
            email: None,
            href: text_of(person.get("url")),
        },
        other => Person {
            name: text_of(Some(other)),
            ..Person::default()
        },
    };
    let mut people: Vec<Person> = list(object.get("authors")).map(person).collect();
    if people.is_empty() {
        people.extend(list(object.get("author")).map(person));
    }
    people.retain(|person| !person.is_nobody());
    people
}

fn tags(value: Option<&Value>, repairs: &mut Repairs) -> Vec<Category> {
    let category = |term: &str| Category {
        term: Some(term.trim().to_owned()),
        ..Category::default()
    };
    if let Some(Value::String(text)) = value {
        repairs.note(Repair::Json, "tags in one text");
        return text
            .split(',')
            .map(category)
            .filter(|tag| tag.term.as_deref() != Some(""))
            .collect();
    }
    list(value)
        .filter_map(|tag| text_of(Some(tag)))
        .map(|tag| category(&tag))
        .collect()
}

fn date(text: Option<String>, repairs: &mut Repairs) -> Option<jiff::Timestamp> {
    let text = text?;
    let read = dates::read(&text);
    match read {
        Some(read) if read.odd => repairs.note(Repair::OddDate, &text),
        None => repairs.note(Repair::NoDate, &text),
        _ => {}
    }
    read.map(|read| read.instant)
}

fn link(rel: &str, kind: Option<&str>, href: &str, base: &str) -> Link {
    Link {
        rel: rel.to_owned(),
        kind: kind.map(str::to_owned),
        href: Some(address::join(base, href)),
        relative: address::scheme(href).is_none().then(|| href.to_owned()),
        ..Link::default()
    }
}

fn page_of(links: &[Link]) -> Option<String> {
    links
        .iter()
        .find(|link| link.rel == "alternate")
        .and_then(|link| link.href.clone())
}

fn text_from(value: String, kind: TextKind, base: &str) -> Text {
    Text {
        value,
        kind,
        base: base.into(),
        based: false,
        origin: super::reading::Origin::Own,
    }
}

/// A text, or a number or truth value as text.
fn text_of(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// The members of a list; anything else is a list of one.
fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    match value {
        Some(Value::Array(list)) => list.as_slice(),
        Some(Value::Null) | None => &[],
        Some(one) => std::slice::from_ref(one),
    }
    .iter()
}

/// Adds an element and what is below it: objects are elements, texts text, `#value` or `$` the text beside attributes.
fn grow(tree: &mut Tree<'static>, name: &str, value: &Value, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    if let Value::Array(list) = value {
        for one in list {
            grow(tree, name, one, depth + 1);
        }
        return;
    }
    let at = tree.nodes.len();
    let attributes = match value {
        Value::Object(object) => attributes(object),
        _ => Vec::new(),
    };
    tree.nodes.push(Node {
        kind: Kind::Element(Element {
            name: Cow::Owned(name.to_ascii_lowercase()),
            attributes,
            cut: false,
        }),
        end: at + 1,
    });
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match (key.as_str(), text_of(Some(value))) {
                    ("#value" | "#text" | "$" | "$t" | "#", Some(text)) => words(tree, text),
                    (key, _) if key.starts_with(['@', '#', '$']) => {}
                    (key, _) => grow(tree, key, value, depth + 1),
                }
            }
        }
        other => {
            if let Some(text) = text_of(Some(other)) {
                words(tree, text);
            }
        }
    }
    let end = tree.nodes.len();
    tree.nodes[at].end = end;
}

/// What an element's object says in attributes: those with `@`, and the plain ones that elements of RSS have.
fn attributes(object: &Map<String, Value>) -> Vec<(Cow<'static, str>, Cow<'static, str>)> {
    const PLAIN: [&str; 8] = [
        "version",
        "url",
        "type",
        "length",
        "isPermaLink",
        "domain",
        "href",
        "rel",
    ];
    let beside_text = ["#value", "#text", "$", "$t", "#"]
        .iter()
        .any(|key| object.contains_key(*key));
    object
        .iter()
        .filter(|(key, _)| key.starts_with('@') || beside_text || PLAIN.contains(&key.as_str()))
        .filter_map(|(key, value)| Some((key.trim_start_matches('@'), text_of(Some(value))?)))
        .map(|(key, value)| (key.to_ascii_lowercase().into(), value.into()))
        .collect()
}

fn words(tree: &mut Tree<'static>, text: String) {
    let end = tree.nodes.len() + 1;
    tree.nodes.push(Node {
        kind: Kind::Text(text.into()),
        end,
    });
}
