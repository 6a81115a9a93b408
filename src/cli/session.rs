//! What every command needs: the flags, the environment, the clock, and the pipeline once it is asked for.

use std::path::Path;

use super::args::Global;
use super::exit::{Exit, Failure};
use super::print::Printer;
use super::progress::Bars;
use super::system::{SystemChance, SystemClock};
use crate::config::{Config, Environment, Flags};
use crate::deliver::Stop;
use crate::model::{Clock, Schedule, ScheduleName};
use crate::pipeline::{Pipeline, World};

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
}

impl Session {
    /// Reads the environment and asks the system for chance once.
    pub fn new(global: Global) -> Result<Self, Failure> {
        let chance = SystemChance::new()
            .map_err(|_| Failure::new(Exit::Ours, "the system gives no random numbers"))?;
        let printer = Printer {
            json: global.json,
            quiet: global.quiet,
        };
        let bars = Bars::new(!global.quiet && !global.json && global.verbose == 0);
        let environment = Environment::from_system();
        Ok(Self {
            printer,
            environment,
            clock: SystemClock,
            chance,
            stop: Stop::new(),
            bars,
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

    /// Takes the progress bars off the terminal.
    pub fn clear_bars(&self) {
        self.bars.clear();
    }

    /// The checked configuration; its warnings are printed.
    pub fn config(&self) -> Result<Config, Failure> {
        let loaded = Config::load(&self.global.config, &self.environment, &Flags::default())
            .map_err(Failure::config)?;
        self.printer.faults(&loaded.warnings);
        Ok(loaded.config)
    }

    /// The pipeline, opened and checked.
    pub async fn pipeline(&self) -> Result<Pipeline, Failure> {
        Ok(Pipeline::open(self.config()?, &self.world()).await?)
    }

    /// How the user starts this program: `courant`, or `cargo run --` where cargo did.
    pub fn program(&self) -> String {
        let started_by_cargo = self.environment.get("CARGO_MANIFEST_DIR").is_some();
        let mut program = if started_by_cargo {
            "cargo run --".to_owned()
        } else {
            "courant".to_owned()
        };
        if self.global.config != Path::new(".") {
            program.push_str(&format!(" -c {}", self.global.config.display()));
        }
        program
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

/// The schedule of this name, or a usage fault that lists the known ones.
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
        Failure::new(Exit::Usage, format!("there is no schedule `{name}`"))
            .hint(format!("known schedules: {}", known.join(", ")))
    })
}
