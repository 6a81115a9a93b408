//! Says when a schedule is due, and which edition that makes.
//!
//! Comes in: a checked [`Schedule`], an instant, and the slot that was served last. Goes out: the next slot, the newest
//! one that is due, the [`Edition`] it makes, and the same in words for `schedule explain`.
//! A slot is an instant at which a schedule is due. Promises that no two slots of a schedule bear the same local time,
//! also where a clock goes back, so that no clock change makes two editions. Asks no clock and keeps no state.

mod cron;
mod due;
mod error;
mod explain;
mod period;
mod slots;

pub use cron::parse_cron;
pub use due::{Due, MissedReason, due};
pub use error::Error;
pub use explain::explain;
pub use period::{parse_duration, parse_every};
pub use slots::{deadline, edition, manual_edition, newest_due, next};

#[cfg(doc)]
use crate::model::{Edition, Schedule};
