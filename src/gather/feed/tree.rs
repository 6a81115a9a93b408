//! The tree of a feed document, whatever state the document is in.
//!
//! Nodes lie in document order, each with the end of its own part, so that the whole is one list without pointers.
//! Every element has an end: what was not closed is closed where its parent ends or where its like begins. The depth
//! is bounded; what lies deeper is left out.

use std::borrow::Cow;

use super::super::budget;
use super::dialect::Signs;
use super::names::Scopes;
use super::repairs::{Repair, Repairs};
use super::scan::{Scanner, Token};

/// Deeper nesting is left out; no feed that means well comes near.
const MAX_DEPTH: usize = 256;

/// HTML's elements without an end tag, as they stand unclosed in feeds that forgot to escape.
const VOID: [&str; 8] = ["br", "hr", "img", "input", "wbr", "area", "embed", "meta"];

/// Fields of an item that hold no other field: where one is not closed, the next one ends it.
const LEAVES: [&str; 6] = ["title", "link", "guid", "pubdate", "category", "comments"];

/// Fields that end such a one.
const FIELDS: [&str; 9] = [
    "title",
    "link",
    "guid",
    "pubdate",
    "category",
    "comments",
    "description",
    "author",
    "content:encoded",
];

/// A node in document order.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) kind: Kind<'a>,
    /// The index behind its last descendant.
    pub(super) end: usize,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum Kind<'a> {
    Element(Element<'a>),
    Text(Cow<'a, str>),
}

/// An element in the one spelling of names.
#[derive(Debug)]
pub(super) struct Element<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) attributes: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// The document ends inside it.
    pub(super) cut: bool,
}

impl Kind<'_> {
    /// What a node of it takes, in octets, beside the document itself.
    fn size(&self) -> usize {
        let own = |text: &Cow<str>| match text {
            Cow::Borrowed(_) => 0,
            Cow::Owned(text) => text.capacity(),
        };
        let more = match self {
            Self::Text(text) => own(text),
            Self::Element(element) => {
                let attributes = element.attributes.iter();
                let texts: usize = attributes.map(|(name, value)| own(name) + own(value)).sum();
                let each = size_of::<(Cow<str>, Cow<str>)>();
                texts + own(&element.name) + element.attributes.capacity() * each
            }
        };
        size_of::<Node>() + more
    }
}

impl Element<'_> {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_ref())
    }
}

/// A document as a tree, with what was seen on the way.
#[derive(Debug, Default)]
pub(super) struct Tree<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) signs: Signs,
    pub(super) repairs: Repairs,
    /// The document's own entities would make more of it than they may: it is to be refused.
    pub(super) overflows: bool,
}

/// Builds the tree of a document.
pub(super) fn build(text: &str) -> Tree<'_> {
    let mut builder = Builder {
        tree: Tree::default(),
        open: Vec::new(),
        scopes: Scopes::default(),
        beyond: 0,
        repairs: Repairs::default(),
    };
    let mut scanner = Scanner::new(text);
    while let Some(token) = scanner.next().filter(|_| !scanner.overflows()) {
        builder.take(token);
    }
    let repairs = std::mem::take(&mut scanner.repairs);
    builder.tree.overflows = scanner.overflows();
    builder.finish(repairs, scanner.netscape)
}

struct Open<'a> {
    node: usize,
    /// As it stands in the document, for its end tag.
    written: &'a str,
}

struct Builder<'a> {
    tree: Tree<'a>,
    open: Vec<Open<'a>>,
    scopes: Scopes<'a>,
    /// Open elements that were left out for their depth.
    beyond: usize,
    repairs: Repairs,
}

impl<'a> Builder<'a> {
    fn take(&mut self, token: Token<'a>) {
        match token {
            Token::Text(text) => {
                if !self.open.is_empty() {
                    self.push(Kind::Text(text));
                }
            }
            Token::End(name) => self.end(name),
            Token::Start {
                name,
                attributes,
                closed,
            } => self.start(name, attributes, closed),
        }
    }

    fn push(&mut self, kind: Kind<'a>) -> usize {
        let at = self.tree.nodes.len();
        budget::keep(kind.size());
        self.tree.nodes.push(Node { kind, end: at + 1 });
        at
    }

    fn start(&mut self, written: &'a str, attributes: Vec<(&'a str, Cow<'a, str>)>, closed: bool) {
        if self.beyond > 0 || self.open.len() >= MAX_DEPTH {
            self.repairs.note(Repair::TooDeep, "");
            self.beyond += usize::from(!closed);
            return;
        }
        let depth = self.open.len() + 1;
        self.scopes.declare(depth, &attributes);
        let (name, undeclared) = self.scopes.element(written);
        if let Some(prefix) = undeclared {
            self.repairs.note(Repair::UnknownPrefix, prefix);
        }
        if self.make_room(&name) {
            // The scope moved with the parent: declare again where the element now stands.
            self.scopes.declare(self.open.len() + 1, &attributes);
        }
        let attributes = attributes
            .into_iter()
            .map(|(name, value)| (self.scopes.attribute(name), value))
            .collect();
        let void = is_void(&name);
        let node = self.push(Kind::Element(Element {
            name,
            attributes,
            cut: false,
        }));
        match closed || void {
            true => self.scopes.leave(self.open.len() + 1),
            false => self.open.push(Open { node, written }),
        }
    }

    /// Ends elements that the new one shows to be over: an item before the next, a leaf before the next field.
    fn make_room(&mut self, name: &str) -> bool {
        let item = match name {
            "item" | "entry" => self
                .open
                .iter()
                .rposition(|open| matches!(self.name(open.node), "item" | "entry")),
            _ => None,
        };
        let leaf = || {
            let open = self.open.last()?;
            let over = FIELDS.contains(&name) && LEAVES.contains(&self.name(open.node));
            over.then(|| self.open.len() - 1)
        };
        let in_content = |at: usize| {
            self.open[at..].iter().any(|open| {
                matches!(self.name(open.node), "content" | "summary")
                    && self
                        .element(open.node)
                        .is_some_and(|it| it.get("type").is_some())
            })
        };
        match item.or_else(leaf) {
            Some(at) if !in_content(at) => {
                let name = self.name(self.open[at].node).to_owned();
                self.repairs.note(Repair::Unclosed, &name);
                self.close_to(at);
                true
            }
            _ => false,
        }
    }

    fn end(&mut self, written: &'a str) {
        if self.beyond > 0 {
            self.beyond -= 1;
            return;
        }
        budget::spend(self.open.len());
        let found = self
            .open
            .iter()
            .rposition(|open| open.written == written)
            .or_else(|| {
                self.open
                    .iter()
                    .rposition(|open| open.written.eq_ignore_ascii_case(written))
            });
        match found {
            Some(at) => {
                if at + 1 < self.open.len() {
                    let inner = self.open[at + 1].written;
                    self.repairs.note(Repair::Unclosed, inner);
                }
                self.close_to(at);
            }
            None if is_void(&self.scopes.element(written).0) => {}
            None => self.repairs.note(Repair::StrayEnd, written),
        }
    }

    fn close_to(&mut self, at: usize) {
        let end = self.tree.nodes.len();
        for open in self.open.drain(at..) {
            self.tree.nodes[open.node].end = end;
        }
        self.scopes.leave(at + 1);
    }

    fn name(&self, node: usize) -> &str {
        self.element(node).map_or("", |element| &element.name)
    }

    fn element(&self, node: usize) -> Option<&Element<'a>> {
        match &self.tree.nodes[node].kind {
            Kind::Element(element) => Some(element),
            Kind::Text(_) => None,
        }
    }

    /// What is still open was cut off.
    fn finish(mut self, mut repairs: Repairs, netscape: bool) -> Tree<'a> {
        let end = self.tree.nodes.len();
        for open in &self.open {
            let node = &mut self.tree.nodes[open.node];
            node.end = end;
            if let Kind::Element(element) = &mut node.kind {
                element.cut = true;
            }
        }
        repairs.extend(self.repairs);
        let mut signs = self.scopes.signs;
        signs.netscape = netscape;
        Tree {
            signs,
            repairs,
            ..self.tree
        }
    }
}

fn is_void(name: &str) -> bool {
    VOID.contains(&name.strip_prefix("xhtml:").unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree as text: names with their parts in brackets.
    fn shown(text: &str) -> String {
        fn part(nodes: &[Node], range: std::ops::Range<usize>, out: &mut String) {
            let mut at = range.start;
            while at < range.end {
                match &nodes[at].kind {
                    Kind::Text(text) => out.push_str(text),
                    Kind::Element(element) => {
                        out.push_str(&element.name);
                        if element.cut {
                            out.push('!');
                        }
                        out.push('[');
                        part(nodes, at + 1..nodes[at].end, out);
                        out.push(']');
                    }
                }
                at = nodes[at].end;
            }
        }
        let tree = build(text);
        let mut out = String::new();
        part(&tree.nodes, 0..tree.nodes.len(), &mut out);
        out
    }

    #[test]
    fn what_is_not_closed_ends_where_it_must() {
        for (text, expected) in [
            (
                "<rss><item><title>a<link>b</link></item></rss>",
                "rss[item[title[a]link[b]]]",
            ),
            ("<rss><item>a<item>b</rss>", "rss[item[a]item[b]]"),
            ("<a>b<br>c</a>d", "a[bbr[]c]"),
            ("<a><b>c</a>", "a[b[c]]"),
            ("<a></x>b</a>", "a[b]"),
            ("<a><b>c", "a![b![c]]"),
            ("x<a>1 < 2 &amp; <![CDATA[<3>]]></a>", "a[1 < 2 & <3>]"),
            ("<a b=c d='>'>e</A>", "a[e]"),
            ("<a", ""),
            ("<a><b c=\"d></b>e</a>", "a[b[]e]"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let text = "<a>".repeat(100_000);
        assert!(build(&text).nodes.len() <= MAX_DEPTH);
        let text = format!("<r>{}{}<item/></r>", "<a>".repeat(300), "</a>".repeat(300));
        assert!(shown(&text).ends_with("item[]]"));
    }
}
