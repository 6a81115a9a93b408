//! What the relay said, in the form that is kept: a code, an enhanced status (RFC 3463) and a short, clean text.
//!
//! A reply is written by a stranger and often quotes the reader's address: addresses and control characters are removed
//! here, so that a reply may be logged and printed. Whom a refusal is about, `blame` tells.

use crate::model::Reply;

/// Longest text that is kept, in characters.
const MAX_TEXT: usize = 500;

/// Makes a reply of a code and its text lines.
pub(super) fn reply<'a>(code: u16, lines: impl IntoIterator<Item = &'a str>) -> Reply {
    let mut enhanced = None;
    let mut text = String::new();
    for line in lines {
        let mut rest = line.split_whitespace().peekable();
        if let Some(status) = rest.peek().and_then(|word| enhanced_status(code, word)) {
            enhanced.get_or_insert_with(|| status.to_owned());
            rest.next();
        }
        for word in rest.map(without_address) {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
        }
    }
    if text.len() > MAX_TEXT || text.contains(char::is_control) {
        let visible = text.chars().filter(|c| !c.is_control());
        text = visible.take(MAX_TEXT).collect();
    }
    Reply {
        code,
        enhanced,
        text,
    }
}

/// Makes a reply of its lines as the stream hands them up.
pub(super) fn parse(text: &str) -> Reply {
    let code = text.get(..3).and_then(|code| code.parse().ok());
    let lines = text.lines().filter_map(|line| line.get(4..));
    reply(code.unwrap_or(0), lines)
}

/// The word, if it is an enhanced status whose class agrees with the code (RFC 2034 §4).
fn enhanced_status(code: u16, word: &str) -> Option<&str> {
    let mut parts = word.split('.');
    let class: u16 = parts.next()?.parse().ok()?;
    let numeric = |part: Option<&str>| {
        part.is_some_and(|p| (1..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))
    };
    let whole = numeric(parts.next()) && numeric(parts.next()) && parts.next().is_none();
    (whole && class == code / 100).then_some(word)
}

fn without_address(word: &str) -> &str {
    if word.contains('@') { "…" } else { word }
}

/// Whether it refuses us by policy (RFC 3463 §3.8): a reason to stop, never to blame the reader.
pub(super) fn is_policy(reply: &Reply) -> bool {
    reply
        .enhanced
        .as_deref()
        .is_some_and(|status| status.starts_with("5.7.") || status.starts_with("4.7."))
}

/// 2yz: done (RFC 5321 §4.2.1).
pub(super) fn is_done(reply: &Reply) -> bool {
    (200..300).contains(&reply.code)
}

/// 3yz: go on (RFC 5321 §4.2.1).
pub(super) fn is_go_on(reply: &Reply) -> bool {
    (300..400).contains(&reply.code)
}

/// 5yz: refused for good (RFC 5321 §4.2.1).
pub(super) fn is_permanent(reply: &Reply) -> bool {
    (500..600).contains(&reply.code)
}

/// The reply as one line for people: `550 5.1.1 no such user`.
pub(super) fn line(reply: &Reply) -> String {
    match &reply.enhanced {
        Some(status) => format!("{} {status} {}", reply.code, reply.text),
        None => format!("{} {}", reply.code, reply.text),
    }
}

#[cfg(test)]
mod tests {
    use super::super::blame::is_gone;
    use super::*;

    #[test]
    fn addresses_and_repeated_statuses_are_removed() {
        let reply = reply(
            550,
            [
                "5.1.1 <jan@example.nl>: no",
                "5.1.1 such\u{7} user, jan@example.nl",
            ],
        );
        assert_eq!(reply.enhanced.as_deref(), Some("5.1.1"));
        assert_eq!(line(&reply), "550 5.1.1 … no such user, …");
        assert!(is_gone(&reply));
    }

    #[test]
    fn a_status_of_another_class_is_text() {
        let reply = reply(451, ["5.1.1 later"]);
        assert_eq!(
            (reply.enhanced.as_deref(), reply.text.as_str()),
            (None, "5.1.1 later")
        );
        assert!(!is_gone(&reply));
    }

    #[test]
    fn only_a_missing_mailbox_is_gone() {
        for (text, gone, policy) in [
            ("5.1.10 null mx", true, false),
            ("5.2.2 full", false, false),
            ("5.7.1 spam", false, true),
            ("no status", false, false),
        ] {
            let reply = reply(550, [text]);
            assert_eq!(
                (is_gone(&reply), is_policy(&reply)),
                (gone, policy),
                "{text}"
            );
        }
    }

    #[test]
    fn a_long_text_is_cut() {
        let long = "x ".repeat(2_000);
        assert_eq!(reply(250, [long.as_str()]).text.chars().count(), MAX_TEXT);
    }
}
