//! `[[source]]`: what is read.

use std::collections::HashMap;
use std::path::Path;

use jiff::tz::TimeZone;

use super::files::why;
use super::filters;
use super::newsletter::{parse_http, read_call_to_action};
use super::pages;
use super::section::Section;
use super::value::Value;
use crate::model::{Language, Source, SourceKind, SourceName, Topic};

/// Largest `hold_above`: no feed shows more.
const MOST_AT_ONCE: u32 = 100_000;

/// Reads all sources; a folder is relative to `root`.
pub(super) fn read(sections: Vec<Section<'_>>, root: &Path) -> Vec<Source> {
    let mut lines = HashMap::new();
    let mut sources = Vec::new();
    for section in sections {
        if let Some(source) = read_source(section, root, &mut lines) {
            sources.push(source);
        }
    }
    sources
}

fn read_source(
    mut section: Section<'_>,
    root: &Path,
    lines: &mut HashMap<SourceName, usize>,
) -> Option<Source> {
    let name = section.required("name", |value| read_name(value, lines));
    let kind = read_kind(&mut section, root);
    let topics = section.or("topics", Vec::new(), read_topics);
    let language = section.optional("language", |v| v.parse(Language::parse));
    let call_to_action = read_call_to_action(&mut section);
    let paused = section.or("paused", false, Value::boolean);
    let full_text = section.or("full_text", false, Value::boolean);
    let article = section.optional("article", Value::line_of_text);
    let pages = pages::read(&mut section);
    if matches!(kind, Some(SourceKind::Folder(_))) {
        pages::refuse_in_folder(&mut section);
    }
    let filters = filters::read(&mut section);
    let hold_above = section.optional("hold_above", |v| v.whole(1..=MOST_AT_ONCE));
    section.finish();
    Some(Source {
        name: name?,
        kind: kind?,
        topics: topics?,
        language,
        timezone: TimeZone::UTC,
        call_to_action,
        paused: paused?,
        full_text: full_text?,
        article,
        pages: pages?,
        filters,
        hold_above: hold_above.map(|most| most as usize),
    })
}

/// A name that no source before has.
fn read_name(value: &Value<'_>, lines: &mut HashMap<SourceName, usize>) -> Option<SourceName> {
    let name = value.parse_name(SourceName::parse)?;
    if let Some(line) = lines.get(&name) {
        let hint = format!("the first is on line {line}; names tell sources apart for ever");
        value.report(format!("two sources are named `{name}`"), Some(hint));
        return None;
    }
    lines.insert(name.clone(), value.line());
    Some(name)
}

fn read_kind(section: &mut Section<'_>, root: &Path) -> Option<SourceKind> {
    const HINT: &str = "`url` names a feed, `folder` a folder of posts";
    match (section.get("url"), section.get("folder")) {
        (Some(url), None) => url.parse(parse_http).map(SourceKind::Url),
        (None, Some(folder)) => read_folder(&folder, root),
        (Some(_), Some(folder)) => {
            folder.report(
                "a source has `url` or `folder`, not both",
                Some(HINT.to_owned()),
            );
            None
        }
        (None, None) => {
            section.report_here(
                "a source needs `url` or `folder`".to_owned(),
                Some(HINT.to_owned()),
            );
            None
        }
    }
}

/// A folder that can be read now.
fn read_folder(value: &Value<'_>, root: &Path) -> Option<SourceKind> {
    let typed = value.line_of_text()?;
    let folder = root.join(&typed);
    match std::fs::read_dir(&folder) {
        Ok(_) => Some(SourceKind::Folder(folder)),
        Err(error) => {
            let message = format!("cannot read the folder `{typed}`: {}", why(&folder, &error));
            value.report(
                message,
                Some("it is looked for beside `courant.toml`".to_owned()),
            );
            None
        }
    }
}

/// A list of topics.
fn read_topics(value: &Value<'_>) -> Option<Vec<Topic>> {
    value.list(|item| item.parse_name(Topic::parse))
}
