//! The pace that messages have gone at of late.
//!
//! Pure: the caller passes the instant.

use std::time::Duration;

use tokio::time::Instant;

/// Seconds that are looked back on.
const SECONDS: usize = 60;

/// The shortest time that a pace is told from, in seconds: a handful of messages in the first moment are not yet one.
const SHORTEST: u64 = 10;

/// Messages of the last minute, by the second.
#[derive(Debug)]
pub(super) struct Gauge {
    start: Option<Instant>,
    /// The newest second, counted from the start.
    second: u64,
    counts: [u32; SECONDS],
}

impl Gauge {
    pub(super) fn new() -> Self {
        Self {
            start: None,
            second: 0,
            counts: [0; SECONDS],
        }
    }

    /// Counts a message.
    pub(super) fn note(&mut self, now: Instant) {
        self.turn_to(now);
        self.counts[(self.second % SECONDS as u64) as usize] += 1;
    }

    /// The time between two messages over the last minute, or since the first where that is less long ago; `None` where
    /// there was none.
    pub(super) fn interval(&mut self, now: Instant) -> Option<Duration> {
        self.turn_to(now);
        let messages: u32 = self.counts.iter().sum();
        let seconds = (self.second + 1).clamp(SHORTEST, SECONDS as u64);
        Duration::from_secs(seconds).checked_div(messages)
    }

    /// Whether it has seen too little time for a pace to mean something: less than ten seconds, or than the `quiet` time in
    /// which a pace proves itself.
    pub(super) fn is_young(&self, quiet: Duration, now: Instant) -> bool {
        let enough = Duration::from_secs(SHORTEST).min(quiet);
        let passed = self.start.map(|start| now.saturating_duration_since(start));
        passed.is_none_or(|passed| passed < enough)
    }

    /// Forgets the seconds that are a minute old.
    fn turn_to(&mut self, now: Instant) {
        let start = *self.start.get_or_insert(now);
        let second = now.saturating_duration_since(start).as_secs();
        for passed in (self.second + 1..=second).take(SECONDS) {
            self.counts[(passed % SECONDS as u64) as usize] = 0;
        }
        if second >= self.second + SECONDS as u64 {
            self.counts = [0; SECONDS];
        }
        self.second = self.second.max(second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn the_last_minute_counts_and_nothing_before_it() {
        let (mut gauge, start) = (Gauge::new(), Instant::now());
        assert_eq!(gauge.interval(start), None);
        for second in 0..120 {
            gauge.note(start + seconds(second));
            gauge.note(start + seconds(second));
        }
        let now = start + seconds(119);
        assert_eq!(gauge.interval(now), Some(Duration::from_millis(500)));
        assert_eq!(gauge.interval(now + seconds(30)), Some(seconds(1)));
        assert_eq!(gauge.interval(now + seconds(60)), None);
        gauge.note(now + seconds(3_600));
        assert_eq!(gauge.interval(now + seconds(3_600)), Some(seconds(60)));
    }

    #[test]
    fn a_short_time_is_taken_for_what_it_was_and_a_moment_is_not() {
        let (mut gauge, start) = (Gauge::new(), Instant::now());
        for _ in 0..20 {
            gauge.note(start);
        }
        assert_eq!(gauge.interval(start), Some(Duration::from_millis(500)));
        assert_eq!(gauge.interval(start + seconds(19)), Some(seconds(1)));
    }
}
