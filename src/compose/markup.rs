//! Small dealings with HTML that is already clean: escaping, counting its words, making its addresses absolute.
//!
//! In goes text, or the sanitised and serialised HTML of a post; nothing here parses what a stranger sent.

/// Words an adult reads in a minute, silently, in a newspaper: between the measured 184 of Spanish and 238 of English.
const WORDS_PER_MINUTE: usize = 220;

/// A text shorter than this is a teaser: its minutes would say nothing about the story.
const MIN_WORDS: usize = 100;

/// Escapes text for HTML, within and outside attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Minutes that reading takes, rounded, at least 1; `None` where the HTML holds no more than a teaser.
pub(super) fn reading_minutes(html: &str) -> Option<usize> {
    let words: usize = pieces(html)
        .filter(|piece| !piece.starts_with('<'))
        .map(words_of)
        .sum();
    (words >= MIN_WORDS).then(|| ((words + WORDS_PER_MINUTE / 2) / WORDS_PER_MINUTE).max(1))
}

/// Words of a text, counted by their ends: quicker than by their letters, for whole stories are counted.
fn words_of(text: &str) -> usize {
    let ends = |pair: &&[u8]| !pair[0].is_ascii_whitespace() && pair[1].is_ascii_whitespace();
    let inner = text.as_bytes().windows(2).filter(ends).count();
    let last = text.bytes().next_back();
    inner + usize::from(last.is_some_and(|byte| !byte.is_ascii_whitespace()))
}

/// Makes `src` and `href` that begin with one slash absolute below `base`.
pub(super) fn absolute_addresses(html: &str, base: &str) -> String {
    let mut made = String::with_capacity(html.len() + 64);
    for piece in pieces(html) {
        if piece.starts_with('<') {
            made.push_str(&absolute_tag(piece, base));
        } else {
            made.push_str(piece);
        }
    }
    made
}

/// Escapes `<` and `>` within quoted attributes: serialising HTML leaves them bare, which is allowed but misleads filters.
pub(super) fn escape_attributes(html: &str) -> String {
    let mut made = String::with_capacity(html.len() + 64);
    for piece in pieces(html) {
        let attributes = piece.starts_with('<').then(|| piece.split('"').enumerate());
        let Some(parts) = attributes else {
            made.push_str(piece);
            continue;
        };
        for (at, part) in parts {
            if at > 0 {
                made.push('"');
            }
            if at % 2 == 1 && part.contains(['<', '>']) {
                made.push_str(&part.replace('<', "&lt;").replace('>', "&gt;"));
            } else {
                made.push_str(part);
            }
        }
    }
    made
}

fn absolute_tag(tag: &str, base: &str) -> String {
    let mut made = tag.to_owned();
    for attribute in [" src=\"/", " href=\"/"] {
        let Some(at) = made.find(attribute) else {
            continue;
        };
        let slash = at + attribute.len() - 1;
        if !made[slash + 1..].starts_with('/') {
            made.insert_str(slash, base);
        }
    }
    made
}

/// Cuts HTML into tags, `<` to `>`, and the text between them. A `>` in a quoted attribute ends no tag.
pub(super) fn pieces(html: &str) -> impl Iterator<Item = &str> {
    let mut rest = html;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = if rest.starts_with('<') {
            tag_end(rest)
        } else {
            rest.find('<').unwrap_or(rest.len())
        };
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

fn tag_end(html: &str) -> usize {
    let mut quoted = false;
    for (at, byte) in html.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'>' if !quoted => return at + 1,
            _ => {}
        }
    }
    html.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_count_words_and_not_markup() {
        let paragraph = "<p title=\"a > b c d\">een twee drie vier vijf</p>";
        assert_eq!(reading_minutes(""), None);
        assert_eq!(reading_minutes(&paragraph.repeat(19)), None);
        assert_eq!(reading_minutes(&paragraph.repeat(20)), Some(1));
        assert_eq!(reading_minutes(&paragraph.repeat(88)), Some(2));
    }

    #[test]
    fn words_are_what_stands_between_spaces() {
        for (text, words) in [("", 0), (" \n", 0), ("een", 1), (" één  twee\ndrie ", 3)] {
            assert_eq!(words_of(text), words, "{text:?}");
        }
    }

    #[test]
    fn addresses_of_our_own_files_become_absolute() {
        let html = r#"<a href="/posts/x/"><img alt="1 > 0" src="/img/a.jpg"></a> src="/text" <a href="//other.example/">o</a>"#;
        assert_eq!(
            absolute_addresses(html, "https://a.example/n"),
            r#"<a href="https://a.example/n/posts/x/"><img alt="1 > 0" src="https://a.example/n/img/a.jpg"></a> src="/text" <a href="//other.example/">o</a>"#
        );
    }

    #[test]
    fn attributes_hold_no_bare_angle_brackets() {
        let html =
            r#"<!--[if mso]><td a="x"><![endif]--><p title="<b> & 1 > 0" lang="nl">a "<b>" c</p>"#;
        assert_eq!(
            escape_attributes(html),
            r#"<!--[if mso]><td a="x"><![endif]--><p title="&lt;b&gt; & 1 &gt; 0" lang="nl">a "<b>" c</p>"#
        );
    }

    #[test]
    fn markup_that_ends_early_is_kept() {
        assert_eq!(absolute_addresses("a <b", "https://a.example"), "a <b");
    }
}
