//! Reads dates as people and their software write them; gives instants.
//!
//! RFC 3339 and RFC 2822 first, then whatever has a day, a month and a year in it, a year alone or a year and a month
//! (W3C-DTF), or a count of seconds. Of two numbers the day comes first, as all of Europe writes it (`02/11/2026` is in
//! November), unless that gives no date; other feed readers read no date with slashes at all. A date without a time is
//! midnight; a time without a zone is UTC. A word that has no place in a date makes the whole text none.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, fmt};

/// Zone names with their offset in minutes (RFC 822 §5.1 and those that American, European and Asian feeds use).
const ZONES: [(&str, i32); 37] = [
    ("utc", 0),
    ("gmt", 0),
    ("ut", 0),
    ("z", 0),
    ("wet", 0),
    ("bst", 60),
    ("west", 60),
    ("cet", 60),
    ("met", 60),
    ("mez", 60),
    ("cest", 120),
    ("mest", 120),
    ("mesz", 120),
    ("eet", 120),
    ("sast", 120),
    ("eest", 180),
    ("msk", 180),
    ("hkt", 480),
    ("jst", 540),
    ("kst", 540),
    ("aest", 600),
    ("aedt", 660),
    ("nzst", 720),
    ("nzdt", 780),
    ("adt", -180),
    ("ast", -240),
    ("edt", -240),
    ("est", -300),
    ("et", -300),
    ("cdt", -300),
    ("cst", -360),
    ("mdt", -360),
    ("mst", -420),
    ("pdt", -420),
    ("pst", -480),
    ("pt", -480),
    ("hst", -600),
];

/// Beginnings of month names: English, Dutch, German, French, Spanish, Italian, Hungarian, Greek. Longer ones first
/// where one begins another.
const MONTHS: [(&str, i8); 73] = [
    ("jan", 1),
    ("jän", 1),
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
    ("szep", 9),
    ("oct", 10),
    ("okt", 10),
    ("nov", 11),
    ("dec", 12),
    ("dez", 12),
    ("déc", 12),
    ("ene", 1),
    ("abr", 4),
    ("ago", 8),
    ("dic", 12),
    ("gen", 1),
    ("mag", 5),
    ("giu", 6),
    ("lug", 7),
    ("set", 9),
    ("ott", 10),
    ("már", 3),
    ("ápr", 4),
    ("máj", 5),
    ("jún", 6),
    ("júl", 7),
    ("ιαν", 1),
    ("φεβ", 2),
    ("μάρ", 3),
    ("μαρ", 3),
    ("μάώ", 3),
    ("μαώ", 3),
    ("απρ", 4),
    ("μάι", 5),
    ("μαϊ", 5),
    ("μαι", 5),
    ("μάϊ", 5),
    ("ιούν", 6),
    ("ιουν", 6),
    ("ιον", 6),
    ("ιούλ", 7),
    ("ιουλ", 7),
    ("ιολ", 7),
    ("αύγ", 8),
    ("αυγ", 8),
    ("σεπ", 9),
    ("οκτ", 10),
    ("νοέ", 11),
    ("νοε", 11),
    ("δεκ", 12),
    ("janv", 1),
    ("märz", 3),
];

/// An instant, and whether its text was in no standard's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) instant: Timestamp,
    pub(super) odd: bool,
}

/// Longest text that is looked at as a date, in octets.
const MAX_TEXT: usize = 120;

/// The instant that a text of a feed names, or `None`.
pub(super) fn read(text: &str) -> Option<Read> {
    let text = text.trim();
    if text.len() > MAX_TEXT {
        return None;
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(Read {
            instant,
            odd: false,
        });
    }
    let standard = fmt::rfc2822::DateTimeParser::new()
        .relaxed_weekday(true)
        .parse_timestamp(text)
        .ok();
    // RFC 2822 takes every zone name that it does not know for UTC (§4.3); of those we know more.
    match (loose(text), standard) {
        (Some(instant), standard) => Some(Read {
            instant,
            odd: standard != Some(instant) && !is_partial(text),
        }),
        (None, Some(instant)) => Some(Read {
            instant,
            odd: false,
        }),
        (None, None) => None,
    }
}

/// The parts of RFC 3339's form that W3C-DTF allows, and the space that many write for its `T`.
fn is_partial(text: &str) -> bool {
    text.len() >= 4
        && text.bytes().take(4).all(|byte| byte.is_ascii_digit())
        && text.as_bytes().get(4).is_none_or(|byte| *byte == b'-')
}

/// The instant that a text names, or `None`.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    read(text).map(|read| read.instant)
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
    if let Some(instant) = seconds(text) {
        return Some(instant);
    }
    let korean = of_korea(text);
    let mut parts = Parts::default();
    if korean.is_some() {
        parts.offset = Offset::from_hours(9).ok();
    }
    for word in korean
        .as_deref()
        .unwrap_or(text)
        .split(|c: char| c.is_whitespace() || c == ',')
    {
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

/// A count of seconds or milliseconds since 1970, as some programs write it.
fn seconds(text: &str) -> Option<Timestamp> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match text.len() {
        9 | 10 => Timestamp::from_second(text.parse().ok()?).ok(),
        12 | 13 => Timestamp::from_millisecond(text.parse().ok()?).ok(),
        _ => None,
    }
}

/// A Korean date with its signs for year, month, day, and halves of the day in a form that others know.
fn of_korea(text: &str) -> Option<String> {
    let is_korean = |c: char| ('\u{ac00}'..='\u{d7a3}').contains(&c);
    text.contains(is_korean).then(|| {
        text.replace("오전", " am ")
            .replace("오후", " pm ")
            .replace(['년', '월', '일'], " ")
    })
}

impl Parts {
    /// Notes one word; `None` where it has no meaning in a date.
    fn take(&mut self, word: &str) -> Option<()> {
        let lower = word.to_lowercase();
        let bare = lower.trim_matches(['.', '(', ')']);
        match bare {
            "" | "t" | "at" | "um" | "om" | "à" | "uur" | "uhr" => return Some(()),
            // `2026-11-02 T08:30`, torn apart.
            _ if bare.starts_with('t') && bare[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                return self.take(&bare[1..]);
            }
            "am" | "a.m" => self.afternoon = Some(false),
            "pm" | "p.m" => self.afternoon = Some(true),
            _ if self.time.is_some() && bare.starts_with(['+', '-']) => {
                self.offset = Some(offset(bare)?);
            }
            _ if self.time.is_some() && self.take_named_offset(bare) => {}
            _ if bare.contains(':') => return self.take_time(bare),
            _ if bare.starts_with(|c: char| c.is_ascii_digit()) => return self.take_numbers(bare),
            // A place: what it means depends on the day, and RFC 2822 wants UTC for what it does not know.
            _ if self.time.is_some() && bare.contains('/') => {}
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
                match offset(zone).or_else(|| zone_offset(zone)) {
                    Some(offset) => self.offset = Some(offset),
                    None if self.take_named_offset(zone) => {}
                    None => return None,
                }
                Some(())
            }
        }
    }

    /// `GMT+01:00`, `UTC+1`, `z+00:00`.
    fn take_named_offset(&mut self, word: &str) -> bool {
        let Some(at) = word.find(['+', '-']).filter(|&at| at > 0) else {
            return false;
        };
        let (name, sign) = word.split_at(at);
        match (zone_offset(name), offset(sign)) {
            (Some(_), Some(offset)) => {
                self.offset = Some(offset);
                true
            }
            _ => false,
        }
    }

    /// `2`, `2026`, `2nd`, `02-11-2026`, `2-nov-2026`, `20261102`.
    fn take_numbers(&mut self, word: &str) -> Option<()> {
        let digits = word.bytes().all(|byte| byte.is_ascii_digit());
        if word.len() == 6 && digits {
            for part in [&word[..2], &word[2..4], &word[4..]] {
                self.numbers.push((part.parse().ok()?, 3));
            }
            self.numbers[0].0 += if self.numbers[0].0 < 90 { 2000 } else { 1900 };
            self.numbers[0].1 = 4;
            return Some(());
        }
        if word.len() == 8 && digits {
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
        // A name in brackets behind a number only repeats it.
        self.offset = self.offset.or(found);
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
            (None, Some((year, 4)), None, None) => (year, 1, 1),
            (None, Some((year, 4)), Some((month, 1 | 2)), None) => (year, month, 1),
            (None, Some((year, 4)), Some((day, 3)), None) => return day_of_year(year, day),
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

/// The day of a year that is counted through, 1 to 366 (ISO 8601).
fn day_of_year(year: i32, day: i32) -> Option<Date> {
    let first = Date::new(i16::try_from(year).ok()?, 1, 1).ok()?;
    let date = first
        .checked_add(jiff::Span::new().days(i64::from(day) - 1))
        .ok()?;
    (day > 0 && date.year() == first.year()).then_some(date)
}

/// Two digits are of this century up to 89, as feed readers have it.
fn full_year((year, digits): (i32, usize)) -> Option<i32> {
    match digits {
        4 => Some(year),
        2 if year < 90 => Some(2000 + year),
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
    const BEGINNINGS: [&str; 39] = [
        "mon", "tue", "wed", "thu", "fri", "sat", "sun", "maa", "din", "woe", "don", "vri", "zat",
        "zon", "die", "mit", "fre", "sam", "lun", "mer", "jeu", "ven", "dim", "mar", "κυρ", "δευ",
        "τρι", "τετ", "πεμ", "παρ", "σαβ", "mié", "mie", "jue", "vie", "sáb", "sab", "gio", "dom",
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
        // Seconds of an offset are of another century.
        4 | 6 => (digits[..2].parse().ok()?, digits[2..4].parse().ok()?),
        3 => (digits[..1].parse().ok()?, digits[1..].parse().ok()?),
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
            ("2026", "2026-01-01T00:00:00Z"),
            ("2026-11", "2026-11-01T00:00:00Z"),
            ("2026-306", "2026-11-02T00:00:00Z"),
            ("261102", "2026-11-02T00:00:00Z"),
            ("1793608200", "2026-11-02T08:30:00Z"),
            ("1793608200000", "2026-11-02T08:30:00Z"),
            ("2026-11-02T08:30:00Z+00:00", "2026-11-02T08:30:00Z"),
            ("2026-11-02T08:30:00-08:00:00", "2026-11-02T16:30:00Z"),
            (
                "Mon, 02 Nov 2026 08:30:00 GMT+01:00",
                "2026-11-02T07:30:00Z",
            ),
            (
                "Mon, 02 Nov 2026 08:30:00 -0500 (EST)",
                "2026-11-02T13:30:00Z",
            ),
            (
                "Mon, 02 Nov 2026 08:30:00 America/New_York",
                "2026-11-02T08:30:00Z",
            ),
            ("Mon Nov  2 08:30:00 2026", "2026-11-02T08:30:00Z"),
            ("Mon Nov 02 08:30:00 CET 2026", "2026-11-02T07:30:00Z"),
            ("Fri, 2026/11/02 08:30:00 EDT", "2026-11-02T12:30:00Z"),
            ("12/09/2026 14:00 CET", "2026-09-12T13:00:00Z"),
            ("Mon, 02 Nov 2026 20:30:00 JST", "2026-11-02T11:30:00Z"),
            ("Thu, 02 Jul 2026 08:30:00 BST", "2026-07-02T07:30:00Z"),
            ("2026-július-2T9:15+02:00", "2026-07-02T07:15:00Z"),
            ("Κυρ, 11 Ιούλ 2004 12:00:00 EST", "2004-07-11T17:00:00Z"),
            ("2004년 05월 28일  01:31:15", "2004-05-27T16:31:15Z"),
            ("2004-05-25 오후 11:23:17", "2004-05-25T14:23:17Z"),
            (
                "Donnerstag, 3. Dezember 2026, 18:00 Uhr MEZ",
                "2026-12-03T17:00:00Z",
            ),
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
            "12 apr",
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
