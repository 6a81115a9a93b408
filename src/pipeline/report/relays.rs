//! What the relays did for an issue: how many they took, why they were given no more, and at what pace it went.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{Cap, PerHour};

/// What one relay did for an issue in this run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RelayReport {
    /// What it goes by.
    pub relay: String,
    /// Mails that it took.
    pub sent: u64,
    /// Why it was given no more, if there was more to give.
    pub ended: Option<RelayEnd>,
}

impl RelayReport {
    /// Whether it carried what it may.
    pub fn is_full(&self) -> bool {
        matches!(self.ended, Some(RelayEnd::Full { .. }))
    }
}

/// Why a relay is given no more.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum RelayEnd {
    /// It could not be used, or not any more.
    Stopped {
        /// Why.
        reason: String,
    },
    /// It carried what it may in 24 hours.
    Full {
        /// How many that are.
        most: u64,
        /// By which cap.
        by: Cap,
        /// When there is room again.
        room_from: Timestamp,
    },
}

impl fmt::Display for RelayEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped { reason } => f.write_str(reason),
            Self::Full { most, by, .. } => {
                let whose = match by {
                    Cap::PerDay => "",
                    Cap::WarmUp => " that its warm-up allows",
                };
                write!(f, "the {most} in 24 hours{whose} are used")
            }
        }
    }
}

/// Mail that was slowed down.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SlowedDown {
    /// The readers' domain that it goes by, in ASCII; `None` for all mail over the relay.
    pub domain: Option<String>,
    /// Its pace then.
    pub per_hour: PerHour,
    /// What the relay said.
    pub said: String,
}

/// Mails that wait for their pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Paced {
    /// How many.
    pub mails: usize,
    /// When about the last of them has its turn.
    pub until: Timestamp,
}
