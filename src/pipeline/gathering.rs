//! Asks every source, holds what it shows against the ledger, and saves what is new.
//!
//! One source that fails is a line in the report. Posts that wait (drafts, dated ahead) stay out of the ledger until
//! their time comes, so that they are new then; they are shown in plans all the same.

mod shown;

use std::collections::{HashMap, HashSet};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;

use super::asking::{self, Answer, Question, Questions, Unanswered};
use super::recognising::{Evidence, Recognising};
use super::sorting::{Sorted, Sorting};
use super::{Fault, Pipeline, Step, World};
use crate::audience::SyncedList;
use crate::gather::{self, Fetcher, Gathered, Memory};
use crate::model::{
    Diagnostic, Likeness, Occasion, Post, PostId, Source, SourceKind, SourceName, Subscriber,
};
use crate::store::{KnownPost, SourceState};
pub(super) use shown::Gathering;

/// So many whole posts are read at once to be held against those that a source shows.
const READ_AT_ONCE: usize = 64;

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
                biased;
                () = world.stop.stopped() => None,
                answered = running.next() => answered,
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
        if world.stop.is_stopped() {
            fetcher.end();
        }
        drop(running);
        let order: HashMap<&SourceName, usize> =
            sources.iter().map(|source| &source.name).zip(0..).collect();
        gathering
            .sources
            .sort_by_key(|report| order.get(&report.name));
        faults.sort_by_key(|(source, _)| order.get(source));
        gathering.faults = faults.into_iter().flat_map(|(_, faults)| faults).collect();
        self.join(trace, world.stop, &mut gathering).await?;
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

    /// Keeps what became of a question: in the store, and beside what the ledger knows.
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
                let mut sorted = Sorted::not_asked(source, at, why.clone(), question.shown());
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
                let mut sorted = Sorted::failed(source, at, &error, question.shown());
                sorted.visited(*visit);
                sorted
            }
            Ok((gathered, visit)) => {
                let mut sorted = self.sort(question, gathered, at, world).await?;
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

    /// Sorts what a source showed by what the ledger knows of it.
    async fn sort(
        &self,
        question: &Question<'_>,
        mut gathered: Gathered,
        at: Timestamp,
        world: &World<'_>,
    ) -> Result<Sorted, Fault> {
        let source = question.source;
        name_the_source(source, &mut gathered.faults);
        let found = super::source_found(&self.config, source, &gathered);
        gathered.faults.extend(found);
        let known = self.known(source, &gathered.posts).await?;
        let posts = std::mem::take(&mut gathered.posts);
        let (posts, likenesses) = gather::likened(posts).await?;
        gathered.posts = posts;
        let evidence = self
            .evidence(source, &gathered.posts, &likenesses, &known)
            .await?;
        let taken = self.slugs_taken(&gathered.posts).await?;
        let read_before = question.state.as_ref();
        let read_before = read_before.filter(|s| s.first_gathered_at.is_some());
        let pace = match read_before {
            Some(state) => self.own_pace(state, gathered.posts.len(), at).await?,
            None => None,
        };
        let sorting = Sorting {
            source,
            at,
            first: gathered.first_sight || read_before.is_none(),
            moved: read_before.is_some_and(|s| s.location != source.location()),
            known,
            likenesses,
            evidence,
            shown: question.shown(),
            pace,
            taken,
            chance: world.chance,
        };
        Ok(sorting.sort(gathered))
    }

    async fn known(&self, source: &Source, posts: &[Post]) -> Result<Vec<KnownPost>, Fault> {
        let identities: Vec<String> = posts
            .iter()
            .flat_map(|post| std::iter::once(post.identity.clone()).chain(post.alternate.clone()))
            .collect();
        let titles = gather::title_keys(posts);
        let dates: Vec<Timestamp> = posts.iter().filter_map(|post| post.published).collect();
        let known = self
            .store
            .post_known(&source.name, &identities, &titles, &dates);
        Ok(known.await?)
    }

    /// What whole texts tell of posts whose names and keys leave a doubt: few, so that they are read.
    async fn evidence(
        &self,
        source: &Source,
        posts: &[Post],
        likenesses: &[Likeness],
        known: &[KnownPost],
    ) -> Result<Evidence, Fault> {
        let mut evidence = Evidence::default();
        let shown = Recognising {
            posts,
            likenesses,
            known,
            is_folder: matches!(source.kind, SourceKind::Folder(_)),
            evidence: &Evidence::default(),
        };
        let doubts = shown.doubts();
        for doubts in doubts.chunks(READ_AT_ONCE) {
            let ids: Vec<PostId> = doubts.iter().map(|(_, row)| known[*row].id).collect();
            let texts = self.store.post_load(&ids).await?;
            let texts: HashMap<PostId, Post> = texts
                .into_iter()
                .map(|entry| (entry.id, entry.post))
                .collect();
            for &(at, row) in doubts {
                if let Some(text) = texts.get(&known[row].id) {
                    evidence.judge((at, row), &posts[at], text);
                }
            }
        }
        Ok(evidence)
    }

    async fn slugs_taken(
        &self,
        posts: &[Post],
    ) -> Result<HashMap<String, HashSet<SourceName>>, Fault> {
        let slugs: Vec<String> = posts.iter().map(|post| post.slug.clone()).collect();
        Ok(self.store.post_slugs_taken(&slugs).await?)
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
