//! Finds headings with nothing under them, and buttons that compete.

use super::reading::{Page, Piece};
use crate::model::Diagnostic;

/// More buttons than this, and none is the one to press.
const MOST_BUTTONS: usize = 2;

/// A heading while the page is read on.
struct Heading {
    level: u8,
    words: String,
    /// It still takes words.
    open: bool,
    /// It is a link itself, or words, a link or a picture came after it.
    filled: bool,
}

/// What is wrong with the order of a page.
pub(super) fn faults(page: &Page) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    let mut current: Option<Heading> = None;
    for piece in &page.pieces {
        match piece {
            Piece::Open(element) => {
                if let Some(level) = level(&element.name) {
                    faults.extend(current.take().and_then(|above| empty(&above, Some(level))));
                    current = Some(Heading {
                        level,
                        words: String::new(),
                        open: true,
                        filled: false,
                    });
                } else if let Some(heading) = &mut current
                    && ["a", "img"].contains(&element.name.as_str())
                {
                    heading.filled = true;
                }
            }
            Piece::Close(name) => {
                if let (Some(heading), Some(_)) = (&mut current, level(name)) {
                    heading.open = false;
                }
            }
            Piece::Text(text) => {
                if let Some(heading) = &mut current {
                    if heading.open {
                        heading.words.push_str(text);
                    } else if !text.trim().is_empty() {
                        heading.filled = true;
                    }
                }
            }
        }
    }
    faults.extend(current.and_then(|last| empty(&last, None)));
    faults.extend(buttons(page));
    faults
}

/// The level of `h1` to `h6`.
fn level(name: &str) -> Option<u8> {
    let level = name.strip_prefix('h')?.parse().ok()?;
    (1..=6).contains(&level).then_some(level)
}

/// A heading that nothing stands under; one of a lower level under it is something.
fn empty(heading: &Heading, next: Option<u8>) -> Option<Diagnostic> {
    let words = heading.words.trim();
    if words.is_empty() {
        return Some(Diagnostic::warning("a heading has no words"));
    }
    let deeper = next.is_some_and(|next| next > heading.level);
    (!heading.filled && !deeper).then(|| {
        Diagnostic::warning(format!("nothing stands under the heading “{words}”"))
            .hint("in a template, put it inside the `{{#if}}` of what it is about")
    })
}

fn buttons(page: &Page) -> Option<Diagnostic> {
    let is_button = |class: String| class.split(' ').any(|word| word == "button");
    let buttons = page
        .elements("a")
        .filter_map(|link| link.attribute("class"))
        .filter(|class| is_button(class.clone()))
        .count();
    (buttons > MOST_BUTTONS).then(|| {
        Diagnostic::warning(format!("the digest has {buttons} buttons"))
            .hint("one for the lead and one for the call to action: more, and none is pressed")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(html: &str) -> Vec<String> {
        let faults = faults(&Page::read(html)).into_iter();
        faults.map(|fault| fault.message).collect()
    }

    #[test]
    fn a_heading_has_words_and_something_under_it() {
        let none: [&str; 0] = [];
        assert_eq!(
            shown("<h1>A</h1><p>a</p><h2>B</h2><h3><a href=\"x\">C</a></h3>"),
            none
        );
        assert_eq!(
            shown("<h2>A</h2> <h2>B</h2><img src=\"x\"><h2> </h2><p>c</p><h2>D</h2>"),
            [
                "nothing stands under the heading “A”",
                "a heading has no words",
                "nothing stands under the heading “D”",
            ]
        );
    }

    #[test]
    fn two_buttons_are_enough() {
        let button = "<a class=\"button wide\" href=\"x\">y</a>";
        assert!(shown(&button.repeat(2)).is_empty());
        assert_eq!(shown(&button.repeat(3)), ["the digest has 3 buttons"]);
    }
}
