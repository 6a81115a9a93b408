//! What a text of a feed means: plain text, HTML or XHTML, packed in base64, encoded twice.
//!
//! RSS has no word for the kind of a text, so it is guessed, on the careful side: only a text with a closing tag or a
//! known reference, and without a tag that HTML does not know, is taken for HTML.

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::entities;
use super::reading::TextKind;

/// Elements of HTML that a text may hold and still be HTML.
const KNOWN: [&str; 103] = [
    "a",
    "abbr",
    "acronym",
    "address",
    "area",
    "article",
    "aside",
    "audio",
    "b",
    "big",
    "blockquote",
    "br",
    "button",
    "canvas",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "command",
    "datagrid",
    "datalist",
    "dd",
    "del",
    "details",
    "dfn",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "em",
    "fieldset",
    "figcaption",
    "figure",
    "font",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "input",
    "ins",
    "kbd",
    "keygen",
    "label",
    "legend",
    "li",
    "m",
    "map",
    "menu",
    "meter",
    "multicol",
    "nav",
    "nextid",
    "noscript",
    "ol",
    "optgroup",
    "option",
    "output",
    "p",
    "pre",
    "progress",
    "q",
    "s",
    "samp",
    "section",
    "select",
    "small",
    "sound",
    "source",
    "spacer",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "video",
    "mark",
    "ruby",
    "rt",
    "rp",
];

/// How a text says that it is to be read.
#[derive(Debug, Clone)]
pub(super) struct Params {
    /// A media type in lower case.
    kind: String,
    pub(super) base64: bool,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            kind: "text/html".to_owned(),
            base64: false,
        }
    }
}

impl Params {
    /// Of a `type` and a `mode` (Atom 0.3).
    pub(super) fn new(kind: &str, mode: Option<&str>) -> Self {
        let kind = kind.trim().to_ascii_lowercase();
        let kind = match kind.as_str() {
            "" | "text" | "plain" => "text/plain".to_owned(),
            "html" => "text/html".to_owned(),
            "xhtml" => "application/xhtml+xml".to_owned(),
            _ => kind,
        };
        let base64 = mode.is_some_and(|mode| mode.eq_ignore_ascii_case("base64"))
            || !(kind.starts_with("text/") || kind.ends_with("+xml") || kind.ends_with("/xml"));
        Self { kind, base64 }
    }

    pub(super) fn is_xml(&self) -> bool {
        self.kind.ends_with("xml")
    }

    pub(super) fn is_xhtml(&self) -> bool {
        self.kind == "application/xhtml+xml"
    }

    pub(super) fn become_xhtml(&mut self) {
        "application/xhtml+xml".clone_into(&mut self.kind);
    }

    pub(super) fn kind(&self) -> TextKind {
        match self.kind.as_str() {
            "text/plain" => TextKind::Plain,
            "text/html" => TextKind::Html,
            "application/xhtml+xml" => TextKind::Xhtml,
            other => TextKind::Other(other.to_owned()),
        }
    }

    /// Whether readers can be shown it as a summary.
    pub(super) fn is_readable(&self) -> bool {
        !matches!(self.kind(), TextKind::Other(_))
    }
}

/// Whether a text that calls itself plain is HTML.
pub(super) fn looks_like_html(text: &str) -> bool {
    let mut closed = false;
    for (at, _) in text.match_indices('<') {
        let rest = &text[at + 1..];
        let closing = rest.starts_with('/');
        let name = word(rest.strip_prefix('/').unwrap_or(rest));
        if name.is_empty() {
            continue;
        }
        if !KNOWN.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return false;
        }
        closed |= closing && rest[1 + name.len()..].starts_with('>');
    }
    for (at, _) in text.match_indices('&') {
        let rest = &text[at + 1..];
        let number = rest.starts_with('#');
        let name = word(rest.strip_prefix('#').unwrap_or(rest));
        if name.is_empty() || !rest[usize::from(number) + name.len()..].starts_with(';') {
            continue;
        }
        if !number && !entities::is_named(name) {
            return false;
        }
        closed = true;
    }
    closed
}

fn word(text: &str) -> &str {
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    &text[..end]
}

/// The content of a `div` that holds all of an XHTML text.
pub(super) fn without_wrapper(text: String) -> String {
    let inner = text.trim();
    let opened = inner
        .strip_prefix("<div")
        .filter(|rest| rest.starts_with(['>', ' ']))
        .and_then(|rest| Some((rest, rest.find('>')?)))
        .map(|(rest, end)| &rest[end + 1..]);
    let Some(inner) = opened.and_then(|rest| rest.strip_suffix("</div>")) else {
        return text;
    };
    let mut depth = 0_usize;
    let mut rest = inner;
    // Text is escaped here, so that every `<` begins a tag.
    while let Some(at) = rest.find("div") {
        let before = &rest[..at];
        rest = &rest[at + 3..];
        if before.ends_with("</") && rest.starts_with('>') {
            match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return text,
            }
        } else if before.ends_with('<') && rest.starts_with(['>', ' ']) {
            depth += 1;
        }
    }
    inner.to_owned()
}

/// The text in base64, where it is text (RFC 4648; line breaks and other characters are passed over, as in mail).
pub(super) fn unpacked(text: &str) -> Option<String> {
    let lenient = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let engine = GeneralPurpose::new(&base64::alphabet::STANDARD, lenient);
    let packed: Vec<u8> = text
        .bytes()
        .filter(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte))
        .collect();
    String::from_utf8(engine.decode(packed).ok()?).ok()
}

/// Sets right a text whose UTF-8 was taken for Latin-1 and encoded again, and controls that are windows-1252.
pub(super) fn set_right(text: String) -> (String, bool) {
    if text.is_ascii() {
        return (text, false);
    }
    if let Some(bytes) = latin1(&text)
        && let Ok(once) = String::from_utf8(bytes)
    {
        return (once, true);
    }
    let has_c1 = text.chars().any(|c| ('\u{80}'..='\u{9f}').contains(&c));
    match has_c1 {
        true => (text.chars().map(of_windows).collect(), false),
        false => (text, false),
    }
}

fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).ok())
        .collect()
}

fn of_windows(c: char) -> char {
    let code = u32::from(c);
    match code {
        0x80..=0x9f => html5ever::data::C1_REPLACEMENTS[(code - 0x80) as usize].unwrap_or(c),
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_told_from_text_on_the_careful_side() {
        for html in ["<b>x</b>", "Q &amp; A", "a<br>b &#8217;"] {
            assert!(looks_like_html(html), "{html}");
        }
        for text in [
            "a < b",
            "a<br>b",
            "Q & A",
            "<script>x</script>",
            "<b>x</b> <foo>",
            "&nope; </b>",
        ] {
            assert!(!looks_like_html(text), "{text}");
        }
    }

    #[test]
    fn one_wrapper_goes_and_two_neighbours_stay() {
        for (text, expected) in [
            ("<div xmlns=\"x\"><p>a</p></div>", "<p>a</p>"),
            ("<div>a<div>b</div></div>", "a<div>b</div>"),
            ("<div>a</div><div>b</div>", "<div>a</div><div>b</div>"),
            ("<p>a</p>", "<p>a</p>"),
        ] {
            assert_eq!(without_wrapper(text.to_owned()), expected);
        }
    }

    #[test]
    fn base64_and_double_encoding_are_undone() {
        assert_eq!(unpacked("PHA+\n YTwvcD4="), Some("<p>a</p>".to_owned()));
        assert_eq!(unpacked("/////"), None);
        assert_eq!(set_right("cafÃ©".to_owned()), ("café".to_owned(), true));
        assert_eq!(set_right("café".to_owned()), ("café".to_owned(), false));
        assert_eq!(set_right("a\u{92}b".to_owned()), ("a’b".to_owned(), false));
    }
}
