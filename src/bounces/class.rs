//! What a bounce is worth, by its enhanced status (RFC 3463) and by the words that came with it.
//!
//! | status | class | why |
//! |---|---|---|
//! | 5.1.1, 5.1.2, 5.1.3, 5.1.6, 5.1.10 | hard | no such mailbox or domain: as a refusal while sending |
//! | x.7.x; x.6.x, x.1.7, x.1.8, x.2.3, x.3.4; greylisting | policy | we or this mail are not wanted: never the reader's fault |
//! | x.2.2, x.2.1, x.4.x, x.3.x, all others, none | soft | may pass: counted |
//!
//! The words of the server that refused (`Diagnostic-Code`) go before `Status`, which the reporting server may have made
//! up: some say 5.1.1 to every refusal. Words never make a bounce worse, only better: who says 5.1.1 of our own address, or
//! of a mailbox that is full, says nothing about whether the reader is there.

use super::status::{enhanced, refusal, smtp_code};
use super::words::{are_about_us, are_passing, tell_of_another_address};
use crate::model::{Bounce, BounceClass, Cause, DeliveryState, Reply, Words};

/// The sender's address, or its system, is refused (RFC 3463 §3.2).
const OUR_ADDRESS: [&str; 2] = ["1.7", "1.8"];

/// The class of a failure, from its `Status` and what the server said.
pub(super) fn class(status: Option<&str>, said: &str) -> Bounce {
    let told = status.and_then(enhanced);
    let refusal = refusal(said);
    let status = refusal
        .clone()
        .filter(|status| is_specific(status))
        .or(told)
        .or(refusal);
    let code = match status.as_deref() {
        Some(status) if status.starts_with('4') => 450,
        Some(_) => 550,
        None => smtp_code(said).unwrap_or(0),
    };
    let reply = Reply {
        code,
        enhanced: status.clone(),
        text: said.to_owned(),
    };
    let detail = status.as_deref().and_then(|s| s.split_once('.'));
    let detail = detail.map_or("", |(_, detail)| detail);
    let class = match Cause::of(DeliveryState::Failed, Some(&reply), None) {
        Cause::MailboxGone => BounceClass::Hard,
        Cause::Policy | Cause::Content | Cause::Greylisted => BounceClass::Policy,
        _ if OUR_ADDRESS.contains(&detail) => BounceClass::Policy,
        _ => BounceClass::Soft,
    };
    let class = in_the_light_of(&Words::of(said), class, detail);
    Bounce { class, status }
}

fn in_the_light_of(words: &Words, class: BounceClass, detail: &str) -> BounceClass {
    match class {
        BounceClass::Hard if are_about_us(words) => BounceClass::Policy,
        BounceClass::Hard if are_passing(words) || tell_of_another_address(words) => {
            BounceClass::Soft
        }
        // A status of the mailbox (x.2.x) is the reader's, whatever is said about it.
        BounceClass::Soft
            if !detail.starts_with("2.") && !are_passing(words) && are_about_us(words) =>
        {
            BounceClass::Policy
        }
        class => class,
    }
}

/// Whether it says more than "failed".
fn is_specific(status: &str) -> bool {
    !status.ends_with(".0.0")
}

#[cfg(test)]
mod tests {
    use super::BounceClass::{Hard, Policy, Soft};
    use super::*;

    fn all_are(expected: BounceClass, cases: &[(Option<&str>, &str)]) {
        for (status, said) in cases {
            assert_eq!(class(*status, said).class, expected, "{status:?} {said}");
        }
    }

    #[test]
    fn a_mailbox_that_is_gone_is_hard() {
        all_are(
            Hard,
            &[
                (Some("5.1.1"), "smtp; 550 no"),
                (Some("5.1.2"), ""),
                (Some("5.1.10"), "null MX"),
                (Some("5.1.1 (bad destination mailbox)"), ""),
                (Some("5.0.0"), "smtp; 550-5.1.1 The account does not exist"),
                (Some("5.0.0"), "smtp; 550 #5.1.3 bad"),
                (
                    Some("5.0.0"),
                    "smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found",
                ),
                (
                    Some("5.0.0"),
                    "smtp; 550 sorry, no mailbox here by that name. (#5.1.1)",
                ),
                (Some("5.0.0"), "smtp; 550 <jan@reader.test> 5.1.1 unknown"),
                (None, "550 5.1.1 unknown"),
                (
                    None,
                    "Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound'",
                ),
                (
                    None,
                    "mx.reader.test #5.1.1 smtp;550 5.1.1 no such user #SMTP#",
                ),
                (Some("5.1.1"), "x-unix; user unknown"),
                (
                    Some("5.1.1"),
                    "smtp; 550 5.1.1 User jan not listed in Domino Directory",
                ),
                // What they are called says nothing.
                (
                    Some("5.1.1"),
                    "smtp; 550 5.1.1 <quota@blocked.test>: mx1.spamfilter.test has no such user",
                ),
                (
                    Some("5.1.1"),
                    "smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's address. See https://support.mail.test/?p=policy",
                ),
            ],
        );
    }

    #[test]
    fn what_may_pass_is_soft() {
        all_are(
            Soft,
            &[
                (Some("5.2.2"), ""),
                (Some("5.2.2"), "smtp; 552 5.2.2 over quota, see our policy"),
                (Some("5.2.1"), ""),
                (Some("4.4.7"), ""),
                (Some("5.4.4"), ""),
                (Some("5.0.0"), "smtp; 550 User unknown"),
                (Some("5.1.0"), ""),
                (Some("4.1.1"), ""),
                (None, "Unrouteable address"),
                (None, ""),
                (Some("nonsense"), "192.0.2.5 said nothing"),
                // The mailbox is there.
                (Some("5.1.1"), "smtp; 550 5.1.1 mailbox full"),
                (Some("5.1.1"), "smtp; 552 5.1.1 The user's Inbox is full"),
                (
                    Some("5.1.1"),
                    "smtp; 550 5.1.1 Quota exceeded (mailbox for user is full)",
                ),
                (Some("5.1.1"), "smtp; 550 5.1.1 Postfach ist voll"),
                (Some("5.1.1"), "smtp; 550 5.1.1 boîte aux lettres pleine"),
                (Some("5.1.1"), "smtp; 550 5.1.1 postvak is vol"),
                (Some("5.1.1"), "smtp; 550 5.1.1 temporarily unavailable"),
                // Another one is not.
                (
                    Some("5.1.1"),
                    "x-postfix; unknown user: <ex@reader.test> (expanded from <jan@reader.test>)",
                ),
                // Numbers that are no codes.
                (Some("5.0.0"), "smtp; 550 gateway 5.1.1 could not deliver"),
                (Some("5.0.0"), "smtp; 554 Exim 5.1.1 says no"),
                (Some("5.0.0"), "smtp; 554 no (mx 10.5.1.1)"),
                (Some("5.0.0"), "smtp; 554 no, id 5.1.1"),
                (Some("5.0.0"), "smtp; 554 no, ticket #5.1.1 on filter-5.1.1"),
            ],
        );
    }

    #[test]
    fn what_is_about_us_is_never_held_against_the_reader() {
        all_are(
            Policy,
            &[
                (Some("5.1.1"), "smtp; 550 5.7.1 blocked"),
                (Some("5.7.26"), ""),
                (Some("4.7.1"), "greylisted"),
                (Some("5.6.0"), ""),
                (Some("5.3.4"), ""),
                (Some("5.1.8"), ""),
                (Some("5.1.7"), "smtp; 501 5.1.7 bad"),
                (Some("5.7.1"), "smtp; 554 Message blocked (gateway 5.1.1)"),
                (
                    Some("5.0.0"),
                    "smtp; 550 5.1.1 Sender verify failed: could not deliver mail to bounces@x.test",
                ),
                (
                    Some("5.1.1"),
                    "smtp; 550 5.1.1 Sender address rejected: undeliverable",
                ),
                (Some("5.1.1"), "smtp; 550 5.1.1 rate-limited, come back"),
                (Some("5.1.1"), "smtp; 550 5.1.1 Too many messages from you"),
                (
                    Some("5.1.1"),
                    "smtp; 554 5.1.1 Message blocked due to spam content",
                ),
                (Some("5.1.1"), "smtp; 550 5.1.1 Relay access denied"),
                (Some("5.1.1"), "smtp; 550 5.1.1 SPF check failed"),
                (Some("5.0.0"), "smtp; 550 rejected due to local policy"),
                (
                    None,
                    "554 Service unavailable; client host is listed by an RBL",
                ),
            ],
        );
    }
}
