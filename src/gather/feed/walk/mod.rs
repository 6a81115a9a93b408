//! Walks the tree of a feed in document order and notes what each element says.
//!
//! What belongs together is told by where it stands: the same `title` is the feed's, an item's, an image's or a quoted
//! source's. The rules are those by which feeds have been read for twenty years, since feeds are written by them: the
//! first title counts, a deeper text does not replace a shallower one, a second description is the content.

mod categories;
mod elements;
mod links;
mod open_texts;
mod persons;
mod places;
mod texts;
mod values;

use std::rc::Rc;

use super::address;
use super::dialect::Signs;
use super::meaning::Params;
use super::reading::{Fields, Origin, Reading};
use super::repairs::Repairs;
use super::tree::{Element, Kind, Tree};
use open_texts::Pending;

/// Octets of an `xml:base`; each relative address below it has them all.
const MAX_BASE: usize = 2_000;

const PLAIN: &str = "text/plain";
const HTML: &str = "text/html";

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
#[derive(Default)]
struct Walk<'t> {
    kind: &'static str,
    signs: Signs,
    feed: Fields,
    entries: Vec<Fields>,
    /// Fields of a quoted source, an image, a text input: read past.
    source: Fields,
    image: Option<Fields>,
    text_input: Option<Fields>,
    in_feed: bool,
    in_entry: bool,
    in_source: bool,
    in_image: bool,
    in_text_input: bool,
    in_author: bool,
    in_publisher: bool,
    in_content: usize,
    params: Option<Params>,
    /// A summary is being read as content, since there is one already.
    summary_as_content: bool,
    has_content: bool,
    /// Where the content that is being read comes from.
    origin: Origin,
    guid_is_link: bool,
    /// At which depth the title was read that counts.
    title_depth: Option<usize>,
    depth: usize,
    pending: Vec<Pending<'t>>,
    base: Rc<str>,
    based: bool,
    language: Option<Rc<str>>,
    declared_language: Option<String>,
    repairs: Repairs,
    cut: bool,
}

impl<'t> Walk<'t> {
    fn new(base: &str, language: Option<&str>, tree: &Tree) -> Self {
        Self {
            signs: tree.signs,
            base: base.into(),
            declared_language: language.map(|tag| tag.replace('_', "-")),
            ..Self::default()
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
            opened.place = self.start_markup(element);
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
        if usable && !base.is_empty() && base.len() <= MAX_BASE {
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

    fn leave(&mut self, opened: Option<Opened<'t>>) {
        let Some(opened) = opened else {
            return;
        };
        match opened.place {
            Place::Field if opened.element.cut => {
                self.cut |= self.in_entry;
            }
            Place::Field => self.end(&opened.element.name),
            Place::Markup => self.end_markup(&opened.element.name),
            Place::Wrapper => {}
        }
        self.base = opened.base;
        self.based = opened.based;
        self.language = opened.language;
        self.depth -= 1;
    }
}
