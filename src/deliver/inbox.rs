//! Bytes from the relay, cut into replies (RFC 5321 §4.2.1).
//!
//! Pure. A reply is bounded: lines of at most 8 KB, at most 100 of them. What is handed up is ASCII, its lines cut to a
//! length that is worth keeping.

use super::stream::Fault;

/// Longest line that is read; a longer one comes from no mail server.
const MAX_LINE: usize = 8 * 1024;

/// Most lines in a reply; the longest `EHLO` replies have about twenty.
const MAX_LINES: usize = 100;

/// Longest line that is handed up: more is not worth keeping, and lettre's own limit is 1,000 octets.
const MAX_HANDED: usize = 900;

/// What has arrived and was not handed up.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
}

impl Inbox {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Takes one whole reply, if it is there: lines with CRLF, a space or hyphen behind each code, ASCII alone.
    pub(super) fn take(&mut self) -> Result<Option<String>, Fault> {
        let mut reply = String::new();
        let mut read = 0;
        for _ in 0..MAX_LINES {
            let rest = &self.bytes[read..];
            let Some(end) = rest.iter().take(MAX_LINE).position(|b| *b == b'\n') else {
                let overlong = rest.len() >= MAX_LINE;
                return if overlong {
                    Err(Fault::Endless)
                } else {
                    Ok(None)
                };
            };
            let line = &rest[..end];
            read += end + 1;
            if push_line(line.strip_suffix(b"\r").unwrap_or(line), &mut reply)? {
                self.bytes.drain(..read);
                return Ok(Some(reply));
            }
        }
        Err(Fault::Endless)
    }
}

/// Appends one line in its proper form; true if it is the reply's last.
fn push_line(line: &[u8], reply: &mut String) -> Result<bool, Fault> {
    let Some((code, rest)) = line.split_at_checked(3) else {
        return Err(Fault::NotSmtp);
    };
    let valid = matches!(code, [b'2'..=b'5', b'0'..=b'5', b'0'..=b'9'])
        && matches!(rest.first(), None | Some(b' ' | b'-'));
    if !valid || (!reply.is_empty() && reply.as_bytes()[..3] != *code) {
        return Err(Fault::NotSmtp);
    }
    let last = rest.first() != Some(&b'-');
    reply.extend(code.iter().map(|digit| char::from(*digit)));
    reply.push(if last { ' ' } else { '-' });
    let text = rest.iter().skip(1).take(MAX_HANDED);
    reply.extend(text.map(|b| match b {
        b' '..=b'~' => char::from(*b),
        _ => '?',
    }));
    reply.push_str("\r\n");
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(bytes: &[u8]) -> Inbox {
        let mut inbox = Inbox::default();
        inbox.push(bytes);
        inbox
    }

    fn take(bytes: &[u8]) -> Result<Option<String>, Fault> {
        with(bytes).take()
    }

    #[test]
    fn replies_are_taken_whole_and_one_by_one() {
        let mut inbox = with(b"250-a\r\n250 b\r\n354 go");
        assert_eq!(inbox.take().unwrap().unwrap(), "250-a\r\n250 b\r\n");
        assert_eq!(inbox.take().unwrap(), None);
        inbox.push(b"\r\n");
        assert_eq!(inbox.take().unwrap().unwrap(), "354 go\r\n");
        assert!(inbox.is_empty());
    }

    #[test]
    fn odd_forms_are_brought_into_one() {
        assert_eq!(take(b"250\r\n").unwrap().unwrap(), "250 \r\n");
        assert_eq!(take(b"250 ok\n").unwrap().unwrap(), "250 ok\r\n");
        assert_eq!(
            take(b"250 caf\xe9\t\r\n").unwrap().unwrap(),
            "250 caf??\r\n"
        );
        let long = format!("250 {}\r\n", "x".repeat(5_000));
        assert!(take(long.as_bytes()).unwrap().unwrap().len() < 1_000);
    }

    #[test]
    fn what_is_no_reply_is_a_fault() {
        for bytes in [
            "HTTP/1.1 400 Bad Request\r\n",
            "25\r\n",
            "250_ok\r\n",
            "999 x\r\n",
            "250-a\r\n251 b\r\n",
        ] {
            assert_eq!(take(bytes.as_bytes()), Err(Fault::NotSmtp), "{bytes}");
        }
        assert_eq!(take(&[b'2'; MAX_LINE]), Err(Fault::Endless));
        assert_eq!(
            take("250-x\r\n".repeat(100).as_bytes()),
            Err(Fault::Endless)
        );
    }
}
