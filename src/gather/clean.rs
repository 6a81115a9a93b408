//! Makes foreign HTML safe and fit to be mailed.
//!
//! First the pieces are repaired: addresses made absolute, tracking stripped, pictures of one pixel and controls that
//! turn text around removed. Then what nests too deep or makes too many elements is refused. The sanitiser, with a short list of what may stay,
//! comes last and has the last word.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use url::Url;

use super::markup::{self, Element, Piece};
use super::{budget, links, nesting, picture, plain, words};
use crate::model::Image;

/// What may stay, in the order of the alphabet. No style, class, script, form or frame; `div` stays, or its paragraphs would run together.
const TAGS: [&str; 49] = [
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "small",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
    "var",
];

/// Elements that only say what a block is: a block is what stays of them.
const BLOCKS: [&str; 14] = [
    "address", "article", "aside", "center", "details", "fieldset", "footer", "form", "header",
    "main", "nav", "section", "summary", "textarea",
];

/// Attributes that may stay, by element.
const ATTRIBUTES: [(&str, &[&str]); 6] = [
    ("a", &["href"]),
    ("abbr", &["title"]),
    ("img", &["src", "alt", "width", "height"]),
    ("ol", &["start"]),
    ("td", &["colspan", "rowspan"]),
    ("th", &["colspan", "rowspan"]),
];

/// Elements that are nothing without something in them: what is left of a picture that went.
const HOLDERS: [&str; 3] = ["p", "figure", "li"];

/// A reference inside a post, to be resolved by who knows where the post lives.
pub(super) enum Reference<'a> {
    Link(&'a str),
    Picture(&'a str),
}

/// Where a reference leads in the end, and what is known of the picture there.
#[derive(Debug, Default)]
pub(super) struct Target {
    pub(super) address: String,
    /// Its own width and height, in pixels.
    pub(super) size: Option<(u32, u32)>,
    /// What it shows, for where the HTML does not say.
    pub(super) alt: Option<String>,
}

impl From<String> for Target {
    fn from(address: String) -> Self {
        Self {
            address,
            ..Self::default()
        }
    }
}

/// HTML that nests deeper, or makes more elements, than a parser should be asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooDeep;

/// Safe HTML with what was seen on the way.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Clean {
    pub(super) html: String,
    /// All of it as plain text.
    pub(super) text: String,
    /// The running text alone: no headings, captions, tables or code. What a summary is made of.
    pub(super) prose: String,
    pub(super) first_image: Option<Image>,
}

/// Repairs and sanitises HTML; `resolve` gives each address in its final form, or `None` to drop the reference.
pub(super) fn clean(
    html: &str,
    resolve: impl FnMut(Reference) -> Option<Target>,
) -> Result<Clean, TooDeep> {
    clean_pieces(markup::pieces(html), resolve)
}

/// The safe HTML alone; addresses are absolute below `base`, or as they stand where they have no base to stand on.
/// HTML that nests too deep becomes its text.
pub(super) fn safe_html(html: &str, base: Option<&Url>) -> String {
    // Most texts of feeds that call themselves HTML have no markup in them.
    if !html.contains(['<', '&', '>']) && !words::has_turns(html) {
        return html.trim().to_owned();
    }
    let resolve = |reference: Reference| match (reference, base) {
        (Reference::Link(href), Some(base)) => links::absolute(base, href).map(Into::into),
        (Reference::Picture(src), Some(base)) => links::picture(base, src).map(Into::into),
        (Reference::Link(href), None) => {
            let alone = Url::parse(href.trim()).ok()?;
            links::absolute(&alone, href).map(Into::into)
        }
        (Reference::Picture(src), None) => {
            let alone = Url::parse(src.trim()).ok()?;
            links::picture(&alone, src).map(Into::into)
        }
    };
    let pieces = repair(markup::without_machinery(markup::pieces(html)), resolve);
    if !nesting::is_bearable(&pieces) {
        let mut text = String::new();
        markup::escape_into(&mut text, &plain::text(&pieces));
        return text;
    }
    let safe = SANITISER
        .clean(&markup::write_in_parts(&pieces))
        .to_string();
    safe.trim().to_owned()
}

/// Like [`clean`], for pieces that have been read already.
pub(super) fn clean_pieces(
    pieces: Vec<Piece>,
    resolve: impl FnMut(Reference) -> Option<Target>,
) -> Result<Clean, TooDeep> {
    let pieces = repair(markup::without_machinery(pieces), resolve);
    if !nesting::is_bearable(&pieces) {
        return Err(TooDeep);
    }
    budget::spend(pieces.len());
    let text = plain::text(&pieces);
    let first_image = pieces.iter().find_map(picture::image_of);
    let html = SANITISER
        .clean(&markup::write_in_parts(&pieces))
        .to_string();
    Ok(Clean {
        // Without a word or a picture, what is left are empty elements.
        html: match text.is_empty() && first_image.is_none() {
            true => String::new(),
            false => html.trim().to_owned(),
        },
        prose: match plain::prose(&pieces) {
            prose if prose.is_empty() => text.clone(),
            prose => prose,
        },
        text,
        first_image,
    })
}

static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(TAGS.into_iter().collect())
        .clean_content_tags(HashSet::from(["script", "style"]))
        .tag_attributes(
            ATTRIBUTES
                .into_iter()
                .map(|(tag, names)| (tag, names.iter().copied().collect()))
                .collect::<HashMap<_, _>>(),
        )
        .generic_attributes(HashSet::from(["lang", "dir"]))
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel"]))
        // Every address has been resolved; what is relative now is a file that we publish ourselves.
        .url_relative(UrlRelative::PassThrough)
        .link_rel(None)
        .strip_comments(true);
    builder
});

fn repair(pieces: Vec<Piece>, mut resolve: impl FnMut(Reference) -> Option<Target>) -> Vec<Piece> {
    let mut kept: Vec<Piece> = Vec::with_capacity(pieces.len());
    let mut bare_link = false;
    for piece in pieces.into_iter().filter_map(known) {
        match piece {
            Piece::Open(element) if element.name == "img" => {
                kept.extend(picture::repair(element, &mut resolve).map(Piece::Open));
            }
            Piece::Open(element) if element.name == "a" => {
                let link = link(element, &mut resolve);
                bare_link = link.is_none();
                kept.extend(link.map(Piece::Open));
            }
            Piece::Close(name) if name == "a" && bare_link => bare_link = false,
            Piece::Close(name) => close(&mut kept, name),
            Piece::Text(text) => kept.push(Piece::Text(words::without_turns(text))),
            open => kept.push(open),
        }
    }
    kept
}

/// The piece, if its element may stay; no parser sees another, so that none can take its content for something else.
fn known(mut piece: Piece) -> Option<Piece> {
    let (Piece::Open(Element { name, .. }) | Piece::Close(name)) = &mut piece else {
        return Some(piece);
    };
    if TAGS.binary_search(&name.as_str()).is_ok() {
        return Some(piece);
    }
    if !BLOCKS.contains(&name.as_str()) {
        return None;
    }
    "div".clone_into(name);
    Some(piece)
}

/// Closes an element; a paragraph or figure that holds nothing is taken back instead.
fn close(kept: &mut Vec<Piece>, name: String) {
    let blank = |piece: &Piece| matches!(piece, Piece::Text(text) if text.trim().is_empty());
    let held = kept.iter().rposition(|piece| !blank(piece));
    match held {
        Some(at) if HOLDERS.contains(&name.as_str()) && kept[at].opens(&name) => kept.truncate(at),
        _ => kept.push(Piece::Close(name)),
    }
}

/// A link with its final address; without a usable one the words stay alone.
fn link(
    mut element: Element,
    resolve: &mut impl FnMut(Reference) -> Option<Target>,
) -> Option<Element> {
    let target = resolve(Reference::Link(element.get("href")?))?;
    element.set("href", target.address);
    Some(element)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_feed(html: &str) -> Clean {
        let base = Url::parse("https://blog.example.nl/2026/post/").unwrap();
        clean(html, |reference| match reference {
            Reference::Link(href) => links::absolute(&base, href).map(Target::from),
            Reference::Picture(src) => links::picture(&base, src).map(Target::from),
        })
        .unwrap()
    }

    #[test]
    fn a_long_text_stays_whole() {
        let text = "één & ander; ".repeat(2_000);
        let clean = from_feed(&format!("<p>{text}</p>"));
        let html = format!("<p>{}</p>", text.replace('&', "&amp;"));
        assert!(clean.html == html && clean.text == text.trim());
    }

    #[test]
    fn hostile_html_loses_its_teeth() {
        for html in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "<a href='javascript:alert(1)'>x</a>",
            "<a href='java\nscript:alert(1)'>x</a>",
            "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
            "<svg><script>alert(1)</script></svg>",
            "<svg/onload=alert(1)>",
            "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
            "<iframe src='https://evil.example/'></iframe>",
            "<object data='https://evil.example/'></object>",
            "<p style='background:url(javascript:alert(1))'>x</p>",
            "<form action='https://evil.example/'><input name=q></form>",
            "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
            "<textarea></textarea><img src=x onerror=alert(1)>",
            "<template><script>alert(1)</script></template>",
            "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
            "<base href='https://evil.example/'>",
            "<p title=\"x\" onclick=alert(1)>x</p>",
        ] {
            let safe = from_feed(html).html;
            for word in [
                "alert",
                "script",
                "evil.example",
                "onerror",
                "style",
                "<form",
                "<input",
                "<meta",
            ] {
                assert!(!safe.contains(word), "{html} left {safe}");
            }
        }
    }

    #[test]
    fn addresses_become_absolute_and_lose_their_trackers() {
        let clean = from_feed(
            "<a href='../andere/?utm_source=rss&amp;id=7&amp;fbclid=x#deel'>lees</a><img src='/foto.jpg' width='640px' height=480>",
        );
        assert_eq!(
            clean.html,
            "<a href=\"https://blog.example.nl/2026/andere/?id=7#deel\">lees</a>\
             <img src=\"https://blog.example.nl/foto.jpg\" width=\"640\" height=\"480\" alt=\"\">"
        );
        assert_eq!(clean.first_image.unwrap().size, Some((640, 480)));
    }

    #[test]
    fn pixels_and_late_pictures() {
        let clean = from_feed(
            "<p>a</p><img src='https://t.example/p.gif' width=1 height=1><img src='/p2.gif' style='width: 1px'>\
             <img src='data:image/gif;base64,R0lGODlhAQABAAAAACw=' data-src='/echt.jpg' alt='Een kraam'><img src='data:image/gif;base64,AA'>",
        );
        assert_eq!(
            clean.html,
            "<p>a</p><img src=\"https://blog.example.nl/echt.jpg\" alt=\"Een kraam\">"
        );
    }

    #[test]
    fn what_stays_is_in_order() {
        assert!(TAGS.is_sorted());
    }

    #[test]
    fn the_words_of_what_mail_cannot_show_stay() {
        for (html, expected) in [
            (
                "<p>uses <math><mi>K</mi><mo>=</mo><mn>8</mn></math></p>",
                "<p>uses K=8</p>",
            ),
            ("<section><p>a</p></section>b", "<div><p>a</p></div>b"),
            (
                "<video src=x><a href=\"/film\">film</a></video>",
                "<a href=\"https://blog.example.nl/film\">film</a>",
            ),
            ("<iframe>a</iframe><svg><title>b</title></svg>", "ab"),
        ] {
            assert_eq!(from_feed(html).html, expected);
        }
    }

    #[test]
    fn turned_text_is_turned_back() {
        assert_eq!(from_feed("<p>a\u{202e}b\u{2066}c</p>").html, "<p>abc</p>");
    }

    #[test]
    fn nesting_beyond_reason_is_refused() {
        let deep = "<div>".repeat(40_000);
        assert_eq!(clean(&deep, |_| None), Err(TooDeep));
        let flat = "<p>een <b>woord</b></p>".repeat(4_000);
        assert!(clean(&flat, |_| None).is_ok());
    }

    #[test]
    fn an_empty_frame_is_nothing() {
        assert_eq!(from_feed("<div><p> </p></div>"), Clean::default());
    }
}
