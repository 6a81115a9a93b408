//! A site without a feed: the list of its posts, by links of a page or by its sitemap, and each article read once.
//!
//! Polite by construction: robots.txt is asked first, pages are read one after another, at most [`MOST_A_RUN`] a run, and
//! what was read is remembered and never asked for again. At the first sight of a site all that its list shows counts as
//! seen; only the newest are read. An article that cannot be read is a line in the report, never the end of the source.

mod article;
mod sitemap;
pub(super) mod suggest;
mod tree;

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use url::Url;

use super::budget::{self, Budget};
use super::fetch::{Document, Fetched, Fetcher};
use super::memory::{Memory, mark};
use super::robots::Guide;
use super::unpack::Packing;
use super::{Error, Gathered, charset, links, markup};
use crate::model::{Diagnostic, Pages, Post, Source, Validators};

pub(super) use article::{Article, Unread, read as read_article};
use sitemap::{Entry, Sitemap};
pub use tree::is_selector;

/// Articles read in one run; the rest waits for the next.
const MOST_A_RUN: usize = 20;

/// Links that are looked at on one page: longer lists are archives, whose end never changes.
const MOST_LINKS: usize = 200;

/// Addresses of a sitemap that are looked at, the newest first.
const MOST_OF_SITEMAP: usize = 1_000;

/// Lists that are read of a sitemap of sitemaps.
const MOST_LISTS: usize = 5;

/// Where sitemaps usually are, should robots.txt name none.
const USUAL: [&str; 3] = ["/sitemap.xml", "/sitemap_index.xml", "/wp-sitemap.xml"];

/// The first two octets of a packed document (RFC 1952 §2.3.1).
const PACKED: [u8; 2] = [0x1f, 0x8b];

/// A packed sitemap unpacks to no more than sitemaps.org allows: 50 MB.
const MOST_UNPACKED: u64 = 50_000_000;

/// What is asked with.
pub(super) struct Visit<'a> {
    pub(super) source: &'a Source,
    pub(super) fetcher: &'a Fetcher,
    pub(super) now: Timestamp,
}

/// Gathers the posts of a site without a feed.
pub(super) async fn gather(
    visit: Visit<'_>,
    url: &Url,
    pages: &Pages,
    known: Option<&Validators>,
    mut memory: Memory,
) -> Result<Gathered, Error> {
    let mut guide = Guide {
        fetcher: visit.fetcher,
        now: visit.now,
        copies: std::mem::take(&mut memory.robots),
    };
    // What is left from the last run would stay left while the list does not change.
    let known = known.filter(|_| !memory.has_open_ends());
    let listed = match pages {
        Pages::Links(selector) => visit.links(url, selector, known, &mut guide).await?,
        Pages::Sitemap { at, below } => {
            let below = below.as_deref().unwrap_or(url.path());
            visit.sitemap(url, at.as_ref(), below, &mut guide).await?
        }
    };
    let mut gathered = Gathered {
        validators: listed.validators,
        title: listed.title,
        ..Gathered::default()
    };
    match listed.links {
        None => gathered.unchanged = true,
        Some(links) => {
            visit
                .read_new(links, &mut memory, &mut guide, &mut gathered)
                .await
        }
    }
    memory.robots = guide.into_copies();
    gathered.memory = Some(memory);
    Ok(gathered)
}

/// The list of a site's posts.
#[derive(Default)]
struct Listed {
    /// `None` where nothing changed.
    links: Option<Vec<Url>>,
    validators: Option<Validators>,
    title: Option<String>,
}

impl Visit<'_> {
    /// The links on the page that the selector finds.
    async fn links(
        &self,
        url: &Url,
        selector: &str,
        known: Option<&Validators>,
        guide: &mut Guide<'_>,
    ) -> Result<Listed, Error> {
        guide.permit(url).await?;
        let document = match self.fetcher.fetch(url, known, self.now).await? {
            Fetched::Unchanged(validators, _) => {
                return Ok(Listed {
                    validators: Some(validators),
                    ..Listed::default()
                });
            }
            Fetched::Changed(document) => document,
        };
        let validators = Some(document.validators.clone());
        let selector = selector.to_owned();
        let (links, title) = self
            .fetcher
            .read_apart(move || links_of(&document, &selector))
            .await?;
        Ok(Listed {
            links: Some(links),
            validators,
            title,
        })
    }

    /// The pages below a path that the sitemap names, the newest first.
    async fn sitemap(
        &self,
        url: &Url,
        at: Option<&Url>,
        below: &str,
        guide: &mut Guide<'_>,
    ) -> Result<Listed, Error> {
        let places = match at {
            Some(at) => vec![at.clone()],
            None => {
                let named = &guide.rules(url).await.sitemaps;
                let named = named.iter().filter_map(|text| url.join(text).ok());
                let usual = USUAL.iter().filter_map(|place| url.join(place).ok());
                named.chain(usual).collect()
            }
        };
        let entries = self.first_sitemap(&places, guide).await?;
        let mut seen = HashSet::new();
        let links: Vec<Url> = sitemap::newest_first(entries)
            .into_iter()
            .map(|entry| entry.url)
            .filter(|link| is_below(link, url, below))
            .filter(|link| seen.insert(key(link)))
            .take(MOST_OF_SITEMAP)
            .collect();
        match links.is_empty() {
            true => Err(Error::NoPages(below.to_owned())),
            false => Ok(Listed {
                links: Some(links),
                ..Listed::default()
            }),
        }
    }

    /// All pages of the first of these places that has a sitemap.
    async fn first_sitemap(
        &self,
        places: &[Url],
        guide: &mut Guide<'_>,
    ) -> Result<Vec<Entry>, Error> {
        let mut cause = None;
        for place in places {
            match self.list(place, guide).await {
                Ok(Sitemap::Pages(pages)) => return Ok(pages),
                Ok(Sitemap::Index(lists)) => return Ok(self.lists(lists, guide).await),
                Err(error) if error.is_refusal() || matches!(error, Error::NoSitemap(_)) => {
                    cause.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        match cause {
            Some(error) if places.len() == 1 => Err(error),
            _ => Err(Error::NoSitemap(None)),
        }
    }

    /// The pages of several lists; one that cannot be read is passed over.
    async fn lists(&self, lists: Vec<Entry>, guide: &mut Guide<'_>) -> Vec<Entry> {
        let mut pages = Vec::new();
        for list in sitemap::lists_of_posts(lists).into_iter().take(MOST_LISTS) {
            if let Ok(Sitemap::Pages(more)) = self.list(&list.url, guide).await {
                pages.extend(more);
            }
        }
        pages
    }

    async fn list(&self, url: &Url, guide: &mut Guide<'_>) -> Result<Sitemap, Error> {
        guide.permit(url).await?;
        let document = self.page(url).await?;
        let read = move || {
            let bytes = unpacked(Arc::unwrap_or_clone(document.bytes))?;
            let text = charset::decode(&bytes, None).text;
            sitemap::parse(&text, &document.url).ok_or(Error::NoSitemap(Some(document.url)))
        };
        self.fetcher.read_apart(read).await
    }

    async fn page(&self, url: &Url) -> Result<Document, Error> {
        match self.fetcher.fetch(url, None, self.now).await? {
            Fetched::Changed(document) => Ok(document),
            Fetched::Unchanged(..) => Err(Error::Status(304)),
        }
    }

    /// Reads the articles that no earlier run has read.
    async fn read_new(
        &self,
        links: Vec<Url>,
        memory: &mut Memory,
        guide: &mut Guide<'_>,
        gathered: &mut Gathered,
    ) {
        let shown: HashSet<String> = links.iter().map(|link| mark(&key(link))).collect();
        let first = memory.is_blank();
        let known = memory.known();
        let mut new: Vec<&Url> = links
            .iter()
            .filter(|link| !known.contains(&mark(&key(link))))
            .collect();
        let rest = new.split_off(new.len().min(MOST_A_RUN));
        memory.more = !first && !rest.is_empty();
        for link in new {
            match self.article(link, guide).await {
                Ok(post) => {
                    memory.settle(&key(link));
                    gathered.posts.push(post);
                }
                Err(error) => {
                    // What was there at first sight is old; it must not come as new when it can be read one day.
                    let last = match error.is_transient() && !first {
                        true => memory.fail(&key(link)),
                        false => {
                            memory.settle(&key(link));
                            true
                        }
                    };
                    gathered.faults.push(unreadable(link, &error, last));
                }
            }
        }
        if first {
            for link in rest {
                memory.settle(&key(link));
            }
        }
        memory.trim(&shown);
        gathered.first_sight = first;
    }

    async fn article(&self, link: &Url, guide: &mut Guide<'_>) -> Result<Post, Error> {
        let document = guide.page(link).await?;
        let source = self.source.clone();
        self.fetcher
            .read_apart(move || {
                let content_type = document.content_type.as_deref();
                read_page(&document.bytes, content_type, &document.url, &source)
            })
            .await
    }
}

/// Reads the page of an article that came from `url` with the given `Content-Type`.
pub fn read_page(
    bytes: &[u8],
    content_type: Option<&str>,
    url: &Url,
    source: &Source,
) -> Result<Post, Error> {
    budget::within(&Budget::default(), || {
        let text = charset::decode(bytes, content_type).text;
        let article = read_article(&text, url, source.article.as_deref())?;
        article.into_post(url, source).ok_or(Error::NoText)
    })
}

impl From<Unread> for Error {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::TooDeep => Self::TooDeep,
            Unread::NotSelected => Self::NotSelected,
            Unread::NoText => Self::NoText,
        }
    }
}

fn unreadable(link: &Url, error: &Error, last: bool) -> Diagnostic {
    let what = if last {
        "left out"
    } else {
        "asked again at the next run"
    };
    Diagnostic::warning(format!("`{link}`: {error}; {what}"))
}

/// A link as it is remembered: its one spelling.
fn key(link: &Url) -> String {
    links::canonical_link(link.as_str()).unwrap_or_else(|| link.to_string())
}

/// The links that the selector finds, in the page's order, each once, and the page's title.
fn links_of(document: &Document, selector: &str) -> Result<(Vec<Url>, Option<String>), Error> {
    let text = charset::decode(&document.bytes, document.content_type.as_deref()).text;
    let pieces = markup::pieces(&text);
    let head = super::head::Head::of(&pieces, &document.url);
    let base = head.base(&document.url);
    let matcher = tree::matcher(selector).ok_or_else(|| Error::Selector(selector.to_owned()))?;
    let html = tree::safe_html(&pieces).map_err(|_| Error::TooDeep)?;
    let hrefs = tree::hrefs(&html, &matcher).map_err(|_| Error::NoText)?;
    let here = key(&document.url);
    let mut seen = HashSet::new();
    let links: Vec<Url> = hrefs
        .iter()
        .filter_map(|href| {
            let mut link = base.join(href.trim()).ok()?;
            link.set_fragment(None);
            matches!(link.scheme(), "http" | "https").then_some(link)
        })
        .filter(|link| key(link) != here && seen.insert(key(link)))
        .take(MOST_LINKS)
        .collect();
    match links.is_empty() {
        true => Err(Error::NoLinks {
            selector: selector.to_owned(),
            suggestion: suggest::selector(&pieces, &document.url),
        }),
        false => Ok((links, head.title)),
    }
}

/// A page of this site whose path begins so, and is more than that beginning.
fn is_below(link: &Url, source: &Url, below: &str) -> bool {
    let host = |url: &Url| {
        url.host_str()
            .map(|host| super::head::without_www(host).to_owned())
    };
    let rest = link.path().strip_prefix(below);
    host(link) == host(source) && rest.is_some_and(|rest| !rest.trim_matches('/').is_empty())
}

/// A sitemap may be a packed file (`sitemap.xml.gz`).
fn unpacked(bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
    if !bytes.starts_with(&PACKED) {
        return Ok(bytes);
    }
    Packing::Gzip.unpack(&bytes, MOST_UNPACKED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_lie_below_the_path_on_the_same_site() {
        let source = Url::parse("https://www.example.nl/blog/").unwrap();
        let below = |link: &str| is_below(&Url::parse(link).unwrap(), &source, "/blog/");
        assert!(below("https://example.nl/blog/een"));
        assert!(!below("https://example.nl/blog/") && !below("https://example.nl/contact"));
        assert!(!below("https://ander.nl/blog/een"));
    }
}
