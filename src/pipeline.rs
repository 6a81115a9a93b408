//! The order of the rooms: the only file that knows it.
//!
//! A run locks, brings in the readers, continues what an earlier run left, asks the sources, and for each schedule
//! that is due selects, seals, publishes and sends. Whatever is faulty for everybody (configuration, template, secret,
//! database) stops it in [`Pipeline::open`], before anything is fetched or sent; whatever is faulty for one source,
//! post or reader is a line in the [`RunReport`].

mod gathering;
mod planning;
mod publishing;
mod report;
mod sealing;
mod sending;

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use crate::audience::{self, Keys, SyncedList};
use crate::compose::{self, Composer, Overrides};
use crate::config::{self, Config, Setting, StoreUrl};
use crate::deliver::Stop;
use crate::gather::{self, Fetcher};
use crate::model::{Chance, Clock, Diagnostic, IssueNumber, Schedule, ScheduleName, Source};
use crate::schedule::{self, Due};
use crate::store::{self, RunLock, Store, StoreTarget, SyncReport};

use gathering::Trace;
pub use planning::{Preview, TestMail};
pub use report::{
    IssueReport, Plan, PlannedPost, PlannedVariant, Quiet, QuietSchedule, Recovery, RunReport,
    Skipped, SourceReport,
};
pub use sending::fetch_settings;

/// How long a run may hold its lock without renewing it, where locks are leases: longer than any single step.
const RUN_LEASE: SignedDuration = SignedDuration::from_mins(10);

/// Time, chance, and the ways to be told to stop and to tell how far one is.
pub struct World<'a> {
    /// What time it is.
    pub clock: &'a dyn Clock,
    /// Where identifiers and nonces come from.
    pub chance: &'a dyn Chance,
    /// Set by SIGTERM: finish the message in hand, release, return.
    pub stop: &'a Stop,
    /// Told how far the run is.
    pub progress: &'a dyn Progress,
}

/// Is told how far a run is.
pub trait Progress: crate::deliver::Progress {
    /// A step began or advanced.
    fn step(&self, step: Step);
}

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Asking the sources.
    Gathering {
        /// Sources that answered or failed.
        done: usize,
        /// All sources.
        total: usize,
    },
    /// Writing feed and archive.
    Publishing,
    /// Handing messages to the relay.
    Sending {
        /// The issue.
        issue: IssueNumber,
        /// Deliveries that are queued.
        queued: i64,
    },
}

/// Which schedules a run serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Those marked as default, now.
    Default,
    /// This one, now.
    Named(ScheduleName),
    /// Each whose newest due time was not served.
    Due,
}

/// A fault that touches everyone, and stops.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The configuration, a schedule or a template is at fault.
    #[error("the configuration is at fault")]
    Config(Vec<Diagnostic>),
    /// The secret file is at fault.
    #[error(transparent)]
    Secret(#[from] audience::SecretError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The sender failed.
    #[error(transparent)]
    Deliver(#[from] crate::deliver::Error),
    /// A digest or page could not be made.
    #[error(transparent)]
    Compose(#[from] crate::compose::Error),
    /// The feed could not be made.
    #[error(transparent)]
    Syndicate(#[from] crate::syndicate::Error),
    /// The fetcher could not be made.
    #[error(transparent)]
    Gather(#[from] crate::gather::Error),
    /// A file could not be written.
    #[error("cannot write `{}`: {}", path.display(), config::cause(cause))]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The relay's settings are missing, which is a fault of ours.
    #[error("the relay was not set up")]
    NoRelay,
    /// No issue has this number.
    #[error("there is no issue {0}")]
    NoIssue(IssueNumber),
}

impl From<audience::Error> for Fault {
    fn from(error: audience::Error) -> Self {
        match error {
            audience::Error::Store(error) => Self::Store(error),
            audience::Error::Secret(error) => Self::Secret(error),
        }
    }
}

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
    fetcher: Fetcher,
}

impl Pipeline {
    /// Checks the templates, opens the store and the secret. Nothing is fetched or sent if one of them is at fault.
    pub async fn open(config: Config, world: &World<'_>) -> Result<Self, Fault> {
        let composer = check_templates(&config)?;
        let fetcher = Fetcher::new(sending::fetch_settings(&config))?;
        let store = Store::open(&store_target(&config)).await?;
        let keys = audience::load_or_create(&config.secret_file, &store, world.chance).await?;
        Ok(Self {
            config,
            composer,
            store,
            keys,
            fetcher,
        })
    }

    /// One pass: continues what is open, then serves the schedules of the wish.
    pub async fn run(&self, wish: &Wish, world: &World<'_>) -> Result<RunReport, Fault> {
        let Some(lock) = self.lock(world).await? else {
            return Ok(RunReport {
                already_running: true,
                ..RunReport::default()
            });
        };
        let mut report = RunReport::default();
        let result = self.run_locked(&lock, wish, world, &mut report).await;
        lock.release().await?;
        result.map(|()| report)
    }

    async fn run_locked(
        &self,
        lock: &RunLock,
        wish: &Wish,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<(), Fault> {
        let readers = self.bring_in_readers(world, report).await?;
        let mut relay = self.relay();
        self.continue_open_issues(lock, &mut relay, world, report)
            .await?;
        let served = self.schedules_to_serve(wish, world, report).await?;
        if !served.is_empty() && !world.stop.is_stopped() {
            let gathering = self.gather(Trace::Save, world).await?;
            for (schedule, slot) in served {
                if let Some(sealed) = self
                    .seal(schedule, slot, &gathering, &readers, world, report)
                    .await?
                {
                    self.publish(world, report).await?;
                    self.send(sealed, &mut relay, world, report).await?;
                }
            }
            report.sources = gathering.sources;
            report.faults.extend(gathering.faults);
        }
        self.publish_what_is_missing(world, report).await?;
        relay.close(report).await;
        Ok(())
    }

    async fn lock(&self, world: &World<'_>) -> Result<Option<RunLock>, Fault> {
        let now = world.clock.now();
        let holder = format!("run {:016x}", world.chance.identifier());
        Ok(self.store.run_lock(&holder, now, now + RUN_LEASE).await?)
    }

    async fn bring_in_readers(
        &self,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<SyncedList, Fault> {
        let file =
            config::subscribers(&self.config).map_err(|fault| Fault::Config(vec![*fault]))?;
        report.faults.extend(file.faults);
        let now = world.clock.now();
        let list = audience::sync(&self.store, &self.keys, file.entries, world.chance, now).await?;
        report.readers = Some(list.report);
        Ok(list)
    }

    /// The readers as a run would bring them in; nothing is saved.
    async fn look_at_readers(
        &self,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<SyncedList, Fault> {
        let file =
            config::subscribers(&self.config).map_err(|fault| Fault::Config(vec![*fault]))?;
        report.faults.extend(file.faults);
        let subscribers =
            audience::look(&self.store, &self.keys, file.entries, world.chance).await?;
        Ok(SyncedList {
            report: SyncReport::default(),
            subscribers,
        })
    }

    /// The schedules that the wish names and whose time has come, each with its due time where it has one.
    async fn schedules_to_serve(
        &self,
        wish: &Wish,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<Vec<(&Schedule, Option<Timestamp>)>, Fault> {
        let mut served = Vec::new();
        for schedule in &self.config.schedules {
            let wanted = match wish {
                Wish::Default => schedule.default,
                Wish::Named(name) => *name == schedule.name,
                Wish::Due => match self.due_slot(schedule, world, report).await? {
                    Some(slot) => {
                        served.push((schedule, Some(slot)));
                        continue;
                    }
                    None => false,
                },
            };
            if wanted {
                served.push((schedule, None));
            }
        }
        Ok(served)
    }

    /// The due time to serve now, or a line in the report that says why there is none.
    async fn due_slot(
        &self,
        schedule: &Schedule,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<Option<Timestamp>, Fault> {
        let now = world.clock.now();
        let quiet = match self.due(schedule, now).await? {
            Due::Now(slot) => return Ok(Some(slot)),
            Due::Later(next) => Quiet::NotDue { next: Some(next) },
            Due::Never => Quiet::NotDue { next: None },
            Due::Missed { slot, why } => {
                self.store.schedule_first_run(&schedule.name, now).await?;
                self.store
                    .schedule_served(&schedule.name, slot, now)
                    .await?;
                Quiet::Missed {
                    slot,
                    why: why.to_string(),
                }
            }
        };
        report.keep_quiet(schedule, quiet);
        Ok(None)
    }

    /// Whether the schedule is due, held against what was served.
    pub async fn due(&self, schedule: &Schedule, now: Timestamp) -> Result<Due, Fault> {
        let state = self.store.schedule_state(&schedule.name).await?;
        Ok(schedule::due(
            schedule,
            state.and_then(|state| state.last_due),
            now,
        ))
    }
}

/// Where the configuration puts the store.
pub fn store_target(config: &Config) -> StoreTarget {
    match &config.store {
        StoreUrl::Sqlite(path) => StoreTarget::Sqlite(path.clone()),
        StoreUrl::Postgres(url) => StoreTarget::Postgres(url.clone()),
    }
}

/// Parses every template and renders it with samples; the accent must be readable in both schemes.
pub fn check_templates(config: &Config) -> Result<Composer, Fault> {
    let composer = Composer::new(&Overrides(config.template_overrides.clone()));
    let mut faults = Vec::new();
    if let Err(error) = compose::accent(&config.newsletter.accent) {
        let fault = Diagnostic::error(error.to_string());
        faults.push(config::point(config, fault, Setting::Accent));
    }
    match composer {
        Ok(composer) if faults.is_empty() => Ok(composer),
        Ok(_) => Err(Fault::Config(faults)),
        Err(more) => Err(Fault::Config([faults, more].concat())),
    }
}

/// A source that could not be asked, shown where it is named.
pub fn source_fault(config: &Config, source: &Source, error: &gather::Error) -> Diagnostic {
    let fault = Diagnostic::error(format!("source `{}`: {error}", source.name));
    let fault = match error.advice() {
        Some(advice) => fault.hint(advice),
        None => fault,
    };
    config::point(config, fault, Setting::Source(&source.name))
}
