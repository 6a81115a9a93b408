//! Finds the code of a text: whatever looks like notation there is code.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};

use super::super::Kind;

/// Elements of HTML whose content is code.
const ELEMENTS: [&str; 4] = ["pre", "code", "script", "style"];

/// The code of a text, in order and apart from each other.
pub(super) struct Code(Vec<Range<usize>>);

impl Code {
    pub(super) fn of(text: &str, kind: Kind) -> Self {
        let mut found = match kind {
            Kind::Markdown => markdown(text).into_iter().map(|(at, _)| at).collect(),
            Kind::Page => Vec::new(),
            Kind::Text => return Self(Vec::new()),
        };
        let of_markdown = Self(std::mem::take(&mut found));
        let mut all = of_markdown.0.clone();
        for element in ELEMENTS {
            all.extend(elements(text, element, &of_markdown));
        }
        all.sort_by_key(|at| (at.start, at.end));
        let mut merged: Vec<Range<usize>> = Vec::with_capacity(all.len());
        for at in all {
            match merged.last_mut() {
                Some(last) if at.start < last.end => last.end = last.end.max(at.end),
                _ => merged.push(at),
            }
        }
        Self(merged)
    }

    /// Where the code ends that covers a place, if any does.
    pub(super) fn end(&self, at: usize) -> Option<usize> {
        let next = self.0.partition_point(|code| code.start <= at);
        let code = self.0.get(next.checked_sub(1)?)?;
        (at < code.end).then_some(code.end)
    }

    /// Whether code begins within a part of the text and goes on behind it.
    pub(super) fn begins_within(&self, at: &Range<usize>) -> bool {
        self.end(at.end).is_some_and(|end| {
            let next = self.0.partition_point(|code| code.end < end);
            self.0[next].start >= at.start && self.0[next].start < at.end
        })
    }
}

/// Code of Markdown, a block with its language.
pub(super) fn markdown(text: &str) -> Vec<(Range<usize>, Option<String>)> {
    if !text.contains(['`', '~']) && !text.contains("    ") && !text.contains('\t') {
        return Vec::new();
    }
    let events = Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter();
    events
        .filter_map(|(event, at)| match event {
            Event::Code(_) => Some((at, None)),
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                Some((at, Some(language.to_string())))
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => Some((at, None)),
            _ => None,
        })
        .collect()
}

/// Elements of a name that are closed, and do not stand in code themselves.
fn elements(text: &str, name: &str, code: &Code) -> Vec<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let (open, close) = (format!("<{name}"), format!("</{name}"));
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = lower[from..].find(&open).map(|at| from + at) {
        let after = lower[at + open.len()..].chars().next();
        let is_whole = after.is_none_or(|c| !c.is_alphanumeric());
        from = at + open.len();
        if !is_whole || code.end(at).is_some() {
            continue;
        }
        let Some(end) = lower[from..].find(&close) else {
            break;
        };
        from += end + close.len();
        found.push(at..from);
    }
    found
}
