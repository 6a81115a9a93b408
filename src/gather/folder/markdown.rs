//! A post written in Markdown (CommonMark with tables, strikethrough and footnotes).

use pulldown_cmark::{Options, Parser, html};

use super::{Draft, page};
use crate::gather::{markup, words};

/// Reads a text; its first `# heading` is the title, and leaves the text also where the front matter has the same.
pub(super) fn read(text: &str, title: Option<&str>) -> Draft {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES;
    let mut html = String::new();
    html::push_html(&mut html, Parser::new_ext(text, options));
    let mut pieces = markup::pieces(&html);
    let mut rest = pieces.clone();
    let heading = page::take_heading(&mut rest);
    let same = |heading: &String| {
        title.is_none_or(|title| words::line(title).to_lowercase() == heading.to_lowercase())
    };
    let heading = heading.filter(same);
    if heading.is_some() {
        pieces = rest;
    }
    Draft {
        title: heading,
        html: markup::write(&markup::without_machinery(pieces))
            .trim()
            .to_owned(),
        ..Draft::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_heading_is_the_title() {
        let draft = read("# De kassa\n\nTekst met *nadruk*.\n", None);
        assert_eq!(draft.title.as_deref(), Some("De kassa"));
        assert_eq!(draft.html, "<p>Tekst met <em>nadruk</em>.</p>");
        assert_eq!(
            read("# De Kassa\n\nTekst", Some("De kassa")).html,
            "<p>Tekst</p>"
        );
        assert!(
            read("# Anders\n\nTekst", Some("De kassa"))
                .html
                .contains("Anders")
        );
    }
}
