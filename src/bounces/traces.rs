//! What only we can have made, wherever a report still has it: in the head of the mail that it returns, as a part or quoted
//! in its text, or in what it answers to.
//!
//! Some servers send their reports to the bare address, and providers take the reader's out; but the mail's own return path,
//! its link to leave or its Message-ID is mostly there. Nothing is believed here: they are handed on to be judged.

use mail_parser::{Message, PartType};

use super::fields::{Group, addresses, groups};
use super::parts::{is_type, text_of, values};

/// Characters of a token: 38 bytes in base64url.
const TOKEN: usize = 51;

/// What may be glued to a token: the end of a percent-encoded character, the first letters of a line.
const GLUED: usize = 8;

/// Characters of the left part of our Message-IDs: 16 bytes in hex.
const MESSAGE_ID: usize = 32;

/// Traces of a kind that are looked at: our mail has one or two.
const MOST: usize = 20;

/// Heads in which a mail's own names are given, where it is quoted.
const NAMES: [&str; 3] = ["Return-Path", "List-Unsubscribe", "Message-ID"];

/// What a report has of ours.
#[derive(Debug, Default)]
pub(super) struct Traces {
    /// Addresses that may be a return path of ours.
    pub(super) paths: Vec<String>,
    /// Words that may be a token to leave.
    pub(super) links: Vec<String>,
    /// Left parts that may be those of our Message-IDs.
    pub(super) message_ids: Vec<String>,
}

/// Looks for them.
pub(super) fn traces(mail: &Message<'_>) -> Traces {
    let mut traces = Traces::default();
    let quoted = mail.body_text(0).map(|text| groups(&text));
    for head in returned_heads(mail).into_iter().chain(quoted) {
        for name in NAMES {
            for value in head.iter().flat_map(|group| group.all(name)) {
                traces.keep(name, value);
            }
        }
    }
    for name in ["In-Reply-To", "References"] {
        for value in values(mail, name) {
            traces.keep("Message-ID", &value);
        }
    }
    traces
}

impl Traces {
    fn keep(&mut self, name: &str, value: &str) {
        let kept = match name {
            "Return-Path" => &mut self.paths,
            "List-Unsubscribe" => &mut self.links,
            _ => &mut self.message_ids,
        };
        let found: Vec<&str> = match name {
            "Return-Path" => addresses(value).collect(),
            "List-Unsubscribe" => tokens(value).collect(),
            _ => message_ids(value).collect(),
        };
        for one in found {
            if kept.len() < MOST && kept.iter().all(|known| known != one) {
                kept.push(one.to_owned());
            }
        }
    }
}

/// What may be a token, in links as they are and as gateways re-write them.
fn tokens(value: &str) -> impl Iterator<Item = &str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let words = value.split(move |c: char| !fits(c));
    let words = words.filter(|word| (TOKEN..=TOKEN + GLUED).contains(&word.len()));
    words.flat_map(|word| [&word[..TOKEN], &word[word.len() - TOKEN..]])
}

fn message_ids(value: &str) -> impl Iterator<Item = &str> {
    let is_hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    let lefts = addresses(value).filter_map(|id| id.split_once('@').map(|(left, _)| left));
    lefts.filter(move |left| left.len() == MESSAGE_ID && left.bytes().all(is_hex))
}

/// The headers of what was returned: a whole message, its head alone (`text/rfc822-headers`, RFC 6522 §4), or a text that
/// has them.
pub(super) fn returned_heads(mail: &Message<'_>) -> Vec<Vec<Group>> {
    let heads = mail.parts.iter().filter_map(|part| match &part.body {
        PartType::Message(inner) => {
            let lines = inner.headers_raw();
            let text: String = lines
                .map(|(name, value)| format!("{name}:{value}"))
                .collect();
            Some(groups(&text))
        }
        PartType::Text(text) => Some(groups(text)),
        _ if is_type(part, &["rfc822-headers", "global-headers"]) => Some(groups(&text_of(part))),
        _ => None,
    });
    heads.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_found_in_links_of_any_shape() {
        let token = format!("A-_{}", "x".repeat(48));
        for link in [
            format!("<https://nieuws.test/unsubscribe/{token}>"),
            format!("<mailto:terug+{token}@nieuws.test?subject=unsubscribe%20{token}>"),
            format!(
                "<https://safe.test/?url=https%3A%2F%2Fnieuws.test%2Funsubscribe%2F{token}&data=1>"
            ),
            format!("<mailto:terug%2B{token}%40nieuws.test>"),
        ] {
            assert!(tokens(&link).any(|found| found == token), "{link}");
        }
        assert_eq!(tokens(&"x".repeat(300)).count(), 0);
        assert_eq!(tokens("<https://nieuws.test/>").count(), 0);
    }

    #[test]
    fn message_ids_of_our_form_are_found() {
        let id = "0123456789abcdef0123456789abcdef";
        let value = format!("<x@y.test> <{id}@nieuws.test>");
        assert_eq!(message_ids(&value).collect::<Vec<_>>(), [id]);
        assert_eq!(message_ids(id).count(), 0);
    }
}
