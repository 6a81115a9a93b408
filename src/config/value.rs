//! One value of a setting, read as what it is meant to be; a fault points at the value itself.
//!
//! Each reader gives `None` after it has reported. Values of the environment and of flags are strings: where a number,
//! a boolean or a date is meant, the string is read as one.

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};

use jiff::SignedDuration;
use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::document::{Document, Faults};
use super::section::{did_you_mean, quoted};
use crate::model::{Diagnostic, NameError, Topic};
use crate::schedule::parse_duration;

/// A value where it stands.
#[derive(Clone, Copy)]
pub(super) struct Value<'d> {
    document: &'d Document,
    key: &'static str,
    node: &'d Spanned<DeValue<'d>>,
    /// Whether it is one of a list.
    is_item: bool,
    faults: &'d Faults,
}

impl<'d> Value<'d> {
    pub(super) fn new(
        document: &'d Document,
        key: &'static str,
        node: &'d Spanned<DeValue<'d>>,
        faults: &'d Faults,
    ) -> Self {
        Self {
            document,
            key,
            node,
            is_item: false,
            faults,
        }
    }

    /// The text that the value stands in.
    pub(super) fn document(&self) -> &'d Document {
        self.document
    }

    /// The line of the value, from 1.
    pub(super) fn line(&self) -> usize {
        self.document.line_of(self.node.span().start)
    }

    /// Where it stands, in bytes.
    pub(super) fn span(&self) -> Range<usize> {
        self.node.span()
    }

    /// Where its faults go.
    pub(super) fn faults(&self) -> &'d Faults {
        self.faults
    }

    /// The items of a list; of anything else, itself alone.
    pub(super) fn items(&self) -> Vec<Value<'d>> {
        let item = |node| Value {
            node,
            is_item: true,
            ..*self
        };
        match self.raw() {
            DeValue::Array(items) => items.iter().map(item).collect(),
            _ => vec![*self],
        }
    }

    /// The value as TOML has it.
    pub(super) fn raw(&self) -> &'d DeValue<'d> {
        self.node.get_ref()
    }

    /// Reports a fault of this value.
    pub(super) fn report(&self, message: impl Into<String>, hint: Option<String>) {
        let mut fault = self.document.fault(message, self.node.span());
        fault.hint = hint;
        self.faults.push(fault);
    }

    /// Reports a fault of this value without repeating its line, which holds a secret.
    pub(super) fn report_secret(&self, message: impl Into<String>, hint: &str) {
        let fault = self.document.fault(message, self.node.span()).hint(hint);
        self.faults.push(self.document.hidden(fault));
    }

    /// Reports a fault of some bytes of a string; of all of it where they cannot be found.
    pub(super) fn report_within(
        &self,
        message: impl Into<String>,
        inner: Option<Range<usize>>,
        hint: String,
    ) {
        let span = inner
            .and_then(|inner| self.inner_span(inner))
            .unwrap_or(self.node.span());
        self.faults
            .push(self.document.fault(message, span).hint(hint));
    }

    /// Where bytes of the string's value stand in the document; escapes make that unknowable.
    fn inner_span(&self, inner: Range<usize>) -> Option<Range<usize>> {
        let text = self.raw().as_str()?;
        let span = self.node.span();
        let lead = self.document.slice(span.clone()).find(text)?;
        let start = span.start + lead;
        Some(start + inner.start..start + inner.end)
    }

    /// Warns about this value.
    pub(super) fn warn(&self, message: impl Into<String>, hint: String) {
        self.faults.push(self.remark(message).hint(hint));
    }

    /// A warning about this value that is not reported yet.
    pub(super) fn remark(&self, message: impl Into<String>) -> Diagnostic {
        self.document.warning(message, self.node.span())
    }

    /// Reports that the value is of another type than `wanted`, such as "a string".
    pub(super) fn report_type(&self, wanted: &str, hint: Option<&str>) {
        let found = match self.raw() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a fraction",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let whose = if self.is_item { "an item of " } else { "" };
        let message = format!("{whose}`{}` must be {wanted}, not {found}", self.key);
        self.report(message, hint.map(str::to_owned));
    }

    /// A string, as it stands.
    pub(super) fn string(&self) -> Option<&'d str> {
        let text = self.raw().as_str();
        if text.is_none() {
            self.report_type("a string", None);
        }
        text
    }

    /// A string of one line that says something; control characters could forge a mail header.
    pub(super) fn line_of_text(&self) -> Option<String> {
        self.checked_text(|c| c.is_control(), "control characters and line breaks")
    }

    /// A string of one or more lines that says something.
    pub(super) fn text(&self) -> Option<String> {
        self.checked_text(
            |c| c.is_control() && c != '\n' && c != '\t',
            "control characters",
        )
    }

    fn checked_text(&self, refused: impl Fn(char) -> bool, what: &str) -> Option<String> {
        let text = self.string()?.replace("\r\n", "\n");
        let text = text.trim();
        if text.is_empty() {
            self.report(format!("`{}` is empty", self.key), None);
        } else if text.contains(refused) {
            self.report(format!("`{}` may not hold {what}", self.key), None);
        } else {
            return Some(text.to_owned());
        }
        None
    }

    /// A string that a parser understands.
    pub(super) fn parse<T, E: Display>(
        &self,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        self.parse_or(parse, |_| None)
    }

    /// The same, with a hint that says how to write one.
    pub(super) fn parse_or_hint<T, E: Display>(
        &self,
        parse: impl FnOnce(&str) -> Result<T, E>,
        hint: &str,
    ) -> Option<T> {
        self.parse_or(parse, |_| Some(hint.to_owned()))
    }

    /// A name; what was typed is made into one for the hint.
    pub(super) fn parse_name<T>(
        &self,
        parse: impl FnOnce(&str) -> Result<T, NameError>,
    ) -> Option<T> {
        self.parse_or(parse, |typed| {
            Some(format!("did you mean `{}`?", Topic::from_label(typed)?))
        })
    }

    fn parse_or<T, E: Display>(
        &self,
        parse: impl FnOnce(&str) -> Result<T, E>,
        hint: impl FnOnce(&str) -> Option<String>,
    ) -> Option<T> {
        let Some(typed) = self.raw().as_str() else {
            self.report_type("a string", hint("").as_deref());
            return None;
        };
        match parse(typed) {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.report(format!("invalid `{}`: {error}", self.key), hint(typed));
                None
            }
        }
    }

    /// A span of time.
    pub(super) fn duration(&self) -> Option<SignedDuration> {
        self.parse_or_hint(
            parse_duration,
            "write it as `90s`, `30min`, `12h` or `4 days`",
        )
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, words: &[(&'static str, T)]) -> Option<T> {
        let typed = self.string()?;
        let found = words.iter().find(|(word, _)| *word == typed);
        if found.is_none() {
            let known = || words.iter().map(|(word, _)| *word);
            let hint = did_you_mean(typed, known())
                .unwrap_or_else(|| format!("known words: {}", quoted(known())));
            self.report(format!("`{}` may not be `{typed}`", self.key), Some(hint));
        }
        found.map(|(_, value)| *value)
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self) -> Option<bool> {
        let value = match self.raw() {
            DeValue::Boolean(value) => Some(*value),
            DeValue::String(text) if self.document.is_untyped() => text.parse().ok(),
            _ => None,
        };
        if value.is_none() {
            self.report_type("`true` or `false`", None);
        }
        value
    }

    /// Whether it is written as a whole number.
    pub(super) fn is_whole(&self) -> bool {
        match self.raw() {
            DeValue::Integer(_) => true,
            DeValue::String(text) => self.document.is_untyped() && text.parse::<u32>().is_ok(),
            _ => false,
        }
    }

    /// A whole number within bounds.
    pub(super) fn whole(&self, bounds: RangeInclusive<u32>) -> Option<u32> {
        let value: Option<i64> = match self.raw() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
            DeValue::String(text) if self.document.is_untyped() => text.parse().ok(),
            _ => None,
        };
        let Some(value) = value else {
            self.report_type("a whole number", None);
            return None;
        };
        let fitting = u32::try_from(value)
            .ok()
            .filter(|value| bounds.contains(value));
        if fitting.is_none() {
            let (least, most) = (bounds.start(), bounds.end());
            self.report(
                format!("`{}` must be {least} to {most}, not {value}", self.key),
                None,
            );
        }
        fitting
    }

    /// A number within bounds, with or without a fraction.
    pub(super) fn number(&self, bounds: RangeInclusive<f64>) -> Option<f64> {
        let value: Option<f64> = match self.raw() {
            DeValue::Integer(number) => number.as_str().parse().ok(),
            DeValue::Float(number) => number.as_str().parse().ok(),
            DeValue::String(text) if self.document.is_untyped() => text.parse().ok(),
            _ => None,
        };
        let Some(value) = value else {
            self.report_type("a number", None);
            return None;
        };
        if bounds.contains(&value) {
            return Some(value);
        }
        let (least, most) = (bounds.start(), bounds.end());
        self.report(
            format!("`{}` must be {least} to {most}, not {value}", self.key),
            None,
        );
        None
    }

    /// A calendar day.
    pub(super) fn date(&self) -> Option<Date> {
        let date = match self.raw() {
            DeValue::Datetime(moment) if moment.time.is_none() => moment.date.and_then(|date| {
                let (month, day) = (i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?);
                Date::new(i16::try_from(date.year).ok()?, month, day).ok()
            }),
            _ => None,
        };
        if date.is_none() {
            self.report_type(
                "a date",
                Some("write a day such as 2026-09-01, without quotes"),
            );
        }
        date
    }

    /// A list whose faulty items are each reported; `None` where there is one.
    pub(super) fn list<T>(&self, read: impl Fn(&Value<'d>) -> Option<T>) -> Option<Vec<T>> {
        let DeValue::Array(items) = self.raw() else {
            self.report_type("a list", Some("write it in square brackets: `[\"…\"]`"));
            return None;
        };
        let read: Vec<Option<T>> = items
            .iter()
            .map(|node| {
                read(&Value {
                    node,
                    is_item: true,
                    ..*self
                })
            })
            .collect();
        read.into_iter().collect()
    }

    /// The entries of a table, each with its key as `parse` reads it; `None` where this is no table. A key that cannot be
    /// read is reported where it stands.
    pub(super) fn entries<T, E: Display>(
        &self,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Vec<(Option<T>, Value<'d>)>> {
        let DeValue::Table(table) = self.raw() else {
            return None;
        };
        let read = table.iter().map(|(key, node)| {
            let parsed = parse(key.get_ref()).map_err(|error| {
                let message = format!("invalid key `{}` in `{}`: {error}", key.get_ref(), self.key);
                self.faults.push(self.document.fault(message, key.span()));
            });
            (parsed.ok(), Value { node, ..*self })
        });
        Some(read.collect())
    }

    /// The tables of a list of tables, each with its place; `header` says how to write one.
    pub(super) fn tables(&self, header: &str) -> Option<Vec<(&'d DeTable<'d>, Range<usize>)>> {
        let hint = format!("write `{header}` above each");
        let DeValue::Array(items) = self.raw() else {
            self.report_type("a list of tables", Some(&hint));
            return None;
        };
        let mut tables = Vec::with_capacity(items.len());
        for node in items {
            match node.get_ref() {
                DeValue::Table(table) => tables.push((table, node.span())),
                _ => Value {
                    node,
                    is_item: true,
                    ..*self
                }
                .report_type("a table", Some(&hint)),
            }
        }
        Some(tables)
    }
}
