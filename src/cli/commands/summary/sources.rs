//! What a summary says of the sources: what their visits brought, and what an operator may wonder about.

use jiff::tz::TimeZone;

use crate::cli::print::{Printer, clock, count};
use crate::model::NotAsked;
use crate::pipeline::SourceReport;

/// Sources that were not due, each by name up to so many.
const NAMED: usize = 5;

/// What the visits showed beside posts, and who was not asked since nothing is due.
pub(super) fn show_visits(printer: &Printer, sources: &[SourceReport], zone: &TimeZone) {
    for source in sources {
        for note in &source.notes {
            printer.line(format!("{}: {note}", source.name));
        }
    }
    let not_due =
        |source: &&SourceReport| matches!(source.not_asked, Some(NotAsked::NotDue { .. }));
    let not_due: Vec<_> = sources.iter().filter(not_due).collect();
    if not_due.len() > NAMED {
        printer.line(format!("{} sources were not due", not_due.len()));
        return;
    }
    for words in not_due.iter().flat_map(|source| source_words(source, zone)) {
        printer.line(words);
    }
}

/// What came of a source, in a line, and a line for each thing that its visit showed beside posts. Failures are told
/// among the faults.
pub fn source_words(source: &SourceReport, zone: &TimeZone) -> Vec<String> {
    let what = match &source.not_asked {
        _ if source.error.is_some() => None,
        Some(NotAsked::NotDue { until }) => {
            let until = clock(*until, zone);
            Some(format!(
                "not due before {until}, as its server or feed asks"
            ))
        }
        Some(_) => None,
        None if source.unchanged => Some("unchanged".to_owned()),
        None => Some(format!(
            "{} new of {}",
            source.new,
            count(source.found, "post", "posts")
        )),
    };
    what.iter()
        .chain(&source.notes)
        .map(|words| format!("{}: {words}", source.name))
        .collect()
}

/// What the sources showed that an operator may wonder about.
pub(super) fn show_sources(printer: &Printer, sources: &[SourceReport]) {
    for SourceReport {
        name,
        renewed,
        filtered,
        joined,
        ..
    } in sources
    {
        if *renewed > 0 {
            let came = count(
                *renewed,
                "post came back under a new guid",
                "posts came back under new guids",
            );
            printer.line(format!("{name}: {came}; taken for the same"));
        }
        if *filtered > 0 {
            let posts = count(*filtered, "new post", "new posts");
            printer.line(format!("{name}: {posts} passed over by its filters"));
        }
        if *joined > 0 {
            let posts = count(*joined, "new post", "new posts");
            printer.line(format!(
                "{name}: {posts} known from another source; `plan` says which"
            ));
        }
    }
}

/// Titles that were made of a post's text, for the operator to look at.
pub(super) fn show_derived_titles(printer: &Printer, sources: &[SourceReport]) {
    for source in sources {
        for title in &source.derived_titles {
            printer.line(format!(
                "{}: title made of the text, please look: “{title}”",
                source.name
            ));
        }
    }
}
