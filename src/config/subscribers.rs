//! `subscribers.toml`: who asked to receive the newsletter. Edited by hand, never written by us.
//!
//! Tolerant: an entry with a fault is reported and left out, and the rest goes on. Only a fault that may concern all
//! entries stops: a file that is not TOML, or an unknown key at its top, under which readers might stand unseen. A topic or
//! schedule that nobody knows is a remark: the reader keeps the others.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::io::ErrorKind;
use std::path::PathBuf;

use serde_json::{Map, Number, Value as Json};
use toml::de::{DeTable, DeValue};

use super::Config;
use super::document::Faults;
use super::files::read_document;
use super::section::{Layer, Section, did_you_mean, quoted};
use super::value::Value;
use crate::model::{
    Diagnostic, EmailAddress, Format, Language, ListFile, ScheduleName, SubscriberEntry, Topic,
};

/// The file, beside `courant.toml`.
pub(super) const FILE: &str = "subscribers.toml";

/// The readers of the file, and what is wrong with the rest.
#[derive(Debug, Clone, Default)]
pub struct Subscribers {
    /// Who stands in it.
    pub list: ListFile,
    /// One or more for each entry that was left out.
    pub faults: Vec<Diagnostic>,
    /// Schedules that readers name and that do not exist, each where it stands first.
    pub unknown_schedules: Vec<Diagnostic>,
    /// Every topic that readers name, with a remark on where it stands first, for whoever knows which there are.
    pub topics: BTreeMap<Topic, Diagnostic>,
}

/// What readers name, each where it stands first.
#[derive(Default)]
struct Named {
    schedules: RefCell<BTreeMap<ScheduleName, Diagnostic>>,
    topics: RefCell<BTreeMap<Topic, Diagnostic>>,
}

/// Where the file stands, if there is one.
pub fn subscribers_file(config: &Config) -> PathBuf {
    config.root.join(FILE)
}

/// Reads the subscribers of a newsletter; without a file there are none.
///
/// # Errors
/// The one fault for which no entry can be trusted.
pub fn subscribers(config: &Config) -> Result<Subscribers, Box<Diagnostic>> {
    let (path, name) = (subscribers_file(config), config.file.with_file_name(FILE));
    // Only a file that is truly not there means "nobody": one that cannot be seen must not make readers leave.
    if path
        .symlink_metadata()
        .is_err_and(|error| error.kind() == ErrorKind::NotFound)
    {
        let list = ListFile {
            name,
            missing: true,
            ..ListFile::default()
        };
        return Ok(Subscribers {
            list,
            ..Subscribers::default()
        });
    }
    let document = read_document(&path, &name)?;
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
    let schedules: Vec<&ScheduleName> = config
        .schedules
        .iter()
        .map(|schedule| &schedule.name)
        .collect();
    let named = Named::default();
    let mut list = ListFile {
        name,
        ..ListFile::default()
    };
    read_entries(sections, &schedules, &named, &mut list);
    let faults = faults.into_sorted().into_iter();
    Ok(Subscribers {
        list,
        faults: faults.map(|fault| fault.about("readers")).collect(),
        unknown_schedules: named.schedules.into_inner().into_values().collect(),
        topics: named.topics.into_inner(),
    })
}

/// The first of some faults, of which there is at least one.
fn first(faults: Faults) -> Box<Diagnostic> {
    let unreadable = || Diagnostic::error("cannot read the subscribers").in_file(FILE);
    let fault = faults.into_sorted().into_iter().next();
    Box::new(fault.unwrap_or_else(unreadable))
}

fn read_entries(
    sections: Vec<Section<'_>>,
    schedules: &[&ScheduleName],
    named: &Named,
    list: &mut ListFile,
) {
    let mut lines = HashMap::with_capacity(sections.len());
    for section in sections {
        match read_entry(section, schedules, named, &mut lines) {
            Ok(entry) => list.entries.push(entry),
            Err(address) => list.unsound.extend(address),
        }
    }
}

/// An entry without any fault; of another its address, if that is sound.
fn read_entry(
    mut section: Section<'_>,
    schedules: &[&ScheduleName],
    named: &Named,
    lines: &mut HashMap<String, usize>,
) -> Result<SubscriberEntry, Option<EmailAddress>> {
    let (faults, line) = (section.faults(), section.line());
    let before = faults.count();
    let address = section.required("email", |value| read_address(value, lines));
    let name = section.optional("name", Value::line_of_text);
    let language = section.optional("language", |v| v.parse(Language::parse));
    let topics = section.or("topics", Vec::new(), |v| read_topics(v, named));
    let wanted = section.or("schedules", Vec::new(), |v| {
        v.list(|item| read_schedule(item, schedules, named))
    });
    let format = section.or("format", Format::default(), |v| {
        v.choice(&[("html", Format::Html), ("text", Format::Text)])
    });
    let since = section.optional("since", Value::date);
    let data = section.or("data", Map::new(), read_data);
    section.finish();
    let sound = || {
        Some(SubscriberEntry {
            address: address.clone()?,
            name,
            language,
            topics: topics?,
            schedules: wanted?,
            format: format?,
            since,
            data: data?,
            line,
        })
    };
    let entry = (faults.count() == before).then(sound).flatten();
    entry.ok_or(address)
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

fn read_topics(value: &Value<'_>, named: &Named) -> Option<Vec<Topic>> {
    value.list(|item| {
        let topic = item.parse_name(Topic::parse)?;
        let mut topics = named.topics.borrow_mut();
        if !topics.contains_key(&topic) {
            let remark = item.remark(format!("readers name the unknown topic `{topic}`"));
            topics.insert(topic.clone(), remark);
        }
        Some(topic)
    })
}

/// One that is not known stays: without it the list might be empty, which means the default ones.
fn read_schedule(
    value: &Value<'_>,
    known: &[&ScheduleName],
    named: &Named,
) -> Option<ScheduleName> {
    let name = value.parse_name(ScheduleName::parse)?;
    let mut unknown = named.schedules.borrow_mut();
    if !known.contains(&&name) && !unknown.contains_key(&name) {
        let words = || known.iter().map(|name| name.as_str());
        let hint = did_you_mean(name.as_str(), words())
            .unwrap_or_else(|| format!("known schedules: {}", quoted(words())));
        let remark = value.remark(format!("readers name the unknown schedule `{name}`"));
        unknown.insert(name.clone(), remark.hint(hint));
    }
    Some(name)
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
