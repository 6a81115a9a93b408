//! Judges the lengths of subject and preheader and the sizes of the parts.

use super::Preflight;
use crate::compose::digest::{BUDGET, LIMIT};
use crate::compose::subject::{PREHEADER_MAX, PREHEADER_MIN, SUBJECT_LENGTH, repeats};
use crate::model::Diagnostic;

/// What is wrong with subject and preheader.
pub(super) fn of_lines(flight: &Preflight) -> Vec<Diagnostic> {
    let (subject, preheader) = (&flight.digest.subject, &flight.digest.preheader);
    let schedule = &flight.issue.schedule;
    let mut faults = Vec::new();
    if flight.own.subject.is_some() && subject.contains('…') {
        faults.push(
            Diagnostic::warning(format!(
                "the subject of schedule `{schedule}` was cut: `{subject}`"
            ))
            .hint(format!("phones show {SUBJECT_LENGTH} characters")),
        );
    }
    let length = subject.chars().count();
    if subject.trim().is_empty() || length > SUBJECT_LENGTH {
        faults.push(Diagnostic::warning(format!(
            "the subject has {length} characters; phones show {SUBJECT_LENGTH}"
        )));
    }
    let length = preheader.chars().count();
    if !(PREHEADER_MIN..=PREHEADER_MAX).contains(&length) {
        faults.push(Diagnostic::warning(format!(
            "the preheader has {length} characters; {PREHEADER_MIN} to {PREHEADER_MAX} are shown"
        )));
    }
    if repeats(preheader, subject) {
        faults.push(Diagnostic::warning(format!(
            "the preheader `{preheader}` repeats the subject"
        )));
    }
    faults
}

/// What is wrong with the sizes of the parts.
pub(super) fn of_parts(flight: &Preflight) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    if flight.digest.text.trim().is_empty() {
        faults.push(Diagnostic::error("the text part is empty"));
    }
    let html = flight.digest.html.as_ref().map_or(0, String::len);
    let bytes = html.max(flight.digest.text.len());
    if bytes > LIMIT {
        faults.push(Diagnostic::error(format!(
            "the digest has {bytes} bytes, and Gmail clips at about 102000"
        )));
    } else if bytes > BUDGET {
        let fault = format!("the digest has {bytes} bytes, near the 102000 where Gmail clips");
        faults.push(Diagnostic::warning(fault));
    }
    let left_out = flight.variant.posts.len() - flight.shown().count();
    if left_out > 0 {
        faults.push(
            Diagnostic::warning(format!(
                "the {} digest has no room for {left_out} of its {} posts: it links to the issue's page for them",
                flight.digest.language,
                flight.variant.posts.len()
            ))
            .hint("`max_posts` of the schedule makes smaller issues"),
        );
    }
    faults
}
