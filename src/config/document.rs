//! A text that settings stand in: a file, one environment variable or one flag; and the faults found in all of them.
//!
//! Each variable and flag is a document of one line, `COURANT_DELIVERY__RATE=100/min`, so that a fault in it is shown
//! with a caret as one in a file is. A line that may hold a secret is pointed at and never shown.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::model::{Diagnostic, Severity};

/// Parts of a key's name that announce a secret; `pas` for those who slip in `password`.
const SECRET_WORDS: [&str; 4] = ["pas", "pwd", "secret", "token"];

/// Ends of names that tell where a secret is, and not the secret.
const PLACES: [&str; 2] = ["_file", "_credential"];

/// One text, with an index of its lines so that a place is found without counting from the start.
pub(super) struct Document {
    name: PathBuf,
    text: String,
    line_starts: Vec<usize>,
    origin: Origin,
}

/// Where a document comes from.
enum Origin {
    File,
    /// `NAME=value` for the setting at this path; the value starts at this byte.
    Setting {
        path: Vec<String>,
        value: usize,
    },
}

impl Document {
    /// A file's text, under the name that the user knows it by.
    pub(super) fn file(name: impl Into<PathBuf>, text: String) -> Self {
        Self::new(name.into(), text, Origin::File)
    }

    /// A variable or flag that gives one setting: `("environment", "COURANT_DELIVERY__RATE", ["delivery", "rate"], …)`.
    pub(super) fn setting(place: &str, name: &str, path: Vec<String>, value: &str) -> Self {
        let origin = Origin::Setting {
            path,
            value: name.len() + 1,
        };
        Self::new(place.into(), format!("{name}={value}"), origin)
    }

    fn new(name: PathBuf, text: String, origin: Origin) -> Self {
        let breaks = text.match_indices('\n').map(|(index, _)| index + 1);
        let line_starts = std::iter::once(0).chain(breaks).collect();
        Self {
            name,
            text,
            line_starts,
            origin,
        }
    }

    /// The document as a table; what is wrong with its syntax goes to `faults`.
    pub(super) fn parse(&self, faults: &Faults) -> Option<DeTable<'_>> {
        match &self.origin {
            Origin::File => self.parse_toml(faults),
            Origin::Setting { path, value } => self.parse_setting(path, *value, faults),
        }
    }

    /// The first fault only: what follows a slip in TOML's syntax is mostly its echo.
    fn parse_toml(&self, faults: &Faults) -> Option<DeTable<'_>> {
        match DeTable::parse(&self.text) {
            Ok(table) => Some(table.into_inner()),
            Err(error) => {
                let message = lower_first(error.message());
                faults.push(self.fault(message, error.span().unwrap_or_default()));
                None
            }
        }
    }

    /// A list or quoted string is read as TOML; anything else, `[::1]:80` too, is the string itself.
    fn parse_setting(&self, path: &[String], start: usize, faults: &Faults) -> Option<DeTable<'_>> {
        let text = &self.text[start..];
        let read = match text.chars().next() {
            Some('[' | '{') => DeTable::parse(&self.text).ok().map(Spanned::into_inner),
            Some('"' | '\'') => Some(self.parse_toml(faults)?),
            _ => None,
        };
        let value = match read.and_then(|table| table.into_iter().next()) {
            Some((_, value)) => value,
            None => Spanned::new(start..self.text.len(), DeValue::String(Cow::Borrowed(text))),
        };
        let name = 0..start - 1;
        let (last, sections) = path.split_last()?;
        let mut table = DeTable::new();
        table.insert(Spanned::new(name.clone(), Cow::Owned(last.clone())), value);
        for section in sections.iter().rev() {
            let inner = Spanned::new(name.clone(), DeValue::Table(table));
            table = DeTable::new();
            table.insert(
                Spanned::new(name.clone(), Cow::Owned(section.clone())),
                inner,
            );
        }
        Some(table)
    }

    /// Whether values are strings even where a number or a boolean is meant.
    pub(super) fn is_untyped(&self) -> bool {
        matches!(self.origin, Origin::Setting { .. })
    }

    /// Whether it is the setting that this variable holds.
    pub(super) fn is_variable(&self, name: &str) -> bool {
        let is_it = self
            .text
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with('='));
        self.is_untyped() && is_it
    }

    /// All of its text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The text of a byte range.
    pub(super) fn slice(&self, span: Range<usize>) -> &str {
        self.text.get(span).unwrap_or_default()
    }

    /// The line of a byte, from 1.
    pub(super) fn line_of(&self, byte: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= byte)
    }

    /// An error that points at a byte range.
    pub(super) fn fault(&self, message: impl Into<String>, span: Range<usize>) -> Diagnostic {
        self.point(Diagnostic::error(message), span)
    }

    /// A warning that points at a byte range.
    pub(super) fn warning(&self, message: impl Into<String>, span: Range<usize>) -> Diagnostic {
        self.point(Diagnostic::warning(message), span)
    }

    /// An error of the document as a whole.
    pub(super) fn fault_anywhere(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(message).in_file(&self.name)
    }

    /// Points a fault that is there already at a byte range.
    pub(super) fn point(&self, diagnostic: Diagnostic, span: Range<usize>) -> Diagnostic {
        let line = self.line_of(span.start);
        let start = self.line_starts[line - 1];
        let end = self
            .line_starts
            .get(line)
            .copied()
            .unwrap_or(self.text.len());
        let text = &self.text[start..end];
        let mut pointed = diagnostic
            .in_file(&self.name)
            .at_span(text, span.start - start..span.end.saturating_sub(start));
        pointed.place = pointed.place.map(|(_, column)| (line, column));
        match may_hold_secret(text) {
            true => self.hidden(pointed),
            false => pointed,
        }
    }

    /// The fault without the line that holds a secret. A variable or flag that is not shown is named instead.
    pub(super) fn hidden(&self, mut fault: Diagnostic) -> Diagnostic {
        fault.line_text = None;
        if let Origin::Setting { value, .. } = &self.origin {
            let name = &self.text[..value - 1];
            fault.file = Some(format!("{} {name}", self.name.display()).into());
            fault.place = None;
        }
        fault
    }
}

/// Whether a line should not be repeated on a screen or in a log.
fn may_hold_secret(line: &str) -> bool {
    let keys = line
        .match_indices('=')
        .map(|(end, _)| last_key(&line[..end]));
    let named = keys.map(str::to_lowercase).any(|key| {
        let telling = SECRET_WORDS.iter().any(|word| key.contains(word));
        let is_place = PLACES.iter().any(|end| key.ends_with(end));
        (telling && !is_place) || key == "database_url"
    });
    let mut addresses = line.split("://").skip(1);
    let in_address = addresses.any(|rest| {
        let end = rest.find(['/', '"', ' ']).unwrap_or(rest.len());
        rest[..end]
            .rsplit_once('@')
            .is_some_and(|(user, _)| user.contains(':'))
    });
    named || in_address
}

/// The name right before an equals sign.
fn last_key(before: &str) -> &str {
    let before = before.trim_end().trim_end_matches(['"', '\'']);
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    before.rsplit(|c| !is_name(c)).next().unwrap_or(before)
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect()
    })
}

/// Everything found so far, so that a person can mend it all at once.
#[derive(Default)]
pub(super) struct Faults {
    all: RefCell<Vec<Diagnostic>>,
    errors: Cell<usize>,
}

impl Faults {
    /// Adds one.
    pub(super) fn push(&self, diagnostic: impl Into<Box<Diagnostic>>) {
        let diagnostic = *diagnostic.into();
        let error = usize::from(is_error(&diagnostic));
        self.errors.set(self.errors.get() + error);
        self.all.borrow_mut().push(diagnostic);
    }

    /// How many there are, warnings too.
    pub(super) fn count(&self) -> usize {
        self.all.borrow().len()
    }

    /// Whether any of them stops.
    pub(super) fn has_errors(&self) -> bool {
        self.errors.get() > 0
    }

    /// Errors first, then warnings, each in the order of their files.
    pub(super) fn into_sorted(self) -> Vec<Diagnostic> {
        let mut all = self.all.into_inner();
        all.sort_by(|a, b| {
            let order = |d: &Diagnostic| (!is_error(d), d.file.clone(), d.place);
            order(a).cmp(&order(b))
        });
        all
    }
}

fn is_error(diagnostic: &Diagnostic) -> bool {
    diagnostic.severity == Severity::Error
}
