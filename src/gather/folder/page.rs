//! A post written as HTML: title, head fields and the part of the page that is the post.

use jiff::tz::TimeZone;

use super::{Draft, word};
use crate::gather::markup::{self, Piece};
use crate::gather::{dates, plain, words};
use crate::model::{Author, Language};

/// Where a page keeps its post, the best first.
const HOLDERS: [&str; 3] = ["article", "main", "body"];

/// Parts of a whole page that are not its post.
const FURNITURE: [&str; 3] = ["nav", "footer", "aside"];

/// Reads a page; its day is one of the zone where it names none.
pub(super) fn read(html: &str, zone: &TimeZone) -> Draft {
    let pieces = markup::pieces(html);
    let meta = |names: &[&str]| meta_of(&pieces, names);
    let language = pieces.iter().find_map(|piece| match piece {
        Piece::Open(element) if matches!(element.name.as_str(), "html" | "body") => {
            Language::parse(element.get("lang")?).ok()
        }
        _ => None,
    });
    let mut content = word::tidied(&content_of(&pieces));
    let heading = take_heading(&mut content);
    let image = meta(&["og:image"]);
    Draft {
        title: heading.or_else(|| element_text(&pieces, "title")),
        author: meta(&["author"]).map(|name| Author {
            name: words::line(&name),
            role: None,
            bio: None,
            photo: None,
        }),
        language,
        published: meta(&["date", "article:published_time", "dcterms.date"])
            .and_then(|text| dates::instant_in(&text, zone))
            .filter(|day| !dates::is_none(*day)),
        summary: meta(&["description", "og:description"]),
        image: image.map(|url| (url, meta(&["og:image:alt"]).unwrap_or_default())),
        html: markup::write(&markup::without_machinery(content)),
        topics: meta(&["keywords"]).map_or_else(Vec::new, |keywords| {
            keywords.split(',').map(words::line).collect()
        }),
        call_to_action: None,
    }
}

/// The content of the first `<meta>` by `name` or `property`, in the order of the names.
fn meta_of(pieces: &[Piece], names: &[&str]) -> Option<String> {
    names.iter().find_map(|wanted| {
        pieces.iter().find_map(|piece| match piece {
            Piece::Open(element) if element.name == "meta" => {
                let name = element.get("name").or_else(|| element.get("property"))?;
                let content = element.get("content")?.trim();
                (name.eq_ignore_ascii_case(wanted) && !content.is_empty())
                    .then(|| content.to_owned())
            }
            _ => None,
        })
    })
}

fn content_of(pieces: &[Piece]) -> Vec<Piece> {
    for holder in HOLDERS {
        if let Some(start) = pieces.iter().position(|piece| piece.opens(holder)) {
            let inside = &pieces[start + 1..closing(pieces, start, holder)];
            return match holder {
                "body" => without_furniture(inside),
                _ => inside.to_vec(),
            };
        }
    }
    without_furniture(pieces)
}

/// Where the element that opens at `start` is closed, or the end.
fn closing(pieces: &[Piece], start: usize, name: &str) -> usize {
    let mut depth = 0_usize;
    for (at, piece) in pieces.iter().enumerate().skip(start) {
        if piece.opens(name) {
            depth += 1;
        } else if piece.closes(name) {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at;
            }
        }
    }
    pieces.len()
}

fn without_furniture(pieces: &[Piece]) -> Vec<Piece> {
    let mut kept = Vec::new();
    let mut at = 0;
    while let Some(piece) = pieces.get(at) {
        let part = FURNITURE.iter().find(|part| piece.opens(part));
        match part {
            Some(part) => at = closing(pieces, at, part),
            None => kept.push(piece.clone()),
        }
        at += 1;
    }
    kept
}

/// The first `<h1>` is the title and leaves the text.
pub(super) fn take_heading(pieces: &mut Vec<Piece>) -> Option<String> {
    let start = pieces.iter().position(|piece| piece.opens("h1"))?;
    let end = closing(pieces, start, "h1");
    let title = words::line(&plain::text(&pieces[start..end]));
    if title.is_empty() {
        return None;
    }
    pieces.drain(start..(end + 1).min(pieces.len()));
    Some(title)
}

fn element_text(pieces: &[Piece], name: &str) -> Option<String> {
    let start = pieces.iter().position(|piece| piece.opens(name))?;
    match pieces.get(start + 1) {
        Some(Piece::Text(text)) => Some(words::line(text)).filter(|text| !text.is_empty()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_page_gives_its_article_and_its_head() {
        let draft = read(
            "<!doctype html><html lang=\"nl\"><head><title>Kassa | Blog</title>\
             <meta name=author content='Sanne de Wit'><meta name=description content='Over de kassa.'>\
             <meta property='article:published_time' content='2026-11-02T08:00:00+01:00'>\
             <meta name='keywords' content='verkoop, Eerlijk Verkopen'>\
             <meta property='og:image' content='kassa.jpg'></head>\
             <body><nav>menu</nav><article><h1>De kassa</h1><p>Tekst.</p></article><footer>voet</footer></body></html>",
            &TimeZone::UTC,
        );
        assert_eq!(draft.title.as_deref(), Some("De kassa"));
        assert_eq!(draft.author.unwrap().name, "Sanne de Wit");
        assert_eq!(draft.summary.as_deref(), Some("Over de kassa."));
        assert_eq!(draft.published.unwrap().to_string(), "2026-11-02T07:00:00Z");
        assert_eq!(draft.image, Some(("kassa.jpg".to_owned(), String::new())));
        assert_eq!(draft.topics, ["verkoop", "Eerlijk Verkopen"]);
        assert_eq!(draft.language, Language::parse("nl").ok());
        assert_eq!(draft.html, "<p>Tekst.</p>");
    }

    #[test]
    fn a_fragment_is_a_post_too() {
        let draft = read("<p>Alleen <b>tekst</b>.</p>", &TimeZone::UTC);
        assert_eq!(draft.title, None);
        assert_eq!(draft.html, "<p>Alleen <b>tekst</b>.</p>");
        let page = read(
            "<title>Titel</title><body><nav>x</nav><p>Tekst</p></body>",
            &TimeZone::UTC,
        );
        assert_eq!(page.title.as_deref(), Some("Titel"));
        assert_eq!(page.html, "<p>Tekst</p>");
    }
}
