//! Reads feed XML into pieces: tags, text, character data, as they stand in the document.
//!
//! Tolerant as a browser is: what cannot be a tag is text, a quote that nobody closes ends with its tag, and nothing
//! stops the reading. It looks at every byte a bounded number of times, so that it is linear in the document.

use std::borrow::Cow;

use super::super::budget;
use super::doctype::{self, Entities};
use super::entities;
use super::repairs::{Repair, Repairs};

/// One piece of a document.
#[derive(Debug, PartialEq)]
pub(super) enum Token<'a> {
    Start {
        name: &'a str,
        attributes: Vec<(&'a str, Cow<'a, str>)>,
        closed: bool,
    },
    End(&'a str),
    /// Text with its references resolved.
    Text(Cow<'a, str>),
}

/// The pieces of one document, in order.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    entities: Entities,
    /// Of each mark that was looked for in vain: nobody looks again.
    absent: [bool; 5],
    seen_root: bool,
    /// Declarations of a document type that were read.
    doctypes: usize,
    pub(super) repairs: Repairs,
    /// The doctype names Netscape, which tells one RSS 0.91 from the other.
    pub(super) netscape: bool,
    /// The document ends inside a tag, a comment or character data.
    pub(super) cut: bool,
}

/// XML has one; a feed within other markup has that one's too. Each may be looked through to the document's end.
const MAX_DOCTYPES: usize = 4;

/// More of an element say nothing: they are found by looking at one after the other.
const MAX_ATTRIBUTES: usize = 200;

/// Marks that end something, and their place in [`Scanner::absent`].
const COMMENT_END: (&str, usize) = ("-->", 0);
const CDATA_END: (&str, usize) = ("]]>", 1);
const INSTRUCTION_END: (&str, usize) = ("?>", 2);
const DOUBLE_QUOTE: (&str, usize) = ("\"", 3);
const SINGLE_QUOTE: (&str, usize) = ("'", 4);

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            entities: Entities::default(),
            absent: [false; 5],
            seen_root: false,
            doctypes: 0,
            repairs: Repairs::default(),
            netscape: false,
            cut: false,
        }
    }

    /// The next piece, or `None` at the end.
    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        while self.at < self.text.len() {
            let from = self.at;
            let rest = &self.text[from..];
            let token = match rest.as_bytes() {
                [b'<', b'!', ..] => self.declaration(),
                [b'<', b'?', ..] => self.instruction(),
                [b'<', b'/', next, ..] if is_name_start(*next) => Some(self.end_tag()),
                [b'<', next, ..] if is_name_start(*next) => self.start_tag(),
                _ => self.words(),
            };
            budget::spend(self.at - from);
            if token.is_some() {
                return token;
            }
        }
        None
    }

    /// Whether the document's own entities would give more than they may: what was read is not what it says.
    pub(super) fn overflows(&self) -> bool {
        self.entities.overflow()
    }

    /// Moves behind a mark and gives what stood before it; `None` where there is none in the rest of the document.
    fn until(&mut self, from: usize, (mark, slot): (&str, usize)) -> Option<&'a str> {
        if self.absent[slot] {
            return None;
        }
        match self.text.get(from..)?.find(mark) {
            Some(length) => {
                self.at = from + length + mark.len();
                Some(&self.text[from..from + length])
            }
            None => {
                budget::spend(self.text.len() - from);
                self.absent[slot] = true;
                None
            }
        }
    }

    /// Moves behind the next `>`, or to the end.
    fn until_tag_end(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let length = rest.find('>').unwrap_or(rest.len());
        self.at = (self.at + length + 1).min(self.text.len());
        &rest[..length]
    }

    /// A comment, character data, a doctype or another declaration.
    fn declaration(&mut self) -> Option<Token<'a>> {
        let rest = &self.text[self.at..];
        if rest.starts_with("<!--") {
            if self.until(self.at + 4, COMMENT_END).is_none() {
                self.repairs.note(Repair::OpenComment, "");
                self.until_tag_end();
            }
            return None;
        }
        if rest.starts_with("<![CDATA[") {
            let from = self.at + 9;
            if let Some(data) = self.until(from, CDATA_END) {
                return Some(Token::Text(data.into()));
            }
            self.cut = true;
            self.at = self.text.len();
            return Some(Token::Text(self.text[from..].into()));
        }
        let is_doctype = rest.len() > 9 && rest.as_bytes()[..9].eq_ignore_ascii_case(b"<!doctype");
        if is_doctype && self.doctypes < MAX_DOCTYPES {
            self.doctypes += 1;
            budget::spend(rest.len());
            let doctype = doctype::read(rest);
            self.netscape |= doctype.netscape;
            if self.entities.is_empty() {
                self.entities = doctype.entities;
            }
            self.at += doctype.length;
            return None;
        }
        self.until_tag_end();
        None
    }

    /// `<?xml …?>` and its like say nothing that is not known by now.
    fn instruction(&mut self) -> Option<Token<'a>> {
        let declaration = self.text[self.at..].starts_with("<?xml ");
        if declaration && self.seen_root {
            self.repairs.note(Repair::SecondDeclaration, "");
        }
        if self.until(self.at + 2, INSTRUCTION_END).is_none() {
            self.until_tag_end();
        }
        None
    }

    fn end_tag(&mut self) -> Token<'a> {
        self.at += 2;
        let rest = &self.text[self.at..];
        let length = rest
            .find(|c: char| c == '>' || c == '<' || c.is_ascii_whitespace())
            .unwrap_or(rest.len());
        let name = &rest[..length];
        self.at += length;
        // What stands between the name and the end of the tag has no meaning.
        let rest = &self.text[self.at..];
        match rest.find(['>', '<']) {
            Some(end) => self.at += end + usize::from(rest[end..].starts_with('>')),
            None => {
                self.cut = true;
                self.at = self.text.len();
            }
        }
        Token::End(name)
    }

    fn start_tag(&mut self) -> Option<Token<'a>> {
        let start = self.at;
        self.at += 1;
        let name = self.name();
        let mut attributes = Vec::new();
        loop {
            self.skip_space();
            let rest = &self.text.as_bytes()[self.at..];
            match rest {
                [] => {
                    // The document ends inside this tag: it says nothing whole.
                    self.cut = true;
                    return None;
                }
                [b'>', ..] => {
                    self.at += 1;
                    break;
                }
                [b'/', b'>', ..] => {
                    self.at += 2;
                    self.seen_root = true;
                    return Some(Token::Start {
                        name,
                        attributes,
                        closed: true,
                    });
                }
                [b'<', ..] => {
                    self.repairs
                        .note(Repair::OpenTag, &self.text[start..self.at]);
                    break;
                }
                [b'/' | b'=' | b'"' | b'\'', ..] => self.at += 1,
                _ => {
                    let attribute = self.attribute();
                    if attributes.len() < MAX_ATTRIBUTES {
                        attributes.push(attribute);
                    }
                }
            }
        }
        self.seen_root = true;
        Some(Token::Start {
            name,
            attributes,
            closed: false,
        })
    }

    fn name(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let length = rest
            .find(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/' | '<' | '='))
            .unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start_matches(|c: char| c.is_ascii_whitespace());
        self.at += rest.len() - trimmed.len();
    }

    fn attribute(&mut self) -> (&'a str, Cow<'a, str>) {
        let name = self.name();
        self.skip_space();
        if !self.text[self.at..].starts_with('=') {
            return (name, Cow::Borrowed(""));
        }
        self.at += 1;
        self.skip_space();
        let raw = match self.text.as_bytes().get(self.at) {
            Some(b'"') => self.quoted(DOUBLE_QUOTE),
            Some(b'\'') => self.quoted(SINGLE_QUOTE),
            _ => self.unquoted(),
        };
        let value = entities::resolve(raw, &self.entities, &mut self.repairs);
        (name, value)
    }

    fn quoted(&mut self, quote: (&str, usize)) -> &'a str {
        let from = self.at + 1;
        match self.until(from, quote) {
            Some(value) => value,
            None => {
                self.at = from;
                self.unquoted()
            }
        }
    }

    fn unquoted(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let length = rest
            .find(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '<'))
            .unwrap_or(rest.len());
        let value = &rest[..length];
        // `<a href=x/>`: the slash belongs to the tag.
        let value = match rest[length..].starts_with('>') {
            true => value.strip_suffix('/').unwrap_or(value),
            false => value,
        };
        self.at += value.len();
        value
    }

    /// Text up to the next tag; a `<` that begins none is text.
    fn words(&mut self) -> Option<Token<'a>> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut end = start;
        if bytes[start] == b'<' {
            self.repairs.note(Repair::BareLess, "");
            end += 1;
        }
        loop {
            let Some(found) = self.text[end..].find('<') else {
                end = self.text.len();
                break;
            };
            end += found;
            match bytes.get(end + 1) {
                Some(b'!' | b'?' | b'/') => break,
                Some(next) if is_name_start(*next) => break,
                _ => {
                    self.repairs.note(Repair::BareLess, "");
                    end += 1;
                }
            }
        }
        self.at = end;
        let text = entities::resolve(&self.text[start..end], &self.entities, &mut self.repairs);
        Some(Token::Text(text))
    }
}

/// ASCII letters, `_`, `:` and everything beyond ASCII (XML 1.0 §2.3, leniently).
fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte == b':' || byte >= 0x80
}
