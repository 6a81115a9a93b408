//! The press: all templates with the words of one language, ready to print.
//!
//! In go template sources and words; out comes rendered text. Strict: a field, helper or message that is not there is
//! an error with its place, never an empty spot. HTML templates escape every value, the text ones none.

use std::collections::BTreeMap;
use std::sync::Arc;

use handlebars::{Handlebars, RenderError, TemplateError, no_escape};
use serde::Serialize;

use super::helpers;
use super::markup::escape;
use super::words::Words;

/// Templates and words of one language.
pub(super) struct Press {
    pub words: Arc<Words>,
    html: Handlebars<'static>,
    text: Handlebars<'static>,
}

impl Press {
    /// Parses every template; the faults of those that do not parse, with their names.
    pub fn new(
        templates: &BTreeMap<String, String>,
        words: Words,
    ) -> Result<Self, Vec<(String, TemplateError)>> {
        let words = Arc::new(words);
        let mut html = registry(&words);
        html.register_escape_fn(escape);
        let mut text = registry(&words);
        text.register_escape_fn(no_escape);
        let mut faults = Vec::new();
        for (name, source) in templates {
            let registry = if is_text(name) { &mut text } else { &mut html };
            if let Err(error) = registry.register_template_string(name, source) {
                faults.push((name.clone(), error));
            }
        }
        if faults.is_empty() {
            Ok(Self { words, html, text })
        } else {
            Err(faults)
        }
    }

    /// Renders a template by its name.
    pub fn print(&self, name: &str, view: &impl Serialize) -> Result<String, RenderError> {
        self.registry(name).render(name, view)
    }

    /// The parsed template of that name.
    pub fn template(&self, name: &str) -> Option<&handlebars::Template> {
        self.registry(name).get_template(name)
    }

    fn registry(&self, name: &str) -> &Handlebars<'static> {
        if is_text(name) {
            &self.text
        } else {
            &self.html
        }
    }
}

/// Whether a template makes plain text: its file's name begins with `text`.
pub(super) fn is_text(name: &str) -> bool {
    name.rsplit('/')
        .next()
        .is_some_and(|file| file.starts_with("text"))
}

fn registry(words: &Arc<Words>) -> Handlebars<'static> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.set_prevent_indent(true);
    helpers::register(&mut registry, words);
    registry
}
