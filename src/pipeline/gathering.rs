//! Asks every source, holds what it shows against the ledger, and saves what is new.
//!
//! One source that fails is a line in the report. Posts that wait (drafts, dated ahead) stay out of the ledger until
//! their time comes, so that they are new then; they are shown in plans all the same.

use std::collections::{HashMap, HashSet};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;

use super::asking::{self, Answer, Question, Questions, Unanswered};
use super::report::SourceReport;
use super::sorting::{Sorted, Sorting};
use super::{Fault, Pipeline, Step, World};
use crate::audience::SyncedList;
use crate::gather::Fetcher;
use crate::model::{
    Diagnostic, Hold, LedgerEntry, Occasion, Post, PostId, Source, SourceName, Subscriber,
};
use crate::store::{KnownPost, SourceState};

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
    /// Asks all sources for an issue that is to be made, for so many readers.
    pub(super) async fn gather(
        &self,
        trace: Trace,
        readers: &SyncedList,
        world: &World<'_>,
    ) -> Result<Gathering, Fault> {
        let sources: Vec<_> = self.config.sources.iter().collect();
        let on = |_: &Source| Occasion::Issue;
        self.gather_from(&sources, on, trace, count(readers), world)
            .await
    }

    /// Asks these sources, each if the occasion allows it, and keeps what they show.
    pub(super) async fn gather_from(
        &self,
        sources: &[&Source],
        on: impl Fn(&Source) -> Occasion,
        trace: Trace,
        readers: usize,
        world: &World<'_>,
    ) -> Result<Gathering, Fault> {
        let fetcher = self.fetcher_for(readers, world).await?;
        let known = self.known_states(trace).await?;
        let mut questions = Questions::default();
        for source in sources {
            let state = known.get(&source.name).cloned();
            questions.add(Question::new(source, state, on(source)));
        }
        let total = sources.len();
        let mut running = FuturesUnordered::new();
        let mut gathering = Gathering::default();
        let mut faults = Vec::with_capacity(total);
        world.progress.step(Step::Gathering { done: 0, total });
        loop {
            while let Some(question) = questions.next() {
                running.push(asking::ask(question, &fetcher, world));
            }
            let answered = tokio::select! {
                answered = running.next() => answered,
                () = world.stop.stopped() => None,
            };
            let Some((question, answer)) = answered else {
                break;
            };
            questions.done(&question);
            let name = &question.source.name;
            self.keep(&question, answer, trace, world, &mut gathering)
                .await?;
            faults.push((name, std::mem::take(&mut gathering.faults)));
            let done = faults.len();
            world.progress.step(Step::Gathering { done, total });
        }
        let order: HashMap<&SourceName, usize> =
            sources.iter().map(|source| &source.name).zip(0..).collect();
        gathering
            .sources
            .sort_by_key(|report| order.get(&report.name));
        faults.sort_by_key(|(source, _)| order.get(source));
        gathering.faults = faults.into_iter().flat_map(|(_, faults)| faults).collect();
        Ok(gathering)
    }

    /// The fetcher, saying for how many readers it asks, and knowing which hosts asked to be left alone.
    async fn fetcher_for(&self, readers: usize, world: &World<'_>) -> Result<Fetcher, Fault> {
        let fetcher = self
            .fetcher
            .named(&super::sending::user_agent(&self.config, Some(readers)))?;
        for hold in self.store.host_holds(world.clock.now()).await? {
            fetcher.hold(&hold.host, hold.until);
        }
        Ok(fetcher)
    }

    /// What the store knows of each configured source. One at the place of a source that is in the configuration no more
    /// is that one under a new name.
    async fn known_states(&self, trace: Trace) -> Result<HashMap<SourceName, SourceState>, Fault> {
        let mut known: HashMap<_, _> = self
            .store
            .source_list()
            .await?
            .into_iter()
            .map(|state| (state.name.clone(), state))
            .collect();
        if trace == Trace::Leave {
            return Ok(known);
        }
        let configured: HashSet<_> = self.config.sources.iter().map(|s| &s.name).collect();
        let mut left: HashMap<String, SourceName> = known
            .values()
            .filter(|state| !configured.contains(&state.name))
            .map(|state| (state.location.clone(), state.name.clone()))
            .collect();
        for source in &self.config.sources {
            if known.contains_key(&source.name) {
                continue;
            }
            if let Some(old) = left.remove(&source.location()) {
                tracing::info!(%old, new = %source.name, "a source was renamed");
                self.store.source_rename(&old, &source.name).await?;
                let state = known.remove(&old);
                known.extend(state.map(|state| (source.name.clone(), state)));
            }
        }
        Ok(known)
    }

    async fn keep(
        &self,
        question: &Question<'_>,
        answer: Answer,
        trace: Trace,
        world: &World<'_>,
        gathering: &mut Gathering,
    ) -> Result<(), Fault> {
        let source = question.source;
        let at = world.clock.now();
        let mut sorted = match answer {
            Err(Unanswered::NotAsked(why)) => {
                let mut sorted = Sorted::not_asked(source, at, why.clone());
                let last = question.last_error();
                sorted
                    .faults
                    .extend(super::not_asked_fault(&self.config, source, &why, last));
                gathering.take(sorted, at);
                return Ok(());
            }
            Err(Unanswered::Failed(error, visit)) => {
                gathering
                    .faults
                    .push(super::source_fault(&self.config, source, &error));
                let mut sorted = Sorted::failed(source, at, &error);
                sorted.visited(*visit);
                sorted
            }
            Ok((gathered, visit)) => {
                let known = self.known(&gathered.posts).await?;
                let taken = self.slugs_of_others(source, &gathered.posts).await?;
                let first = is_first(source, question.state.as_ref(), &known);
                let mut sorted = Sorting {
                    source,
                    at,
                    first,
                    known,
                    taken,
                    chance: world.chance,
                }
                .sort(gathered);
                sorted.visited(visit);
                sorted
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

/// Readers who receive.
pub(super) fn count(readers: &SyncedList) -> usize {
    let receive = |subscriber: &&Subscriber| subscriber.suppressed.is_none();
    readers.subscribers.iter().filter(receive).count()
}

/// The first time is when the source was never read, or has moved to a place that shows nothing we know.
fn is_first(source: &Source, state: Option<&SourceState>, known: &[KnownPost]) -> bool {
    state.is_none_or(|state| {
        let moved = state.location != source.location();
        state.first_gathered_at.is_none() || (moved && known.is_empty())
    })
}
