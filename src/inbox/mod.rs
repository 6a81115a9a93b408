//! Opens an inbox and hands out its mails: a Maildir, a file, stdin, or a mailbox on a server by IMAP or POP3.
//!
//! A mail counts as read only once the caller says so, after everything that follows from it is saved: in a Maildir and by
//! IMAP it gets the flag "seen"; POP3 has none, so the caller remembers the mails' names. Nothing is ever deleted. What a
//! server says is bounded in length and time, and one that lies costs an error and no more.

mod dialogue;
mod error;
mod files;
mod imap;
mod imap_answer;
mod pop3;
mod session;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::model::{AccessTokens, InboxPlace, Login, MailProtocol, MailServer};

use dialogue::Dialogue;
use files::Files;
use imap::Imap;
use pop3::Pop3;
use session::Session;

pub use error::{Error, Trouble};

/// What is read of a message: reports begin with what matters, and the returned mail comes last.
const MOST_OF_A_MESSAGE: usize = 4 * 1024 * 1024;

/// Messages of a server that are read at a time, the oldest first; the others are for the next time.
pub const MOST_MESSAGES: usize = 1_000;

/// An inbox, and what it takes to open it.
#[derive(Debug, Clone)]
pub struct InboxSettings {
    /// Where it is.
    pub place: InboxPlace,
    /// The password of its user, where it is on a server.
    pub password: Option<SecretString>,
    /// How to log in; `None` takes PLAIN where it is offered, else the protocol's own way; with tokens XOAUTH2, else
    /// OAUTHBEARER.
    pub login: Option<Login>,
    /// Where access tokens come from that stand in the password's place.
    pub tokens: Option<Arc<dyn AccessTokens>>,
    /// One more root certificate to trust, in PEM.
    pub extra_root: Option<Vec<u8>>,
    /// How long a server may take.
    pub patience: Patience,
    /// Messages of a server that are read at a time, from 1.
    pub most: usize,
}

impl InboxSettings {
    /// An inbox at this place, with the ordinary values for the rest.
    pub fn new(place: InboxPlace) -> Self {
        Self {
            place,
            password: None,
            login: None,
            tokens: None,
            extra_root: None,
            patience: Patience::default(),
            most: MOST_MESSAGES,
        }
    }

    /// What the names of an inbox's mails are to be remembered under, where it has no flags.
    pub fn memory(&self) -> Option<String> {
        match &self.place {
            InboxPlace::Server(server) if server.protocol == MailProtocol::Pop3 => {
                Some(format!("pop3 {server}"))
            }
            _ => None,
        }
    }
}

/// How long a server may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For the TCP connection and for each handshake of TLS.
    pub connect: Duration,
    /// For each word of it: from our last, or its last, to the next.
    pub word: Duration,
    /// After this long no further mail is asked for; what is left is for the next time.
    pub reading: Duration,
    /// For the whole of it, from the connection on.
    pub session: Duration,
}

impl Default for Patience {
    /// A run waits for its inbox, so it is short: a quick server gives a thousand mails in a few seconds.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            word: Duration::from_mins(1),
            reading: Duration::from_mins(2),
            session: Duration::from_mins(5),
        }
    }
}

/// A mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// What to call it.
    pub name: String,
    /// The mail, cut off at 4 MB; all of a file.
    pub bytes: Vec<u8>,
    /// What to say when it has been dealt with.
    pub mark: Mark,
}

/// How a mail is marked as dealt with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// It cannot be: a file, or stdin, which may hold many mails.
    None,
    /// By the name of its file in a Maildir.
    File(std::path::PathBuf),
    /// By a flag on the server (RFC 9051 §2.3.2).
    Flag(u32),
    /// By remembering the name that the server gives it (RFC 1939 §7, UIDL).
    Name(String),
}

/// An open inbox.
pub struct Inbox(Kind);

enum Kind {
    Files(Files),
    Imap(Imap),
    Pop3(Pop3),
}

impl Inbox {
    /// Opens an inbox; `known` are the names of mails that were dealt with, where it has no flags.
    ///
    /// # Errors
    /// If it is not there, or its server cannot be reached, secured or logged in to.
    pub async fn open(settings: &InboxSettings, known: &HashSet<String>) -> Result<Self, Error> {
        let server = match &settings.place {
            InboxPlace::Path(path) => return Ok(Self(Kind::Files(Files::open(path)?))),
            InboxPlace::Server(server) => server,
        };
        let opened = Self::open_server(settings, server, known).await;
        opened.map_err(|why| Error::server(server, why))
    }

    /// A token that the server does not take may have been taken back by its issuer: another is asked for, once.
    async fn open_server(
        settings: &InboxSettings,
        server: &MailServer,
        known: &HashSet<String>,
    ) -> Result<Self, Trouble> {
        let Some(tokens) = &settings.tokens else {
            return open_with(settings, settings.password.as_ref(), server, known).await;
        };
        let token = tokens.token(None).await?;
        match open_with(settings, Some(&token), server, known).await {
            Err(Trouble::Denied(_)) => {
                let next = tokens.token(Some(&token)).await?;
                open_with(settings, Some(&next), server, known).await
            }
            opened => opened,
        }
    }

    /// The next mail that was not dealt with, the oldest first; `None` if there is none, or enough was read this time.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn next(&mut self) -> Result<Option<Mail>, Error> {
        match &mut self.0 {
            Kind::Files(files) => files.next(),
            Kind::Imap(imap) => imap.next().await.map_err(|why| imap.error(why)),
            Kind::Pop3(pop3) => pop3.next().await.map_err(|why| pop3.error(why)),
        }
    }

    /// Mails that are there and were not read this time.
    pub fn waiting(&self) -> usize {
        match &self.0 {
            Kind::Files(_) => 0,
            Kind::Imap(imap) => imap.waiting(),
            Kind::Pop3(pop3) => pop3.waiting(),
        }
    }

    /// The names of all mails that are there, where they have no flags: what else is remembered can be forgotten.
    pub fn names(&self) -> Option<&HashSet<String>> {
        match &self.0 {
            Kind::Pop3(pop3) => Some(pop3.names()),
            Kind::Files(_) | Kind::Imap(_) => None,
        }
    }

    /// Marks mails as dealt with, and leaves; of those marked by name, that is the caller's.
    ///
    /// # Errors
    /// If one cannot be marked: then it is read again.
    pub async fn done(self, marks: &[Mark]) -> Result<(), Error> {
        match self.0 {
            Kind::Files(_) => files::done(marks),
            Kind::Imap(mut imap) => {
                let marked = imap.mark(marks).await.map_err(|why| imap.error(why));
                imap.leave().await;
                marked
            }
            Kind::Pop3(mut pop3) => {
                pop3.leave().await;
                Ok(())
            }
        }
    }
}

async fn open_with(
    settings: &InboxSettings,
    secret: Option<&SecretString>,
    server: &MailServer,
    known: &HashSet<String>,
) -> Result<Inbox, Trouble> {
    let session = Session::new(settings, secret, server)?;
    let kind = match server.protocol {
        MailProtocol::Imap => Imap::open(settings, &session, server).await.map(Kind::Imap),
        MailProtocol::Pop3 => Pop3::open(settings, &session, server, known)
            .await
            .map(Kind::Pop3),
    };
    kind.map(Inbox)
}
