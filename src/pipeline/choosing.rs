//! What a schedule's next issue would be made of: its posts, its readers, or the reason for making none.
//!
//! A plan and a run choose by this one way, so that what was planned is what is sealed.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;

use super::gathering::Gathering;
use super::report::{Quiet, Skipped};
use super::{Fault, Pipeline};
use crate::audience::SyncedList;
use crate::gather;
use crate::model::{
    FirstRun, Hold, Language, LedgerEntry, Post, PostId, Schedule, Selection, Standing,
    SubscriberId, VerdictReason,
};
use crate::select::{self, Readership};

/// Posts of the ledger that a selection looks at: far more than any issue carries.
const LEDGER_WINDOW: usize = 1_000;

/// What a schedule's next issue would be made of.
pub(super) struct Chosen {
    pub ledger: Vec<LedgerEntry>,
    pub selection: Selection,
    pub posts: Vec<(PostId, Post)>,
    /// Nobody was here before: the run that marks the baseline.
    pub first_run: bool,
}

impl Pipeline {
    /// Selects the posts of the schedule's next issue.
    pub(super) async fn choose(
        &self,
        schedule: &Schedule,
        gathering: &Gathering,
        now: Timestamp,
    ) -> Result<Chosen, Fault> {
        let nothing = HashSet::new();
        self.choose_without(schedule, gathering, &nothing, now)
            .await
    }

    /// The same, without the posts that were found `gone` since they were gathered.
    pub(super) async fn choose_without(
        &self,
        schedule: &Schedule,
        gathering: &Gathering,
        gone: &HashSet<PostId>,
        now: Timestamp,
    ) -> Result<Chosen, Fault> {
        let state = self.store.schedule_state(&schedule.name).await?;
        let first_run_at = state.map(|state| state.first_run_at);
        let mut ledger = gathering.over(
            self.store
                .ledger_list(&schedule.name, LEDGER_WINDOW)
                .await?,
        );
        for entry in ledger.iter_mut().filter(|entry| gone.contains(&entry.id)) {
            entry.post.hold = Some(Hold::Withdrawn);
        }
        self.filter(&mut ledger);
        let selection = select::select(schedule, &ledger, first_run_at, now);
        let by_id: HashMap<PostId, &LedgerEntry> =
            ledger.iter().map(|entry| (entry.id, entry)).collect();
        let posts = selection
            .chosen
            .iter()
            .filter_map(|id| by_id.get(id).map(|entry| (*id, dated(entry))))
            .collect();
        Ok(Chosen {
            selection,
            posts,
            first_run: first_run_at.is_none(),
            ledger,
        })
    }

    /// Keeps out what waits and what the filters, as they are now, would not let in. Nothing that was passed over when it
    /// came is let in by this: filters that are loosened bring no flood.
    fn filter(&self, ledger: &mut [LedgerEntry]) {
        for entry in ledger {
            let open = entry.standing == Standing::Open && entry.carried.is_empty();
            let source = || {
                let name = &entry.post.source;
                self.config.sources.iter().find(|s| s.name == *name)
            };
            let by = open.then(source).flatten();
            if let Some(by) = by.and_then(|source| gather::passed_over(source, &entry.post)) {
                entry.standing = Standing::Filtered { by };
            }
        }
    }

    /// Groups the schedule's readers into variants of posts that they do not have yet.
    pub(super) async fn readership<'a>(
        &self,
        schedule: &Schedule,
        posts: &[(PostId, Post)],
        readers: &'a SyncedList,
    ) -> Result<Readership<'a>, Fault> {
        let ids: Vec<PostId> = posts.iter().map(|(id, _)| *id).collect();
        let mut received: HashMap<SubscriberId, HashSet<PostId>> = HashMap::new();
        for (subscriber, post) in self.store.received(&ids).await? {
            received.entry(subscriber).or_default().insert(post);
        }
        Ok(self.grouped(schedule, posts, readers, &received))
    }

    /// Groups the schedule's readers into variants of posts that are not among those `received`.
    pub(super) fn grouped<'a>(
        &self,
        schedule: &Schedule,
        posts: &[(PostId, Post)],
        readers: &'a SyncedList,
        received: &HashMap<SubscriberId, HashSet<PostId>>,
    ) -> Readership<'a> {
        let ours = &self.config.newsletter.language;
        let language_of =
            |wanted: Option<&Language>| self.composer.language(wanted.unwrap_or(ours), ours);
        select::readership(schedule, posts, &readers.subscribers, received, language_of)
    }
}

/// Why the schedule makes no issue now, if so.
pub(super) fn reason_for_no_issue(
    schedule: &Schedule,
    chosen: &Chosen,
    readership: &Readership<'_>,
) -> Option<Quiet> {
    let new = chosen.posts.len();
    let baseline = chosen.selection.verdicts.iter();
    let baseline = baseline
        .filter(|v| v.reason == VerdictReason::OlderThanFirstRun)
        .count();
    if chosen.first_run && schedule.first_run == FirstRun::Baseline && new == 0 && baseline > 0 {
        return Some(Quiet::Baseline { posts: baseline });
    }
    if new < schedule.min_posts.max(1) {
        return Some(Quiet::NothingNew {
            new,
            needed: schedule.min_posts.max(1),
        });
    }
    if !readership.entitled.is_empty() {
        return None;
    }
    if readership.nothing_new.is_empty() && !readership.suppressed.is_empty() {
        let mut left = BTreeMap::new();
        for (_, reason) in &readership.suppressed {
            *left.entry(reason.as_str()).or_default() += 1;
        }
        return Some(Quiet::NobodyLeft { left });
    }
    Some(Quiet::NoReaders)
}

/// Readers who are left out since they left or bounced, masked.
pub(super) fn skipped(readership: &Readership<'_>) -> Vec<Skipped> {
    readership
        .suppressed
        .iter()
        .map(|(subscriber, reason)| Skipped {
            reader: subscriber.address.masked(),
            reason: *reason,
        })
        .collect()
}

/// The post with the date that counts.
fn dated(entry: &LedgerEntry) -> Post {
    let published = entry.post.published.map(|_| entry.dated());
    Post {
        published,
        ..entry.post.clone()
    }
}
