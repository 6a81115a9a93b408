//! A text that was read becomes a field's value: unpacked, made absolute, set right, told plain from HTML, and stored where
//! nothing shallower stands.

use jiff::Timestamp;

use super::super::address;
use super::super::meaning::{self, Params};
use super::super::reading::{Fields, Text, TextKind};
use super::super::repairs::Repair;
use super::super::tree::Element;
use super::{HTML, Walk};
use crate::gather::dates;

/// Values that are addresses.
const ADDRESSES: [&str; 8] = [
    "comments", "docs", "href", "icon", "id", "link", "logo", "url",
];

impl Walk<'_> {
    pub(super) fn value(
        &mut self,
        key: &str,
        mut text: String,
        mut params: Params,
    ) -> Option<String> {
        if params.base64
            && !text.is_empty()
            && let Some(unpacked) = meaning::unpacked(&text)
        {
            self.repairs.note(Repair::Base64, "");
            text = unpacked;
        }
        let mut relative = None;
        if ADDRESSES.contains(&key) && !text.is_empty() && (key != "id" || self.guid_is_link) {
            if address::scheme(&text).is_none() && !self.based {
                relative = Some(text.clone());
            }
            text = address::join(&self.base, &text);
        }
        if !self.kind.starts_with("atom")
            && params.kind() == TextKind::Plain
            && meaning::looks_like_html(&text)
        {
            params = Params::new(HTML, None);
        }
        let (text, twice) = meaning::set_right(text);
        if twice {
            self.repairs.note(Repair::Mojibake, &text);
        }
        let hidden = key == "title" && self.title_depth.is_some_and(|depth| depth <= self.depth);
        if !hidden && !matches!(key, "category" | "keywords") {
            self.store(key, &text, params.kind(), relative);
        }
        Some(text)
    }

    fn store(&mut self, key: &str, value: &str, kind: TextKind, relative: Option<String>) {
        let of_entry = self.in_entry && !self.in_source;
        if !of_entry && !self.in_feed && !self.in_source {
            return;
        }
        let text = || Text {
            value: value.to_owned(),
            kind,
            base: self.base.clone(),
            based: self.based,
            origin: self.origin,
        };
        let text = match key {
            "title" | "subtitle" | "summary" | "description" | "content" | "rights" => text(),
            _ => Text::default(),
        };
        let (depth, in_image) = (self.depth, self.in_image);
        let fields = match of_entry {
            true => self.entries.last_mut().unwrap_or(&mut self.feed),
            false => self.context(),
        };
        let key = match (key, of_entry) {
            ("description", true) => "summary",
            ("description", false) => "subtitle",
            (key, _) => key,
        };
        match key {
            "link" if of_entry && in_image => {}
            "link" => store_link(fields, value, relative),
            "content" => fields.content.push(text),
            key if of_entry && !shallow_enough(fields, key, depth) => {}
            "title" => fields.title = Some(text),
            "subtitle" => fields.subtitle = Some(text),
            "rights" => fields.rights = Some(text),
            "summary" => {
                fields.summary = Some(text);
                fields.summary_is_content = false;
            }
            "id" => fields.id = Some(value.to_owned()),
            "author" => fields.author = Some(value.to_owned()),
            "language" => fields.language = Some(value.to_owned()),
            "generator" => fields.generator = Some(value.to_owned()),
            "ttl" => fields.ttl = Some(value.to_owned()),
            _ => {}
        }
    }

    /// The program that made the feed, as an address; one that was named goes behind.
    pub(super) fn generator_agent(&mut self, element: &Element) {
        let agent = element.get("rdf:resource").map(str::to_owned);
        let generator = &mut self.context().generator;
        *generator = agent.or(generator.take());
    }

    pub(super) fn end_date(
        &mut self,
        key: &str,
        field: impl Fn(&mut Fields) -> &mut Option<Timestamp>,
    ) {
        let date = self.pop(key).and_then(|text| self.date(&text));
        *field(self.context()) = date;
    }

    pub(super) fn date(&mut self, text: &str) -> Option<Timestamp> {
        let read = dates::read(text);
        match &read {
            Some(read) if read.odd => self.repairs.note(Repair::OddDate, text),
            None if !text.trim().is_empty() => self.repairs.note(Repair::NoDate, text),
            _ => {}
        }
        read.map(|read| read.instant)
    }
}

fn store_link(fields: &mut Fields, value: &str, relative: Option<String>) {
    fields.link = Some(value.to_owned());
    if let Some(last) = fields.links.last_mut().filter(|_| !value.is_empty()) {
        last.href = Some(value.to_owned());
        last.relative = relative;
    }
}

/// A text replaces one that stands as deep or deeper.
fn shallow_enough(fields: &mut Fields, key: &str, depth: usize) -> bool {
    const KEYS: [&str; 8] = [
        "title",
        "subtitle",
        "rights",
        "summary",
        "id",
        "author",
        "language",
        "generator",
    ];
    let Some(key) = KEYS.iter().find(|known| **known == key) else {
        return true;
    };
    match fields.depths.iter_mut().find(|(known, _)| known == key) {
        Some((_, known)) if *known < depth => false,
        Some((_, known)) => {
            *known = depth;
            true
        }
        None => {
            fields.depths.push((key, depth));
            true
        }
    }
}
