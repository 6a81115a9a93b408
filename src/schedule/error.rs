//! What can be wrong with a cron line or a period, with the bytes to blame and a hint.

use std::ops::Range;

/// Why a text is no cadence or no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Neither a nickname nor five fields.
    #[error("a cron line has five fields, not {0}")]
    FieldCount(usize),
    /// An `@word` that is no nickname.
    #[error("`{0}` is not a nickname of a cron line")]
    Nickname(String),
    /// One field of the line.
    #[error("`{text}` is not {field}")]
    Field {
        /// What was typed.
        text: String,
        /// What the field holds, with its article: `a minute`.
        field: &'static str,
        /// What it may hold.
        allowed: &'static str,
        /// Its bytes in the line.
        range: Range<usize>,
    },
    /// The line is well formed and no day of any year fits it.
    #[error("this cron line never comes round")]
    Never(Range<usize>),
    /// Not a span of time.
    #[error("not a span of time")]
    Duration,
    /// A period that is no whole number of minutes, or less than one.
    #[error("a period counts whole minutes, at least one")]
    Period,
}

impl Error {
    /// The bytes of the text that are to blame; `None` = all of it.
    pub fn range(&self) -> Option<Range<usize>> {
        match self {
            Self::Field { range, .. } | Self::Never(range) => Some(range.clone()),
            _ => None,
        }
    }

    /// What to write instead.
    pub fn hint(&self) -> String {
        match self {
            Self::FieldCount(_) => {
                "minute, hour, day of the month, month, day of the week: `0 8 * * MON` is Monday at 08:00".to_owned()
            }
            Self::Nickname(_) => {
                "known nicknames: `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`".to_owned()
            }
            Self::Field { allowed, .. } => format!("allowed are {allowed}"),
            Self::Never(_) => "no such day exists in these months; `L` stands for the last day of a month".to_owned(),
            Self::Duration => "write it as `90s`, `30min`, `12h` or `4 days`".to_owned(),
            Self::Period => "write it as `30min`, `2h` or `7 days`".to_owned(),
        }
    }
}
