//! What a source's visits leave behind for the next one: the feed that was found for a page, the pages that were read,
//! the rules of robots.txt.
//!
//! Made and read here only; to the store it is a text. It belongs to one address and one way of reading it: when the
//! operator changes either, it starts anew.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::robots::Rules;
use crate::model::{Pages, Source};

/// Pages that are remembered; the oldest go first, but none that is still shown.
const MOST_SEEN: usize = 5_000;

/// A page that fails for a reason that may pass is asked so many times, once a run.
const MOST_TRIES: u8 = 3;

/// What earlier visits of a source left.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Memory {
    /// Which source, read in which way.
    recipe: String,
    /// The feed that was found for the page at the source's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) feed: Option<Url>,
    /// The address was a feed itself: should a page answer there one day, no other feed takes its place unasked.
    #[serde(default)]
    pub(super) was_feed: bool,
    /// Pages that need not be read again, the oldest first, as short hashes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    seen: Vec<String>,
    /// Pages that could not be read yet, with the number of tries.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    failing: BTreeMap<String, u8>,
    /// More was shown than a run reads.
    #[serde(default)]
    pub(super) more: bool,
    /// Items whose text was completed from their page: identity, as a short hash, and the item's own fingerprint.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) completed: BTreeMap<String, String>,
    /// Rules of the hosts that were asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) robots: Vec<RobotsCopy>,
}

/// What a host's robots.txt says to us.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct RobotsCopy {
    /// Scheme, host and port.
    pub(super) origin: String,
    pub(super) read_at: Timestamp,
    pub(super) rules: Rules,
}

impl Memory {
    /// What is remembered of this source; nothing where the text is another source's, an older program's or none.
    pub fn of(source: &Source, text: Option<&str>) -> Self {
        let recipe = recipe(source);
        text.and_then(|text| serde_json::from_str::<Self>(text).ok())
            .filter(|memory| memory.recipe == recipe)
            .unwrap_or(Self {
                recipe,
                ..Self::default()
            })
    }

    /// As a text to be stored.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The feed that was found for the page at the source's address.
    pub fn feed(&self) -> Option<&Url> {
        self.feed.as_ref()
    }

    /// Whether no page was ever seen.
    pub(super) fn is_blank(&self) -> bool {
        self.seen.is_empty()
    }

    /// Whether there is something left to read although the list of pages did not change.
    pub(super) fn has_open_ends(&self) -> bool {
        self.more || !self.failing.is_empty()
    }

    /// Pages seen before, as hashes.
    pub(super) fn known(&self) -> HashSet<String> {
        self.seen.iter().cloned().collect()
    }

    /// A page that was read, or never needs to be.
    pub(super) fn settle(&mut self, link: &str) {
        let mark = mark(link);
        self.failing.remove(&mark);
        self.seen.push(mark);
    }

    /// A page that could be read after all, and is remembered elsewhere.
    pub(super) fn recover(&mut self, link: &str) {
        self.failing.remove(&mark(link));
    }

    /// A page that failed for a reason that may pass; says whether it was the last try.
    pub(super) fn fail(&mut self, link: &str) -> bool {
        let mark = mark(link);
        let tries = self.failing.get(&mark).copied().unwrap_or(0) + 1;
        if tries >= MOST_TRIES {
            self.settle(link);
            return true;
        }
        self.failing.insert(mark, tries);
        false
    }

    /// Forgets what is old and no longer shown.
    pub(super) fn trim(&mut self, shown: &HashSet<String>) {
        self.failing.retain(|mark, _| shown.contains(mark));
        let mut surplus = self.seen.len().saturating_sub(MOST_SEEN);
        self.seen.retain(|mark| {
            let goes = surplus > 0 && !shown.contains(mark);
            surplus -= usize::from(goes);
            !goes
        });
    }
}

/// A link as it is remembered.
pub(super) fn mark(link: &str) -> String {
    super::identity::short_hash(link.as_bytes())
}

fn recipe(source: &Source) -> String {
    let way = match &source.pages {
        None => String::new(),
        Some(Pages::Links(selector)) => format!(" posts {selector}"),
        Some(Pages::Sitemap { at, below }) => format!(
            " sitemap {} {}",
            at.as_ref().map_or("", Url::as_str),
            below.as_deref().unwrap_or_default()
        ),
    };
    format!("{}{way}", source.location())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{SourceKind, SourceName};

    fn source(url: &str) -> Source {
        let url = Url::parse(url).unwrap();
        Source::new(SourceName::parse("blog").unwrap(), SourceKind::Url(url))
    }

    #[test]
    fn memory_belongs_to_one_way_of_reading_one_address() {
        let mut source = source("https://example.nl/blog/");
        let mut memory = Memory::of(&source, None);
        memory.settle("https://example.nl/blog/een");
        let text = memory.to_text();
        assert_eq!(Memory::of(&source, Some(&text)), memory);
        source.pages = Some(Pages::Links("h2 a".to_owned()));
        assert!(Memory::of(&source, Some(&text)).is_blank());
        assert!(Memory::of(&source, Some("not json")).is_blank());
    }

    #[test]
    fn a_failing_page_is_given_up_after_three_tries() {
        let mut memory = Memory::default();
        let link = "https://example.nl/een";
        assert_eq!(
            [memory.fail(link), memory.fail(link), memory.fail(link)],
            [false, false, true]
        );
        assert!(memory.known().contains(&mark(link)) && !memory.has_open_ends());
    }

    #[test]
    fn what_is_shown_is_never_forgotten() {
        let mut memory = Memory::default();
        for n in 0..MOST_SEEN + 10 {
            memory.settle(&n.to_string());
        }
        let shown = HashSet::from([mark("0"), mark("5")]);
        memory.trim(&shown);
        let known = memory.known();
        assert_eq!(known.len(), MOST_SEEN);
        assert!(
            known.contains(&mark("0")) && known.contains(&mark("5")) && !known.contains(&mark("1"))
        );
    }
}
