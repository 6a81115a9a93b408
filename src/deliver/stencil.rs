//! A variant, encoded once into the bytes of a message, with gaps where the reader's own fields go.
//!
//! A copy for a reader is then a splice: no rendering, no encoding but that of a few short fields. The same issue, digest
//! and reader give the same bytes for ever: nothing comes from clock or chance. What a stencil promises of every copy:
//! CRLF only, no line over 998 octets (RFC 5322 §2.1.1), none that opens with a dot, one of each header. That is checked
//! when the stencil is made; what a reader adds later is cleaned and encoded, so that it cannot break it.

use std::borrow::Cow;
use std::sync::Arc;

use super::dkim::{relaxed_lines, signed};
use super::message::{Message, Span};
use super::{Error, headers, quoted};
use crate::model::{Digest, DkimKey, EmailAddress, Issue, Masthead, Reader, Slot, SlotNonce};

/// Longest line without its CRLF (RFC 5322 §2.1.1).
const MAX_LINE: usize = 998;

/// Longest value of a slot, in characters.
const MAX_VALUE: usize = 500;

/// Headers that stand in every message, once each.
const DEMANDED: [&str; 13] = [
    "archived-at",
    "content-language",
    "content-type",
    "date",
    "feedback-id",
    "from",
    "list-archive",
    "list-id",
    "list-unsubscribe",
    "message-id",
    "mime-version",
    "subject",
    "to",
];

/// A variant that is ready to be copied for its readers; clones share it.
#[derive(Debug, Clone)]
pub struct Stencil(Arc<Plate>);

/// The encoded variant.
#[derive(Debug)]
pub(super) struct Plate {
    pieces: Vec<Piece>,
    /// The first piece of the body: what stands before it are headers.
    body: usize,
    masthead: Masthead,
    octets: usize,
}

/// A stretch of the message.
#[derive(Debug, Clone)]
enum Piece {
    /// The same in every copy.
    Fixed(Fixed),
    /// The whole `To` header.
    To,
    /// The whole `Message-ID` header.
    MessageId,
    /// The token in the `List-Unsubscribe` header.
    Token,
    /// A slot of a part: quoted-printable, from the start of a line to the start of a line.
    Slot(Slot, Markup),
}

/// Text that all copies share: in the body, whole lines.
#[derive(Debug, Clone)]
struct Fixed {
    text: String,
    /// The text as a signature sees it (RFC 6376 §3.4.4), where that differs.
    relaxed: Option<String>,
}

/// What a slot's value must be escaped for.
#[derive(Debug, Clone, Copy)]
enum Markup {
    Plain,
    Html,
}

impl Stencil {
    /// Encodes a digest of an issue.
    ///
    /// # Errors
    /// If the newsletter's URL is none, or if the message would break a rule of its format.
    pub fn new(issue: &Issue, digest: &Digest) -> Result<Self, Error> {
        let mut draft = Draft::default();
        draft.fixed(&headers::opening(issue, digest));
        draft.pieces([Piece::To, Piece::MessageId]);
        for (at, text) in headers::unsubscribe(&issue.masthead)?.iter().enumerate() {
            if at > 0 {
                draft.pieces([Piece::Token]);
            }
            draft.fixed(text);
        }
        draft.fixed(&headers::closing(issue, digest)?);
        draft.body(digest, &issue.nonce);
        let stencil = Self(Arc::new(Plate {
            octets: draft.octets,
            body: draft.body,
            pieces: draft.finish(),
            masthead: issue.masthead.clone(),
        }));
        check(&stencil.message(&sample_reader(&issue.masthead.from)))?;
        Ok(stencil)
    }

    /// The whole message for one reader, with CRLF line ends; its bytes can follow `DATA` as they are.
    ///
    /// ASCII, unless the reader's local part is not (RFC 6532).
    pub fn message(&self, reader: &Reader) -> String {
        self.copy(reader).to_string()
    }

    /// The copy for one reader: its own words, and the rest by reference.
    pub fn copy(&self, reader: &Reader) -> Message {
        let plate = &self.0;
        let mut own = String::with_capacity(1_536);
        let mut spans = Vec::with_capacity(plate.pieces.len());
        let mut head = 0;
        for (at, piece) in plate.pieces.iter().enumerate() {
            if at == plate.body {
                head = spans.len();
            }
            let from = own.len();
            match piece {
                Piece::Fixed(_) => {
                    spans.push(Span::Shared(at));
                    continue;
                }
                Piece::To => own += &headers::to(reader),
                Piece::MessageId => own += &headers::message_id(reader, &plate.masthead.from),
                Piece::Token => own += &reader.unsubscribe_token,
                Piece::Slot(slot, markup) => plate.fill(*slot, *markup, reader, &mut own),
            }
            spans.push(Span::Own(from..own.len()));
        }
        Message::new(plate.clone(), own, spans, head)
    }
}

impl Stencil {
    /// The copy for one reader, with a signature of each key above it.
    ///
    /// # Errors
    /// If a key cannot sign.
    pub fn signed_copy(&self, reader: &Reader, keys: &[DkimKey]) -> Result<Message, Error> {
        signed(self.copy(reader), keys)
    }
}

impl Plate {
    /// Octets of all that is shared.
    pub(super) fn octets(&self) -> usize {
        self.octets
    }

    /// The text of a shared piece.
    pub(super) fn shared(&self, at: usize) -> &str {
        match self.pieces.get(at) {
            Some(Piece::Fixed(fixed)) => &fixed.text,
            _ => "",
        }
    }

    /// The text of a shared piece of the body, as a signature sees it.
    pub(super) fn relaxed(&self, at: usize) -> &str {
        match self.pieces.get(at) {
            Some(Piece::Fixed(fixed)) => fixed.relaxed.as_deref().unwrap_or(&fixed.text),
            _ => "",
        }
    }

    fn fill(&self, slot: Slot, markup: Markup, reader: &Reader, message: &mut String) {
        let value: Cow<'_, str> = match slot {
            Slot::Greeting => reader.greeting.as_str().into(),
            Slot::Address => reader.address.to_string().into(),
            Slot::Since => reader.since.as_str().into(),
            Slot::Unsubscribe => self.masthead.way_out(&reader.unsubscribe_token).into(),
        };
        let value = headers::clean(&value, MAX_VALUE);
        let value = match markup {
            Markup::Plain => value,
            Markup::Html => escape(&value),
        };
        if !quoted::encode(&value, message) {
            *message += quoted::SOFT_BREAK;
        }
    }
}

/// Escapes for HTML text and for attribute values in either quote.
fn escape(value: &str) -> Cow<'_, str> {
    if !value.contains(['&', '<', '>', '"', '\'']) {
        return value.into();
    }
    let escaped = value
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;");
    escaped.into()
}

/// A stencil in the making.
#[derive(Default)]
struct Draft {
    done: Vec<Piece>,
    open: String,
    octets: usize,
    /// The first piece of the body, once there is one.
    body: usize,
}

impl Draft {
    fn fixed(&mut self, text: &str) {
        self.open += text;
        self.octets += text.len();
    }

    fn pieces<const N: usize>(&mut self, pieces: [Piece; N]) {
        let open = std::mem::take(&mut self.open);
        if !open.is_empty() {
            let relaxed = match self.body {
                0 => None,
                _ => Some(relaxed_lines(&open)).filter(|relaxed| *relaxed != open),
            };
            self.done.push(Piece::Fixed(Fixed {
                text: open,
                relaxed,
            }));
        }
        self.done.extend(pieces);
    }

    /// Both parts in `multipart/alternative` (RFC 2046 §5.1.4), the better one last; or the text alone.
    fn body(&mut self, digest: &Digest, nonce: &SlotNonce) {
        let Some(html) = &digest.html else {
            self.fixed(&part_head("plain"));
            self.end_head();
            return self.part(&digest.text, Markup::Plain, nonce);
        };
        // `=_` cannot occur in quoted-printable, so no line of a part is ever taken for the boundary.
        let boundary = format!("=_{}", nonce.0);
        self.fixed(&format!(
            "Content-Type: multipart/alternative;\r\n boundary=\"{boundary}\"\r\n\r\n"
        ));
        self.end_head();
        self.fixed(&format!("--{boundary}\r\n{}", part_head("plain")));
        self.part(&digest.text, Markup::Plain, nonce);
        self.fixed(&format!("--{boundary}\r\n{}", part_head("html")));
        self.part(html, Markup::Html, nonce);
        self.fixed(&format!("--{boundary}--\r\n"));
    }

    /// The headers end here.
    fn end_head(&mut self) {
        self.pieces([]);
        self.body = self.done.len();
    }

    fn part(&mut self, text: &str, markup: Markup, nonce: &SlotNonce) {
        let mut rest = text.trim_end_matches('\n');
        while let Some((at, slot, token)) = next_slot(rest, nonce) {
            self.encoded(&rest[..at]);
            self.pieces([Piece::Slot(slot, markup)]);
            rest = &rest[at + token..];
        }
        let mut end = String::new();
        quoted::encode(rest, &mut end);
        self.fixed(&(end + "\r\n"));
    }

    /// Fixed text before a slot: ends at the start of a line, so that no token is cut and every line stays short.
    fn encoded(&mut self, text: &str) {
        let mut out = String::with_capacity(text.len() + text.len() / 16);
        if !quoted::encode(text, &mut out) {
            out += quoted::SOFT_BREAK;
        }
        self.fixed(&out);
    }

    fn finish(mut self) -> Vec<Piece> {
        self.pieces([]);
        self.done
    }
}

fn part_head(subtype: &str) -> String {
    format!(
        "Content-Type: text/{subtype}; charset=utf-8\r\n\
         Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
}

/// The first slot of the text: where its token begins, which it is, how long the token is.
fn next_slot(text: &str, nonce: &SlotNonce) -> Option<(usize, Slot, usize)> {
    Slot::ALL
        .into_iter()
        .filter_map(|slot| {
            let token = slot.token(nonce);
            text.find(&token).map(|at| (at, slot, token.len()))
        })
        .min_by_key(|(at, ..)| *at)
}

/// A reader whose copy stands for all in the check.
fn sample_reader(from: &EmailAddress) -> Reader {
    Reader {
        address: from.clone(),
        name: Some("Sample".into()),
        greeting: "Hello".into(),
        since: "today".into(),
        unsubscribe_token: "x".repeat(51),
        message_id: "x".repeat(32),
    }
}

/// The rules of RFC 5322 §2 and §3.6 that a relay or a reader's program could trip over.
fn check(message: &str) -> Result<(), Error> {
    if message.replace("\r\n", "").contains(['\r', '\n', '\0']) {
        return Err(Error::Message("has a bare CR, a bare LF or a NUL"));
    }
    if !message.ends_with("\r\n") {
        return Err(Error::Message("does not end in a line end"));
    }
    if message.split("\r\n").any(|line| line.len() > MAX_LINE) {
        return Err(Error::Message("has a line over 998 octets"));
    }
    if message.split("\r\n").any(|line| line.starts_with('.')) {
        return Err(Error::Message("has a line that opens with a dot"));
    }
    let Some((head, _)) = message.split_once("\r\n\r\n") else {
        return Err(Error::Message("has no end of its headers"));
    };
    let mut names: Vec<String> = head
        .split("\r\n")
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split(':').next().unwrap_or(line).to_lowercase())
        .collect();
    names.sort();
    let count = names.len();
    names.dedup();
    if names.len() != count {
        return Err(Error::Message("has a header twice"));
    }
    if DEMANDED.iter().any(|name| !names.iter().any(|n| n == name)) {
        return Err(Error::Message("lacks a header"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(extra: &str) -> String {
        let headers: String = DEMANDED.iter().map(|n| format!("{n}: x\r\n")).collect();
        format!("{headers}{extra}\r\nbody\r\n")
    }

    #[test]
    fn the_check_finds_each_fault() {
        assert!(check(&message("")).is_ok());
        for fault in [
            "To: y\r\n".to_owned(),
            "X: a\rb\r\n".to_owned(),
            "X: a\nb\r\n".to_owned(),
            format!("X: {}\r\n", "a".repeat(999)),
            "\r\n.\r\n".to_owned(),
        ] {
            assert!(check(&message(&fault)).is_err(), "{fault:?} was not found");
        }
        assert!(check(&message("").replace("date: x\r\n", "")).is_err());
        assert!(check(message("").trim_end()).is_err());
    }

    #[test]
    fn slots_are_found_in_the_order_of_the_text() {
        let nonce = SlotNonce("0".repeat(32));
        let since = Slot::Since.token(&nonce);
        let text = format!("a {since} b {}", Slot::Address.token(&nonce));
        assert_eq!(
            next_slot(&text, &nonce),
            Some((2, Slot::Since, since.len()))
        );
        assert_eq!(next_slot("slot0since", &nonce), None);
    }
}
