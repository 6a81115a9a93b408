//! Reads dates as people and their software write them; gives instants.
//!
//! RFC 3339 and RFC 2822 first, then whatever has a day, a month and a year in it, a year alone or a year and a month
//! (W3C-DTF), or a count of seconds. Of two numbers the day comes first, as all of Europe writes it (`02/11/2026` is in
//! November), unless that gives no date; other feed readers read no date with slashes at all. A date without a time is
//! midnight; a time without a zone is UTC in a feed, and where a person wrote it in the zone that is meant. A word that has no place in a date makes the whole text none. In a feed, what is
//! too large carries over, as in other feed readers: the 32nd of July is the 1st of August.

mod names;
mod parts;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ZonedDateTime, fmt};

use parts::Parts;

/// An instant, and whether its text was in no standard's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) instant: Timestamp,
    pub(super) odd: bool,
}

/// Longest text that is looked at as a date, in octets.
const MAX_TEXT: usize = 120;

/// Korea's offset in seconds east of UTC.
const KOREA: i64 = 9 * 3600;

/// The instant that a text of a feed names, or `None`.
pub(super) fn read(text: &str) -> Option<Read> {
    let text = text.trim();
    if let Some((instant, is_standard)) = as_written(text) {
        let odd = !is_standard && !is_partial(text);
        return Some(Read { instant, odd });
    }
    let instant = loose(text)?.instant_carried_over()?;
    Some(Read { instant, odd: true })
}

/// The instant that a text names, or `None`; nothing carries over.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    as_written(text.trim()).map(|(instant, _)| instant)
}

/// The instant that a text of a person names, in this zone where it names none.
pub(super) fn instant_in(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(zoned) = text.parse::<ZonedDateTime>() {
        return Some(zoned.timestamp());
    }
    if let Some((moment, place)) = text.rsplit_once(' ')
        && place.contains('/')
        && let Ok(zone) = TimeZoneDatabase::bundled().get(place)
    {
        return instant_in(moment, &zone);
    }
    match loose(text) {
        Some(parts) if parts.offset.is_none() && seconds(text).is_none() => {
            in_zone(parts.moment()?, zone)
        }
        _ => instant(text),
    }
}

/// Whether an instant stands for "no date": what programs write where they have none.
pub(super) fn is_none(instant: Timestamp) -> bool {
    instant.to_zoned_datetime(TimeZone::UTC).year() <= 1
}

/// Whether a text stands for "no date": the year 0 of databases.
pub(super) fn says_none(text: &str) -> bool {
    text.trim().starts_with("0000-00-00")
}

/// The instant, and whether the text is in the form of a standard.
fn as_written(text: &str) -> Option<(Timestamp, bool)> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some((instant, true));
    }
    let standard = fmt::rfc2822::DateTimeParser::new()
        .relaxed_weekday(true)
        .parse_timestamp(text)
        .ok();
    // RFC 2822 takes every zone name that it does not know for UTC (§4.3); of those we know more.
    let instant = seconds(text)
        .or_else(|| loose(text)?.instant())
        .or(standard)?;
    Some((instant, standard == Some(instant)))
}

/// The parts of RFC 3339's form that W3C-DTF allows, and the space that many write for its `T`.
fn is_partial(text: &str) -> bool {
    text.len() >= 4
        && text.bytes().take(4).all(|byte| byte.is_ascii_digit())
        && text.as_bytes().get(4).is_none_or(|byte| *byte == b'-')
}

/// A day at the beginning of a file's name: `2026-11-02-titel` gives its midnight in the zone, and `titel`.
pub(super) fn of_file_name<'a>(stem: &'a str, zone: &TimeZone) -> Option<(Timestamp, &'a str)> {
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
    Some((in_zone(date.to_datetime(Time::midnight()), zone)?, rest))
}

/// The parts of a date in whatever form.
fn loose(text: &str) -> Option<Parts> {
    if text.len() > MAX_TEXT {
        return None;
    }
    let korean = of_korea(text);
    let mut parts = Parts::default();
    if korean.is_some() {
        parts.offset = Some(KOREA);
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
    Some(parts)
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

fn in_zone(moment: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let zoned = moment.to_zoned_datetime(zone.clone()).ok()?;
    Some(zoned.timestamp())
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
    fn a_time_without_a_zone_is_in_the_zone_that_is_meant() {
        let zone = TimeZoneDatabase::bundled().get("America/New_York").unwrap();
        for (text, expected) in [
            ("2026-11-30", "2026-11-30T05:00:00Z"),
            ("2026-07-01 09:30", "2026-07-01T13:30:00Z"),
            ("30 november 2026", "2026-11-30T05:00:00Z"),
            ("2026-11-30T08:00:00", "2026-11-30T13:00:00Z"),
            ("2026-11-30T08:00:00Z", "2026-11-30T08:00:00Z"),
            ("2026-11-30 08:00:00 +0100", "2026-11-30T07:00:00Z"),
            ("Mon, 30 Nov 2026 08:00:00 GMT", "2026-11-30T08:00:00Z"),
            ("2026-11-30 08:00 Europe/Amsterdam", "2026-11-30T07:00:00Z"),
            ("2026-11-30T08:00[Europe/Amsterdam]", "2026-11-30T07:00:00Z"),
            ("1793608200", "2026-11-02T08:30:00Z"),
            // A night that has two half past one: the first.
            ("2026-11-01 01:30", "2026-11-01T05:30:00Z"),
        ] {
            let read = instant_in(text, &zone).map(|found| found.to_string());
            assert_eq!(read.as_deref(), Some(expected), "{text}");
        }
        assert_eq!(instant_in("volgende week", &zone), None);
        assert!(is_none(instant_in("0001-01-01", &zone).unwrap()));
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
            "2026-13-02",
            "2026-11-02T25:00:00Z",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn in_a_feed_what_is_too_large_carries_over() {
        for (text, expected) in [
            ("2026-07-32T15:51:30-05:00", "2026-08-01T20:51:30Z"),
            ("2026-06-31T15:51:30-05:00", "2026-07-01T20:51:30Z"),
            ("2026-07-01T25:51:30-05:00", "2026-07-02T06:51:30Z"),
            ("2026-07-01T01:61:30-05:00", "2026-07-01T07:01:30Z"),
            ("2026-13-01T15:51:30-05:00", "2027-01-01T20:51:30Z"),
            ("Fri, 11 Mar 2016 01:15:00 +3000", "2016-03-09T19:15:00Z"),
        ] {
            let read = read(text).map(|read| (read.instant.to_string(), read.odd));
            assert_eq!(read, Some((expected.to_owned(), true)), "{text}");
        }
        assert_eq!(read("2026-00-10"), None);
    }

    #[test]
    fn a_file_name_may_begin_with_a_day() {
        let (day, rest) = of_file_name("2026-11-02-eerlijk-verkopen", &TimeZone::UTC).unwrap();
        assert_eq!(day.to_string(), "2026-11-02T00:00:00Z");
        assert_eq!(rest, "eerlijk-verkopen");
        assert_eq!(of_file_name("2026-13-02-x", &TimeZone::UTC), None);
        assert_eq!(of_file_name("eerlijk", &TimeZone::UTC), None);
    }
}
