//! What a bounce is worth, by its enhanced status (RFC 3463).
//!
//! | status | class | why |
//! |---|---|---|
//! | 5.1.1, 5.1.2, 5.1.3, 5.1.6, 5.1.10 | hard | no such mailbox or domain: as a refusal while sending |
//! | x.7.x; x.6.x, x.2.3, x.3.4; greylisting | policy | we or this mail are not wanted: never the reader's fault |
//! | x.2.2, x.2.1, x.4.x, x.3.x, all others, none | soft | may pass: counted |
//!
//! The words of the server that refused (`Diagnostic-Code`) go before `Status`, which the reporting server may have made
//! up: some say 5.1.1 to every refusal.

use crate::model::{Bounce, BounceClass, Cause, DeliveryState, Reply};

/// The class of a failure, from its `Status` and what the server said.
pub(super) fn class(status: Option<&str>, said: &str) -> Bounce {
    let told = status.and_then(enhanced);
    let status = enhanced(said)
        .filter(|status| is_specific(status))
        .or(told)
        .or_else(|| enhanced(said));
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
    let class = match Cause::of(DeliveryState::Failed, Some(&reply), None) {
        Cause::MailboxGone => BounceClass::Hard,
        Cause::Policy | Cause::Content | Cause::Greylisted => BounceClass::Policy,
        _ => BounceClass::Soft,
    };
    Bounce { class, status }
}

/// The first enhanced status of a failure in a text, in whatever brackets: `550-5.1.1`, `#5.1.0`, `(5.4.1)`.
fn enhanced(text: &str) -> Option<String> {
    let words = text.split(|c: char| c.is_whitespace() || c == '-');
    let mut words = words.map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric()));
    words.find(|word| is_enhanced(word)).map(str::to_owned)
}

fn is_enhanced(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    let numeric =
        |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    parts.len() == 3 && matches!(parts[0], "4" | "5") && parts.iter().all(numeric)
}

/// Whether it says more than "failed".
fn is_specific(status: &str) -> bool {
    !status.ends_with(".0.0")
}

/// The first SMTP code of a failure in a text.
fn smtp_code(text: &str) -> Option<u16> {
    let mut words = text.split(|c: char| !c.is_ascii_digit());
    let word =
        words.find(|word| word.len() == 3 && (word.starts_with('4') || word.starts_with('5')));
    word?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds() {
        use BounceClass::{Hard, Policy, Soft};
        for (status, said, expected) in [
            (Some("5.1.1"), "smtp; 550 no", Hard),
            (Some("5.1.2"), "", Hard),
            (Some("5.1.10"), "null MX", Hard),
            (
                Some("5.0.0"),
                "smtp; 550-5.1.1 The account does not exist",
                Hard,
            ),
            (Some("5.0.0"), "smtp; 550 #5.1.3 bad", Hard),
            (None, "550 5.1.1 unknown", Hard),
            (Some("5.1.1"), "smtp; 550 5.7.1 blocked", Policy),
            (Some("5.7.26"), "", Policy),
            (Some("4.7.1"), "greylisted", Policy),
            (Some("5.6.0"), "", Policy),
            (Some("5.3.4"), "", Policy),
            (Some("5.2.2"), "", Soft),
            (Some("5.2.1"), "", Soft),
            (Some("4.4.7"), "", Soft),
            (Some("5.4.4"), "", Soft),
            (Some("5.0.0"), "smtp; 550 User unknown", Soft),
            (Some("5.1.0"), "", Soft),
            (Some("4.1.1"), "", Soft),
            (None, "Unrouteable address", Soft),
            (None, "", Soft),
            (Some("nonsense"), "192.0.2.5 said nothing", Soft),
        ] {
            assert_eq!(class(status, said).class, expected, "{status:?} {said}");
        }
    }
}
