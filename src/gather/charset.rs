//! Bytes become text: by byte order mark, then as UTF-8 where they are valid UTF-8, then by what the server and the
//! document say, and at last as windows-1252, which every byte is.
//!
//! The order is that of experience: a server's charset is wrong more often than valid UTF-8 is a coincidence.

use encoding_rs::{Encoding, WINDOWS_1252};

/// A document's text, and whether it had to be guessed.
pub(super) struct Decoded {
    pub(super) text: String,
    /// Nothing said what the bytes are; they were read as windows-1252.
    pub(super) guessed: bool,
}

/// How far into a document its own statement of its encoding is looked for, in bytes (HTML says 1024).
const DECLARATION_WINDOW: usize = 1024;

/// Decodes bytes, with what the server said of them, if anything.
pub(super) fn decode(bytes: &[u8], content_type: Option<&str>) -> Decoded {
    let stated = |encoding: &'static Encoding| Decoded {
        text: encoding.decode_with_bom_removal(bytes).0.into_owned(),
        guessed: false,
    };
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return stated(encoding);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Decoded {
            text: text.to_owned(),
            guessed: false,
        };
    }
    let said = content_type
        .and_then(|text| parameter(text, "charset="))
        .or_else(|| declared(bytes));
    match said {
        // It says UTF-8, and is not: guess as if nothing had been said.
        Some(encoding) if encoding != encoding_rs::UTF_8 => stated(encoding),
        _ => Decoded {
            guessed: true,
            ..stated(WINDOWS_1252)
        },
    }
}

/// `encoding="…"` of an XML declaration or `charset=…` of an HTML head.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(DECLARATION_WINDOW)];
    let head = WINDOWS_1252.decode_without_bom_handling(head).0;
    match head.trim_start().starts_with("<?xml") {
        true => parameter(head.split("?>").next()?, "encoding="),
        false => parameter(&head, "charset="),
    }
}

fn parameter(text: &str, name: &str) -> Option<&'static Encoding> {
    let lower = text.to_ascii_lowercase();
    let value = &lower[lower.find(name)? + name.len()..];
    let label = value
        .trim_start_matches(['"', '\''])
        .split(['"', '\'', ';', '>', ' ', '/'])
        .next()?;
    Encoding::for_label(label.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], content_type: Option<&str>) -> String {
        decode(bytes, content_type).text
    }

    #[test]
    fn valid_utf8_wins_over_what_is_said_of_it() {
        assert_eq!(
            text("België".as_bytes(), Some("text/xml; charset=iso-8859-1")),
            "België"
        );
    }

    #[test]
    fn what_is_said_counts_for_other_bytes() {
        assert_eq!(
            text(b"Belgi\xeb", Some("text/xml; charset=ISO-8859-1")),
            "België"
        );
        assert_eq!(
            text(
                b"<?xml version='1.0' encoding='iso-8859-15'?><a>\xa4</a>",
                None
            ),
            "<?xml version='1.0' encoding='iso-8859-15'?><a>€</a>"
        );
        assert_eq!(text(b"\xff\xfeH\0o\0i\0", None), "Hoi");
    }

    #[test]
    fn what_is_left_is_windows_1252_and_is_marked_as_guessed() {
        let decoded = decode(b"\x93Belgi\xeb\x94", None);
        assert_eq!(decoded.text, "“België”");
        assert!(decoded.guessed);
        assert!(decode(b"caf\xe9", Some("text/plain; charset=utf-8")).guessed);
    }
}
