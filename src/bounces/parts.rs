//! Parts and headers of a mail, as reports are told by them.

use mail_parser::{Message, MessagePart, MimeHeaders};

/// The first part of one of these subtypes; what lies inside a returned message is not looked at.
pub(super) fn part<'a, 'x>(
    mail: &'a Message<'x>,
    subtypes: &[&str],
) -> Option<&'a MessagePart<'x>> {
    mail.parts.iter().find(|part| is_type(part, subtypes))
}

pub(super) fn is_type(part: &MessagePart<'_>, subtypes: &[&str]) -> bool {
    let subtype = part.content_type().and_then(|kind| kind.subtype());
    subtype.is_some_and(|known| subtypes.iter().any(|s| s.eq_ignore_ascii_case(known)))
}

pub(super) fn text_of(part: &MessagePart<'_>) -> String {
    String::from_utf8_lossy(part.contents()).into_owned()
}

/// The values of a header, unfolded, in their order.
pub(super) fn values(mail: &Message<'_>, name: &str) -> Vec<String> {
    mail.headers_raw()
        .filter(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}
