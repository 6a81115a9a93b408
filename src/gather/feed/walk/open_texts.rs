//! Texts that are being read: a stack of them, of which the innermost takes what is said, and markup with it.

use std::borrow::Cow;

use super::super::meaning::{self, Params};
use super::super::repairs::Repair;
use super::super::tree::Element;
use super::{Place, Walk};
use crate::gather::budget;
use crate::gather::markup::escape_into;

/// HTML's elements without an end tag.
const VOID: [&str; 13] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "wbr",
];

/// A text that is being read.
pub(super) struct Pending<'t> {
    key: Cow<'t, str>,
    /// Its text is a field's value.
    expects: bool,
    text: String,
}

impl<'t> Walk<'t> {
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

    pub(super) fn words(&mut self, text: &str) {
        budget::keep(text.len());
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

    /// An element inside a text is markup, whatever the text said of itself.
    pub(super) fn start_markup(&mut self, element: &Element) -> Place {
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

    pub(super) fn end_markup(&mut self, name: &str) {
        let local = local(name);
        if let Some(pending) = self.pending.last_mut().filter(|_| !VOID.contains(&local)) {
            pending.text.push_str("</");
            pending.text.push_str(local);
            pending.text.push('>');
        }
    }

    pub(super) fn pop_text(&mut self, key: &'static str) -> Option<String> {
        let value = self.pop(key);
        self.in_content = self.in_content.saturating_sub(1);
        self.params = None;
        value
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

    /// The text that was read, if it is the innermost; `None` also where it is no field's value.
    fn take_pending(&mut self, key: &str) -> Option<Pending<'t>> {
        self.pending
            .last()
            .is_some_and(|pending| pending.key == key)
            .then(|| self.pending.pop())
            .flatten()
    }
}

/// The name without its prefix.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}
