//! Small questions about lines and places of a text.

use std::ops::Range;

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
    let before = text[..at].trim_end_matches(|c: char| {
        matches!(c, '>' | '-' | '*' | '+') || c != '\n' && c.is_whitespace()
    });
    before.is_empty() || before.ends_with('\n')
}

/// Whether nothing but white space stands behind a place on its line.
pub(super) fn ends_line(text: &str, at: usize) -> bool {
    let after = without_spaces(&text[at..]);
    after.is_empty() || after.starts_with('\n')
}

/// A part that has its lines for itself, with their line break; else the part. Looks no further than white space: a line
/// may be as long as the text.
pub(super) fn whole_lines(text: &str, at: Range<usize>) -> Range<usize> {
    let before = text[..at.start].trim_end_matches(|c: char| c != '\n' && c.is_whitespace());
    let is_first = before.is_empty() || before.ends_with('\n');
    let after = without_spaces(&text[at.end..]);
    let end = text.len() - after.len();
    match after.bytes().next() {
        _ if !is_first => at,
        None => before.len()..end,
        Some(b'\n') => before.len()..end + 1,
        Some(_) => at,
    }
}

fn without_spaces(text: &str) -> &str {
    text.trim_start_matches(|c: char| c != '\n' && c.is_whitespace())
}

/// The beginning of a text, of at most so many bytes.
pub(super) fn beginning(text: &str, most: usize) -> &str {
    let mut limit = text.len().min(most);
    while !text.is_char_boundary(limit) {
        limit -= 1;
    }
    &text[..limit]
}
