//! A post written in Markdown (CommonMark with tables, strikethrough, footnotes and tasks; bare addresses are links).

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, TextMergeStream, html};

use super::{Draft, page};
use crate::gather::{markup, plain, prose, words};

/// Reads a text; its first `# heading` is the title, and leaves the text also where the front matter has the same. Where
/// the text says that its `beginning` ends somewhere, that is its summary.
pub(super) fn read(text: &str, title: Option<&str>, beginning: Option<usize>) -> Draft {
    let mut pieces = markup::pieces(&html_of(text));
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
        summary: beginning.and_then(|at| summary_of(&text[..at])),
        html: markup::write(&markup::without_machinery(pieces))
            .trim()
            .to_owned(),
        ..Draft::default()
    }
}

fn html_of(text: &str) -> String {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES;
    let mut html = String::new();
    // Within links, pictures and code an address is what it is.
    let mut inside = 0_usize;
    let events = TextMergeStream::new(Parser::new_ext(text, options)).map(|event| match event {
        Event::TaskListMarker(done) => Event::Text(if done { "☑ " } else { "☐ " }.into()),
        Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::CodeBlock(_)) => {
            inside += 1;
            event
        }
        Event::End(TagEnd::Link | TagEnd::Image | TagEnd::CodeBlock) => {
            inside = inside.saturating_sub(1);
            event
        }
        // Links that were written as HTML.
        Event::InlineHtml(ref html) if html.starts_with("<a ") => {
            inside += 1;
            event
        }
        Event::InlineHtml(ref html) if html.starts_with("</a") => {
            inside = inside.saturating_sub(1);
            event
        }
        Event::Text(text) if inside == 0 && text.contains("://") => {
            let mut linked = String::new();
            prose::linked_into(&mut linked, &text);
            Event::InlineHtml(linked.into())
        }
        event => event,
    });
    html::push_html(&mut html, events);
    html
}

/// The running text of a beginning.
fn summary_of(beginning: &str) -> Option<String> {
    let mut pieces = markup::without_machinery(markup::pieces(&html_of(beginning)));
    page::take_heading(&mut pieces);
    Some(plain::prose(&pieces)).filter(|prose| !prose.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_heading_is_the_title() {
        let draft = read("# De kassa\n\nTekst met *nadruk*.\n", None, None);
        assert_eq!(draft.title.as_deref(), Some("De kassa"));
        assert_eq!(draft.html, "<p>Tekst met <em>nadruk</em>.</p>");
        assert_eq!(
            read("# De Kassa\n\nTekst", Some("De kassa"), None).html,
            "<p>Tekst</p>"
        );
        assert!(
            read("# Anders\n\nTekst", Some("De kassa"), None)
                .html
                .contains("Anders")
        );
    }

    #[test]
    fn bare_addresses_are_links_and_tasks_are_seen() {
        let html = |text| read(text, None, None).html;
        assert_eq!(
            html("Zie https://a.example/b_c?d=e&f=g."),
            "<p>Zie <a href=\"https://a.example/b_c?d=e&amp;f=g\">https://a.example/b_c?d=e&amp;f=g</a>.</p>"
        );
        for text in [
            "[https://a.example/](https://b.example/)",
            "<https://b.example/>",
            "x <a href=\"https://b.example/\">https://b.example/</a>",
        ] {
            assert_eq!(html(text).matches("<a ").count(), 1, "{text}");
        }
        assert!(!html("`https://a.example/`\n\n    https://a.example/").contains("<a "));
        assert_eq!(
            html("- [x] een\n- [ ] twee"),
            "<ul>\n<li>☑ een</li>\n<li>☐ twee</li>\n</ul>"
        );
    }
}
