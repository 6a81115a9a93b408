//! How fast a relay may be fed: so many messages in a span, evenly spaced over all connections.
//!
//! Pure: the caller passes the instant and waits for the slot that it is given.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;

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

/// Hands out slots, one interval apart; time that nobody used is not saved up.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    next: Option<Instant>,
}

impl Pace {
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            interval: rate.interval(),
            next: None,
        }
    }

    /// The instant at which the caller may send.
    pub(super) fn slot(&mut self, now: Instant) -> Instant {
        let slot = self.next.map_or(now, |next| next.max(now));
        self.next = Some(slot + self.interval);
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let mut pace = Pace::new(Rate {
            messages: 60,
            span: SignedDuration::from_mins(1),
        });
        let start = Instant::now();
        let second = Duration::from_secs(1);
        assert_eq!(pace.slot(start), start);
        assert_eq!(pace.slot(start), start + second);
        let later = start + 10 * second;
        assert_eq!(pace.slot(later), later);
        assert_eq!(pace.slot(later), later + second);
    }
}
