//! The head of a web page: what it says of itself to programs, and where it says that its feeds are.
//!
//! Read from the flat list of pieces, so that no tree is built of a page that is only asked for its feed. JSON-LD is
//! read for the one thing that an article says in it: its headline, its date, its authors, its picture.

use serde_json::Value;
use url::Url;

use super::markup::{Element, Piece};
use super::{links, words};
use crate::model::Language;

/// Types of schema.org that are a post.
const ARTICLES: [&str; 8] = [
    "Article",
    "NewsArticle",
    "BlogPosting",
    "Report",
    "TechArticle",
    "OpinionNewsArticle",
    "AnalysisNewsArticle",
    "SocialMediaPosting",
];

/// JSON-LD nests no deeper than this where an article is looked for.
const MAX_DEPTH: usize = 6;

/// What a page says of itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Head {
    pub(super) title: Option<String>,
    pub(super) language: Option<Language>,
    /// What its relative addresses are relative to.
    pub(super) base: Option<Url>,
    /// `<link>` elements.
    pub(super) links: Vec<Element>,
    metas: Vec<(String, String)>,
    /// The article in its JSON-LD.
    article: Option<Value>,
}

impl Head {
    /// Reads the head of the page at `url`.
    pub(super) fn of(pieces: &[Piece], url: &Url) -> Self {
        let mut head = Self::default();
        for (at, piece) in pieces.iter().enumerate() {
            let Piece::Open(element) = piece else {
                continue;
            };
            let inside = match pieces.get(at + 1) {
                Some(Piece::Text(text)) => text.as_str(),
                _ => "",
            };
            head.take(element, inside, url);
        }
        head
    }

    fn take(&mut self, element: &Element, inside: &str, url: &Url) {
        match element.name.as_str() {
            "html" if self.language.is_none() => {
                self.language = element
                    .get("lang")
                    .and_then(|tag| Language::parse(tag).ok());
            }
            "base" if self.base.is_none() => {
                let href = element
                    .get("href")
                    .and_then(|href| url.join(href.trim()).ok());
                self.base = href.filter(|base| matches!(base.scheme(), "http" | "https"));
            }
            "title" if self.title.is_none() => {
                self.title = Some(words::line(inside)).filter(|title| !title.is_empty());
            }
            "link" => self.links.push(element.clone()),
            "meta" => {
                let name = ["property", "name", "itemprop"]
                    .into_iter()
                    .find_map(|key| element.get(key));
                if let (Some(name), Some(content)) = (name, element.get("content")) {
                    self.metas
                        .push((name.trim().to_ascii_lowercase(), content.trim().to_owned()));
                }
            }
            "script" if self.article.is_none() && is_json_ld(element) => {
                let json: Option<Value> = serde_json::from_str(inside.trim()).ok();
                self.article = json.and_then(|json| article_in(&json, 0).cloned());
            }
            _ => {}
        }
    }

    /// The base of relative addresses.
    pub(super) fn base(&self, url: &Url) -> Url {
        self.base.clone().unwrap_or_else(|| url.clone())
    }

    /// The first of these `<meta>` that says something, in the order of the names.
    pub(super) fn meta(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|wanted| {
            let found = self
                .metas
                .iter()
                .find(|(name, content)| name == wanted && !content.is_empty());
            found.map(|(_, content)| content.as_str())
        })
    }

    /// The address that the page gives itself, if that is on the same host.
    pub(super) fn canonical(&self, url: &Url) -> Option<String> {
        let link = self.links.iter().find(|link| has_rel(link, "canonical"))?;
        let canonical = self.base(url).join(link.get("href")?.trim()).ok()?;
        let same = canonical.host_str().map(without_www) == url.host_str().map(without_www);
        let home = canonical.path() == "/" && url.path() != "/";
        (same && !home)
            .then(|| links::canonical_link(canonical.as_str()))
            .flatten()
    }

    /// A text of the article's JSON-LD.
    pub(super) fn article_text(&self, key: &str) -> Option<String> {
        let value = self.article.as_ref()?.get(key)?;
        let text = text_of(value)?;
        Some(words::line_of_markup(&text)).filter(|text| !text.is_empty())
    }

    /// The names of the article's authors.
    pub(super) fn article_authors(&self) -> Vec<String> {
        let Some(authors) = self
            .article
            .as_ref()
            .and_then(|article| article.get("author"))
        else {
            return Vec::new();
        };
        let list = match authors {
            Value::Array(list) => list.iter().collect(),
            one => vec![one],
        };
        list.into_iter()
            .filter_map(|author| text_of(author.get("name").unwrap_or(author)))
            .map(|name| words::line_of_markup(&name))
            .filter(|name| !name.is_empty())
            .collect()
    }

    /// The article's picture.
    pub(super) fn article_image(&self) -> Option<String> {
        let image = self.article.as_ref()?.get("image")?;
        let first = match image {
            Value::Array(list) => list.first()?,
            one => one,
        };
        text_of(first.get("url").unwrap_or(first))
    }
}

/// Whether a link has this word among its relations.
pub(super) fn has_rel(link: &Element, wanted: &str) -> bool {
    link.get("rel").is_some_and(|rel| {
        rel.split_ascii_whitespace()
            .any(|word| word.eq_ignore_ascii_case(wanted))
    })
}

/// A host's name without the label that most sites answer under as well.
pub(super) fn without_www(host: &str) -> &str {
    host.strip_prefix("www.").unwrap_or(host)
}

fn is_json_ld(script: &Element) -> bool {
    script.get("type").is_some_and(|kind| {
        kind.trim()
            .to_ascii_lowercase()
            .starts_with("application/ld+json")
    })
}

/// The first article in a JSON-LD document, also inside a list or a graph.
fn article_in(json: &Value, depth: usize) -> Option<&Value> {
    if depth > MAX_DEPTH {
        return None;
    }
    match json {
        Value::Array(list) => list.iter().find_map(|item| article_in(item, depth + 1)),
        Value::Object(object) => {
            let is_article = match object.get("@type") {
                Some(Value::String(kind)) => ARTICLES.contains(&kind.as_str()),
                Some(Value::Array(kinds)) => {
                    let mut kinds = kinds.iter().filter_map(Value::as_str);
                    kinds.any(|kind| ARTICLES.contains(&kind))
                }
                _ => false,
            };
            if is_article {
                return Some(json);
            }
            ["@graph", "mainEntity", "mainEntityOfPage"]
                .into_iter()
                .find_map(|key| article_in(object.get(key)?, depth + 1))
        }
        _ => None,
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(list) => list.first().and_then(text_of),
        _ => None,
    }
}
