//! The order of the rooms: the only file that knows it.
//!
//! A run locks, reads what came back, brings in the readers, continues what an earlier run left, asks the sources, and for each schedule
//! that is due selects, seals, publishes and sends. Whatever is faulty for everybody (configuration, template, secret,
//! database) stops it in [`Pipeline::open`], before anything is fetched or sent; whatever is faulty for one source,
//! post or reader is a line in the [`RunReport`].

mod announcing;
mod approving;
mod asking;
mod brake;
mod checks;
mod choosing;
mod clock;
mod descriptors;
mod examining;
mod fault;
mod feeds;
mod folders;
mod following;
mod foreseeing;
mod fulfilling;
mod gathering;
mod joining;
mod opening;
mod outbox;
mod pictures;
mod planning;
mod plans;
mod polling;
mod preflight;
mod presence;
mod proofs;
mod publishing;
mod readers;
mod recognising;
mod relays;
mod report;
mod reprint;
mod returning;
mod sealing;
mod sending;
mod serving;
mod shelf;
mod sorting;
mod tenure;
mod text_pictures;
mod trial;
mod watching;
mod world;

use std::sync::Arc;

use crate::audience::Keys;
use crate::compose::Composer;
use crate::config::Config;
use crate::gather::Fetcher;
use crate::model::Diagnostic;
use crate::store::Store;

pub use asking::Answers;
pub use checks::{
    about_source, check_selectors, check_templates, day_of, not_asked_fault, source_fault,
    source_found, store_target,
};
pub use clock::{ClockDoubt, clock_fault};
pub use descriptors::raise as raise_descriptors;
pub use examining::{Finding, Health, Subject, examine};
pub use fault::Fault;
use following::Broken;
use gathering::Trace;
pub use opening::{
    Opening, Replayed, check_journal, check_state, in_words as unknown_in_words, journal_path,
    open_state, restore,
};
pub use planning::{Preview, TestMail};
pub use proofs::{Copy, Gets, Proof, ProofReader};
pub use readers::{list_doubt, list_fault, read_list};
pub use report::{
    HeldPosts, IssueReport, Paced, Plan, PlanRefused, PlanSaved, PlannedDomain, PlannedPost,
    PlannedVariant, Quiet, QuietSchedule, Recovery, RelayEnd, RelayReport, RunReport, Skipped,
    SlowedDown, SourceReport,
};
pub use returning::{
    InboxReport, Ingested, ReadMail, flood_fault, inbox_fault, inbox_settings, ingest,
};
pub use sending::{fetch_settings, logins};
use tenure::Tenure;
pub use world::{Progress, Step, Wish, World};

/// The setting of the store that tells when a run last came to its end.
pub const LAST_RUN: &str = "last_run";

/// Everything a run needs, opened and checked.
pub struct Pipeline {
    /// The configuration.
    pub config: Config,
    /// Templates and words, each rendered with samples.
    pub composer: Composer,
    /// The database.
    pub store: Store,
    /// The secret's keys.
    pub keys: Keys,
    /// What opening changed on this machine, to be said once.
    pub notice: Option<Diagnostic>,
    /// That the database knows less than the journal, where it does: nothing is to be sent then.
    pub behind: Option<Diagnostic>,
    fetcher: Fetcher,
    answers: Option<Arc<Answers>>,
    clock_is_right: bool,
}

impl Pipeline {
    /// Checks the templates, opens the store and the secret. Nothing is fetched or sent if one of them is at fault, or if the
    /// database knows less than the journal.
    pub async fn open(config: Config, opening: Opening, world: &World<'_>) -> Result<Self, Fault> {
        let mut pipeline = Self::open_to_serve(config, opening, world).await?;
        match pipeline.behind.take() {
            Some(fault) => Err(Fault::State(Box::new(fault))),
            None => Ok(pipeline),
        }
    }

    /// The same, also where the database knows less than the journal: readers can leave, and see what was published.
    pub async fn open_to_serve(
        config: Config,
        opening: Opening,
        world: &World<'_>,
    ) -> Result<Self, Fault> {
        let composer = check_templates(&config)?;
        check_selectors(&config)?;
        let fetcher = Fetcher::new(sending::fetch_settings(&config))?;
        let opening::State {
            store,
            keys,
            behind,
        } = opening::open(&config, opening, world).await?;
        let notice = folders::open_state(&config, &store).await?;
        Ok(Self {
            config,
            composer,
            store,
            keys,
            notice,
            behind,
            fetcher,
            answers: None,
            clock_is_right: false,
        })
    }

    /// The same, asking no source on the web whose answer was kept: for a preview that is made again and again.
    #[must_use]
    pub fn with_answers(self, answers: Arc<Answers>) -> Self {
        Self {
            answers: Some(answers),
            ..self
        }
    }

    /// The same, believing the clock whatever speaks against it: a person looked at it.
    #[must_use]
    pub fn with_right_clock(self, clock_is_right: bool) -> Self {
        Self {
            clock_is_right,
            ..self
        }
    }

    /// One pass: continues what is open, then serves the schedules of the wish.
    pub async fn run(&self, wish: &Wish, world: &World<'_>) -> Result<RunReport, Fault> {
        let mut report = RunReport::default();
        let Some(tenure) = self.begin_run(world, &mut report.faults).await? else {
            return Ok(RunReport {
                already_running: true,
                ..RunReport::default()
            });
        };
        let broken = Broken::default();
        let result = tokio::select! {
            result = self.run_locked(&tenure, wish, world, &mut report) => result,
            never = tenure.pulse(world.clock) => match never {},
            never = self.follow_the_list(world, &broken) => match never {},
        };
        let ended = tenure.end().await;
        result?;
        ended?;
        broken.take().map_or(Ok(report), Err)
    }

    async fn run_locked(
        &self,
        tenure: &Tenure,
        wish: &Wish,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<(), Fault> {
        self.read_inbox(world, report).await?;
        let readers = self.bring_in_readers(world, report).await?;
        let mut relays = self.relays();
        self.continue_open_issues(tenure, &mut relays, world, report)
            .await?;
        let served = self.schedules_to_serve(wish, world, report).await?;
        if !served.is_empty() && !world.stop.is_stopped() {
            let gathering = self.gather(Trace::Save, &readers, world).await?;
            for (schedule, slot) in served {
                if world.stop.is_stopped() {
                    break;
                }
                if !tenure.holds(world.clock.now()).await? {
                    report.overtaken = true;
                    break;
                }
                if let Some(sealed) = self
                    .seal(schedule, slot, &gathering, &readers, world, report)
                    .await?
                {
                    self.publish(world, report).await?;
                    self.send(sealed, tenure, &mut relays, world, report)
                        .await?;
                }
            }
            report.held = self.held(&gathering).await?;
            report.sources = gathering.sources;
            report.faults.extend(gathering.faults);
        }
        report.asked_to_end = world.stop.is_stopped();
        self.publish_what_is_missing(world, report).await?;
        relays.close(report).await;
        let now = world.clock.now();
        Ok(self.store.meta_set(LAST_RUN, &now.to_string()).await?)
    }

    async fn begin(&self, world: &World<'_>) -> Result<Option<Tenure>, Fault> {
        let holder = format!("run {:016x}", world.chance.identifier());
        Ok(Tenure::begin(&self.store, &holder, world.clock.now()).await?)
    }
}
