//! Quoted-printable (RFC 2045 §6.7), so that whatever a post says goes through every relay unchanged.
//!
//! Text with LF line ends comes in; lines of at most 76 octets with CRLF go out. A dot that would open a line is encoded:
//! so SMTP's dot-stuffing (RFC 5321 §4.5.2) has nothing to do, and bytes in a mailbox are the bytes on the wire.

/// Longest line of output without its CRLF (RFC 2045 §6.7, rule 5).
const MAX_LINE: usize = 76;

/// Ends a line of output that does not end a line of the text.
pub(super) const SOFT_BREAK: &str = "=\r\n";

/// Appends `text` to `out`, which must stand at the start of a line; says whether it does so again afterwards.
pub(super) fn encode(text: &str, out: &mut String) -> bool {
    let mut lines = text.split('\n').peekable();
    while let Some(line) = lines.next() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let at_start = encode_line(line.as_bytes(), out);
        if lines.peek().is_none() {
            return at_start;
        }
        out.push_str("\r\n");
    }
    true
}

/// Appends one line without its end; true if that was nothing.
fn encode_line(line: &[u8], out: &mut String) -> bool {
    let mut column = 0;
    for (at, &byte) in line.iter().enumerate() {
        let last = at + 1 == line.len();
        let mut literal = is_literal(byte, column, last);
        // One column is kept for the `=` of a soft break.
        if column + if literal { 1 } else { 3 } >= MAX_LINE {
            out.push_str(SOFT_BREAK);
            column = 0;
            literal = is_literal(byte, column, last);
        }
        if literal {
            out.push(char::from(byte));
            column += 1;
        } else {
            push_hex(byte, out);
            column += 3;
        }
    }
    line.is_empty()
}

fn is_literal(byte: u8, column: usize, last: bool) -> bool {
    match byte {
        b'=' => false,
        b'.' => column > 0,
        b'!'..=b'~' => true,
        // White space at the end of a line may be cut on the way.
        b' ' | b'\t' => !last,
        _ => false,
    }
}

fn push_hex(byte: u8, out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.push('=');
    out.push(char::from(DIGITS[usize::from(byte >> 4)]));
    out.push(char::from(DIGITS[usize::from(byte & 15)]));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str) -> String {
        let mut out = String::new();
        encode(text, &mut out);
        out
    }

    /// The inverse, written from the RFC.
    fn decoded(text: &str) -> String {
        let text = text.replace(SOFT_BREAK, "").replace("\r\n", "\n");
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            if byte == b'=' {
                let hex = [rest.next().unwrap(), rest.next().unwrap()];
                let hex = std::str::from_utf8(&hex).unwrap();
                bytes.push(u8::from_str_radix(hex, 16).unwrap());
            } else {
                bytes.push(byte);
            }
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn plain_words_stay_readable() {
        assert_eq!(encoded("Goedemorgen Zoë,\n"), "Goedemorgen Zo=C3=AB,\r\n");
        assert_eq!(encoded("a = b \n\n.\n"), "a =3D b=20\r\n\r\n=2E\r\n");
    }

    #[test]
    fn every_text_comes_back_and_no_line_is_long_or_opens_with_a_dot() {
        let texts = [
            "x".repeat(500),
            "ë".repeat(100),
            ".".repeat(300),
            format!("{}.{}", "y".repeat(75), "z".repeat(10)),
            (70..90).map(|n| "=".repeat(n) + " \n").collect(),
            (70..90).map(|n| ".é".repeat(n) + "\t\n..\n").collect(),
        ];
        for text in texts {
            let out = encoded(&text);
            assert_eq!(decoded(&out), text);
            for line in out.split("\r\n") {
                assert!(line.len() <= MAX_LINE, "{} octets: {line}", line.len());
                assert!(!line.starts_with('.') && !line.ends_with(' '), "{line}");
                assert!(line.bytes().all(|b| b == b'\t' || (32..127).contains(&b)));
            }
        }
    }
}
