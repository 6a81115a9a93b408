//! A talk with a mail server, line by line, in which nothing has no end.
//!
//! Each wait ends, a line is of at most a megabyte, and a piece of data of a length that the server names is taken only up to
//! what the caller allows. What a server says is shown to people cleaned, cut, and without the password.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::Trouble;
use crate::wire::Wire;

/// Longest line that is read: the numbers of a hundred thousand unread messages fit in one.
const MAX_LINE: usize = 1024 * 1024;

/// Octets taken from the system at once.
const CHUNK: usize = 16 * 1024;

/// Longest text of a server that is shown, in characters.
const MAX_SHOWN: usize = 200;

/// An open connection and what has arrived on it.
pub(super) struct Dialogue {
    wire: Wire,
    bytes: Vec<u8>,
    /// Octets of `bytes` that were taken.
    taken: usize,
    /// Octets behind `taken` that are known to hold no line end.
    looked: usize,
    word: Duration,
    end: Instant,
    /// What no message may show.
    secrets: Vec<String>,
}

impl Dialogue {
    /// A dialogue that ends at `end`.
    pub(super) fn new(wire: Wire, word: Duration, end: Instant, secrets: Vec<String>) -> Self {
        Self {
            wire,
            bytes: Vec::new(),
            taken: 0,
            looked: 0,
            word,
            end,
            secrets,
        }
    }

    /// Gives back the wire for a handshake. Bytes that wait were slipped in by somebody (CVE-2011-0411 is the pattern).
    pub(super) fn into_wire(self) -> Result<Wire, Trouble> {
        match self.taken == self.bytes.len() {
            true => Ok(self.wire),
            false => Err(Trouble::OutOfTurn),
        }
    }

    /// Says a line; its end is added.
    pub(super) async fn say(&mut self, line: &str) -> Result<(), Trouble> {
        let line = format!("{line}\r\n");
        let until = self.until();
        let said = async {
            self.wire.write_all(line.as_bytes()).await?;
            self.wire.flush().await
        };
        timeout_at(until, said)
            .await
            .map_err(|_| Trouble::Silent)?
            .map_err(Trouble::from)
    }

    /// The next line, without its end.
    pub(super) async fn line(&mut self) -> Result<Vec<u8>, Trouble> {
        loop {
            let rest = &self.bytes[self.taken..];
            let found = rest.iter().skip(self.looked).position(|b| *b == b'\n');
            if let Some(at) = found.map(|at| at + self.looked) {
                let line = rest[..at].strip_suffix(b"\r").unwrap_or(&rest[..at]);
                let line = line.to_vec();
                self.take(at + 1);
                return Ok(line);
            }
            self.looked = rest.len();
            if self.looked >= MAX_LINE {
                return Err(Trouble::Endless);
            }
            self.hear().await?;
        }
    }

    /// The next line as text; what is not UTF-8 is shown as such.
    pub(super) async fn text(&mut self) -> Result<String, Trouble> {
        let line = self.line().await?;
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    /// So many octets, whatever they are; room is made as they come and not before.
    pub(super) async fn octets(&mut self, count: usize) -> Result<Vec<u8>, Trouble> {
        let mut octets = Vec::new();
        loop {
            let rest = &self.bytes[self.taken..];
            let fitting = rest.len().min(count - octets.len());
            octets.extend_from_slice(&rest[..fitting]);
            self.take(fitting);
            if octets.len() == count {
                return Ok(octets);
            }
            self.hear().await?;
        }
    }

    /// A text of the server as a message may show it.
    pub(super) fn shown(&self, text: &str) -> String {
        let secrets = self.secrets.iter().filter(|secret| !secret.is_empty());
        let text = secrets.fold(text.to_owned(), |text, secret| text.replace(secret, "…"));
        let clean = |c: char| if c.is_control() { ' ' } else { c };
        let text: String = text.chars().map(clean).take(MAX_SHOWN).collect();
        text.trim().to_owned()
    }

    /// What a server says in Base64 as a message may show it, such as the reason in JSON for which XOAUTH2 failed; empty
    /// where that is nothing.
    pub(super) fn decoded(&self, challenge: &str) -> String {
        let octets = STANDARD.decode(challenge.trim()).unwrap_or_default();
        self.shown(&String::from_utf8_lossy(&octets))
    }

    fn take(&mut self, octets: usize) {
        self.taken += octets;
        self.looked = 0;
        if self.taken == self.bytes.len() {
            self.bytes.clear();
            self.taken = 0;
        }
    }

    async fn hear(&mut self) -> Result<(), Trouble> {
        if self.taken > CHUNK {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
        let mut chunk = [0; CHUNK];
        let until = self.until();
        let heard = timeout_at(until, self.wire.read(&mut chunk)).await;
        match heard.map_err(|_| Trouble::Silent)?? {
            0 => Err(Trouble::Closed),
            octets => {
                self.bytes.extend_from_slice(&chunk[..octets]);
                Ok(())
            }
        }
    }

    fn until(&self) -> Instant {
        (Instant::now() + self.word).min(self.end)
    }
}
