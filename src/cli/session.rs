//! What every command needs: the flags, the environment, the clock, and the pipeline once it is asked for.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::alerts::Kept;
use super::args::Global;
use super::exit::{Exit, Failure};
use super::print::Printer;
use super::progress::Bars;
use super::system::{SystemChance, SystemClock};
use crate::audience::{self, Keys};
use crate::config::{
    self, Config, EditFault, Edited, Environment, Flags, Loaded, SourceEdit, StoreUrl,
};
use crate::deliver::Stop;
use crate::model::{Clock, Diagnostic, Schedule, ScheduleName};
use crate::pipeline::{self, Fault, Opening, Pipeline, World};
use crate::store::Store;

/// One run of the program.
pub struct Session {
    /// Flags of every command.
    pub global: Global,
    /// Where it prints.
    pub printer: Printer,
    environment: Environment,
    clock: SystemClock,
    chance: SystemChance,
    stop: Stop,
    bars: Bars,
    /// Where the configuration puts what the program makes, once it was read.
    state: OnceLock<PathBuf>,
}

impl Session {
    /// Reads the environment and asks the system for chance once.
    pub fn new(global: Global, printer: Printer) -> Result<Self, Failure> {
        let chance = SystemChance::new()
            .map_err(|_| Failure::new(Exit::Ours, "the system gives no random numbers"))?;
        let bars = Bars::new(!global.quiet && !global.json && global.verbose == 0);
        let environment = Environment::from_system();
        Ok(Self {
            printer,
            environment,
            clock: SystemClock,
            chance,
            stop: Stop::new(),
            bars,
            state: OnceLock::new(),
            global,
        })
    }

    /// The clock.
    pub fn clock(&self) -> &dyn Clock {
        &self.clock
    }

    /// Set by SIGTERM and Ctrl-C.
    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Time, chance, stop and progress for the pipeline.
    pub fn world(&self) -> World<'_> {
        World {
            clock: &self.clock,
            chance: &self.chance,
            stop: &self.stop,
            progress: &self.bars,
        }
    }

    /// Does the work, telling how far it is where no terminal shows it.
    pub async fn telling<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            done = work => done,
            never = self.bars.tell() => match never {},
        }
    }

    /// Takes the progress bars off the terminal.
    pub fn clear_bars(&self) {
        self.bars.clear();
    }

    /// The checked configuration; its warnings are printed.
    pub fn config(&self) -> Result<Config, Failure> {
        let loaded = self.load().map_err(Failure::config)?;
        if !self.global.quiet {
            self.printer.faults(&loaded.warnings);
        }
        let _ = self.state.set(loaded.config.state.clone());
        Ok(loaded.config)
    }

    /// The checked configuration with its warnings, and nothing printed.
    pub fn load(&self) -> Result<Loaded, Vec<Diagnostic>> {
        Config::load(&self.global.config, &self.environment, &Flags::default())
    }

    /// What was told before, where only news is told: under `--quiet`, with nobody at a terminal.
    pub fn told(&self) -> Option<Kept> {
        if !self.printer.quiet || std::io::stderr().is_terminal() {
            return None;
        }
        let state = match self.state.get() {
            Some(state) => state.clone(),
            // A configuration that cannot be read does not say where; most leave it where it is by default.
            None => config::state_by_default(&self.global.config)?,
        };
        Some(Kept::open(&state))
    }

    /// Whether a window can be opened here (X11, Wayland).
    pub fn has_screen(&self) -> bool {
        let names = ["DISPLAY", "WAYLAND_DISPLAY"];
        let set = |name: &&str| self.environment.get(name).is_some_and(|at| !at.is_empty());
        names.iter().any(set)
    }

    /// Changes the sources in `courant.toml`, or only tells what would change unless `write`.
    pub fn edit_sources(&self, edit: &SourceEdit, write: bool) -> Result<Edited, Failure> {
        let path = &self.global.config;
        let edited = config::edit_sources(path, &self.environment, &Flags::default(), edit, write);
        edited.map_err(|fault| match fault {
            EditFault::Config(faults) => Failure::config(faults),
            EditFault::Write(fault) => Failure {
                exit: Exit::CannotWrite,
                faults: vec![*fault],
            },
        })
    }

    /// The pipeline, opened and checked.
    pub async fn pipeline(&self, config: Config) -> Result<Pipeline, Failure> {
        let database = database(&config);
        let opened = Pipeline::open(config, self.opening(), &self.world()).await;
        let opened = opened.map_err(|fault| Failure::of(fault, database.as_deref()))?;
        // Said once, so also where only what is wrong is said.
        if let Some(notice) = &opened.notice {
            self.printer.fault(notice);
        }
        Ok(opened)
    }

    /// The pipeline for a server, which opens also where the database knows less than the journal, and says so.
    pub async fn pipeline_to_serve(&self, config: Config) -> Result<Pipeline, Failure> {
        let database = database(&config);
        let opened = Pipeline::open_to_serve(config, self.opening(), &self.world()).await;
        let pipeline = opened.map_err(|fault| Failure::of(fault, database.as_deref()))?;
        for told in [&pipeline.behind, &pipeline.notice].into_iter().flatten() {
            self.printer.fault(told);
        }
        Ok(pipeline)
    }

    /// The database and the keys, to write to what a run has made.
    pub async fn state(&self, config: &Config) -> Result<(Store, Keys), Failure> {
        let opened = pipeline::open_state(config, self.opening(), &self.world()).await;
        opened.map_err(|fault| Failure::of(fault, database(config).as_deref()))
    }

    /// What was said of a database that is opened to be written.
    pub fn opening(&self) -> Opening {
        Opening {
            new_database: self.global.new_database,
        }
    }

    /// The database, to look into; `None` before the first run, and none is made. One that does not belong to the secret is
    /// refused, and one whose secret is gone or cannot be read: what is said of it would hide that no run can use it.
    pub async fn store(&self, config: &Config) -> Result<Option<Store>, Failure> {
        let store = self.store_alone(config).await?;
        audience::check_secret(&config.secret_file, store.as_ref())
            .await
            .map_err(Fault::from)?;
        Ok(store)
    }

    /// The database, to look into, whatever became of the secret.
    pub async fn store_alone(&self, config: &Config) -> Result<Option<Store>, Failure> {
        let checked = pipeline::check_state(config).await;
        let wrong = checked.map_err(|fault| Failure::of(fault, database(config).as_deref()))?;
        if let Some(fault) = wrong {
            return Err(Fault::State(Box::new(fault)).into());
        }
        let opened = Store::open_existing(&pipeline::store_target(config)).await;
        opened.map_err(|error| Failure::of(error.into(), database(config).as_deref()))
    }

    /// How the user starts this program on this newsletter.
    pub fn program(&self) -> String {
        self.printer.program.clone()
    }
}

/// How the user starts this program on a newsletter, from any folder. Who sits in its folder need not name it.
pub fn program_on(newsletter: &Path) -> String {
    let environment = Environment::from_system();
    let is_here = newsletter == Path::new(".") && environment.get("COURANT_CONFIG").is_none();
    let is_watched = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
    let is_short = is_here && is_watched;
    let cargo = environment.get("CARGO_MANIFEST_DIR").map(Path::new);
    let mut program = match cargo {
        None => "courant".to_owned(),
        Some(_) if is_short => "cargo run --".to_owned(),
        Some(folder) => {
            let manifest = config::shell_word(&folder.join("Cargo.toml"));
            format!("cargo run --manifest-path {manifest} --")
        }
    };
    if !is_short {
        program.push_str(&format!(" -c {}", config::shell_word(newsletter)));
    }
    program
}

/// Where the database is, if it is a file.
fn database(config: &Config) -> Option<PathBuf> {
    match &config.store {
        StoreUrl::Sqlite(path) => Some(path.clone()),
        StoreUrl::Postgres(_) => None,
    }
}

/// The schedule of this name, or those marked as default.
pub fn schedules<'a>(config: &'a Config, name: Option<&str>) -> Result<Vec<&'a Schedule>, Failure> {
    match name {
        Some(name) => schedule(config, name).map(|schedule| vec![schedule]),
        None => Ok(config
            .schedules
            .iter()
            .filter(|schedule| schedule.default)
            .collect()),
    }
}

/// The schedule of this name, or a fault that lists the known ones.
pub fn schedule<'a>(config: &'a Config, name: &str) -> Result<&'a Schedule, Failure> {
    let wanted = ScheduleName::parse(name).ok();
    let found = config
        .schedules
        .iter()
        .find(|schedule| Some(&schedule.name) == wanted.as_ref());
    found.ok_or_else(|| {
        let known: Vec<String> = config
            .schedules
            .iter()
            .map(|s| format!("`{}`", s.name))
            .collect();
        let hint = match known.as_slice() {
            [] => "there is none yet; `schedules/weekly.toml` would be `weekly`".to_owned(),
            _ => format!("known schedules: {}", known.join(", ")),
        };
        Failure::new(Exit::NoInput, format!("there is no schedule `{name}`")).hint(hint)
    })
}
