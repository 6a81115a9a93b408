//! Says when to stop because the trouble is not the reader's: a whole list is never failed for the relay's mood.
//!
//! Pure: it is told what happened and answers with a reason, once there is one.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::reply::{is_policy, line};
use super::{ListGuard, Stopped};
use crate::model::Reply;

/// Connection failures in a row after which the relay counts as unreachable.
const FAILURES: u32 = 3;

/// Newest recipients that are looked at.
const WINDOW: usize = 100;

/// Refusals for policy among them after which the relay counts as unwilling.
const REFUSALS: usize = 20;

/// Readers who are refused as gone within this span are counted together.
const SPAN: SignedDuration = SignedDuration::from_hours(1);

/// What the run has lived through.
#[derive(Debug)]
pub(super) struct Breakers {
    failures: u32,
    window: VecDeque<bool>,
    guard: ListGuard,
    /// When readers were refused as gone, of late.
    gone: VecDeque<Timestamp>,
}

impl Breakers {
    pub(super) fn new(guard: ListGuard) -> Self {
        Self {
            failures: 0,
            window: VecDeque::new(),
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

    /// The relay gave a definite answer about a recipient.
    pub(super) fn answered(&mut self, reply: &Reply) -> Option<Stopped> {
        self.failures = 0;
        self.count(is_policy(reply), reply)
    }

    /// The relay refused our own address: nothing that the recipient could help.
    pub(super) fn sender_refused(&mut self, reply: &Reply) -> Option<Stopped> {
        self.failures = 0;
        self.count(true, reply)
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

    fn breakers() -> Breakers {
        Breakers::new(ListGuard {
            limits: BounceLimits {
                soft: 5,
                span: SignedDuration::ZERO,
                share: 5,
                always: 10,
            },
            readers: 400,
        })
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
