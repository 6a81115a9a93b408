//! Readers who were refused for good, for as long as it is not certain that it was about them.
//!
//! Pure. Each is recorded as put off, so that nobody is lost to a program that dies meanwhile. A message that the relay takes
//! afterwards clears the relay: then the refusal was the reader's, unless its words speak of us. The same reply to several
//! readers with no acceptance between is about us, and all of them are queued again. [`blame`](super::blame) has the table.

use std::collections::HashSet;

use super::blame::{Blame, kind};
use crate::model::{Claim, EmailAddress, Reply};

/// What it takes for one reply to be about us: readers and domains, and readers where the list has one domain.
const OF_US: (usize, usize, usize) = (2, 2, 3);

/// The same for a reply whose words are about the reader: several may well be gone who stand next to each other.
const OF_READERS: (usize, usize, usize) = (5, 3, 10);

/// Orders what is said and heard over all connections.
pub(super) type Tick = u64;

/// A reader who was refused.
#[derive(Debug)]
struct Suspect {
    claim: Claim,
    domain: String,
    kind: String,
    blame: Blame,
    heard: Tick,
}

/// What is to become of a refusal that was recorded as put off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It was about the reader: failed.
    Reader,
    /// It was about us: queued again, and due.
    Us,
}

/// All who were refused since the relay took something.
#[derive(Debug)]
pub(super) struct Suspects {
    one_domain: bool,
    all: Vec<Suspect>,
    accepted: bool,
}

impl Suspects {
    /// Nobody, of a list that has one domain or several.
    pub(super) fn new(one_domain: bool) -> Self {
        Self {
            one_domain,
            all: Vec::new(),
            accepted: false,
        }
    }

    /// Notes a refusal; says how many readers the relay told the same, where that makes it one of us.
    pub(super) fn refused(
        &mut self,
        claim: Claim,
        to: &EmailAddress,
        (reply, blame): (&Reply, Blame),
        heard: Tick,
    ) -> Option<usize> {
        // Tried again by the same run, a reader is still one.
        self.all.retain(|one| one.claim.key != claim.key);
        self.all.push(Suspect {
            claim,
            domain: to.ascii_domain().to_owned(),
            kind: kind(reply, to),
            blame,
            heard,
        });
        let newest = self.all.last()?;
        let same = self.all.iter().filter(|one| one.kind == newest.kind);
        let bounds = match blame {
            Blame::Us | Blame::Unclear => OF_US,
            Blame::Mailbox | Blame::Reader | Blame::Gone => OF_READERS,
        };
        let readers = same.clone().count();
        self.are_many(same, bounds).then_some(readers)
    }

    /// Whether they are as many readers, of as many domains, as it takes.
    fn are_many<'s>(
        &self,
        same: impl Iterator<Item = &'s Suspect> + Clone,
        (least, of, alone): (usize, usize, usize),
    ) -> bool {
        let domains: HashSet<&str> = same.clone().map(|one| one.domain.as_str()).collect();
        let readers = same.count();
        (readers >= least && domains.len() >= of) || (self.one_domain && readers >= alone)
    }

    /// The relay took a message that was `begun` to be said then: whoever was refused before is cleared up.
    pub(super) fn accepted(&mut self, begun: Tick) -> Vec<(Claim, Judgement)> {
        self.accepted = true;
        if self.all.is_empty() {
            return Vec::new();
        }
        let all = std::mem::take(&mut self.all);
        let (before, after): (Vec<_>, _) = all.into_iter().partition(|one| one.heard < begun);
        self.all = after;
        let readers = before.into_iter().filter(|one| one.blame != Blame::Us);
        readers.map(|one| (one.claim, Judgement::Reader)).collect()
    }

    /// It is about us: all of them are queued again.
    pub(super) fn acquit(&mut self) -> Vec<(Claim, Judgement)> {
        let all = std::mem::take(&mut self.all).into_iter();
        all.map(|one| (one.claim, Judgement::Us)).collect()
    }

    /// Nobody is left to ask about: what the words say counts. Whoever is not the cause waits, or goes to the next relay
    /// where there `is_next`.
    pub(super) fn close(&mut self, is_next: bool) -> Vec<(Claim, Judgement)> {
        let all = std::mem::take(&mut self.all).into_iter();
        let judged = all.filter_map(|one| match one.blame {
            Blame::Mailbox | Blame::Reader | Blame::Gone => Some((one.claim, Judgement::Reader)),
            Blame::Us | Blame::Unclear => is_next.then_some((one.claim, Judgement::Us)),
        });
        judged.collect()
    }

    /// Whether the relay took nothing at all, and said of us why: a list of one needs no second reader. Or told all the
    /// same, where it is words alone that would have it about them.
    pub(super) fn are_all(&self) -> bool {
        let of_us = |one: &Suspect| one.blame == Blame::Us;
        let Some(first) = self.all.first().filter(|_| !self.accepted) else {
            return false;
        };
        let is_same = |one: &Suspect| one.blame == Blame::Reader && one.kind == first.kind;
        self.all.iter().any(of_us)
            || (self.all.iter().all(is_same) && self.are_many(self.all.iter(), OF_US))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }
}

#[cfg(test)]
mod tests {
    use super::super::blame::blame;
    use super::super::reply::parse;
    use super::*;
    use crate::model::{DeliveryKey, IssueNumber};

    fn claim(number: i64) -> Claim {
        let issue = IssueNumber(1);
        Claim {
            key: DeliveryKey { issue, number },
            fence: 1,
        }
    }

    /// After how many of these refusals it is about us.
    fn tells_after(suspects: &mut Suspects, said: &str, domains: &[&str]) -> Option<usize> {
        let reply = parse(said);
        let told = (0..).zip(domains).position(|(number, domain)| {
            let to = EmailAddress::parse(&format!("r{number}@{domain}")).unwrap();
            let about = (&reply, blame(&reply));
            suspects.refused(claim(number), &to, about, 1).is_some()
        });
        told.map(|at| at + 1)
    }

    fn several() -> Suspects {
        Suspects::new(false)
    }

    #[test]
    fn the_same_to_two_domains_or_to_three_readers_of_the_only_one_is_about_us() {
        for said in ["550 5.7.1 no", "550 quota exceeded", "554 whatever 12"] {
            let alike = ["a.nl", "a.nl", "a.nl", "a.nl"];
            assert_eq!(
                tells_after(&mut several(), said, &["a.nl", "b.nl"]),
                Some(2)
            );
            assert_eq!(tells_after(&mut several(), said, &alike), None);
            let mut one = Suspects::new(true);
            assert_eq!(tells_after(&mut one, said, &alike), Some(3));
        }
        let full = "552 5.2.2 full";
        let domains = ["a.nl", "b.nl", "a.nl", "c.nl", "a.nl"];
        assert_eq!(tells_after(&mut several(), full, &domains), Some(5));
        assert_eq!(tells_after(&mut several(), full, &domains[..4]), None);
        let mut one = Suspects::new(true);
        assert_eq!(tells_after(&mut one, full, &["a.nl"; 10]), Some(10));
    }

    #[test]
    fn different_replies_and_one_reader_again_and_again_are_not() {
        let mut suspects = several();
        for said in ["550 5.7.1 no", "550 5.7.2 no", "550 5.7.1 never"] {
            assert_eq!(tells_after(&mut suspects, said, &["a.nl"]), None);
        }
        assert_eq!(suspects.len(), 1);
    }

    #[test]
    fn an_acceptance_clears_what_was_heard_before_it_was_begun() {
        let to = EmailAddress::parse("r@a.nl").unwrap();
        let replies = ["554 5.7.1 no", "550 quota exceeded", "552 5.2.2 full"].map(parse);
        let refuse = |suspects: &mut Suspects, heard| {
            for (number, reply) in (0..).zip(&replies) {
                suspects.refused(claim(number), &to, (reply, blame(reply)), heard);
            }
        };
        let mut suspects = several();
        refuse(&mut suspects, 5);
        assert_eq!(suspects.accepted(4), [], "it was under way already");
        assert_eq!(suspects.len(), 3);
        let failed = [0, 2].map(|number| (claim(number), Judgement::Reader));
        assert_eq!(suspects.accepted(6), failed);
        assert_eq!(suspects.len(), 0);
        assert!(!suspects.are_all());
    }

    #[test]
    fn what_all_of_a_short_list_are_told_is_about_us_unless_a_status_says_otherwise() {
        for (said, domains, one_domain, of_us) in [
            ("550 user blocked", &["a.nl", "b.nl"][..], false, true),
            ("550 user blocked", &["a.nl", "a.nl", "a.nl"], true, true),
            ("550 user blocked", &["a.nl", "a.nl"], true, false),
            ("550 user blocked", &["a.nl"], false, false),
            ("552 5.2.2 full", &["a.nl", "b.nl"], false, false),
            ("550 5.1.1 unknown", &["a.nl", "b.nl"], false, false),
        ] {
            let mut suspects = Suspects::new(one_domain);
            tells_after(&mut suspects, said, domains);
            assert_eq!(suspects.are_all(), of_us, "{said} {domains:?}");
        }
        let mut suspects = several();
        suspects.accepted(1);
        tells_after(&mut suspects, "550 user blocked", &["a.nl", "b.nl"]);
        assert!(!suspects.are_all(), "it took somebody");
    }

    #[test]
    fn at_the_end_words_decide() {
        let to = EmailAddress::parse("r@a.nl").unwrap();
        for (said, next, alone) in [
            ("554 5.7.1 no", Some(Judgement::Us), None),
            ("550 quota exceeded", Some(Judgement::Us), None),
            (
                "552 5.2.2 full",
                Some(Judgement::Reader),
                Some(Judgement::Reader),
            ),
        ] {
            for (is_next, judged) in [(true, next), (false, alone)] {
                let mut suspects = several();
                let reply = parse(said);
                suspects.refused(claim(0), &to, (&reply, blame(&reply)), 1);
                assert_eq!(suspects.are_all(), said.contains("quota"));
                let all: Vec<_> = judged.map(|one| (claim(0), one)).into_iter().collect();
                assert_eq!(suspects.close(is_next), all, "{said}");
            }
        }
    }
}
