//! Spans of time as people write them: `30min`, `12h`, `4 days`.

use jiff::{SignedDuration, Span, SpanRelativeTo};

use super::Error;
use crate::model::Cadence;

/// Parses a positive span of time; a day counts 24 hours and a week 7 days.
///
/// # Errors
/// [`Error::Duration`] for anything else, also for months and years, which have no fixed length.
pub fn parse_duration(text: &str) -> Result<SignedDuration, Error> {
    let span: Span = text.trim().parse().map_err(|_| Error::Duration)?;
    let duration = span
        .to_duration(SpanRelativeTo::days_are_24_hours())
        .map_err(|_| Error::Duration)?;
    if duration.is_positive() {
        Ok(duration)
    } else {
        Err(Error::Duration)
    }
}

/// Parses the period of `every = "2h"`.
///
/// # Errors
/// [`Error::Period`] unless it is a whole number of minutes: an edition's name goes no further than the minute.
pub fn parse_every(text: &str) -> Result<Cadence, Error> {
    let period = parse_duration(text)?;
    let whole = period.as_secs() % 60 == 0 && period.subsec_nanos() == 0;
    if whole {
        Ok(Cadence::Every(period))
    } else {
        Err(Error::Period)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, seconds) in [
            ("90s", 90),
            ("30min", 1_800),
            ("12h", 43_200),
            ("2h 30m", 9_000),
            ("4 days", 345_600),
            ("1 week", 604_800),
        ] {
            assert_eq!(
                parse_duration(text),
                Ok(SignedDuration::from_secs(seconds)),
                "{text}"
            );
        }
        for text in ["", "12", "0h", "-1h", "1 month", "soon"] {
            assert_eq!(parse_duration(text), Err(Error::Duration), "{text}");
        }
    }

    #[test]
    fn a_period_counts_whole_minutes() {
        assert_eq!(
            parse_every("2h"),
            Ok(Cadence::Every(SignedDuration::from_hours(2)))
        );
        assert_eq!(parse_every("90s"), Err(Error::Period));
        assert_eq!(parse_every("0.5s"), Err(Error::Period));
    }
}
