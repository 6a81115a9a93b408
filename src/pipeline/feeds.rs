//! The feeds of a publishing: of posts, of issues, of each topic, and the outline of the sources.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};

use super::{Fault, Pipeline};
use crate::config::FeedItems;
use crate::model::{IssueNumber, LedgerEntry, Masthead, PostId, Topic};
use crate::syndicate::{self, Document, Feed, Item};

/// The folder of the feeds of issues, where both kinds are wanted.
const ISSUES: &str = "issues";

impl Pipeline {
    /// All feeds; `posts` and `issues` with the first that came out first.
    pub(super) fn feeds(
        &self,
        masthead: &Masthead,
        posts: &[LedgerEntry],
        issues: Vec<Item>,
        sealed: &HashMap<IssueNumber, Timestamp>,
    ) -> Result<Vec<Document>, Fault> {
        let appeared = appearances(posts, sealed);
        let item = |entry: &LedgerEntry| {
            let at = appeared.get(&entry.id).unwrap_or(&entry.first_seen);
            Item::of_post(masthead, entry, *at)
        };
        let of_posts = || posts.iter().map(item).collect();
        let mut moments = Moments::default();
        let apart = |issue: Item| Item {
            appeared: moments.next(issue.appeared),
            ..issue
        };
        let of_issues = issues.into_iter().map(apart).map(Some).collect();
        let own = |items| self.feed(masthead, "", masthead.name.clone(), items);
        let mut documents = match self.config.feeds.items {
            FeedItems::Posts => own(of_posts())?,
            FeedItems::Issues => own(of_issues)?,
            FeedItems::Both => {
                let mut both = own(of_posts())?;
                both.extend(self.feed(masthead, ISSUES, masthead.name.clone(), of_issues)?);
                both
            }
        };
        for (topic, entries) in by_topic(posts) {
            let items = entries.into_iter().map(item).collect();
            let title = format!("{}: {}", masthead.name, topic.label());
            documents.extend(self.feed(masthead, &topic_folder(topic), title, items)?);
        }
        Ok(documents)
    }

    fn feed(
        &self,
        masthead: &Masthead,
        folder: &str,
        title: String,
        items: Vec<Option<Item>>,
    ) -> Result<Vec<Document>, Fault> {
        let home = match folder {
            "" => format!("{}/", masthead.url),
            folder => format!("{}/{folder}/", masthead.url),
        };
        Ok(syndicate::documents(&Feed {
            masthead,
            title,
            home,
            folder: folder.to_owned(),
            hub: self.config.feeds.hub.as_ref().map(|hub| hub.as_str()),
            items,
        })?)
    }
}

/// When each post came out, for posts in the order of their first issues: when that issue was sealed, but always a second
/// after the post before. What comes later changes nothing of it.
fn appearances(
    posts: &[LedgerEntry],
    sealed: &HashMap<IssueNumber, Timestamp>,
) -> HashMap<PostId, Timestamp> {
    let mut moments = Moments::default();
    let mut appearances = HashMap::with_capacity(posts.len());
    for entry in posts {
        let first = entry.carried.first();
        let at = first.and_then(|(issue, _)| sealed.get(issue));
        appearances.insert(entry.id, moments.next(*at.unwrap_or(&entry.first_seen)));
    }
    appearances
}

/// Moments of which no two are the same second.
#[derive(Debug, Default)]
struct Moments {
    last: Option<Timestamp>,
}

impl Moments {
    /// The moment itself, or the second after the last one given.
    fn next(&mut self, at: Timestamp) -> Timestamp {
        let after = self.last.map(|last| last + SignedDuration::from_secs(1));
        let at = after.map_or(at, |after| at.max(after));
        self.last = Some(at);
        at
    }
}

/// The folder of a topic's page and feeds.
pub(super) fn topic_folder(topic: &Topic) -> String {
    format!("topics/{topic}")
}

/// The posts of each topic, in the order given.
pub(super) fn by_topic(posts: &[LedgerEntry]) -> BTreeMap<&Topic, Vec<&LedgerEntry>> {
    let mut topics: BTreeMap<&Topic, Vec<&LedgerEntry>> = BTreeMap::new();
    for entry in posts {
        for topic in &entry.post.topics {
            topics.entry(topic).or_default().push(entry);
        }
    }
    topics
}
