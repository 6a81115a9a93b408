//! The header lines of a message: those that all copies of a variant share, and the three that name the reader.
//!
//! Names and subjects are written by people: they are cleaned of line ends, controls and direction marks first, then
//! encoded (RFC 2047) and folded. Every function gives whole lines that end in CRLF.

use std::borrow::Cow;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use lettre::Address;
use lettre::message::header::{HeaderName, HeaderValue, Headers, To};
use lettre::message::{Mailbox, Mailboxes};
use url::{Host, Url};

use super::Error;
use crate::model::{Digest, EmailAddress, Issue, LEAVING_SUBJECT, Masthead, Reader, leaving_to};

/// Longest display name, in characters: keeps a line far below RFC 5322's 998 octets whatever the script.
const MAX_NAME: usize = 100;

/// Longest subject that is passed on, in characters; a digest's own limit is 60.
const MAX_SUBJECT: usize = 200;

/// Lines are folded here where that is cheap (RFC 5322 §2.1.1).
const FOLD: usize = 76;

/// The headers that stand above those of the reader.
pub(super) fn opening(issue: &Issue, digest: &Digest) -> String {
    let masthead = &issue.masthead;
    let mut lines = mailbox("From", masthead.from_name.as_deref(), &masthead.from);
    if let Some(reply_to) = &masthead.reply_to {
        lines += &mailbox("Reply-To", None, reply_to);
    }
    lines += &text("Subject", &clean(&digest.subject, MAX_SUBJECT));
    // In UTC, whose offset no later law changes: a copy made next year has the same bytes (RFC 5322 §3.3).
    let date = issue.sealed_at.strftime("%a, %d %b %Y %H:%M:%S +0000");
    lines + &format!("Date: {date}\r\nMIME-Version: 1.0\r\n")
}

/// The headers that stand below those of the reader: what this mail is part of.
pub(super) fn closing(issue: &Issue, digest: &Digest) -> Result<String, Error> {
    let masthead = &issue.masthead;
    let label = list_label(issue);
    let archive = link(masthead, "issues/")?;
    let page = link(masthead, &format!("issues/{}/", issue.number))?;
    let mut lines = String::new();
    if masthead.leaving.has_page() && is_one_click(&archive) {
        lines += "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n";
    }
    lines += &list_id(masthead, &label);
    lines += &format!("List-Archive: <{archive}>\r\n");
    lines += &format!("Archived-At: <{page}>\r\n");
    lines += &format!("Content-Language: {}\r\n", digest.language);
    lines += &format!(
        "Feedback-ID: {}:{label}:digest:{}\r\n",
        issue.number,
        sender_id(masthead)
    );
    Ok(lines)
}

/// RFC 8058 §3.1 promises one click over HTTPS only; a server on this very machine, on trial, is as private.
fn is_one_click(address: &str) -> bool {
    let host = Url::parse(address)
        .ok()
        .and_then(|url| url.host().map(|host| host.to_owned()));
    address.starts_with("https:")
        || match host {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        }
}

/// `To`: the reader.
pub(super) fn to(reader: &Reader) -> String {
    mailbox("To", reader.name.as_deref(), &reader.address)
}

/// `Message-ID` (RFC 5322 §3.6.4): the same at every try of a delivery.
pub(super) fn message_id(reader: &Reader, from: &EmailAddress) -> String {
    format!(
        "Message-ID: <{}@{}>\r\n",
        reader.message_id,
        from.ascii_domain()
    )
}

/// `List-Unsubscribe` (RFC 2369 §3.2) without its tokens, which stand between these texts: the page, then the mail.
///
/// In the mail's subject the token stands once more, for those who write addresses in small letters.
pub(super) fn unsubscribe(masthead: &Masthead) -> Result<Vec<String>, Error> {
    const NAME: &str = "List-Unsubscribe: <";
    let page = format!("{NAME}{}", link(masthead, "unsubscribe/")?);
    let Some(inbox) = masthead.leaving.inbox() else {
        return Ok(vec![page, ">\r\n".into()]);
    };
    let mail = leaving_to(inbox, "\n");
    let (to, domain) = mail.split_once('\n').unwrap_or((&mail, ""));
    let behind = format!("{domain}{LEAVING_SUBJECT}%20");
    Ok(match masthead.leaving.has_page() {
        true => vec![page, format!(">,\r\n <{to}"), behind, ">\r\n".into()],
        false => vec![format!("{NAME}{to}"), behind, ">\r\n".into()],
    })
}

/// A URL below the newsletter's own, in the ASCII form that a header needs.
fn link(masthead: &Masthead, path: &str) -> Result<String, Error> {
    Url::parse(&format!("{}/{path}", masthead.url))
        .map(String::from)
        .map_err(|_| Error::Address(masthead.url.clone()))
}

/// `List-Id` (RFC 2919): the schedule at From's domain, so that it outlives every change of name.
fn list_id(masthead: &Masthead, label: &str) -> String {
    let id = format!("<{label}.{}>", masthead.from.ascii_domain());
    match phrase(&clean(&masthead.name, MAX_NAME)) {
        Some(name) => folded("List-Id", &name, &id),
        None => format!("List-Id: {id}\r\n"),
    }
}

/// The schedule's name in ASCII, as one label of a domain.
fn list_label(issue: &Issue) -> String {
    let name = issue.schedule.as_str();
    idna::domain_to_ascii(name).unwrap_or_else(|_| name.escape_unicode().to_string())
}

/// Who sends, for the statistics of mailbox providers: 5 to 15 letters and digits of From's domain, nothing personal.
fn sender_id(masthead: &Masthead) -> String {
    let mut id: String = masthead
        .from
        .ascii_domain()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    if id.len() < 5 {
        id += "courant";
    }
    id.truncate(15);
    id
}

/// One address with its display name, if any is left after cleaning.
fn mailbox(header: &str, name: Option<&str>, address: &EmailAddress) -> String {
    let wire = address.wire();
    match name.and_then(|name| phrase(&clean(name, MAX_NAME))) {
        Some(name) => folded(header, &name, &format!("<{wire}>")),
        None => format!("{header}: {wire}\r\n"),
    }
}

/// A header of a phrase and what it names, folded between the two if it is long.
fn folded(header: &str, phrase: &str, named: &str) -> String {
    let last_line = phrase.rsplit("\r\n").next().unwrap_or(phrase);
    let long = header.len() + last_line.len() + named.len() + 3 > FOLD;
    let fold = if long { "\r\n" } else { "" };
    format!("{header}: {phrase}{fold} {named}\r\n")
}

/// A display name as RFC 5322 §3.2.5 wants it: quoted if it is ASCII, in encoded words (RFC 2047) if not.
fn phrase(name: &str) -> Option<String> {
    if name.is_empty() {
        return None;
    }
    if looks_encoded(name) {
        return Some(encoded_words(name));
    }
    if name.is_ascii() {
        let mut quoted = String::with_capacity(name.len() + 2);
        quoted.push('"');
        for character in name.chars() {
            if matches!(character, '\\' | '"') {
                quoted.push('\\');
            }
            quoted.push(character);
        }
        quoted.push('"');
        return Some(quoted);
    }
    let mut headers = Headers::new();
    let nobody = Address::new_dangerous("x", "x");
    headers.set(To::from(Mailboxes::from(Mailbox::new(
        Some(name.to_owned()),
        nobody,
    ))));
    let line = headers.to_string();
    let encoded = line.strip_prefix("To: ")?.rsplit_once('<')?.0;
    Some(encoded.trim_end().to_owned())
}

/// Whether a reader's program would take a part of it for an encoded word, and show something else (RFC 2047 §5).
fn looks_encoded(text: &str) -> bool {
    text.contains("=?")
}

/// The whole text in encoded words, one a line (RFC 2047 §2), so that what looks like one is none.
fn encoded_words(text: &str) -> String {
    /// Octets whose encoded word and the longest name of a header fit into 75 characters.
    const MOST: usize = 36;
    let mut words: Vec<String> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.floor_char_boundary(MOST));
        words.push(format!("=?utf-8?b?{}?=", BASE64_STANDARD.encode(word)));
        rest = after;
    }
    words.join("\r\n ")
}

/// Free text, encoded and folded.
fn text(header: &'static str, value: &str) -> String {
    if looks_encoded(value) {
        return format!("{header}: {}\r\n", encoded_words(value));
    }
    let mut headers = Headers::new();
    let name = HeaderName::new_from_ascii_str(header);
    headers.insert_raw(HeaderValue::new(name, value.to_owned()));
    headers.to_string()
}

/// One line of plain text: no line ends, no controls, no direction marks, single spaces, not too long.
pub(super) fn clean(text: &str, longest: usize) -> Cow<'_, str> {
    match is_clean_ascii(text) && text.len() <= longest {
        true => Cow::Borrowed(text),
        false => Cow::Owned(cleaned(text, longest)),
    }
}

/// Whether it is clean as it is, as most names and links are; what is not ASCII is looked at more closely.
fn is_clean_ascii(text: &str) -> bool {
    // As if a space stood before it, so that it may not open with one.
    let mut last = b' ';
    for byte in text.bytes() {
        if !matches!(byte, b' '..=b'~') || (byte == b' ' && last == b' ') {
            return false;
        }
        last = byte;
    }
    last != b' ' || text.is_empty()
}

fn cleaned(text: &str, longest: usize) -> String {
    let mut line = String::with_capacity(text.len());
    let words = text.split(|c: char| c.is_whitespace() || is_unwanted(c));
    for word in words.filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if let Some((end, _)) = line.char_indices().nth(longest) {
        line.truncate(end);
        line.truncate(line.trim_end().len());
    }
    line
}

/// Controls, and what reorders or hides the text around it (Unicode TR36 §2.6): bidi marks, zero-width spaces.
fn is_unwanted(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to_line(name: &str) -> String {
        let address = EmailAddress::parse("jan@bücher.example").unwrap();
        mailbox("To", Some(name), &address)
    }

    #[test]
    fn hostile_names_stay_one_header() {
        for name in [
            "Jan\r\nBcc: all@example.nl",
            "Jan\0",
            "\u{202e}naJ\u{2066}",
            "\"Jan\\\" <x@y>, ",
            "=?utf-8?q?Jan?=",
            &"é".repeat(5_000),
            &"x".repeat(5_000),
        ] {
            let line = to_line(name);
            assert!(line.is_ascii(), "{line}");
            assert!(line.ends_with("<jan@xn--bcher-kva.example>\r\n"), "{line}");
            let unfolded = line.trim_end().replace("\r\n ", " ");
            assert!(!unfolded.contains(['\r', '\n', '\0']), "{line}");
            assert!(line.split("\r\n").all(|l| l.len() < 200), "{line}");
        }
    }

    #[test]
    fn names_are_quoted_or_encoded() {
        assert_eq!(
            to_line("J.R. \"Bob\""),
            "To: \"J.R. \\\"Bob\\\"\" <jan@xn--bcher-kva.example>\r\n"
        );
        assert_eq!(
            to_line("Zoë"),
            "To: =?utf-8?b?Wm/Dqw==?= <jan@xn--bcher-kva.example>\r\n"
        );
        assert_eq!(to_line(" \u{200b} "), "To: jan@xn--bcher-kva.example\r\n");
    }

    #[test]
    fn what_is_clean_stays_as_it_is() {
        for text in ["", "Jan Jansen", "https://example.nl/?a=1&b=~"] {
            assert!(
                matches!(clean(text, 100), Cow::Borrowed(same) if same == text),
                "{text:?}"
            );
        }
        for (text, line) in [
            (" Jan", "Jan"),
            ("Jan ", "Jan"),
            ("Jan  Jansen", "Jan Jansen"),
            ("Jan\tJansen\u{7f}", "Jan Jansen"),
            (" ", ""),
            ("abcdef", "abcd"),
            ("abc def", "abc"),
        ] {
            assert_eq!(clean(text, 4.max(line.len())), line, "{text:?}");
        }
    }

    #[test]
    fn what_looks_like_an_encoded_word_reaches_the_reader_as_it_is() {
        for written in [
            "=?utf-8?q?evil=0D=0ABcc:_x=E2=80=AE?=",
            "a =?utf-8?b?Wm/Dqw==?= b",
            "é =?utf-8?q?x?= =?iso-8859-1?q?=A4?=",
            "what =? is that ?=",
            &"=?utf-8?q?😀?= ".repeat(6),
        ] {
            let written = written.trim();
            let lines = [text("Subject", written), to_line(written)].concat();
            assert!(
                lines.is_ascii() && lines.split("\r\n").all(|l| l.len() <= 78),
                "{lines}"
            );
            let parser = mail_parser::MessageParser::new();
            let mail = parser.parse(lines.as_bytes()).unwrap();
            let to = mail.to().and_then(|to| to.first()).and_then(|to| to.name());
            assert_eq!(
                (mail.subject(), to),
                (Some(written), Some(written)),
                "{lines}"
            );
        }
    }

    #[test]
    fn a_subject_is_encoded_and_folded() {
        let line = text("Subject", &clean(&"héél lang ".repeat(50), MAX_SUBJECT));
        assert!(line.is_ascii() && line.starts_with("Subject: =?utf-8?b?"));
        assert!(line.split("\r\n").all(|l| l.len() <= 78), "{line}");
    }
}
