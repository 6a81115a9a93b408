//! Pages as word processors save them: paragraphs of nothing but spaces go, and list items that were written as
//! paragraphs with a bullet become items of a list.
//!
//! Works on the flat list of pieces, before anything is sanitised; what it does not know it leaves as it is.

use crate::gather::markup::{Element, Piece};

/// How Word calls the class of a paragraph that is a list item.
const LIST_ITEM: &str = "MsoListParagraph";

/// Marks that stand where a list item begins: bullets of the fonts that Word takes them from.
const BULLETS: [&str; 8] = ["·", "•", "o", "§", "-", "–", "*", "\u{f0b7}"];

/// The page's text without gaps, its lists as lists.
pub(super) fn tidied(pieces: &[Piece]) -> Vec<Piece> {
    let mut kept: Vec<Piece> = Vec::with_capacity(pieces.len());
    let mut in_list = false;
    let mut at = 0;
    while let Some(piece) = pieces.get(at) {
        let end = piece
            .opens("p")
            .then(|| paragraph_end(pieces, at))
            .flatten();
        let Some(end) = end else {
            let is_space = matches!(piece, Piece::Text(text) if is_blank(text));
            if in_list && !is_space {
                kept.push(Piece::Close("ul".to_owned()));
                in_list = false;
            }
            kept.push(piece.clone());
            at += 1;
            continue;
        };
        let inside = &pieces[at + 1..end];
        if !is_gap(inside) {
            let item = is_item(piece).then(|| without_bullet(inside)).flatten();
            if item.is_some() != in_list {
                in_list = item.is_some();
                kept.push(if in_list {
                    open("ul")
                } else {
                    Piece::Close("ul".to_owned())
                });
            }
            match item {
                Some(item) => {
                    kept.push(open("li"));
                    kept.extend(item);
                    kept.push(Piece::Close("li".to_owned()));
                }
                None => kept.extend_from_slice(&pieces[at..=end]),
            }
        }
        at = end + 1;
    }
    if in_list {
        kept.push(Piece::Close("ul".to_owned()));
    }
    kept
}

/// Where the paragraph that opens here is closed; `None` where another begins first or none is.
fn paragraph_end(pieces: &[Piece], start: usize) -> Option<usize> {
    let rest = pieces.iter().enumerate().skip(start + 1);
    let mut ends = rest.filter(|(_, piece)| piece.closes("p") || piece.opens("p"));
    let (at, piece) = ends.next()?;
    piece.closes("p").then_some(at)
}

/// Nothing in it is seen.
fn is_gap(inside: &[Piece]) -> bool {
    inside.iter().all(|piece| match piece {
        Piece::Text(text) => is_blank(text),
        Piece::Open(element) => matches!(
            element.name.as_str(),
            "span" | "b" | "i" | "em" | "strong" | "font" | "o:p" | "br" | "u"
        ),
        Piece::Close(_) => true,
    })
}

fn is_blank(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_whitespace() || crate::gather::words::is_invisible(c))
}

fn is_item(piece: &Piece) -> bool {
    let Piece::Open(element) = piece else {
        return false;
    };
    let class = element.get("class");
    class.is_some_and(|class| class.split(' ').any(|class| class.starts_with(LIST_ITEM)))
}

/// The item without its bullet and the spaces after it; `None` where it begins with none.
fn without_bullet(inside: &[Piece]) -> Option<Vec<Piece>> {
    let first = inside
        .iter()
        .position(|piece| matches!(piece, Piece::Text(text) if !is_blank(text)))?;
    let Piece::Text(text) = &inside[first] else {
        return None;
    };
    let text = text.trim_start();
    let rest = BULLETS
        .iter()
        .find_map(|bullet| text.strip_prefix(bullet))?;
    if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
        return None;
    }
    let mut item = inside.to_vec();
    item[first] = Piece::Text(rest.trim_start().to_owned());
    let mut begun = !is_blank(rest);
    for piece in &mut item[first + 1..] {
        if let Piece::Text(text) = piece
            && !begun
        {
            *text = text.trim_start().to_owned();
            begun = !text.is_empty();
        }
    }
    Some(item)
}

fn open(name: &str) -> Piece {
    Piece::Open(Element {
        name: name.to_owned(),
        attributes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gather::markup::{pieces, write};

    fn shown(html: &str) -> String {
        write(&tidied(&pieces(html)))
    }

    #[test]
    fn a_paragraph_of_spaces_is_a_gap_and_a_picture_is_none() {
        assert_eq!(
            shown("<p>a</p><p><span>&nbsp;\u{200b}</span></p><p><br></p><p>b</p>"),
            "<p>a</p><p>b</p>"
        );
        let picture = "<p><img src=\"a.jpg\"></p>";
        assert_eq!(shown(picture), picture);
        assert_eq!(shown("<p>open<p>&nbsp;"), "<p>open<p>\u{a0}");
    }

    #[test]
    fn bullets_in_paragraphs_are_a_list() {
        let item = |bullet: &str, text: &str| {
            format!(
                "<p class=\"MsoListParagraphCxSpMiddle\"><span>{bullet}<span>&nbsp;&nbsp; </span></span>{text}</p>"
            )
        };
        let list = format!(
            "<p>Zie:</p>\n{}\n{}\n<p>Klaar.</p>",
            item("·", "een"),
            item("o", "<b>twee</b>")
        );
        let text = shown(&list).replace("<span>", "").replace("</span>", "");
        assert_eq!(
            text,
            "<p>Zie:</p>\n<ul><li>een</li>\n<li><b>twee</b></li>\n</ul><p>Klaar.</p>"
        );
        let none = "<p class=\"MsoListParagraph\">onder andere dit</p>";
        assert_eq!(shown(none), none);
    }
}
