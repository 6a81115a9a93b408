//! How fast a relay may be fed: so many messages in a span, evenly spaced over all connections.
//!
//! Pure: the caller passes the instant and waits for the slot that it is given.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use tokio::time::Instant;

/// A pace such as `100/min`: messages over all connections to a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    messages: u32,
    span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Span {
    Second,
    Minute,
    Hour,
    Day,
}

/// A text that is no rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a rate: write a number and a span, such as `100/min` (s, min, h, day)")]
pub struct RateError(String);

impl Rate {
    /// Parses `messages/span`, with the spans `s`, `min`, `h` and `day`.
    pub fn parse(text: &str) -> Result<Self, RateError> {
        parse(text).ok_or_else(|| RateError(text.to_owned()))
    }

    /// Time between two messages.
    pub fn interval(self) -> Duration {
        self.span.duration() / self.messages
    }
}

fn parse(text: &str) -> Option<Rate> {
    let (messages, span) = text.split_once('/')?;
    let messages = messages.trim().parse().ok().filter(|n| *n > 0)?;
    let span = match span.trim() {
        "s" | "sec" | "second" => Span::Second,
        "m" | "min" | "minute" => Span::Minute,
        "h" | "hour" => Span::Hour,
        "d" | "day" => Span::Day,
        _ => return None,
    };
    Some(Rate { messages, span })
}

impl Span {
    fn duration(self) -> Duration {
        Duration::from_secs(match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = match self.span {
            Span::Second => "s",
            Span::Minute => "min",
            Span::Hour => "h",
            Span::Day => "day",
        };
        write!(f, "{}/{span}", self.messages)
    }
}

impl FromStr for Rate {
    type Err = RateError;
    fn from_str(text: &str) -> Result<Self, RateError> {
        Self::parse(text)
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
    fn a_rate_is_a_number_and_a_span() {
        assert_eq!(
            Rate::parse("100/min").unwrap().interval(),
            Duration::from_millis(600)
        );
        assert_eq!(Rate::parse(" 5 / s ").unwrap().to_string(), "5/s");
        for text in ["", "100", "0/min", "-1/min", "100/week", "fast/min"] {
            assert!(Rate::parse(text).is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn slots_are_evenly_spaced_and_not_saved_up() {
        let mut pace = Pace::new(Rate::parse("60/min").unwrap());
        let start = Instant::now();
        let second = Duration::from_secs(1);
        assert_eq!(pace.slot(start), start);
        assert_eq!(pace.slot(start), start + second);
        let later = start + 10 * second;
        assert_eq!(pace.slot(later), later);
        assert_eq!(pace.slot(later), later + second);
    }
}
