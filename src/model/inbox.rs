//! Where mail that came back lies: a Maildir, or a mailbox on a mail server by its address.

use std::fmt;
use std::path::PathBuf;

use url::Url;

use super::Security;
use super::relay::{decode, is_loopback};

/// Longest name of a folder, in octets: far more than servers take.
const LONGEST_FOLDER: usize = 200;

/// An inbox as `[bounces] inbox` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InboxPlace {
    /// A Maildir, or a file of messages; `-` is stdin.
    Path(PathBuf),
    /// A mailbox on a server.
    Server(MailServer),
}

/// A mailbox on a server, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailServer {
    /// How it speaks.
    pub protocol: MailProtocol,
    /// Host name or address, without brackets.
    pub host: String,
    /// 993, 143, 995 or 110 (RFC 8314 §7.2, RFC 9051 §2.1, RFC 1939 §3), unless given.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// The user to log in as; the password comes from elsewhere.
    pub user: String,
    /// The folder, as the server lists it; POP3 has none.
    pub folder: String,
}

/// How a mailbox is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailProtocol {
    /// RFC 9051, RFC 3501.
    Imap,
    /// RFC 1939.
    Pop3,
}

/// Why a text names no inbox.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InboxError {
    /// Neither a path nor a URL.
    #[error("not an inbox")]
    Syntax,
    /// Another scheme.
    #[error("`{0}` is not a protocol that mail is read by")]
    Scheme(String),
    /// No user, and every server wants one.
    #[error("whose inbox it is stands before the host: `user@`")]
    User,
    /// A password in the address.
    #[error("a password does not belong in the inbox's address")]
    Password,
    /// A query, a fragment, or a folder where there are none.
    #[error("an inbox's address ends after its folder, which only IMAP has")]
    Trailing,
    /// A folder whose name cannot be said.
    #[error("the folder's name is not as a server lists it: plain ASCII, no control characters")]
    Folder,
}

impl MailServer {
    /// Parses `imaps://`, `imap://`, `pop3s://` or `pop3://`, then `user@host[:port]`, and for IMAP `[/FOLDER]`.
    pub fn parse(text: &str) -> Result<Self, InboxError> {
        let url = Url::parse(text).map_err(|_| InboxError::Syntax)?;
        let (protocol, implicit, usual) = match url.scheme() {
            "imaps" => (MailProtocol::Imap, true, 993),
            "imap" => (MailProtocol::Imap, false, 143),
            "pop3s" => (MailProtocol::Pop3, true, 995),
            "pop3" => (MailProtocol::Pop3, false, 110),
            other => return Err(InboxError::Scheme(other.to_owned())),
        };
        if url.password().is_some() {
            return Err(InboxError::Password);
        }
        let folder = decode(url.path().trim_start_matches('/'));
        let has_folder = !folder.is_empty();
        if url.query().is_some()
            || url.fragment().is_some()
            || (has_folder && protocol == MailProtocol::Pop3)
        {
            return Err(InboxError::Trailing);
        }
        let plain = |c: char| c.is_ascii() && !c.is_control();
        if folder.len() > LONGEST_FOLDER || !folder.chars().all(plain) {
            return Err(InboxError::Folder);
        }
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or(InboxError::Syntax)?;
        let host = host.trim_matches(['[', ']']).to_owned();
        let user = decode(url.username());
        if user.is_empty() || user.chars().any(char::is_control) {
            return Err(InboxError::User);
        }
        let security = match (implicit, is_loopback(&host)) {
            (true, _) => Security::Implicit,
            (false, true) => Security::Loopback,
            (false, false) => Security::Starttls,
        };
        Ok(Self {
            protocol,
            port: url.port().unwrap_or(usual),
            host,
            security,
            user,
            folder: if has_folder {
                folder
            } else {
                "INBOX".to_owned()
            },
        })
    }
}

/// `user@host:port`, for records and messages.
impl fmt::Display for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            user, host, port, ..
        } = self;
        write!(f, "{user}@{host}:{port}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(text: &str) -> MailServer {
        MailServer::parse(text).unwrap()
    }

    #[test]
    fn the_scheme_decides_protocol_port_and_protection() {
        for (text, protocol, port, security) in [
            (
                "imaps://b@mail.example.nl",
                MailProtocol::Imap,
                993,
                Security::Implicit,
            ),
            (
                "imap://b@mail.example.nl",
                MailProtocol::Imap,
                143,
                Security::Starttls,
            ),
            (
                "imap://b@127.0.0.1:1143",
                MailProtocol::Imap,
                1143,
                Security::Loopback,
            ),
            (
                "pop3s://b@mail.example.nl/",
                MailProtocol::Pop3,
                995,
                Security::Implicit,
            ),
            (
                "pop3://b@[::1]",
                MailProtocol::Pop3,
                110,
                Security::Loopback,
            ),
        ] {
            let found = server(text);
            let found = (found.protocol, found.port, found.security);
            assert_eq!(found, (protocol, port, security), "{text}");
        }
    }

    #[test]
    fn user_and_folder_are_decoded() {
        let found = server("imaps://jan%40example.nl@mail.example.nl/Post%20retour/2026");
        assert_eq!(found.user, "jan@example.nl");
        assert_eq!(found.folder, "Post retour/2026");
        assert_eq!(found.to_string(), "jan@example.nl@mail.example.nl:993");
        assert_eq!(server("imaps://b+c@mail.example.nl").user, "b+c");
        assert_eq!(server("imaps://b@mail.example.nl").folder, "INBOX");
    }

    #[test]
    fn what_is_no_inbox_is_refused() {
        for (text, why) in [
            ("mail.example.nl", InboxError::Syntax),
            (
                "smtp://b@mail.example.nl",
                InboxError::Scheme("smtp".into()),
            ),
            ("imaps://mail.example.nl", InboxError::User),
            ("imaps://b:geheim@mail.example.nl", InboxError::Password),
            ("pop3s://b@mail.example.nl/INBOX", InboxError::Trailing),
            ("imaps://b@mail.example.nl/x?y", InboxError::Trailing),
            ("imaps://b@mail.example.nl/a%0D%0Ab", InboxError::Folder),
            ("imaps://b@mail.example.nl/Caf%C3%A9", InboxError::Folder),
        ] {
            assert_eq!(MailServer::parse(text), Err(why), "{text}");
        }
    }
}
