//! A table taken apart key by key: the one mechanism behind every message about a setting.
//!
//! Each key that is asked for is known; whatever is left at the end is unknown, and the keys that were asked for make
//! the suggestion. A section has layers, the strongest first: flags, environment, file. A fault is reported where it
//! stands and reading goes on, so that all of them are found in one pass.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::document::{Document, Faults};
use super::value::Value;

/// A table of settings, over all of its layers.
pub(super) struct Section<'d> {
    /// As a message names it: `[delivery]`; empty for a whole file.
    label: String,
    layers: Vec<Layer<'d>>,
    home: Home<'d>,
    /// Keys that are known; the second value says whether they may be suggested.
    asked: Vec<(&'static str, bool)>,
    faults: &'d Faults,
}

/// One document's part of a section.
#[derive(Clone, Copy)]
pub(super) struct Layer<'d> {
    document: &'d Document,
    table: &'d DeTable<'d>,
}

/// Where a fault of a section as a whole is shown: its file, and its header if it has one.
#[derive(Clone)]
struct Home<'d> {
    document: &'d Document,
    header: Option<Range<usize>>,
}

impl<'d> Layer<'d> {
    /// A whole document.
    pub(super) fn whole(document: &'d Document, table: &'d DeTable<'d>) -> Self {
        Self { document, table }
    }
}

impl<'d> Section<'d> {
    /// The top level of a file, and of stronger documents if there are any, the strongest first.
    pub(super) fn root(stronger: Vec<Layer<'d>>, file: Layer<'d>, faults: &'d Faults) -> Self {
        let home = Home {
            document: file.document,
            header: None,
        };
        let mut layers = stronger;
        layers.push(file);
        Self {
            label: String::new(),
            layers,
            home,
            asked: Vec::new(),
            faults,
        }
    }

    /// Where all faults go.
    pub(super) fn faults(&self) -> &'d Faults {
        self.faults
    }

    /// Whether any layer has it.
    pub(super) fn is_present(&self) -> bool {
        !self.layers.is_empty()
    }

    /// The line of the section's header in its file, from 1.
    pub(super) fn line(&self) -> usize {
        let start = self.home.header.as_ref().map_or(0, |header| header.start);
        self.home.document.line_of(start)
    }

    /// The strongest value of a key, which is known from now on.
    pub(super) fn get(&mut self, key: &'static str) -> Option<Value<'d>> {
        self.asked.push((key, true));
        self.find(key)
    }

    fn find(&self, key: &'static str) -> Option<Value<'d>> {
        self.layers.iter().find_map(|layer| {
            let node = layer.table.get(key)?;
            Some(Value::new(layer.document, key, node, self.faults))
        })
    }

    /// Reads a key that may be absent. `None` where it is absent or faulty.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Value<'d>) -> Option<T>,
    ) -> Option<T> {
        self.get(key).and_then(|value| read(&value))
    }

    /// Reads a key, or takes the default where it is absent.
    pub(super) fn or<T>(
        &mut self,
        key: &'static str,
        default: T,
        read: impl FnOnce(&Value<'d>) -> Option<T>,
    ) -> Option<T> {
        match self.get(key) {
            Some(value) => read(&value),
            None => Some(default),
        }
    }

    /// Reads a key that must be there.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Value<'d>) -> Option<T>,
    ) -> Option<T> {
        match self.get(key) {
            Some(value) => read(&value),
            None => {
                self.report_here(format!("{} lacks `{key}`", self.name()), None);
                None
            }
        }
    }

    /// Refuses a key that people may well try, with a reason.
    pub(super) fn refuse(&mut self, key: &'static str, message: &str, hint: &str) {
        self.asked.push((key, false));
        if let Some(value) = self.find(key) {
            value.report(message, Some(hint.to_owned()));
        }
    }

    /// Refuses a key whose value is a secret: its line is pointed at and never shown.
    pub(super) fn refuse_secret(&mut self, key: &'static str, message: &str, hint: &str) {
        self.asked.push((key, false));
        if let Some(value) = self.find(key) {
            value.report_secret(message, hint);
        }
    }

    /// Reports a fault of the section as a whole.
    pub(super) fn report_here(&self, message: String, hint: Option<String>) {
        let Home { document, header } = &self.home;
        let mut fault = match header {
            Some(span) => document.fault(message, span.clone()),
            None => document.fault_anywhere(message),
        };
        fault.hint = hint;
        self.faults.push(fault);
    }

    /// A table within this one; empty where it is absent.
    pub(super) fn section(&mut self, key: &'static str) -> Section<'d> {
        self.asked.push((key, true));
        let mut layers = Vec::new();
        let mut home = Home {
            header: None,
            ..self.home.clone()
        };
        for layer in &self.layers {
            let Some(node) = layer.table.get(key) else {
                continue;
            };
            let DeValue::Table(table) = node.get_ref() else {
                Value::new(layer.document, key, node, self.faults).report_type("a table", None);
                continue;
            };
            layers.push(Layer {
                document: layer.document,
                table,
            });
            if !layer.document.is_untyped() {
                home = Home {
                    document: layer.document,
                    header: Some(node.span()),
                };
            }
        }
        Section {
            label: self.inner_label(key),
            layers,
            home,
            asked: Vec::new(),
            faults: self.faults,
        }
    }

    /// A value that is a table, under the name that messages give it; `None` where it is none.
    pub(super) fn of(value: &Value<'d>, label: &str) -> Option<Section<'d>> {
        let DeValue::Table(table) = value.raw() else {
            return None;
        };
        let document = value.document();
        Some(Section {
            label: label.to_owned(),
            layers: vec![Layer { document, table }],
            home: Home {
                document,
                header: Some(value.span()),
            },
            asked: Vec::new(),
            faults: value.faults(),
        })
    }

    /// The tables of `[[key]]`, in their order.
    pub(super) fn sections(&mut self, key: &'static str) -> Vec<Section<'d>> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let label = format!("[{}]", self.inner_label(key));
        let document = value.document();
        let tables = value.tables(&label).unwrap_or_default();
        tables
            .into_iter()
            .map(|(table, header)| Section {
                label: label.clone(),
                layers: vec![Layer { document, table }],
                home: Home {
                    document,
                    header: Some(header),
                },
                asked: Vec::new(),
                faults: self.faults,
            })
            .collect()
    }

    /// Reports every key that nobody asked for.
    pub(super) fn finish(self) {
        for layer in &self.layers {
            for (key, _) in layer.table {
                if !self.asked.iter().any(|(known, _)| known == key.get_ref()) {
                    self.report_unknown(layer.document, key);
                }
            }
        }
    }

    fn report_unknown(&self, document: &Document, key: &Spanned<std::borrow::Cow<'_, str>>) {
        let place = if self.label.is_empty() {
            String::new()
        } else {
            format!(" in `{}`", self.label)
        };
        let message = format!("unknown key `{}`{place}", key.get_ref());
        let known = || {
            self.asked
                .iter()
                .filter(|(_, open)| *open)
                .map(|(key, _)| *key)
        };
        let hint = did_you_mean(key.get_ref(), known())
            .unwrap_or_else(|| format!("known keys: {}", quoted(known())));
        self.faults
            .push(document.fault(message, key.span()).hint(hint));
    }

    fn name(&self) -> String {
        if self.label.is_empty() {
            "this file".to_owned()
        } else {
            format!("`{}`", self.label)
        }
    }

    fn inner_label(&self, key: &str) -> String {
        match self.label.trim_matches(['[', ']']) {
            "" => format!("[{key}]"),
            outer => format!("[{outer}.{key}]"),
        }
    }
}

/// "did you mean `relay`?", if one of the known words is near enough to be meant.
pub(super) fn did_you_mean<'w>(
    typed: &str,
    known: impl Iterator<Item = &'w str>,
) -> Option<String> {
    nearest(typed, known).map(|word| format!("did you mean `{word}`?"))
}

/// The known word with the fewest slips; at most one slip for every three letters.
fn nearest<'w>(typed: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let typed = typed.to_lowercase();
    let allowed = (typed.chars().count() / 3).max(1);
    known
        .map(|word| {
            (
                strsim::damerau_levenshtein(&typed, &word.to_lowercase()),
                word,
            )
        })
        .filter(|(slips, _)| *slips <= allowed)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, word)| word)
}

/// Words in backticks, with commas.
pub(super) fn quoted<'w>(words: impl Iterator<Item = &'w str>) -> String {
    words
        .map(|word| format!("`{word}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
