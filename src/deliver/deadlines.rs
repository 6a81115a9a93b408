//! How long the relay may take for each step of the dialogue.

use std::time::Duration;

/// Longest waits, each from our last write to the end of the reply (RFC 5321 §4.5.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// For the TCP connection, and for each handshake of TLS.
    pub connect: Duration,
    /// For the greeting (§4.5.3.2.1).
    pub greeting: Duration,
    /// For `EHLO`, `STARTTLS`, `AUTH`, `MAIL`, `RCPT` and `RSET` (§4.5.3.2.2, §4.5.3.2.3).
    pub command: Duration,
    /// For `DATA` (§4.5.3.2.4).
    pub data: Duration,
    /// For each block of the message (§4.5.3.2.5).
    pub block: Duration,
    /// For the reply to the final dot (§4.5.3.2.6): shorter makes copies.
    pub dot: Duration,
    /// How long a connection may lie idle before we close it, so that the relay need not.
    pub idle: Duration,
    /// For `QUIT`, which is a courtesy.
    pub quit: Duration,
    /// For the message in hand, once the run was asked to stop.
    pub stop: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            greeting: Duration::from_mins(5),
            command: Duration::from_mins(5),
            data: Duration::from_mins(2),
            block: Duration::from_mins(3),
            dot: Duration::from_mins(10),
            idle: Duration::from_secs(20),
            quit: Duration::from_secs(2),
            // A run ends within 10 s of SIGTERM.
            stop: Duration::from_secs(7),
        }
    }
}
