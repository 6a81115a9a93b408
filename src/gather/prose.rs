//! Plain text becomes blocks, and blocks become HTML.
//!
//! Text comes from editors, mail and pages saved as text, so what ends a paragraph differs: a blank line, each line,
//! or neither where lines were broken at a fixed width. A line of spaces that only look empty is a gap too.

use super::markup::escape_into;
use super::words;

/// Pictures that mail and browsers show, by extension; longer ones first where one begins another.
pub(super) const IMAGE_EXTENSIONS: [&str; 6] = ["jpeg", "webp", "avif", "jpg", "png", "gif"];

/// Lines that were broken at a width are no longer than this, in characters.
const MAX_WRAPPED: usize = 100;

/// And, but for the last, no shorter than this: shorter lines are lines on purpose.
const MIN_WRAPPED: usize = 40;

/// A heading has at most so many words.
const MAX_HEADING_WORDS: usize = 12;

/// Spaces of all kinds become spaces, what is invisible goes, a line of only those is empty.
pub(super) fn normalise(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let visible: String = text
        .chars()
        .filter(|&c| !words::is_invisible(c))
        .map(|c| match c {
            '\n' => '\n',
            '\u{2028}' | '\u{2029}' | '\u{85}' | '\u{c}' => '\n',
            c if c.is_whitespace() || c == '\u{2800}' || c == '\u{3164}' => ' ',
            c => c,
        })
        .collect();
    visible
        .split('\n')
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The blocks of a normalised text: paragraphs, headings and list items, each on one line.
pub(super) fn blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    for run in lines.split(|line| line.is_empty()) {
        match is_wrapped(run) {
            true => blocks.push(run.join(" ")),
            false => blocks.extend(run.iter().map(|line| (*line).to_owned())),
        }
    }
    blocks
}

/// Whether the lines were one paragraph before a program broke it: no word of the next line would have fitted.
fn is_wrapped(run: &[&str]) -> bool {
    let length = |line: &str| line.chars().count();
    let width = run.iter().map(|line| length(line)).max().unwrap_or(0);
    run.len() > 1
        && width <= MAX_WRAPPED
        && run.iter().all(|line| list_item(line).is_none())
        && run.windows(2).all(|pair| {
            let next_word = pair[1].split(' ').next().unwrap_or_default();
            length(pair[0]) >= MIN_WRAPPED && length(pair[0]) + 1 + length(next_word) > width
        })
}

/// Whether a block reads as the heading of the one that follows: short, capital first, no end mark, before a longer one.
pub(super) fn is_heading(block: &str, next: Option<&str>) -> bool {
    let ends_open = !block.ends_with(['.', '!', ':', ';', ',', '…', '"', '”', ')']);
    words::count(block) <= MAX_HEADING_WORDS
        && block.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
        && list_item(block).is_none()
        && (ends_open || block.ends_with('?'))
        && next.is_some_and(|next| next.chars().count() > block.chars().count())
}

/// Plain text as HTML: paragraphs and lists, addresses as links; no headings, for those would be guesses.
pub(super) fn paragraphs(text: &str) -> String {
    let blocks = blocks(&normalise(text));
    let mut html = Html::default();
    for block in &blocks {
        html.block(block, false);
    }
    html.finish()
}

/// HTML being written, block by block; list items that follow each other share a list.
#[derive(Default)]
pub(super) struct Html {
    out: String,
    list: Option<&'static str>,
}

impl Html {
    /// Adds a paragraph, heading or list item.
    pub(super) fn block(&mut self, text: &str, heading: bool) {
        let item = list_item(text);
        self.continue_list(item.map(|(list, _)| list));
        let (tag, text) = match item {
            Some((_, rest)) => ("li", rest),
            None if heading => ("h2", text),
            None => ("p", text),
        };
        self.out.push_str(&format!("<{tag}>"));
        linked_into(&mut self.out, text);
        self.out.push_str(&format!("</{tag}>\n"));
    }

    /// Adds a picture by the name that the text gave it.
    pub(super) fn picture(&mut self, name: &str) {
        self.continue_list(None);
        self.out.push_str("<p><img src=\"");
        escape_into(&mut self.out, name);
        self.out.push_str("\" alt=\"\"></p>\n");
    }

    pub(super) fn finish(mut self) -> String {
        self.continue_list(None);
        self.out
    }

    fn continue_list(&mut self, list: Option<&'static str>) {
        if self.list == list {
            return;
        }
        if let Some(open) = self.list {
            self.out.push_str(&format!("</{open}>\n"));
        }
        if let Some(new) = list {
            self.out.push_str(&format!("<{new}>\n"));
        }
        self.list = list;
    }
}

/// `- text`, `* text`, `• text` or `1. text`: the kind of list and the text.
pub(super) fn list_item(line: &str) -> Option<(&'static str, &str)> {
    for mark in ["- ", "* ", "• ", "– ", "· "] {
        if let Some(rest) = line.strip_prefix(mark) {
            return Some(("ul", rest.trim_start()));
        }
    }
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let rest = line[digits..]
        .strip_prefix(". ")
        .or_else(|| line[digits..].strip_prefix(") "))?;
    (1..=2)
        .contains(&digits)
        .then_some(("ol", rest.trim_start()))
}

/// Escaped text in which web addresses are links.
pub(super) fn linked_into(html: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = next_address(rest) {
        let (before, from) = rest.split_at(at);
        let end = from
            .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"'))
            .unwrap_or(from.len());
        let address =
            from[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '\'', '”', '’']);
        escape_into(html, before);
        html.push_str("<a href=\"");
        escape_into(html, address);
        html.push_str("\">");
        escape_into(html, address);
        html.push_str("</a>");
        rest = &from[address.len()..];
    }
    escape_into(html, rest);
}

/// Where the next web address begins; looks at nothing behind it.
fn next_address(text: &str) -> Option<usize> {
    const MARK: &str = "://";
    let mut from = 0;
    loop {
        let mark = from + text[from..].find(MARK)?;
        from = mark + MARK.len();
        let scheme = ["https", "http"]
            .into_iter()
            .find(|scheme| text[..mark].ends_with(scheme));
        let is_host = text[from..].starts_with(|c: char| c.is_alphanumeric() || c == '[');
        if let Some(scheme) = scheme.filter(|_| is_host) {
            return Some(mark - scheme.len());
        }
    }
}

/// Whether a path ends as a picture's does.
pub(super) fn has_image_extension(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, end)| {
        IMAGE_EXTENSIONS
            .iter()
            .any(|extension| end.eq_ignore_ascii_case(extension))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_only_looks_empty_is_a_gap() {
        let text = normalise("Een\u{a0}regel\r\n\u{a0}\u{202f}\u{200b}\r\nNog een");
        assert_eq!(text, "Een regel\n\nNog een");
        assert_eq!(blocks(&text), ["Een regel", "Nog een"]);
    }

    #[test]
    fn lines_broken_at_a_width_are_one_paragraph_and_others_are_not() {
        let wrapped = "Wie een winkel begint, denkt aan de gevel en de kassa, maar vergeet\n\
                       dat een klant vooral onthoudt hoe hij werd begroet toen hij binnenkwam\n\
                       op een regenachtige dinsdag.";
        assert_eq!(blocks(wrapped).len(), 1);
        assert_eq!(
            blocks("Kop\nEen alinea.\nNog een alinea."),
            ["Kop", "Een alinea.", "Nog een alinea."]
        );
        assert_eq!(blocks("- een\n- twee").len(), 2);
    }

    #[test]
    fn a_heading_is_short_and_stands_before_more() {
        let long = "Dit is een alinea die duidelijk langer is dan haar kop.";
        assert!(is_heading("Begin bij jezelf", Some(long)));
        assert!(is_heading("Wat wil je klant?", Some(long)));
        for block in ["begin bij jezelf", "Dit is een zin.", "Let op:", "- Punt"] {
            assert!(!is_heading(block, Some(long)), "{block}");
        }
        assert!(!is_heading("Begin bij jezelf", Some("Kort")));
        assert!(!is_heading("Begin bij jezelf", None));
    }

    #[test]
    fn text_is_escaped_and_addresses_are_links() {
        assert_eq!(
            paragraphs(
                "Kijk op https://example.nl/a?b=1&c=2, of <niet>.\n\n1. een\n2. twee\n\nklaar"
            ),
            "<p>Kijk op <a href=\"https://example.nl/a?b=1&amp;c=2\">https://example.nl/a?b=1&amp;c=2</a>, of \
             &lt;niet&gt;.</p>\n<ol>\n<li>een</li>\n<li>twee</li>\n</ol>\n<p>klaar</p>\n"
        );
    }
}
