//! A story told apart from its digest: what templates see of it, and what comes of them, as HTML and as wrapped text.

use handlebars::Context;
use serde_json::Value;

use crate::compose::digest::{self, Chosen};
use crate::compose::inlining::part;
use crate::compose::outline::{Form, Outline};
use crate::compose::press::Press;
use crate::compose::prose::wrap_part;
use crate::model::Format;

/// A story: its post's place in the issue, and its form.
pub(super) type Key = (usize, Form);

/// A story as variants in one language have it.
pub(super) struct Story {
    /// What templates see of it; null while it is part of a context.
    pub view: Value,
    html: Told,
    text: Told,
}

/// A story told apart from its digest.
enum Told {
    NotYet,
    /// Its template, or what comes of it, does not let it.
    Never,
    Apart(String),
}

impl Story {
    pub fn new(view: Value) -> Self {
        Self {
            view,
            html: Told::NotYet,
            text: Told::NotYet,
        }
    }

    /// Tells it apart for a variant in this format, unless that was tried before. It is the context's lead meanwhile.
    pub fn tell(&mut self, form: Form, format: Format, press: &Press, context: &mut Context) {
        let [html, text] = form.templates();
        let html = matches!((&self.html, format), (Told::NotYet, Format::Html)).then_some(html);
        let text = matches!(self.text, Told::NotYet).then_some(text);
        if html.is_none() && text.is_none() {
            return;
        }
        let lead = &mut context.data_mut()["lead"];
        *lead = self.view.take();
        let print = |name| press.print_story(name, context);
        if let Some(name) = html {
            self.html = print(name).and_then(|html| part(&html)).into();
        }
        if let Some(name) = text {
            let wrapped = |text: String| wrap_part(&text, digest::COLUMNS);
            self.text = print(name).and_then(wrapped).into();
        }
        self.view = context.data_mut()["lead"].take();
    }

    /// Its HTML, where it could be told apart.
    pub fn html(&self) -> Option<&str> {
        self.html.apart()
    }

    /// Its wrapped text, where it could be told apart.
    pub fn text(&self) -> Option<&str> {
        self.text.apart()
    }
}

impl Told {
    fn apart(&self) -> Option<&str> {
        match self {
            Self::Apart(told) => Some(told),
            Self::NotYet | Self::Never => None,
        }
    }
}

impl From<Option<String>> for Told {
    fn from(told: Option<String>) -> Self {
        told.map_or(Self::Never, Self::Apart)
    }
}

impl Outline<Chosen<'_>> {
    /// The story at the place that a mark names: `lead`, or its section and its place there, `0.2`.
    pub(super) fn at(&self, place: &str) -> Option<Key> {
        if place == "lead" {
            return Some((self.lead?.at, Form::Lead));
        }
        let (section, story) = place.split_once('.')?;
        let section = self.sections.get(section.parse::<usize>().ok()?)?;
        let (post, form) = section.stories.get(story.parse::<usize>().ok()?)?;
        Some((post.at, *form))
    }
}
