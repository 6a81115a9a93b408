//! The plain text of HTML: what a summary, a language and a text part are made of.

use super::markup::{Element, Piece};

/// Elements that stand apart, with a blank line around them.
const BLOCKS: [&str; 28] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "center",
    "details",
    "div",
    "dl",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "ul",
];

/// Elements that begin a line.
const BREAKS: [&str; 5] = ["br", "dd", "dt", "li", "tr"];

/// Elements whose text is no running text.
const NOT_PROSE: [&str; 12] = [
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "figcaption",
    "table",
    "pre",
    "ul",
    "ol",
    "dl",
];

/// The plain text: a line a block, a blank line between paragraphs, spaces collapsed.
pub(super) fn text(pieces: &[Piece]) -> String {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Open(element) if BREAKS.contains(&element.name.as_str()) => text.push('\n'),
            Piece::Open(Element { name, .. }) | Piece::Close(name)
                if BLOCKS.contains(&name.as_str()) =>
            {
                text.push_str("\n\n");
            }
            Piece::Open(Element { name, .. }) | Piece::Close(name)
                if matches!(name.as_str(), "td" | "th") =>
            {
                text.push(' ');
            }
            Piece::Text(words) => push_collapsed(&mut text, words),
            _ => {}
        }
    }
    tidy_lines(&text)
}

/// The running text alone.
pub(super) fn prose(pieces: &[Piece]) -> String {
    let mut inside = 0_usize;
    let kept: Vec<Piece> = pieces
        .iter()
        .filter(|piece| match piece {
            Piece::Open(element) if NOT_PROSE.contains(&element.name.as_str()) => {
                inside += 1;
                false
            }
            Piece::Close(name) if NOT_PROSE.contains(&name.as_str()) => {
                inside = inside.saturating_sub(1);
                false
            }
            _ => inside == 0,
        })
        .cloned()
        .collect();
    text(&kept)
}

/// A line break in the source is a space in the text.
fn push_collapsed(text: &mut String, words: &str) {
    for c in words.chars() {
        let c = if c.is_whitespace() { ' ' } else { c };
        if c != ' ' || !text.ends_with([' ', '\n']) {
            text.push(c);
        }
    }
}

fn tidy_lines(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    for line in text.lines().map(str::trim) {
        if line.is_empty() && (tidy.is_empty() || tidy.ends_with("\n\n")) {
            continue;
        }
        tidy.push_str(line);
        tidy.push('\n');
    }
    tidy.truncate(tidy.trim_end().len());
    tidy
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gather::markup::pieces;

    #[test]
    fn text_has_a_line_a_block() {
        let html = "<h2>Kop</h2>\n<p>Een\n  <b>vette</b> zin.<br>Regel</p><ul><li>a</li><li>b</li></ul>&lt;x&gt;";
        assert_eq!(
            text(&pieces(html)),
            "Kop\n\nEen vette zin.\nRegel\n\na\nb\n\n<x>"
        );
    }
}
