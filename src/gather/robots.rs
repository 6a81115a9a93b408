//! robots.txt (RFC 9309): what a host lets us read by ourselves. Asked before pages that are scraped, never before a
//! feed: a subscription is a person's request.
//!
//! The rules are kept for a day and travel in the source's memory, so that a host is asked once a day and not once a
//! page. `Crawl-delay` is no part of the standard and is passed over: pages of a source are read one after another.

use std::cmp::Reverse;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use url::Url;

use super::fetch::{Document, Fetched, Fetcher};
use super::memory::RobotsCopy;
use super::{Error, charset};

/// Our product token (§2.2.1).
const TOKEN: &str = "courant";

/// A copy is used no longer than this (§2.4).
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Bytes that are read of it: the least that a crawler must (§2.5).
const MOST_BYTES: usize = 500 * 1024;

/// Lines that are kept: each page is held against all of them. The longest known lists have some hundreds.
const MOST_LINES: usize = 5_000;

/// Sitemaps that are kept: one after the other is asked for until one can be read.
const MOST_SITEMAPS: usize = 10;

/// Octets that stand for themselves in a path beside letters and digits (RFC 3986 §2.3).
const UNRESERVED: &[u8] = b"-._~";

/// The rules that a robots.txt has for us.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Rules {
    /// Patterns, each with whether it allows.
    lines: Vec<(bool, String)>,
    /// The host could not say: everything is forbidden for now (§2.3.1.4).
    #[serde(default)]
    closed: bool,
    /// Lists of the site's pages that it names.
    #[serde(default)]
    pub(super) sitemaps: Vec<String>,
}

impl Rules {
    /// Reads a robots.txt.
    pub(super) fn parse(text: &str) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        let mut sitemaps = Vec::new();
        let mut naming = false;
        for line in text.trim_start_matches('\u{feff}').lines() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            match key.trim().to_ascii_lowercase().as_str() {
                "user-agent" => {
                    if !naming {
                        groups.push(Group::default());
                    }
                    naming = true;
                    if let Some(group) = groups.last_mut() {
                        group.agents.push(agent(value));
                    }
                }
                key @ ("allow" | "disallow") => {
                    naming = false;
                    if let Some(group) = groups.last_mut().filter(|_| !value.is_empty()) {
                        group.lines.push((key == "allow", normal(value)));
                    }
                }
                "sitemap" if sitemaps.len() < MOST_SITEMAPS => sitemaps.push(value.to_owned()),
                _ => {}
            }
        }
        Self {
            lines: lines_for_us(groups),
            closed: false,
            sitemaps,
        }
    }

    /// Whether the page may be read: the longest pattern that matches decides, and of two equally long ones the one that
    /// allows (§2.2.2).
    pub(super) fn allow(&self, url: &Url) -> bool {
        if url.path() == "/robots.txt" {
            return true;
        }
        if self.closed {
            return false;
        }
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let path = normal(&path);
        self.lines
            .iter()
            .filter(|(_, pattern)| matches(pattern, &path))
            .max_by_key(|(allows, pattern)| (pattern.len(), *allows))
            .is_none_or(|(allows, _)| *allows)
    }
}

#[derive(Default)]
struct Group {
    agents: Vec<String>,
    lines: Vec<(bool, String)>,
}

/// The lines of all groups that name us, else of those for everybody (§2.2.1).
fn lines_for_us(groups: Vec<Group>) -> Vec<(bool, String)> {
    let named = |name: &str| {
        groups
            .iter()
            .any(|group| group.agents.iter().any(|agent| agent == name))
    };
    let wanted = if named(TOKEN) { TOKEN } else { "*" };
    groups
        .iter()
        .filter(|group| group.agents.iter().any(|agent| agent == wanted))
        .flat_map(|group| group.lines.iter().cloned())
        .take(MOST_LINES)
        .collect()
}

/// The product token of a User-agent line: letters, `_` and `-`, whatever the case; a version behind it says nothing.
fn agent(value: &str) -> String {
    if value.starts_with('*') {
        return "*".to_owned();
    }
    value
        .chars()
        .take_while(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '-'))
        .collect::<String>()
        .to_ascii_lowercase()
}

/// A path in one spelling: what need not be encoded is not, all else is, in capitals (§2.2.2).
fn normal(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = String::with_capacity(path.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%')
            .then(|| path.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match escaped {
            Some(octet) if octet.is_ascii_alphanumeric() || UNRESERVED.contains(&octet) => {
                out.push(char::from(octet));
            }
            Some(octet) => out.push_str(&format!("%{octet:02X}")),
            None if byte.is_ascii() => out.push(char::from(byte)),
            None => out.push_str(&format!("%{byte:02X}")),
        }
        at += if escaped.is_some() { 3 } else { 1 };
    }
    out
}

/// Whether a pattern matches the beginning of a path; `*` is anything, `$` at its end is the end (§2.2.3).
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, whole) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut parts = pattern.split('*');
    let Some(mut rest) = path.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let last = parts.pop();
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    match last {
        Some(last) if whole => rest.ends_with(last),
        Some(last) => rest.contains(last),
        None => !whole || rest.is_empty(),
    }
}

/// Asks hosts for their rules, and remembers them.
pub(super) struct Guide<'a> {
    pub(super) fetcher: &'a Fetcher,
    pub(super) now: Timestamp,
    pub(super) copies: Vec<RobotsCopy>,
}

impl Guide<'_> {
    /// The rules of the page's host.
    pub(super) async fn rules(&mut self, page: &Url) -> &Rules {
        let origin = page.origin().ascii_serialization();
        let now = self.now;
        self.copies
            .retain(|copy| now.duration_since(copy.read_at) < KEPT && copy.read_at <= now);
        let at = match self.copies.iter().position(|copy| copy.origin == origin) {
            Some(at) => at,
            None => {
                let rules = self.ask(page).await;
                self.copies.push(RobotsCopy {
                    origin,
                    read_at: now,
                    rules,
                });
                self.copies.len() - 1
            }
        };
        &self.copies[at].rules
    }

    /// A page of a post, if the site lets us read it. That it was asked is remembered, whatever came of it.
    pub(super) async fn page(&mut self, link: &Url) -> Result<Document, Error> {
        let page = self.permitted(link).await;
        let gone = matches!(page, Err(Error::Gone));
        self.fetcher.saw_page(link, gone, self.now);
        if let Ok(document) = &page {
            self.fetcher.saw_page(&document.url, false, self.now);
        }
        page
    }

    async fn permitted(&mut self, link: &Url) -> Result<Document, Error> {
        self.permit(link).await?;
        match self.fetcher.fetch(link, None, self.now).await? {
            Fetched::Changed(document) => Ok(document),
            Fetched::Unchanged(..) => Err(Error::Status(304)),
        }
    }

    /// [`Error::Robots`] where the host does not want the page read.
    pub(super) async fn permit(&mut self, page: &Url) -> Result<(), Error> {
        let rules = self.rules(page).await;
        match rules.allow(page) {
            true => Ok(()),
            false if rules.closed => Err(Error::RobotsSilent),
            false => Err(Error::Robots(page.path().to_owned())),
        }
    }

    /// What may be remembered: a host that could not say is asked again at the next run.
    pub(super) fn into_copies(self) -> Vec<RobotsCopy> {
        let mut copies = self.copies;
        copies.retain(|copy| !copy.rules.closed);
        copies.sort_by_key(|copy| Reverse(copy.read_at));
        copies
    }

    /// No robots.txt (4xx) allows everything, a host in trouble nothing (§2.3.1.3, §2.3.1.4).
    async fn ask(&self, page: &Url) -> Rules {
        let closed = Rules {
            closed: true,
            ..Rules::default()
        };
        let Ok(url) = page.join("/robots.txt") else {
            return closed;
        };
        match self.fetcher.fetch(&url, None, self.now).await {
            Ok(Fetched::Changed(document)) => {
                let rules = move || {
                    let bytes = &document.bytes[..document.bytes.len().min(MOST_BYTES)];
                    let text = charset::decode(bytes, Some("text/plain; charset=utf-8")).text;
                    Ok(Rules::parse(&text))
                };
                self.fetcher.read_apart(rules).await.unwrap_or(closed)
            }
            Ok(Fetched::Unchanged(..)) | Err(Error::Empty) => Rules::default(),
            Err(error) if error.is_refusal() => Rules::default(),
            Err(_) => closed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(text: &str, path: &str) -> bool {
        let url = Url::parse("https://example.nl")
            .unwrap()
            .join(path)
            .unwrap();
        Rules::parse(text).allow(&url)
    }

    #[test]
    fn the_example_of_the_standard_reads_as_it_says() {
        // RFC 9309 §5.1.
        let text = "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n\n\
                    User-Agent: foobot\nDisallow:/\nAllow:/example/page.html\nAllow:/example/allowed.gif\n\n\
                    User-Agent: barbot\nUser-Agent: bazbot\nDisallow: /example/page.html\n\nUser-Agent: quxbot\n";
        assert!(!allowed(text, "/foto.gif"));
        assert!(allowed(text, "/foto.gif?groot"));
        assert!(!allowed(text, "/example/page.html"));
        assert!(allowed(text, "/publications/"));
        let ours = text.replace("bazbot", "Courant/1.0");
        assert!(!allowed(&ours, "/example/page.html"));
        assert!(allowed(&ours, "/foto.gif") && allowed(&ours, "/example/"));
    }

    #[test]
    fn the_longest_match_decides_and_a_draw_allows() {
        // RFC 9309 §5.2.
        let text =
            "User-Agent: courant\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif\n";
        assert!(!allowed(text, "/example/page/disallowed.gif"));
        assert!(allowed(text, "/example/page/other.gif"));
        assert!(allowed("user-agent: *\ndisallow: /a\nallow: /a", "/a"));
        assert!(allowed("user-agent: *\ndisallow:\n", "/a"));
    }

    #[test]
    fn paths_are_compared_in_one_spelling() {
        // RFC 9309 §2.2.2.
        for (pattern, path) in [
            ("/foo/bar/ツ", "/foo/bar/%E3%83%84"),
            ("/foo/bar/%E3%83%84", "/foo/bar/%E3%83%84"),
            ("/foo/bar/%62%61%7A", "/foo/bar/baz"),
            (
                "/foo/bar?baz=https%3a%2f%2fx",
                "/foo/bar?baz=https%3A%2F%2Fx",
            ),
        ] {
            let text = format!("user-agent: *\ndisallow: {pattern}");
            assert!(!allowed(&text, path), "{pattern}");
        }
        assert!(allowed("user-agent: *\ndisallow: /Foo", "/foo"));
    }

    #[test]
    fn stars_and_the_end_are_wild() {
        let text = |pattern: &str| format!("user-agent: *\ndisallow: {pattern}");
        for (pattern, path, expected) in [
            ("/*.php", "/a.php", false),
            ("/*.php$", "/a.php?x", true),
            ("/*/b/*/d", "/a/b/c/d", false),
            ("/a*a$", "/a", true),
            ("/a*a$", "/aba", false),
            ("/$", "/", false),
            ("/$", "/a", true),
        ] {
            assert_eq!(allowed(&text(pattern), path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn groups_of_one_name_are_one_and_rules_without_a_group_are_none() {
        let text = "Disallow: /\nUser-agent: courant\nDisallow: /a\nUser-agent: x\nDisallow: /\n\
                    User-agent: courant\nDisallow: /b # en niet verder\nSitemap: https://example.nl/s.xml\n";
        assert!(!allowed(text, "/a") && !allowed(text, "/b") && allowed(text, "/c"));
        assert_eq!(Rules::parse(text).sitemaps, ["https://example.nl/s.xml"]);
    }
}
