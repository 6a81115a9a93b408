//! A pace that a run learnt from what the relay said, for the next run.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// Seconds in an hour.
const HOUR: f64 = 3_600.0;

/// How fast a relay, or one domain's mail over it, may go after it asked for less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LearntPace {
    /// The readers' domain, in ASCII; `None` for the relay as a whole.
    pub domain: Option<String>,
    /// Messages an hour; `None` if it may go as it is configured again.
    pub pace: Option<PerHour>,
    /// When this was noted.
    pub noted_at: Timestamp,
}

/// Messages an hour; at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PerHour(u64);

impl PerHour {
    /// So many an hour.
    pub fn new(messages: u64) -> Self {
        Self(messages.max(1))
    }

    /// The pace with this time between two messages.
    pub fn of_interval(interval: Duration) -> Self {
        Self::new((HOUR / interval.as_secs_f64()).round() as u64)
    }

    /// Messages an hour.
    pub fn get(self) -> u64 {
        self.0
    }

    /// Time between two messages.
    pub fn interval(self) -> Duration {
        Duration::from_secs_f64(HOUR / self.0 as f64)
    }
}

/// As a rate is written: `7/hour`, `1.5/min`, `20/min`, `12/s`.
impl fmt::Display for PerHour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = match self.0 {
            0..60 => return write!(f, "{}/hour", self.0),
            60..36_000 => (self.0 as f64 / 60.0, "min"),
            _ => (self.0 as f64 / HOUR, "s"),
        };
        if number < 10.0 && number.fract() >= 0.05 && number.fract() < 0.95 {
            write!(f, "{number:.1}/{unit}")
        } else {
            write!(f, "{number:.0}/{unit}")
        }
    }
}

impl Serialize for PerHour {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_told_in_the_unit_that_fits() {
        for (per_hour, words) in [
            (0, "1/hour"),
            (59, "59/hour"),
            (60, "1/min"),
            (90, "1.5/min"),
            (1_200, "20/min"),
            (35_999, "600/min"),
            (36_000, "10/s"),
            (3_600_000, "1000/s"),
        ] {
            assert_eq!(PerHour::new(per_hour).to_string(), words);
        }
    }

    #[test]
    fn a_pace_is_the_time_between_two_messages() {
        let pace = PerHour::of_interval(Duration::from_millis(2_500));
        assert_eq!(pace.get(), 1_440);
        assert_eq!(pace.interval(), Duration::from_millis(2_500));
        assert_eq!(PerHour::of_interval(Duration::ZERO).get(), u64::MAX);
        assert_eq!(PerHour::of_interval(Duration::MAX).get(), 1);
    }
}
