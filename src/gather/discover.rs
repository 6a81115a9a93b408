//! From a page's address to its feed: what the page declares, then what it links to, then the usual places.
//!
//! What a page declares is ranked: feeds of the very part of the site that was asked for come first, feeds of comments
//! last. Each candidate is fetched until one can be read; the usual places are asked one after another and only where
//! the page names nothing, since each of them is a request that the site did not invite.

use url::Url;

use super::fetch::Document;
use super::head::{Head, has_rel, without_www};
use super::markup::{self, Element, Piece};
use super::pages::suggest;
use super::{Asking, Error, Gathered, charset, plain, words};

/// Media types of feeds.
const FEEDS: [&str; 6] = [
    "application/rss+xml",
    "application/atom+xml",
    "application/feed+json",
    "application/rdf+xml",
    "text/xml",
    "application/xml",
];

/// What announces that a feed has comments and not posts (English, Dutch, German, French).
const COMMENTS: [&str; 5] = ["comment", "reacti", "kommentar", "commentaire", "replies"];

/// Where software usually puts its feed, seen from a folder of the site.
const USUAL: [&str; 9] = [
    "feed",
    "rss.xml",
    "atom.xml",
    "feed.xml",
    "index.xml",
    "rss",
    "feed.json",
    "blog/feed",
    "?format=rss",
];

/// Usual places below a page that is not the site's first.
const USUAL_BELOW: [&str; 6] = [
    "feed",
    "rss.xml",
    "atom.xml",
    "feed.xml",
    "index.xml",
    "?format=rss",
];

/// Requests for candidates, at most: a page may declare one feed for each of its tags.
const MOST_DECLARED: usize = 4;

/// Failures of the host itself, after which no more places are guessed.
const MOST_FAILURES: usize = 2;

/// A feed that was found for a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The page, after redirects.
    pub page: Url,
    /// Its feed.
    pub feed: Url,
    /// Other feeds of posts that the page names.
    pub others: Vec<Url>,
}

/// How far from a page its feed is looked for in places that it does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// On the whole site: a person looks at what is found.
    Site,
    /// Below the page: nobody looks, and the feed of the whole site may be everybody's.
    Page,
}

/// Finds the feed of a page, and what it gives.
pub(super) async fn discover(
    page: Document,
    guesses: Option<Reach>,
    asking: Asking<'_>,
) -> Result<Gathered, Error> {
    let looked = page.clone();
    let look = asking.fetcher.read_apart(move || Ok(look_over(&looked)));
    let (named, title, suggestion) = look.await?;
    let mut broken = None;
    for feed in named.iter().take(MOST_DECLARED) {
        match asking.feed_at(feed, None).await {
            Ok(gathered) => return Ok(found(gathered, &page.url, feed, &named)),
            Err(error) => drop(broken.get_or_insert((feed.clone(), error))),
        }
    }
    if let Some((feed, error)) = broken {
        return Err(Error::FeedElsewhere {
            feed: feed.into(),
            why: Some(Box::new(error)),
        });
    }
    let guessed = match guesses {
        Some(reach) => guess(&page.url, reach, asking).await,
        None => None,
    };
    match guessed {
        Some((feed, gathered)) => Ok(found(gathered, &page.url, &feed, &[])),
        None => Err(Error::NoFeed { title, suggestion }),
    }
}

/// The feed that a page names first; for a page that lies in a file, and cannot be asked further.
pub fn feed_of_page(bytes: &[u8], url: &Url) -> Option<Url> {
    let text = charset::decode(bytes, None).text;
    named(&markup::pieces(&text), url).into_iter().next()
}

/// What to say of a page that stands where a feed was, if it names one.
pub(super) fn named_elsewhere(page: &Document) -> Option<Error> {
    let text = charset::decode(&page.bytes, page.content_type.as_deref()).text;
    let feed = named(&markup::pieces(&text), &page.url)
        .into_iter()
        .next()?;
    Some(Error::FeedElsewhere {
        feed: feed.into(),
        why: None,
    })
}

type Look = (Vec<Url>, Option<String>, Option<String>);

/// The feeds that the page names, its title, and a selector that may find its posts.
fn look_over(page: &Document) -> Look {
    let text = charset::decode(&page.bytes, page.content_type.as_deref()).text;
    let pieces = markup::pieces(&text);
    let title = Head::of(&pieces, &page.url).title;
    let named = named(&pieces, &page.url);
    let suggestion = match named.is_empty() {
        true => suggest::selector(&pieces, &page.url),
        false => None,
    };
    (named, title, suggestion)
}

fn found(gathered: Gathered, page: &Url, feed: &Url, named: &[Url]) -> Gathered {
    let others = named.iter().filter(|other| *other != feed).cloned();
    Gathered {
        found: Some(Found {
            page: page.clone(),
            feed: feed.clone(),
            others: others.collect(),
        }),
        ..gathered
    }
}

/// Asks the usual places.
async fn guess(page: &Url, reach: Reach, asking: Asking<'_>) -> Option<(Url, Gathered)> {
    let mut failures = 0;
    for place in places(page, reach) {
        match asking.feed_at(&place, None).await {
            Ok(gathered) => return Some((place, gathered)),
            Err(Error::TooManyRequests) => return None,
            Err(error) if error.is_transient() && !matches!(error, Error::Empty) => failures += 1,
            Err(_) => {}
        }
        if failures >= MOST_FAILURES {
            return None;
        }
    }
    None
}

/// The usual places: below the page itself, then at the top of its site.
fn places(page: &Url, reach: Reach) -> Vec<Url> {
    let mut places = Vec::new();
    let mut add = |base: &Url, names: &[&str]| {
        for name in names {
            if let Ok(place) = base.join(name)
                && !places.contains(&place)
            {
                places.push(place);
            }
        }
    };
    let mut folder = page.clone();
    folder.set_query(None);
    folder.set_fragment(None);
    if folder.path() != "/" {
        let last = folder.path().rsplit('/').next().unwrap_or_default();
        if !last.is_empty() && !last.contains('.') {
            let path = format!("{}/", folder.path());
            folder.set_path(&path);
        }
        add(&folder, &USUAL_BELOW);
    }
    if let Ok(top) = page.join("/")
        && (reach == Reach::Site || folder.path() == "/")
    {
        add(&top, &USUAL);
    }
    places
}

/// All feeds that the page names, the best first.
fn named(pieces: &[Piece], url: &Url) -> Vec<Url> {
    let head = Head::of(pieces, url);
    let base = head.base(url);
    let mut found: Vec<(Rank, Url)> = Vec::new();
    let mut add = |candidate: Option<(Rank, Url)>| {
        if let Some((rank, feed)) = candidate
            && feed != *url
            && !found.iter().any(|(_, known)| *known == feed)
        {
            found.push((rank, feed));
        }
    };
    for link in &head.links {
        add(declared(link, &base, url));
    }
    for (anchor, words) in anchors(pieces) {
        add(linked(anchor, &words, &base, url));
    }
    // A stable sort: of equal ones the page's order decides.
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, feed)| feed).collect()
}

/// How good a candidate is; smaller is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    comments: bool,
    linked: bool,
    elsewhere: bool,
}

/// `<link rel="alternate" type="application/rss+xml" href>`.
fn declared(link: &Element, base: &Url, page: &Url) -> Option<(Rank, Url)> {
    if !has_rel(link, "alternate") && !has_rel(link, "feed") || has_rel(link, "stylesheet") {
        return None;
    }
    let kind = link.get("type").unwrap_or_default();
    let kind = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let feed = address(link, base)?;
    // Blog software declares its whole programming interface as JSON as well.
    let json_feed = kind == "application/json" && feed.path().contains("feed");
    if !FEEDS.contains(&kind.as_str()) && !json_feed && !has_rel(link, "feed") {
        return None;
    }
    let title = link.get("title").unwrap_or_default();
    Some((rank(&feed, title, false, page), feed))
}

/// `<a href="/feed/">RSS</a>`.
fn linked(anchor: &Element, text: &str, base: &Url, page: &Url) -> Option<(Rank, Url)> {
    let feed = address(anchor, base)?;
    let path = feed.path().trim_end_matches('/').to_ascii_lowercase();
    let last = path.rsplit('/').next().unwrap_or_default();
    let by_name = matches!(last, "feed" | "rss" | "atom" | "feed.json" | "rdf")
        || last.ends_with(".rss")
        || last.ends_with(".atom")
        || last.ends_with(".xml")
            && ["feed", "rss", "atom", "index"]
                .iter()
                .any(|word| last.contains(word));
    let by_query = feed
        .query()
        .is_some_and(|query| query == "format=rss" || query.starts_with("feed=rss"));
    let by_words = ["rss", "atom", "rss feed", "rss-feed", "json feed"].contains(&text);
    let same_site = feed.host_str().map(without_www) == page.host_str().map(without_www);
    (same_site && (by_name || by_query || by_words)).then(|| (rank(&feed, text, true, page), feed))
}

fn rank(feed: &Url, title: &str, linked: bool, page: &Url) -> Rank {
    let title = title.to_lowercase();
    let path = feed.path().to_lowercase();
    let comments = COMMENTS
        .iter()
        .any(|word| title.contains(word) || path.contains(word));
    let section = page.path().trim_end_matches('/');
    Rank {
        comments,
        linked,
        elsewhere: !feed.path().starts_with(section),
    }
}

fn address(element: &Element, base: &Url) -> Option<Url> {
    let mut url = base.join(element.get("href")?.trim()).ok()?;
    url.set_fragment(None);
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// Links with their words, in small letters.
fn anchors(pieces: &[Piece]) -> impl Iterator<Item = (&Element, String)> {
    pieces.iter().enumerate().filter_map(|(at, piece)| {
        let Piece::Open(element) = piece else {
            return None;
        };
        if element.name != "a" || element.get("href").is_none() {
            return None;
        }
        let inside = pieces[at..]
            .iter()
            .take(8)
            .position(|piece| piece.closes("a"));
        let words = inside.map(|end| plain::text(&pieces[at..at + end]));
        Some((
            element,
            words::line(&words.unwrap_or_default()).to_lowercase(),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(html: &str, page: &str) -> Vec<String> {
        let url = Url::parse(page).unwrap();
        named(&markup::pieces(html), &url)
            .into_iter()
            .map(String::from)
            .collect()
    }

    #[test]
    fn a_declared_feed_of_the_part_that_was_asked_for_comes_first_and_comments_last() {
        let html = "<link rel=alternate type='application/rss+xml' title='Blog &raquo; Comments Feed' href=/comments/feed/>\
                    <link rel='alternate' type='application/rss+xml' title='Blog &raquo; Feed' href='/feed/'>\
                    <link rel=alternate type='application/json' href='/wp-json/wp/v2/posts/1'>\
                    <link rel='alternate' hreflang=en href='/en/'>\
                    <link rel=alternate type='application/rss+xml; charset=utf-8' href='/kaas/feed/'>\
                    <a href='/rss.xml'>Volg ons</a>";
        assert_eq!(
            found(html, "https://example.nl/kaas/"),
            [
                "https://example.nl/kaas/feed/",
                "https://example.nl/feed/",
                "https://example.nl/rss.xml",
                "https://example.nl/comments/feed/",
            ]
        );
    }

    #[test]
    fn relative_addresses_follow_the_base() {
        let html = "<base href='https://cdn.example.nl/site/'><link rel=alternate type=application/atom+xml href=atom.xml>";
        assert_eq!(
            found(html, "https://example.nl/"),
            ["https://cdn.example.nl/site/atom.xml"]
        );
    }

    #[test]
    fn links_that_look_like_a_feed_are_taken_on_the_same_site_only() {
        let html = "<a href='/blog/feed/'>abonneer</a><a href='/x?format=rss'>x</a><a href='https://ander.nl/feed'>RSS</a>\
                    <a href='/nieuws'><b>RSS</b></a><a href='/sitemap.xml'>kaart</a>";
        assert_eq!(
            found(html, "https://www.example.nl/"),
            [
                "https://www.example.nl/blog/feed/",
                "https://www.example.nl/x?format=rss",
                "https://www.example.nl/nieuws",
            ]
        );
    }

    #[test]
    fn the_usual_places_are_few_and_begin_below_the_page() {
        let page = Url::parse("https://example.nl/blog?x#y").unwrap();
        let places = places(&page, Reach::Site);
        assert_eq!(places[0].as_str(), "https://example.nl/blog/feed");
        assert_eq!(places[5].as_str(), "https://example.nl/blog/?format=rss");
        assert_eq!(places[6].as_str(), "https://example.nl/feed");
        assert_eq!(super::places(&page, Reach::Page), places[..6]);
    }
}
