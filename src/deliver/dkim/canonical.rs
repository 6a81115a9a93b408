//! The relaxed forms of headers and body (RFC 6376 §3.4.2, §3.4.4): what a relay may change on the way is taken out.
//!
//! Pure. Text has CRLF line ends.

use ring::digest::{Context, Digest, SHA256};

use super::super::message::Stretch;

/// Whole lines in the relaxed form of a body, empty lines at the end kept: runs of white space become one space, and
/// those at the end of a line go.
pub(in crate::deliver) fn relaxed_lines(text: &str) -> String {
    let mut relaxed = String::with_capacity(text.len());
    for line in text.split_inclusive("\r\n") {
        let (words, end) = match line.strip_suffix("\r\n") {
            Some(words) => (words, "\r\n"),
            None => (line, ""),
        };
        squeeze(words.trim_end_matches([' ', '\t']), &mut relaxed);
        relaxed += end;
    }
    relaxed
}

/// The hash of a body; its empty lines at the end do not count.
pub(super) fn body_hash<'a>(body: impl Iterator<Item = Stretch<'a>>) -> Digest {
    let mut hash = Context::new(&SHA256);
    let mut line_ends = 0;
    let mut empty = true;
    for stretch in body {
        let own;
        let text = match stretch {
            Stretch::Relaxed(text) => text,
            Stretch::Raw(text) => {
                own = relaxed_lines(text);
                &own
            }
        };
        let words = text.trim_end_matches("\r\n");
        if !words.is_empty() {
            for _ in 0..line_ends {
                hash.update(b"\r\n");
            }
            line_ends = 0;
            empty = false;
            hash.update(words.as_bytes());
        }
        line_ends += (text.len() - words.len()) / 2;
    }
    if !empty {
        hash.update(b"\r\n");
    }
    hash.finish()
}

/// The headers, each with its name in small letters and its whole line in relaxed form, without its end.
pub(super) fn header_lines(head: &str) -> Vec<(String, String)> {
    let mut lines = Vec::with_capacity(20);
    let mut rest = head.trim_end_matches("\r\n");
    while !rest.is_empty() {
        let mut end = rest.len();
        for (at, _) in rest.match_indices("\r\n") {
            if !rest[at + 2..].starts_with([' ', '\t']) {
                end = at;
                break;
            }
        }
        lines.push(header_line(&rest[..end]));
        rest = rest[end..].strip_prefix("\r\n").unwrap_or_default();
    }
    lines
}

/// One header's name in small letters, and the header in relaxed form.
pub(super) fn header_line(line: &str) -> (String, String) {
    let (name, value) = line.split_once(':').unwrap_or((line, ""));
    let name = name.trim_end().to_ascii_lowercase();
    let value = value.replace("\r\n", "");
    let mut relaxed = format!("{name}:");
    squeeze(value.trim_matches([' ', '\t']), &mut relaxed);
    (name, relaxed)
}

fn squeeze(text: &str, out: &mut String) {
    if !text.contains("  ") && !text.contains('\t') {
        out.push_str(text);
        return;
    }
    let mut blank = false;
    for c in text.chars() {
        let white = matches!(c, ' ' | '\t');
        if !white {
            out.push(c);
        } else if !blank {
            out.push(' ');
        }
        blank = white;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_standard() {
        // RFC 6376 §3.4.5.
        let head = "A: X\r\nB : Y\t\r\n\tZ  \r\n";
        let lines: Vec<_> = header_lines(head).into_iter().map(|(_, l)| l).collect();
        assert_eq!(lines, ["a:X", "b:Y Z"]);
        assert_eq!(relaxed_lines(" C \r\nD \t E\r\n"), " C\r\nD E\r\n");
    }

    #[test]
    fn empty_lines_at_the_end_do_not_count_wherever_the_pieces_are_cut() {
        let hash = |pieces: &[&str]| {
            let pieces = pieces.iter().map(|piece| Stretch::Raw(piece));
            body_hash(pieces).as_ref().to_vec()
        };
        let wanted = hash(&[" C\r\nD E\r\n"]);
        assert_eq!(hash(&[" C \r\nD \t E\r\n\r\n\r\n"]), wanted);
        assert_eq!(hash(&[" C \r\n", "D \t E\r\n", "\r\n", "\r\n\r\n"]), wanted);
        assert_ne!(hash(&[" C \r\n", "\r\n", "D \t E\r\n"]), wanted);
        // Of nothing (RFC 6376 §3.4.4).
        let nothing = ring::digest::digest(&SHA256, b"");
        assert_eq!(hash(&["\r\n", "\r\n"]), nothing.as_ref());
        assert_eq!(hash(&[]), nothing.as_ref());
    }
}
