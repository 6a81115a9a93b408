//! Asks every source, holds what it shows against the ledger, and saves what is new.
//!
//! One source that fails is a line in the report. Posts that wait (drafts, dated ahead) stay out of the ledger until
//! their time comes, so that they are new then; they are shown in plans all the same.

use std::collections::{HashMap, HashSet};

use futures_util::StreamExt;
use jiff::Timestamp;

use super::report::SourceReport;
use super::{Fault, Pipeline, Step, World};
use crate::gather::{self, Gathered};
use crate::model::{Diagnostic, Hold, LedgerEntry, Post, PostId, Source, SourceKind, SourceName};
use crate::store::{KnownPost, NewPost, SourceSaved, SourceState};

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
    folders: HashMap<SourceName, HashSet<String>>,
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
        let total = self.config.sources.len();
        let mut known = Vec::with_capacity(total);
        for source in &self.config.sources {
            known.push((source, self.known_state(source).await?));
        }
        let mut answers = futures_util::stream::iter(known)
            .map(|(source, state)| self.ask(source, state, world))
            .buffer_unordered(AT_ONCE);
        let mut gathering = Gathering::default();
        let mut done = 0;
        let mut faults = Vec::with_capacity(total);
        world.progress.step(Step::Gathering { done, total });
        while let Some(answer) = answers.next().await {
            let (source, state, answer) = answer;
            self.keep(source, state, answer, trace, world, &mut gathering)
                .await?;
            faults.push((&source.name, std::mem::take(&mut gathering.faults)));
            done += 1;
            world.progress.step(Step::Gathering { done, total });
        }
        let order = |name: &SourceName| self.config.sources.iter().position(|s| s.name == *name);
        gathering.sources.sort_by_key(|report| order(&report.name));
        faults.sort_by_key(|(source, _)| order(source));
        gathering.faults = faults.into_iter().flat_map(|(_, faults)| faults).collect();
        Ok(gathering)
    }

    async fn known_state(&self, source: &Source) -> Result<Option<SourceState>, Fault> {
        let state = self.store.source_state(&source.name).await?;
        Ok(state.filter(|state| state.location == location(source)))
    }

    /// Asks a source, and not the store: a question that waits for its turn would keep a connection to the database, and
    /// a few of these would leave none for saving what another source said.
    async fn ask<'a>(
        &self,
        source: &'a Source,
        state: Option<SourceState>,
        world: &World<'_>,
    ) -> Asked<'a> {
        let known = state.as_ref().and_then(|state| state.validators.as_ref());
        let answer = gather::gather(source, known, &self.fetcher, world.clock.now()).await;
        (source, state, answer)
    }

    async fn keep(
        &self,
        source: &Source,
        state: Option<SourceState>,
        answer: Result<Gathered, gather::Error>,
        trace: Trace,
        world: &World<'_>,
        gathering: &mut Gathering,
    ) -> Result<(), Fault> {
        let at = world.clock.now();
        let mut saved = SourceSaved {
            source: source.name.clone(),
            location: location(source),
            at,
            validators: None,
            error: None,
            new: vec![],
            changed: vec![],
        };
        let mut report = SourceReport::of(source);
        match answer {
            Err(error) => {
                report.error = Some(error.to_string());
                gathering
                    .faults
                    .push(super::source_fault(&self.config, source, &error));
                saved.error = report.error.clone();
            }
            Ok(gathered) => {
                let first = state.is_none_or(|state| state.first_gathered_at.is_none());
                saved.validators = gathered.validators.clone();
                self.sort_out(
                    source,
                    gathered,
                    first,
                    at,
                    world,
                    &mut saved,
                    &mut report,
                    gathering,
                )
                .await?;
            }
        }
        match trace {
            Trace::Save => self.store.source_save(&saved).await?,
            Trace::Leave => gathering.keep_unsaved(saved, at),
        }
        gathering.sources.push(report);
        Ok(())
    }

    /// Parts the posts into new, changed, waiting and known.
    #[expect(
        clippy::too_many_arguments,
        reason = "one step of `keep`, cut out to be read"
    )]
    async fn sort_out(
        &self,
        source: &Source,
        gathered: Gathered,
        first: bool,
        at: Timestamp,
        world: &World<'_>,
        saved: &mut SourceSaved,
        report: &mut SourceReport,
        gathering: &mut Gathering,
    ) -> Result<(), Fault> {
        report.found = gathered.posts.len();
        report.unchanged = gathered.unchanged;
        gathering.faults.extend(gathered.faults);
        if let SourceKind::Folder(_) = source.kind {
            let identities = gathered
                .posts
                .iter()
                .map(|post| post.identity.clone())
                .collect();
            gathering.folders.insert(source.name.clone(), identities);
        }
        let known = self.known(&gathered.posts).await?;
        let mut taken: HashSet<String> = HashSet::new();
        for post in gathered.posts {
            if !taken.insert(post.identity.clone()) {
                continue;
            }
            if post.title_derived {
                report.derived_titles.push(post.title.clone());
            }
            match find(&known, &post) {
                Some(known) if post.hold.is_some() => {
                    gathering.seen.insert(known.id, post);
                }
                Some(known) => {
                    let fingerprint = gather::fingerprint(&post);
                    if known.fingerprint != fingerprint {
                        report.changed += 1;
                        saved.changed.push((known.id, post, fingerprint));
                    }
                }
                None if post.hold.is_some() => {
                    gathering
                        .unsaved
                        .push(unsaved(gathering.unsaved.len(), post, at, first));
                }
                None => {
                    report.new += 1;
                    saved.new.push(NewPost {
                        id: PostId(world.chance.identifier()),
                        fingerprint: gather::fingerprint(&post),
                        post,
                        baseline: first,
                    });
                }
            }
        }
        Ok(())
    }

    async fn known(&self, posts: &[Post]) -> Result<Vec<KnownPost>, Fault> {
        let identities: Vec<String> = posts
            .iter()
            .flat_map(|post| std::iter::once(post.identity.clone()).chain(post.alternate.clone()))
            .collect();
        Ok(self.store.post_known(&identities).await?)
    }
}

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
        entry.carried.is_empty() && folder.is_some_and(|held| !held.contains(&entry.post.identity))
    }

    fn keep_unsaved(&mut self, saved: SourceSaved, at: Timestamp) {
        for new in saved.new {
            let entry = unsaved(self.unsaved.len(), new.post, at, new.baseline);
            self.unsaved.push(entry);
        }
        self.seen
            .extend(saved.changed.into_iter().map(|(id, post, _)| (id, post)));
    }
}

impl SourceReport {
    fn of(source: &Source) -> Self {
        Self {
            name: source.name.clone(),
            found: 0,
            new: 0,
            changed: 0,
            unchanged: false,
            error: None,
            derived_titles: vec![],
        }
    }
}

/// A post that is not in the ledger has a negative number.
fn unsaved(count: usize, post: Post, at: Timestamp, baseline: bool) -> LedgerEntry {
    let id = PostId(-1 - i64::try_from(count).unwrap_or(i64::MAX - 1));
    LedgerEntry {
        id,
        post,
        first_seen: at,
        baseline,
        carried: vec![],
    }
}

fn find<'a>(known: &'a [KnownPost], post: &Post) -> Option<&'a KnownPost> {
    let same_identity = |known: &&KnownPost| known.identity == post.identity;
    let same_otherwise = |known: &&KnownPost| {
        let ours = [Some(&post.identity), post.alternate.as_ref()];
        let theirs = [Some(&known.identity), known.alternate.as_ref()];
        ours.iter().flatten().any(|one| theirs.contains(&Some(one)))
    };
    known
        .iter()
        .find(same_identity)
        .or_else(|| known.iter().find(same_otherwise))
}

/// The source's place as text: validators belong to it and are not sent elsewhere.
fn location(source: &Source) -> String {
    match &source.kind {
        SourceKind::Url(url) => url.to_string(),
        SourceKind::Folder(path) => path.display().to_string(),
    }
}
