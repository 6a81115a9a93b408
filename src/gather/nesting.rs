//! Counts how deep HTML would nest in a tree, and how many elements it would make, before any parser builds one.
//!
//! The counts are on the safe side: never less than what a tree builder would make of the same pieces, apart from the
//! few levels that tables and lists add by themselves.

use super::budget;
use super::markup::Piece;

/// Deeper nesting is refused: the time of every tree builder grows with the square of it (550 KB took 13.8 s).
const MAX_NESTING: usize = 256;

/// More elements are refused: a tree builder takes some 300 bytes for each. An honest post of a megabyte has a tenth.
const MAX_ELEMENTS: usize = 100_000;

const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
];

/// Elements that close by themselves when their like begins, so that a list without `</li>` does not nest.
const IMPLIED: [&str; 11] = [
    "p", "li", "dd", "dt", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup",
];

/// Elements that are reopened behind the end of the block that they were opened in (HTML §13.2.4.3).
const FORMATTING: [&str; 14] = [
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
];

/// Whether a tree builder should be asked for a tree of these pieces.
pub(super) fn is_bearable(pieces: &[Piece]) -> bool {
    let shape = shape(pieces);
    shape.deepest <= MAX_NESTING && shape.elements <= MAX_ELEMENTS
}

/// What a tree builder would make, counted on the safe side, until one of the bounds is passed.
#[derive(Debug, Default)]
struct Shape {
    deepest: usize,
    elements: usize,
}

fn shape(pieces: &[Piece]) -> Shape {
    let mut open: Vec<Open> = Vec::new();
    let mut shape = Shape::default();
    // How many of the open elements are formatting.
    let mut formatting = 0;
    for piece in pieces {
        budget::spend(1);
        match piece {
            Piece::Open(element) => {
                let name = element.name.as_str();
                shape.elements += 1;
                if counts(name) {
                    let opened = Open::of(name);
                    formatting += usize::from(opened.formats);
                    open.push(opened);
                }
                // What closes by itself takes what is open in it along, and all of that comes again behind it.
                if IMPLIED.contains(&name) {
                    shape.elements += formatting;
                }
            }
            Piece::Close(name) => {
                close(&mut open, name);
                formatting = open.iter().filter(|open| open.formats).count();
                shape.elements += formatting;
            }
            Piece::Text(_) => {}
        }
        shape.deepest = shape.deepest.max(open.len());
        if shape.deepest > MAX_NESTING || shape.elements > MAX_ELEMENTS {
            break;
        }
    }
    shape
}

fn counts(name: &str) -> bool {
    !VOID.contains(&name) && !IMPLIED.contains(&name)
}

/// Closes the innermost element of the name and what is open inside it, except what would be reopened.
fn close(open: &mut Vec<Open<'_>>, name: &str) {
    let Some(at) = open.iter().rposition(|open| open.name == name) else {
        return;
    };
    let all = open[at].formats;
    let reopened = open.split_off(at).into_iter().skip(1);
    open.extend(reopened.filter(|inner| all || inner.formats));
}

/// An open element.
struct Open<'a> {
    name: &'a str,
    /// It is reopened behind the block that it was opened in.
    formats: bool,
}

impl<'a> Open<'a> {
    fn of(name: &'a str) -> Self {
        Self {
            name,
            formats: FORMATTING.contains(&name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gather::markup::{pieces, without_machinery};

    fn shape_of(html: &str) -> Shape {
        shape(&without_machinery(pieces(html)))
    }

    fn depth(html: &str) -> usize {
        shape_of(html).deepest
    }

    #[test]
    fn elements_that_come_again_in_each_block_are_counted() {
        let open = |count: usize| (0..count).map(|n| format!("<b x={n}>")).collect::<String>();
        for block in [
            "<p>x</p>",
            "<p>x",
            "<li>x",
            "<div>x</div>",
            "<td>x",
            "x</i>",
            "<table><tr><td>x</table>",
        ] {
            let html = format!("<p>{}</p>{}", open(249), block.repeat(500));
            assert!(shape_of(&html).elements > MAX_ELEMENTS, "{block}");
        }
        // Breadth alone is counted as it is, and what is closed in time comes once.
        assert_eq!(shape_of(&"<p>a <b>c</b></p>".repeat(999)).elements, 2 * 999);
        assert!(shape_of(&"<br>".repeat(200_000)).elements > MAX_ELEMENTS);
    }

    #[test]
    fn nesting_is_counted_as_a_parser_would_build_it() {
        assert_eq!(depth(&"<p>a".repeat(999)), 0);
        assert_eq!(depth(&"<ul><li>a</ul>".repeat(999)), 1);
        assert_eq!(depth(&"<div>".repeat(50)), 50);
        assert!(depth(&"<div><b x=1></div>".repeat(999)) > MAX_NESTING);
        assert!(depth(&"<div><!--</div>-->".repeat(999)) > MAX_NESTING);
        assert!(depth(&"<div><p title='</div>'>".repeat(999)) > MAX_NESTING);
    }
}
