//! Writes a mail's style sheet into its elements: many mail programs drop the sheet itself.
//!
//! In goes a rendered page; out comes the page whose elements carry their styles. css-inline decides what each kind of
//! element gets, a kind being its name with its classes; what it decided is kept, and further pages with the same sheet are
//! written from that, without a tree. Only where this cannot make a difference: plain selectors, plain markup. Any other
//! page goes through css-inline as a whole. Which way a page goes, and so its bytes, depends on nothing but the page.

mod laid;
mod page;
mod sheet;

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use css_inline::CSSInliner;

use super::error::Error;
use super::markup::escape_attributes;
pub(super) use laid::{Laid, part};
use page::{Page, Piece};

/// Kinds of elements that are kept; a digest has about 60. Only a template that makes up classes has more.
const MOST_KINDS: usize = 1000;

/// What css-inline decided so far.
#[derive(Default)]
pub(super) struct Inliner {
    known: RwLock<Known>,
}

/// Styles by kind of element, under one sheet.
#[derive(Default)]
struct Known {
    sheet: String,
    styles: BTreeMap<String, String>,
}

impl Inliner {
    /// A rendered mail with the rules of its sheet at the elements that they are for, and without the indents of its
    /// templates.
    pub fn inline(&self, page: &str) -> Result<String, Error> {
        let html = without_indent(page);
        let Some(page) = Page::read(&html).filter(|page| !page.has_own_styles) else {
            return through_tree(&html);
        };
        if let Some(done) = self.write(&page) {
            return Ok(done);
        }
        let made = through_tree(&html)?;
        if sheet::is_plain(&page.sheet) {
            self.learn(&page.sheet, &made);
        }
        Ok(self.write(&page).unwrap_or(made))
    }

    /// Writes a page from what is known; `None` where something is not.
    fn write(&self, page: &Page) -> Option<String> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut made = String::with_capacity(page.length * 2);
        known.has(&page.sheet).then_some(())?;
        known.write(page, &mut made, |_, _, _| None)?;
        Some(made)
    }

    /// Keeps what css-inline gave each kind of element.
    fn learn(&self, sheet: &str, made: &str) {
        let Some(made) = Page::read(made) else {
            return;
        };
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.sheet != sheet || known.styles.len() > MOST_KINDS {
            sheet.clone_into(&mut known.sheet);
            known.styles.clear();
        }
        for piece in &made.pieces {
            if let Piece::Open(tag) = piece {
                let mut kind = String::new();
                tag.write_kind(&mut kind);
                known.styles.insert(kind, tag.style.to_owned());
            }
        }
    }
}

impl Known {
    fn has(&self, sheet: &str) -> bool {
        self.sheet == sheet && !self.styles.is_empty()
    }

    /// Writes a page or a part of one; `lay` writes what stands at a mark. `None` where something is not known.
    fn write<'a>(
        &self,
        page: &'a Page,
        made: &mut String,
        mut lay: impl FnMut(&'a str, &'a [&'a str], &mut String) -> Option<()>,
    ) -> Option<()> {
        let mut kind = String::new();
        for piece in &page.pieces {
            match piece {
                Piece::Kept(text) => made.push_str(text),
                Piece::Open(tag) => {
                    tag.write_kind(&mut kind);
                    let style = self.styles.get(&kind)?;
                    tag.write_with(style, made);
                }
                Piece::Mark { name, within } => lay(name, within, made)?,
            }
        }
        Some(())
    }
}

/// The long way: parses the page, applies every rule to every element, and writes it again.
fn through_tree(html: &str) -> Result<String, Error> {
    let inliner = CSSInliner::options()
        .load_remote_stylesheets(false)
        .minify_css(true)
        .build();
    Ok(escape_attributes(&inliner.inline(html)?))
}

/// The page without the indents of its templates: a fifth of its bytes.
pub(super) fn without_indent(page: &str) -> String {
    let mut made = String::with_capacity(page.len());
    for line in page.lines().map(str::trim).filter(|line| !line.is_empty()) {
        made.push_str(line);
        made.push('\n');
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page with this sheet and body.
    fn page(sheet: &str, body: &str) -> String {
        format!(
            "<!DOCTYPE html>\n<html><head><title>a</title>\n<style>{sheet}</style></head>\n<body>{body}</body></html>"
        )
    }

    /// What the parser makes of a page, with the styles that are in its elements already.
    fn read_again(html: &str) -> String {
        let options = CSSInliner::options().inline_style_tags(false);
        escape_attributes(&options.build().inline(html).unwrap())
    }

    #[test]
    fn the_short_way_leads_to_what_css_inline_says() {
        let inliner = Inliner::default();
        let sheet = "p { margin: 0 } .a { color: red; font: 1px 'X Y' } p.a { color: blue !important } body { top: 0 }";
        let pages = [
            "<p class=\"a\">een &amp; <a href=\"/?a=1&amp;b=2\">twee</a></p><p class=\"b\">d\u{a0}rie</p>",
            "<!--[if mso]><table><tr><td><![endif]--><div class=\"a b\"><p class=\"a\">x</p></div><!-- > -->",
            "<table>\n<tr><td class=\"a\">1<br>2</td></tr></table><img alt=\"\" src=\"/a.png\" class=\"b\">",
        ];
        for body in pages.iter().chain(&pages) {
            let page = page(sheet, body);
            let made = inliner.inline(&page).unwrap();
            assert_eq!(
                read_again(&made),
                through_tree(&without_indent(&page)).unwrap()
            );
            assert!(Page::read(&page).is_some(), "{body}");
            assert_ne!(made, read_again(&made), "it went the short way");
        }
    }

    #[test]
    fn another_sheet_is_learnt_anew() {
        let inliner = Inliner::default();
        for colour in ["red", "blue", "red"] {
            let sheet = format!(".a {{ color: {colour} }}");
            let made = inliner.inline(&page(&sheet, "<p class=\"a\">x</p>"));
            let expected = format!("<p class=\"a\" style=\"color:{colour}\">x</p>");
            assert!(made.unwrap().contains(&expected));
        }
    }

    #[test]
    fn where_it_would_matter_css_inline_sees_the_whole_page() {
        let inliner = Inliner::default();
        for (sheet, body) in [
            (
                ".a .b { x: y }",
                "<p class=\"b\">1</p><div class=\"a\"><p class=\"b\">2</p></div>",
            ),
            ("p:first-child { x: y }", "<p>1</p><p>2</p>"),
            ("a[href] { x: y }", "<a href=\"/\">1</a><a name=\"x\">2</a>"),
            ("p { x: y }", "<p style=\"x: z\">1</p><p>2</p>"),
            ("p { x: y }", "<p data-css-inline=\"ignore\">1</p><p>2</p>"),
            ("p { x: y }", "<p>1<p>2"),
            ("p { x: y }", "<p title='a'>1</p>"),
            ("p { x: y }", "<table><p>1</p><tr><td>2</td></tr></table>"),
            ("p { x: y }", "<p>1<div>2</div></p>"),
            ("p { x: y }", "<table><tr>1<td>2</td></tr></table>"),
            ("p { x: y }", "<P>1</P>"),
            ("p { x: y }", "<p>1</b></p>"),
        ] {
            let page = page(sheet, body);
            for _ in 0..2 {
                let made = inliner.inline(&page).unwrap();
                assert_eq!(
                    made,
                    through_tree(&without_indent(&page)).unwrap(),
                    "{body}"
                );
            }
        }
    }

    #[test]
    fn indents_go_and_words_stay() {
        assert_eq!(without_indent("<a>\n\n    b c\n  </a>"), "<a>\nb c\n</a>\n");
    }
}
