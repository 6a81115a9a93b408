//! Walks the tree of a feed in document order and notes what each element says.
//!
//! What belongs together is told by where it stands: the same `title` is the feed's, an item's, an image's or a quoted
//! source's. The rules are those by which feeds have been read for twenty years, since feeds are written by them: the
//! first title counts, a deeper text does not replace a shallower one, a second description is the content.

use std::borrow::Cow;
use std::rc::Rc;

use super::address;
use super::dialect::Signs;
use super::meaning::{self, Params};
use super::reading::{Fields, Origin, Reading};
use super::repairs::{Repair, Repairs};
use super::tree::{Element, Kind, Tree};
use crate::gather::markup::escape_into;

/// HTML's elements without an end tag.
const VOID: [&str; 13] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "wbr",
];

/// Reads the fields of a document; `base` is where it came from, `language` what its server says of it.
pub(super) fn read(mut tree: Tree, base: &str, language: Option<&str>) -> Reading {
    let mut repairs = std::mem::take(&mut tree.repairs);
    let mut walk = Walk::new(base, language, &tree);
    walk.nodes(&tree);
    repairs.extend(walk.repairs);
    let mut feed = walk.feed;
    if feed.language.is_none() {
        feed.language = walk.declared_language;
    }
    Reading {
        kind: walk.kind,
        feed,
        entries: walk.entries,
        repairs,
        cut: walk.cut,
    }
}

/// A text that is being read.
pub(super) struct Pending<'t> {
    pub(super) key: Cow<'t, str>,
    /// Its text is a field's value.
    pub(super) expects: bool,
    pub(super) text: String,
}

/// What became of an open element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It means something to the feed.
    Field,
    /// It is markup inside a text.
    Markup,
    /// It is a wrapper without meaning inside a text.
    Wrapper,
}

struct Opened<'t> {
    element: &'t Element<'t>,
    end: usize,
    place: Place,
    base: Rc<str>,
    based: bool,
    language: Option<Rc<str>>,
}

/// The state of a walk.
pub(super) struct Walk<'t> {
    pub(super) kind: &'static str,
    signs: Signs,
    pub(super) feed: Fields,
    pub(super) entries: Vec<Fields>,
    /// Fields of a quoted source, an image, a text input: read past.
    pub(super) source: Fields,
    pub(super) image: Option<Fields>,
    pub(super) text_input: Option<Fields>,
    pub(super) in_feed: bool,
    pub(super) in_entry: bool,
    pub(super) in_source: bool,
    pub(super) in_image: bool,
    pub(super) in_text_input: bool,
    pub(super) in_author: bool,
    pub(super) in_contributor: bool,
    pub(super) in_publisher: bool,
    pub(super) in_content: usize,
    pub(super) params: Option<Params>,
    /// A summary is being read as content, since there is one already.
    pub(super) summary_as_content: bool,
    pub(super) has_content: bool,
    /// Where the content that is being read comes from.
    pub(super) origin: Origin,
    pub(super) guid_is_link: bool,
    /// At which depth the title was read that counts.
    pub(super) title_depth: Option<usize>,
    pub(super) depth: usize,
    pub(super) pending: Vec<Pending<'t>>,
    pub(super) base: Rc<str>,
    pub(super) based: bool,
    language: Option<Rc<str>>,
    declared_language: Option<String>,
    pub(super) repairs: Repairs,
    cut: bool,
}

impl<'t> Walk<'t> {
    fn new(base: &str, language: Option<&str>, tree: &Tree) -> Self {
        Self {
            kind: "",
            signs: tree.signs,
            feed: Fields::default(),
            entries: Vec::new(),
            source: Fields::default(),
            image: None,
            text_input: None,
            in_feed: false,
            in_entry: false,
            in_source: false,
            in_image: false,
            in_text_input: false,
            in_author: false,
            in_contributor: false,
            in_publisher: false,
            in_content: 0,
            params: None,
            summary_as_content: false,
            has_content: false,
            origin: Origin::Own,
            guid_is_link: false,
            title_depth: None,
            depth: 0,
            pending: Vec::new(),
            base: base.into(),
            based: false,
            language: None,
            declared_language: language.map(|tag| tag.replace('_', "-")),
            repairs: Repairs::default(),
            cut: false,
        }
    }

    fn nodes(&mut self, tree: &'t Tree<'t>) {
        let mut open: Vec<Opened<'t>> = Vec::new();
        for (at, node) in tree.nodes.iter().enumerate() {
            while open.last().is_some_and(|last| last.end <= at) {
                self.leave(open.pop());
            }
            match &node.kind {
                Kind::Text(text) => self.words(text),
                Kind::Element(element) => open.push(self.enter(element, node.end)),
            }
        }
        while let Some(last) = open.pop() {
            self.leave(Some(last));
        }
    }

    fn words(&mut self, text: &str) {
        let escape = self.in_content > 0 && self.is_markup();
        if let Some(pending) = self.pending.last_mut() {
            match escape {
                true => escape_into(&mut pending.text, text),
                false => pending.text.push_str(text),
            }
        }
    }

    fn is_markup(&self) -> bool {
        self.params.as_ref().is_some_and(Params::is_xhtml)
    }

    fn enter(&mut self, element: &'t Element<'t>, end: usize) -> Opened<'t> {
        self.depth += 1;
        let mut opened = Opened {
            element,
            end,
            place: Place::Field,
            base: self.base.clone(),
            based: self.based,
            language: self.language.clone(),
        };
        self.take_base(element);
        self.take_language(element);
        if self.in_content > 0 {
            opened.place = self.enter_text(element);
        }
        if opened.place == Place::Field {
            self.leave_odd_places(&element.name);
            self.start(element);
        }
        opened
    }

    fn take_base(&mut self, element: &Element) {
        let Some(base) = element.get("xml:base").or_else(|| element.get("base")) else {
            return;
        };
        let base = address::join(&self.base, base);
        let usable = address::scheme(&base).is_none_or(|scheme| {
            ["http", "https", "ftp", "file", "feed"]
                .iter()
                .any(|known| scheme.eq_ignore_ascii_case(known))
        });
        if usable && !base.is_empty() {
            self.base = base.into();
            self.based = true;
        }
    }

    fn take_language(&mut self, element: &Element) {
        let Some(tag) = element.get("xml:lang").or_else(|| element.get("lang")) else {
            return;
        };
        let tag = tag.replace('_', "-");
        if !tag.is_empty() && matches!(element.name.as_ref(), "feed" | "rss" | "rdf:rdf") {
            self.feed.language = Some(tag.clone());
        }
        self.language = (!tag.is_empty()).then(|| tag.into());
    }

    pub(super) fn language(&self) -> Option<&str> {
        self.language.as_deref()
    }

    /// An element inside a text is markup, whatever the text said of itself.
    fn enter_text(&mut self, element: &Element) -> Place {
        let Some(params) = self.params.as_mut() else {
            return Place::Field;
        };
        let local = local(&element.name);
        if !params.is_xml() {
            if matches!(element.name.as_ref(), "div" | "xhtml:div") {
                return Place::Wrapper;
            }
            params.become_xhtml();
            self.repairs.note(Repair::MarkupAsText, local);
        }
        if !self.is_markup() {
            return Place::Field;
        }
        let Some(pending) = self.pending.last_mut() else {
            return Place::Wrapper;
        };
        pending.text.push('<');
        pending.text.push_str(local);
        for (name, value) in &element.attributes {
            if name.starts_with("xmlns") {
                continue;
            }
            pending.text.push(' ');
            pending.text.push_str(name);
            pending.text.push_str("=\"");
            escape_into(&mut pending.text, value);
            pending.text.push('"');
        }
        pending.text.push('>');
        Place::Markup
    }

    /// An image or text input that was not closed is over where an element stands that it cannot hold.
    fn leave_odd_places(&mut self, name: &str) {
        if name.contains(':') {
            return;
        }
        if !matches!(name, "title" | "link" | "description" | "name") {
            self.in_text_input = false;
        }
        if !matches!(
            name,
            "title" | "link" | "description" | "url" | "href" | "width" | "height"
        ) {
            self.in_image = false;
        }
    }

    fn leave(&mut self, opened: Option<Opened<'t>>) {
        let Some(opened) = opened else {
            return;
        };
        match opened.place {
            Place::Field if opened.element.cut => {
                self.cut |= self.in_entry;
            }
            Place::Field => self.end(&opened.element.name),
            Place::Markup => {
                let local = local(&opened.element.name);
                if let Some(pending) = self.pending.last_mut().filter(|_| !VOID.contains(&local)) {
                    pending.text.push_str("</");
                    pending.text.push_str(local);
                    pending.text.push('>');
                }
            }
            Place::Wrapper => {}
        }
        self.base = opened.base;
        self.based = opened.based;
        self.language = opened.language;
        self.depth -= 1;
    }

    /// Which fields an element belongs to.
    pub(super) fn context(&mut self) -> &mut Fields {
        if self.in_source {
            return &mut self.source;
        }
        if self.in_image && self.image.is_some() {
            return self.image.get_or_insert_default();
        }
        if self.in_text_input {
            return self.text_input.get_or_insert_default();
        }
        match self.in_entry {
            true => self.entries.last_mut().unwrap_or(&mut self.feed),
            false => &mut self.feed,
        }
    }

    pub(super) fn push(&mut self, key: impl Into<Cow<'t, str>>, expects: bool) {
        self.pending.push(Pending {
            key: key.into(),
            expects,
            text: String::new(),
        });
    }

    /// Begins a text whose kind is `given` by its element or else `default`.
    pub(super) fn push_text(
        &mut self,
        key: &'static str,
        element: &Element,
        default: &str,
        expects: bool,
    ) {
        self.in_content += 1;
        let given = element.get("type").unwrap_or(default);
        self.params = Some(Params::new(given, element.get("mode")));
        self.push(key, expects);
    }

    pub(super) fn pop_text(&mut self, key: &'static str) -> Option<String> {
        let value = self.pop(key);
        self.in_content = self.in_content.saturating_sub(1);
        self.params = None;
        value
    }

    /// The text that was read, if it is the innermost; `None` also where it is no field's value.
    pub(super) fn take_pending(&mut self, key: &str) -> Option<Pending<'t>> {
        self.pending
            .last()
            .is_some_and(|pending| pending.key == key)
            .then(|| self.pending.pop())
            .flatten()
    }

    /// Takes the dialect that a root element names: the first, but RSS before the others.
    pub(super) fn name_dialect(&mut self, element: &Element) {
        let Some(kind) = self.signs.dialect(element) else {
            return;
        };
        if self.kind.is_empty() || (kind.starts_with("rss") && !self.kind.starts_with("rss")) {
            self.kind = kind;
        }
    }

    /// Makes a value of a text that was read.
    pub(super) fn pop(&mut self, key: &str) -> Option<String> {
        let pending = self.take_pending(key)?;
        let params = self.params.clone().unwrap_or_default();
        let mut text = pending.text;
        if params.is_xhtml() {
            text = meaning::without_wrapper(text);
        }
        let trimmed = text.trim();
        if !pending.expects {
            return Some(trimmed.to_owned());
        }
        let text = match trimmed.len() == text.len() {
            true => text,
            false => trimmed.to_owned(),
        };
        self.value(key, text, params)
    }
}

/// The name without its prefix.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}
