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
use crate::gather::{self, Fetcher, Memory};
use crate::model::{
    Diagnostic, Flood, Hold, LedgerEntry, Likeness, Occasion, Post, PostId, Source, SourceName,
    Standing, Subscriber,
};
use crate::store::{KnownPost, SourceState, Twin};

/// What the sources showed, beside what the ledger knows.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    pub sources: Vec<SourceReport>,
    pub faults: Vec<Diagnostic>,
    /// Posts that are not in the ledger: those that wait, and in a plan also the new ones.
    unsaved: Vec<(LedgerEntry, Likeness)>,
    /// Posts of the ledger that look different now.
    seen: HashMap<PostId, Post>,
    /// What each folder holds now: a post that left its folder before it went out is withdrawn.
    folders: HashMap<SourceName, HashSet<PostId>>,
    /// What readers call each source, as it says itself.
    titles: HashMap<SourceName, String>,
    /// Where posts of the ledger would stand, as a plan found.
    standings: HashMap<PostId, Standing>,
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
        let mut total = 0;
        for source in sources {
            if source.paused && on(source) != Occasion::Named {
                continue;
            }
            let state = known.get(&source.name).cloned();
            let memory = self.store.source_memory(&source.name).await?;
            let memory = Memory::of(source, memory.as_deref());
            questions.add(Question::new(source, state, memory, on(source)));
            total += 1;
        }
        let mut running = FuturesUnordered::new();
        let mut gathering = Gathering::default();
        let mut faults = Vec::with_capacity(total);
        world.progress.step(Step::Gathering { done: 0, total });
        loop {
            while let Some(question) = questions.next() {
                let answers = self.answers.as_deref();
                running.push(asking::ask_once(question, answers, &fetcher, world));
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
        self.join(trace, &mut gathering).await?;
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
            Ok((mut gathered, visit)) => {
                name_the_source(source, &mut gathered.faults);
                gathered
                    .faults
                    .extend(super::source_found(&self.config, source, &gathered));
                let known = self.known(source, &gathered.posts).await?;
                let taken = self.slugs_taken(&gathered.posts).await?;
                let read_before = question.state.as_ref();
                let read_before = read_before.filter(|s| s.first_gathered_at.is_some());
                let first = gathered.first_sight || read_before.is_none();
                let mut sorted = Sorting {
                    source,
                    at,
                    first,
                    moved: read_before.is_some_and(|s| s.location != source.location()),
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

    async fn known(&self, source: &Source, posts: &[Post]) -> Result<Vec<KnownPost>, Fault> {
        let identities: Vec<String> = posts
            .iter()
            .flat_map(|post| std::iter::once(post.identity.clone()).chain(post.alternate.clone()))
            .collect();
        let titles = gather::title_keys(posts);
        let known = self.store.post_known(&source.name, &identities, &titles);
        Ok(known.await?)
    }

    async fn slugs_taken(
        &self,
        posts: &[Post],
    ) -> Result<HashMap<String, HashSet<SourceName>>, Fault> {
        let slugs: Vec<String> = posts.iter().map(|post| post.slug.clone()).collect();
        Ok(self.store.post_slugs_taken(&slugs).await?)
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
        ledger.extend(self.unsaved.iter().map(|(entry, _)| entry.clone()));
        for entry in &mut ledger {
            if let Some(standing) = self.standings.get(&entry.id) {
                entry.standing = standing.clone();
            }
        }
        stand_for_each_other(&mut ledger);
        ledger
    }

    /// Posts that a plan did not save, as far as they are held against those of other sources.
    pub(super) fn unsaved_twins(&self) -> Vec<Twin> {
        let open = |(entry, _): &&(LedgerEntry, Likeness)| {
            entry.standing == Standing::Open && entry.post.hold.is_none()
        };
        self.unsaved.iter().filter(open).map(twin).collect()
    }

    /// A post that a plan did not save.
    pub(super) fn unsaved_post(&self, id: PostId) -> Option<&Post> {
        let mut unsaved = self.unsaved.iter();
        let (entry, _) = unsaved.find(|(entry, _)| entry.id == id)?;
        Some(&entry.post)
    }

    /// The floods that a plan did not save.
    pub(super) fn unsaved_floods(&self) -> Vec<(SourceName, Flood)> {
        let mut floods: Vec<(SourceName, Flood)> = Vec::new();
        for (entry, _) in &self.unsaved {
            let Standing::Quarantined { why, .. } = entry.standing else {
                continue;
            };
            let flood = (entry.post.source.clone(), why);
            if !floods.contains(&flood) {
                floods.push(flood);
            }
        }
        floods
    }

    /// What readers call a source, as it says itself.
    pub(super) fn title_of(&self, source: &SourceName) -> Option<String> {
        self.titles.get(source).cloned()
    }

    /// Counts a post that another source brought too.
    pub(super) fn count_joined(&mut self, source: &SourceName) {
        let report = self.sources.iter_mut().find(|s| s.name == *source);
        if let Some(report) = report {
            report.joined += 1;
        }
    }

    /// Remembers where posts would stand, for a plan that saves nothing.
    pub(super) fn stand(&mut self, standings: Vec<(PostId, Standing)>) {
        self.standings.extend(standings);
    }

    fn is_withdrawn(&self, entry: &LedgerEntry) -> bool {
        let folder = self.folders.get(&entry.post.source);
        entry.carried.is_empty() && folder.is_some_and(|present| !present.contains(&entry.id))
    }

    /// Takes what is not in the store: posts that wait, and what a plan did not save.
    fn take(&mut self, sorted: Sorted, at: Timestamp) {
        let new = sorted.saved.new.into_iter();
        let new = new.map(|new| (new.post, new.baseline, new.standing, new.likeness));
        let waiting = sorted.waiting.into_iter();
        let waiting =
            waiting.map(|(post, baseline)| (post, baseline, Standing::Open, Likeness::default()));
        for (post, baseline, standing, likeness) in new.chain(waiting) {
            let id = PostId(-1 - i64::try_from(self.unsaved.len()).unwrap_or(i64::MAX - 1));
            let entry = LedgerEntry {
                id,
                post,
                first_seen: at,
                baseline,
                standing,
                carried: vec![],
            };
            self.unsaved.push((entry, likeness));
        }
        self.seen.extend(
            sorted
                .saved
                .changed
                .into_iter()
                .map(|(id, post, _)| (id, post)),
        );
        self.seen.extend(sorted.held);
        if let Some(title) = sorted.title {
            self.titles.insert(sorted.report.name.clone(), title);
        }
        if let Some(present) = sorted.present {
            self.folders.insert(sorted.report.name.clone(), present);
        }
        if let Some(why) = &sorted.report.held {
            self.faults
                .push(super::brake::fault(&sorted.report.name, why));
        }
        self.faults.extend(sorted.faults);
        self.sources.push(sorted.report);
    }
}

/// Faults without a file say whose they are.
fn name_the_source(source: &Source, faults: &mut [Diagnostic]) {
    for fault in faults.iter_mut().filter(|fault| fault.file.is_none()) {
        fault.message = format!("source `{}`: {}", source.name, fault.message);
    }
}

/// Readers who receive.
pub(super) fn count(readers: &SyncedList) -> usize {
    let receive = |subscriber: &&Subscriber| subscriber.suppressed.is_none();
    readers.subscribers.iter().filter(receive).count()
}

/// Lets each post stand for those that are joined to it.
fn stand_for_each_other(ledger: &mut [LedgerEntry]) {
    let joined: Vec<(PostId, SourceName, Post, Standing)> = ledger
        .iter()
        .filter_map(|entry| {
            let to = entry.standing.joined_to()?;
            let post = entry.post.clone();
            Some((to, post.source.clone(), post, entry.standing.clone()))
        })
        .collect();
    for (to, source, post, standing) in joined {
        if let Some(kept) = ledger.iter_mut().find(|entry| entry.id == to) {
            kept.stand_for(source, &post, &standing);
        }
    }
}

fn twin((entry, likeness): &(LedgerEntry, Likeness)) -> Twin {
    Twin {
        id: entry.id,
        source: entry.post.source.clone(),
        identity: entry.post.identity.clone(),
        dated: entry.dated(),
        baseline: entry.baseline,
        compared: false,
        carried: false,
        joined_to: None,
        likeness: likeness.clone(),
    }
}
