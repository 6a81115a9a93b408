//! Opens a connection: TCP, TLS as demanded, `EHLO`, login.
//!
//! What was promised is demanded: without TLS nothing is said that matters, and a password is spoken only under TLS or to
//! a server on this very machine, whose certificate is not asked for. `STARTTLS` is spoken by us and not by lettre, which believes plain text that somebody
//! slips in behind it (CVE-2011-0411 is the pattern).

use std::fmt::Display;
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::{Auth, Ehlo, Quit, Starttls};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::{Category, Code, Detail, Response, Severity};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::connection::Connection;
use super::deadlines::Deadlines;
use super::lanes::DomainLimits;
use super::offers::Offers;
use super::rate::Rate;
use super::reply::{is_done, is_go_on, line, parse};
use super::stream::{Fault, GuardedStream, Speech};
use super::{Error, Stopped};
use crate::model::{AccessTokens, DkimKey, Login, NoAccess, Reply, Security, SmtpRelay};
use crate::wire::{Trust, Wire, is_here};

/// Characters of a relay's reason that are shown.
const MAX_SHOWN: usize = 300;

/// A relay and how to treat it.
#[derive(Debug, Clone)]
pub struct RelaySettings {
    /// Where it is; for the embedded mailbox the loopback address that it runs on.
    pub relay: SmtpRelay,
    /// The password, where the relay names a user.
    pub password: Option<SecretString>,
    /// How to log in; `None` takes PLAIN, else LOGIN, as offered; with tokens XOAUTH2, else OAUTHBEARER.
    pub login: Option<Login>,
    /// Where access tokens come from that stand in the password's place.
    pub tokens: Option<Arc<dyn AccessTokens>>,
    /// The keys that every message is signed with.
    pub dkim: Arc<[DkimKey]>,
    /// Messages over one connection; then it is closed and another opened. At least 1.
    pub messages_per_connection: u32,
    /// The name we give in `EHLO`: a host name (RFC 5321 §4.1.1.1).
    pub hello: String,
    /// Connections at the same time; at least 1.
    pub connections: usize,
    /// Messages in a span, over all connections.
    pub rate: Option<Rate>,
    /// What some recipient domains take, below that; each domain once.
    pub domains: Vec<DomainLimits>,
    /// Whether to slow down when the relay asks for it.
    pub slow_down: bool,
    /// How long nobody must complain before a slowed pace rises by a quarter.
    pub quiet: Duration,
    /// One more root certificate to trust, in PEM.
    pub extra_root: Option<Vec<u8>>,
    /// How long the relay may take for each step.
    pub deadlines: Deadlines,
    /// How long a claim is ours.
    pub lease: SignedDuration,
}

impl RelaySettings {
    /// Connections at the same time, unless said otherwise.
    pub const CONNECTIONS: usize = 4;

    /// Messages over one connection, unless said otherwise: below the 1,000 at which Exim's relays hang up.
    pub const MESSAGES: u32 = 500;

    /// How long a claim is ours, unless said otherwise: twice the longest wait that a message can have after `DATA`,
    /// and some more.
    pub const LEASE: SignedDuration = SignedDuration::from_mins(30);

    /// How long nobody must complain before a slowed pace rises, unless said otherwise: mail servers count by the minute.
    pub const QUIET: Duration = Duration::from_secs(60);

    /// The relay, with a name for ourselves and the ordinary values for the rest.
    pub fn new(relay: SmtpRelay, hello: impl Into<String>) -> Self {
        Self {
            relay,
            password: None,
            login: None,
            tokens: None,
            dkim: Arc::new([]),
            messages_per_connection: Self::MESSAGES,
            hello: hello.into(),
            connections: Self::CONNECTIONS,
            rate: None,
            domains: Vec::new(),
            slow_down: true,
            quiet: Self::QUIET,
            extra_root: None,
            deadlines: Deadlines::default(),
            lease: Self::LEASE,
        }
    }
}

/// Why no connection could be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Trouble {
    #[error("{0}")]
    Connection(String),
    #[error("{0}")]
    Tls(String),
    #[error("{0}")]
    Login(String),
    /// It did not take the password, or the token.
    #[error("the relay refused the login: {0}")]
    Denied(String),
    /// It said 421, which closes the connection (RFC 5321 §3.8).
    #[error("the relay refuses connections: {}", line(.0))]
    HungUp(Reply),
}

impl Trouble {
    /// The reason to stop at once, where trying again cannot help.
    pub(super) fn is_final(&self) -> Option<Stopped> {
        match self {
            Self::Connection(_) | Self::HungUp(_) => None,
            Self::Tls(cause) => Some(Stopped::Tls(cause.clone())),
            Self::Login(cause) => Some(Stopped::Login(cause.clone())),
            Self::Denied(_) => Some(Stopped::Login(self.to_string())),
        }
    }
}

impl From<NoAccess> for Trouble {
    fn from(none: NoAccess) -> Self {
        match none.is_transient {
            true => Self::Connection(none.cause),
            false => Self::Login(none.cause),
        }
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Connection(fault.to_string())
    }
}

/// A relay that connections can be opened to.
pub(super) struct Door<'a> {
    settings: &'a RelaySettings,
    trust: Trust,
}

impl<'a> Door<'a> {
    /// Checks the settings; opens nothing.
    pub(super) fn new(settings: &'a RelaySettings) -> Result<Self, Error> {
        let relay = &settings.relay;
        let has_secret = settings.password.is_some() || settings.tokens.is_some();
        if let (Some(user), false) = (&relay.user, has_secret) {
            return Err(Error::PasswordMissing(user.clone()));
        }
        let valid = |c: char| c.is_ascii_alphanumeric() || "-_.:[]".contains(c);
        if settings.hello.is_empty() || !settings.hello.chars().all(valid) {
            return Err(Error::ServerName(settings.hello.clone()));
        }
        Ok(Self {
            settings,
            trust: Trust::new(&relay.host, settings.extra_root.as_deref())?,
        })
    }

    pub(super) fn deadlines(&self) -> Deadlines {
        self.settings.deadlines
    }

    /// Messages after which a connection is closed.
    pub(super) fn most_messages(&self) -> u32 {
        self.settings.messages_per_connection.max(1)
    }

    /// Opens a connection, secures it, says hello and logs in. A token that the relay does not take may have been taken back
    /// by its issuer: another is asked for, once.
    pub(super) async fn open(&self) -> Result<Connection, Trouble> {
        let Some(tokens) = &self.settings.tokens else {
            return self.open_with(self.settings.password.as_ref()).await;
        };
        let token = tokens.token(None).await?;
        match self.open_with(Some(&token)).await {
            Err(Trouble::Denied(_)) => {
                let next = tokens.token(Some(&token)).await?;
                self.open_with(Some(&next)).await
            }
            opened => opened,
        }
    }

    async fn open_with(&self, secret: Option<&SecretString>) -> Result<Connection, Trouble> {
        let tcp = self.connect().await?;
        let mut opening = match self.settings.relay.security {
            Security::Implicit => {
                let mut opening = self.opening(self.secure(tcp).await?);
                opening.greeting().await?;
                opening
            }
            Security::Starttls => self.upgrade(tcp, true).await?,
            Security::Loopback => {
                let demanded = !is_here(&tcp);
                self.upgrade(tcp, demanded).await?
            }
        };
        let offers = opening.hello(&self.settings.hello).await?;
        self.log_in(&mut opening, offers, secret).await?;
        let deadlines = self.settings.deadlines;
        Ok(Connection::new(opening.stream, offers, deadlines))
    }

    /// What the relay says to whoever reaches it; nothing is said to it but goodbye.
    pub(super) async fn greeting(&self) -> Result<String, Trouble> {
        let tcp = self.connect().await?;
        let mut opening = self.opening(match self.settings.relay.security {
            Security::Implicit => self.secure(tcp).await?,
            Security::Starttls | Security::Loopback => Wire::Plain(tcp),
        });
        let greeting = opening.stream.reply().await?;
        // Who is left without a goodbye is no worse off.
        let _ = opening.say(Quit).await;
        Ok(greeting)
    }

    async fn connect(&self) -> Result<TcpStream, Trouble> {
        let relay = &self.settings.relay;
        let cannot = |why: String| {
            Trouble::Connection(format!("cannot reach {}:{}: {why}", relay.host, relay.port))
        };
        let connecting = TcpStream::connect((relay.host.as_str(), relay.port));
        let tcp = timeout(self.settings.deadlines.connect, connecting)
            .await
            .map_err(|_| cannot(Fault::Silent.to_string()))?
            .map_err(|e| cannot(e.to_string()))?;
        // Without it Nagle's algorithm and delayed acknowledgements cost 40 ms a message.
        tcp.set_nodelay(true).map_err(|e| cannot(e.to_string()))?;
        Ok(tcp)
    }

    async fn secure(&self, tcp: TcpStream) -> Result<Wire, Trouble> {
        timeout(self.settings.deadlines.connect, self.trust.secure(tcp))
            .await
            .map_err(|_| Trouble::Tls("the relay did not finish the TLS handshake in time".into()))?
            .map_err(|e| Trouble::Tls(format!("TLS with the relay failed: {e}")))
    }

    fn opening(&self, wire: Wire) -> Opening {
        let deadlines = self.settings.deadlines;
        Opening {
            stream: GuardedStream::new(wire, deadlines.greeting),
            patience: deadlines.command,
        }
    }

    /// Greeting, `EHLO` and `STARTTLS` (RFC 3207) in plain, and a secured stream after them.
    ///
    /// Where TLS is not `demanded` and not to be had, the plain stream goes on.
    async fn upgrade(&self, tcp: TcpStream, demanded: bool) -> Result<Opening, Trouble> {
        let mut plain = self.opening(Wire::Plain(tcp));
        plain.greeting().await?;
        if !plain.hello(&self.settings.hello).await?.starttls {
            if demanded {
                let cause = "the relay does not offer STARTTLS, so nothing was said to it";
                return Err(Trouble::Tls(cause.into()));
            }
            return Ok(plain);
        }
        // Bytes behind this reply are a fault of the stream: somebody slipped them in.
        let reply = plain.say(Starttls).await;
        let reply = reply.map_err(|fault| Trouble::Tls(format!("STARTTLS failed: {fault}")))?;
        if !reply.starts_with("220") {
            // "TLS not available due to local problem": a server on this machine that cannot read its own key.
            if !demanded && !reply.starts_with("421") {
                return Ok(plain);
            }
            let cause = reply.trim_end();
            return Err(Trouble::Tls(format!("the relay refused STARTTLS: {cause}")));
        }
        let wire = match plain.stream.into_wire() {
            Wire::Plain(tcp) => self.secure(tcp).await?,
            secured @ Wire::Tls(_) => secured,
        };
        let patience = self.settings.deadlines.command;
        Ok(Opening {
            stream: GuardedStream::greeted(wire, patience),
            patience,
        })
    }

    /// `AUTH` (RFC 4954), where the relay's address names a user.
    async fn log_in(
        &self,
        opening: &mut Opening,
        offers: Offers,
        secret: Option<&SecretString>,
    ) -> Result<(), Trouble> {
        let (Some(user), Some(password)) = (&self.settings.relay.user, secret) else {
            return Ok(());
        };
        let by_token = self.settings.tokens.is_some();
        let mechanism = match login(self.settings.login, by_token, offers)? {
            Login::Plain => Mechanism::Plain,
            Login::Login => Mechanism::Login,
            login @ (Login::Xoauth2 | Login::OauthBearer) => {
                return self.say_token(opening, login, user, password).await;
            }
        };
        let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
        let cannot = |e: lettre::transport::smtp::Error| Trouble::Login(e.to_string());
        let mut text = Auth::new(mechanism, credentials.clone(), None)
            .map_err(cannot)?
            .to_string();
        // LOGIN asks for the user, then for the password; PLAIN for nothing.
        for _ in 0..3 {
            let answer = opening.say(&text).await?;
            let reply = parse(&answer);
            if is_done(&reply) {
                return Ok(());
            }
            if !is_go_on(&reply) {
                return Err(denied(&reply, None, password));
            }
            let response = challenge(&answer);
            let next = Auth::new_from_response(mechanism, credentials.clone(), &response);
            text = next.map_err(cannot)?.to_string();
        }
        Err(Trouble::Login("the relay keeps asking for a login".into()))
    }

    /// Logs in by an access token. What the relay asks then is a reason why not, in JSON, and an answer to it brings the refusal
    /// itself.
    async fn say_token(
        &self,
        opening: &mut Opening,
        login: Login,
        user: &str,
        token: &SecretString,
    ) -> Result<(), Trouble> {
        let relay = &self.settings.relay;
        let server = (relay.host.as_str(), relay.port);
        let response = login.token_response(user, token.expose_secret(), server);
        let command = format!("AUTH {} {}\r\n", login.name(), STANDARD.encode(response));
        let answer = opening.say(command).await?;
        let reply = parse(&answer);
        if is_done(&reply) {
            return Ok(());
        }
        if !is_go_on(&reply) {
            return Err(denied(&reply, None, token));
        }
        let reason = answer.get(4..).and_then(decoded);
        let answer = opening.say(format!("{}\r\n", login.after_reason())).await?;
        match parse(&answer) {
            reply if is_done(&reply) => Ok(()),
            reply => Err(denied(&reply, reason, token)),
        }
    }
}

/// A dialogue before the first envelope: one command, one reply.
struct Opening {
    stream: GuardedStream,
    patience: Duration,
}

impl Opening {
    async fn greeting(&mut self) -> Result<(), Trouble> {
        expect_done(&self.stream.reply().await?)
    }

    /// `EHLO` (RFC 5321 §4.1.1.1).
    async fn hello(&mut self, name: &str) -> Result<Offers, Trouble> {
        let hello = Ehlo::new(ClientId::Domain(name.to_owned()));
        let reply = self.say(hello).await?;
        expect_done(&reply)?;
        Ok(Offers::read(&reply))
    }

    async fn say(&mut self, command: impl Display) -> Result<String, Fault> {
        let command = command.to_string();
        let speech = Speech {
            slices: vec![IoSlice::new(command.as_bytes())],
            message: 0,
            block: self.patience,
            owed: vec![self.patience],
        };
        self.stream.say(speech).await?;
        self.stream.reply().await
    }
}

/// How to log in: as the operator says, else the better of what is offered to a password, or to a token.
fn login(wanted: Option<Login>, by_token: bool, offers: Offers) -> Result<Login, Trouble> {
    let offered = [
        (Login::Plain, offers.plain),
        (Login::Login, offers.login),
        (Login::Xoauth2, offers.xoauth2),
        (Login::OauthBearer, offers.oauth_bearer),
    ];
    let fits = |login: Login| match wanted {
        Some(wanted) => login == wanted,
        // A password is no token.
        None => login.is_by_token() == by_token,
    };
    let mut fitting = offered
        .into_iter()
        .filter(|(login, offered)| *offered && fits(*login));
    let found = fitting.next().map(|(login, _)| login);
    found.ok_or_else(|| {
        Trouble::Login(match wanted {
            Some(wanted) => format!("the relay does not offer AUTH {}", wanted.name()),
            None if by_token => {
                "the relay takes no access token (AUTH XOAUTH2 or OAUTHBEARER)".into()
            }
            None => "the relay offers no way to log in (AUTH PLAIN or LOGIN)".into(),
        })
    })
}

/// What the relay asks, in lettre's form.
fn challenge(reply: &str) -> Response {
    let code = Code::new(
        Severity::PositiveIntermediate,
        Category::Unspecified3,
        Detail::Four,
    );
    Response::new(
        code,
        reply
            .lines()
            .filter_map(|l| l.get(4..))
            .map(str::to_owned)
            .collect(),
    )
}

/// What the relay says in Base64; `None` where that is nothing, or nothing to read.
fn decoded(challenge: &str) -> Option<String> {
    let octets = STANDARD.decode(challenge.trim()).ok()?;
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let text = String::from_utf8(octets).ok()?;
    let text: String = text.chars().map(clean).take(MAX_SHOWN).collect();
    (!text.trim().is_empty()).then(|| text.trim().to_owned())
}

/// A relay that says the password back does not get it into a log.
fn denied(reply: &Reply, reason: Option<String>, password: &SecretString) -> Trouble {
    let reason = reason.map(|reason| format!(" ({reason})"));
    let said = format!("{}{}", line(reply), reason.unwrap_or_default());
    let said = match password.expose_secret() {
        "" => said,
        password => said.replace(password, "…"),
    };
    Trouble::Denied(said)
}

fn expect_done(reply: &str) -> Result<(), Trouble> {
    if reply.starts_with('2') {
        return Ok(());
    }
    if reply.starts_with("421") {
        return Err(Trouble::HungUp(parse(reply)));
    }
    let cause = reply.trim_end();
    Err(Trouble::Connection(format!(
        "the relay refuses connections: {cause}"
    )))
}
