//! How fast messages may go: so many in a span, evenly spaced over all connections.
//!
//! Pure: the caller passes the instant, and sends when the slot has come. The interval is passed too, since it changes.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;

/// How late a slot may be used without a loss to the next one: timers wake late, and commits of the outbox take a moment.
const GRACE: Duration = Duration::from_millis(20);

/// A pace such as 100 a minute: messages over all connections to a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Messages in the span; at least 1.
    pub messages: u32,
    /// The span.
    pub span: SignedDuration,
}

impl Rate {
    /// Time between two messages.
    pub fn interval(self) -> Duration {
        self.span.unsigned_abs() / self.messages.max(1)
    }
}

/// Slots, one interval apart; time that nobody used is not saved up.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// The newest slot that was used.
    last: Option<Instant>,
}

impl Pace {
    /// The next slot, not before `now`.
    pub(super) fn slot(&self, interval: Duration, now: Instant) -> Instant {
        self.ideal(interval).map_or(now, |slot| slot.max(now))
    }

    /// Uses the next slot, which has come.
    pub(super) fn take(&mut self, interval: Duration, now: Instant) {
        let on_time = self
            .ideal(interval)
            .filter(|slot| now.saturating_duration_since(*slot) <= GRACE);
        self.last = Some(on_time.unwrap_or(now));
    }

    /// Lets a whole interval pass before the next slot.
    pub(super) fn rest(&mut self, now: Instant) {
        self.last = Some(now);
    }

    fn ideal(&self, interval: Duration) -> Option<Instant> {
        self.last.and_then(|last| last.checked_add(interval))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_rate_spaces_messages_evenly() {
        let rate = Rate {
            messages: 100,
            span: SignedDuration::from_mins(1),
        };
        assert_eq!(rate.interval(), Duration::from_millis(600));
    }

    #[test]
    fn slots_are_evenly_spaced_and_not_saved_up() {
        let mut pace = Pace::default();
        let start = Instant::now();
        assert_eq!(pace.slot(SECOND, start), start);
        pace.take(SECOND, start);
        assert_eq!(pace.slot(SECOND, start), start + SECOND);
        let later = start + 10 * SECOND;
        assert_eq!(pace.slot(SECOND, later), later);
        pace.take(SECOND, later);
        assert_eq!(pace.slot(SECOND, later), later + SECOND);
        assert_eq!(pace.slot(3 * SECOND, later), later + 3 * SECOND);
    }

    #[test]
    fn who_wakes_a_little_late_does_not_slow_the_pace() {
        let mut pace = Pace::default();
        let start = Instant::now();
        pace.take(SECOND, start);
        pace.take(SECOND, start + SECOND + GRACE);
        assert_eq!(pace.slot(SECOND, start), start + 2 * SECOND);
        pace.take(SECOND, start + 2 * SECOND + 2 * GRACE);
        assert_eq!(pace.slot(SECOND, start), start + 3 * SECOND + 2 * GRACE);
    }
}
