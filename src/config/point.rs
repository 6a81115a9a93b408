//! Finds where a setting stands, for a fault that shows only after loading: a source that cannot be reached, an accent
//! that cannot be read.
//!
//! Reads `courant.toml` once more. If the file has changed by then, the fault names the file alone.

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::Config;
use super::document::Faults;
use super::files::read_document;
use crate::model::{Diagnostic, EmailAddress, SourceName};

/// A setting of `courant.toml`.
#[derive(Debug, Clone, Copy)]
pub enum Setting<'a> {
    /// `accent` of `[newsletter]`.
    Accent,
    /// `bounces` of `[delivery]`.
    Bounces,
    /// Where a source is: its `url` or `folder`.
    Source(&'a SourceName),
    /// Another key of a source.
    SourceKey(&'a SourceName, &'static str),
}

/// Points the fault at the setting's value.
pub fn point(config: &Config, fault: Diagnostic, setting: Setting<'_>) -> Diagnostic {
    let Ok(document) = read_document(&config.file, &config.file) else {
        return fault.in_file(&config.file);
    };
    let table = document.parse(&Faults::default());
    let found = table.as_ref().and_then(|table| match setting {
        Setting::Accent => accent(table, &config.newsletter.accent),
        Setting::Bounces => bounces(table, config.delivery.bounces.as_ref()?),
        Setting::Source(name) => place(source(table, name)?),
        Setting::SourceKey(name, key) => {
            let source = source(table, name)?;
            source.get(key).or_else(|| place(source))
        }
    });
    match found {
        Some(value) => document.point(fault, value.span()),
        None => fault.in_file(&config.file),
    }
}

/// The accent, unless a stronger layer than the file has set it.
fn accent<'a>(table: &'a DeTable<'_>, value: &str) -> Option<&'a Spanned<DeValue<'a>>> {
    let node = key(table, "newsletter", "accent")?;
    let typed = node.get_ref().as_str()?;
    typed.eq_ignore_ascii_case(value).then_some(node)
}

/// The address that reports come to, unless a stronger layer than the file has set it.
fn bounces<'a>(table: &'a DeTable<'_>, value: &EmailAddress) -> Option<&'a Spanned<DeValue<'a>>> {
    let node = key(table, "delivery", "bounces")?;
    let typed = EmailAddress::parse(node.get_ref().as_str()?).ok()?;
    (typed == *value).then_some(node)
}

/// A key of a section.
fn key<'a>(table: &'a DeTable<'_>, section: &str, name: &str) -> Option<&'a Spanned<DeValue<'a>>> {
    let DeValue::Table(section) = table.get(section)?.get_ref() else {
        return None;
    };
    section.get(name)
}

fn source<'a>(table: &'a DeTable<'_>, name: &SourceName) -> Option<&'a DeTable<'a>> {
    let DeValue::Array(sources) = table.get("source")?.get_ref() else {
        return None;
    };
    let sources: &DeArray<'_> = sources;
    let tables = sources.iter().filter_map(|node| match node.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    });
    let is_named = |table: &&DeTable<'_>| {
        let node = table.get("name").and_then(|node| node.get_ref().as_str());
        node == Some(name.as_str())
    };
    tables.into_iter().find(is_named)
}

/// Where a source is.
fn place<'a>(source: &'a DeTable<'a>) -> Option<&'a Spanned<DeValue<'a>>> {
    source.get("url").or_else(|| source.get("folder"))
}
