//! Who was written to last, and who complained of late: what tells one domain's trouble from the relay's.
//!
//! Pure. Remembers a few domains and looks up none: it stands in the way of every message.

use std::collections::{HashSet, VecDeque};

/// Messages and answers that are looked back on.
const LAST: usize = 20;

/// So many domains that complain among the last answers are not the trouble of one: the relay is slowed too.
const DOMAINS: usize = 3;

/// The domains of the last messages, and the last complaints.
#[derive(Debug, Default)]
pub(super) struct Witness {
    /// A ring: each place is written over, so that nothing is allocated for a message.
    went: Vec<String>,
    next: usize,
    answers: u64,
    /// The number of an answer, and the domain that complained with it.
    complaints: VecDeque<(u64, String)>,
}

impl Witness {
    /// A message for this domain goes.
    pub(super) fn went(&mut self, domain: &str) {
        match self.went.get_mut(self.next) {
            Some(place) => {
                place.clear();
                place.push_str(domain);
            }
            None => self.went.push(domain.to_owned()),
        }
        self.next = (self.next + 1) % LAST;
    }

    /// How many of the last messages were for a domain, and how many there were; at least 1 of 1.
    pub(super) fn share_of(&self, domain: &str) -> (u32, u32) {
        let its = self.went.iter().filter(|went| *went == domain).count();
        // Twenty at most.
        let count = |count: usize| u32::try_from(count.max(1)).unwrap_or(1);
        (count(its), count(self.went.len()))
    }

    /// Something was said to a message.
    pub(super) fn answered(&mut self) {
        self.answers += 1;
    }

    /// A complaint that names a domain; says whether so many domains complained that it is about the relay.
    ///
    /// The answer that it came with is still to be counted.
    pub(super) fn complained(&mut self, domain: &str) -> bool {
        let answer = self.answers + 1;
        self.complaints.push_back((answer, domain.to_owned()));
        let recent = |at: u64| answer - at < LAST as u64;
        while self.complaints.front().is_some_and(|(at, _)| !recent(*at)) {
            self.complaints.pop_front();
        }
        let domains: HashSet<_> = self.complaints.iter().map(|(_, domain)| domain).collect();
        domains.len() >= DOMAINS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_domains_among_twenty_answers_are_the_relays_trouble() {
        let mut witness = Witness::default();
        let mut complain = |domain, others| {
            let many = witness.complained(domain);
            (0..=others).for_each(|_| witness.answered());
            many
        };
        assert!(!complain("a.example", 5));
        assert!(!complain("a.example", 5));
        assert!(!complain("b.example", 5));
        assert!(complain("c.example", 13), "a, b and c among nineteen");
        assert!(!complain("d.example", 0), "b is twenty answers ago");
        assert!(complain("b.example", 0), "c, d and b");
    }

    #[test]
    fn a_domain_has_its_share_of_the_last_messages() {
        let mut witness = Witness::default();
        assert_eq!(witness.share_of("a.example"), (1, 1));
        witness.went("a.example");
        witness.went("b.example");
        assert_eq!(witness.share_of("a.example"), (1, 2));
        for _ in 0..LAST {
            witness.went("b.example");
        }
        assert_eq!(witness.share_of("a.example"), (1, 20));
        assert_eq!(witness.share_of("b.example"), (20, 20));
    }
}
