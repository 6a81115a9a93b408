//! What is put together of messages: dates, numbers, plurals, greetings.
//!
//! In go the words of a language and a value; out comes the phrase. Month and weekday names are messages too, so that another
//! language is one file and a sealed issue reads the same whatever a library thinks of dates next year.

use jiff::civil::Date;

use super::words::{Words, WordsError};

/// Digits in a group of thousands.
const GROUP: usize = 3;

/// Numbers below this have no groups: 2026, and 12.026.
const MIN_GROUPED: usize = 5;

/// How a date is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DateStyle {
    /// 12 September
    Short,
    /// 12 September 2026
    Long,
    /// Saturday 12 September 2026
    Full,
}

impl Words {
    /// Writes a date.
    pub fn date(&self, style: DateStyle, date: Date) -> Result<String, WordsError> {
        let id = match style {
            DateStyle::Short => "date-short",
            DateStyle::Long => "date-long",
            DateStyle::Full => "date-full",
        };
        self.say(
            id,
            &[
                ("day", date.day().into()),
                ("month", date.month().into()),
                ("weekday", date.weekday().to_monday_one_offset().into()),
                ("year", date.year().into()),
            ],
        )
    }

    /// Writes a number, given as `1234.5`, with the language's marks for thousands and decimals.
    pub fn number(&self, plain: &str) -> Result<String, WordsError> {
        let (whole, decimals) = plain.split_once('.').unwrap_or((plain, ""));
        let digits = whole.trim_start_matches('-');
        let mut written = whole[..whole.len() - digits.len()].replace('-', "\u{2212}");
        let grouped = digits.len() >= MIN_GROUPED && digits.bytes().all(|b| b.is_ascii_digit());
        let mark = self.say("mark-thousands", &[])?;
        for (at, digit) in digits.char_indices() {
            if grouped && at > 0 && (digits.len() - at).is_multiple_of(GROUP) {
                written.push_str(&mark);
            }
            written.push(digit);
        }
        if !decimals.is_empty() {
            written.push_str(&self.say("mark-decimal", &[])?);
            written.push_str(decimals);
        }
        Ok(written)
    }

    /// The category of a count by the language's plural rules: `one`, `other`, in some languages more.
    pub fn plural(&self, count: i64) -> Result<String, WordsError> {
        self.say("plural-category", &[("count", count.into())])
    }

    /// Writes a date as briefly as the day of reading allows: without the year if it is that of `today`.
    pub fn near_date(&self, date: Date, today: Option<Date>) -> Result<String, WordsError> {
        let style = if today.is_some_and(|today| today.year() == date.year()) {
            DateStyle::Short
        } else {
            DateStyle::Long
        };
        self.date(style, date)
    }

    /// The greeting line at a local hour, 0 to 23.
    pub fn greeting(&self, name: Option<&str>, hour: i8) -> Result<String, WordsError> {
        let time = match hour {
            0..12 => "morning",
            12..18 => "afternoon",
            _ => "evening",
        };
        match name.map(str::trim).filter(|name| !name.is_empty()) {
            Some(name) => self.say(
                "greeting-named",
                &[("time", time.into()), ("name", name.into())],
            ),
            None => self.say("greeting", &[("time", time.into())]),
        }
    }

    /// The day of sign-up, or the words in its place.
    pub fn since(&self, date: Option<Date>) -> Result<String, WordsError> {
        match date {
            Some(date) => {
                let date = self.date(DateStyle::Long, date)?;
                self.say("since-date", &[("date", date.into())])
            }
            None => self.say("since-unknown", &[]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::words::tests::words;

    #[test]
    fn dates_are_written_as_each_language_does() {
        let day = jiff::civil::date(2026, 9, 12);
        for (tag, full, long) in [
            (
                "nl",
                "zaterdag 12\u{a0}september 2026",
                "12\u{a0}september 2026",
            ),
            (
                "en",
                "Saturday 12\u{a0}September 2026",
                "12\u{a0}September 2026",
            ),
        ] {
            assert_eq!(words(tag).date(DateStyle::Full, day).unwrap(), full);
            assert_eq!(words(tag).date(DateStyle::Long, day).unwrap(), long);
        }
        let eve = jiff::civil::date(2025, 12, 31);
        assert_eq!(
            words("nl").near_date(eve, Some(day)).unwrap(),
            "31\u{a0}december 2025"
        );
        assert_eq!(
            words("nl").near_date(day, Some(day)).unwrap(),
            "12\u{a0}september"
        );
    }

    #[test]
    fn every_month_and_weekday_has_its_own_name() {
        for tag in ["nl", "en"] {
            let words = words(tag);
            let mut months = std::collections::BTreeSet::new();
            for month in 1..=12 {
                months.insert(
                    words
                        .date(DateStyle::Short, jiff::civil::date(2026, month, 1))
                        .unwrap(),
                );
            }
            assert_eq!(months.len(), 12);
            let mut days = std::collections::BTreeSet::new();
            for day in 1..=7 {
                let date = words
                    .date(DateStyle::Full, jiff::civil::date(2026, 6, day))
                    .unwrap();
                days.insert(date.split(' ').next().unwrap().to_owned());
            }
            assert_eq!(days.len(), 7);
        }
    }

    #[test]
    fn the_greeting_knows_the_hour_and_the_name() {
        let nl = words("nl");
        assert_eq!(nl.greeting(Some("Zoë"), 8).unwrap(), "Goedemorgen Zoë,");
        assert_eq!(nl.greeting(None, 12).unwrap(), "Goedemiddag,");
        assert_eq!(nl.greeting(Some(" "), 18).unwrap(), "Goedenavond,");
    }

    #[test]
    fn the_day_of_sign_up_or_the_words_in_its_place() {
        let since = jiff::civil::date(2026, 9, 1);
        assert_eq!(
            words("en").since(Some(since)).unwrap(),
            "on 1\u{a0}September 2026"
        );
        assert_eq!(words("nl").since(None).unwrap(), "eerder");
    }
}
