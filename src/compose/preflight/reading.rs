//! Reads a rendered page: its elements, headings and words.
//!
//! In goes HTML that our own serialiser wrote: attributes in double quotes, no bare angle bracket inside them.

use std::collections::BTreeSet;

use crate::compose::markup::pieces;

/// Elements whose text no reader sees.
const UNSEEN: [&str; 2] = ["style", "title"];

/// A page as read.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Elements and texts, in their order.
    pub pieces: Vec<Piece>,
    /// All that can be read, pieces joined by spaces.
    pub text: String,
}

/// A part of a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Open(Element),
    Close(String),
    Text(String),
}

/// An element's opening tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Element {
    /// Lower-case.
    pub name: String,
    tag: String,
}

impl Element {
    /// An attribute's value, unescaped.
    pub fn attribute(&self, name: &str) -> Option<String> {
        let mark = format!(" {name}=\"");
        let at = self.tag.find(&mark)? + mark.len();
        let value = self.tag[at..].split('"').next()?;
        Some(unescape(value))
    }
}

impl Page {
    /// Reads a page.
    pub fn read(html: &str) -> Self {
        let mut page = Self::default();
        let mut unseen = None;
        for piece in pieces(html) {
            match piece.strip_prefix('<') {
                None if unseen.is_none() => page.take_text(piece),
                None => {}
                Some(tag) if tag.starts_with('!') => {}
                Some(tag) => {
                    let name = name_of(tag.trim_start_matches('/'));
                    if tag.starts_with('/') {
                        if unseen.as_ref() == Some(&name) {
                            unseen = None;
                        }
                        page.pieces.push(Piece::Close(name));
                    } else {
                        if UNSEEN.contains(&name.as_str()) {
                            unseen = Some(name.clone());
                        }
                        let tag = piece.to_owned();
                        page.pieces.push(Piece::Open(Element { name, tag }));
                    }
                }
            }
        }
        page
    }

    /// The elements of a name.
    pub fn elements(&self, name: &str) -> impl Iterator<Item = &Element> {
        self.pieces.iter().filter_map(move |piece| match piece {
            Piece::Open(element) if element.name == name => Some(element),
            _ => None,
        })
    }

    /// Where its links lead, each once.
    pub fn links(&self) -> BTreeSet<String> {
        self.elements("a")
            .filter_map(|link| link.attribute("href"))
            .collect()
    }

    fn take_text(&mut self, text: &str) {
        let text = unescape(text);
        self.text.push_str(&text);
        self.pieces.push(Piece::Text(text));
    }
}

fn name_of(tag: &str) -> String {
    let name: String = tag
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    name.to_ascii_lowercase()
}

fn unescape(text: &str) -> String {
    text.replace("&nbsp;", "\u{a0}")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_elements_and_words() {
        let page = Page::read(
            "<style>p { x }</style><!-- no --><p class=\"a\">Eén &amp; <a href=\"/x?a=1&amp;b=2\" title=\"&gt;\">twee</a></p>",
        );
        assert_eq!(page.text, "Eén & twee");
        assert_eq!(page.links(), ["/x?a=1&b=2".to_owned()].into());
        let link = page.elements("a").next().unwrap();
        assert_eq!(link.attribute("title").as_deref(), Some(">"));
        assert_eq!(link.attribute("alt"), None);
    }
}
