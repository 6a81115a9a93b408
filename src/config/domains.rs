//! `[[delivery.domains]]`: how fast mail for some recipient domains may go.

use std::cell::RefCell;
use std::collections::HashSet;

use jiff::SignedDuration;

use super::section::Section;
use super::value::Value;

/// More messages under way at once than any domain's servers take from one relay.
const MOST_CONNECTIONS: u32 = 256;

/// How to write a domain.
const HINT: &str = "write what stands behind the @ of an address, such as `example.org`";

/// The limits of some recipient domains, which share them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainLimits {
    /// The domains, in ASCII and lower case; at least one.
    pub names: Vec<String>,
    /// At most this many messages in this span.
    pub rate: Option<(u32, SignedDuration)>,
    /// Messages under way at once, from 1.
    pub connections: Option<usize>,
}

/// Reads the tables; `None` if one of them is of no use, which was reported.
pub(super) fn read(
    sections: Vec<Section<'_>>,
    rate: impl Fn(&Value<'_>) -> Option<Option<(u32, SignedDuration)>>,
) -> Option<Vec<DomainLimits>> {
    let mut known = HashSet::new();
    // All are read, so that the faults of all are found.
    let limits: Vec<_> = sections
        .into_iter()
        .map(|section| read_limits(section, &mut known, &rate))
        .collect();
    limits.into_iter().collect()
}

fn read_limits(
    mut section: Section<'_>,
    known: &mut HashSet<String>,
    rate: impl Fn(&Value<'_>) -> Option<Option<(u32, SignedDuration)>>,
) -> Option<DomainLimits> {
    let name = section.get("name");
    let names = section.get("names");
    let (has_rate, rate) = match section.get("rate") {
        Some(value) => (true, rate(&value)),
        None => (false, Some(None)),
    };
    let (has_connections, connections) = match section.get("connections") {
        Some(value) => (true, value.whole(1..=MOST_CONNECTIONS).map(Some)),
        None => (false, Some(None)),
    };
    let names = match (name, names) {
        (Some(name), None) => read_name(&name, known).map(|name| vec![name]),
        (None, Some(names)) => read_names(&names, known),
        (Some(_), Some(names)) => {
            let hint = "put all of them into `names`";
            names.report("`name` and `names` say the same", Some(hint.to_owned()));
            None
        }
        (None, None) => {
            let hint = "`name = \"example.org\"`, or `names = [\"example.org\", \"example.com\"]`";
            section.report_here(
                "`[delivery.domains]` names no domain".to_owned(),
                Some(hint.to_owned()),
            );
            None
        }
    };
    if !has_rate && !has_connections {
        let hint = "such as `rate = \"20/min\"` or `connections = 2`";
        section.report_here(
            "`[delivery.domains]` sets neither `rate` nor `connections`".to_owned(),
            Some(hint.to_owned()),
        );
    }
    section.finish();
    Some(DomainLimits {
        names: names?,
        rate: rate?,
        connections: connections?.and_then(|count| usize::try_from(count).ok()),
    })
    .filter(|limits| limits.rate.is_some() || limits.connections.is_some())
}

fn read_names(value: &Value<'_>, known: &mut HashSet<String>) -> Option<Vec<String>> {
    let known = RefCell::new(known);
    let names = value.list(|item| read_name(item, &mut known.borrow_mut()))?;
    if names.is_empty() {
        value.report("`names` is empty", Some(HINT.to_owned()));
        return None;
    }
    Some(names)
}

fn read_name(value: &Value<'_>, known: &mut HashSet<String>) -> Option<String> {
    let name = value.parse_or_hint(parse_domain, HINT)?;
    if !known.insert(name.clone()) {
        let hint = "each domain has one limit";
        value.report(format!("`{name}` is named twice"), Some(hint.to_owned()));
        return None;
    }
    Some(name)
}

/// A domain as addresses have it, in its ASCII form (RFC 5891).
fn parse_domain(text: &str) -> Result<String, &'static str> {
    let ascii = idna::domain_to_ascii_strict(text).unwrap_or_default();
    if ascii.contains('.') && ascii.split('.').all(|label| !label.is_empty()) {
        Ok(ascii)
    } else {
        Err("not the name of a domain")
    }
}
