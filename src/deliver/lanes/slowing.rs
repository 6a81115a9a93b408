//! How a lane slows down when it is asked to, and finds its way back: half at once, a quarter more each good minute.
//!
//! Pure: the caller passes instants. Additive increase and multiplicative decrease, as a sender on a shared road should
//! (RFC 5681 §3.1), with steps that are long enough for mail servers, which count by the minute and the hour.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// The slowest that a lane becomes by itself: one message a minute. It goes on asking, or nobody would notice the end.
const SLOWEST: Duration = Duration::from_secs(60);

/// However many replies complain within this time, they are one complaint: they answer messages sent at the old pace.
const ONE_COMPLAINT: Duration = Duration::from_secs(10);

/// Where no rate is configured, the slow-down is over at so many times the pace that was too fast.
const FREE_AGAIN: u32 = 4;

/// A slow-down is forgotten after a day: mail servers count by the hour, some by the day.
pub const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// A slow-down that is in force.
#[derive(Debug)]
pub(super) struct Slowing {
    /// Time between two messages.
    interval: Duration,
    /// The interval at which it is over.
    over_at: Duration,
    /// When it was last slowed; `None` if that was in an earlier run.
    slowed_at: Option<Instant>,
    /// When the quiet time began that is under way.
    since: Instant,
    taken: bool,
    complained: bool,
}

impl Slowing {
    /// Slows a lane that has the `configured` interval, if any, and went at the `measured` one.
    pub(super) fn new(configured: Option<Duration>, measured: Duration, now: Instant) -> Self {
        let had = configured.unwrap_or_default().max(measured);
        Self {
            interval: slower(had, configured),
            over_at: configured.unwrap_or(had / FREE_AGAIN),
            slowed_at: Some(now),
            since: now,
            taken: false,
            complained: true,
        }
    }

    /// The slow-down that an earlier run left, if it is one still.
    ///
    /// Its pace doubles for each hour since it was noted, and after a day it is gone.
    pub(super) fn remembered(
        interval: Duration,
        noted_at: Timestamp,
        configured: Option<Duration>,
        (clock, now): (Timestamp, Instant),
    ) -> Option<Self> {
        // A clock that was set back makes it no older than new.
        let age = clock.duration_since(noted_at).max(SignedDuration::ZERO);
        let hours = age.as_secs_f64() / 3_600.0;
        let interval = interval.div_f64(hours.exp2());
        let over_at = configured.unwrap_or(interval / FREE_AGAIN);
        (age < REMEMBERED && interval > over_at).then_some(Self {
            interval,
            over_at,
            slowed_at: None,
            since: now,
            taken: false,
            complained: false,
        })
    }

    /// Time between two messages.
    pub(super) fn interval(&self) -> Duration {
        self.interval
    }

    /// Notes a complaint, and slows down once more if it is a new one; says whether it did.
    pub(super) fn complained(
        &mut self,
        configured: Option<Duration>,
        measured: Duration,
        now: Instant,
    ) -> bool {
        self.complained = true;
        let since = self.slowed_at.map(|at| now.saturating_duration_since(at));
        if since.is_some_and(|since| since < ONE_COMPLAINT) {
            return false;
        }
        // What was measured reaches back beyond the last step.
        *self = Self::new(configured, measured.max(self.interval), now);
        true
    }

    /// Notes that a message was taken.
    pub(super) fn taken(&mut self) {
        self.taken = true;
    }

    /// Lets time pass; says whether the pace rose, as it does after a `quiet` time in which messages were taken and nobody
    /// complained.
    pub(super) fn pass(&mut self, now: Instant, quiet: Duration) -> bool {
        if now.saturating_duration_since(self.since) < quiet {
            return false;
        }
        let rises = self.taken && !self.complained;
        if rises {
            // A quarter more messages: four fifths of the time between them.
            self.interval = self.interval * 4 / 5;
        }
        self.since = now;
        self.taken = false;
        self.complained = false;
        rises
    }

    /// Whether it is over.
    pub(super) fn is_over(&self) -> bool {
        self.interval <= self.over_at
    }
}

/// Twice the interval that a lane had; no slower than the slowest, unless it is configured so.
fn slower(had: Duration, configured: Option<Duration>) -> Duration {
    had.saturating_mul(2)
        .min(SLOWEST)
        .max(configured.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MINUTE: Duration = Duration::from_secs(60);

    fn noted() -> Timestamp {
        "2026-11-23T08:00:00Z".parse().unwrap()
    }

    /// Lets a minute pass in which a message was taken.
    fn good_minute(slowing: &mut Slowing, now: &mut Instant) -> bool {
        slowing.taken();
        *now += MINUTE;
        slowing.pass(*now, MINUTE)
    }

    #[test]
    fn the_pace_is_halved_once_however_many_complain() {
        let start = Instant::now();
        let mut slowing = Slowing::new(None, SECOND, start);
        assert_eq!(slowing.interval(), 2 * SECOND);
        for tenths in 0..100 {
            let now = start + tenths * SECOND / 10;
            assert!(!slowing.complained(None, SECOND, now));
        }
        assert!(slowing.complained(None, SECOND, start + 10 * SECOND));
        assert_eq!(slowing.interval(), 4 * SECOND);
    }

    #[test]
    fn the_slower_of_what_is_configured_and_what_was_measured_is_halved() {
        let now = Instant::now();
        let interval = |configured, measured| {
            Slowing::new(Some(configured), measured, now)
                .interval()
                .as_secs()
        };
        assert_eq!(interval(SECOND, 5 * SECOND), 10);
        assert_eq!(interval(5 * SECOND, SECOND), 10);
        assert_eq!(interval(40 * SECOND, SECOND), 60);
        assert_eq!(interval(600 * SECOND, SECOND), 600);
        let free = Slowing::new(None, 3_000 * SECOND, now);
        assert_eq!(free.interval(), SLOWEST);
    }

    #[test]
    fn a_good_minute_brings_a_quarter_more_until_the_configured_rate() {
        let mut now = Instant::now();
        let mut slowing = Slowing::new(Some(SECOND), SECOND, now);
        now += MINUTE;
        assert!(!slowing.pass(now, MINUTE), "it was slowed in this minute");
        let mut minutes = 0;
        while !slowing.is_over() {
            assert!(good_minute(&mut slowing, &mut now));
            minutes += 1;
        }
        // 2 s, 1.6 s, 1.28 s, 1.024 s, 0.8 s.
        assert_eq!(minutes, 4);
    }

    #[test]
    fn without_a_configured_rate_it_is_over_at_four_times_what_was_too_fast() {
        let mut now = Instant::now();
        let mut slowing = Slowing::new(None, SECOND, now);
        now += MINUTE;
        slowing.pass(now, MINUTE);
        let mut minutes = 0;
        while !slowing.is_over() {
            good_minute(&mut slowing, &mut now);
            minutes += 1;
        }
        // From one in two seconds to four a second: 1.25^10 is 9.3.
        assert_eq!(minutes, 10);
    }

    #[test]
    fn a_minute_without_mail_or_with_a_complaint_changes_nothing() {
        let mut now = Instant::now();
        let mut slowing = Slowing::new(None, SECOND, now);
        for _ in 0..5 {
            now += MINUTE;
            assert!(!slowing.pass(now, MINUTE), "nothing was taken");
        }
        now += SECOND;
        slowing.taken();
        slowing.complained(None, SECOND, now);
        now += MINUTE;
        assert!(!slowing.pass(now, MINUTE));
        assert_eq!(slowing.interval(), 4 * SECOND);
    }

    #[test]
    fn what_is_remembered_doubles_by_the_hour_and_is_gone_after_a_day() {
        let now = Instant::now();
        let after = |hours: i64, configured| {
            let clock = noted() + SignedDuration::from_hours(hours);
            let left = Slowing::remembered(64 * SECOND, noted(), configured, (clock, now));
            left.map(|slowing| slowing.interval())
        };
        assert_eq!(after(0, None), Some(64 * SECOND));
        assert_eq!(after(-5, None), Some(64 * SECOND));
        assert_eq!(after(1, None), Some(32 * SECOND));
        assert_eq!(after(6, None), Some(SECOND));
        assert_eq!(after(6, Some(SECOND)), None, "as fast as it may be");
        assert!(after(23, None).is_some());
        assert_eq!(after(24, None), None);
    }

    #[test]
    fn a_complaint_about_a_remembered_pace_counts_at_once() {
        let now = Instant::now();
        let left = Slowing::remembered(4 * SECOND, noted(), None, (noted(), now));
        let mut slowing = left.unwrap();
        assert!(slowing.complained(None, SECOND, now));
        assert_eq!(slowing.interval(), 8 * SECOND);
    }
}
