//! Puts the words of a date together: numbers, a month, a time of day, an offset.
//!
//! Takes one word after the other; a word that has no place in a date ends it.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Span, Timestamp};

use super::names::{is_weekday, month, zone_offset};

/// What the words of a text say, before they are put together.
#[derive(Default)]
pub(super) struct Parts {
    /// Each with its number of digits.
    numbers: Vec<(i64, usize)>,
    month: Option<i8>,
    /// Hours, minutes, seconds, as written.
    time: Option<[i64; 3]>,
    /// Seconds east of UTC.
    pub(super) offset: Option<i64>,
    afternoon: Option<bool>,
}

impl Parts {
    /// Notes one word; `None` where it has no meaning in a date.
    pub(super) fn take(&mut self, word: &str) -> Option<()> {
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
        let second = fields.clone().nth(2).unwrap_or("0").split('.').next()?;
        let number = |text: &str| text.parse().ok().filter(|number: &i64| *number < 100);
        self.time = Some([
            number(fields.next()?)?,
            number(fields.next()?)?,
            number(second)?,
        ]);
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

    /// The instant; `None` where no calendar or clock has it.
    pub(super) fn instant(&self) -> Option<Timestamp> {
        let moment = self.moment()?;
        self.east(moment.date(), moment.time())
    }

    /// The day and time as written, at whatever offset.
    pub(super) fn moment(&self) -> Option<DateTime> {
        let [year, month, day] = self.date()?;
        let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        let [hour, minute, second] = self.time_of_day();
        // 24:00 is the midnight that begins the day, as feeds mean it; a leap second is the one before it.
        let (hour, second) = match (hour, second) {
            (24, second) => (0, second),
            (hour, 60) => (hour, 59),
            both => both,
        };
        let [hour, minute, second] = [hour, minute, second].map(|part| i8::try_from(part).ok());
        let time = Time::new(hour?, minute?, second?, 0).ok()?;
        Some(date.to_datetime(time))
    }

    /// The instant, where what is too large in a month, a day or a time carries over into the next larger part.
    pub(super) fn instant_carried_over(&self) -> Option<Timestamp> {
        let [year, month, day] = self.date()?;
        if month == 0 || day == 0 || month > 99 || day > 99 {
            return None;
        }
        let [hour, minute, second] = self.time_of_day();
        let over = Span::new().months(month - 1).days(day - 1);
        let clock = Span::new().hours(hour).minutes(minute).seconds(second);
        let first = Date::new(year, 1, 1).ok()?;
        let moment = first.checked_add(over).ok()?.at(0, 0, 0, 0);
        let moment = moment.checked_add(clock).ok()?;
        self.east(moment.date(), moment.time())
    }

    /// The instant at the offset that was named.
    fn east(&self, date: Date, time: Time) -> Option<Timestamp> {
        let utc = Offset::UTC.to_timestamp(date.to_datetime(time)).ok()?;
        let offset = SignedDuration::from_secs(self.offset.unwrap_or(0));
        utc.checked_sub(offset).ok()
    }

    /// Year, month and day, as written.
    fn date(&self) -> Option<[i16; 3]> {
        let n = |at: usize| self.numbers.get(at).copied();
        let (year, month, day) = match (self.month, n(0), n(1), n(2)) {
            (None, Some((year, 4)), None, None) => (year, 1, 1),
            (None, Some((year, 4)), Some((month, 1 | 2)), None) => (year, month, 1),
            (None, Some((year, 4)), Some((day, 3)), None) => return day_of_year(year, day),
            (Some(month), Some((year, 4)), Some((day, _)), None) => (year, i64::from(month), day),
            (Some(month), Some((day, _)), Some(year), None) => {
                (full_year(year)?, i64::from(month), day)
            }
            (None, Some((year, 4)), Some((month, _)), Some((day, _))) => (year, month, day),
            // Day first, as all of Europe writes; month first where only that gives a date.
            (None, Some((first, _)), Some((second, _)), Some(year)) if second <= 12 => {
                (full_year(year)?, second, first)
            }
            (None, Some((month, _)), Some((day, _)), Some(year)) => (full_year(year)?, month, day),
            _ => return None,
        };
        let [year, month, day] = [year, month, day].map(|part| i16::try_from(part).ok());
        Some([year?, month?, day?])
    }

    fn time_of_day(&self) -> [i64; 3] {
        let [hour, minute, second] = self.time.unwrap_or_default();
        let hour = match (self.afternoon, hour) {
            (Some(true), hour) if hour < 12 => hour + 12,
            (Some(false), 12) => 0,
            (_, hour) => hour,
        };
        [hour, minute, second]
    }
}

/// The day of a year that is counted through, 1 to 366 (ISO 8601).
fn day_of_year(year: i64, day: i64) -> Option<[i16; 3]> {
    let first = Date::new(i16::try_from(year).ok()?, 1, 1).ok()?;
    let date = first.checked_add(Span::new().days(day - 1)).ok()?;
    let parts = [date.year(), i16::from(date.month()), i16::from(date.day())];
    (day > 0 && date.year() == first.year()).then_some(parts)
}

/// Two digits are of this century up to 89, as feed readers have it.
fn full_year((year, digits): (i64, usize)) -> Option<i64> {
    match digits {
        4 => Some(year),
        2 if year < 90 => Some(2000 + year),
        2 => Some(1900 + year),
        _ => None,
    }
}

/// `+0100`, `+01:00`, `+1`.
fn offset(word: &str) -> Option<i64> {
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
        1 | 2 => (digits.parse::<i64>().ok()?, 0),
        // Seconds of an offset are of another century.
        4 | 6 => (digits[..2].parse().ok()?, digits[2..4].parse().ok()?),
        3 => (digits[..1].parse().ok()?, digits[1..].parse().ok()?),
        _ => return None,
    };
    Some(sign * (hours * 3600 + minutes * 60))
}
