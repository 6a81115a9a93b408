//! The places in a feed that have fields of their own: the feed, an entry, an image, a text input, a quoted source.

use super::super::address;
use super::super::reading::{Fields, Link};
use super::super::tree::Element;
use super::{HTML, Walk};
use crate::gather::budget;

impl Walk<'_> {
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

    /// An image or text input that was not closed is over where an element stands that it cannot hold.
    pub(super) fn leave_odd_places(&mut self, name: &str) {
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

    pub(super) fn start_feed(&mut self, element: &Element) {
        self.name_dialect(element);
        self.in_feed = true;
        self.own_fields(element);
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

    pub(super) fn start_entry(&mut self, element: &Element) {
        let mut fields = Fields {
            id: element.get("rdf:about").map(str::to_owned),
            ..Fields::default()
        };
        if element.get("xml:lang").is_some() {
            fields.language = self.language.as_deref().map(str::to_owned);
        }
        budget::keep(size_of::<Fields>());
        self.entries.push(fields);
        self.push("item", false);
        self.in_entry = true;
        self.guid_is_link = false;
        self.title_depth = None;
        self.own_fields(element);
    }

    /// CDF has dates and addresses as attributes.
    fn own_fields(&mut self, element: &Element) {
        if let Some(date) = element.get("lastmod") {
            let date = self.date(date);
            self.context().updated = date;
        }
        if let Some(href) = element.get("href") {
            let href = address::join(&self.base, href);
            let fields = self.context();
            fields.links.push(Link {
                rel: "alternate".to_owned(),
                kind: Some(HTML.to_owned()),
                href: Some(href.clone()),
                ..Link::default()
            });
            fields.link = Some(href);
        }
    }

    pub(super) fn end_entry(&mut self) {
        self.pop("item");
        self.note_guid_link();
        self.in_entry = false;
        self.has_content = false;
    }

    pub(super) fn start_image(&mut self) {
        if !self.in_entry {
            self.image.get_or_insert_default();
        }
        self.in_image = true;
        self.title_depth = None;
        self.push("image", false);
    }

    pub(super) fn end_image(&mut self) {
        self.pop("image");
        self.in_image = false;
    }

    pub(super) fn start_text_input(&mut self) {
        self.text_input.get_or_insert_default();
        self.in_text_input = true;
        self.title_depth = None;
        self.push("textinput", false);
    }

    pub(super) fn end_text_input(&mut self) {
        self.pop("textinput");
        self.in_text_input = false;
    }

    pub(super) fn start_source(&mut self) {
        self.push("source", true);
        self.in_source = true;
        self.title_depth = None;
    }

    pub(super) fn end_source(&mut self) {
        self.in_source = false;
        self.pop("source");
        self.source = Fields::default();
    }
}
