//! Text made fit for a feed: characters that XML has, addresses that hold outside the newsletter's own pages.

/// The text without what XML 1.0 §2.2 forbids: one such character makes the whole feed unreadable.
pub(super) fn legal(text: &str) -> String {
    text.chars().filter(|&c| is_legal(c)).collect()
}

fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

/// Plain text as HTML or XML, between tags.
pub(super) fn escape_text(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Plain text as HTML or XML, also within double quotes.
pub(super) fn escape(text: &str) -> String {
    escape_text(text).replace('"', "&quot;")
}

/// Makes addresses in tags that begin with one slash absolute below `base`; text is left alone.
///
/// The HTML is sanitised, so each `<` begins a tag and each value stands in double quotes.
pub(super) fn with_absolute_addresses(html: &str, base: &str) -> String {
    let mut made = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let (text, from) = rest.split_at(start);
        let (tag, after) = from.split_at(tag_end(from));
        made.push_str(text);
        made.push_str(&absolute_tag(tag, base));
        rest = after;
    }
    made.push_str(rest);
    made
}

/// A `>` in a quoted value ends no tag.
fn tag_end(html: &str) -> usize {
    let mut quoted = false;
    for (at, c) in html.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '>' if !quoted => return at + 1,
            _ => {}
        }
    }
    html.len()
}

fn absolute_tag(tag: &str, base: &str) -> String {
    let mut made = tag.to_owned();
    for attribute in [" src=\"/", " href=\"/"] {
        if let Some(at) = made.find(attribute) {
            let slash = at + attribute.len() - 1;
            if !made[slash + 1..].starts_with('/') {
                made.insert_str(slash, base);
            }
        }
    }
    made
}

/// Letters, digits and `-._~/` stay (RFC 3986 §2.3), all else is percent-encoded.
pub(super) fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_forbids_is_gone() {
        assert_eq!(
            legal("a\u{0}b\u{b}c\u{1b}\u{ffff}\t\u{85}é😀"),
            "abc\t\u{85}é😀"
        );
    }

    #[test]
    fn only_addresses_in_tags_become_absolute() {
        assert_eq!(
            with_absolute_addresses(
                "<p lang=\"a>b\">zet src=\"/x\" neer</p><img alt=\"\" src=\"/img/a.jpg\"><a href=\"//x/\">x</a>",
                "https://krant.example/nl"
            ),
            "<p lang=\"a>b\">zet src=\"/x\" neer</p><img alt=\"\" src=\"https://krant.example/nl/img/a.jpg\">\
             <a href=\"//x/\">x</a>"
        );
    }

    #[test]
    fn an_identifier_is_safe_in_a_urn() {
        assert_eq!(
            percent_encoded("een map/café 1.md"),
            "een%20map/caf%C3%A9%201.md"
        );
    }
}
