//! A schedule in words: what its cadence means, its next times, and what the next clock change does to them.
//!
//! English only: it is read by the operator, as all messages of the command line are.

use std::fmt::Write as _;

use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::cron::compiled;
use super::slots::Slots;
use crate::model::{Cadence, Schedule};

/// How many of the coming times are shown.
const TIMES: usize = 5;

/// How many affected times a sentence names before it stops.
const NAMED: usize = 3;

/// A clock change further away than this is not worth a sentence.
const HORIZON_DAYS: i64 = 400;

/// Explains a schedule as of `now`, in a few lines that end with a line feed.
pub fn explain(schedule: &Schedule, now: Timestamp) -> String {
    let mut text = String::new();
    let zone = zone_name(&schedule.timezone);
    // Writing into a `String` cannot fail.
    let _ = writeln!(
        text,
        "{}: {} ({zone})",
        schedule.name,
        cadence_in_words(&schedule.cadence)
    );
    let Some(slots) = Slots::of(schedule) else {
        return text;
    };
    let _ = writeln!(text, "next times:");
    for slot in coming(&slots, now).take(TIMES) {
        let _ = writeln!(text, "  {}", format_local(&schedule.timezone, slot));
    }
    let _ = writeln!(text, "{}", clock_change(schedule, &slots, now));
    text
}

fn cadence_in_words(cadence: &Cadence) -> String {
    match cadence {
        Cadence::Cron(line) => {
            let words = compiled(line).map(|cron| cron.describe());
            let words = words.unwrap_or_default();
            format!(
                "`{line}` means: {}",
                lower_first(words.trim_end_matches('.'))
            )
        }
        Cadence::Every(period) => format!("every {period:#}, counted from 1970-01-01 00:00 UTC"),
    }
}

fn coming(slots: &Slots, after: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
    std::iter::successors(slots.next(after), |slot| slots.next(*slot))
}

/// An instant at which the clocks of a zone are set.
struct Change {
    at: Timestamp,
    before: Offset,
    after: Offset,
}

impl Change {
    /// The next one after `now`, unless it is too far away.
    fn next(zone: &TimeZone, now: Timestamp) -> Option<Self> {
        let horizon = now.checked_add((HORIZON_DAYS * 24).hours()).ok()?;
        let mut before = zone.to_offset(now);
        for transition in zone.following(now) {
            let (at, after) = (transition.timestamp(), transition.offset());
            if at > horizon {
                return None;
            }
            if after != before {
                return Some(Self { at, before, after });
            }
            before = after;
        }
        None
    }

    /// By how much the clocks are set forward; negative = back.
    fn shift(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.after.seconds() - self.before.seconds()))
    }
}

fn clock_change(schedule: &Schedule, slots: &Slots, now: Timestamp) -> String {
    let zone = &schedule.timezone;
    let Some(change) = Change::next(zone, now) else {
        return format!("clock change: none ahead in {}", zone_name(zone));
    };
    let day = change
        .at
        .to_zoned_datetime(zone.clone())
        .strftime("%a %-d %b %Y")
        .to_string();
    let from = clock_face(change.before, change.at);
    let to = clock_face(change.after, change.at);
    let direction = if change.shift().is_positive() {
        "forward"
    } else {
        "back"
    };
    let effect = match &schedule.cadence {
        Cadence::Every(period) => effect_on_period(*period, &change),
        Cadence::Cron(_) if change.shift().is_positive() => effect_of_gap(schedule, slots, &change),
        Cadence::Cron(_) => effect_of_fold(slots, &change),
    };
    format!("clock change: on {day} the clock goes {direction} from {from} to {to}: {effect}")
}

fn effect_on_period(period: SignedDuration, change: &Change) -> String {
    let shift = change.shift();
    if shift.as_secs() % period.as_secs() != 0 {
        let shift = shift.abs();
        return format!("the period runs on, so the local times move by {shift:#}");
    }
    if shift.is_negative() {
        "the period runs on; of the time that happens twice only the first counts".to_owned()
    } else {
        "the period runs on".to_owned()
    }
}

/// A gap: local times that do not exist that day.
fn effect_of_gap(schedule: &Schedule, slots: &Slots, change: &Change) -> String {
    let just_before = change.at - SignedDuration::from_nanos(1);
    let end = change.at + change.shift();
    // What the line names on a clock that is not set forward.
    let Some(unchanged) = Slots::in_zone(&schedule.cadence, TimeZone::fixed(change.before)) else {
        return String::new();
    };
    let lost: Vec<Timestamp> = coming(&unchanged, just_before)
        .take_while(|slot| *slot < end)
        .collect();
    if lost.is_empty() {
        return "no run falls into the time that is left out".to_owned();
    }
    let lost_times = name_times(change.before, &lost);
    let moved = slots.next(just_before) == Some(change.at)
        && unchanged.next(end - SignedDuration::from_nanos(1)) != Some(end);
    if moved {
        let at = clock_face(change.after, change.at);
        format!("the run of {lost_times} comes at {at} that day")
    } else if lost.len() == 1 {
        format!("the run of {lost_times} is left out that day")
    } else {
        format!("the runs of {lost_times} are left out that day")
    }
}

/// A fold: local times that happen twice that day.
fn effect_of_fold(slots: &Slots, change: &Change) -> String {
    let start = change.at + change.shift() - SignedDuration::from_nanos(1);
    let twice: Vec<Timestamp> = coming(slots, start)
        .take_while(|slot| *slot < change.at)
        .collect();
    if twice.is_empty() {
        return "no run falls into the time that happens twice".to_owned();
    }
    let times = name_times(change.before, &twice);
    if twice.len() == 1 {
        format!("the run of {times} happens once, the first time")
    } else {
        format!("the runs of {times} happen once each, the first time")
    }
}

fn name_times(offset: Offset, slots: &[Timestamp]) -> String {
    let mut names: Vec<String> = slots
        .iter()
        .take(NAMED)
        .map(|slot| clock_face(offset, *slot))
        .collect();
    if slots.len() > NAMED {
        names.push("…".to_owned());
    }
    names.join(", ")
}

fn clock_face(offset: Offset, at: Timestamp) -> String {
    offset.to_datetime(at).strftime("%H:%M").to_string()
}

fn format_local(zone: &TimeZone, at: Timestamp) -> String {
    at.to_zoned_datetime(zone.clone())
        .strftime("%a %-d %b %Y %H:%M %Z")
        .to_string()
}

fn zone_name(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("UTC")
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect()
    })
}
