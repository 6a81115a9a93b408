//! A page becomes an article: title, authors, date, lead picture and text.
//!
//! What the page says of itself to programs (JSON-LD, `<meta>`, `<time datetime>`) goes before what it shows to people; the
//! text is where the operator's selector says, else where `dom_smoothie` finds it, and goes through the same cleaning as a
//! feed's. Nothing is made up: a page without a date has none.

use std::panic::{AssertUnwindSafe, catch_unwind};

use dom_smoothie::{Config, Readability};
use jiff::Timestamp;
use url::Url;

use super::tree::{self, NoTree};
use crate::gather::clean::{self, Clean, Reference};
use crate::gather::head::Head;
use crate::gather::markup::{self, Piece};
use crate::gather::{dates, identity, item, language, links, plain, words};
use crate::model::{Author, Image, Post, Source, Topic};

/// A text of fewer words is a picture's caption or the words of a menu.
const LEAST_WORDS: usize = 10;

/// Lines longer than this are running text, and a date in them is part of the story; in characters.
const MAX_DATE_LINE: usize = 80;

/// Lines on either side of the heading in which a page shows its date.
const NEAR_HEADING: usize = 8;

/// Longest line that is a byline, in characters.
const MAX_BYLINE: usize = 60;

/// Where scripts that load pictures late keep the real address.
const LAZY: [&str; 3] = ["data-src", "data-lazy-src", "data-original"];

/// Words that announce an author: Dutch, English, German, French.
const BY: [&str; 8] = [
    "door",
    "by",
    "von",
    "par",
    "geschreven door",
    "written by",
    "auteur",
    "author",
];

/// Where pages keep their date for programs, the best first.
const DATE_METAS: [&str; 10] = [
    "article:published_time",
    "og:published_time",
    "datepublished",
    "dcterms.date",
    "dcterms.created",
    "dc.date",
    "parsely-pub-date",
    "sailthru.date",
    "pubdate",
    "date",
];

/// What a page says, cleaned.
#[derive(Debug, Default)]
pub(in crate::gather) struct Article {
    pub(in crate::gather) title: Option<String>,
    pub(in crate::gather) author: Option<String>,
    pub(in crate::gather) published: Option<Timestamp>,
    pub(in crate::gather) image: Option<Image>,
    pub(in crate::gather) topics: Vec<Topic>,
    /// The address that the page gives itself.
    pub(in crate::gather) canonical: Option<String>,
    pub(in crate::gather) head: Head,
    pub(in crate::gather) body: Clean,
}

/// Why a page is no article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gather) enum Unread {
    TooDeep,
    /// The selector of the text finds nothing.
    NotSelected,
    NoText,
}

/// Reads the page at `url`; `selector` says where its text is.
pub(in crate::gather) fn read(
    html: &str,
    url: &Url,
    selector: Option<&str>,
) -> Result<Article, Unread> {
    let pieces = markup::pieces(html);
    let head = Head::of(&pieces, url);
    let safe = tree::safe_html(&loaded(pieces.clone())).map_err(unread)?;
    let base = head.base(url);
    let found = match selector {
        Some(selector) => selected(&safe, selector)?,
        None => extracted(&safe, url).ok_or(Unread::NoText)?,
    };
    let title = title_of(&head, &pieces, found.title.as_deref());
    let (body, dateline) = body_of(&found.html, title.as_deref(), &base)?;
    let site = head.meta(&["og:site_name"]).map(words::line);
    let byline = found.byline.or_else(|| dateline.as_deref().and_then(by_in));
    let author =
        author_of(&head, &pieces, byline.as_deref()).filter(|author| Some(author) != site.as_ref());
    Ok(Article {
        published: date_of(&head, &pieces, title.as_deref())
            .or_else(|| date_in(dateline.as_deref()?)),
        image: image_of(&head, &base, &body),
        topics: head
            .meta(&["article:section"])
            .and_then(Topic::from_label)
            .into_iter()
            .collect(),
        canonical: head.canonical(url),
        title,
        author,
        head,
        body,
    })
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

fn unread(why: NoTree) -> Unread {
    match why {
        NoTree::TooDeep => Unread::TooDeep,
        NoTree::Defeated => Unread::NoText,
    }
}

impl Article {
    /// The article as a post of a source without a feed; its identity is the page's address.
    pub(in crate::gather) fn into_post(self, url: &Url, source: &Source) -> Option<Post> {
        let link = links::absolute(url, url.as_str())?;
        let own = self.canonical.or_else(|| links::canonical_link(&link))?;
        let (title, title_derived) = match self.title {
            Some(title) => (title, false),
            None => (words::derived_title(&self.body.prose), true),
        };
        let mut topics = source.topics.clone();
        for topic in self.topics {
            if !topics.contains(&topic) {
                topics.push(topic);
            }
        }
        let declared = self.head.language.or_else(|| source.language.clone());
        Some(Post {
            source: source.name.clone(),
            also: Vec::new(),
            slug: item::slug(&title, &own),
            alternate: links::beyond_host(&own),
            identity: identity::bounded(own),
            title,
            title_derived,
            link: Some(link),
            author: self.author.map(|name| Author {
                name,
                role: None,
                bio: None,
                photo: None,
            }),
            published: self.published,
            language: language::settle(declared, &self.body.text),
            topics,
            summary: words::summary(&self.body.prose),
            html: self.body.html,
            image: self.image,
            call_to_action: source.call_to_action.clone(),
            lead: false,
            hold: None,
            files: Vec::new(),
        })
    }
}

/// The part of the page that is the text.
#[derive(Default)]
struct Part {
    html: String,
    title: Option<String>,
    byline: Option<String>,
}

fn selected(html: &str, selector: &str) -> Result<Part, Unread> {
    let matcher = tree::matcher(selector).ok_or(Unread::NotSelected)?;
    let inside = tree::inside(html, &matcher).map_err(unread)?;
    Ok(Part {
        html: inside.ok_or(Unread::NotSelected)?,
        ..Part::default()
    })
}

/// Where `dom_smoothie` finds the text.
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
fn body_of(html: &str, title: Option<&str>, base: &Url) -> Result<(Clean, Option<String>), Unread> {
    let mut pieces = markup::pieces(html);
    drop_title(&mut pieces, title);
    let dateline = take_dateline(&mut pieces);
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

/// A short first line with a date in it, as `Geplaatst op 2 november 2026 door Jan`.
fn take_dateline(pieces: &mut Vec<Piece>) -> Option<String> {
    let says = |piece: &Piece| matches!(piece, Piece::Text(text) if !text.trim().is_empty());
    let first = pieces.iter().position(says)?;
    let start = pieces[..first]
        .iter()
        .rposition(|piece| piece.opens("p") || piece.opens("div"))?;
    let Piece::Open(element) = &pieces[start] else {
        return None;
    };
    let length = pieces[start..]
        .iter()
        .position(|piece| piece.closes(&element.name))?;
    let line = words::line(&plain::text(&pieces[start..start + length]));
    if line.chars().count() > MAX_DATE_LINE || date_in(&line).is_none() {
        return None;
    }
    pieces.drain(start..=start + length);
    Some(line)
}

/// The name behind `door` in such a line.
fn by_in(line: &str) -> Option<String> {
    let lower = line.to_lowercase();
    let by = BY.iter().find_map(|by| {
        let word = format!(" {by} ");
        lower.find(&word).map(|at| at + word.len())
    });
    let name = line.get(by?..)?.split(['|', '·', ',', '(']).next()?.trim();
    let is_name = !name.is_empty() && !name.contains(|c: char| c.is_ascii_digit());
    is_name.then(|| name.to_owned())
}

fn drop_title(pieces: &mut Vec<Piece>, title: Option<&str>) {
    let Some(title) = title else {
        return;
    };
    for heading in ["h1", "h2"] {
        let Some(start) = pieces.iter().position(|piece| piece.opens(heading)) else {
            continue;
        };
        let Some(length) = pieces[start..]
            .iter()
            .position(|piece| piece.closes(heading))
        else {
            continue;
        };
        let said = words::line(&plain::text(&pieces[start..start + length]));
        if said == title {
            pieces.drain(start..=start + length);
            return;
        }
    }
}

/// The headline for programs, else the heading, else the window's title without the site's name.
fn title_of(head: &Head, pieces: &[Piece], extracted: Option<&str>) -> Option<String> {
    let window = head.title.as_deref().unwrap_or_default();
    let shared = head.meta(&["og:title"]).map(words::line);
    let heading = headings(pieces).find(|heading| {
        window.contains(heading.as_str())
            || shared
                .as_ref()
                .is_some_and(|shared| shared.contains(heading.as_str()))
    });
    let site = head.meta(&["og:site_name"]).map(words::line);
    head.article_text("headline")
        .or(heading)
        .or_else(|| shared.map(|shared| without_site(&shared, site.as_deref())))
        .or_else(|| extracted.map(words::line))
        .map(|title| without_site(&title, site.as_deref()))
        .filter(|title| !title.is_empty())
}

fn headings(pieces: &[Piece]) -> impl Iterator<Item = String> {
    pieces.iter().enumerate().filter_map(|(at, piece)| {
        if !piece.opens("h1") {
            return None;
        }
        let length = pieces[at..].iter().position(|piece| piece.closes("h1"))?;
        let said = words::line(&plain::text(&pieces[at..at + length]));
        (!said.is_empty()).then_some(said)
    })
}

fn without_site(title: &str, site: Option<&str>) -> String {
    let Some(cut) = site.and_then(|site| title.strip_suffix(site)) else {
        return title.to_owned();
    };
    let marks = ['|', '-', '–', '—', '·', '»', '•', ':'];
    match cut.trim_end().strip_suffix(marks).map(str::trim_end) {
        Some(bare) if !bare.is_empty() => bare.to_owned(),
        _ => title.to_owned(),
    }
}

/// Authors for programs, else the byline that people see.
fn author_of(head: &Head, pieces: &[Piece], byline: Option<&str>) -> Option<String> {
    let declared = head.article_authors();
    if !declared.is_empty() {
        return Some(declared.join(", "));
    }
    let named = [
        "author",
        "article:author",
        "parsely-author",
        "dc.creator",
        "dcterms.creator",
    ]
    .into_iter()
    .find_map(|name| head.meta(&[name]).filter(|text| !text.contains("://")))
    .map(str::to_owned);
    let name = named
        .or_else(|| marked(pieces))
        .or_else(|| byline.map(str::to_owned))?;
    let name = words::line(&without_by(&words::line_of_markup(&name)));
    let fits = name.chars().count() <= MAX_BYLINE && !name.contains('@') && !name.is_empty();
    fits.then_some(name)
}

/// `rel="author"` or `itemprop="author"`.
fn marked(pieces: &[Piece]) -> Option<String> {
    let at = pieces.iter().position(|piece| {
        matches!(piece, Piece::Open(element)
            if element.get("rel") == Some("author") || element.get("itemprop") == Some("author"))
    })?;
    let Piece::Open(element) = &pieces[at] else {
        return None;
    };
    let length = pieces[at..]
        .iter()
        .position(|piece| piece.closes(&element.name))?;
    Some(plain::text(&pieces[at..at + length])).filter(|text| !text.is_empty())
}

fn without_by(byline: &str) -> String {
    let lower = byline.to_lowercase();
    let by = BY.iter().filter(|by| {
        lower
            .strip_prefix(**by)
            .is_some_and(|rest| rest.starts_with([' ', ':']))
    });
    let cut = by.map(|by| by.len()).max().unwrap_or(0);
    let name = byline
        .get(cut..)
        .unwrap_or(byline)
        .trim_start_matches([' ', ':']);
    let end = [
        " op ", " on ", " am ", " le ", " | ", " · ", " – ", " - ", ", ",
    ]
    .iter()
    .filter_map(|mark| name.find(mark))
    .filter(|at| name[*at..].contains(|c: char| c.is_ascii_digit()))
    .min();
    name[..end.unwrap_or(name.len())].to_owned()
}

/// The date for programs, else the first that is marked as a time, else one beside the heading.
fn date_of(head: &Head, pieces: &[Piece], title: Option<&str>) -> Option<Timestamp> {
    head.article_text("datePublished")
        .and_then(|text| dates::instant(&text))
        .or_else(|| head.meta(&DATE_METAS).and_then(dates::instant))
        .or_else(|| marked_time(pieces))
        .or_else(|| shown_date(pieces, title?))
}

fn marked_time(pieces: &[Piece]) -> Option<Timestamp> {
    let times = || {
        pieces
            .iter()
            .enumerate()
            .filter_map(|(at, piece)| match piece {
                Piece::Open(element) if element.name == "time" => Some((at, element)),
                _ => None,
            })
    };
    let published = times().find(|(_, time)| {
        time.get("itemprop") == Some("datePublished")
            || time
                .get("class")
                .is_some_and(|class| class.contains("publi"))
    });
    let (at, time) = published.or_else(|| times().next())?;
    let shown = match pieces.get(at + 1) {
        Some(Piece::Text(text)) => text.as_str(),
        _ => "",
    };
    time.get("datetime")
        .and_then(dates::instant)
        .or_else(|| dates::instant(shown))
        .or_else(|| date_in(shown))
}

/// A date on a short line beside the heading, as `Geplaatst op 2 november 2026`.
fn shown_date(pieces: &[Piece], title: &str) -> Option<Timestamp> {
    let text = plain::text(&markup::without_machinery(pieces.to_vec()));
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let heading = lines.iter().position(|line| words::line(line) == title)?;
    let after = lines.iter().skip(heading + 1).take(NEAR_HEADING);
    let before = lines[..heading].iter().rev().take(NEAR_HEADING);
    after
        .chain(before)
        .filter(|line| line.chars().count() <= MAX_DATE_LINE)
        .find_map(|line| date_in(line))
}

/// Three words in a row that are a day, a month by name and a year.
fn date_in(line: &str) -> Option<Timestamp> {
    let words: Vec<&str> = line
        .split(|c: char| c.is_whitespace() || matches!(c, '|' | '·' | '(' | ')'))
        .map(|word| word.trim_matches([',', ':', ';']))
        .filter(|word| !word.is_empty())
        .collect();
    words.windows(3).find_map(|three| {
        let has_month = three
            .iter()
            .any(|word| word.chars().filter(|c| c.is_alphabetic()).count() >= 3);
        let has_year = three
            .iter()
            .any(|word| word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit()));
        (has_month && has_year)
            .then(|| dates::instant(&three.join(" ")))
            .flatten()
    })
}

/// The picture for sharing, else the article's, else the first of the text.
fn image_of(head: &Head, base: &Url, body: &Clean) -> Option<Image> {
    let shared = head.article_image().or_else(|| {
        head.meta(&["og:image:secure_url", "og:image", "twitter:image"])
            .map(str::to_owned)
    });
    let shared = shared.and_then(|src| links::picture(base, &src));
    // The site's mark stands for every page of it.
    let is_mark = |url: &String| url.to_lowercase().contains("logo");
    let Some(url) = shared.filter(|url| !is_mark(url)) else {
        return body.first_image.clone();
    };
    let same = body.first_image.as_ref().filter(|image| image.url == url);
    let alt = head.meta(&["og:image:alt"]).map(words::line);
    let side = |name: &str| head.meta(&[name]).and_then(|text| text.parse().ok());
    Some(Image {
        alt: alt
            .or_else(|| same.map(|image| image.alt.clone()))
            .unwrap_or_default(),
        size: side("og:image:width")
            .zip(side("og:image:height"))
            .or_else(|| same?.size),
        copies: Vec::new(),
        url,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_found_in_a_line_and_not_in_a_number() {
        for (line, expected) in [
            ("Geplaatst op 2 november 2026", "2026-11-02"),
            ("door Jan | 14 mrt. 2025 | Geen reacties", "2025-03-14"),
            ("November 3, 2026 by Ann", "2026-11-03"),
        ] {
            let found = date_in(line).map(|date| date.to_string());
            assert!(
                found
                    .as_deref()
                    .is_some_and(|found| found.starts_with(expected)),
                "{line} {found:?}"
            );
        }
        for line in [
            "Bel 0612 345 6789",
            "Sinds 1998 een begrip",
            "12 reacties 2026",
        ] {
            assert_eq!(date_in(line), None, "{line}");
        }
    }

    #[test]
    fn a_byline_is_a_name() {
        for (byline, name) in [
            ("Door Jan de Wit", "Jan de Wit"),
            ("By: Ann Lee on 3 November 2026", "Ann Lee"),
            ("Geschreven door Els", "Els"),
            ("Doortje Smit", "Doortje Smit"),
        ] {
            assert_eq!(without_by(byline), name);
        }
    }

    #[test]
    fn the_sites_name_leaves_the_title() {
        assert_eq!(without_site("Kaas | De Waag", Some("De Waag")), "Kaas");
        assert_eq!(without_site("De Waag", Some("De Waag")), "De Waag");
        assert_eq!(
            without_site("Open dag in De Waag", Some("De Waag")),
            "Open dag in De Waag"
        );
    }
}
