//! A selector to begin with, for a page without a feed: the links that stand in repeated, alike places.
//!
//! A list of posts is the same small piece of HTML again and again, with another address and other words in it. The
//! paths of all links are counted; the path with most different addresses and longest words is proposed. A proposal
//! for a person to look at: nothing is fetched by it unasked.

use std::collections::{BTreeMap, HashSet};

use url::Url;

use super::tree;
use crate::gather::head::without_www;
use crate::gather::markup::{Element, Piece};

/// Fewer links alike are no list.
const LEAST: usize = 3;

/// Shorter words are those of a menu, in characters on average.
const LEAST_WORDS: usize = 12;

/// Parts of a page that hold menus and no posts.
const FURNITURE: [&str; 4] = ["nav", "footer", "aside", "header"];

/// Elements that tell one place from another.
const TELLING: [&str; 12] = [
    "main", "article", "section", "ul", "ol", "li", "h1", "h2", "h3", "h4", "table", "a",
];

/// Steps of a proposed path: longer ones break at the next change of the site.
const MOST_STEPS: usize = 3;

/// One open element on the way to a link.
struct Step {
    name: String,
    /// How a selector names it.
    word: String,
}

/// The links of one path.
#[derive(Default)]
struct Alike {
    addresses: HashSet<String>,
    letters: usize,
    links: usize,
}

/// A selector of the links that look most like a list of posts; it is tried before it is given.
pub(in crate::gather) fn selector(pieces: &[Piece], url: &Url) -> Option<String> {
    let paths = paths(pieces, url);
    let best = paths
        .into_iter()
        .filter(|(_, alike)| {
            alike.addresses.len() >= LEAST && alike.letters / alike.links >= LEAST_WORDS
        })
        .max_by_key(|(path, alike)| {
            let headed = ["h1", "h2", "h3", "h4", "article"]
                .iter()
                .any(|word| path.contains(word));
            let letters = (alike.letters / alike.links).min(60);
            alike.addresses.len().min(30) * letters * if headed { 2 } else { 1 }
        })?;
    let html = tree::safe_html(pieces).ok()?;
    let found = tree::hrefs(&html, &tree::matcher(&best.0)?).ok()?;
    (found.len() >= LEAST).then_some(best.0)
}

fn paths(pieces: &[Piece], url: &Url) -> BTreeMap<String, Alike> {
    let mut open: Vec<Step> = Vec::new();
    let mut found: BTreeMap<String, Alike> = BTreeMap::new();
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Open(element) if markup_is_void(&element.name) => {}
            Piece::Open(element) => {
                open.push(step(element));
                if let Some(address) = post_address(element, url)
                    && !open
                        .iter()
                        .any(|step| FURNITURE.contains(&step.name.as_str()))
                {
                    let alike = found.entry(path(&open)).or_default();
                    alike.addresses.insert(address);
                    alike.letters += letters(&pieces[at..]);
                    alike.links += 1;
                }
            }
            Piece::Close(name) => {
                if let Some(at) = open.iter().rposition(|step| step.name == *name) {
                    open.truncate(at);
                }
            }
            Piece::Text(_) => {}
        }
    }
    found
}

fn step(element: &Element) -> Step {
    let class = element.get("class").and_then(|classes| {
        classes
            .split_ascii_whitespace()
            .find(|class| is_plain(class))
    });
    Step {
        word: match class {
            Some(class) => format!("{}.{class}", element.name),
            None => element.name.clone(),
        },
        name: element.name.clone(),
    }
}

/// A class that a person gave: no digits, nothing that a selector would have to escape.
fn is_plain(class: &str) -> bool {
    class.len() >= 3
        && class
            .chars()
            .all(|c| c.is_ascii_alphabetic() || c == '-' || c == '_')
}

/// The address of a link to a page of the same site that is not this one.
fn post_address(element: &Element, url: &Url) -> Option<String> {
    if element.name != "a" {
        return None;
    }
    let mut target = url.join(element.get("href")?.trim()).ok()?;
    target.set_fragment(None);
    let same = target.host_str().map(without_www) == url.host_str().map(without_www);
    let deeper = target.path().trim_matches('/').len() > 3 && target.path() != url.path();
    (same && deeper).then(|| target.into())
}

/// Characters of the link's words.
fn letters(from: &[Piece]) -> usize {
    let inside = from.iter().take(12).take_while(|piece| !piece.closes("a"));
    inside
        .map(|piece| match piece {
            Piece::Text(text) => text.trim().chars().count(),
            _ => 0,
        })
        .sum()
}

/// The last telling steps, or those with a class.
fn path(open: &[Step]) -> String {
    let telling = open.iter().rev().filter(|step| {
        let has_class = step.word.contains('.');
        TELLING.contains(&step.name.as_str())
            || has_class && step.name != "body" && step.name != "html"
    });
    let mut words: Vec<&str> = telling
        .take(MOST_STEPS)
        .map(|step| step.word.as_str())
        .collect();
    words.reverse();
    words.join(" ")
}

fn markup_is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "source"
            | "track"
            | "wbr"
    )
}

/// The proposal for a page that is text.
#[cfg(test)]
fn for_html(html: &str) -> Option<String> {
    let url = Url::parse("https://example.nl/nieuws/").ok()?;
    selector(&crate::gather::markup::pieces(html), &url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_posts_is_told_from_the_menu() {
        let item = |n: usize| {
            format!(
                "<div class=\"card card-12\"><img src=x.jpg><h3><a href=/nieuws/bericht-{n}>Een bericht met nummer {n}</a></h3>\
                 <p>Meer</p><a href=/nieuws/bericht-{n}>Lees verder</a></div>"
            )
        };
        let cards: String = (0..6).map(item).collect();
        let menu = "<nav><a href=/over-ons>Over ons en ons bedrijf</a><a href=/contact>Neem contact op</a></nav>";
        let html = format!(
            "<body>{menu}<main>{cards}</main><footer><a href=/voorwaarden>Onze voorwaarden</a></footer>"
        );
        assert_eq!(for_html(&html).as_deref(), Some("div.card h3 a"));
    }

    #[test]
    fn a_page_without_a_list_gets_no_proposal() {
        assert_eq!(
            for_html("<p>Hallo <a href=/contact>neem gerust contact op</a>"),
            None
        );
    }
}
