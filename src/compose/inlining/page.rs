//! Reads a page that is plainly written: one whose tags show where each element begins, ends and stands.
//!
//! In goes HTML; out come its pieces and the style sheet, or nothing for a page that only a parser of HTML can read: an
//! element left open, an attribute without double quotes, a cell outside its row. Style sheets that do not stay are left out.

use super::sheet::OUTLOOK_MARK;

/// Elements that have no end.
const VOID: [&str; 6] = ["area", "br", "hr", "img", "meta", "wbr"];

/// Elements whose content is no markup, or for which a parser has rules of its own. No mail has them.
const STRANGE: [&str; 25] = [
    "base",
    "button",
    "caption",
    "col",
    "colgroup",
    "embed",
    "form",
    "frameset",
    "iframe",
    "input",
    "link",
    "math",
    "noembed",
    "noframes",
    "noscript",
    "option",
    "plaintext",
    "script",
    "select",
    "source",
    "svg",
    "template",
    "textarea",
    "track",
    "xmp",
];

/// Elements that end a paragraph.
const BLOCKS: [&str; 16] = [
    "blockquote",
    "center",
    "div",
    "dl",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "ol",
    "p",
    "pre",
    "table",
    "ul",
];

/// Elements that may hold nothing but rows or cells: a parser moves everything else out.
const FRAMES: [&str; 5] = ["table", "tbody", "thead", "tfoot", "tr"];

/// What css-inline looks for on an element.
const MARK: &str = "data-css-inline";

/// A page as read.
#[derive(Debug, Default)]
pub(super) struct Page<'a> {
    pub pieces: Vec<Piece<'a>>,
    /// All its style sheets, in their order.
    pub sheet: String,
    /// An element brings a style of its own.
    pub has_own_styles: bool,
    /// Bytes of the whole.
    pub length: usize,
    /// What a comment begins with that is a [`Piece::Mark`]; empty for none.
    mark: &'a str,
    /// The elements that are open.
    open: Vec<&'a str>,
}

/// A part of a page.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    /// It goes over as it is.
    Kept(&'a str),
    Open(Tag<'a>),
    /// A comment on a line of its own, in the place of a part that is laid in.
    Mark {
        /// What follows the mark.
        name: &'a str,
        /// The elements that are open there.
        within: Vec<&'a str>,
    },
}

/// The opening tag of an element.
#[derive(Debug)]
pub(super) struct Tag<'a> {
    text: &'a str,
    name: &'a str,
    classes: &'a str,
    /// Its own style, escaped; empty if it has none.
    pub style: &'a str,
    /// What it says to css-inline.
    mark: &'a str,
}

impl<'a> Page<'a> {
    /// Reads a page; `None` if it is not plainly written.
    pub fn read(html: &'a str) -> Option<Self> {
        Self::read_marked(html, "")
    }

    /// Reads a page in which comments that begin with `mark` stand for parts.
    pub fn read_marked(html: &'a str, mark: &'a str) -> Option<Self> {
        // What is not written, a parser adds.
        let whole = ["<html", "<head", "<body"]
            .iter()
            .all(|tag| html.contains(tag));
        if !whole || html.contains('\0') {
            return None;
        }
        let mut page = Self {
            length: html.len(),
            mark,
            ..Self::default()
        };
        page.take(html)?;
        page.open.is_empty().then_some(page)
    }

    /// Reads a part of a page that stands within these elements, and leaves them open.
    pub fn read_part(html: &'a str, within: &[&'a str]) -> Option<Self> {
        let mut page = Self {
            length: html.len(),
            open: within.to_vec(),
            ..Self::default()
        };
        page.take(html)?;
        (page.open == within && !html.contains('\0')).then_some(page)
    }

    fn take(&mut self, html: &'a str) -> Option<()> {
        let mut rest = html;
        while !rest.is_empty() {
            let taken = match rest.as_bytes() {
                [b'<', b'!', ..] => self.take_comment(rest, html)?,
                [b'<', b'/', ..] => self.take_end(rest)?,
                [b'<', ..] => self.take_start(rest)?,
                _ => self.take_text(rest)?,
            };
            rest = &rest[taken..];
        }
        Some(())
    }

    fn take_comment(&mut self, rest: &'a str, html: &'a str) -> Option<usize> {
        let end = if rest.starts_with("<!--") { "-->" } else { ">" };
        let taken = rest.find(end)? + end.len();
        if !self.mark.is_empty()
            && let Some(name) = rest[..taken].strip_prefix(self.mark)
        {
            let above = &html[..html.len() - rest.len()];
            let line = above.ends_with('\n') && rest[taken..].starts_with('\n');
            let name = name.strip_suffix(end)?;
            let within = self.open.clone();
            self.pieces.push(Piece::Mark { name, within });
            return line.then_some(taken + 1);
        }
        self.pieces.push(Piece::Kept(&rest[..taken]));
        Some(taken)
    }

    fn take_text(&mut self, rest: &'a str) -> Option<usize> {
        let taken = rest.find('<').unwrap_or(rest.len());
        let text = &rest[..taken];
        let parent = self.open.last().copied().unwrap_or_default();
        if FRAMES.contains(&parent) && !text.trim_ascii().is_empty() {
            return None;
        }
        self.pieces.push(Piece::Kept(text));
        Some(taken)
    }

    fn take_end(&mut self, rest: &'a str) -> Option<usize> {
        let name = self.open.pop()?;
        let after = rest[2..].strip_prefix(name)?;
        after.strip_prefix('>')?;
        let taken = rest.len() - after.len() + 1;
        self.pieces.push(Piece::Kept(&rest[..taken]));
        Some(taken)
    }

    fn take_start(&mut self, rest: &'a str) -> Option<usize> {
        let tag = Tag::read(rest)?;
        let taken = tag.text.len();
        if STRANGE.contains(&tag.name) || tag.mark == "ignore" || !self.may_stand_here(tag.name) {
            return None;
        }
        if matches!(tag.name, "style" | "title") {
            return self.take_words(rest, tag);
        }
        self.has_own_styles |= !tag.style.is_empty();
        if !VOID.contains(&tag.name) {
            self.open.push(tag.name);
        }
        self.pieces.push(Piece::Open(tag));
        Some(taken)
    }

    /// An element that holds words only: the title, or a style sheet.
    fn take_words(&mut self, rest: &'a str, tag: Tag<'a>) -> Option<usize> {
        let (start, name) = (tag.text.len(), tag.name);
        let end = start + rest[start..].find("</")?;
        let after = rest[end + 2..].strip_prefix(name)?.strip_prefix('>')?;
        let taken = rest.len() - after.len();
        let sheet = name == "style";
        if sheet {
            self.sheet.push_str(&rest[start..end]);
            self.sheet.push('\n');
        }
        if !sheet || tag.mark == "keep" {
            self.pieces.push(Piece::Open(tag));
            self.pieces.push(Piece::Kept(&rest[start..taken]));
        }
        Some(taken)
    }

    /// Whether a parser would leave an element where it stands.
    fn may_stand_here(&self, name: &str) -> bool {
        let parent = self.open.last().copied().unwrap_or_default();
        match name {
            "td" | "th" => parent == "tr",
            "tr" => FRAMES[..4].contains(&parent),
            "tbody" | "thead" | "tfoot" => parent == "table",
            "html" => self.open.is_empty(),
            "head" | "body" => self.open == ["html"],
            "a" if self.open.contains(&"a") => false,
            _ if BLOCKS.contains(&name) && self.open.contains(&"p") => false,
            _ => !FRAMES.contains(&parent),
        }
    }
}

impl<'a> Tag<'a> {
    /// Reads the opening tag that the text begins with.
    fn read(html: &'a str) -> Option<Self> {
        let name = leading(&html[1..], |byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit()
        });
        let mut tag = Self {
            text: html,
            name,
            classes: "",
            style: "",
            mark: "",
        };
        let mut rest = &html[1 + name.len()..];
        while !rest.starts_with('>') {
            let attribute = rest.trim_ascii_start();
            if name.is_empty() || attribute.len() == rest.len() {
                return None;
            }
            rest = tag.take_attribute(attribute)?;
        }
        tag.text = &html[..html.len() - rest.len() + 1];
        Some(tag)
    }

    /// Takes `name="value"`, or a name alone, and gives what follows.
    fn take_attribute(&mut self, text: &'a str) -> Option<&'a str> {
        let name = leading(text, |byte| {
            byte.is_ascii_lowercase() || b"-:".contains(&byte)
        });
        if name.is_empty() || name.starts_with(OUTLOOK_MARK) {
            return None;
        }
        let after = &text[name.len()..];
        let Some(quoted) = after.strip_prefix('=') else {
            return Some(after);
        };
        let (value, after) = quoted.strip_prefix('"')?.split_once('"')?;
        let place = match name {
            "class" => &mut self.classes,
            "style" => &mut self.style,
            MARK => &mut self.mark,
            _ => return (!value.contains(['<', '>'])).then_some(after),
        };
        if !place.is_empty() {
            return None;
        }
        *place = value;
        Some(after)
    }

    /// Writes name and classes in the place of what `kind` says.
    pub fn write_kind(&self, kind: &mut String) {
        kind.clear();
        kind.push_str(self.name);
        kind.push(' ');
        kind.push_str(self.classes);
    }

    /// Writes the tag with a style, if that is not empty.
    pub fn write_with(&self, style: &str, page: &mut String) {
        if style.is_empty() {
            page.push_str(self.text);
            return;
        }
        page.push_str(&self.text[..self.text.len() - 1]);
        page.push_str(" style=\"");
        page.push_str(style);
        page.push_str("\">");
    }
}

/// What of the text consists of such bytes, which are ASCII.
fn leading(text: &str, is_part: impl Fn(u8) -> bool) -> &str {
    let end = text.bytes().position(|byte| !is_part(byte));
    &text[..end.unwrap_or(text.len())]
}
