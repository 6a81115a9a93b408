//! Bytes become text: by byte order mark, then as UTF-8 where they are valid UTF-8 beyond ASCII, then by what the
//! server and the document say, and at last by what a detector makes of them.
//!
//! The order is that of experience: a server's charset is wrong more often than valid UTF-8 is a coincidence. What is
//! nearly all UTF-8 is UTF-8, and its few other bytes are windows-1252.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::budget;

/// A document's text, and whether it had to be guessed.
pub(super) struct Decoded<'a> {
    pub(super) text: Cow<'a, str>,
    /// The encoding that it was read as.
    pub(super) name: &'static str,
    /// Nothing said what the bytes are.
    pub(super) guessed: bool,
    /// They are not what the server or the document says.
    pub(super) overruled: bool,
}

/// How far into a document its own statement of its encoding is looked for, in bytes (HTML says 1024).
const DECLARATION_WINDOW: usize = 1024;

/// Decodes bytes, with what the server said of them, if anything.
pub(super) fn decode<'a>(bytes: &'a [u8], content_type: Option<&str>) -> Decoded<'a> {
    if let Some(decoded) = marked(bytes) {
        return decoded;
    }
    let from_server = content_type.and_then(|text| parameter(text, "charset="));
    let own = declared(bytes);
    let said = from_server.or(own);
    if let Ok(text) = std::str::from_utf8(bytes) {
        // ASCII says nothing: an encoding of escape sequences looks like it.
        let escaped = bytes.contains(&0x1b) && said.is_some();
        if !escaped {
            return Decoded {
                text: Cow::Borrowed(text),
                name: "UTF-8",
                guessed: false,
                overruled: !text.is_ascii() && said.is_some_and(|said| said != UTF_8),
            };
        }
    }
    let whole = [from_server, own]
        .into_iter()
        .flatten()
        .filter(|&encoding| encoding != UTF_8)
        .find_map(|encoding| {
            let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
            Some((encoding, text))
        });
    match whole {
        Some((encoding, text)) => Decoded {
            text,
            name: encoding.name(),
            guessed: false,
            overruled: said != Some(encoding),
        },
        None => guess(bytes, said.is_some()),
    }
}

/// Like [`decode`], for a feed, whose first bytes are known in every encoding (XML 1.0, appendix F).
pub(super) fn decode_feed<'a>(bytes: &'a [u8], content_type: Option<&str>) -> Decoded<'a> {
    budget::spend(bytes.len());
    let wide = |name: &'static str, text: String| Decoded {
        text: Cow::Owned(text),
        name,
        guessed: false,
        overruled: false,
    };
    match bytes {
        [0, 0, 0xfe, 0xff, rest @ ..] => wide("UTF-32BE", utf32(rest, u32::from_be_bytes)),
        [0xff, 0xfe, 0, 0, rest @ ..] => wide("UTF-32LE", utf32(rest, u32::from_le_bytes)),
        [0, 0, 0, b'<', ..] => wide("UTF-32BE", utf32(bytes, u32::from_be_bytes)),
        [b'<', 0, 0, 0, ..] => wide("UTF-32LE", utf32(bytes, u32::from_le_bytes)),
        [0, b'<', 0, ..] => wide("UTF-16BE", UTF_16BE.decode(bytes).0.into_owned()),
        [b'<', 0, _, 0, ..] => wide("UTF-16LE", UTF_16LE.decode(bytes).0.into_owned()),
        [0x4c, 0x6f, 0xa7, 0x94, ..] => wide("EBCDIC", ebcdic(bytes)),
        _ => decode(bytes, content_type),
    }
}

/// What a byte order mark says.
fn marked(bytes: &[u8]) -> Option<Decoded<'_>> {
    let (encoding, length) = Encoding::for_bom(bytes)?;
    let (text, broken) = encoding.decode_without_bom_handling(&bytes[length..]);
    if broken && encoding == UTF_8 {
        return Some(guess(&bytes[length..], true));
    }
    Some(Decoded {
        text,
        name: encoding.name(),
        guessed: false,
        overruled: false,
    })
}

fn guess(bytes: &[u8], said: bool) -> Decoded<'_> {
    if let Some(text) = nearly_utf8(bytes) {
        return Decoded {
            text: Cow::Owned(text),
            name: "UTF-8",
            guessed: false,
            overruled: true,
        };
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let encoding = detector.guess(None, Utf8Detection::Deny);
    // A detector sees an alphabet in a handful of bytes; Western text is likelier.
    let foreign = bytes.iter().filter(|byte| **byte >= 0x80).count();
    let encoding = if foreign < 4 { WINDOWS_1252 } else { encoding };
    Decoded {
        text: encoding.decode_without_bom_handling(bytes).0,
        name: encoding.name(),
        guessed: !said,
        overruled: said,
    }
}

/// The text, where more of what lies beyond ASCII is valid UTF-8 than not; other bytes are read as windows-1252.
fn nearly_utf8(bytes: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(bytes.len());
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        text.push_str(chunk.valid());
        bad += usize::from(!chunk.invalid().is_empty());
        text.push_str(&WINDOWS_1252.decode_without_bom_handling(chunk.invalid()).0);
    }
    (good > bad).then_some(text)
}

fn utf32(bytes: &[u8], number: fn([u8; 4]) -> u32) -> String {
    bytes
        .chunks_exact(4)
        .map(|four| number([four[0], four[1], four[2], four[3]]))
        .map(|code| char::from_u32(code).unwrap_or('\u{fffd}'))
        .collect()
}

/// The invariant characters of EBCDIC (IBM code page 37), which is all that markup needs; others become a mark.
fn ebcdic(bytes: &[u8]) -> String {
    const PLACES: [(u8, &str); 19] = [
        (0x40, " "),
        (0x4b, ".<(+|&"),
        (0x5a, "!$*);¬-/"),
        (0x6b, ",%_>?"),
        (0x79, "`:#@'=\""),
        (0x81, "abcdefghi"),
        (0x91, "jklmnopqr"),
        (0xa1, "~stuvwxyz"),
        (0xc0, "{ABCDEFGHI"),
        (0xd0, "}JKLMNOPQR"),
        (0xe0, "\\"),
        (0xe2, "STUVWXYZ"),
        (0xf0, "0123456789"),
        (0xba, "["),
        (0xbb, "]"),
        (0x25, "\n"),
        (0x15, "\n"),
        (0x0d, "\r"),
        (0x05, "\t"),
    ];
    let mut table = ['\u{fffd}'; 256];
    for (first, characters) in PLACES {
        for (place, c) in (first..=255).zip(characters.chars()) {
            table[usize::from(place)] = c;
        }
    }
    bytes.iter().map(|byte| table[usize::from(*byte)]).collect()
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
    // A document that can be asked is not in UTF-16; GB2312 is read as what it grew into.
    Encoding::for_label(label.as_bytes())
        .filter(|encoding| *encoding != UTF_16LE && *encoding != UTF_16BE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], content_type: Option<&str>) -> String {
        decode_feed(bytes, content_type).text.into_owned()
    }

    #[test]
    fn valid_utf8_wins_over_what_is_said_of_it() {
        let decoded = decode("België".as_bytes(), Some("text/xml; charset=iso-8859-1"));
        assert_eq!(decoded.text, "België");
        assert!(decoded.overruled);
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
    fn what_is_left_is_guessed_and_marked() {
        let decoded = decode(b"\x93Belgi\xeb\x94", None);
        assert_eq!(decoded.text, "“België”");
        assert!(decoded.guessed);
        assert!(decode(b"caf\xe9", Some("text/plain; charset=utf-8")).overruled);
        let russian = decode(
            b"\xcf\xf0\xe8\xe2\xe5\xf2, \xec\xe8\xf0! \xca\xe0\xea \xe4\xe5\xeb\xe0?",
            None,
        );
        assert_eq!(russian.text, "Привет, мир! Как дела?");
    }

    #[test]
    fn one_bad_byte_does_not_spoil_a_text() {
        let mut bytes = "België, café, “ja” ".as_bytes().to_vec();
        bytes.push(0x80);
        assert_eq!(decode(&bytes, None).text, "België, café, “ja” €");
    }

    #[test]
    fn wide_characters_are_told_by_the_first_tag() {
        let wide = |text: &str| {
            text.chars()
                .flat_map(|c| u32::from(c).to_le_bytes())
                .collect::<Vec<_>>()
        };
        assert_eq!(text(&wide("<a>é</a>"), None), "<a>é</a>");
        let utf16: Vec<u8> = "<?xml".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(text(&utf16, None), "<?xml");
        assert_eq!(text(b"\x4c\x6f\xa7\x94\x93\x40\x6e\xf1", None), "<?xml >1");
    }
}
