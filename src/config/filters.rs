//! `include`, `exclude` and `topic_map` of a source: what of it comes in, and under which topics.
//!
//! A pattern that cannot be read is shown with a caret under the part that is to blame.

use super::section::{Section, quoted};
use super::value::Value;
use crate::model::{Field, Filters, Pattern, Rule, Topic};

/// Stands for all categories that a `topic_map` does not name.
const OTHERS: &str = "*";

/// Reads the filters of a source; what is faulty is reported and left out.
pub(super) fn read(section: &mut Section<'_>) -> Filters {
    let (topic_map, other_topics) = section
        .optional("topic_map", read_topic_map)
        .unwrap_or_default();
    Filters {
        include: read_rules(section.section("include")),
        exclude: read_rules(section.section("exclude")),
        topic_map,
        other_topics,
    }
}

fn read_rules(mut section: Section<'_>) -> Vec<Rule> {
    let mut rules = Vec::new();
    for field in Field::ALL {
        let patterns = section.optional(field.as_str(), read_patterns);
        rules.extend(patterns.map(|patterns| Rule { field, patterns }));
    }
    section.finish();
    rules
}

/// One pattern, or a list of them.
fn read_patterns(value: &Value<'_>) -> Option<Vec<Pattern>> {
    match value.raw() {
        toml::de::DeValue::Array(items) if items.is_empty() => {
            let hint = "leave the key out, or name a pattern".to_owned();
            value.report("this list names no pattern", Some(hint));
            None
        }
        toml::de::DeValue::Array(_) => value.list(read_pattern),
        _ => read_pattern(value).map(|pattern| vec![pattern]),
    }
}

fn read_pattern(value: &Value<'_>) -> Option<Pattern> {
    let text = value.string()?;
    if text.is_empty() {
        let hint = "an empty pattern matches everything; leave the key out".to_owned();
        value.report("this pattern is empty", Some(hint));
        return None;
    }
    match Pattern::parse(text) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            let hint = "patterns are regular expressions without look-around and back-references; \
                write TOML's '…' quotes so that `\\` stays as it is";
            let message = format!("the pattern `{text}` cannot be read: {}", error.message);
            value.report_within(message, error.at, hint.to_owned());
            None
        }
    }
}

type TopicMap = (Vec<(Topic, Option<Topic>)>, Option<Option<Topic>>);

/// Categories as the feed writes them, each with a topic, or with `""` or `false` to drop it.
fn read_topic_map(value: &Value<'_>) -> Option<TopicMap> {
    let read_key = |key: &str| match key {
        OTHERS => Ok(None),
        key => Topic::from_label(key)
            .map(Some)
            .ok_or("no topic can be made of it"),
    };
    let Some(entries) = value.entries(read_key) else {
        let hint = "write it as `topic_map = { \"Sales tips\" = \"verkoop\", \"Intern\" = \"\" }`";
        value.report_type("a table", Some(hint));
        return None;
    };
    let mut map = TopicMap::default();
    for (from, value) in entries {
        let (Some(from), Some(to)) = (from, read_target(&value)) else {
            continue;
        };
        match from {
            None => map.1 = Some(to),
            Some(from) if map.0.iter().any(|(known, _)| *known == from) => {
                let hint = format!("both read as {}", quoted([from.as_str()].into_iter()));
                value.report("two keys of `topic_map` name the same category", Some(hint));
            }
            Some(from) => map.0.push((from, to)),
        }
    }
    Some(map)
}

/// A topic; inner `None` where the category is dropped.
fn read_target(value: &Value<'_>) -> Option<Option<Topic>> {
    match value.raw() {
        toml::de::DeValue::Boolean(false) => Some(None),
        toml::de::DeValue::String(text) if text.is_empty() => Some(None),
        _ => value.parse_name(Topic::parse).map(Some),
    }
}
