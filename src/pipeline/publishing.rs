//! Writes the feed, the archive and the pages of posts below `state/public`, each file whole or not at all.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::report::RunReport;
use super::{Fault, Pipeline, Step, World};
use crate::compose::IssueListing;
use crate::model::{Issue, LedgerEntry, Masthead};
use crate::syndicate;

/// Posts in the feed: what digest.md calls 25 to 50.
const FEED_POSTS: usize = 50;

/// Posts whose pages and pictures are looked after at each publishing.
const PAGES: usize = 1_000;

impl Pipeline {
    /// Where the published files are.
    pub fn public(&self) -> PathBuf {
        self.config.state.join("public")
    }

    /// Publishes if a run that broke left something out, or if nothing was ever published.
    pub(super) async fn publish_what_is_missing(
        &self,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<(), Fault> {
        let public = self.public();
        let issues = self.store.issue_list().await?;
        let newest = issues.iter().map(|issue| issue.number).max();
        let page = newest.map(|number| public.join(format!("issues/{number}/index.html")));
        if page.is_some_and(|page| !page.exists()) || !public.join("feed.xml").exists() {
            self.publish(world, report).await?;
        }
        Ok(())
    }

    /// Writes the feed, the archive's index, the pages of issues and of posts without a link of their own.
    pub(super) async fn publish(
        &self,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<(), Fault> {
        world.progress.step(Step::Publishing);
        let masthead = self.masthead();
        let posts = self.store.post_recent(PAGES).await?;
        let mut files = vec![(PathBuf::from("feed.xml"), self.feed(&masthead, &posts)?)];
        files.extend(self.issue_pages(&masthead).await?);
        files.extend(self.post_pages(&masthead, &posts)?);
        for (name, text) in files {
            self.put(&name, text.as_bytes(), report)?;
        }
        for entry in &posts {
            self.keep_files(entry, report)?;
        }
        Ok(())
    }

    /// The newsletter's masthead outside any schedule.
    pub fn masthead(&self) -> Masthead {
        self.config.newsletter.masthead(None)
    }

    fn feed(&self, masthead: &Masthead, posts: &[LedgerEntry]) -> Result<String, Fault> {
        let newest = &posts[..posts.len().min(FEED_POSTS)];
        Ok(syndicate::rss(masthead, newest, None)?)
    }

    async fn issue_pages(&self, masthead: &Masthead) -> Result<Vec<(PathBuf, String)>, Fault> {
        let mut pages = Vec::new();
        let mut listings = Vec::new();
        for summary in self.store.issue_list().await? {
            let Some(issue) = self.store.issue_load(summary.number).await? else {
                continue;
            };
            listings.push(listing(&issue));
            let path = PathBuf::from(format!("issues/{}/index.html", issue.number));
            pages.push((path, self.composer.issue_page(&issue)?));
        }
        let index = self.composer.index_page(masthead, &listings)?;
        pages.push((PathBuf::from("issues/index.html"), index.clone()));
        pages.push((PathBuf::from("index.html"), index));
        Ok(pages)
    }

    fn post_pages(
        &self,
        masthead: &Masthead,
        posts: &[LedgerEntry],
    ) -> Result<Vec<(PathBuf, String)>, Fault> {
        let mut taken = HashSet::new();
        let mut pages = Vec::new();
        for entry in posts.iter().filter(|entry| entry.post.link.is_none()) {
            if taken.insert(&entry.post.slug) {
                let path = PathBuf::from(format!("posts/{}/index.html", entry.post.slug));
                pages.push((path, self.composer.post_page(masthead, &entry.post)?));
            }
        }
        Ok(pages)
    }

    /// Pictures beside a post; one that is gone from its folder stays as it was published.
    fn keep_files(&self, entry: &LedgerEntry, report: &mut RunReport) -> Result<(), Fault> {
        for file in &entry.post.files {
            if self.public().join(&file.name).exists() {
                continue;
            }
            match fs::read(&file.path) {
                Ok(bytes) => self.put(Path::new(&file.name), &bytes, report)?,
                Err(cause) => {
                    tracing::warn!(file = %file.path.display(), %cause, "a picture could not be published")
                }
            }
        }
        Ok(())
    }

    /// Writes a file if its bytes differ from what is there.
    fn put(&self, name: &Path, bytes: &[u8], report: &mut RunReport) -> Result<(), Fault> {
        let path = self.public().join(name);
        if fs::read(&path).is_ok_and(|there| there == bytes) {
            return Ok(());
        }
        write_whole(&path, bytes)?;
        report.published.push(name.to_owned());
        Ok(())
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

/// Writes a file beside its place and then moves it there, so that nobody reads half of it.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let fault = |cause| Fault::Write {
        path: path.to_owned(),
        cause,
    };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(fault)?;
    }
    let beside = path.with_extension("new");
    fs::write(&beside, bytes)
        .and_then(|()| fs::rename(&beside, path))
        .map_err(fault)
}
