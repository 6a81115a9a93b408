//! Why an inbox cannot be read.

use std::io;
use std::path::PathBuf;

use crate::model::{MailServer, NoAccess};
use crate::wire;

/// Why an inbox cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file, a folder or stdin (`-`).
    #[error("cannot read `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Whether it was taken for a part of a Maildir.
        maildir: bool,
        /// Why.
        source: io::Error,
    },
    /// A message of a Maildir.
    #[error("cannot move `{}` to `cur`", path.display())]
    Mark {
        /// Its file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A mailbox on a server.
    #[error("cannot read the inbox of {place}: {why}")]
    Server {
        /// `user@host:port`.
        place: String,
        /// Why.
        why: Trouble,
    },
}

impl Error {
    pub(super) fn server(server: &MailServer, why: Trouble) -> Self {
        Self::Server {
            place: server.to_string(),
            why,
        }
    }

    /// Whether trying again later, with nothing changed, may help.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Server {
                why: Trouble::Unreachable(_)
                    | Trouble::Closed
                    | Trouble::Silent
                    | Trouble::Broken(_)
                    | Trouble::Ended(_)
                    | Trouble::NoToken(_),
                ..
            }
        )
    }

    /// Whether somebody must change something first.
    pub fn is_permanent(&self) -> bool {
        !self.is_transient()
    }
}

/// What went wrong with a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// No connection.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// No TLS, or not the server that was meant.
    #[error("{0}")]
    Tls(String),
    /// The password was refused, or could not be said.
    #[error("{0}")]
    Login(String),
    /// The password, or the token, was not taken.
    #[error("the server refused {0}")]
    Denied(String),
    /// No token for now: whoever issues it does not answer.
    #[error("{0}")]
    NoToken(String),
    /// A command was refused.
    #[error("the server refused {0}")]
    Refused(String),
    /// The server said goodbye in its own words.
    #[error("the server ended the connection: {0}")]
    Ended(String),
    /// The server closed the connection.
    #[error("the server closed the connection")]
    Closed,
    /// No whole answer in time.
    #[error("the server did not answer in time")]
    Silent,
    /// The system says that the connection is broken.
    #[error("the connection broke: {0}")]
    Broken(io::ErrorKind),
    /// A line, or an answer, over all bounds.
    #[error("the server sent an answer without end")]
    Endless,
    /// A piece of data larger than was asked for.
    #[error("the server wanted to send more than was asked for")]
    TooLarge,
    /// An answer that fits no question.
    #[error("the server spoke out of turn")]
    OutOfTurn,
    /// No answer of the protocol.
    #[error("what answers is no server for {0}")]
    NotThis(&'static str),
}

impl Trouble {
    /// A refusal, with the reason that came before it.
    pub(super) fn with_reason(self, reason: Option<String>) -> Self {
        match (self, reason) {
            (Self::Refused(what), Some(reason)) if !reason.is_empty() => {
                Self::Refused(format!("{what} ({reason})"))
            }
            (other, _) => other,
        }
    }
}

impl From<NoAccess> for Trouble {
    fn from(none: NoAccess) -> Self {
        match none.is_transient {
            true => Self::NoToken(none.cause),
            false => Self::Login(none.cause),
        }
    }
}

impl From<wire::Error> for Trouble {
    fn from(error: wire::Error) -> Self {
        Self::Tls(error.to_string())
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Closed,
            kind => Self::Broken(kind),
        }
    }
}
