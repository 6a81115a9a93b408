//! Counts how deep HTML would nest in a tree, before any parser builds one.
//!
//! The count is on the safe side: never less than what a tree builder would make of the same pieces, apart from the
//! few levels that tables and lists add by themselves.

use super::markup::Piece;

/// Deeper nesting is refused: the time of every tree builder grows with the square of it (550 KB took 13.8 s).
pub(super) const MAX_NESTING: usize = 256;

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

/// How deep a tree builder would nest these pieces, counted on the safe side.
pub(super) fn nesting(pieces: &[Piece]) -> usize {
    let mut open: Vec<&str> = Vec::new();
    let mut deepest = 0;
    for piece in pieces {
        match piece {
            Piece::Open(element) if counts(&element.name) => {
                open.push(&element.name);
                deepest = deepest.max(open.len());
                if deepest > MAX_NESTING {
                    break;
                }
            }
            Piece::Close(name) => close(&mut open, name),
            _ => {}
        }
    }
    deepest
}

fn counts(name: &str) -> bool {
    !VOID.contains(&name) && !IMPLIED.contains(&name)
}

/// Closes the innermost element of the name and what is open inside it, except what would be reopened.
fn close(open: &mut Vec<&str>, name: &str) {
    let Some(at) = open.iter().rposition(|&opened| opened == name) else {
        return;
    };
    let reopened: Vec<&str> = match FORMATTING.contains(&name) {
        true => open[at + 1..].to_vec(),
        false => open[at + 1..]
            .iter()
            .copied()
            .filter(|inner| FORMATTING.contains(inner))
            .collect(),
    };
    open.truncate(at);
    open.extend(reopened);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gather::markup::{pieces, without_machinery};

    fn depth(html: &str) -> usize {
        nesting(&without_machinery(pieces(html)))
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
