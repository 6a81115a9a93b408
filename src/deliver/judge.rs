//! Decides what became of a delivery (T4) from what the dialogue came to.
//!
//! Pure. A refusal is the relay's certain "no", and put off until it is certain whom it is about; a lost connection costs
//! nothing; only what broke after the last byte is unknown, and that is sent again at most twice, or never.

use jiff::Timestamp;

use super::blame::is_gone;
use super::exchange::{Setback, Step};
use super::reply::{is_permanent, reply};
use super::retry::next_attempt;
use crate::model::{ClaimedDelivery, Outcome};

/// Unknowns after which a copy may still be sent: so there are three copies at most.
const MAX_UNKNOWNS: u32 = 2;

/// Times in one run that a delivery goes straight back to the queue when its connection is lost; then it waits, so
/// that a message which breaks every connection cannot hold up the others.
const MAX_LOSSES: u32 = 2;

/// What a judgement rests on, beside the setback.
#[derive(Debug, Clone, Copy)]
pub(super) struct Circumstances {
    pub(super) now: Timestamp,
    pub(super) expires_at: Timestamp,
    /// Whether an unknown may be sent again.
    pub(super) resend_unknown: bool,
    /// Times in this run that the connection was lost under this delivery, this one included.
    pub(super) losses: u32,
    /// Whether the relay is known to refuse us, and not single readers.
    pub(super) refuses_us: bool,
}

/// The outcome of a delivery whose dialogue ended in a setback.
pub(super) fn judge(delivery: &ClaimedDelivery, setback: Setback, about: Circumstances) -> Outcome {
    let later = next_attempt(delivery.attempts, about.now, about.expires_at);
    match setback {
        // `MAIL` names our address, not the reader's: no reader is gone for it.
        Setback::Refused(step, reply) if step != Step::Mail && is_gone(&reply) => {
            Outcome::Failed(reply, true)
        }
        Setback::Refused(_, reply) if about.refuses_us && is_permanent(&reply) => {
            Outcome::Deferred(reply, about.now)
        }
        Setback::Refused(_, reply) => match later {
            Some(at) => Outcome::Deferred(reply, at),
            None => Outcome::Failed(reply, false),
        },
        Setback::Lost(_) if about.losses <= MAX_LOSSES => Outcome::Released(about.now),
        Setback::Lost(cause) => match later {
            Some(at) => Outcome::Deferred(reply(0, [cause.as_str()]), at),
            None => Outcome::Failed(reply(0, [cause.as_str()]), false),
        },
        Setback::Unknown(_) if about.resend_unknown && delivery.unknowns < MAX_UNKNOWNS => {
            Outcome::UnknownRetry(about.now)
        }
        Setback::Unknown(_) => Outcome::UnknownHeld,
    }
}

/// The outcome of a delivery that was claimed after its issue had expired.
pub(super) fn expired() -> Outcome {
    Outcome::Failed(
        reply(0, ["the issue expired before it could be sent"]),
        false,
    )
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::model::{
        Claim, DeliveryKey, EmailAddress, IssueNumber, Reader, Reply, SubscriberId,
    };

    fn delivery(attempts: u32, unknowns: u32) -> ClaimedDelivery {
        ClaimedDelivery {
            claim: Claim {
                key: DeliveryKey {
                    issue: IssueNumber(1),
                    number: 0,
                },
                fence: 1,
            },
            subscriber: SubscriberId(1),
            variant: 0,
            reader: Reader {
                address: EmailAddress::parse("jan@example.nl").unwrap(),
                name: None,
                greeting: String::new(),
                since: String::new(),
                unsubscribe_token: String::new(),
                message_id: String::new(),
            },
            attempts,
            unknowns,
        }
    }

    fn now() -> Timestamp {
        "2026-11-23T08:00:00Z".parse().unwrap()
    }

    fn about(losses: u32) -> Circumstances {
        Circumstances {
            now: now(),
            expires_at: now() + SignedDuration::from_mins(30),
            resend_unknown: true,
            losses,
            refuses_us: false,
        }
    }

    fn says(code: u16, text: &str) -> Reply {
        reply(code, [text])
    }

    #[test]
    fn refusals_are_for_good_or_for_now() {
        let judged = |step, reply: &Reply| {
            judge(
                &delivery(1, 0),
                Setback::Refused(step, reply.clone()),
                about(0),
            )
        };
        let (gone, full, later) = (
            says(550, "5.1.1 no"),
            says(552, "5.2.2 full"),
            says(451, "4.2.0 later"),
        );
        let in_five = now() + SignedDuration::from_mins(5);
        assert_eq!(
            judged(Step::Rcpt, &gone),
            Outcome::Failed(gone.clone(), true)
        );
        assert_eq!(
            judged(Step::Dot, &full),
            Outcome::Deferred(full.clone(), in_five)
        );
        assert_eq!(judged(Step::Dot, &later), Outcome::Deferred(later, in_five));
        assert_eq!(judged(Step::Mail, &gone), Outcome::Deferred(gone, in_five));
    }

    #[test]
    fn what_a_relay_says_that_refuses_us_is_due_at_once() {
        let quota = says(550, "5.4.5 daily sending limit");
        let about = Circumstances {
            refuses_us: true,
            ..about(0)
        };
        for step in [Step::Mail, Step::Rcpt, Step::Dot] {
            let setback = Setback::Refused(step, quota.clone());
            let outcome = judge(&delivery(3, 0), setback, about);
            assert_eq!(outcome, Outcome::Deferred(quota.clone(), now()));
        }
    }

    #[test]
    fn past_the_expiry_nothing_is_put_off() {
        let later = says(451, "4.2.0 later");
        let setback = Setback::Refused(Step::Rcpt, later.clone());
        assert_eq!(
            judge(&delivery(3, 0), setback, about(0)),
            Outcome::Failed(later, false)
        );
    }

    #[test]
    fn the_third_unknown_is_held() {
        let judged = |unknowns, resend_unknown| {
            let about = Circumstances {
                resend_unknown,
                ..about(0)
            };
            judge(&delivery(0, unknowns), Setback::Unknown("x".into()), about)
        };
        assert_eq!(judged(0, true), Outcome::UnknownRetry(now()));
        assert_eq!(judged(1, true), Outcome::UnknownRetry(now()));
        assert_eq!(judged(2, true), Outcome::UnknownHeld);
        assert_eq!(judged(0, false), Outcome::UnknownHeld);
    }

    #[test]
    fn a_lost_connection_costs_nothing_until_it_happens_again_and_again() {
        let judged = |losses| judge(&delivery(0, 0), Setback::Lost("x".into()), about(losses));
        assert_eq!(judged(1), Outcome::Released(now()));
        assert_eq!(judged(2), Outcome::Released(now()));
        assert!(matches!(
            judged(3),
            Outcome::Deferred(Reply { code: 0, .. }, _)
        ));
    }
}
