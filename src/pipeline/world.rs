//! What a run is given from outside: time, chance, a way to be stopped, a way to tell how far it is, and a wish.

use crate::deliver::Stop;
use crate::model::{Chance, Clock, IssueNumber, ScheduleName};

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
