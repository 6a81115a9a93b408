//! Pages that share parts: a part's styles are written into it once, and the part laid into each page.
//!
//! In goes a page with a mark for each part; out comes what it would be with the parts themselves, or nothing where that
//! cannot be said: a part that is not plainly written where it stands, or that brings styles.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use super::page::Page;
use super::{Inliner, Known, without_indent};

/// Parts with their styles, under one sheet.
pub(in crate::compose) struct Laid<K> {
    sheet: String,
    parts: BTreeMap<K, Part>,
}

struct Part {
    html: String,
    /// The elements that it stands within.
    within: Vec<String>,
}

impl<K> Default for Laid<K> {
    fn default() -> Self {
        Self {
            sheet: String::new(),
            parts: BTreeMap::new(),
        }
    }
}

/// A part without its indents; `None` if it does not end with a line, and so depends on what follows.
pub(in crate::compose) fn part(html: &str) -> Option<String> {
    let last = html.rsplit('\n').next().unwrap_or_default();
    last.trim().is_empty().then(|| without_indent(html))
}

impl Inliner {
    /// Writes a rendered page, as [`Inliner::inline`] does. `mark` is what a comment on its own line begins with that
    /// stands for a part; `find` gives the part that [`part`] made by what follows the mark, with a key of its own.
    pub fn inline_with<'p, K: Ord>(
        &self,
        page: &str,
        mark: &str,
        laid: &mut Laid<K>,
        find: impl Fn(&str) -> Option<(K, &'p str)>,
    ) -> Option<String> {
        let html = without_indent(page);
        let comment = format!("<!--{mark} ");
        let read = Page::read_marked(&html, &comment).filter(|page| !page.has_own_styles)?;
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.has(&read.sheet).then_some(())?;
        laid.begin(&read.sheet);
        let mut made = String::with_capacity(laid.length() + html.len() * 2);
        let mut count = 0;
        known.write(&read, &mut made, |name, within, made| {
            count += 1;
            let (key, html) = find(name)?;
            laid.write(&known, key, html, within, made)
        })?;
        // A mark that is no comment of its own has been overlooked.
        (count == page.matches(mark).count()).then_some(made)
    }
}

impl<K: Ord> Laid<K> {
    fn begin(&mut self, sheet: &str) {
        if self.sheet != sheet {
            sheet.clone_into(&mut self.sheet);
            self.parts.clear();
        }
    }

    /// Bytes of all parts.
    fn length(&self) -> usize {
        self.parts.values().map(|part| part.html.len()).sum()
    }

    fn write(
        &mut self,
        known: &Known,
        key: K,
        html: &str,
        within: &[&str],
        made: &mut String,
    ) -> Option<()> {
        if let Some(part) = self.parts.get(&key).filter(|part| part.within == within) {
            made.push_str(&part.html);
            return Some(());
        }
        let page = Page::read_part(html, within)?;
        if page.has_own_styles || !page.sheet.is_empty() {
            return None;
        }
        let start = made.len();
        known.write(&page, made, |_, _, _| None)?;
        let part = Part {
            html: made[start..].to_owned(),
            within: within.iter().map(|name| (*name).to_owned()).collect(),
        };
        self.parts.insert(key, part);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHEET: &str = "p { margin: 0 } .a { color: red } td { padding: 0 }";

    fn page(body: &str) -> String {
        format!(
            "<!DOCTYPE html>\n<html><head><title>a</title>\n<style>{SHEET}</style></head>\n<body>{body}</body></html>"
        )
    }

    /// An inliner that has seen every kind of element there is here.
    fn inliner() -> Inliner {
        let inliner = Inliner::default();
        let all =
            "<p class=\"a\">x</p><p>y<br>z</p><table><tbody><tr><td>1</td></tr></tbody></table>";
        inliner.inline(&page(all)).unwrap();
        inliner
    }

    /// The page with `{}` for a mark, written with its parts, and as a whole.
    fn both(inliner: &Inliner, laid: &mut Laid<u8>, body: &str, html: &str) -> [Option<String>; 2] {
        let (with_mark, whole) = (
            body.replace("{}", "<!--mark x-->\n"),
            body.replace("{}", html),
        );
        let made = part(html).and_then(|part| {
            let find = |name: &str| (name == "x").then_some((0, part.as_str()));
            inliner.inline_with(&page(&with_mark), "mark", laid, find)
        });
        [made, inliner.inline(&page(&whole)).ok()]
    }

    #[test]
    fn a_page_with_parts_is_what_it_is_as_a_whole() {
        let inliner = inliner();
        for (body, html) in [
            ("\n{}", "<p>1</p>\n"),
            (
                "<p>0</p>\n   {}\n\n{}  <p>2</p>\n",
                "  <p class=\"a\">\n  1</p>\n\n",
            ),
            (
                "<table><tbody>\n{}{}</tbody></table>",
                "<tr><td>1</td></tr>\n  ",
            ),
            ("<p>0</p>\n{}", ""),
            ("<p>\n{}</p>", "words & <br> words\n"),
            (
                "<table><tbody><tr>\n{}</tr></tbody></table>",
                "<td>1</td></tr><tr><td>2</td>\n",
            ),
        ] {
            let mut laid = Laid::default();
            for _ in 0..2 {
                let [made, whole] = both(&inliner, &mut laid, body, html);
                assert!(made.is_some(), "{body:?} with {html:?}");
                assert_eq!(made, whole, "{body:?} with {html:?}");
            }
        }
    }

    #[test]
    fn a_part_is_made_anew_where_it_stands_elsewhere() {
        let (inliner, mut laid) = (inliner(), Laid::default());
        for body in [
            "\n{}",
            "<table><tbody><tr><td>\n{}</td></tr></tbody></table>",
            "\n{}",
        ] {
            let [made, whole] = both(&inliner, &mut laid, body, "<p>1</p>\n");
            assert_eq!(made, whole);
        }
    }

    #[test]
    fn where_it_would_matter_nothing_is_laid_in() {
        let inliner = inliner();
        for (body, html) in [
            ("\n{}", "<p>1</p>"),
            ("\n{}", "<p>1</p>\n<p>2"),
            ("\n{}", "<p style=\"x: y\">1</p>\n"),
            ("\n{}", "<style>p { x: y }</style>\n"),
            ("\n{}", "<i>1</i>\n"),
            ("\n{}", "<p>\n"),
            ("\n{}", "</p>\n"),
            ("\n{}", "<p>\0</p>\n"),
            ("<b>{}</b>", "<p>1</p>\n"),
            ("\n<!--[if mso]>\n{}<![endif]-->", "<p>1</p>\n"),
            ("<p>\n{}</p>", "<p>1</p>\n"),
            ("<table><tbody>\n{}</tbody></table>", "words\n"),
        ] {
            let made = &both(&inliner, &mut Laid::default(), body, html)[0];
            assert_eq!(*made, None, "{body:?} with {html:?}");
        }
    }
}
