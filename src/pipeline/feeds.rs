//! The feeds of a publishing: of posts, of issues, of each topic, and the outline of the sources.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::{Fault, Pipeline};
use crate::config::{Config, FeedItems};
use crate::model::{
    IssueNumber, LedgerEntry, Masthead, PostId, Source, SourceKind, SourceName, Topic,
};
use crate::syndicate::{self, Document, Feed, Item};

/// Posts that share a topic which only strangers name, before it has a page and feeds.
const SHARED: usize = 3;

/// Topics that a source may name beside those of the newsletter.
const MOST_OF_A_SOURCE: usize = 50;

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
        for (topic, entries) in by_topic(&self.config, posts) {
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

/// The posts of each topic that has a page and feeds, in the order given, which is that of their first issues: what the newsletter
/// names itself, in its sources, filters or own texts; and what enough posts share, of a source only as many as it may name. So
/// it is not for a stranger to say how many files are made.
pub(super) fn by_topic<'p>(
    config: &Config,
    posts: &'p [LedgerEntry],
) -> BTreeMap<&'p Topic, Vec<&'p LedgerEntry>> {
    let is_own = |source: &&Source| matches!(source.kind, SourceKind::Folder(_));
    let own: HashSet<&SourceName> = config
        .sources
        .iter()
        .filter(is_own)
        .map(|one| &one.name)
        .collect();
    let mapped = config
        .sources
        .iter()
        .flat_map(|source| source.filters.topics());
    let named = config.sources.iter().flat_map(|source| &source.topics);
    let mut named: HashSet<&Topic> = named.chain(mapped).collect();
    let texts = posts
        .iter()
        .filter(|entry| own.contains(&entry.post.source));
    named.extend(texts.flat_map(|entry| &entry.post.topics));
    let mut topics: BTreeMap<&Topic, Vec<&LedgerEntry>> = BTreeMap::new();
    let mut strange: HashMap<&SourceName, HashSet<&Topic>> = HashMap::new();
    for entry in posts {
        let of_source = strange.entry(&entry.post.source).or_default();
        for topic in &entry.post.topics {
            let is_known = named.contains(topic) || of_source.contains(topic);
            if !is_known && of_source.len() >= MOST_OF_A_SOURCE {
                continue;
            }
            if !is_known {
                of_source.insert(topic);
            }
            topics.entry(topic).or_default().push(entry);
        }
    }
    topics.retain(|topic, entries| named.contains(topic) || entries.len() >= SHARED);
    topics
}
