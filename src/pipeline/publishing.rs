//! Writes feeds, archive and pages into the folder of published files, each file whole or not at all, and only if it is another.
//!
//! What is written needs no program: every folder has its `index.html`, so that any web server can answer it. Files of
//! the past stay where they are, since mails and feeds point at them.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::feeds::{by_topic, topic_folder};
use super::folders::{Access, write_whole};
use super::pictures::read_bounded;
use super::report::RunReport;
use super::{Fault, Pipeline, Step, World};
use crate::compose::{IssueListing, Neighbours, TopicListing};
use crate::config::Config;
use crate::model::{Issue, IssueNumber, LedgerEntry, Masthead};
use crate::pictures;
use crate::store::IssueSummary;
use crate::syndicate::{self, Item, Location};

/// Stories on the page of a topic, the newest: what a person scrolls through. The topic's feed has them all.
const TOPIC_STORIES: usize = 100;

/// Sides of the newsletter's sign, in pixels: RSS 2.0 allows 144 at most, JSON Feed asks for 512.
const SIGNS: [(&str, u32); 2] = [("logo.png", 144), ("icon.png", 512)];

/// The file in `state` that says what was published last.
const MARK: &str = "published";

/// What a publishing wrote, as far as others want to know.
#[derive(Debug, Default)]
pub(super) struct Published {
    /// Paths of the feeds that are another than before; archives are not among them.
    pub feeds: Vec<String>,
}

/// A page or other file that is not a feed: its path and what is in it.
type Page = (String, Vec<u8>);

/// What the issues give to the rest of the archive.
#[derive(Default)]
struct Issues {
    pages: Vec<Page>,
    /// The newest first.
    listings: Vec<IssueListing>,
    /// The oldest first.
    items: Vec<Item>,
}

impl Pipeline {
    /// Where the published files are.
    pub fn public(&self) -> PathBuf {
        self.config.public.clone()
    }

    /// Publishes if a run that broke left something out, if nothing was ever published, or if what all pages say of the
    /// newsletter has changed since: its address, its name, a template.
    pub(super) async fn publish_what_is_missing(
        &self,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<(), Fault> {
        let public = self.public();
        let issues = self.store.issue_list().await?;
        let issues = issues.iter().filter(|issue| !issue.replayed);
        let newest = issues.map(|issue| issue.number).max();
        let page = newest.map(|number| public.join(format!("issues/{number}/index.html")));
        let is_missing =
            page.is_some_and(|page| !page.exists()) || !public.join("feed.xml").exists();
        if is_missing || !self.is_as_published() {
            self.publish(world, report).await?;
        }
        Ok(())
    }

    /// Writes everything that is published, and tells the hub of feeds that changed.
    pub(super) async fn publish(
        &self,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<(), Fault> {
        world.progress.step(Step::Publishing);
        let masthead = self.masthead();
        let summaries = self.store.issue_list().await?;
        let posts = self.carried_posts().await?;
        let issues = self.issue_pages(&summaries).await?;
        let mut pages = self.places(&masthead, &issues.listings, &posts)?;
        pages.extend(self.post_pages(&masthead, &posts)?);
        pages.extend(self.surroundings(&masthead, &issues.listings, &posts)?);
        pages.extend(issues.pages);
        for (name, bytes) in pages {
            self.put(Path::new(&name), &bytes, report)?;
        }
        for entry in &posts {
            self.keep_files(entry, report)?;
        }
        let sealed: HashMap<IssueNumber, Timestamp> = summaries
            .iter()
            .map(|issue| (issue.number, issue.sealed_at))
            .collect();
        // The feeds come last: what they point at is there when somebody follows them.
        let mut published = Published::default();
        for document in self.feeds(&masthead, &posts, issues.items, &sealed)? {
            let changed = self.put(Path::new(&document.path), document.text.as_bytes(), report)?;
            if changed && document.current {
                published.feeds.push(document.path);
            }
        }
        write_whole(&self.mark(), self.likeness()?.as_bytes(), Access::Owner)?;
        tokio::select! {
            // A run that was asked to end already does not begin to tell it.
            biased;
            () = world.stop.stopped() => tracing::warn!("asked to end before the hub was told of all feeds"),
            () = self.announce(&published, report) => {}
        }
        Ok(())
    }

    fn is_as_published(&self) -> bool {
        let there = fs::read_to_string(self.mark()).ok();
        there.is_some() && there == self.likeness().ok()
    }

    /// Where it is noted what the published files were made with.
    fn mark(&self) -> PathBuf {
        self.config.state.join(MARK)
    }

    /// What every publishing depends on beside issues and posts, as a hash.
    fn likeness(&self) -> Result<String, Fault> {
        let masthead = self.masthead();
        let words = serde_json::to_string(&masthead).unwrap_or_default();
        let outline = syndicate::outline(&masthead, &self.config.sources)?;
        let mut hasher = blake3::Hasher::new();
        for part in [
            env!("CARGO_PKG_VERSION"),
            &words,
            &outline,
            &format!("{:?}", self.config.feeds),
            &format!("{:?}", self.config.template_overrides),
        ] {
            hasher.update(part.as_bytes());
            hasher.update(&[0]);
        }
        Ok(hasher.finalize().to_hex().to_string())
    }

    /// The newsletter's masthead outside any schedule.
    pub fn masthead(&self) -> Masthead {
        self.config.newsletter.masthead(None)
    }

    /// Every post that an issue carried, those of the first issue first: an order that nothing later changes.
    async fn carried_posts(&self) -> Result<Vec<LedgerEntry>, Fault> {
        let mut posts = Vec::new();
        for entry in self.store.post_recent(usize::MAX).await? {
            posts.push(self.with_copies(&entry).await?);
        }
        posts.sort_by_key(|entry| {
            let first = entry.carried.first().map(|(issue, _)| *issue);
            (first, entry.dated(), entry.id)
        });
        Ok(posts)
    }

    async fn issue_pages(&self, summaries: &[IssueSummary]) -> Result<Issues, Fault> {
        let mut issues = Issues::default();
        for (at, summary) in summaries.iter().enumerate() {
            let Some(issue) = self.store.issue_load(summary.number).await? else {
                continue;
            };
            let around = Neighbours {
                earlier: summaries.get(at + 1).map(|issue| issue.number),
                later: at.checked_sub(1).map(|at| summaries[at].number),
            };
            let folder = format!("issues/{}", issue.number);
            let page = self.composer.issue_page(&issue, around)?;
            issues
                .pages
                .push((format!("{folder}/index.html"), page.into()));
            if let Some(card) = self.share_card(&issue, &folder)? {
                issues.pages.push((format!("{folder}/share.png"), card));
            }
            issues.items.push(self.issue_item(&issue)?);
            issues.listings.push(listing(&issue));
        }
        issues.items.reverse();
        Ok(issues)
    }

    fn issue_item(&self, issue: &Issue) -> Result<Item, Fault> {
        let words = self.composer.issue_words(issue)?;
        Ok(Item::of_issue(issue, &words.title, &words.summary))
    }

    /// The picture that stands for an issue where its address is shared; drawn once, since the issue does not change.
    fn share_card(&self, issue: &Issue, folder: &str) -> Result<Option<Vec<u8>>, Fault> {
        if self.public().join(folder).join("share.png").exists() {
            return Ok(None);
        }
        let words = self.composer.issue_words(issue)?;
        let drawn = pictures::draw(&pictures::Card {
            name: issue.masthead.name.clone(),
            edition: words.edition,
            title: words.lead,
            place: place_of(&issue.masthead.url).to_owned(),
            accent: pictures::colour(&issue.masthead.accent),
        });
        Ok(Some(drawn?))
    }

    /// The pages that lead to others: the index, and one for each topic.
    fn places(
        &self,
        masthead: &Masthead,
        issues: &[IssueListing],
        posts: &[LedgerEntry],
    ) -> Result<Vec<Page>, Fault> {
        let topics = by_topic(&self.config, posts);
        let shown = |entry: &&LedgerEntry| entry.post.hold.is_none();
        let mut listed = Vec::new();
        let mut pages = Vec::new();
        for (topic, entries) in topics {
            let mut entries: Vec<_> = entries.into_iter().filter(shown).collect();
            entries.sort_by_key(|entry| (Reverse(entry.dated()), entry.id));
            listed.push(TopicListing {
                topic: topic.clone(),
                stories: entries.len(),
            });
            let newest: Vec<_> = entries
                .iter()
                .take(TOPIC_STORIES)
                .map(|entry| &entry.post)
                .collect();
            let page = self.composer.topic_page(masthead, topic, &newest)?;
            pages.push((format!("{}/index.html", topic_folder(topic)), page.into()));
        }
        let index = self.composer.index_page(masthead, issues, &listed)?;
        pages.push(("issues/index.html".to_owned(), index.clone().into()));
        pages.push(("index.html".to_owned(), index.into()));
        Ok(pages)
    }

    fn post_pages(&self, masthead: &Masthead, posts: &[LedgerEntry]) -> Result<Vec<Page>, Fault> {
        let mut taken = HashSet::new();
        let mut pages = Vec::new();
        for entry in posts.iter().rev() {
            if entry.post.link.is_none() && taken.insert(&entry.post.slug) {
                let page = self.composer.post_page(masthead, &entry.post)?;
                pages.push((format!("posts/{}/index.html", entry.post.slug), page.into()));
            }
        }
        Ok(pages)
    }

    /// What programs look for: sitemap and robots' rules, the outline of the sources, the feeds' sheet, the signs.
    fn surroundings(
        &self,
        masthead: &Masthead,
        issues: &[IssueListing],
        posts: &[LedgerEntry],
    ) -> Result<Vec<Page>, Fault> {
        let base = &masthead.url;
        let outline = syndicate::outline(masthead, &self.config.sources)?;
        let robots = format!("User-agent: *\nAllow: /\nSitemap: {base}/sitemap.xml\n");
        let mut files = vec![
            (
                "sitemap.xml",
                sitemap_of(&self.config, masthead, issues, posts).into_bytes(),
            ),
            ("robots.txt", robots.into_bytes()),
            ("sources.opml", outline.into_bytes()),
            ("feed.css", self.composer.feed_style(masthead)?.into_bytes()),
        ];
        for (name, side) in SIGNS {
            let accent = pictures::colour(&masthead.accent);
            files.push((name, pictures::sign(&masthead.name, accent, side)?));
        }
        let named = files
            .into_iter()
            .map(|(name, bytes)| (name.to_owned(), bytes));
        Ok(named.collect())
    }

    /// Pictures beside a post that have no copies in their place; one that is gone from its folder stays as it was
    /// published.
    fn keep_files(&self, entry: &LedgerEntry, report: &mut RunReport) -> Result<(), Fault> {
        for file in &entry.post.files {
            if self.is_copied(&file.name) || self.public().join(&file.name).exists() {
                continue;
            }
            match read_bounded(&file.path) {
                Ok(bytes) => {
                    self.put(Path::new(&file.name), &bytes, report)?;
                }
                Err(cause) => {
                    tracing::warn!(file = %file.path.display(), cause, "a picture could not be published")
                }
            }
        }
        Ok(())
    }

    /// Writes a file if its bytes differ from what is there, and says whether they did.
    fn put(&self, name: &Path, bytes: &[u8], report: &mut RunReport) -> Result<bool, Fault> {
        let path = self.public().join(name);
        if fs::read(&path).is_ok_and(|there| there == bytes) {
            return Ok(false);
        }
        write_whole(&path, bytes, Access::Everybody)?;
        report.published.push(name.to_owned());
        Ok(true)
    }
}

/// The issue's line in the archive.
fn listing(issue: &Issue) -> IssueListing {
    let lead = issue.posts.first().map(|(_, post)| post.title.clone());
    IssueListing {
        number: issue.number,
        date: issue.date,
        lead: lead.unwrap_or_default(),
        stories: issue.posts.len(),
    }
}

/// The archive's index, then issues, topics and our own pages of posts, the newest first.
fn sitemap_of(
    config: &Config,
    masthead: &Masthead,
    issues: &[IssueListing],
    posts: &[LedgerEntry],
) -> String {
    let base = &masthead.url;
    let day = |entry: &LedgerEntry| {
        let zone = jiff::tz::TimeZone::get(&masthead.timezone).unwrap_or(jiff::tz::TimeZone::UTC);
        entry.dated().to_zoned_datetime(zone).date()
    };
    let mut pages = vec![Location {
        url: masthead.archive(),
        changed: issues.first().map(|issue| issue.date),
    }];
    pages.extend(issues.iter().map(|issue| Location {
        url: masthead.issue_page(issue.number),
        changed: Some(issue.date),
    }));
    pages.extend(
        by_topic(config, posts)
            .into_iter()
            .map(|(topic, entries)| Location {
                url: format!("{base}/{}/", topic_folder(topic)),
                changed: entries.iter().map(|entry| day(entry)).max(),
            }),
    );
    let own = posts
        .iter()
        .rev()
        .filter(|entry| entry.post.link.is_none() && entry.post.hold.is_none());
    pages.extend(own.map(|entry| Location {
        url: entry.post.address(base),
        changed: Some(day(entry)),
    }));
    syndicate::sitemap(&pages)
}

/// An address of the web as a person would say it: without its scheme.
fn place_of(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, place)| place)
}
