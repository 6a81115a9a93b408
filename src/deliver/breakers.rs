//! Says when to stop because the trouble is not the reader's: a whole list is never failed for the relay's mood.
//!
//! Pure: it is told what happened and answers with a reason, once there is one. What it learns of refusals that were recorded
//! meanwhile is told by [`Breakers::judged`].

use std::collections::{HashSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::blame::{blame, is_about_us};
use super::reply::{is_permanent, is_policy, line};
use super::suspects::{Judgement, Suspects, Tick};
use super::{ListGuard, Stopped};
use crate::model::{Claim, EmailAddress, Reply};

/// Connection failures in a row after which the relay counts as unreachable.
const FAILURES: u32 = 3;

/// Newest recipients that are looked at.
const WINDOW: usize = 100;

/// Refusals for policy among them after which the relay counts as unwilling.
const REFUSALS: usize = 20;

/// With another relay in line, so many readers in a row who are refused for policy, and for now, are enough: a relay that
/// slows down since it refuses everybody would take minutes to come to twenty, while the other one could have sent.
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
    /// The newest answers: whether each refused for policy, and which delivery.
    window: VecDeque<Option<Claim>>,
    suspects: Suspects,
    /// The newest refusal for good that named a reader.
    last: Option<Reply>,
    /// Refusals for good whose judgement is known, and not handed on yet.
    judged: Vec<(Claim, Judgement)>,
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
            suspects: Suspects::new(guard.one_domain),
            last: None,
            judged: Vec::new(),
            row: has_successor.then(Row::default),
            guard,
            gone: VecDeque::new(),
        }
    }

    /// The relay says that there is no such reader, which another issue may bear out.
    pub(super) fn gone(&mut self, reply: &Reply, now: Timestamp) -> Option<Stopped> {
        self.failures = 0;
        self.note(None);
        self.gone.push_back(now);
        while let Some(first) = self.gone.front()
            && now.duration_since(*first) >= SPAN
        {
            self.gone.pop_front();
        }
        let ListGuard {
            limits, readers, ..
        } = self.guard;
        let gone = self.gone.len() as u64;
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

    /// The relay took a message that was `begun` to be said then.
    pub(super) fn accepted(&mut self, begun: Tick) {
        self.failures = 0;
        if let Some(row) = &mut self.row {
            *row = Row::default();
        }
        let judged = self.suspects.accepted(begun);
        self.judged.extend(judged);
        self.note(None);
    }

    /// The relay refused a reader, or us where none had been named.
    pub(super) fn refused(
        &mut self,
        reply: &Reply,
        claim: Claim,
        to: Option<&EmailAddress>,
        heard: Tick,
    ) -> Option<Stopped> {
        self.failures = 0;
        let stopped = match (is_permanent(reply), to) {
            (true, None) => Some(Stopped::SenderRefused(line(reply))),
            (true, Some(to)) => {
                let about = (reply, blame(reply));
                let readers = self.suspects.refused(claim, to, about, heard);
                self.last = Some(reply.clone());
                readers.map(|readers| refuses_us(readers, reply))
            }
            (false, _) => self.note_in_row(reply, to),
        };
        let stopped = stopped.or_else(|| self.count(claim, reply));
        if stopped.is_some() {
            let us = self.suspects.acquit();
            self.judged.extend(us);
        }
        stopped
    }

    /// Nobody is left to send to: what is known of refusals by now is all that will be.
    pub(super) fn close(&mut self, is_next: bool) -> Option<Stopped> {
        let all = self.last.as_ref().filter(|_| self.suspects.are_all());
        let stopped = all.map(|reply| refuses_us(self.suspects.len(), reply));
        let judged = match stopped {
            Some(_) => self.suspects.acquit(),
            None => self.suspects.close(is_next),
        };
        self.judged.extend(judged);
        stopped
    }

    /// How many of them are queued again.
    pub(super) fn pending(&self) -> u64 {
        let us = self.judged.iter().filter(|one| one.1 == Judgement::Us);
        us.count() as u64
    }

    /// What became known of refusals since this was last asked.
    pub(super) fn judged(&mut self) -> Vec<(Claim, Judgement)> {
        std::mem::take(&mut self.judged)
    }

    /// Notes a refusal for now where another relay is in line. Greylisting says nothing: it treats every stranger alike.
    fn note_in_row(&mut self, reply: &Reply, to: Option<&EmailAddress>) -> Option<Stopped> {
        let row = self.row.as_mut().filter(|_| !reply.is_greylisting())?;
        match (is_of_policy(reply), to) {
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

    /// Counts a refusal among the newest answers; where too many are for policy, those who failed for it are taken back.
    fn count(&mut self, claim: Claim, reply: &Reply) -> Option<Stopped> {
        self.note(is_of_policy(reply).then_some(claim));
        let refused: Vec<Claim> = self.window.iter().flatten().copied().collect();
        if refused.len() < REFUSALS {
            return None;
        }
        let back = refused.into_iter().map(|claim| (claim, Judgement::Us));
        self.judged.extend(back);
        Some(Stopped::Policy(line(reply)))
    }

    fn note(&mut self, refused: Option<Claim>) {
        self.window.push_back(refused);
        if self.window.len() > WINDOW {
            self.window.pop_front();
        }
    }
}

/// Whether it refuses us for policy, or for what we sent so far. Greylisting does neither.
fn is_of_policy(reply: &Reply) -> bool {
    (is_policy(reply) || is_about_us(reply)) && !reply.is_greylisting()
}

fn refuses_us(readers: usize, reply: &Reply) -> Stopped {
    Stopped::RefusesUs {
        readers,
        reply: line(reply),
    }
}

#[cfg(test)]
mod tests {
    use super::super::reply::reply;
    use super::*;
    use crate::model::{BounceLimits, DeliveryKey, IssueNumber};

    fn claim(number: i64) -> Claim {
        let issue = IssueNumber(1);
        Claim {
            key: DeliveryKey { issue, number },
            fence: 1,
        }
    }

    fn guard() -> ListGuard {
        ListGuard {
            limits: BounceLimits {
                soft: 5,
                span: SignedDuration::ZERO,
                share: 5,
                always: 10,
            },
            readers: 400,
            one_domain: false,
        }
    }

    fn breakers() -> Breakers {
        Breakers::new(guard(), false)
    }

    /// Tells the breakers of refusals, each for an address, or for us alone; says after how many they trip.
    fn trips_after(breakers: &mut Breakers, text: &str, all: &[&str]) -> Option<usize> {
        let said = reply(451, [text]);
        let tripped = (0..).zip(all).position(|(number, to)| {
            let to = (!to.is_empty()).then(|| EmailAddress::parse(to).unwrap());
            let stopped = breakers.refused(&said, claim(number), to.as_ref(), 1);
            stopped.is_some()
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
        breakers.accepted(2);
        assert_eq!(trips_after(&mut breakers, "4.7.1 no", &four), None);
        assert_eq!(trips_after(&mut breakers, "4.2.1 busy", &["e@e.nl"]), None);
        assert_eq!(trips_after(&mut breakers, "4.7.1 no", &four), None);
        let one_more = trips_after(&mut breakers, "4.7.1 no", &["e@e.nl"]);
        assert_eq!(one_more, Some(1));
    }

    #[test]
    fn greylisting_is_no_policy_breaker() {
        for words in [
            "4.7.1 greylisted, come back",
            "4.7.1 Please come back in 00:05:00",
            "4.7.1 not seen before: retry in 300 seconds",
        ] {
            let many: Vec<String> = (0..100).map(|n| format!("r@d{n}.nl")).collect();
            let many: Vec<&str> = many.iter().map(String::as_str).collect();
            assert_eq!(trips_after(&mut breakers(), words, &many), None, "{words}");
        }
    }

    #[test]
    fn a_refused_sender_stops_at_once_and_nobody_is_judged() {
        let mut breakers = breakers();
        let to = EmailAddress::parse("a@a.nl").unwrap();
        let no = reply(554, ["5.7.1 no"]);
        assert_eq!(breakers.refused(&no, claim(0), Some(&to), 1), None);
        let sender = reply(550, ["5.1.8 who are you"]);
        let stopped = breakers.refused(&sender, claim(1), None, 2);
        let words = "550 5.1.8 who are you".to_owned();
        assert_eq!(stopped, Some(Stopped::SenderRefused(words)));
        assert_eq!(breakers.judged(), [(claim(0), Judgement::Us)]);
        assert_eq!(breakers.judged(), []);
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
        breakers.accepted(1);
        assert_eq!(breakers.connection_failed("x"), None);
        assert_eq!(breakers.connection_failed("x"), None);
        assert_eq!(
            breakers.connection_failed("x"),
            Some(Stopped::Connection("x".into()))
        );
    }

    #[test]
    fn twenty_refusals_for_policy_among_a_hundred_are_enough_and_all_are_taken_back() {
        // Each in other words, and somebody is taken after each: they look like the readers' own.
        let refuse = |breakers: &mut Breakers, n: u64, taken: u64| {
            let to = EmailAddress::parse(&format!("r@d{n}.nl")).unwrap();
            let number = i64::try_from(n).unwrap();
            let word = "x".repeat(number.unsigned_abs() as usize + 1);
            let spam = reply(550, [format!("5.7.1 {word}").as_str()]);
            let stopped = breakers.refused(&spam, claim(number), Some(&to), 2 * n);
            (0..taken).for_each(|_| breakers.accepted(2 * n + 1));
            stopped.is_some()
        };
        let mut breakers = breakers();
        for n in 0..19 {
            assert!(!refuse(&mut breakers, n, 4), "{n}");
        }
        let failed = breakers.judged();
        assert_eq!(failed.len(), 19);
        assert!(failed.iter().all(|(_, why)| *why == Judgement::Reader));
        assert!(refuse(&mut breakers, 19, 0));
        let back: HashSet<i64> = breakers
            .judged()
            .iter()
            .map(|one| one.0.key.number)
            .collect();
        assert_eq!(back.len(), 20);
        let mut spread = self::breakers();
        assert!((0..100).all(|n| !refuse(&mut spread, n, 5)));
    }
}
