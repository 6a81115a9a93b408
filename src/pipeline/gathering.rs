//! Asks every source, holds what it shows against the ledger, and saves what is new.
//!
//! One source that fails is a line in the report. Posts that wait (drafts, dated ahead) stay out of the ledger until
//! their time comes, so that they are new then; they are shown in plans all the same.

use std::collections::{HashMap, HashSet};

use futures_util::StreamExt;
use jiff::Timestamp;

use super::report::SourceReport;
use super::sorting::{Sorted, Sorting};
use super::{Fault, Pipeline, Step, World};
use crate::gather::{self, Gathered, Memory};
use crate::model::{Diagnostic, Hold, LedgerEntry, Post, PostId, Source, SourceName};
use crate::store::{KnownPost, SourceState};

/// Sources asked at the same time: enough to hide slow ones, few enough to be a good guest.
const AT_ONCE: usize = 8;

/// What the sources showed, beside what the ledger knows.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    pub sources: Vec<SourceReport>,
    pub faults: Vec<Diagnostic>,
    /// Posts that are not in the ledger: those that wait, and in a plan also the new ones.
    unsaved: Vec<LedgerEntry>,
    /// Posts of the ledger that look different now.
    seen: HashMap<PostId, Post>,
    /// What each folder holds now: a post that left its folder before it went out is withdrawn.
    folders: HashMap<SourceName, HashSet<PostId>>,
}

/// Whether a gathering leaves traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trace {
    /// Save posts, validators and errors.
    Save,
    /// A plan: save nothing.
    Leave,
}

impl Pipeline {
    /// Asks all sources.
    pub(super) async fn gather(&self, trace: Trace, world: &World<'_>) -> Result<Gathering, Fault> {
        let asked = || self.config.sources.iter().filter(|source| !source.paused);
        let total = asked().count();
        let mut known = Vec::with_capacity(total);
        for source in asked() {
            let state = self.known_state(source, trace).await?;
            let memory = self.store.source_memory(&source.name).await?;
            known.push((source, state, Memory::of(source, memory.as_deref())));
        }
        let mut answers = futures_util::stream::iter(known)
            .map(|(source, state, memory)| self.ask(source, state, memory, world))
            .buffer_unordered(AT_ONCE);
        let mut gathering = Gathering::default();
        let mut done = 0;
        let mut faults = Vec::with_capacity(total);
        world.progress.step(Step::Gathering { done, total });
        while let Some(answer) = answers.next().await {
            let name = &answer.0.name;
            self.keep(answer, trace, world, &mut gathering).await?;
            faults.push((name, std::mem::take(&mut gathering.faults)));
            done += 1;
            world.progress.step(Step::Gathering { done, total });
        }
        let order = |name: &SourceName| self.config.sources.iter().position(|s| s.name == *name);
        gathering.sources.sort_by_key(|report| order(&report.name));
        faults.sort_by_key(|(source, _)| order(source));
        gathering.faults = faults.into_iter().flat_map(|(_, faults)| faults).collect();
        Ok(gathering)
    }

    async fn known_state(
        &self,
        source: &Source,
        trace: Trace,
    ) -> Result<Option<SourceState>, Fault> {
        match self.store.source_state(&source.name).await? {
            None if trace == Trace::Save => self.renamed(source).await,
            state => Ok(state),
        }
    }

    /// Asks a source, and not the store: a question that waits for its turn would keep a connection to the database, and
    /// a few of these would leave none for saving what another source said.
    async fn ask<'a>(
        &self,
        source: &'a Source,
        state: Option<SourceState>,
        memory: Memory,
        world: &World<'_>,
    ) -> Asked<'a> {
        let here = state
            .as_ref()
            .filter(|state| state.location == source.location());
        let known = here.and_then(|state| state.validators.as_ref());
        let now = world.clock.now();
        let answer = gather::gather_again(source, known, memory, &self.fetcher, now).await;
        (source, state, answer)
    }

    /// A source at the place of one that is in the configuration no more is that one under a new name.
    async fn renamed(&self, source: &Source) -> Result<Option<SourceState>, Fault> {
        let place = source.location();
        let configured = |name: &SourceName| self.config.sources.iter().any(|s| s.name == *name);
        let earlier = self.store.source_list().await?;
        let Some(old) = earlier
            .into_iter()
            .find(|old| old.location == place && !configured(&old.name))
        else {
            return Ok(None);
        };
        tracing::info!(old = %old.name, new = %source.name, "a source was renamed");
        self.store.source_rename(&old.name, &source.name).await?;
        Ok(self.store.source_state(&source.name).await?)
    }

    async fn keep(
        &self,
        asked: Asked<'_>,
        trace: Trace,
        world: &World<'_>,
        gathering: &mut Gathering,
    ) -> Result<(), Fault> {
        let (source, state, answer) = asked;
        let at = world.clock.now();
        let mut sorted = match answer {
            Err(error) => {
                gathering
                    .faults
                    .push(super::source_fault(&self.config, source, &error));
                Sorted::failed(source, at, &error)
            }
            Ok(mut gathered) => {
                for fault in gathered
                    .faults
                    .iter_mut()
                    .filter(|fault| fault.file.is_none())
                {
                    fault.message = format!("source `{}`: {}", source.name, fault.message);
                }
                gathered
                    .faults
                    .extend(super::source_found(&self.config, source, &gathered));
                let known = self.known(&gathered.posts).await?;
                let taken = self.slugs_of_others(source, &gathered.posts).await?;
                let first = gathered.first_sight || is_first(source, state.as_ref(), &known);
                Sorting {
                    source,
                    at,
                    first,
                    known,
                    taken,
                    chance: world.chance,
                }
                .sort(gathered)
            }
        };
        if trace == Trace::Save {
            self.store.source_save(&sorted.saved).await?;
            sorted.saved.new.clear();
            sorted.saved.changed.clear();
        }
        gathering.take(sorted, at);
        Ok(())
    }

    async fn known(&self, posts: &[Post]) -> Result<Vec<KnownPost>, Fault> {
        let identities: Vec<String> = posts
            .iter()
            .flat_map(|post| std::iter::once(post.identity.clone()).chain(post.alternate.clone()))
            .collect();
        Ok(self.store.post_known(&identities).await?)
    }

    async fn slugs_of_others(
        &self,
        source: &Source,
        posts: &[Post],
    ) -> Result<HashSet<String>, Fault> {
        let slugs: Vec<String> = posts.iter().map(|post| post.slug.clone()).collect();
        Ok(self
            .store
            .post_slugs_of_others(&source.name, &slugs)
            .await?)
    }
}

/// A source, what the store knew of it, and what it answered.
type Asked<'a> = (
    &'a Source,
    Option<SourceState>,
    Result<Gathered, gather::Error>,
);

impl Gathering {
    /// Lays what was seen over what the ledger says.
    pub(super) fn over(&self, mut ledger: Vec<LedgerEntry>) -> Vec<LedgerEntry> {
        for entry in &mut ledger {
            if let Some(post) = self.seen.get(&entry.id) {
                entry.post = post.clone();
            } else if self.is_withdrawn(entry) {
                entry.post.hold = Some(Hold::Withdrawn);
            }
        }
        ledger.extend(self.unsaved.iter().cloned());
        ledger
    }

    fn is_withdrawn(&self, entry: &LedgerEntry) -> bool {
        let folder = self.folders.get(&entry.post.source);
        entry.carried.is_empty() && folder.is_some_and(|present| !present.contains(&entry.id))
    }

    /// Takes what is not in the store: posts that wait, and what a plan did not save.
    fn take(&mut self, sorted: Sorted, at: Timestamp) {
        let new = sorted
            .saved
            .new
            .into_iter()
            .map(|new| (new.post, new.baseline));
        for (post, baseline) in new.chain(sorted.waiting) {
            let id = PostId(-1 - i64::try_from(self.unsaved.len()).unwrap_or(i64::MAX - 1));
            self.unsaved.push(LedgerEntry {
                id,
                post,
                first_seen: at,
                baseline,
                carried: vec![],
            });
        }
        self.seen.extend(
            sorted
                .saved
                .changed
                .into_iter()
                .map(|(id, post, _)| (id, post)),
        );
        self.seen.extend(sorted.held);
        if let Some(present) = sorted.present {
            self.folders.insert(sorted.report.name.clone(), present);
        }
        self.faults.extend(sorted.faults);
        self.sources.push(sorted.report);
    }
}

/// The first time is when the source was never read, or has moved to a place that shows nothing we know.
fn is_first(source: &Source, state: Option<&SourceState>, known: &[KnownPost]) -> bool {
    state.is_none_or(|state| {
        let moved = state.location != source.location();
        state.first_gathered_at.is_none() || (moved && known.is_empty())
    })
}
