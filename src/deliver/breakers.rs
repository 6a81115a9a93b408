//! Says when to stop because the trouble is not the reader's: a whole list is never failed for the relay's mood.
//!
//! Pure: it is told what happened and answers with a reason, once there is one.

use std::collections::VecDeque;

use super::Stopped;
use super::reply::{is_policy, line};
use crate::model::Reply;

/// Connection failures in a row after which the relay counts as unreachable.
const FAILURES: u32 = 3;

/// Newest recipients that are looked at.
const WINDOW: usize = 100;

/// Refusals for policy among them after which the relay counts as unwilling.
const REFUSALS: usize = 20;

/// What the run has lived through.
#[derive(Debug, Default)]
pub(super) struct Breakers {
    failures: u32,
    window: VecDeque<bool>,
}

impl Breakers {
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

    #[test]
    fn three_failures_in_a_row_are_enough() {
        let mut breakers = Breakers::default();
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
        let mut breakers = Breakers::default();
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
        let mut spread = Breakers::default();
        for _ in 0..100 {
            assert_eq!(spread.answered(&spam), None);
            for _ in 0..5 {
                assert_eq!(spread.answered(&ok), None);
            }
        }
    }
}
