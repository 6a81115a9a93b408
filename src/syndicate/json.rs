//! JSON Feed 1.1 (jsonfeed.org). Its `next_url` leads to the items before these, as `prev-archive` does elsewhere.

use jiff::Timestamp;
use serde::Serialize;

use super::feed::{Kind, Part, Place};
use super::{Error, Item, text};

const VERSION: &str = "https://jsonfeed.org/version/1.1";

#[derive(Serialize)]
struct JsonFeed<'a> {
    version: &'static str,
    title: String,
    home_page_url: &'a str,
    feed_url: String,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_url: Option<String>,
    icon: String,
    favicon: String,
    authors: Vec<Author<'a>>,
    language: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hubs: Vec<Hub<'a>>,
    items: Vec<JsonItem<'a>>,
}

#[derive(Serialize)]
struct Author<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Serialize)]
struct Hub<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    url: &'a str,
}

#[derive(Serialize)]
struct JsonItem<'a> {
    id: &'a str,
    url: &'a str,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_html: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a str>,
    date_published: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Author<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
}

/// Writes a document of a feed.
pub(super) fn write(part: &Part<'_>) -> Result<String, Error> {
    let feed = part.feed;
    let name = text::legal(&feed.masthead.name);
    let hub = feed.hub.filter(|_| part.place == Place::Newest);
    let document = JsonFeed {
        version: VERSION,
        title: part.title(),
        home_page_url: &feed.home,
        feed_url: part.own(Kind::Json),
        description: part.about(),
        next_url: part.previous(Kind::Json),
        icon: format!("{}/icon.png", part.base()),
        favicon: format!("{}/logo.png", part.base()),
        authors: vec![Author {
            name: &name,
            url: Some(format!("{}/", part.base())),
        }],
        language: feed.masthead.language.to_string(),
        hubs: hub
            .iter()
            .map(|url| Hub {
                kind: "WebSub",
                url,
            })
            .collect(),
        items: part.items.iter().map(|item| written(item)).collect(),
    };
    let json = serde_json::to_string_pretty(&document);
    let json = json.map_err(|error| Error::Write(error.to_string()))?;
    Ok(format!("{json}\n"))
}

/// An item has one content at least: its HTML, else its summary, else its title.
fn written(item: &Item) -> JsonItem<'_> {
    let html = Some(item.html.as_str()).filter(|html| !html.is_empty());
    let summary = Some(item.summary.as_str()).filter(|summary| !summary.is_empty());
    let author = |name| Author { name, url: None };
    JsonItem {
        id: &item.id,
        url: &item.link,
        title: &item.title,
        content_text: html.is_none().then_some(summary.unwrap_or(&item.title)),
        content_html: html,
        summary,
        image: item.image.as_ref().map(|image| image.url.as_str()),
        date_published: rfc3339(item.published),
        authors: item.author.iter().map(|name| author(name)).collect(),
        tags: item.topics.iter().map(|topic| topic.label()).collect(),
        language: item.language.as_ref().map(|language| language.as_str()),
    }
}

/// RFC 3339 with whole seconds.
fn rfc3339(instant: Timestamp) -> String {
    Timestamp::from_second(instant.as_second())
        .unwrap_or(instant)
        .to_string()
}
