//! The one way from a foreign page to a tree of it: what nests too deep is refused, and what no article consists of is
//! left out before any tree is built.
//!
//! Every tree builder needs time that grows with the square of the depth, so nothing else in this room may build one.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use dom_query::{Document, Matcher, NodeRef};

use crate::gather::markup::{self, Piece};
use crate::gather::{budget, nesting};

/// Left out with their content: programs, drawings, and text for browsers without what everybody has.
const NO_TEXT: [&str; 9] = [
    "script", "style", "noscript", "template", "svg", "math", "canvas", "iframe", "object",
];

/// Why no tree is built, or nothing comes of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gather) enum NoTree {
    TooDeep,
    /// The reader of trees gave up on it.
    Defeated,
}

/// The page as HTML that a tree builder may see.
pub(in crate::gather) fn safe_html(pieces: &[Piece]) -> Result<String, NoTree> {
    let kept = without(pieces);
    match nesting::is_bearable(&kept) {
        false => Err(NoTree::TooDeep),
        true => Ok(format!("<!DOCTYPE html>{}", markup::write_in_parts(&kept))),
    }
}

/// Builds the tree and reads something from it.
pub(in crate::gather) fn with_tree<T>(
    html: &str,
    read: impl FnOnce(&Document) -> T,
) -> Result<T, NoTree> {
    budget::spend(html.len());
    let work = || read(&Document::from(html));
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| NoTree::Defeated)
}

/// A selector, or nothing where it is none.
pub(in crate::gather) fn matcher(selector: &str) -> Option<Matcher> {
    let read = || Matcher::new(selector).ok();
    catch_unwind(AssertUnwindSafe(read)).ok().flatten()
}

/// Whether the text is a CSS selector that we understand.
pub fn is_selector(text: &str) -> bool {
    matcher(text).is_some()
}

/// The addresses of the links that a selector finds, as written: the element itself, else the first link in it, else the
/// link around it.
pub(in crate::gather) fn hrefs(html: &str, selector: &Matcher) -> Result<Vec<String>, NoTree> {
    with_tree(html, |tree| {
        let found = tree.select_matcher(selector);
        found.nodes().iter().filter_map(href_of).collect()
    })
}

fn href_of(node: &NodeRef<'_>) -> Option<String> {
    let own = |node: &NodeRef<'_>| {
        let link = node.has_name("a").then(|| node.attr("href")).flatten();
        link.map(|href| href.to_string())
    };
    own(node)
        .or_else(|| node.descendants_it().find_map(|inner| own(&inner)))
        .or_else(|| node.ancestors_it(None).find_map(|outer| own(&outer)))
}

/// The HTML inside the first element that a selector finds.
pub(in crate::gather) fn inside(html: &str, selector: &Matcher) -> Result<Option<String>, NoTree> {
    with_tree(html, |tree| {
        let found = tree.select_single_matcher(selector);
        found.exists().then(|| found.inner_html().to_string())
    })
}

fn without(pieces: &[Piece]) -> Vec<Piece> {
    let mut kept = Vec::with_capacity(pieces.len());
    let mut never_closed = HashSet::new();
    let mut at = 0;
    while let Some(piece) = pieces.get(at) {
        at += 1;
        match piece {
            Piece::Open(element) if NO_TEXT.contains(&element.name.as_str()) => {
                let name = element.name.as_str();
                if never_closed.contains(name) {
                    continue;
                }
                match pieces[at..].iter().position(|piece| piece.closes(name)) {
                    Some(end) => at += end + 1,
                    None => drop(never_closed.insert(name.to_owned())),
                }
            }
            Piece::Close(name) if NO_TEXT.contains(&name.as_str()) => {}
            other => kept.push(other.clone()),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(html: &str, selector: &str) -> Vec<String> {
        let html = safe_html(&markup::pieces(html)).unwrap();
        hrefs(&html, &matcher(selector).unwrap()).unwrap()
    }

    #[test]
    fn a_selector_may_name_the_link_or_what_holds_it_or_what_it_holds() {
        let html = "<main><article><h2><a href=/een>Een</a></h2></article><a href=/twee><h2>Twee</h2></a></main>";
        assert_eq!(links(html, "h2 a"), ["/een"]);
        assert_eq!(links(html, "article"), ["/een"]);
        assert_eq!(links(html, "h2"), ["/een", "/twee"]);
    }

    #[test]
    fn what_nests_too_deep_is_refused_and_drawings_do_not_count() {
        let deep = "<div>".repeat(300);
        assert_eq!(safe_html(&markup::pieces(&deep)), Err(NoTree::TooDeep));
        let drawing = format!("<p>a<svg>{}</svg>b", "<path/>".repeat(300));
        let safe = safe_html(&markup::pieces(&drawing)).unwrap();
        assert_eq!(safe, "<!DOCTYPE html><p>ab");
    }

    #[test]
    fn a_text_that_is_no_selector_is_known_as_such() {
        assert!(is_selector("main article > h2 a[href^='/blog/']"));
        for text in ["", "h2 >", "a[", ":nope(x)", "h2 a, "] {
            assert!(!is_selector(text), "{text}");
        }
    }
}
