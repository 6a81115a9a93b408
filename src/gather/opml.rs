//! OPML (1.0 to 2.0): a list of subscriptions, as every feed reader exports it, becomes sources to be.
//!
//! Read leniently, since most of these files were written by hand or by old programs: a bare `&`, another encoding, an
//! attribute in the wrong case. An outline that cannot be used is a fault with its line beside the others; a file that
//! breaks off gives what stands before the break.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use url::Url;

use super::budget::{self, Budget};
use super::{Error, charset, links, words};
use crate::model::{Diagnostic, Topic};

/// A subscription of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// What the list calls it.
    pub title: Option<String>,
    /// Its feed.
    pub feed: Url,
    /// Made of the outlines around it and of its categories, each once.
    pub topics: Vec<Topic>,
}

/// Outlines around a subscription, from the nearest, and topics, that are looked at: each is told for each of them.
const MOST_AROUND: usize = 10;
const MOST_TOPICS: usize = 50;

/// What a list holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subscriptions {
    /// In the list's order; the same feed may come twice.
    pub found: Vec<Subscription>,
    /// Outlines that cannot be used.
    pub faults: Vec<Diagnostic>,
}

/// Reads a list of subscriptions. [`Error::NotOpml`] where the document is none.
pub fn read_opml(bytes: &[u8]) -> Result<Subscriptions, Error> {
    budget::within(&Budget::default(), || read(bytes))
}

fn read(bytes: &[u8]) -> Result<Subscriptions, Error> {
    let text = charset::decode(bytes, None).text;
    let text = text.trim_start_matches('\u{feff}');
    let mut list = List {
        text,
        read: Subscriptions::default(),
        open: Vec::new(),
        counted: (0, 1),
    };
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = false;
    let mut is_opml = false;
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
        match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(Event::Start(tag)) if is_outline(&tag) => {
                let name = list.outline(&tag, at, true);
                list.open.push(name);
            }
            Ok(Event::Empty(tag)) if is_outline(&tag) => drop(list.outline(&tag, at, false)),
            Ok(Event::End(tag)) if tag.local_name().as_ref().eq_ignore_ascii_case("outline") => {
                list.open.pop();
            }
            Ok(Event::Start(tag)) if tag.local_name().as_ref().eq_ignore_ascii_case("opml") => {
                is_opml = true;
            }
            Ok(_) => {}
            Err(error) => {
                let fault = Diagnostic::error(format!(
                    "line {}: the list breaks off here: {error}",
                    list.line(at)
                ));
                list.read.faults.push(fault);
                break;
            }
        }
    }
    match is_opml {
        true => Ok(list.read),
        false => Err(Error::NotOpml),
    }
}

fn is_outline(tag: &BytesStart<'_>) -> bool {
    tag.local_name().as_ref().eq_ignore_ascii_case("outline")
}

/// A list being read.
struct List<'a> {
    text: &'a str,
    read: Subscriptions,
    /// The topic of each outline that is open; those of feeds give none.
    open: Vec<Option<Topic>>,
    /// Bytes whose lines were counted, and the line they end on.
    counted: (usize, usize),
}

impl List<'_> {
    /// Takes an outline; gives the topic that it makes of itself for those inside.
    fn outline(&mut self, tag: &BytesStart<'_>, at: usize, has_inner: bool) -> Option<Topic> {
        let get = |name: &str| attribute(tag, name);
        let label = ["text", "title"].into_iter().find_map(get);
        let Some(address) = get("xmlUrl") else {
            let kind = get("type").unwrap_or_default().to_lowercase();
            if matches!(kind.as_str(), "rss" | "atom" | "feed") {
                self.fault(at, &label, "has no `xmlUrl`");
            }
            let is_folder = has_inner && !matches!(kind.as_str(), "rss" | "atom" | "link");
            return label
                .filter(|_| is_folder)
                .and_then(|label| Topic::from_label(&label));
        };
        match feed_address(&address) {
            Some(feed) => {
                let topics = self.topics(get("category").as_deref());
                self.read.found.push(Subscription {
                    title: label,
                    feed,
                    topics,
                });
            }
            None => {
                let address = words::shorten(&words::line(&address), 80);
                self.fault(
                    at,
                    &label,
                    &format!("has `{address}`, which is no address of the web"),
                );
            }
        }
        None
    }

    /// The outlines around it, then its own categories: `/Werk/Verkoop,Kaas`.
    fn topics(&self, categories: Option<&str>) -> Vec<Topic> {
        let own = categories
            .unwrap_or_default()
            .split([',', '/'])
            .filter_map(Topic::from_label);
        let mut topics = Vec::new();
        let around = self.open.iter().rev().take(MOST_AROUND).rev();
        for topic in around.flatten().cloned().chain(own).take(MOST_TOPICS) {
            if !topics.contains(&topic) {
                topics.push(topic);
            }
        }
        topics
    }

    fn fault(&mut self, at: usize, label: &Option<String>, what: &str) {
        let label = label.as_deref().unwrap_or("an outline without a name");
        let line = self.line(at);
        let fault = Diagnostic::warning(format!("line {line}: “{label}” {what}"));
        self.read.faults.push(fault);
    }

    /// The line of a byte, from 1; bytes only ever grow.
    fn line(&mut self, at: usize) -> usize {
        let (from, line) = self.counted;
        let bytes = self.text.as_bytes();
        let more = bytes
            .get(from..at)
            .unwrap_or_default()
            .iter()
            .filter(|byte| **byte == b'\n');
        self.counted = (at.max(from), line + more.count());
        self.counted.1
    }
}

/// An attribute's words, whatever the case of its name; `None` where it says nothing.
fn attribute(tag: &BytesStart<'_>, wanted: &str) -> Option<String> {
    let mut attributes = tag.attributes();
    attributes.with_checks(false);
    let found = attributes.flatten().find(|attribute| {
        attribute
            .key
            .local_name()
            .as_ref()
            .eq_ignore_ascii_case(wanted)
    })?;
    let text = match quick_xml::escape::unescape(&found.value) {
        Ok(text) => text.into_owned(),
        // A bare `&`, or an entity that only HTML has.
        Err(_) => words::line_of_markup(&found.value),
    };
    let text = match wanted {
        "xmlUrl" => text.trim().to_owned(),
        _ => words::line(&text),
    };
    (!text.is_empty()).then_some(text)
}

/// `feed://` is what some readers call it.
fn feed_address(text: &str) -> Option<Url> {
    let text = match text.strip_prefix("feed:") {
        Some(rest) if rest.starts_with("//") => format!("https:{rest}"),
        Some(rest) => rest.to_owned(),
        None => text.to_owned(),
    };
    links::canonical_link(&text)?;
    Url::parse(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outlines_around_a_feed_and_its_categories_are_its_topics() {
        let text = "<?xml version='1.0' encoding='UTF-8'?>\n<opml version='2.0'><head><title>x</title></head><body>\n\
                    <outline text='Eerlijk Verkopen'><outline title='Kaas'>\n\
                    <outline type='rss' text='De Waag &amp; co' xmlUrl='https://waag.example/feed?a=1&b=2' category='/Werk/Kaas,boter'/>\n\
                    </outline></outline>\n<outline text='Los' xmlurl='feed://los.example/rss'></outline></body></opml>";
        let read = read_opml(text.as_bytes()).unwrap();
        let shown: Vec<String> = read
            .found
            .iter()
            .map(|s| {
                let topics: Vec<&str> = s.topics.iter().map(Topic::as_str).collect();
                format!(
                    "{} {} {}",
                    s.title.as_deref().unwrap_or("-"),
                    s.feed,
                    topics.join(",")
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "De Waag & co https://waag.example/feed?a=1&b=2 eerlijk-verkopen,kaas,werk,boter",
                "Los https://los.example/rss ",
            ]
        );
        assert!(read.faults.is_empty(), "{:?}", read.faults);
    }

    #[test]
    fn an_outline_that_cannot_be_used_is_named_with_its_line() {
        let text = "<opml><body>\n<outline text='A' type='rss'/>\n<outline text='B' xmlUrl='ftp://b'/>\n\
                    <outline text='C' xmlUrl='https://c.example/feed'/>\n<outline text='D";
        let read = read_opml(text.as_bytes()).unwrap();
        assert_eq!(read.found.len(), 1);
        let said: Vec<String> = read
            .faults
            .iter()
            .map(|fault| fault.message.clone())
            .collect();
        assert_eq!(said[0], "line 2: “A” has no `xmlUrl`");
        assert_eq!(
            said[1],
            "line 3: “B” has `ftp://b`, which is no address of the web"
        );
        assert!(
            said[2].starts_with("line 5: the list breaks off here"),
            "{}",
            said[2]
        );
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for text in ["", "<rss/>", "geen xml"] {
            assert!(
                matches!(read_opml(text.as_bytes()), Err(Error::NotOpml)),
                "{text}"
            );
        }
    }
}
