//! Decides whether a schedule is due now.
//!
//! Pure: the caller says which slot was served last and what time it is. Only the newest slot is ever run: a machine
//! that was off for a month makes one issue, not four.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::slots::Slots;
use crate::model::{CatchUp, Schedule};

/// How late a slot of `catch_up = "skip"` may start and still be in time: an hour forgives the pause between two
/// runs of `--due` and a slow start of the machine.
const IN_TIME: SignedDuration = SignedDuration::from_hours(1);

/// Whether to run, and if not, what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Run now, for this slot.
    Now(Timestamp),
    /// Everything was served; the next slot.
    Later(Timestamp),
    /// The newest slot was not served and will not be.
    Missed {
        /// The slot.
        slot: Timestamp,
        /// Why it is passed over.
        why: MissedReason,
    },
    /// No slot was missed and none will come.
    Never,
}

/// Why a slot is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissedReason {
    /// Older than the schedule's `max_lateness`.
    TooLate {
        /// How late it is.
        late: SignedDuration,
        /// How late it may be.
        max: SignedDuration,
    },
    /// The schedule says `catch_up = "skip"`.
    Skipped {
        /// How late it is.
        late: SignedDuration,
    },
}

impl fmt::Display for MissedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLate { late, max } => {
                write!(
                    f,
                    "{} late, and `max_lateness` is {}",
                    in_words(*late),
                    in_words(*max)
                )
            }
            Self::Skipped { late } => {
                write!(f, "{} late, and `catch_up` is `skip`", in_words(*late))
            }
        }
    }
}

/// A span of time without fractions of seconds; from two days on, in days and hours.
fn in_words(span: SignedDuration) -> String {
    match (span.as_hours() / 24, span.as_hours() % 24) {
        (..2, _) => format!("{:#}", SignedDuration::from_secs(span.as_secs())),
        (days, 0) => format!("{days}d"),
        (days, hours) => format!("{days}d {hours}h"),
    }
}

/// Says whether a schedule is due, given the slot that was served last (`None` = it never ran).
///
/// A slot at or before `last_served` is never given, whatever the clock says since.
pub fn due(schedule: &Schedule, last_served: Option<Timestamp>, now: Timestamp) -> Due {
    let Some(slots) = Slots::of(schedule) else {
        return Due::Never;
    };
    let unserved = slots
        .newest_due(now)
        .filter(|slot| last_served.is_none_or(|served| *slot > served));
    let Some(slot) = unserved else {
        let after = last_served.map_or(now, |served| served.max(now));
        return slots.next(after).map_or(Due::Never, Due::Later);
    };
    match missed_reason(schedule, now.duration_since(slot)) {
        Some(why) => Due::Missed { slot, why },
        None => Due::Now(slot),
    }
}

fn missed_reason(schedule: &Schedule, late: SignedDuration) -> Option<MissedReason> {
    let max = schedule.max_lateness;
    if late > max {
        return Some(MissedReason::TooLate { late, max });
    }
    (schedule.catch_up == CatchUp::Skip && late > IN_TIME).then_some(MissedReason::Skipped { late })
}
