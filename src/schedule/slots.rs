//! The slots of a schedule, and the editions that they make.
//!
//! Where a clock goes back, an hour happens twice: of two slots with the same local time only the earlier one counts.
//! Where it goes forward, a fixed time that does not exist that day is due at the first instant after the gap.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::cron::{compiled, occurrence};
use crate::model::{Cadence, Edition, Schedule};
use croner::{Cron, Direction};

/// The first slot later than `after`; `None` where there is none before the year 5000.
pub fn next(schedule: &Schedule, after: Timestamp) -> Option<Timestamp> {
    Slots::of(schedule)?.next(after)
}

/// The last slot at or before `now`; `None` where there has been none.
pub fn newest_due(schedule: &Schedule, now: Timestamp) -> Option<Timestamp> {
    Slots::of(schedule)?.newest_due(now)
}

/// The edition that a slot makes: its local time without offset, `2026-11-23T08:00`.
pub fn edition(schedule: &Schedule, slot: Timestamp) -> Edition {
    let local = slot.to_zoned_datetime(schedule.timezone.clone());
    Edition(local.strftime("%Y-%m-%dT%H:%M").to_string())
}

/// The next instant after `after` at which the clocks of the schedule's zone show the time by which it is to be done.
pub fn deadline(schedule: &Schedule, after: Timestamp) -> Option<Timestamp> {
    let time = schedule.done_by?;
    let today = after.to_zoned_datetime(schedule.timezone.clone()).date();
    [Some(today), today.tomorrow().ok()]
        .into_iter()
        .flatten()
        .filter_map(|day| schedule.timezone.to_timestamp(day.to_datetime(time)).ok())
        .find(|at| *at > after)
}

/// The edition of the `nth` run by hand of a local day, counted from 1: `2026-11-23#2`.
pub fn manual_edition(date: Date, nth: u32) -> Edition {
    Edition(format!("{date}#{nth}"))
}

/// A schedule's cadence in a zone, ready to be asked many times.
pub(super) struct Slots {
    rule: Rule,
    zone: TimeZone,
}

enum Rule {
    Cron(Box<Cron>),
    /// Seconds, a multiple of 60.
    Every(i64),
}

impl Slots {
    /// `None` for a cadence that was never checked and is not valid.
    pub(super) fn of(schedule: &Schedule) -> Option<Self> {
        Self::in_zone(&schedule.cadence, schedule.timezone.clone())
    }

    /// The same cadence on the clocks of another zone.
    pub(super) fn in_zone(cadence: &Cadence, zone: TimeZone) -> Option<Self> {
        let rule = match cadence {
            Cadence::Cron(line) => Rule::Cron(Box::new(compiled(line)?)),
            Cadence::Every(period) if period.as_secs() > 0 => Rule::Every(period.as_secs()),
            Cadence::Every(_) => return None,
        };
        Some(Self { rule, zone })
    }

    pub(super) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let mut slot = self.match_after(after)?;
        while self.is_repeat(slot) {
            slot = self.match_after(slot)?;
        }
        Some(slot)
    }

    pub(super) fn newest_due(&self, now: Timestamp) -> Option<Timestamp> {
        let mut slot = self.match_before(now, true)?;
        while self.is_repeat(slot) {
            slot = self.match_before(slot, false)?;
        }
        Some(slot)
    }

    fn match_after(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.rule {
            Rule::Cron(cron) => occurrence(cron, &self.zone, after, false, Direction::Forward),
            Rule::Every(period) => {
                let count = floor_seconds(after).div_euclid(*period) + 1;
                Timestamp::from_second(count * period).ok()
            }
        }
    }

    fn match_before(&self, now: Timestamp, inclusive: bool) -> Option<Timestamp> {
        match &self.rule {
            Rule::Cron(cron) => occurrence(cron, &self.zone, now, inclusive, Direction::Backward),
            Rule::Every(period) => {
                let newest = floor_seconds(now) - i64::from(!inclusive);
                Timestamp::from_second(newest.div_euclid(*period) * period).ok()
            }
        }
    }

    /// Whether an earlier match bears the same local time, so that this one is no slot.
    fn is_repeat(&self, instant: Timestamp) -> bool {
        let Some(twin) = earlier_twin(&self.zone, instant) else {
            return false;
        };
        match &self.rule {
            // Both twins show croner the same clock face, so a line that matches one matches the other.
            Rule::Cron(_) => true,
            Rule::Every(period) => twin.as_second() % period == 0,
        }
    }
}

/// The earlier instant with the same local time, where a clock went back in between.
fn earlier_twin(zone: &TimeZone, instant: Timestamp) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(zone.to_datetime(instant));
    if !matches!(ambiguous.offset(), AmbiguousOffset::Fold { .. }) {
        return None;
    }
    ambiguous
        .earlier()
        .ok()
        .filter(|earlier| *earlier < instant)
}

/// Whole seconds, rounded down also before 1970.
fn floor_seconds(instant: Timestamp) -> i64 {
    instant.as_second() - i64::from(instant.subsec_nanosecond() < 0)
}
