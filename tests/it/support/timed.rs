//! The library's pipeline on a newsletter, at a time that the test sets: what takes days takes no time.

use courant::config::{Config, Environment, Flags};
use courant::deliver::{self, Recorded, Stop};
use courant::model::{Clock, FixedClock, SeededChance};
use courant::pipeline::{Opening, Pipeline, Progress, RunReport, Step, Wish, World};
use jiff::{SignedDuration, Timestamp};

use super::newsletter::Newsletter;

/// A newsletter, a clock that stands still, and chance that repeats itself.
pub struct Timed {
    pub newsletter: Newsletter,
    clock: FixedClock,
    chance: SeededChance,
    stop: Stop,
}

impl Timed {
    /// Opens nothing yet.
    pub fn new(newsletter: Newsletter, now: &str) -> Self {
        let now: Timestamp = now.parse().unwrap();
        Self {
            newsletter,
            clock: FixedClock::new(now),
            // Another chance for another time, so that no two of them give the same identifiers.
            chance: SeededChance::new(now.as_second().unsigned_abs()),
            stop: Stop::new(),
        }
    }

    /// The time it is.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves the clock, forward or back.
    pub fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
    }

    /// Moves the clock to an instant.
    pub fn set(&self, to: &str) {
        let to: Timestamp = to.parse().unwrap();
        self.advance(to.duration_since(self.now()));
    }

    /// Time, chance, stop, and nobody who is told.
    pub fn world(&self) -> World<'_> {
        World {
            clock: &self.clock,
            chance: &self.chance,
            stop: &self.stop,
            progress: &Nobody,
        }
    }

    /// The configuration as the program would read it.
    pub fn config(&self) -> Config {
        let environment: Environment = self.newsletter.environment().clone().into_iter().collect();
        let loaded = Config::load(self.newsletter.folder(), &environment, &Flags::default());
        loaded.unwrap().config
    }

    /// The pipeline, opened as a new process would open it.
    pub async fn open(&self) -> Pipeline {
        self.open_with(|_| {}).await
    }

    /// The same, after a change that no file can make.
    pub async fn open_with(&self, change: impl FnOnce(&mut Config)) -> Pipeline {
        let mut config = self.config();
        change(&mut config);
        Pipeline::open(config, Opening::default(), &self.world())
            .await
            .unwrap()
    }

    /// One run, from opening to closing; every account that it read balances.
    pub async fn run(&self, wish: &Wish) -> RunReport {
        self.run_on(self.open().await, wish).await
    }

    /// One run of a pipeline that is open; every account that it read balances.
    pub async fn run_on(&self, pipeline: Pipeline, wish: &Wish) -> RunReport {
        let report = pipeline.run(wish, &self.world()).await.unwrap();
        pipeline.store.close().await;
        for issue in &report.issues {
            assert!(issue.account.balances(), "{issue:?}");
        }
        report
    }
}

/// Is told how far a run is, and forgets it.
struct Nobody;

impl deliver::Progress for Nobody {
    fn recorded(&self, _: Recorded<'_>) {}
}

impl Progress for Nobody {
    fn step(&self, _: Step) {}
}
