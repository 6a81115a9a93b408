//! `subscribers.toml`: who asked to receive the newsletter. Edited by hand, never written by us.
//!
//! Tolerant: an entry with a fault is reported and left out, and the rest goes on. Only a fault that may concern all
//! entries stops: a file that is not TOML, or an unknown key at its top, under which readers might stand unseen.

use std::collections::HashMap;
use std::io::ErrorKind;

use serde_json::{Map, Number, Value as Json};
use toml::de::{DeTable, DeValue};

use super::Config;
use super::document::Faults;
use super::files::read_document;
use super::section::{Layer, Section, did_you_mean, quoted};
use super::sources::read_topics;
use super::value::Value;
use crate::model::{Diagnostic, EmailAddress, Format, Language, ScheduleName, SubscriberEntry};

/// The file, beside `courant.toml`.
pub(super) const FILE: &str = "subscribers.toml";

/// The readers of the file, and what is wrong with the rest.
#[derive(Debug, Clone, Default)]
pub struct Subscribers {
    /// Sound entries in the file's order, each address once.
    pub entries: Vec<SubscriberEntry>,
    /// One or more for each entry that was left out.
    pub faults: Vec<Diagnostic>,
}

/// Reads the subscribers of a newsletter; without a file there are none.
///
/// # Errors
/// The one fault for which no entry can be trusted.
pub fn subscribers(config: &Config) -> Result<Subscribers, Box<Diagnostic>> {
    let path = config.root.join(FILE);
    // Only a file that is truly not there means "nobody": one that cannot be seen must not make readers leave.
    if path
        .symlink_metadata()
        .is_err_and(|error| error.kind() == ErrorKind::NotFound)
    {
        return Ok(Subscribers::default());
    }
    let document = read_document(&path, &config.file.with_file_name(FILE))?;
    let faults = Faults::default();
    let Some(table) = document.parse(&faults) else {
        return Err(first(faults));
    };
    let mut top = Section::root(Vec::new(), Layer::whole(&document, &table), &faults);
    let sections = top.sections("subscriber");
    top.finish();
    if faults.has_errors() {
        return Err(first(faults));
    }
    let names: Vec<&ScheduleName> = config
        .schedules
        .iter()
        .map(|schedule| &schedule.name)
        .collect();
    let entries = read_entries(sections, &names);
    let faults = faults.into_sorted().into_iter();
    Ok(Subscribers {
        entries,
        faults: faults.map(|fault| fault.about("readers")).collect(),
    })
}

/// The first of some faults, of which there is at least one.
fn first(faults: Faults) -> Box<Diagnostic> {
    let unreadable = || Diagnostic::error("cannot read the subscribers").in_file(FILE);
    let fault = faults.into_sorted().into_iter().next();
    Box::new(fault.unwrap_or_else(unreadable))
}

fn read_entries(sections: Vec<Section<'_>>, schedules: &[&ScheduleName]) -> Vec<SubscriberEntry> {
    let mut lines = HashMap::with_capacity(sections.len());
    let mut entries = Vec::with_capacity(sections.len());
    for section in sections {
        entries.extend(read_entry(section, schedules, &mut lines));
    }
    entries
}

/// An entry without any fault.
fn read_entry(
    mut section: Section<'_>,
    schedules: &[&ScheduleName],
    lines: &mut HashMap<String, usize>,
) -> Option<SubscriberEntry> {
    let (faults, line) = (section.faults(), section.line());
    let before = faults.count();
    let address = section.required("email", |value| read_address(value, lines));
    let name = section.optional("name", Value::line_of_text);
    let language = section.optional("language", |v| v.parse(Language::parse));
    let topics = section.or("topics", Vec::new(), read_topics);
    let wanted = section.or("schedules", Vec::new(), |v| {
        v.list(|item| read_schedule(item, schedules))
    });
    let format = section.or("format", Format::default(), |v| {
        v.choice(&[("html", Format::Html), ("text", Format::Text)])
    });
    let since = section.optional("since", Value::date);
    let data = section.or("data", Map::new(), read_data);
    section.finish();
    if faults.count() > before {
        return None;
    }
    Some(SubscriberEntry {
        address: address?,
        name,
        language,
        topics: topics?,
        schedules: wanted?,
        format: format?,
        since,
        data: data?,
        line,
    })
}

/// An address that no entry before has; the first stands.
fn read_address(value: &Value<'_>, lines: &mut HashMap<String, usize>) -> Option<EmailAddress> {
    let address = value.parse(EmailAddress::parse)?;
    if let Some(line) = lines.get(&address.key()) {
        let hint = format!("the first is on line {line}, and it stands");
        value.report("this address is listed twice", Some(hint));
        return None;
    }
    lines.insert(address.key(), value.line());
    Some(address)
}

fn read_schedule(value: &Value<'_>, known: &[&ScheduleName]) -> Option<ScheduleName> {
    let typed = value.string()?;
    let found = known.iter().find(|name| name.as_str() == typed);
    if found.is_none() {
        let words = || known.iter().map(|name| name.as_str());
        let hint = did_you_mean(typed, words())
            .unwrap_or_else(|| format!("known schedules: {}", quoted(words())));
        value.report(format!("unknown schedule `{typed}`"), Some(hint));
    }
    found.map(|name| (*name).clone())
}

fn read_data(value: &Value<'_>) -> Option<Map<String, Json>> {
    match value.raw() {
        DeValue::Table(table) => Some(table_to_json(table)),
        _ => {
            value.report_type("a table", None);
            None
        }
    }
}

fn table_to_json(table: &DeTable<'_>) -> Map<String, Json> {
    table
        .iter()
        .map(|(key, value)| (key.get_ref().to_string(), to_json(value.get_ref())))
        .collect()
}

/// What JSON has no word for (dates, `inf`, huge numbers) becomes the text of it.
fn to_json(value: &DeValue<'_>) -> Json {
    match value {
        DeValue::String(text) => Json::from(text.as_ref()),
        DeValue::Boolean(value) => Json::from(*value),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Json::from(number.to_string()), Json::from),
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .ok()
            .and_then(Number::from_f64)
            .map_or_else(|| Json::from(number.as_str()), Json::from),
        DeValue::Datetime(moment) => Json::from(moment.to_string()),
        DeValue::Array(items) => items.iter().map(|item| to_json(item.get_ref())).collect(),
        DeValue::Table(table) => Json::from(table_to_json(table)),
    }
}
