//! Whom a reply asks to go slower: the relay as a whole, the mail for one domain, or nobody.
//!
//! Pure. A 421 is the relay's way to say that it has had enough of us (RFC 5321 §3.8); 4.7.x refuses for policy, and only
//! for now (RFC 3463 §3.8). Greylisting is neither: it treats every stranger so, at any pace.

use super::super::blame::is_of_session;
use super::super::exchange::Step;
use super::super::reply::is_policy;
use crate::model::{EmailAddress, Reply};

/// A reply that asks for a slower pace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::deliver) struct Complaint {
    /// Whether it is the relay that asks.
    pub(in crate::deliver) relay: bool,
    /// The domain, in ASCII, whose mail is asked to go slower.
    pub(in crate::deliver) domain: Option<String>,
    /// What was said.
    pub(in crate::deliver) reply: Reply,
}

impl Complaint {
    /// What a refusal at a step of the dialogue says about our pace.
    pub(in crate::deliver) fn of_refusal(
        step: Step,
        reply: &Reply,
        to: &EmailAddress,
    ) -> Option<Self> {
        // At `MAIL` and `RSET` no recipient has been named: it is us that the relay speaks of.
        let names_reader = !matches!(step, Step::Mail | Step::Rset);
        let complaint = Self {
            relay: hangs_up(reply) || (is_throttle(reply) && !names_reader),
            domain: (is_throttle(reply) && names_reader).then(|| to.ascii_domain().to_owned()),
            reply: reply.clone(),
        };
        complaint.if_any()
    }

    /// What a 421 in the middle of the dialogue says; `used`: the connection had carried messages before.
    ///
    /// A relay that hangs up before an envelope begins, on a connection that it has carried much on or that lay idle, asks
    /// for a new connection and not for a slower pace: if it wants that, it says so on the new one too.
    pub(in crate::deliver) fn of_hanging_up(
        step: Step,
        reply: &Reply,
        used: bool,
        to: Option<&EmailAddress>,
    ) -> Option<Self> {
        let between = used && matches!(step, Step::Mail | Step::Rset);
        if between || (used && is_of_session(reply)) {
            return None;
        }
        let to = to.filter(|_| is_throttle(reply) && matches!(step, Step::Rcpt | Step::Data));
        let complaint = Self {
            relay: hangs_up(reply),
            domain: to.map(|to| to.ascii_domain().to_owned()),
            reply: reply.clone(),
        };
        complaint.if_any()
    }

    /// What a relay said that would not have us in.
    pub(in crate::deliver) fn of_greeting(reply: &Reply) -> Option<Self> {
        let complaint = Self {
            relay: hangs_up(reply),
            domain: None,
            reply: reply.clone(),
        };
        complaint.if_any()
    }

    fn if_any(self) -> Option<Self> {
        (self.relay || self.domain.is_some()).then_some(self)
    }
}

fn hangs_up(reply: &Reply) -> bool {
    reply.code == 421
}

/// Whether it refuses us for policy, and only for now.
fn is_throttle(reply: &Reply) -> bool {
    (400..500).contains(&reply.code) && is_policy(reply) && !reply.is_greylisting()
}

#[cfg(test)]
mod tests {
    use super::super::super::reply::parse;
    use super::*;

    fn told(complaint: Option<Complaint>) -> (bool, bool) {
        complaint.map_or((false, false), |c| (c.relay, c.domain.is_some()))
    }

    #[test]
    fn a_refusal_for_policy_is_about_the_domain_and_421_about_the_relay() {
        let to = EmailAddress::parse("jan@example.nl").unwrap();
        for (step, reply, relay, domain) in [
            (Step::Rcpt, "451 4.7.1 too much", false, true),
            (Step::Data, "451 4.7.1 too much", false, true),
            (Step::Dot, "451 4.7.650 too much", false, true),
            (Step::Mail, "450 4.7.1 too much", true, false),
            (Step::Dot, "421 4.7.28 too much", true, true),
            (Step::Dot, "421 closing", true, false),
            (Step::Dot, "451 4.7.1 Greylisted, try later", false, false),
            (Step::Rcpt, "450 4.7.1 Graylisting in action", false, false),
            (Step::Rcpt, "450 4.2.1 busy", false, false),
            (Step::Rcpt, "451 later", false, false),
            (Step::Rcpt, "550 5.7.1 never", false, false),
        ] {
            let complaint = Complaint::of_refusal(step, &parse(reply), &to);
            assert_eq!(told(complaint), (relay, domain), "{step:?} {reply}");
        }
    }

    #[test]
    fn hanging_up_between_messages_is_no_complaint() {
        let to = EmailAddress::parse("jan@example.nl").unwrap();
        for (step, reply, used, relay, domain) in [
            (Step::Mail, "421 4.3.2 enough", true, false, false),
            (Step::Rset, "421 idle too long", true, false, false),
            (Step::Mail, "421 4.7.0 slow down", true, false, false),
            (Step::Mail, "421 4.7.0 slow down", false, true, false),
            (
                Step::Rcpt,
                "421 4.7.0 too many messages in this connection",
                true,
                false,
                false,
            ),
            (Step::Mail, "421 4.3.2 enough", false, true, false),
            (Step::Rcpt, "421 4.3.2 enough", true, true, false),
            (Step::Rcpt, "421 4.7.0 slow down", true, true, true),
        ] {
            let complaint = Complaint::of_hanging_up(step, &parse(reply), used, Some(&to));
            assert_eq!(told(complaint), (relay, domain), "{step:?} {reply} {used}");
        }
    }
}
