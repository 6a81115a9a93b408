//! What people read: titles, summaries, content. The first title counts; a second summary is the content.

use super::super::meaning::Params;
use super::super::reading::Origin;
use super::super::tree::Element;
use super::{PLAIN, Walk};

impl Walk<'_> {
    pub(super) fn end_title(&mut self) {
        let value = self.pop_text("title");
        if value.is_some_and(|value| !value.is_empty()) {
            self.title_depth = Some(self.depth);
        }
    }

    /// A second summary is the content, unless there is content.
    pub(super) fn start_summary(
        &mut self,
        key: &'static str,
        element: &Element,
        default: &str,
        expects: bool,
    ) {
        self.summary_as_content = self.context().summary.is_some() && !self.has_content;
        match self.summary_as_content {
            true => {
                self.start_content(element, PLAIN);
                self.origin = match element.name.as_ref() {
                    "media:description" => Origin::Media,
                    _ => Origin::Second,
                };
            }
            false => self.push_text(key, element, default, expects),
        }
    }

    pub(super) fn end_summary(&mut self, key: &'static str) {
        match std::mem::take(&mut self.summary_as_content) {
            true => self.end_content(),
            false => drop(self.pop_text(key)),
        }
    }

    pub(super) fn start_content(&mut self, element: &Element, default: &str) {
        self.has_content = true;
        self.origin = Origin::Own;
        self.push_text("content", element, default, true);
    }

    /// A page in the place of content does not keep a second summary from being the content.
    pub(super) fn start_body(&mut self, element: &Element) {
        self.origin = Origin::Own;
        self.push_text("content", element, "application/xhtml+xml", true);
    }

    pub(super) fn end_content(&mut self) {
        let readable = self.params.as_ref().is_some_and(Params::is_readable);
        let before = self.context().content.len();
        self.pop_text("content");
        let fields = self.context();
        if readable && fields.summary.is_none() && fields.content.len() > before {
            fields.summary = fields.content.last().cloned();
            fields.summary_is_content = true;
        }
    }
}
