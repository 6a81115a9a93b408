//! HTML as a flat list of pieces: opening tags, closing tags, text.
//!
//! The tokenizer of html5ever does the reading, which is linear and cannot nest; what needs no tree (addresses,
//! pictures, plain text, the depth of nesting) is done on the list, before any parser that builds one sees the text.
//! Written back, the pieces mean exactly what they meant: text is escaped, and elements whose content is not HTML
//! (scripts, styles) are gone, so no parser can take text for markup.

mod attributes;

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::{Rawtext, ScriptData};
use html5ever::tokenizer::{
    CharacterTokens, StartTag, Tag, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer,
    TokenizerOpts,
};

use super::budget;

/// Elements whose content is text to the tokenizer, whatever it looks like (HTML §13.2.6.4), and no text to a reader.
/// A frame's or a text field's content is read as HTML instead, since what feeds have there is.
const RAW: [&str; 5] = ["script", "style", "noembed", "noframes", "noscript"];

/// Elements that are dropped with their content, where they are closed. Of others that mail does not show (films,
/// forms, formulas, drawings) the words stay.
const DROPPED: [&str; 4] = ["template", "applet", "frameset", "head"];

/// Octets that the least of allocations takes.
const LEAST: usize = 32;

/// Octets of a text that is written in one part.
const PART: usize = 512;

/// Octets of an attribute; an address need not be longer (RFC 9110 §4.1).
const MAX_ATTRIBUTE: usize = 8_000;

/// One piece of HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Open(Element),
    Close(String),
    Text(String),
}

/// An opening tag; names are lower-case, values decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
}

impl Element {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn set(&mut self, name: &str, value: String) {
        match self.attributes.iter_mut().find(|(key, _)| key == name) {
            Some((_, old)) => *old = value,
            None => self.attributes.push((name.to_owned(), value)),
        }
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.attributes.retain(|(key, _)| key != name);
    }
}

impl Piece {
    pub(super) fn opens(&self, name: &str) -> bool {
        matches!(self, Self::Open(element) if element.name == name)
    }

    pub(super) fn closes(&self, name: &str) -> bool {
        matches!(self, Self::Close(closed) if closed == name)
    }
}

/// Reads HTML into pieces; raw content (a script, a title) is one text piece between its tags.
pub(super) fn pieces(html: &str) -> Vec<Piece> {
    budget::spend(html.len());
    let html = attributes::bounded(html);
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(&*html));
    let tokenizer = Tokenizer::new(Collector::default(), TokenizerOpts::default());
    // The collector never asks to wait for a script, so one call reads everything.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.pieces.into_inner()
}

#[derive(Default)]
struct Collector {
    pieces: RefCell<Vec<Piece>>,
    /// What the pieces take, in octets, without their texts.
    size: Cell<usize>,
}

impl Collector {
    /// Counts a piece before it is kept, with what its names take from the allocator.
    fn make_room(&self, attributes: usize) {
        let each = size_of::<(String, String)>() + 2 * LEAST;
        let size = self.size.get() + size_of::<Piece>() + LEAST + attributes * each;
        self.size.set(size);
        budget::spend(size_of::<Piece>());
        budget::room_for(size);
    }
}

impl TokenSink for Collector {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut pieces = self.pieces.borrow_mut();
        match token {
            TagToken(tag) if tag.kind == StartTag => {
                self.make_room(tag.attrs.len());
                let element = element_of(tag);
                let state = content_state(&element.name);
                pieces.push(Piece::Open(element));
                return state;
            }
            TagToken(tag) => {
                self.make_room(0);
                pieces.push(Piece::Close((*tag.name).to_owned()));
            }
            CharacterTokens(text) => match pieces.last_mut() {
                Some(Piece::Text(last)) => last.push_str(&text),
                _ => {
                    self.make_room(0);
                    pieces.push(Piece::Text(text.into()));
                }
            },
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

fn element_of(tag: Tag) -> Element {
    Element {
        name: (*tag.name).to_owned(),
        attributes: tag
            .attrs
            .into_iter()
            .map(|attribute| ((*attribute.name.local).to_owned(), attribute.value.into()))
            .collect(),
    }
}

fn content_state(name: &str) -> TokenSinkResult<()> {
    match name {
        "script" => TokenSinkResult::RawData(ScriptData),
        name if RAW.contains(&name) => TokenSinkResult::RawData(Rawtext),
        _ => TokenSinkResult::Continue,
    }
}

/// Leaves out what is no prose, with its content.
pub(super) fn without_machinery(mut pieces: Vec<Piece>) -> Vec<Piece> {
    let mut never_closed: HashSet<String> = HashSet::new();
    let mut skip_until = 0;
    let mut kept = 0;
    for index in 0..pieces.len() {
        if index < skip_until {
            continue;
        }
        match &pieces[index] {
            Piece::Open(element) if RAW.contains(&element.name.as_str()) => {
                let raw = matches!(pieces.get(index + 1), Some(Piece::Text(_)));
                skip_until = index + 1 + usize::from(raw);
            }
            Piece::Open(element) if DROPPED.contains(&element.name.as_str()) => {
                let name = &element.name;
                let end = match never_closed.contains(name) {
                    true => None,
                    false => pieces[index..].iter().position(|piece| piece.closes(name)),
                };
                match end {
                    Some(end) => skip_until = index + end + 1,
                    None => {
                        never_closed.insert(name.clone());
                    }
                }
            }
            Piece::Close(name) if is_machinery(name) => {}
            _ => {
                pieces.swap(kept, index);
                kept += 1;
            }
        }
    }
    pieces.truncate(kept);
    pieces
}

fn is_machinery(name: &str) -> bool {
    RAW.contains(&name) || DROPPED.contains(&name)
}

/// Writes the pieces as HTML.
pub(super) fn write(pieces: &[Piece]) -> String {
    let mut html = String::with_capacity(1024);
    for piece in pieces {
        match piece {
            Piece::Text(text) => escape_into(&mut html, text),
            tag => write_tag(&mut html, tag, usize::MAX),
        }
    }
    html
}

/// The same for a parser whose tree is serialised again: html5ever looks from each character that it escapes to the end of
/// its text or attribute. So a long text comes in parts, which empty comments keep apart, and a long attribute not at all.
pub(super) fn write_in_parts(pieces: &[Piece]) -> String {
    let mut html = String::with_capacity(1024);
    for piece in pieces {
        let Piece::Text(text) = piece else {
            write_tag(&mut html, piece, MAX_ATTRIBUTE);
            continue;
        };
        let mut rest = text.as_str();
        while rest.len() > PART {
            let (part, after) = rest.split_at(rest.floor_char_boundary(PART));
            escape_into(&mut html, part);
            html.push_str("<!---->");
            rest = after;
        }
        escape_into(&mut html, rest);
    }
    html
}

fn write_tag(html: &mut String, tag: &Piece, longest: usize) {
    match tag {
        Piece::Open(element) => {
            html.push('<');
            html.push_str(&element.name);
            for (name, value) in &element.attributes {
                if value.len() > longest {
                    continue;
                }
                html.push(' ');
                html.push_str(name);
                html.push_str("=\"");
                escape_into(html, value);
                html.push('"');
            }
            html.push('>');
        }
        Piece::Close(name) => {
            html.push_str("</");
            html.push_str(name);
            html.push('>');
        }
        Piece::Text(_) => {}
    }
}

/// Escapes text for an element or a quoted attribute.
pub(super) fn escape_into(html: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest
        .bytes()
        .position(|octet| matches!(octet, b'&' | b'<' | b'>' | b'"'))
    {
        html.push_str(&rest[..at]);
        html.push_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            _ => "&quot;",
        });
        rest = &rest[at + 1..];
    }
    html.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_written_back_say_the_same() {
        let html = r#"<p class="x">A &amp; B <a href="/?a=1&amp;b=2">hier</a><br></p>"#;
        assert_eq!(write(&pieces(html)), html);
    }

    #[test]
    fn a_long_text_in_parts_is_the_same_text() {
        let text = "één & ander; ".repeat(2_000);
        let html = format!(
            "<p title=\"{}\">{}</p>",
            "&amp;".repeat(9_000),
            text.replace('&', "&amp;")
        );
        let parts = write_in_parts(&pieces(&html));
        assert!(parts.matches("<!---->").count() >= text.len() / PART && !parts.contains("title"));
        let texts = pieces(&parts).into_iter().filter_map(|piece| match piece {
            Piece::Text(text) => Some(text),
            _ => None,
        });
        assert_eq!(texts.collect::<String>(), text);
    }

    #[test]
    fn scripts_and_styles_go_with_their_content() {
        let html = "<p>a<script>if (1 < 2) '</p>'</script>b<style>p{}</style><svg><p>c</svg>\
                    <template>d</template>e<noscript><img></noscript></p>";
        assert_eq!(
            write(&without_machinery(pieces(html))),
            "<p>ab<svg><p>c</svg>e</p>".to_owned()
        );
    }

    #[test]
    fn an_unclosed_template_does_not_eat_the_post() {
        let html = "<template><p>een</p><template><p>twee</p>";
        assert_eq!(
            write(&without_machinery(pieces(html))),
            "<p>een</p><p>twee</p>"
        );
    }
}
