//! Character references: `&amp;`, `&#8217;`, `&eacute;`, those that a document defines, and what only looks like one.
//!
//! An unknown name and a bare `&` stay text. Numbers between 128 and 159 mean windows-1252, as they do in every feed
//! that has them.

use std::borrow::Cow;

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};

use super::super::budget;
use super::doctype::Entities;
use super::repairs::{Repair, Repairs};

/// Longest name of a reference, in octets: HTML's longest is 31.
const MAX_NAME: usize = 40;

/// Text with its references resolved.
pub(super) fn resolve<'a>(
    raw: &'a str,
    entities: &Entities,
    repairs: &mut Repairs,
) -> Cow<'a, str> {
    if !raw.contains('&') {
        return Cow::Borrowed(raw);
    }
    budget::spend(raw.len());
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        match reference(rest, entities, repairs) {
            Some((meaning, length)) => {
                text.push_str(&meaning);
                rest = &rest[length..];
            }
            None => {
                text.push('&');
                rest = &rest[1..];
            }
        }
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// What a reference at the beginning of the text means, and how long it is.
fn reference<'e>(
    text: &str,
    entities: &'e Entities,
    repairs: &mut Repairs,
) -> Option<(Cow<'e, str>, usize)> {
    let name = text[1..]
        .bytes()
        .take(MAX_NAME)
        .position(|byte| !byte.is_ascii_alphanumeric() && !b"#-._".contains(&byte))
        .filter(|&end| end > 0 && text.as_bytes()[1 + end] == b';')
        .map(|end| &text[1..=end]);
    let Some(name) = name else {
        repairs.note(Repair::BareAmpersand, "");
        return None;
    };
    let length = name.len() + 2;
    if let Some(number) = name.strip_prefix('#') {
        return Some((character(number)?.to_string().into(), length));
    }
    let predefined = match name {
        "amp" => Some("&"),
        "lt" => Some("<"),
        "gt" => Some(">"),
        "quot" => Some("\""),
        "apos" => Some("'"),
        _ => entities.get(name),
    };
    if let Some(text) = predefined {
        return Some((text.into(), length));
    }
    match named(name) {
        Some(text) => {
            repairs.note(Repair::HtmlEntity, name);
            Some((text.into(), length))
        }
        None => {
            repairs.note(Repair::UnknownEntity, name);
            None
        }
    }
}

/// What HTML means by a name.
fn named(name: &str) -> Option<String> {
    let &(first, second) = NAMED_ENTITIES.get(format!("{name};").as_str())?;
    let mut text = String::new();
    text.extend(char::from_u32(first));
    if second != 0 {
        text.extend(char::from_u32(second));
    }
    Some(text)
}

/// Whether HTML knows the name.
pub(super) fn is_named(name: &str) -> bool {
    NAMED_ENTITIES.contains_key(format!("{name};").as_str())
}

fn character(number: &str) -> Option<char> {
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    Some(match code {
        0x80..=0x9f => C1_REPLACEMENTS[(code - 0x80) as usize].unwrap_or('\u{fffd}'),
        0..=0x08 | 0x0b | 0x0c | 0x0e..=0x1f => ' ',
        _ => char::from_u32(code).unwrap_or('\u{fffd}'),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_mean_what_their_writers_meant() {
        let entities = Entities::default();
        let mut repairs = Repairs::default();
        for (raw, expected) in [
            ("a &amp; b &lt;i&gt; &#8217; &#x2019;", "a & b <i> ’ ’"),
            ("Caf&eacute;&nbsp;&#146;", "Café\u{a0}’"),
            (
                "AT&T; Q&A & co &; &#; &#xzz; &nope;",
                "AT&T; Q&A & co &; &#; &#xzz; &nope;",
            ),
            ("?a=1&copy=2", "?a=1&copy=2"),
        ] {
            assert_eq!(resolve(raw, &entities, &mut repairs), expected);
        }
    }
}
