//! A machine's view of a feed: its own fields, as JSON, sanitised, for whoever compares feed readers.
//!
//! Nothing is made up here: no title of a text, no date of a fetch. Field names and shapes are those of feed readers.

use jiff::Timestamp;
use serde_json::{Value, json};
use url::Url;

use super::super::{clean, words};
use super::address;
use super::reading::{Category, Fields, Link, Person, Reading, Text};

/// Schemes that run code or hide a document.
const DANGEROUS: [&str; 4] = ["javascript", "vbscript", "data", "blob"];

/// The feed and its entries.
pub(super) fn view(reading: &Reading) -> (Value, Value) {
    let feed = &reading.feed;
    let shown = json!({
        "title": text(feed.title.as_ref(), None),
        "subtitle": text(feed.subtitle.as_ref(), None),
        "rights": text(feed.rights.as_ref(), None),
        "link": feed.link.as_deref().and_then(harmless),
        "links": links(&feed.links),
        "id": feed.id,
        "language": feed.language,
        "updated": date(feed.updated),
        "published": date(feed.published),
        "authors": people(&feed.authors),
        "generator": feed.generator,
        "ttl": feed.ttl,
        "categories": categories(&feed.categories),
    });
    (shown, reading.entries.iter().map(entry).collect())
}

fn entry(fields: &Fields) -> Value {
    let page = fields.link.as_deref();
    let content: Vec<Value> = fields
        .content
        .iter()
        .map(|content| text(Some(content), page))
        .collect();
    let summary = match fields.summary_is_content {
        true => content.first().cloned().unwrap_or(Value::Null),
        false => text(fields.summary.as_ref(), page),
    };
    json!({
        "title": text(fields.title.as_ref(), page),
        "link": page.and_then(harmless),
        "links": links(&fields.links),
        "id": fields.id,
        "authors": people(&fields.authors),
        "published": date(fields.published),
        "updated": date(fields.updated),
        "summary": summary,
        "content": content,
        "rights": text(fields.rights.as_ref(), page),
        "categories": categories(&fields.categories),
        "enclosures": enclosures(&fields.links),
    })
}

/// A text, safe; relative addresses in it are relative to its xml:base, else the entry's page, else the document.
fn text(text: Option<&Text>, page: Option<&str>) -> Value {
    let Some(text) = text else {
        return Value::Null;
    };
    let value = match text.kind.is_html() {
        true => {
            let base = Some(text.base.as_ref()).filter(|_| text.based);
            let base = [base, page, Some(text.base.as_ref())]
                .into_iter()
                .flatten()
                .find_map(|base| Url::parse(base).ok());
            clean::safe_html(&text.value, base.as_ref())
        }
        false => words::without_turns(text.value.clone()),
    };
    json!({"value": value, "type": text.kind.media_type()})
}

/// To the second, as feed readers have it.
fn date(date: Option<Timestamp>) -> Option<String> {
    let second = Timestamp::from_second(date?.as_second()).ok()?;
    Some(second.to_string())
}

fn links(links: &[Link]) -> Value {
    links
        .iter()
        .filter(|link| {
            link.href
                .as_deref()
                .is_none_or(|href| harmless(href).is_some())
        })
        .map(|link| {
            json!({
                "rel": link.rel,
                "type": link.kind,
                "href": link.href,
                "title": link.title,
                "length": link.length,
            })
        })
        .collect()
}

fn enclosures(links: &[Link]) -> Value {
    links
        .iter()
        .filter(|link| link.rel == "enclosure")
        .filter(|link| {
            link.href
                .as_deref()
                .is_none_or(|href| harmless(href).is_some())
        })
        .map(|link| json!({"href": link.href, "type": link.kind, "length": link.length}))
        .collect()
}

/// The address, unless following it would run something.
fn harmless(href: &str) -> Option<&str> {
    let bare: String = href
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control())
        .take(20)
        .collect();
    let dangerous = address::scheme(&bare)
        .is_some_and(|scheme| DANGEROUS.iter().any(|bad| bad.eq_ignore_ascii_case(scheme)));
    (!dangerous).then_some(href)
}

fn people(people: &[Person]) -> Value {
    people
        .iter()
        .filter(|person| !person.is_nobody())
        .map(|person| {
            let href = person.href.as_deref().and_then(harmless);
            json!({"name": person.name, "email": person.email, "href": href})
        })
        .collect()
}

fn categories(categories: &[Category]) -> Value {
    categories
        .iter()
        .map(|category| {
            json!({"term": category.term, "scheme": category.scheme, "label": category.label})
        })
        .collect()
}
