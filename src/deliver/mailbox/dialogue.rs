//! The server's side of SMTP: `mailin`'s state machine, and what it lacks.
//!
//! Lines come in, answers go out; no I/O. Added here: SMTPUTF8, SIZE and PIPELINING are offered and their parameters
//! taken off `MAIL` (the machine knows `BODY` alone), and messages that break RFC 5321 §2.3.8 or §4.5.3.1 are refused.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use mailin::{Action, Handler, Response, Session, SessionBuilder};

/// Largest message, in octets.
const MAX_MESSAGE: usize = 32 * 1024 * 1024;

/// Longest line of a message with its CRLF (RFC 5321 §4.5.3.1.6).
const MAX_LINE: usize = 1_000;

/// What to do after a line was heard.
pub(super) enum Answer {
    Nothing,
    Say(Vec<u8>),
    Close(Vec<u8>),
    /// A whole message, to be answered when it is durable.
    Keep(Letter),
}

/// A message with its envelope.
#[derive(Debug, Default)]
pub(super) struct Letter {
    pub(super) from: String,
    pub(super) to: Vec<String>,
    /// With CRLF line ends.
    pub(super) content: Vec<u8>,
    fault: Option<&'static [u8]>,
}

/// One client's dialogue.
pub(super) struct Dialogue {
    session: Session<Desk>,
    desk: Desk,
    receiving: bool,
}

/// Where the state machine lays down what it receives.
#[derive(Clone, Default)]
struct Desk(Arc<Mutex<Pile>>);

#[derive(Default)]
struct Pile {
    letter: Letter,
    complete: bool,
}

impl Dialogue {
    pub(super) fn new(peer: IpAddr) -> Self {
        let desk = Desk::default();
        Self {
            session: SessionBuilder::new("mailbox.courant.invalid").build(peer, desk.clone()),
            desk,
            receiving: false,
        }
    }

    pub(super) fn greeting(&self) -> io::Result<Vec<u8>> {
        self.session.greeting().buffer()
    }

    /// Whether a message is being received.
    pub(super) fn is_receiving(&self) -> bool {
        self.receiving
    }

    /// Takes a line with its CRLF.
    pub(super) fn hear(&mut self, line: &[u8]) -> io::Result<Answer> {
        if self.receiving {
            return self.receive(line);
        }
        let response = match without_parameters(line) {
            Ok(line) => self.session.process(&line),
            Err(refusal) => return Ok(Answer::Say(refusal.to_vec())),
        };
        self.receiving = response.code == 354;
        let mut reply = response.buffer()?;
        if starts_with(line, b"EHLO ") && response.code == 250 {
            reply = with_offers(&reply);
        }
        Ok(match response.action {
            Action::NoReply => Answer::Nothing,
            Action::Close => Answer::Close(reply),
            Action::Reply | Action::UpgradeTls => Answer::Say(reply),
        })
    }

    fn receive(&mut self, line: &[u8]) -> io::Result<Answer> {
        self.session.process(line);
        let mut pile = self.desk.pile();
        if !std::mem::take(&mut pile.complete) {
            return Ok(Answer::Nothing);
        }
        self.receiving = false;
        let letter = std::mem::take(&mut pile.letter);
        Ok(match letter.fault {
            Some(refusal) => Answer::Say(refusal.to_vec()),
            None => Answer::Keep(letter),
        })
    }
}

impl Desk {
    fn pile(&self) -> std::sync::MutexGuard<'_, Pile> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handler for Desk {
    fn data_start(&mut self, _: &str, from: &str, _: bool, to: &[String]) -> Response {
        self.pile().letter = Letter {
            from: from.to_owned(),
            to: to.to_vec(),
            ..Letter::default()
        };
        mailin::response::OK
    }

    fn data(&mut self, line: &[u8]) -> io::Result<()> {
        let letter = &mut self.pile().letter;
        let text = line.strip_suffix(b"\r\n").unwrap_or(line);
        if text.contains(&b'\r') || text.contains(&b'\n') {
            letter.fault = Some(b"550 a bare CR or LF in the message\r\n");
        } else if line.len() > MAX_LINE {
            letter.fault = Some(b"550 a line over 998 octets in the message\r\n");
        } else if letter.content.len() + line.len() > MAX_MESSAGE {
            letter.fault = Some(b"552 the message is too large\r\n");
        } else if letter.fault.is_none() {
            letter.content.extend_from_slice(line);
        }
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        self.pile().complete = true;
        mailin::response::OK
    }
}

/// The reply to `EHLO` with what is offered beyond the state machine's own.
fn with_offers(reply: &[u8]) -> Vec<u8> {
    let mut lines = Vec::new();
    for line in reply.split_inclusive(|b| *b == b'\n') {
        let mut line = line.to_vec();
        if let Some(separator) = line.get_mut(3) {
            *separator = b'-';
        }
        lines.extend(line);
    }
    lines.extend(b"250-PIPELINING\r\n250-SMTPUTF8\r\n");
    lines.extend(format!("250 SIZE {MAX_MESSAGE}\r\n").bytes());
    lines
}

/// `MAIL` with no parameter but `BODY`; a refusal if a `SIZE` (RFC 1870 §6.1) is too large. Other lines as they are.
fn without_parameters(line: &[u8]) -> Result<Vec<u8>, &'static [u8]> {
    let path_end = line.iter().position(|b| *b == b'>');
    let (true, Some(end)) = (starts_with(line, b"MAIL FROM:"), path_end) else {
        return Ok(line.to_vec());
    };
    let (path, parameters) = line.split_at(end + 1);
    let mut kept = path.to_vec();
    for parameter in parameters.split(|b| b.is_ascii_whitespace()) {
        if starts_with(parameter, b"SIZE=") {
            let size = std::str::from_utf8(&parameter[5..]).unwrap_or_default();
            if size
                .parse()
                .is_ok_and(|size: u64| size > MAX_MESSAGE as u64)
            {
                return Err(b"552 the message is too large\r\n");
            }
        } else if !parameter.is_empty() && !parameter.eq_ignore_ascii_case(b"SMTPUTF8") {
            kept.push(b' ');
            kept.extend_from_slice(parameter);
        }
    }
    kept.extend_from_slice(b"\r\n");
    Ok(kept)
}

fn starts_with(line: &[u8], word: &[u8]) -> bool {
    line.get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn say(dialogue: &mut Dialogue, line: &[u8]) -> String {
        match dialogue.hear(line).unwrap() {
            Answer::Nothing => String::new(),
            Answer::Say(reply) | Answer::Close(reply) => String::from_utf8(reply).unwrap(),
            Answer::Keep(letter) => String::from_utf8(letter.content).unwrap(),
        }
    }

    fn in_message() -> Dialogue {
        let mut dialogue = Dialogue::new(Ipv4Addr::LOCALHOST.into());
        say(&mut dialogue, b"EHLO x\r\n");
        say(&mut dialogue, b"MAIL FROM:<a@b.example>\r\n");
        say(&mut dialogue, b"RCPT TO:<c@d.example>\r\n");
        assert!(say(&mut dialogue, b"DATA\r\n").starts_with("354"));
        dialogue
    }

    #[test]
    fn offers_and_parameters_beyond_the_machine() {
        let mut dialogue = Dialogue::new(Ipv4Addr::LOCALHOST.into());
        let offers = say(&mut dialogue, b"ehlo x\r\n");
        assert!(offers.contains("250-8BITMIME\r\n250-PIPELINING\r\n250-SMTPUTF8\r\n"));
        assert!(offers.contains("\r\n250 SIZE "));
        let mail = "MAIL FROM:<zoë@b.example> SMTPUTF8 SIZE=12 BODY=8BITMIME\r\n";
        assert!(say(&mut dialogue, mail.as_bytes()).starts_with("250"));
        assert!(say(&mut dialogue, "RCPT TO:<é@d.example>\r\n".as_bytes()).starts_with("250"));
        let mut other = Dialogue::new(Ipv4Addr::LOCALHOST.into());
        say(&mut other, b"EHLO x\r\n");
        assert!(
            say(&mut other, b"MAIL FROM:<a@b.example> SIZE=99999999999\r\n").starts_with("552")
        );
        assert!(say(&mut other, b"MAIL FROM:<a@b.example> RET=FULL\r\n").starts_with("500"));
    }

    #[test]
    fn dots_are_unstuffed_and_eight_bits_kept() {
        let mut dialogue = in_message();
        say(&mut dialogue, b"..a\r\n");
        say(&mut dialogue, "é.\r\n".as_bytes());
        assert_eq!(say(&mut dialogue, b".\r\n"), ".a\r\né.\r\n");
        assert!(!dialogue.is_receiving());
    }

    #[test]
    fn what_a_strict_server_refuses_is_refused_at_the_end() {
        let long = [&[b'x'; 999][..], b"\r\n"].concat();
        for line in [&b"a\nb\r\n"[..], b"a\rb\r\n", b"\n.\n\r\n", &long] {
            let mut dialogue = in_message();
            assert_eq!(say(&mut dialogue, line), "");
            assert!(say(&mut dialogue, b".\r\n").starts_with("550"), "{line:?}");
            assert!(say(&mut dialogue, b"MAIL FROM:<a@b.example>\r\n").starts_with("250"));
        }
    }
}
