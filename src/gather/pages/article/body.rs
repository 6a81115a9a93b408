//! Where a page's text is, and the text: cleaned, without what the post has already.

use std::panic::{AssertUnwindSafe, catch_unwind};

use dom_smoothie::{Config, Readability};
use url::Url;

use super::super::tree;
use super::{Unread, date, end_of};
use crate::gather::clean::{self, Clean, Reference};
use crate::gather::markup::{self, Piece};
use crate::gather::{links, plain, words};

/// A text of fewer words is a picture's caption or the words of a menu.
const LEAST_WORDS: usize = 10;

/// Where scripts that load pictures late keep the real address.
const LAZY: [&str; 3] = ["data-src", "data-lazy-src", "data-original"];

/// The part of the page that is the text.
#[derive(Default)]
pub(super) struct Part {
    pub(super) html: String,
    pub(super) title: Option<String>,
    pub(super) byline: Option<String>,
}

/// Finds the text of a page: where `selector` says, or without one where `dom_smoothie` finds it.
pub(super) fn find(pieces: &[Piece], url: &Url, selector: Option<&str>) -> Result<Part, Unread> {
    let html = tree::safe_html(&loaded(pieces.to_vec()))?;
    match selector {
        Some(selector) => selected(&html, selector),
        None => extracted(&html, url).ok_or(Unread::NoText),
    }
}

/// The pieces with each picture's address where a browser would find it: a picture without one counts as none, and what
/// holds it as empty.
fn loaded(mut pieces: Vec<Piece>) -> Vec<Piece> {
    for piece in &mut pieces {
        if let Piece::Open(element) = piece
            && element.name == "img"
            && let Some(late) = LAZY.iter().find_map(|name| element.get(name))
        {
            let late = late.to_owned();
            element.set("src", late);
        }
    }
    pieces
}

fn selected(html: &str, selector: &str) -> Result<Part, Unread> {
    let matcher = tree::matcher(selector).ok_or(Unread::NotSelected)?;
    let inside = tree::inside(html, &matcher)?;
    Ok(Part {
        html: inside.ok_or(Unread::NotSelected)?,
        ..Part::default()
    })
}

fn extracted(html: &str, url: &Url) -> Option<Part> {
    let work = || {
        let config = Config {
            disable_json_ld: true,
            ..Config::default()
        };
        let mut reader = Readability::new(html, Some(url.as_str()), Some(config)).ok()?;
        let article = reader.parse().ok()?;
        Some(Part {
            html: article.content.to_string(),
            title: Some(article.title),
            byline: article.byline,
        })
    };
    catch_unwind(AssertUnwindSafe(work)).ok().flatten()
}

/// The text without its own title and the line with its date, which the post has already; and that line.
pub(super) fn body_of(
    html: &str,
    title: Option<&str>,
    base: &Url,
) -> Result<(Clean, Option<String>), Unread> {
    let mut pieces = markup::pieces(html);
    drop_title(&mut pieces, title);
    let dateline = date::take_dateline(&mut pieces);
    let clean = clean::clean_pieces(pieces, |reference| match reference {
        Reference::Link(href) => links::absolute(base, href).map(Into::into),
        Reference::Picture(src) => links::picture(base, src).map(Into::into),
    })
    .map_err(|clean::TooDeep| Unread::TooDeep)?;
    match words::count(&clean.text) < LEAST_WORDS {
        true => Err(Unread::NoText),
        false => Ok((clean, dateline)),
    }
}

fn drop_title(pieces: &mut Vec<Piece>, title: Option<&str>) {
    let Some(title) = title else {
        return;
    };
    for heading in ["h1", "h2"] {
        let Some(start) = pieces.iter().position(|piece| piece.opens(heading)) else {
            continue;
        };
        let Some(end) = end_of(pieces, start) else {
            continue;
        };
        let said = words::line(&plain::text(&pieces[start..end]));
        if said == title {
            pieces.drain(start..=end);
            return;
        }
    }
}
