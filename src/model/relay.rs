//! Where mail is handed over: the embedded mailbox, or an SMTP server by its address.

use std::fmt;
use std::net::IpAddr;

use url::Url;

/// A relay as `[delivery] relay` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relay {
    /// The embedded mailbox: an SMTP server of ours on loopback, into a Maildir.
    Mailbox,
    /// A mail submission server.
    Smtp(SmtpRelay),
}

/// A mail submission server (RFC 6409).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpRelay {
    /// Host name or address, without brackets.
    pub host: String,
    /// 587 for `smtp://`, 25 for `smtp://` on this very machine, where no server listens at 587 unless told to; 465 for
    /// `smtps://`; unless given.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// The user to log in as; the password comes from elsewhere.
    pub user: Option<String>,
}

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (RFC 8314 §3.3).
    Implicit,
    /// STARTTLS demanded (RFC 3207); without it nothing is sent.
    Starttls,
    /// A server on this very machine: STARTTLS where it is offered, else plain.
    Loopback,
}

/// How to log in at a relay or an inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// User and password in one (RFC 4616).
    Plain,
    /// User and password one after the other.
    Login,
    /// An access token in the password's place, as Google and Microsoft want it.
    Xoauth2,
    /// The same as the standard has it (RFC 7628).
    OauthBearer,
}

impl Login {
    /// The mechanism's name in SASL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::Xoauth2 => "XOAUTH2",
            Self::OauthBearer => "OAUTHBEARER",
        }
    }

    /// Whether an access token stands in the password's place.
    pub fn is_by_token(self) -> bool {
        matches!(self, Self::Xoauth2 | Self::OauthBearer)
    }

    /// What a server hears of an access token, before it is written in Base64; `server` is its host and port.
    pub fn token_response(self, user: &str, token: &str, (host, port): (&str, u16)) -> String {
        match self {
            // A comma and an equals sign would end the user's name (RFC 5801 §4).
            Self::OauthBearer => {
                let user = user.replace('=', "=3D").replace(',', "=2C");
                format!("n,a={user},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01")
            }
            _ => format!("user={user}\x01auth=Bearer {token}\x01\x01"),
        }
    }

    /// What a server wants to hear, in Base64, when it has said why it takes no token (RFC 7628 §3.2.3; for XOAUTH2 an empty
    /// line): then it says no.
    pub fn after_reason(self) -> &'static str {
        match self {
            Self::OauthBearer => "AQ==",
            _ => "",
        }
    }
}

/// Why a text names no relay.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelayError {
    /// Neither `mailbox` nor a URL.
    #[error("not a relay: write `mailbox`, `smtp://user@host:587` or `smtps://user@host`")]
    Syntax,
    /// Another scheme.
    #[error("`{0}` is not a mail protocol: write `smtp://` or `smtps://`")]
    Scheme(String),
    /// A password in the address.
    #[error("a password does not belong in the relay's address")]
    Password,
    /// A path, query or fragment.
    #[error("a relay's address ends after its port")]
    Trailing,
}

impl Relay {
    /// Parses `mailbox`, `smtp://[user@]host[:port]` or `smtps://[user@]host[:port]`.
    pub fn parse(text: &str) -> Result<Self, RelayError> {
        if text == "mailbox" {
            return Ok(Self::Mailbox);
        }
        let url = Url::parse(text).map_err(|_| RelayError::Syntax)?;
        let implicit = match url.scheme() {
            "smtp" => false,
            "smtps" => true,
            other => return Err(RelayError::Scheme(other.to_owned())),
        };
        if url.password().is_some() {
            return Err(RelayError::Password);
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(RelayError::Trailing);
        }
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or(RelayError::Syntax)?
            .trim_matches(['[', ']'])
            // Host names know no case (RFC 1035 §2.3.3), and one relay has one name.
            .to_ascii_lowercase();
        let security = match (implicit, is_loopback(&host)) {
            (true, _) => Security::Implicit,
            (false, true) => Security::Loopback,
            (false, false) => Security::Starttls,
        };
        let usual = match security {
            Security::Implicit => 465,
            Security::Starttls => 587,
            Security::Loopback => 25,
        };
        let user = decode(url.username());
        Ok(Self::Smtp(SmtpRelay {
            port: url.port().unwrap_or(usual),
            host,
            security,
            user: (!user.is_empty()).then_some(user),
        }))
    }

    /// What the relay goes by in records and reports: `mailbox`, `host:port`, or `user@host:port`, since an account has
    /// limits of its own.
    pub fn name(&self) -> String {
        match self {
            Self::Mailbox => "mailbox".to_owned(),
            Self::Smtp(SmtpRelay {
                host, port, user, ..
            }) => {
                // The dot at the end of an absolute name is no part of the host's own.
                let host = host.trim_end_matches('.');
                match user {
                    Some(user) => format!("{user}@{host}:{port}"),
                    None => format!("{host}:{port}"),
                }
            }
        }
    }
}

impl SmtpRelay {
    /// Whether the server is on this machine, by its name.
    pub fn is_here(&self) -> bool {
        is_loopback(&self.host)
    }
}

pub(super) fn is_loopback(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Undoes percent-encoding: a user name is often an address, `jan%40example.nl`.
pub(super) fn decode(text: &str) -> String {
    url::form_urlencoded::parse(format!("v={}", text.replace('+', "%2B")).as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

impl fmt::Display for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mailbox => f.write_str("mailbox"),
            Self::Smtp(relay) => {
                let scheme = if relay.security == Security::Implicit {
                    "smtps"
                } else {
                    "smtp"
                };
                write!(f, "{scheme}://{}:{}", relay.host, relay.port)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smtp(text: &str) -> SmtpRelay {
        match Relay::parse(text) {
            Ok(Relay::Smtp(relay)) => relay,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_scheme_decides_port_and_protection() {
        let relay = smtp("smtp://jan%40example.nl@mail.example.nl");
        assert_eq!((relay.port, relay.security), (587, Security::Starttls));
        assert_eq!(relay.user.as_deref(), Some("jan@example.nl"));
        assert_eq!(smtp("smtps://mail.example.nl").port, 465);
        assert_eq!(smtp("smtp://127.0.0.1:2525").security, Security::Loopback);
        for here in ["smtp://localhost", "smtp://127.0.0.1", "smtp://jan@[::1]"] {
            assert_eq!(
                (smtp(here).port, smtp(here).security),
                (25, Security::Loopback)
            );
        }
        assert_eq!(smtp("smtps://[::1]:2525").security, Security::Implicit);
    }

    #[test]
    fn an_account_has_a_name_of_its_own() {
        let name = |text| Relay::parse(text).unwrap().name();
        assert_eq!(name("mailbox"), "mailbox");
        assert_eq!(name("smtps://Mail.Example.NL."), "mail.example.nl:465");
        assert_eq!(
            name("smtp://jan%40example.nl@mail.example.nl"),
            "jan@example.nl@mail.example.nl:587"
        );
    }

    #[test]
    fn what_is_no_relay_is_refused() {
        assert_eq!(Relay::parse("mail.example.nl"), Err(RelayError::Syntax));
        assert_eq!(
            Relay::parse("https://mail.example.nl"),
            Err(RelayError::Scheme("https".into()))
        );
        assert_eq!(
            Relay::parse("smtp://jan:geheim@mail.example.nl"),
            Err(RelayError::Password)
        );
        assert_eq!(
            Relay::parse("smtp://mail.example.nl/x"),
            Err(RelayError::Trailing)
        );
    }
}
