//! Asks the pages of the posts that an issue is about to carry: a post whose page answers 410 was taken back, and does not
//! go.
//!
//! Only pages at the host where their source is read are asked: what another site says of its page is nothing of the
//! post's publisher. Each page once, all within bounds of time; a page that cannot be asked withdraws nothing.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::StreamExt;
use url::Url;

use super::choosing::{Chosen, reason_for_no_issue};
use super::gathering::Gathering;
use super::report::{Quiet, RunReport};
use super::{Fault, Pipeline, World};
use crate::audience::SyncedList;
use crate::model::{Diagnostic, Post, PostId, Schedule};
use crate::select::Readership;

/// Pages that are asked at the same time, of all hosts.
const AT_ONCE: usize = 8;

/// The longest that the pages of one choice may take: none is a reason for an issue to be late.
const PATIENCE: Duration = Duration::from_secs(15);

/// Others take the places of posts that are gone, and are asked too; after so many choices they go unasked.
const CHOICES: usize = 3;

/// What an issue would be made of, for whom, or why there is none.
pub(super) type Settled<'a> = (Chosen, Readership<'a>, Option<Quiet>);

impl Pipeline {
    /// Chooses the posts of the schedule's next issue and its readers, without posts whose pages are gone.
    pub(super) async fn choose_present<'a>(
        &self,
        schedule: &Schedule,
        gathering: &Gathering,
        readers: &'a SyncedList,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<Settled<'a>, Fault> {
        let now = world.clock.now();
        let (mut asked, mut gone) = (HashSet::new(), HashSet::new());
        let mut choices = 0;
        loop {
            choices += 1;
            let chosen = self.choose_without(schedule, gathering, &gone, now).await?;
            let readership = self.readership(schedule, &chosen.posts, readers).await?;
            let quiet = reason_for_no_issue(schedule, &chosen, &readership);
            if quiet.is_some() || choices > CHOICES {
                return Ok((chosen, readership, quiet));
            }
            let new = chosen.posts.iter().filter(|(id, _)| asked.insert(*id));
            let new: Vec<&(PostId, Post)> = new.collect();
            let found = self.gone_pages(&new, gathering, world).await?;
            if found.is_empty() {
                return Ok((chosen, readership, quiet));
            }
            self.store.post_withdraw(&found).await?;
            let lost = new.iter().filter(|(id, _)| found.contains(id));
            report.faults.extend(lost.map(|(_, post)| taken_back(post)));
            gone.extend(found);
        }
    }

    /// Which of these posts have a page of their own that answers 410.
    pub(super) async fn gone_pages(
        &self,
        posts: &[&(PostId, Post)],
        gathering: &Gathering,
        world: &World<'_>,
    ) -> Result<Vec<PostId>, Fault> {
        let owners = self.owners(gathering).await?;
        let pages = posts.iter().filter_map(|(id, post)| {
            let link = post.link.as_deref()?;
            let is_own = owners.has_page(&post.source, link);
            Some((*id, Url::parse(link).ok().filter(|_| is_own)?))
        });
        let pages: Vec<(PostId, Url)> = pages.collect();
        let now = world.clock.now();
        let mut answers = futures_util::stream::iter(&pages)
            .map(|(id, page)| async move { (*id, page, self.fetcher.is_gone(page, now).await) })
            .buffer_unordered(AT_ONCE);
        let mut gone = Vec::new();
        let asking = async {
            while let Some((id, page, answer)) = answers.next().await {
                match answer {
                    Ok(true) => gone.push(id),
                    Ok(false) => {}
                    Err(error) => tracing::debug!(%page, %error, "could not ask for a post's page"),
                }
            }
        };
        tokio::select! {
            _ = tokio::time::timeout(PATIENCE, asking) => {}
            () = world.stop.stopped() => {}
        }
        Ok(gone)
    }
}

fn taken_back(post: &Post) -> Diagnostic {
    let page = post.link.as_deref().unwrap_or_default();
    Diagnostic::warning(format!(
        "“{}” was withdrawn and is not sent: its page is gone (410)",
        post.title
    ))
    .in_file(page)
    .hint("it goes when its page is there again and its feed shows it at a later visit")
}
