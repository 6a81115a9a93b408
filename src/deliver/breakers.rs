//! Says when to stop because the trouble is not the reader's: a whole list is never failed for the relay's mood.
//!
//! Pure: it is told what happened and answers with a reason, once there is one.

use std::collections::{HashSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::reply::{is_policy, line};
use super::{ListGuard, Stopped};
use crate::model::{EmailAddress, Reply};

/// Connection failures in a row after which the relay counts as unreachable.
const FAILURES: u32 = 3;

/// Newest recipients that are looked at.
const WINDOW: usize = 100;

/// Refusals for policy among them after which the relay counts as unwilling.
const REFUSALS: usize = 20;

/// With another relay in line, so many readers in a row who are refused for policy are enough: a relay that slows down since
/// it refuses everybody would take minutes to come to twenty, while the other one could have sent.
const IN_A_ROW: usize = 5;

/// At so many domains, at least: what one receiver thinks of us is no fault of the relay's.
const DOMAINS: usize = 3;

/// So many refusals of us, in which no reader was named, are enough by themselves.
const OF_US: usize = 3;

/// Readers who are refused as gone within this span are counted together.
const SPAN: SignedDuration = SignedDuration::from_hours(1);

/// What the run has lived through.
#[derive(Debug)]
pub(super) struct Breakers {
    failures: u32,
    window: VecDeque<bool>,
    /// Refusals for policy since the relay last said anything else; none are kept where no other relay is in line.
    row: Option<Row>,
    guard: ListGuard,
    /// When readers were refused as gone, of late.
    gone: VecDeque<Timestamp>,
}

/// Refusals for policy in a row.
#[derive(Debug, Default)]
struct Row {
    readers: HashSet<EmailAddress>,
    domains: HashSet<String>,
    /// Those that named no reader: each is about everybody.
    of_us: usize,
}

impl Breakers {
    pub(super) fn new(guard: ListGuard, has_successor: bool) -> Self {
        Self {
            failures: 0,
            window: VecDeque::new(),
            row: has_successor.then(Row::default),
            guard,
            gone: VecDeque::new(),
        }
    }

    /// The relay says that there is no such reader, and the address is about to be suppressed.
    pub(super) fn gone(&mut self, reply: &Reply, now: Timestamp) -> Option<Stopped> {
        self.gone.push_back(now);
        while let Some(first) = self.gone.front()
            && now.duration_since(*first) >= SPAN
        {
            self.gone.pop_front();
        }
        let (gone, ListGuard { limits, readers }) = (self.gone.len() as u64, self.guard);
        limits.is_flood(gone, readers).then(|| Stopped::Gone {
            gone,
            readers,
            reply: line(reply),
        })
    }

    /// No connection could be opened, or one was lost.
    pub(super) fn connection_failed(&mut self, cause: &str) -> Option<Stopped> {
        self.failures += 1;
        (self.failures >= FAILURES).then(|| Stopped::Connection(cause.to_owned()))
    }

    /// The relay took a message.
    pub(super) fn answered(&mut self, reply: &Reply) -> Option<Stopped> {
        self.failures = 0;
        if let Some(row) = &mut self.row {
            *row = Row::default();
        }
        self.count(is_policy(reply), reply)
    }

    /// The relay refused a reader, or us where none had been named.
    pub(super) fn refused(&mut self, reply: &Reply, to: Option<&EmailAddress>) -> Option<Stopped> {
        self.failures = 0;
        let all = self.note_in_row(is_policy(reply), reply, to);
        self.count(is_policy(reply), reply).or(all)
    }

    /// The relay refused our own address: nothing that the recipient could help.
    pub(super) fn sender_refused(&mut self, reply: &Reply) -> Option<Stopped> {
        self.failures = 0;
        let all = self.note_in_row(true, reply, None);
        self.count(true, reply).or(all)
    }

    /// Notes a refusal where another relay is in line. Greylisting says nothing: it treats every stranger alike.
    fn note_in_row(
        &mut self,
        for_policy: bool,
        reply: &Reply,
        to: Option<&EmailAddress>,
    ) -> Option<Stopped> {
        let row = self.row.as_mut().filter(|_| !reply.is_greylisting())?;
        match (for_policy, to) {
            (false, _) => *row = Row::default(),
            (true, None) => row.of_us += 1,
            (true, Some(to)) => {
                row.domains.insert(to.ascii_domain().to_owned());
                row.readers.insert(to.clone());
            }
        }
        let refusals = row.readers.len() + row.of_us;
        let is_about_all = refusals >= IN_A_ROW && row.domains.len() + row.of_us >= DOMAINS;
        (is_about_all || row.of_us >= OF_US).then(|| Stopped::AllRefused {
            refusals,
            reply: line(reply),
        })
    }

    fn count(&mut self, refused: bool, reply: &Reply) -> Option<Stopped> {
        self.window.push_back(refused);
        if self.window.len() > WINDOW {
            self.window.pop_front();
        }
        let refusals = self.window.iter().filter(|refused| **refused).count();
        (refusals >= REFUSALS).then(|| Stopped::Policy(line(reply)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::reply::reply;
    use super::*;
    use crate::model::BounceLimits;

    fn guard() -> ListGuard {
        ListGuard {
            limits: BounceLimits {
                soft: 5,
                span: SignedDuration::ZERO,
                share: 5,
                always: 10,
            },
            readers: 400,
        }
    }

    fn breakers() -> Breakers {
        Breakers::new(guard(), false)
    }

    /// Tells the breakers of refusals, each for an address, or for us alone; says after how many they trip.
    fn trips_after(breakers: &mut Breakers, text: &str, all: &[&str]) -> Option<usize> {
        let said = reply(451, [text]);
        let tripped = all.iter().position(|to| {
            let to = (!to.is_empty()).then(|| EmailAddress::parse(to).unwrap());
            breakers.refused(&said, to.as_ref()).is_some()
        });
        tripped.map(|at| at + 1)
    }

    #[test]
    fn a_relay_that_refuses_everybody_is_left_at_once_for_another() {
        let five = ["a@a.nl", "b@a.nl", "c@b.nl", "d@c.nl", "e@a.nl", "f@a.nl"];
        let trips = |text, all: &[&str]| {
            let mut breakers = Breakers::new(guard(), true);
            trips_after(&mut breakers, text, all)
        };
        assert_eq!(trips("4.7.1 no", &five), Some(5));
        // One reader five times, two domains, greylisting, other trouble; a refusal of us is about everybody.
        assert_eq!(trips("4.7.1 no", &["a@a.nl"; 9]), None);
        let two = ["a@a.nl", "b@a.nl", "c@b.nl", "d@b.nl", "e@a.nl", "f@a.nl"];
        assert_eq!(trips("4.7.1 no", &two), None);
        assert_eq!(trips("4.7.1 greylisted, come back", &five), None);
        assert_eq!(trips("4.2.1 busy", &five), None);
        assert_eq!(trips("4.7.1 no", &[""; 5]), Some(3));
        assert_eq!(
            trips("4.7.1 no", &["a@a.nl", "b@a.nl", "", "c@a.nl", ""]),
            Some(5)
        );
        // Where none is in line, it takes twenty.
        assert_eq!(trips_after(&mut breakers(), "4.7.1 no", &five), None);
    }

    #[test]
    fn whatever_else_the_relay_says_ends_the_row() {
        let four = ["a@a.nl", "b@b.nl", "c@c.nl", "d@d.nl"];
        let mut breakers = Breakers::new(guard(), true);
        assert_eq!(trips_after(&mut breakers, "4.7.1 no", &four), None);
        assert_eq!(breakers.answered(&reply(250, ["ok"])), None);
        assert_eq!(trips_after(&mut breakers, "4.7.1 no", &four), None);
        assert_eq!(trips_after(&mut breakers, "4.2.1 busy", &["e@e.nl"]), None);
        assert_eq!(trips_after(&mut breakers, "4.7.1 no", &four), None);
        let stopped = breakers.sender_refused(&reply(550, ["5.7.1 not you"]));
        let reply = "550 5.7.1 not you".to_owned();
        assert_eq!(stopped, Some(Stopped::AllRefused { refusals: 5, reply }));
    }

    #[test]
    fn a_twentieth_of_the_list_gone_within_an_hour_is_too_much() {
        let gone = reply(550, ["5.1.1 no"]);
        let start: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let minutes = |n| start + SignedDuration::from_mins(n);
        let mut breakers = breakers();
        for n in 0..40 {
            assert_eq!(breakers.gone(&gone, minutes(3 * n)), None, "{n}");
        }
        // Twenty of them within the last hour are all that 400 readers can lose.
        let stopped = breakers.gone(&gone, minutes(117));
        let reply = "550 5.1.1 no".to_owned();
        assert_eq!(
            stopped,
            Some(Stopped::Gone {
                gone: 21,
                readers: 400,
                reply
            })
        );
    }

    #[test]
    fn three_failures_in_a_row_are_enough() {
        let mut breakers = breakers();
        assert_eq!(breakers.connection_failed("x"), None);
        assert_eq!(breakers.connection_failed("x"), None);
        assert_eq!(breakers.answered(&reply(250, ["ok"])), None);
        assert_eq!(breakers.connection_failed("x"), None);
        assert_eq!(breakers.connection_failed("x"), None);
        assert_eq!(
            breakers.connection_failed("x"),
            Some(Stopped::Connection("x".into()))
        );
    }

    #[test]
    fn twenty_refusals_for_policy_among_a_hundred_are_enough() {
        let (spam, gone, ok) = (
            reply(550, ["5.7.1 no"]),
            reply(550, ["5.1.1 no"]),
            reply(250, ["ok"]),
        );
        let mut breakers = breakers();
        for _ in 0..200 {
            assert_eq!(breakers.answered(&gone), None);
        }
        for _ in 0..19 {
            assert_eq!(breakers.answered(&spam), None);
            for _ in 0..4 {
                assert_eq!(breakers.answered(&ok), None);
            }
        }
        assert_eq!(
            breakers.answered(&spam),
            Some(Stopped::Policy("550 5.7.1 no".into()))
        );
        let mut spread = self::breakers();
        for _ in 0..100 {
            assert_eq!(spread.answered(&spam), None);
            for _ in 0..5 {
                assert_eq!(spread.answered(&ok), None);
            }
        }
    }
}
