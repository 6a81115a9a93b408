//! What a template may ask for: each field with an example.
//!
//! In go the made-up issues that templates are tried with; out come the fields of a template by their paths, with `[]`
//! where there are several of a kind. The documentation and `courant templates fields` are held against this list.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::trials::views;
use super::{Composer, Error};
use crate::model::Language;

/// A field that a template may ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its path: `lead.title`, `sections[].label`.
    pub name: String,
    /// What it holds in the made-up issue; empty where that has none.
    pub example: String,
    /// It may be null or empty: ask for it with `{{#if}}` first.
    pub optional: bool,
}

impl Composer {
    /// The fields of the templates that begin a mail or page, such as `digest/html`; its partials see the same.
    ///
    /// # Errors
    /// Fails when the made-up issues cannot be shown, which is a fault of ours.
    pub fn fields(&self, template: &str, language: &Language) -> Result<Vec<Field>, Error> {
        let mut found = BTreeMap::new();
        for (name, view) in views(self.press(&[language]))? {
            if name == template {
                learn(&mut found, String::new(), &view);
            }
        }
        Ok(found.into_values().collect())
    }

    /// The templates that begin a mail or page, in the order of their names.
    ///
    /// # Errors
    /// As [`Composer::fields`].
    pub fn entries(&self) -> Result<Vec<&'static str>, Error> {
        let views = views(&self.last_resort)?;
        let mut names: Vec<_> = views.into_iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }
}

fn learn(found: &mut BTreeMap<String, Field>, path: String, value: &Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let dot = if path.is_empty() { "" } else { "." };
                learn(found, format!("{path}{dot}{key}"), value);
            }
        }
        Value::Array(values) => {
            let several = format!("{path}[]");
            for value in values {
                learn(found, several.clone(), value);
            }
        }
        Value::Null => note(found, path, String::new()),
        Value::String(text) => {
            let example = reader_example(&path).map_or_else(|| text.clone(), str::to_owned);
            note(found, path, example);
        }
        other => note(found, path, other.to_string()),
    }
}

/// What stands in the place of a slot once it is filled for a reader.
fn reader_example(path: &str) -> Option<&'static str> {
    match path {
        "reader.address" => Some("jan@example.nl"),
        "reader.greeting" => Some("Goedemorgen Jan,"),
        "reader.since" => Some("op 1\u{a0}september 2026"),
        "reader.unsubscribe" => Some("https://nieuws.example.nl/unsubscribe/…"),
        _ => None,
    }
}

/// Notes a field; the first example that says something stays.
fn note(found: &mut BTreeMap<String, Field>, name: String, example: String) {
    let empty = example.is_empty() || example == "false";
    let field = found.entry(name.clone()).or_insert_with(|| Field {
        name,
        example: String::new(),
        optional: false,
    });
    field.optional |= empty;
    if field.example.is_empty() {
        field.example = example;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::Overrides;

    #[test]
    fn a_field_has_a_path_an_example_and_may_be_empty() {
        let composer = Composer::new(&Overrides::default()).unwrap();
        let dutch = Language::parse("nl").unwrap();
        let fields = composer.fields("digest/html", &dutch).unwrap();
        let field = |name: &str| fields.iter().find(|field| field.name == name).unwrap();
        assert_eq!(field("newsletter.name").example, "De Courant");
        assert!(!field("newsletter.name").optional);
        assert!(field("newsletter.tagline").optional);
        assert!(field("sections[].stories[].author.bio").optional);
        assert!(composer.entries().unwrap().contains(&"welcome/text"));
    }
}
