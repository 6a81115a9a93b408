//! HTML as a flat list of pieces: opening tags, closing tags, text.
//!
//! The tokenizer of html5ever does the reading, which is linear and cannot nest; what needs no tree (addresses,
//! pictures, plain text, the depth of nesting) is done on the list, before any parser that builds one sees the text.
//! Written back, the pieces mean exactly what they meant: text is escaped, and elements whose content is not HTML
//! (scripts, styles, titles, foreign XML) are gone, so no parser can take text for markup.

use std::cell::RefCell;
use std::collections::HashSet;

use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::{Rawtext, Rcdata, ScriptData};
use html5ever::tokenizer::{
    CharacterTokens, StartTag, Tag, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer,
    TokenizerOpts,
};

/// Deeper nesting is refused: the time of every tree builder grows with the square of it (550 KB took 13.8 s).
pub(super) const MAX_NESTING: usize = 256;

/// Elements whose content is text to the tokenizer, whatever it looks like (HTML §13.2.6.4).
const RAW: [&str; 10] = [
    "script",
    "style",
    "title",
    "textarea",
    "xmp",
    "iframe",
    "noembed",
    "noframes",
    "noscript",
    "plaintext",
];

/// Elements that are dropped with their content, where they are closed.
const DROPPED: [&str; 13] = [
    "svg", "math", "template", "object", "applet", "audio", "video", "canvas", "select", "form",
    "button", "frameset", "head",
];

const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
];

/// Elements that close by themselves when their like begins, so that a list without `</li>` does not nest.
const IMPLIED: [&str; 11] = [
    "p", "li", "dd", "dt", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup",
];

/// Elements that are reopened behind the end of the block that they were opened in (HTML §13.2.4.3).
const FORMATTING: [&str; 14] = [
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
];

/// Elements that stand apart, with a blank line around them.
const BLOCKS: [&str; 28] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "center",
    "details",
    "div",
    "dl",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "ul",
];

/// Elements that begin a line.
const BREAKS: [&str; 5] = ["br", "dd", "dt", "li", "tr"];

/// Elements whose text is no running text.
const NOT_PROSE: [&str; 9] = [
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "figcaption",
    "table",
    "pre",
];

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
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    let tokenizer = Tokenizer::new(Collector::default(), TokenizerOpts::default());
    // The collector never asks to wait for a script, so one call reads everything.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner()
}

#[derive(Default)]
struct Collector(RefCell<Vec<Piece>>);

impl TokenSink for Collector {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut pieces = self.0.borrow_mut();
        match token {
            TagToken(tag) if tag.kind == StartTag => {
                let element = element_of(tag);
                let state = content_state(&element.name);
                pieces.push(Piece::Open(element));
                return state;
            }
            TagToken(tag) => pieces.push(Piece::Close(tag.name.to_string())),
            CharacterTokens(text) => match pieces.last_mut() {
                Some(Piece::Text(last)) => last.push_str(&text),
                _ => pieces.push(Piece::Text(text.to_string())),
            },
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

fn element_of(tag: Tag) -> Element {
    Element {
        name: tag.name.to_string(),
        attributes: tag
            .attrs
            .into_iter()
            .map(|attribute| {
                (
                    attribute.name.local.to_string(),
                    attribute.value.to_string(),
                )
            })
            .collect(),
    }
}

fn content_state(name: &str) -> TokenSinkResult<()> {
    match name {
        "title" | "textarea" => TokenSinkResult::RawData(Rcdata),
        "script" => TokenSinkResult::RawData(ScriptData),
        "plaintext" => TokenSinkResult::Plaintext,
        name if RAW.contains(&name) => TokenSinkResult::RawData(Rawtext),
        _ => TokenSinkResult::Continue,
    }
}

/// Leaves out what is no prose, with its content.
pub(super) fn without_machinery(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut kept = Vec::with_capacity(pieces.len());
    let mut never_closed: HashSet<String> = HashSet::new();
    let mut skip_until = 0;
    for (index, piece) in pieces.iter().enumerate() {
        if index < skip_until {
            continue;
        }
        match piece {
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
            other => kept.push(other.clone()),
        }
    }
    kept
}

fn is_machinery(name: &str) -> bool {
    RAW.contains(&name) || DROPPED.contains(&name)
}

/// How deep a tree builder would nest these pieces, counted on the safe side.
pub(super) fn nesting(pieces: &[Piece]) -> usize {
    let mut open: Vec<&str> = Vec::new();
    let mut deepest = 0;
    for piece in pieces {
        match piece {
            Piece::Open(element) if counts(&element.name) => {
                open.push(&element.name);
                deepest = deepest.max(open.len());
                if deepest > MAX_NESTING {
                    break;
                }
            }
            Piece::Close(name) => close(&mut open, name),
            _ => {}
        }
    }
    deepest
}

fn counts(name: &str) -> bool {
    !VOID.contains(&name) && !IMPLIED.contains(&name)
}

/// Closes the innermost element of the name and what is open inside it, except what would be reopened.
fn close(open: &mut Vec<&str>, name: &str) {
    let Some(at) = open.iter().rposition(|&opened| opened == name) else {
        return;
    };
    let reopened: Vec<&str> = match FORMATTING.contains(&name) {
        true => open[at + 1..].to_vec(),
        false => open[at + 1..]
            .iter()
            .copied()
            .filter(|inner| FORMATTING.contains(inner))
            .collect(),
    };
    open.truncate(at);
    open.extend(reopened);
}

/// Writes the pieces as HTML.
pub(super) fn write(pieces: &[Piece]) -> String {
    let mut html = String::new();
    for piece in pieces {
        match piece {
            Piece::Open(element) => {
                html.push('<');
                html.push_str(&element.name);
                for (name, value) in &element.attributes {
                    html.push(' ');
                    html.push_str(name);
                    html.push_str("=\"");
                    escape_into(&mut html, value);
                    html.push('"');
                }
                html.push('>');
            }
            Piece::Close(name) => {
                html.push_str("</");
                html.push_str(name);
                html.push('>');
            }
            Piece::Text(text) => escape_into(&mut html, text),
        }
    }
    html
}

/// Escapes text for an element or a quoted attribute.
pub(super) fn escape_into(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c => html.push(c),
        }
    }
}

/// The plain text: a line a block, a blank line between paragraphs, spaces collapsed.
pub(super) fn text(pieces: &[Piece]) -> String {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Open(element) if BREAKS.contains(&element.name.as_str()) => text.push('\n'),
            Piece::Open(Element { name, .. }) | Piece::Close(name)
                if BLOCKS.contains(&name.as_str()) =>
            {
                text.push_str("\n\n");
            }
            Piece::Open(Element { name, .. }) | Piece::Close(name)
                if matches!(name.as_str(), "td" | "th") =>
            {
                text.push(' ');
            }
            Piece::Text(words) => push_collapsed(&mut text, words),
            _ => {}
        }
    }
    tidy_lines(&text)
}

/// The running text alone.
pub(super) fn prose(pieces: &[Piece]) -> String {
    let mut inside = 0_usize;
    let kept: Vec<Piece> = pieces
        .iter()
        .filter(|piece| match piece {
            Piece::Open(element) if NOT_PROSE.contains(&element.name.as_str()) => {
                inside += 1;
                false
            }
            Piece::Close(name) if NOT_PROSE.contains(&name.as_str()) => {
                inside = inside.saturating_sub(1);
                false
            }
            _ => inside == 0,
        })
        .cloned()
        .collect();
    text(&kept)
}

/// A line break in the source is a space in the text.
fn push_collapsed(text: &mut String, words: &str) {
    for c in words.chars() {
        let c = if c.is_whitespace() { ' ' } else { c };
        if c != ' ' || !text.ends_with([' ', '\n']) {
            text.push(c);
        }
    }
}

fn tidy_lines(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    for line in text.lines().map(str::trim) {
        if line.is_empty() && (tidy.is_empty() || tidy.ends_with("\n\n")) {
            continue;
        }
        tidy.push_str(line);
        tidy.push('\n');
    }
    tidy.truncate(tidy.trim_end().len());
    tidy
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(html: &str) -> usize {
        nesting(&without_machinery(pieces(html)))
    }

    #[test]
    fn pieces_written_back_say_the_same() {
        let html = r#"<p class="x">A &amp; B <a href="/?a=1&amp;b=2">hier</a><br></p>"#;
        assert_eq!(write(&pieces(html)), html);
    }

    #[test]
    fn scripts_styles_and_foreign_xml_go_with_their_content() {
        let html = "<p>a<script>if (1 < 2) '</p>'</script>b<style>p{}</style><svg><p>c</svg>\
                    <form><input>d</form>e<noscript><img></noscript></p>";
        assert_eq!(
            write(&without_machinery(pieces(html))),
            "<p>abe</p>".to_owned()
        );
    }

    #[test]
    fn an_unclosed_form_does_not_eat_the_post() {
        let html = "<form><p>een</p><form><p>twee</p>";
        assert_eq!(
            write(&without_machinery(pieces(html))),
            "<p>een</p><p>twee</p>"
        );
    }

    #[test]
    fn nesting_is_counted_as_a_parser_would_build_it() {
        assert_eq!(depth(&"<p>a".repeat(999)), 0);
        assert_eq!(depth(&"<ul><li>a</ul>".repeat(999)), 1);
        assert_eq!(depth(&"<div>".repeat(50)), 50);
        assert!(depth(&"<div><b x=1></div>".repeat(999)) > MAX_NESTING);
        assert!(depth(&"<div><!--</div>-->".repeat(999)) > MAX_NESTING);
        assert!(depth(&"<div><p title='</div>'>".repeat(999)) > MAX_NESTING);
    }

    #[test]
    fn text_has_a_line_a_block() {
        let html = "<h2>Kop</h2>\n<p>Een\n  <b>vette</b> zin.<br>Regel</p><ul><li>a</li><li>b</li></ul>&lt;x&gt;";
        assert_eq!(
            text(&pieces(html)),
            "Kop\n\nEen vette zin.\nRegel\n\na\nb\n\n<x>"
        );
    }
}
