//! sitemap.xml (sitemaps.org, 0.9): the list of a site's pages, read for those that are posts.
//!
//! Comes in: the document, packed or not, of pages or of further lists. Goes out: addresses with the day they changed. A
//! list that breaks off gives what stands before the break. What is read of a list is bounded, and so are the lists.

use jiff::Timestamp;
use quick_xml::Reader;
use quick_xml::events::Event;
use url::Url;

use crate::gather::dates;

/// Pages read of one list: sitemaps.org allows 50,000 (Protocol, "Using Sitemap index files").
const MOST_PAGES: usize = 50_000;

/// Parts of a list's name that say that it has posts, and not pages of the shop.
const POSTS: [&str; 7] = [
    "post", "blog", "news", "nieuws", "article", "artikel", "bericht",
];

/// Names that only look so: lists of tags.
const NOT_POSTS: [&str; 2] = ["post_tag", "posttag"];

/// What a document is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sitemap {
    /// Pages.
    Pages(Vec<Entry>),
    /// Further lists.
    Index(Vec<Entry>),
}

/// A page or a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) url: Url,
    pub(super) changed: Option<Timestamp>,
}

/// Reads a sitemap; `None` where it is none.
pub(super) fn parse(text: &str, base: &Url) -> Option<Sitemap> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = false;
    let mut is_index = None;
    let mut entries = Vec::new();
    let mut field = Field::Other;
    let (mut address, mut changed) = (String::new(), String::new());
    // What stands before a break is good.
    while let Ok(event) = reader.read_event() {
        let text = match event {
            Event::Eof => break,
            Event::Start(tag) => {
                match tag.local_name().as_ref() {
                    "urlset" => is_index = Some(false),
                    "sitemapindex" => is_index = Some(true),
                    "loc" if tag.name().prefix().is_none() => field = Field::Address,
                    "lastmod" => field = Field::Changed,
                    _ => field = Field::Other,
                }
                continue;
            }
            Event::End(tag) => {
                field = Field::Other;
                if matches!(tag.local_name().as_ref(), "url" | "sitemap") {
                    entries.extend(entry(&address, &changed, base));
                    address.clear();
                    changed.clear();
                    if entries.len() >= MOST_PAGES {
                        break;
                    }
                }
                continue;
            }
            Event::Text(text) => text.to_string(),
            Event::CData(text) => text.to_string(),
            Event::GeneralRef(name) => reference(&name),
            _ => continue,
        };
        match field {
            Field::Address => address.push_str(&text),
            Field::Changed => changed.push_str(&text),
            Field::Other => {}
        }
    }
    match is_index? {
        true => Some(Sitemap::Index(entries)),
        false => Some(Sitemap::Pages(entries)),
    }
}

enum Field {
    Address,
    Changed,
    Other,
}

/// `&amp;` and the like.
fn reference(name: &quick_xml::events::BytesRef<'_>) -> String {
    if let Ok(Some(c)) = name.resolve_char_ref() {
        return c.to_string();
    }
    let text = quick_xml::escape::resolve_predefined_entity(name);
    text.unwrap_or_default().to_owned()
}

fn entry(address: &str, changed: &str, base: &Url) -> Option<Entry> {
    let url = base
        .join(address.trim())
        .ok()
        .filter(|_| !address.trim().is_empty())?;
    matches!(url.scheme(), "http" | "https").then(|| Entry {
        url,
        changed: dates::instant(changed.trim()),
    })
}

/// The newest first; of those without a date the list's order is all we know.
pub(super) fn newest_first(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.changed));
    entries
}

/// The lists worth reading: those whose names say that they have posts, if any does; the newest first.
pub(super) fn lists_of_posts(lists: Vec<Entry>) -> Vec<Entry> {
    let name = |entry: &Entry| {
        let path = entry.url.path().to_lowercase();
        path.rsplit('/').next().unwrap_or_default().to_owned()
    };
    let tells = |entry: &Entry| {
        let name = name(entry);
        POSTS.iter().any(|word| name.contains(word))
            && !NOT_POSTS.iter().any(|word| name.contains(word))
    };
    match lists.iter().any(tells) {
        true => newest_first(lists.into_iter().filter(tells).collect()),
        false => newest_first(lists),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Url {
        Url::parse("https://example.nl/sitemap.xml").unwrap()
    }

    fn addresses(entries: &[Entry]) -> Vec<&str> {
        entries.iter().map(|entry| entry.url.path()).collect()
    }

    #[test]
    fn pages_come_with_the_day_they_changed_and_pictures_do_not_count() {
        let text = "<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' xmlns:image='x'>\
                    <url><loc> https://example.nl/oud?a=1&amp;b=2 </loc><lastmod>2026-10-01</lastmod></url>\
                    <url><loc><![CDATA[https://example.nl/nieuw]]></loc><image:image><image:loc>https://example.nl/a.jpg\
                    </image:loc></image:image><lastmod>2026-11-02T08:00:00+01:00</lastmod></url>\
                    <url><loc>https://example.nl/zonder</loc></url>";
        let Some(Sitemap::Pages(pages)) = parse(text, &base()) else {
            panic!("no list of pages");
        };
        let newest = newest_first(pages);
        assert_eq!(addresses(&newest), ["/nieuw", "/oud", "/zonder"]);
        assert_eq!(newest[1].url.query(), Some("a=1&b=2"));
    }

    #[test]
    fn of_further_lists_those_with_posts_are_read() {
        let list = |name: &str| format!("<sitemap><loc>https://example.nl/{name}</loc></sitemap>");
        let names = [
            "post_tag-sitemap.xml",
            "page-sitemap.xml",
            "post-sitemap.xml",
        ];
        let text = format!("<sitemapindex>{}</sitemapindex>", names.map(list).concat());
        let Some(Sitemap::Index(lists)) = parse(&text, &base()) else {
            panic!("no index");
        };
        assert_eq!(addresses(&lists_of_posts(lists)), ["/post-sitemap.xml"]);
    }

    #[test]
    fn what_is_no_sitemap_is_none() {
        for text in ["", "<html><p>Hallo", "{}"] {
            assert_eq!(parse(text, &base()), None, "{text}");
        }
    }
}
