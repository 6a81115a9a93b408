//! Words that may differ by language: a string, or a table with one for each language.
//!
//! `tagline = "…"` is in the newsletter's own language; `tagline = { nl = "…", en = "…" }` is in each that it names.

use std::collections::BTreeMap;

use super::value::Value;
use crate::model::{Language, Localised};

/// Reads the words; `one` reads the string of a language.
pub(super) fn read<'d>(
    value: &Value<'d>,
    one: impl Fn(&Value<'d>) -> Option<String>,
) -> Option<Localised> {
    let Some(entries) = value.entries(Language::parse) else {
        return one(value).map(Localised::Once);
    };
    if entries.is_empty() {
        let hint = "write it as `{ nl = \"…\", en = \"…\" }`, or as one string".to_owned();
        value.report("this table names no language", Some(hint));
        return None;
    }
    let mut texts = BTreeMap::new();
    let mut faulty = false;
    for (language, entry) in entries {
        match (language, one(&entry)) {
            (Some(language), Some(text)) => {
                texts.insert(language, text);
            }
            _ => faulty = true,
        }
    }
    (!faulty).then_some(Localised::Each(texts))
}
