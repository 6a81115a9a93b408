//! Decides when a source is asked again, at which address, and when no more. Pure: the time and chance come in.
//!
//! Who polls keeps the pace that server and feed ask for, an hour at least and a day at most, and backs off from what
//! fails. A run that makes an issue has readers waiting: it keeps what the server itself promised, and for an hour at
//! most. What the operator names is asked at once. A host that asked to be left alone is, by all three.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::{Error, Gathered, links};
use crate::model::{
    Chance, Ending, Move, NotAsked, Occasion, Pace, Source, SourceEvent, SourceKind, SourceStanding,
};

/// Nobody is polled more often.
const SHORTEST: SignedDuration = SignedDuration::from_hours(1);

/// Nobody is left longer without a visit, whatever he asks.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// What holds back a run that makes an issue, at most; a little less than an hour, so that an hourly schedule does not come
/// a second too early each second time.
const FOR_READERS: SignedDuration = SignedDuration::from_mins(55);

/// A visit that is due within this is due: cron comes a little early or late.
const SLACK: SignedDuration = SignedDuration::from_mins(5);

/// A permanent redirect is believed when it was seen for so long: many a "301" is a slip, or a parked domain.
const BELIEVED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// With nothing there (404) for three weeks a source has ended.
const MISSED: SignedDuration = SignedDuration::from_hours(21 * 24);

/// Why the source is not asked now, if so.
pub fn may_ask(
    standing: &SourceStanding,
    occasion: Occasion,
    now: Timestamp,
) -> Result<(), NotAsked> {
    let (until, slack) = match occasion {
        Occasion::Named => return Ok(()),
        Occasion::Issue => (standing.soonest, SignedDuration::ZERO),
        Occasion::Poll => (standing.next_due, SLACK),
    };
    if let Some(ending) = &standing.ended {
        return Err(NotAsked::Gone {
            since: ending.since,
        });
    }
    match (
        until.filter(|until| *until - slack > now),
        standing.failing_since,
    ) {
        (Some(until), Some(since)) => Err(NotAsked::BackingOff { until, since }),
        (Some(until), None) => Err(NotAsked::NotDue { until }),
        (None, _) => Ok(()),
    }
}

/// The source with the address to ask: the one that it has moved to, where that was adopted.
pub fn place_of(source: &Source, standing: &SourceStanding) -> Source {
    let mut place = source.clone();
    if let (SourceKind::Url(url), Some(moved)) = (&mut place.kind, &standing.adopted) {
        *url = Url::parse(&moved.to).unwrap_or_else(|_| url.clone());
    }
    place
}

/// The standing after a visit, and what the journal says of it. `place` is what [`place_of`] gave for the visit.
pub fn after(
    before: &SourceStanding,
    place: &Source,
    outcome: Result<&Gathered, &Error>,
    now: Timestamp,
    chance: &dyn Chance,
) -> (SourceStanding, Vec<SourceEvent>) {
    let mut visit = Visited {
        standing: before.clone(),
        events: Vec::new(),
        place: place.location(),
        now,
    };
    match outcome {
        Ok(gathered) => visit.succeeded(gathered, chance),
        Err(error) => visit.failed(error, chance),
    }
    (visit.standing, visit.events)
}

struct Visited {
    standing: SourceStanding,
    events: Vec<SourceEvent>,
    place: String,
    now: Timestamp,
}

impl Visited {
    fn succeeded(&mut self, gathered: &Gathered, chance: &dyn Chance) {
        if self.standing.failures > 1 || self.standing.ended.is_some() {
            self.tell("it answers again".to_owned());
        }
        let standing = &mut self.standing;
        standing.read_at = Some(self.place.clone());
        standing.failures = 0;
        (
            standing.failing_since,
            standing.missing_since,
            standing.ended,
        ) = (None, None, None);
        if let Some(pace) = &gathered.pace {
            standing.pace = pace.clone();
        }
        if !gathered.unchanged {
            standing.site = gathered.site.as_ref().and_then(links::host);
        }
        let promised = gathered.fresh_for;
        let asked = standing.pace.minutes.map(minutes);
        let pause = promised.max(asked).unwrap_or(SHORTEST);
        let pause = pause.clamp(SHORTEST, LONGEST);
        let due = self.now + pause + jitter(pause / 20, chance).min(SLACK / 2);
        standing.next_due = Some(outside_of_quiet_hours(due, &standing.pace, self.now));
        standing.soonest = promised.map(|promised| self.now + promised.min(FOR_READERS));
        self.follow_move(gathered.moved.as_ref());
    }

    /// Watches a permanent redirect until it can be believed.
    fn follow_move(&mut self, seen: Option<&Url>) {
        let watched = self.standing.moving.take();
        let Some(to) = seen else {
            return;
        };
        let same = watched.filter(|moving| moving.to == to.as_str());
        let is_new = same.is_none();
        let since = same.map_or(self.now, |moving| moving.since);
        let at = |since| Move {
            to: to.to_string(),
            since,
        };
        if is_only_safer(&self.place, to) || self.now.duration_since(since) >= BELIEVED {
            self.standing.adopted = Some(at(self.now));
            self.tell(format!("moved to {to}, which is asked from now on"));
        } else {
            self.standing.moving = Some(at(since));
            if is_new {
                self.tell(format!("says that it moved for good to {to}"));
            }
        }
    }

    fn failed(&mut self, error: &Error, chance: &dyn Chance) {
        let standing = &mut self.standing;
        standing.failures = standing.failures.saturating_add(1);
        standing.failing_since.get_or_insert(self.now);
        let pause = back_off(standing.failures);
        let due = self.now + pause + jitter(pause / 10, chance);
        standing.next_due = Some(due);
        // One failure is an accident; a run with readers waiting asks again at once.
        standing.soonest = (standing.failures > 1).then_some(self.now + FOR_READERS);
        if !error.is_transient() && self.give_up_move() {
            return;
        }
        match error {
            Error::Gone => self.end(self.now, 410),
            Error::Missing => {
                let since = *self.standing.missing_since.get_or_insert(self.now);
                if self.now.duration_since(since) >= MISSED {
                    self.end(since, 404);
                }
            }
            _ => {}
        }
    }

    /// An adopted address that fails is no better than the configured one, which is asked again.
    fn give_up_move(&mut self) -> bool {
        let Some(moved) = self.standing.adopted.take() else {
            return false;
        };
        self.standing.soonest = None;
        self.tell(format!(
            "{} fails: the configured address is asked again",
            moved.to
        ));
        true
    }

    fn end(&mut self, since: Timestamp, status: u16) {
        if self.standing.ended.is_none() {
            let why = match status {
                410 => "gone (410): not asked any more",
                _ => "nothing was there for three weeks (404): not asked any more",
            };
            self.tell(why.to_owned());
        }
        self.standing.ended.get_or_insert(Ending { since, status });
    }

    fn tell(&mut self, what: String) {
        self.events.push(SourceEvent { at: self.now, what });
    }
}

/// An hour, doubled with each failure, up to a day.
fn back_off(failures: u32) -> SignedDuration {
    let doubled = 1_i32
        .checked_shl(failures.saturating_sub(1).min(10))
        .unwrap_or(1);
    SHORTEST
        .checked_mul(doubled)
        .unwrap_or(LONGEST)
        .min(LONGEST)
}

/// A part of `most`, so that those who began together do not all come back together.
fn jitter(most: SignedDuration, chance: &dyn Chance) -> SignedDuration {
    let seconds = most.as_secs().max(1);
    SignedDuration::from_secs(chance.identifier() % seconds)
}

fn minutes(number: i64) -> SignedDuration {
    SignedDuration::try_from_mins(number).unwrap_or(LONGEST)
}

/// The first full hour from `due` on that the feed does not exclude; `due` where it excludes a whole day.
fn outside_of_quiet_hours(due: Timestamp, pace: &Pace, now: Timestamp) -> Timestamp {
    let mut at = due;
    while at.duration_since(now) <= LONGEST {
        let local = at.to_zoned_datetime(TimeZone::UTC);
        let day = local.weekday().to_monday_one_offset();
        if !pace.skip_hours.contains(&local.hour()) && !pace.skip_days.contains(&day) {
            return at;
        }
        let past = SignedDuration::from_secs(at.as_second().rem_euclid(3600));
        at = at - past + SHORTEST;
    }
    due.min(now + LONGEST)
}

/// The same address with https in the place of http: believed at once.
fn is_only_safer(from: &str, to: &Url) -> bool {
    let Ok(from) = Url::parse(from) else {
        return false;
    };
    let rest = |url: &Url| (url.path().to_owned(), url.query().map(str::to_owned));
    from.scheme() == "http"
        && to.scheme() == "https"
        && from.host() == to.host()
        && rest(&from) == rest(to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{SeededChance, SourceName};

    fn now() -> Timestamp {
        "2026-11-02T12:00:00Z".parse().unwrap()
    }

    fn at(url: &str) -> Source {
        let kind = SourceKind::Url(Url::parse(url).unwrap());
        Source::new(SourceName::parse("blog").unwrap(), kind)
    }

    fn moved(to: &str) -> Gathered {
        Gathered {
            moved: Some(Url::parse(to).unwrap()),
            ..Gathered::default()
        }
    }

    #[test]
    fn a_move_to_https_alone_is_believed_at_once() {
        let from = at("http://blog.example.nl/feed?a=1");
        for (to, adopted) in [
            ("https://blog.example.nl/feed?a=1", true),
            ("https://blog.example.nl/feed", false),
            ("https://blog.example.nl/", false),
            ("https://www.blog.example.nl/feed?a=1", false),
            ("http://blog.example.nl/feed?a=2", false),
        ] {
            let before = SourceStanding::default();
            let chance = SeededChance::new(1);
            let (standing, events) = after(&before, &from, Ok(&moved(to)), now(), &chance);
            assert_eq!(standing.adopted.is_some(), adopted, "{to}");
            assert_eq!(standing.moving.is_some(), !adopted, "{to}");
            assert_eq!(events.len(), 1);
            let asked = if adopted {
                to
            } else {
                "http://blog.example.nl/feed?a=1"
            };
            assert_eq!(place_of(&from, &standing).location(), asked);
        }
    }

    #[test]
    fn pauses_double_up_to_a_day() {
        let hours = [1, 2, 4, 8, 16, 24, 24].map(SignedDuration::from_hours);
        for (failures, pause) in (1..).zip(hours) {
            assert_eq!(back_off(failures), pause);
        }
        assert_eq!(back_off(u32::MAX), LONGEST);
    }

    #[test]
    fn those_who_fail_together_do_not_come_back_together() {
        let chance = SeededChance::new(1);
        let due = |_| {
            let before = SourceStanding::default();
            let blog = at("http://blog.example.nl/");
            let (standing, _) = after(&before, &blog, Err(&Error::Server(500)), now(), &chance);
            standing.next_due.unwrap()
        };
        let dues: std::collections::HashSet<Timestamp> = (0..20).map(due).collect();
        assert!(dues.len() > 10, "{dues:?}");
        let (least, most) = (SHORTEST, SHORTEST + SHORTEST / 10);
        assert!(
            dues.iter()
                .all(|due| (least..=most).contains(&due.duration_since(now())))
        );
    }

    #[test]
    fn a_feed_that_excludes_every_hour_is_asked_all_the_same() {
        let pace = Pace {
            skip_hours: (0..24).collect(),
            ..Pace::default()
        };
        let due = now() + SHORTEST;
        assert_eq!(outside_of_quiet_hours(due, &pace, now()), due);
    }
}
