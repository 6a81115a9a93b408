//! Small questions about lines and places of a text.

use std::ops::Range;

/// Where the line begins that has this place.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |end| end + 1)
}

/// Where the line ends that has this place, before its line break.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
    match text[at..end].ends_with('\r') {
        true => end - 1,
        false => end,
    }
}

/// Whether nothing but quote marks, bullets and white space stands before a place on its line.
pub(super) fn begins_line(text: &str, at: usize) -> bool {
    let before = text[line_start(text, at)..at].trim();
    before
        .chars()
        .all(|c| matches!(c, '>' | '-' | '*' | '+' | ' '))
}

/// A part that has its lines for itself, with their line break; else the part.
pub(super) fn whole_lines(text: &str, at: Range<usize>) -> Range<usize> {
    let start = line_start(text, at.start);
    let end = line_end(text, at.end);
    let is_alone = text[start..at.start].trim().is_empty() && text[at.end..end].trim().is_empty();
    match is_alone {
        true => {
            let next = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
            start..next
        }
        false => at,
    }
}
