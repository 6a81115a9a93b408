//! Why a delivery stands where it stands, in the few classes that an account adds up.
//!
//! Pure, and for people only: what is done about a refusal is decided where it is received. A relay's enhanced status
//! (RFC 3463) says the class; where it gave none, its code does; what happened on our side has marks of its own.

use super::{DeliveryState, Reply, SuppressionReason};

/// What the store writes in the place of a reply, with code 0, on what an issue's expiry gave up.
pub const EXPIRED: &str = "expired";

/// The same, on what a cancelled issue took out of the queue.
pub const CANCELLED: &str = "cancelled";

/// The same, on what was not sent since its reader was off the list.
pub const REMOVED: &str = "removed";

/// Statuses that say that there is no such mailbox (RFC 3463 §3.2, RFC 7505 §4.2).
const GONE: [&str; 5] = ["1.1", "1.2", "1.3", "1.6", "1.10"];

/// Why a delivery stands where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The relay took it.
    Taken,
    /// The mailbox does not exist.
    MailboxGone,
    /// The mailbox is full.
    MailboxFull,
    /// Refused by policy: us, today, or this kind of mail.
    Policy,
    /// Put off because we are not known yet.
    Greylisted,
    /// The message itself: too large, or of a form that is not taken.
    Content,
    /// Refused for now, for another reason.
    Temporary,
    /// Refused for good, for another reason.
    Refused,
    /// The connection was lost before the message was said.
    ConnectionLost,
    /// The issue expired before it could be sent.
    Expired,
    /// The issue was cancelled before it was sent.
    Cancelled,
    /// The reader was taken off the list.
    Removed,
    /// The reader unsubscribed.
    Unsubscribed,
    /// An earlier mail bounced.
    Bounced,
    /// The reader complained.
    Complained,
    /// The operator suppressed the address.
    Manual,
    /// The connection or the program broke before the relay's answer.
    Unknown,
    /// Its turn has not come.
    Waiting,
    /// Nothing is recorded.
    Unrecorded,
}

impl Cause {
    /// The cause, from where the delivery stands, what the relay said last, and whether its address is suppressed.
    pub fn of(
        state: DeliveryState,
        reply: Option<&Reply>,
        suppression: Option<SuppressionReason>,
    ) -> Self {
        match state {
            DeliveryState::Sent => Self::Taken,
            DeliveryState::Held => Self::Unknown,
            DeliveryState::Suppressed => match suppression {
                _ if reply.is_some_and(|reply| is_mark(reply, CANCELLED)) => Self::Cancelled,
                _ if reply.is_some_and(|reply| is_mark(reply, REMOVED)) => Self::Removed,
                Some(SuppressionReason::Unsubscribed) => Self::Unsubscribed,
                Some(SuppressionReason::Bounced) => Self::Bounced,
                Some(SuppressionReason::Complained) => Self::Complained,
                Some(SuppressionReason::Manual) => Self::Manual,
                None => Self::Unrecorded,
            },
            DeliveryState::Failed => reply.map_or(Self::Unrecorded, Self::of_reply),
            DeliveryState::Queued | DeliveryState::Claimed | DeliveryState::Intent => {
                reply.map_or(Self::Waiting, Self::of_reply)
            }
        }
    }

    fn of_reply(reply: &Reply) -> Self {
        if is_mark(reply, EXPIRED) {
            return Self::Expired;
        }
        if reply.code == 0 {
            return Self::ConnectionLost;
        }
        let permanent = reply.code >= 500;
        if reply.is_greylisting() {
            return Self::Greylisted;
        }
        // The status without its first digit, which the code tells as well.
        let status = reply.enhanced.as_deref().and_then(|s| s.split_once('.'));
        let status = status.map_or("", |(_, rest)| rest);
        let detail = |subject: &str| status.starts_with(subject);
        match reply.code {
            _ if permanent && GONE.contains(&status) => Self::MailboxGone,
            _ if status == "2.2" => Self::MailboxFull,
            _ if detail("7.") => Self::Policy,
            _ if detail("6.") || status == "2.3" || status == "3.4" => Self::Content,
            552 | 452 if status.is_empty() => Self::MailboxFull,
            _ if permanent => Self::Refused,
            _ => Self::Temporary,
        }
    }

    /// The cause in words, also in `--json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken by the relay",
            Self::MailboxGone => "mailbox gone",
            Self::MailboxFull => "mailbox full",
            Self::Policy => "policy",
            Self::Greylisted => "greylisted",
            Self::Content => "content",
            Self::Temporary => "temporary",
            Self::Refused => "refused",
            Self::ConnectionLost => "connection lost",
            Self::Expired => EXPIRED,
            Self::Cancelled => CANCELLED,
            Self::Removed => REMOVED,
            Self::Unsubscribed => "unsubscribed",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
            Self::Manual => "manual",
            Self::Unknown => "unknown whether it arrived",
            Self::Waiting => "waits for its turn",
            Self::Unrecorded => "not recorded",
        }
    }
}

/// Whether it is not the relay's word but a mark of ours. The sender's own word on an expired issue is a sentence.
fn is_mark(reply: &Reply, mark: &str) -> bool {
    let sentence = mark == EXPIRED && reply.text.starts_with("the issue expired");
    reply.code == 0 && (reply.text == mark || sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: u16, enhanced: &str, text: &str) -> Reply {
        Reply {
            code,
            enhanced: (!enhanced.is_empty()).then(|| enhanced.to_owned()),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_refusal_is_classed_by_its_enhanced_status() {
        for (reply, cause) in [
            (said(550, "5.1.1", "no such user"), Cause::MailboxGone),
            (said(556, "5.1.10", "null MX"), Cause::MailboxGone),
            (said(552, "5.2.2", "over quota"), Cause::MailboxFull),
            (said(452, "", "no room"), Cause::MailboxFull),
            (said(550, "5.7.1", "blocked"), Cause::Policy),
            (said(552, "5.3.4", "too big"), Cause::Content),
            (said(554, "5.6.0", "bad form"), Cause::Content),
            (said(550, "5.2.1", "disabled"), Cause::Refused),
            (said(554, "", "no"), Cause::Refused),
            (
                said(0, "", "the connection was closed"),
                Cause::ConnectionLost,
            ),
            (said(0, "", EXPIRED), Cause::Expired),
        ] {
            assert_eq!(
                Cause::of(DeliveryState::Failed, Some(&reply), None),
                cause,
                "{reply:?}"
            );
        }
    }

    #[test]
    fn what_is_queued_says_why_it_was_put_off() {
        for (reply, cause) in [
            (
                said(450, "4.2.0", "Greylisted, come back"),
                Cause::Greylisted,
            ),
            (said(451, "4.7.1", "too much today"), Cause::Policy),
            (said(451, "4.1.1", "who?"), Cause::Temporary),
            (said(421, "", "busy"), Cause::Temporary),
        ] {
            assert_eq!(
                Cause::of(DeliveryState::Queued, Some(&reply), None),
                cause,
                "{reply:?}"
            );
        }
        assert_eq!(
            Cause::of(DeliveryState::Claimed, None, None),
            Cause::Waiting
        );
    }

    #[test]
    fn who_left_and_what_was_cancelled_are_told_apart() {
        let left = Some(SuppressionReason::Unsubscribed);
        let cancelled = said(0, "", CANCELLED);
        let of = |reply, left| Cause::of(DeliveryState::Suppressed, reply, left);
        assert_eq!(of(None, left), Cause::Unsubscribed);
        assert_eq!(of(Some(&cancelled), left), Cause::Cancelled);
        let removed = said(0, "", REMOVED);
        assert_eq!(of(Some(&removed), left), Cause::Removed);
        let deferred = said(451, "4.2.0", "later");
        assert_eq!(of(Some(&deferred), left), Cause::Unsubscribed);
    }
}
