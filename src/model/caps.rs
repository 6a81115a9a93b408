//! How many messages a relay may be given in 24 hours: a fixed cap, and a plan by which a new one is warmed up.
//!
//! Pure: the caller passes what the relay carried in each hour, and the time. Counted in whole hours of the Unix clock, on
//! the safe side: "the last 24 hours" are this hour and the 24 before it, so that a cap holds for a provider that counts
//! by the day and for one that counts by a window.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

/// Seconds in an hour.
const HOUR: i64 = 3_600;

/// Hours of a day.
const DAY: i64 = 24;

/// Hours for which it counts what a relay carried: forty days, so that a monthly newsletter warms up too.
const REMEMBERED: i64 = 40 * DAY;

/// What a relay may be given. Without either there is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Caps {
    /// Messages in any 24 hours.
    pub per_day: Option<u32>,
    /// How a relay that nobody knows yet is given more and more.
    pub warm_up: Option<WarmUp>,
}

/// A plan by which a relay is given more and more, as receivers come to know it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WarmUp {
    /// Messages in the first 24 hours; at least 1.
    pub first_day: u32,
    /// How many times the most that 24 hours carried before may be carried next; more than 1.
    pub factor: f64,
    /// Once 24 hours carried so many, the plan is over.
    pub until: u32,
}

/// Which of the caps it is that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cap {
    /// The fixed one.
    PerDay,
    /// The one of the plan.
    WarmUp,
}

/// What the caps leave of a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Room {
    /// Messages that it may carry in these 24 hours.
    pub most: u64,
    /// By which cap.
    pub by: Cap,
    /// Messages that it may be given now.
    pub left: u64,
}

/// What a relay carried, by hours since 1970 UTC.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RelayUse(BTreeMap<i64, u64>);

impl RelayUse {
    /// The hour of an instant.
    pub fn hour(at: Timestamp) -> i64 {
        at.as_second().div_euclid(HOUR)
    }

    /// The first hour that still counts at an instant; what was carried before may be forgotten.
    pub fn oldest(now: Timestamp) -> i64 {
        Self::hour(now) - REMEMBERED
    }

    /// Adds messages to an hour.
    pub fn add(&mut self, hour: i64, messages: u64) {
        *self.0.entry(hour).or_default() += messages;
    }

    /// Messages in the last 24 hours, as they count at this hour; those of the next day too, if the clock was set back.
    fn last_day(&self, hour: i64) -> u64 {
        let day = self.0.range(hour - DAY..=hour + DAY);
        day.map(|(_, messages)| messages).sum()
    }

    /// The most that 24 hours carried which had ended before the last 24 began.
    fn best_day(&self, hour: i64) -> u64 {
        let earlier = hour - REMEMBERED..hour - DAY;
        let (mut best, mut sum) = (0, 0);
        let mut first = self.0.range(earlier.clone());
        let mut oldest = first.next();
        for (at, messages) in self.0.range(earlier) {
            sum += messages;
            while let Some((_, gone)) = oldest.filter(|(old, _)| **old <= at - DAY) {
                sum -= gone;
                oldest = first.next();
            }
            best = best.max(sum);
        }
        best
    }
}

impl Caps {
    /// Whether there is any limit.
    pub fn are_set(&self) -> bool {
        self.per_day.is_some() || self.warm_up.is_some()
    }

    /// What is left at an instant of a relay that carried so much; `None` where nothing limits it.
    pub fn room(&self, used: &RelayUse, now: Timestamp) -> Option<Room> {
        self.room_in(used, RelayUse::hour(now))
    }

    /// The same, in an hour since 1970 UTC.
    pub(super) fn room_in(&self, used: &RelayUse, hour: i64) -> Option<Room> {
        let per_day = self.per_day.map(|most| (u64::from(most), Cap::PerDay));
        let warm_up = self.warm_up.and_then(|plan| plan.most(used, hour));
        let warm_up = warm_up.map(|most| (most, Cap::WarmUp));
        let (most, by) = per_day
            .into_iter()
            .chain(warm_up)
            .min_by_key(|(most, _)| *most)?;
        let left = most.saturating_sub(used.last_day(hour));
        Some(Room { most, by, left })
    }

    /// When a relay may be given something again: now, or the next whole hour that has room.
    pub fn room_from(&self, used: &RelayUse, now: Timestamp) -> Timestamp {
        let hour = RelayUse::hour(now);
        let has_room = |hour: &i64| self.room_in(used, *hour).is_none_or(|room| room.left > 0);
        if has_room(&hour) {
            return now;
        }
        // After two days and an hour nothing of what was carried counts against it.
        let last = hour + 2 * DAY + 1;
        start_of((hour + 1..last).find(has_room).unwrap_or(last))
    }
}

impl WarmUp {
    /// What the plan allows in the 24 hours up to this hour; `None` once it is over.
    fn most(self, used: &RelayUse, hour: i64) -> Option<u64> {
        let best = used.best_day(hour);
        if best >= u64::from(self.until) {
            return None;
        }
        // Rounded up, so that a small beginning grows too.
        let grown = (best as f64 * self.factor).ceil() as u64;
        Some(grown.max(u64::from(self.first_day)))
    }
}

/// The instant at which an hour begins.
pub(super) fn start_of(hour: i64) -> Timestamp {
    Timestamp::from_second(hour.saturating_mul(HOUR)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
pub(super) mod tests {
    use jiff::SignedDuration;

    use super::*;

    /// Monday at 8 UTC, some hours and minutes later.
    fn at(hours: i64, minutes: i64) -> Timestamp {
        let start: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        start + SignedDuration::from_mins(60 * hours + minutes)
    }

    /// What was carried at so many hours after Monday at 8.
    fn used(hours: &[(i64, u64)]) -> RelayUse {
        let mut used = RelayUse::default();
        for (hour, messages) in hours {
            used.add(RelayUse::hour(at(*hour, 0)), *messages);
        }
        used
    }

    pub(in crate::model) fn per_day(most: u32) -> Caps {
        Caps {
            per_day: Some(most),
            warm_up: None,
        }
    }

    pub(in crate::model) fn warming(first_day: u32, factor: f64, until: u32) -> Caps {
        Caps {
            per_day: None,
            warm_up: Some(WarmUp {
                first_day,
                factor,
                until,
            }),
        }
    }

    fn left(caps: &Caps, used: &RelayUse, now: Timestamp) -> u64 {
        caps.room(used, now).unwrap().left
    }

    #[test]
    fn without_caps_there_is_no_limit() {
        let caps = Caps::default();
        assert!(!caps.are_set());
        assert_eq!(caps.room(&used(&[(0, 1_000_000)]), at(0, 1)), None);
        assert_eq!(caps.room_from(&used(&[(0, 9)]), at(0, 1)), at(0, 1));
    }

    #[test]
    fn a_cap_holds_over_any_24_hours_and_counts_whole_hours() {
        let caps = per_day(100);
        let carried = used(&[(0, 70), (5, 30)]);
        assert_eq!(left(&caps, &carried, at(5, 59)), 0);
        // 24 hours after the last minute of the first hour are over once the 25th has begun.
        assert_eq!(left(&caps, &carried, at(24, 59)), 0);
        assert_eq!(left(&caps, &carried, at(25, 0)), 70);
        assert_eq!(left(&caps, &carried, at(30, 0)), 100);
        assert_eq!(caps.room_from(&carried, at(6, 12)), at(25, 0));
        assert_eq!(caps.room_from(&carried, at(25, 12)), at(25, 12));
        // More than the cap, as where it was lowered since.
        assert_eq!(left(&caps, &used(&[(0, 170)]), at(1, 0)), 0);
    }

    #[test]
    fn a_clock_that_was_set_back_gives_nothing_away() {
        let caps = per_day(100);
        let carried = used(&[(10, 60)]);
        assert_eq!(left(&caps, &carried, at(7, 0)), 40);
        assert_eq!(caps.room_from(&used(&[(10, 100)]), at(7, 0)), at(35, 0));
    }

    #[test]
    fn a_new_relay_is_given_more_each_day_with_mail() {
        let caps = warming(50, 2.0, 1_000);
        assert_eq!(left(&caps, &used(&[]), at(0, 0)), 50);
        // What these 24 hours carried does not yet make them larger.
        assert_eq!(left(&caps, &used(&[(0, 50)]), at(3, 0)), 0);
        assert_eq!(left(&caps, &used(&[(0, 50)]), at(24, 59)), 0);
        assert_eq!(left(&caps, &used(&[(0, 50)]), at(25, 0)), 100);
        // A week without mail costs nothing, and gains nothing.
        assert_eq!(left(&caps, &used(&[(0, 50)]), at(7 * 24, 0)), 100);
        let weekly = [(0, 50), (7 * 24, 100), (14 * 24, 200)];
        assert_eq!(left(&caps, &used(&weekly), at(21 * 24, 0)), 400);
        // The best 24 hours count, wherever they begin, and not the newest.
        let spread = [(0, 40), (10, 30), (23, 20), (24, 10), (60, 3)];
        assert_eq!(left(&caps, &used(&spread), at(100, 0)), 180);
        // A monthly newsletter grows too; one that was silent for longer begins again.
        assert_eq!(left(&caps, &used(&[(0, 80)]), at(31 * 24, 0)), 160);
        assert_eq!(left(&caps, &used(&[(0, 80)]), at(41 * 24, 0)), 50);
    }

    #[test]
    fn a_small_beginning_grows_by_a_small_factor() {
        let caps = warming(1, 1.1, 1_000);
        assert_eq!(left(&caps, &used(&[(0, 1)]), at(48, 0)), 2);
    }

    #[test]
    fn the_plan_is_over_once_its_end_was_reached() {
        let caps = warming(50, 2.0, 400);
        assert_eq!(left(&caps, &used(&[(0, 399)]), at(48, 0)), 798);
        assert_eq!(caps.room(&used(&[(0, 400)]), at(48, 0)), None);
    }

    #[test]
    fn the_smaller_of_both_counts() {
        let both = Caps {
            per_day: Some(80),
            ..warming(50, 2.0, 400)
        };
        let room = |used: &RelayUse| both.room(used, at(48, 0)).unwrap();
        assert_eq!(
            (room(&used(&[])).most, room(&used(&[])).by),
            (50, Cap::WarmUp)
        );
        let carried = used(&[(0, 50)]);
        assert_eq!((room(&carried).most, room(&carried).by), (80, Cap::PerDay));
        assert_eq!(room(&used(&[(0, 500)])).most, 80);
    }
}
