//! Cron lines: checks one field by field, and asks croner for the instants that it names.
//!
//! Exactly five fields or a nickname. croner replaces the names of days and months anywhere in a line (so that it takes
//! `0 8 MON * *` for the first of the month) and does not say which field is wrong: both are mended here.

use std::cmp::Ordering;
use std::ops::Range;

use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};
use croner::{
    CivilDate, CivilDateTime, CivilTime, Cron, CronDateTime, Direction, Resolution, Weekday,
};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ZonedDateTime};

use super::Error;
use crate::model::Cadence;

/// Where the search for a line's first day starts: any instant does, since it looks ahead for centuries.
const ANY_INSTANT: Timestamp = Timestamp::UNIX_EPOCH;

/// Names that stand for a month.
const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];

/// Names that stand for a day of the week.
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// Words for one field of a line.
struct Field {
    /// With its article, for messages.
    name: &'static str,
    /// What it may hold, for hints.
    allowed: &'static str,
    /// Words of letters that it may hold beside digits.
    words: &'static [&'static str],
    /// Letters that may follow a number or name.
    suffixes: &'static [&'static str],
}

/// The five fields in their order.
const FIELDS: [Field; 5] = [
    Field {
        name: "a minute",
        allowed: "0 to 59, lists `0,30`, ranges `0-10` and steps `*/15`",
        words: &[],
        suffixes: &[],
    },
    Field {
        name: "an hour",
        allowed: "0 to 23, lists `8,17`, ranges `8-17` and steps `*/2`",
        words: &[],
        suffixes: &[],
    },
    Field {
        name: "a day of the month",
        allowed: "1 to 31, lists, ranges, steps, and `L` for the last day",
        words: &["L", "LW"],
        suffixes: &["W"],
    },
    Field {
        name: "a month",
        allowed: "1 to 12 or `JAN` to `DEC`, lists, ranges and steps",
        words: &MONTHS,
        suffixes: &[],
    },
    Field {
        name: "a day of the week",
        allowed: "0 to 7 (0 and 7 are Sunday) or `SUN` to `SAT`, lists, ranges, `MON#1` for the first Monday, `FRI#L` for the last Friday",
        words: &DAYS,
        suffixes: &["L"],
    },
];

/// Parses a cron line of exactly five fields, or a nickname such as `@weekly`.
///
/// # Errors
/// Says which bytes of the line are to blame, and refuses a line that no day of any year fits.
pub fn parse_cron(line: &str) -> Result<Cadence, Error> {
    let trimmed = line.trim();
    if trimmed.starts_with('@') {
        parser()
            .parse(trimmed)
            .map_err(|_| Error::Nickname(trimmed.to_owned()))?;
        return Ok(Cadence::Cron(trimmed.to_owned()));
    }
    let fields = split(line);
    if fields.len() != FIELDS.len() {
        return Err(Error::FieldCount(fields.len()));
    }
    for (index, range) in fields.iter().enumerate() {
        check_field(index, &line[range.clone()], range)?;
    }
    let cron = parser()
        .parse(trimmed)
        .map_err(|_| Error::FieldCount(fields.len()))?;
    if occurrence(
        &cron,
        &TimeZone::UTC,
        ANY_INSTANT,
        false,
        Direction::Forward,
    )
    .is_none()
    {
        return Err(Error::Never(fields[2].start..fields[3].end));
    }
    Ok(Cadence::Cron(trimmed.to_owned()))
}

/// The line as croner knows it; `None` for a line that [`parse_cron`] refuses.
pub(super) fn compiled(line: &str) -> Option<Cron> {
    parser().parse(line).ok()
}

/// The instant nearest to `from` that the line names in this zone, in this direction.
pub(super) fn occurrence(
    cron: &Cron,
    zone: &TimeZone,
    from: Timestamp,
    inclusive: bool,
    direction: Direction,
) -> Option<Timestamp> {
    let from = Moment(from.to_zoned_datetime(zone.clone()));
    let found = match direction {
        Direction::Forward => cron.find_next_occurrence(&from, inclusive),
        Direction::Backward => cron.find_previous_occurrence(&from, inclusive),
    };
    found.ok().map(|moment| moment.0.timestamp())
}

fn parser() -> CronParser {
    CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        .build()
}

/// The byte ranges of the words of a line.
fn split(line: &str) -> Vec<Range<usize>> {
    line.split_whitespace()
        .map(|word| {
            let start = word.as_ptr() as usize - line.as_ptr() as usize;
            start..start + word.len()
        })
        .collect()
}

/// Tries a field alone, with `*` in the place of all others.
fn check_field(index: usize, text: &str, range: &Range<usize>) -> Result<(), Error> {
    let mut alone = ["*"; FIELDS.len()];
    alone[index] = text;
    let whole = text.split(',').all(|part| !part.is_empty());
    if whole && has_known_words(index, text) && parser().parse(&alone.join(" ")).is_ok() {
        return Ok(());
    }
    Err(Error::Field {
        text: text.to_owned(),
        field: FIELDS[index].name,
        allowed: FIELDS[index].allowed,
        range: range.clone(),
    })
}

/// Whether every run of letters is a word that this field may hold.
fn has_known_words(index: usize, text: &str) -> bool {
    let upper = text.to_uppercase();
    let runs = upper.split(|c: char| !c.is_alphabetic());
    runs.filter(|run| !run.is_empty()).all(|run| {
        let field = &FIELDS[index];
        let known = |word: &str| word.is_empty() || field.words.contains(&word);
        known(run)
            || field
                .suffixes
                .iter()
                .any(|suffix| run.strip_suffix(suffix).is_some_and(known))
    })
}

/// croner's view of a zoned date and time; its own `jiff` feature means another jiff than ours.
#[derive(Debug, Clone)]
struct Moment(ZonedDateTime);

impl CronDateTime for Moment {
    fn to_civil(&self) -> CivilDateTime {
        let (date, time) = (self.0.date(), self.0.time());
        // jiff keeps every part in range, so there is nothing to check.
        CivilDateTime::new(
            CivilDate::from_parts_unchecked(
                i32::from(date.year()),
                unsigned(date.month()),
                unsigned(date.day()),
            ),
            CivilTime::from_parts_unchecked(
                unsigned(time.hour()),
                unsigned(time.minute()),
                unsigned(time.second()),
            ),
        )
    }

    fn civil_weekday(&self) -> Weekday {
        Weekday::from_days_from_sunday(unsigned(self.0.weekday().to_sunday_zero_offset()))
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        let ambiguous = self
            .0
            .time_zone()
            .to_ambiguous_zoned_datetime(to_jiff(civil)?);
        let moment = |zoned: Result<ZonedDateTime, jiff::Error>| {
            zoned.map(Moment).map_err(|_| CronError::InvalidTime)
        };
        Ok(match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => {
                Resolution::Single(moment(ambiguous.unambiguous())?)
            }
            AmbiguousOffset::Fold { .. } => Resolution::Ambiguous(
                moment(ambiguous.clone().earlier())?,
                moment(ambiguous.later())?,
            ),
            AmbiguousOffset::Gap { .. } => Resolution::Gap,
        })
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        let sum = self.0.checked_add(SignedDuration::from_secs(seconds));
        sum.ok().map(Moment)
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.0.timestamp().cmp(&other.0.timestamp())
    }
}

fn unsigned(part: i8) -> u32 {
    u32::from(part.unsigned_abs())
}

fn to_jiff(civil: CivilDateTime) -> Result<DateTime, CronError> {
    let year = i16::try_from(civil.year()).map_err(|_| CronError::InvalidDate)?;
    let part = |value: u32| i8::try_from(value).map_err(|_| CronError::InvalidTime);
    DateTime::new(
        year,
        part(civil.month())?,
        part(civil.day())?,
        part(civil.hour())?,
        part(civil.minute())?,
        part(civil.second())?,
        0,
    )
    .map_err(|_| CronError::InvalidDate)
}
