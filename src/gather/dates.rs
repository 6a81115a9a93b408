//! Reads dates as people and their software write them; gives instants.
//!
//! RFC 3339 and RFC 2822 first, then whatever has a day, a month and a year in it; of two numbers the day comes first,
//! as all of Europe writes it. A date without a time is midnight; a time without a zone is UTC. A word that has no
//! place in a date makes the whole text none.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, fmt};

/// Zone names with their offset in minutes (RFC 822 §5.1 and those that European and Asian feeds use).
const ZONES: [(&str, i32); 22] = [
    ("utc", 0),
    ("gmt", 0),
    ("ut", 0),
    ("z", 0),
    ("wet", 0),
    ("bst", 60),
    ("west", 60),
    ("cet", 60),
    ("met", 60),
    ("cest", 120),
    ("mest", 120),
    ("eet", 120),
    ("eest", 180),
    ("msk", 180),
    ("jst", 540),
    ("est", -300),
    ("edt", -240),
    ("cst", -360),
    ("cdt", -300),
    ("mst", -420),
    ("pst", -480),
    ("pdt", -420),
];

/// Beginnings of month names: English, Dutch, German, French. Longer ones first where one begins another.
const MONTHS: [(&str, i8); 32] = [
    ("jan", 1),
    ("feb", 2),
    ("fév", 2),
    ("fev", 2),
    ("mar", 3),
    ("mrt", 3),
    ("maa", 3),
    ("mär", 3),
    ("mae", 3),
    ("apr", 4),
    ("avr", 4),
    ("may", 5),
    ("mei", 5),
    ("mai", 5),
    ("juni", 6),
    ("june", 6),
    ("juin", 6),
    ("jun", 6),
    ("juil", 7),
    ("jul", 7),
    ("aug", 8),
    ("aou", 8),
    ("aoû", 8),
    ("sep", 9),
    ("oct", 10),
    ("okt", 10),
    ("nov", 11),
    ("dec", 12),
    ("dez", 12),
    ("déc", 12),
    ("janv", 1),
    ("märz", 3),
];

/// The instant that a text names, or `None`.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse::<Timestamp>()
        .ok()
        // Before RFC 2822, which takes every zone name that it does not know for UTC (§4.3).
        .or_else(|| loose(text))
        .or_else(|| {
            fmt::rfc2822::DateTimeParser::new()
                .relaxed_weekday(true)
                .parse_timestamp(text)
                .ok()
        })
}

/// A day at the beginning of a file's name: `2026-11-02-titel` gives the day and `titel`.
pub(super) fn of_file_name(stem: &str) -> Option<(Timestamp, &str)> {
    let day = stem.get(..10).filter(|day| day.is_ascii())?;
    let shape = day.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-' || byte == b'_',
        _ => byte.is_ascii_digit(),
    });
    let rest = &stem[10..];
    if !shape || rest.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let date: Date = day.replace('_', "-").parse().ok()?;
    let rest = rest.trim_start_matches(['-', '_', ' ', '.']);
    Some((utc(date.to_datetime(Time::midnight()))?, rest))
}

/// What the words of a text say, before they are put together.
#[derive(Default)]
struct Parts {
    numbers: Vec<(i32, usize)>,
    month: Option<i8>,
    time: Option<Time>,
    offset: Option<Offset>,
    afternoon: Option<bool>,
}

fn loose(text: &str) -> Option<Timestamp> {
    let mut parts = Parts::default();
    for word in text.split(|c: char| c.is_whitespace() || c == ',') {
        match word.split_once('T') {
            Some((day, time)) if day.ends_with(|c: char| c.is_ascii_digit()) => {
                parts.take(day)?;
                parts.take(time)?;
            }
            _ => parts.take(word)?,
        }
    }
    let date = parts.date()?;
    let time = parts.time_of_day()?;
    let moment = date.to_datetime(time);
    parts
        .offset
        .unwrap_or(Offset::UTC)
        .to_timestamp(moment)
        .ok()
}

impl Parts {
    /// Notes one word; `None` where it has no meaning in a date.
    fn take(&mut self, word: &str) -> Option<()> {
        let lower = word.to_lowercase();
        let bare = lower.trim_matches(['.', '(', ')']);
        match bare {
            "" | "at" | "um" | "om" | "à" | "uur" | "uhr" => return Some(()),
            "am" => self.afternoon = Some(false),
            "pm" => self.afternoon = Some(true),
            _ if bare.contains(':') => return self.take_time(bare),
            _ if self.time.is_some() && bare.starts_with(['+', '-']) => {
                self.offset = Some(offset(bare)?);
            }
            _ if bare.starts_with(|c: char| c.is_ascii_digit()) => return self.take_numbers(bare),
            _ if self.take_zone(bare) => {}
            _ => self.take_name(bare)?,
        }
        Some(())
    }

    /// `08:30`, `08:30:15.5`, with or without a zone glued to it.
    fn take_time(&mut self, word: &str) -> Option<()> {
        let end = word
            .find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.')
            .unwrap_or(word.len());
        let (clock, rest) = word.split_at(end);
        let mut fields = clock.split(':');
        let hour: i8 = fields.next()?.parse().ok()?;
        let minute: i8 = fields.next()?.parse().ok()?;
        let second = fields.next().unwrap_or("0").split('.').next()?;
        // 24:00 is the midnight that begins the day, as feeds mean it; a leap second is the one before it.
        let second = second.parse::<i8>().ok()?.min(59);
        self.time = Some(Time::new(hour % 24, minute, second, 0).ok()?);
        match rest {
            "" => Some(()),
            "am" | "pm" => {
                self.afternoon = Some(rest == "pm");
                Some(())
            }
            zone => {
                self.offset = Some(offset(zone).or_else(|| zone_offset(zone))?);
                Some(())
            }
        }
    }

    /// `2`, `2026`, `2nd`, `02-11-2026`, `2-nov-2026`, `20261102`.
    fn take_numbers(&mut self, word: &str) -> Option<()> {
        if word.len() == 8 && word.bytes().all(|byte| byte.is_ascii_digit()) {
            for part in [&word[..4], &word[4..6], &word[6..]] {
                self.numbers.push((part.parse().ok()?, part.len()));
            }
            return Some(());
        }
        for part in word.split(['-', '/', '.']).filter(|part| !part.is_empty()) {
            let digits = part.trim_end_matches(|c: char| c.is_alphabetic());
            match digits.is_empty() {
                true => self.take_name(part)?,
                false => self.numbers.push((digits.parse().ok()?, digits.len())),
            }
        }
        Some(())
    }

    fn take_zone(&mut self, word: &str) -> bool {
        let found = zone_offset(word);
        if found.is_some() {
            self.offset = found;
        }
        found.is_some()
    }

    /// A month; names of days are ignored, other words are no date.
    fn take_name(&mut self, word: &str) -> Option<()> {
        match month(word) {
            Some(month) => self.month = Some(month),
            None if is_weekday(word) => {}
            None => return None,
        }
        Some(())
    }

    fn date(&self) -> Option<Date> {
        let n = |at: usize| self.numbers.get(at).copied();
        let (year, month, day) = match (self.month, n(0), n(1), n(2)) {
            (Some(month), Some((year, 4)), Some((day, _)), None) => (year, i32::from(month), day),
            (Some(month), Some((day, _)), Some(year), None) => {
                (full_year(year)?, i32::from(month), day)
            }
            (None, Some((year, 4)), Some((month, _)), Some((day, _))) => (year, month, day),
            // Day first, as all of Europe writes; month first where only that gives a date.
            (None, Some((first, _)), Some((second, _)), Some(year)) if second <= 12 => {
                (full_year(year)?, second, first)
            }
            (None, Some((month, _)), Some((day, _)), Some(year)) => (full_year(year)?, month, day),
            _ => return None,
        };
        Date::new(
            i16::try_from(year).ok()?,
            i8::try_from(month).ok()?,
            i8::try_from(day).ok()?,
        )
        .ok()
    }

    fn time_of_day(&self) -> Option<Time> {
        let time = self.time.unwrap_or(Time::midnight());
        let hour = match (self.afternoon, time.hour()) {
            (Some(true), hour) if hour < 12 => hour + 12,
            (Some(false), 12) => 0,
            (_, hour) => hour,
        };
        Time::new(hour, time.minute(), time.second(), 0).ok()
    }
}

/// Two digits are of this century up to 68, as POSIX has it.
fn full_year((year, digits): (i32, usize)) -> Option<i32> {
    match digits {
        4 => Some(year),
        2 if year <= 68 => Some(2000 + year),
        2 => Some(1900 + year),
        _ => None,
    }
}

fn month(word: &str) -> Option<i8> {
    let word = word.trim_matches('.');
    let long_enough = word.chars().count() >= 3;
    MONTHS
        .iter()
        .find(|(name, _)| long_enough && word.starts_with(name))
        .map(|&(_, month)| month)
}

fn is_weekday(word: &str) -> bool {
    const BEGINNINGS: [&str; 24] = [
        "mon", "tue", "wed", "thu", "fri", "sat", "sun", "maa", "din", "woe", "don", "vri", "zat",
        "zon", "die", "mit", "fre", "sam", "lun", "mer", "jeu", "ven", "dim", "mar",
    ];
    BEGINNINGS.iter().any(|name| word.starts_with(name))
        || matches!(
            word,
            "ma" | "di" | "wo" | "do" | "vr" | "za" | "zo" | "mo" | "mi" | "fr" | "sa" | "so"
        )
}

fn zone_offset(word: &str) -> Option<Offset> {
    let (_, minutes) = ZONES.iter().find(|(name, _)| *name == word)?;
    Offset::from_seconds(minutes * 60).ok()
}

/// `+0100`, `+01:00`, `+1`.
fn offset(word: &str) -> Option<Offset> {
    let sign = match word.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let digits: String = word[1..].chars().filter(|&c| c != ':').collect();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = match digits.len() {
        1 | 2 => (digits.parse::<i32>().ok()?, 0),
        4 => (digits[..2].parse().ok()?, digits[2..].parse().ok()?),
        _ => return None,
    };
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

fn utc(moment: DateTime) -> Option<Timestamp> {
    moment
        .to_zoned_datetime(TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_as_the_world_writes_them() {
        for (text, expected) in [
            ("2026-11-02T08:30:00+01:00", "2026-11-02T07:30:00Z"),
            ("2026-11-02T08:30:00Z", "2026-11-02T08:30:00Z"),
            ("2026-11-02T08:30:00+0100", "2026-11-02T07:30:00Z"),
            ("2026-11-02 08:30", "2026-11-02T08:30:00Z"),
            ("2026-11-02", "2026-11-02T00:00:00Z"),
            ("20261102", "2026-11-02T00:00:00Z"),
            ("Mon, 02 Nov 2026 08:30:00 +0100", "2026-11-02T07:30:00Z"),
            ("Fri, 02 Nov 2026 08:30:00 GMT", "2026-11-02T08:30:00Z"),
            ("Mon, 02 Nov 2026 08:30:00 CET", "2026-11-02T07:30:00Z"),
            ("Thu, 02 Jul 2026 08:30 CEST", "2026-07-02T06:30:00Z"),
            ("Monday, November 2, 2026 8:30 PM", "2026-11-02T20:30:00Z"),
            ("ma 2 nov. 2026 om 08:30 uur", "2026-11-02T08:30:00Z"),
            ("2 maart 2026", "2026-03-02T00:00:00Z"),
            ("Montag, 2. März 2026 08:30", "2026-03-02T08:30:00Z"),
            ("mardi 3 février 2026", "2026-02-03T00:00:00Z"),
            ("02/11/2026 08:30", "2026-11-02T08:30:00Z"),
            ("11/22/2026", "2026-11-22T00:00:00Z"),
            ("02-11-26", "2026-11-02T00:00:00Z"),
            ("Mon, 2 Nov 26 08:30:00 -0500", "2026-11-02T13:30:00Z"),
        ] {
            assert_eq!(
                instant(text).map(|found| found.to_string()).as_deref(),
                Some(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "gisteren",
            "2026",
            "31-31-2026",
            "8:30",
            "32 nov 2026",
            "volgende week 2 3",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn a_file_name_may_begin_with_a_day() {
        let (day, rest) = of_file_name("2026-11-02-eerlijk-verkopen").unwrap();
        assert_eq!(day.to_string(), "2026-11-02T00:00:00Z");
        assert_eq!(rest, "eerlijk-verkopen");
        assert_eq!(of_file_name("2026-13-02-x"), None);
        assert_eq!(of_file_name("eerlijk"), None);
    }
}
