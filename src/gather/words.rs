//! Plain text: safe lines for titles and names, whole sentences for summaries, path-safe names.
//!
//! Nothing here knows HTML except [`line_of_markup`], for titles that come with entities or tags in them.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::{markup, plain};

/// Longest title or name, in characters.
const MAX_LINE: usize = 255;

/// Longest summary, in characters.
const MAX_SUMMARY: usize = 240;

/// Longest title that we make of a text, in characters.
const MAX_DERIVED: usize = 72;

/// Longest slug, in characters.
const MAX_SLUG: usize = 60;

/// Abbreviations whose full stop ends no sentence (Dutch, English, German, French), lower-case.
const ABBREVIATIONS: [&str; 40] = [
    "bijv", "bv", "ca", "dhr", "mevr", "mw", "dr", "drs", "ing", "ir", "mr", "mrs", "ms", "nr",
    "o.a", "d.w.z", "m.b.v", "i.p.v", "t.a.v", "enz", "etc", "e.g", "i.e", "vs", "prof", "st",
    "jr", "sr", "inc", "ltd", "co", "z.b", "bzw", "usw", "ggf", "evtl", "hr", "fr", "mme", "mlle",
];

/// One safe line: NFC, no controls, nothing invisible or turning, spaces single, at most 255 characters.
pub(super) fn line(text: &str) -> String {
    let mut line = String::new();
    for c in text.nfc() {
        match c {
            c if is_invisible(c) => {}
            c if c.is_whitespace() || c.is_control() => {
                if !line.is_empty() && !line.ends_with(' ') {
                    line.push(' ');
                }
            }
            c => line.push(c),
        }
    }
    shorten(line.trim_end(), MAX_LINE)
}

/// Like [`line`], for text that may hold entities and tags, as titles in feeds do.
pub(super) fn line_of_markup(text: &str) -> String {
    match looks_like_markup(text) {
        true => line(&plain::text(&markup::without_machinery(markup::pieces(
            text,
        )))),
        false => line(text),
    }
}

/// A closing tag, a tag without end, or an entity: plain prose about `a < b` has none of them.
pub(super) fn looks_like_markup(text: &str) -> bool {
    let tag = text.match_indices('<').any(|(at, _)| {
        let rest = &text[at + 1..];
        let rest_lower = rest
            .chars()
            .take(4)
            .collect::<String>()
            .to_ascii_lowercase();
        rest.starts_with('/') && rest[1..].starts_with(|c: char| c.is_ascii_alphabetic())
            || ["br>", "br/", "br ", "img ", "p>", "hr>"]
                .iter()
                .any(|tag| rest_lower.starts_with(tag))
    });
    tag || text.match_indices('&').any(|(at, _)| {
        let entity: String = text[at + 1..]
            .chars()
            .take_while(|&c| c != ';')
            .take(12)
            .collect();
        text[at + 1 + entity.len()..].starts_with(';')
            && !entity.is_empty()
            && entity
                .trim_start_matches('#')
                .chars()
                .all(|c| c.is_ascii_alphanumeric())
    })
}

/// Whether a description is HTML, as the field is by its definition, or plain text, as it is by habit: any tag at all.
pub(super) fn is_html(text: &str) -> bool {
    let last_end = text.rfind('>').unwrap_or_default();
    looks_like_markup(text)
        || text[..last_end].match_indices('<').any(|(at, _)| {
            let rest = text[at + 1..].trim_start_matches(|c: char| c.is_ascii_alphanumeric());
            rest.len() < text.len() - at - 1 && rest.starts_with([' ', '>', '/', '\n', '\t'])
        })
}

/// Characters that are not seen: zero-width ones, soft hyphen, marks and controls that turn text around.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}'
    ) || is_turn(c)
        || (c.is_control() && !c.is_whitespace())
}

/// Embeddings, overrides and isolates (Unicode UAX #9): they let a text show otherwise than it reads.
fn is_turn(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a text has controls, of the kind that turn it around or of a terminal's.
pub(super) fn has_turns(text: &str) -> bool {
    // In UTF-8 all that turn a text around begin with this octet, which few texts have.
    let may_turn = |octet: u8| octet == 0xe2 || (octet < b' ' && !matches!(octet, 9..=13));
    text.bytes().any(may_turn) && text.chars().any(is_control)
}

/// The text without the controls that turn it around, and without those of a terminal.
pub(super) fn without_turns(text: String) -> String {
    match has_turns(&text) {
        true => text.chars().filter(|&c| !is_control(c)).collect(),
        false => text,
    }
}

fn is_control(c: char) -> bool {
    is_turn(c) || (c < ' ' && !c.is_whitespace())
}

/// Whole sentences from the beginning, up to 240 characters; a first sentence that is longer is cut at a word.
pub(super) fn summary(text: &str) -> String {
    let mut summary = String::new();
    for sentence in sentences(text) {
        let sentence = line(sentence);
        let length = summary.chars().count() + 1 + sentence.chars().count();
        if !summary.is_empty() && length > MAX_SUMMARY {
            break;
        }
        if !summary.is_empty() && !sentence.is_empty() {
            summary.push(' ');
        }
        summary.push_str(&sentence);
    }
    shorten(&summary, MAX_SUMMARY)
}

/// A title for a text that has none: its first sentence without the end mark, cut at a word.
pub(super) fn derived_title(text: &str) -> String {
    let first = sentences(text)
        .map(line)
        .find(|sentence| !sentence.is_empty())
        .unwrap_or_default();
    shorten(first.trim_end_matches(['.', ':', ';', ',']), MAX_DERIVED)
}

/// The text up to a length in characters, cut at a word with an ellipsis.
pub(super) fn shorten(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let head: String = text.chars().take(max - 1).collect();
    let cut = match head.rfind(' ') {
        // A word longer than half the line is cut inside.
        Some(space) if head[..space].chars().count() > max / 2 => &head[..space],
        _ => &head,
    };
    format!("{}…", cut.trim_end_matches([' ', ',', ';', ':', '-', '–']))
}

/// The sentences of a text, with their end marks; a new paragraph ends a sentence too.
pub(super) fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n')
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .flat_map(sentences_of_line)
}

fn sentences_of_line(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut end, mut begins) = (0, 0, false);
    for (at, c) in line.char_indices() {
        if !matches!(c, '.' | '!' | '?' | '…') {
            continue;
        }
        let behind = at + c.len_utf8();
        // Marks that follow one another end where the first of them does.
        if behind > end {
            let rest = &line[behind..];
            let closed = rest.trim_start_matches(['"', '\'', '”', '’', '»', ')', '.', '!', '?']);
            end = line.len() - closed.len();
            begins =
                closed.starts_with(char::is_whitespace) && begins_sentence(closed.trim_start());
        }
        if begins && !(c == '.' && is_abbreviation(&line[start.min(at)..at])) {
            if end > start {
                found.push(line[start..end].trim());
            }
            start = end;
        }
    }
    found.push(line[start.min(line.len())..].trim());
    found.retain(|sentence| !sentence.is_empty());
    found
}

fn begins_sentence(rest: &str) -> bool {
    rest.trim_start_matches(['"', '\'', '“', '‘', '„', '«', '(', '¿', '¡'])
        .starts_with(|c: char| !c.is_lowercase())
}

fn is_abbreviation(before: &str) -> bool {
    let word = before
        .rsplit(|c: char| c.is_whitespace() || c == '(')
        .next()
        .unwrap_or_default()
        .to_lowercase();
    let initial = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
    initial || ABBREVIATIONS.contains(&word.as_str())
}

/// A path-safe name: lower-case ASCII letters and digits with hyphens; accents go, other letters are left out.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.nfkd().filter(|&c| !is_combining_mark(c)) {
        for c in c.to_lowercase() {
            match c {
                'a'..='z' | '0'..='9' => slug.push(c),
                'ß' => slug.push_str("ss"),
                'ø' => slug.push('o'),
                'æ' => slug.push_str("ae"),
                '\'' | '’' => {}
                _ if slug.is_empty() || slug.ends_with('-') => {}
                _ => slug.push('-'),
            }
        }
    }
    if slug.len() > MAX_SLUG {
        // All of it is ASCII by now; cut at a word.
        let head = &slug[..MAX_SLUG];
        slug.truncate(head.rfind('-').filter(|at| *at > 0).unwrap_or(MAX_SLUG));
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// How many words a line has.
pub(super) fn count(text: &str) -> usize {
    text.split_whitespace().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_is_seen() {
        assert_eq!(
            line("  Cafe\u{301}\u{200b} \u{202e}de\u{00a0}Zon\t\n\u{7}! "),
            "Café de Zon !"
        );
        let long = line(&"woord ".repeat(80));
        assert!(long.chars().count() <= 255 && long.ends_with("woord…"));
    }

    #[test]
    fn entities_and_tags_of_a_title_are_resolved_and_prose_is_left_alone() {
        assert_eq!(
            line_of_markup("Vraag &amp; <em>aanbod</em>"),
            "Vraag & aanbod"
        );
        assert_eq!(
            line_of_markup("Caf&eacute; &#8217;t Hoekje"),
            "Café ’t Hoekje"
        );
        assert_eq!(
            line_of_markup("Als a < b & c > d; dan"),
            "Als a < b & c > d; dan"
        );
        assert_eq!(
            line_of_markup("Het element <b> uitgelegd"),
            "Het element <b> uitgelegd"
        );
    }

    #[test]
    fn sentences_end_where_a_reader_would_stop() {
        let text = "Dhr. J. de Wit verkoopt o.a. kaas. “Echt waar?” vroeg ik. Ja! 3.5 procent korting... \
                    Meer niet.\nNieuwe alinea zonder punt";
        assert_eq!(
            sentences(text).collect::<Vec<_>>(),
            [
                "Dhr. J. de Wit verkoopt o.a. kaas.",
                "“Echt waar?” vroeg ik.",
                "Ja!",
                "3.5 procent korting...",
                "Meer niet.",
                "Nieuwe alinea zonder punt",
            ]
        );
    }

    #[test]
    fn a_summary_is_whole_sentences() {
        let text = "Een klant onthoudt hoe je hem liet voelen. ".repeat(9);
        let made = summary(&text);
        assert!(made.chars().count() <= 240);
        assert!(made.ends_with("voelen."));
        let endless = summary(&"woord ".repeat(99));
        assert!(endless.chars().count() <= 240 && endless.ends_with("woord…"));
        assert_eq!(summary(""), "");
    }

    #[test]
    fn a_derived_title_is_short() {
        assert_eq!(
            derived_title("Kijk om je heen. Wat zie je?"),
            "Kijk om je heen"
        );
        assert!(derived_title(&"lang ".repeat(40)).chars().count() <= 72);
    }

    #[test]
    fn a_slug_is_safe_in_a_path() {
        assert_eq!(slug("Crème brûlée, ’s zomers!"), "creme-brulee-s-zomers");
        assert_eq!(slug("../../etc/passwd"), "etc-passwd");
        assert_eq!(slug("日本"), "");
    }
}
