//! Opens a connection: TCP, TLS as demanded, `EHLO`, login.
//!
//! What was promised is demanded: without TLS nothing is said that matters, and a password is spoken only under TLS or to
//! a server on this very machine. `STARTTLS` is spoken by us and not by lettre, which believes plain text that somebody
//! slips in behind it (CVE-2011-0411 is the pattern).

use std::net::SocketAddr;

use jiff::SignedDuration;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::Auth;
use lettre::transport::smtp::extension::ClientId;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::connection::{Connection, heard};
use super::deadlines::Deadlines;
use super::offers::Offers;
use super::rate::Rate;
use super::reply::{is_done, is_go_on, line};
use super::stream::{Fault, GuardedStream, Turn};
use super::wire::{Trust, Wire};
use super::{Error, Stopped};
use crate::model::{Reply, Security, SmtpRelay};

/// Greets in the relay's place where it has greeted us already, since lettre waits for a greeting.
const GREETING: &[u8] = b"220 go on\r\n";

/// A relay and how to treat it.
#[derive(Debug, Clone)]
pub struct RelaySettings {
    /// Where it is; for the embedded mailbox the loopback address that it runs on.
    pub relay: SmtpRelay,
    /// The password, where the relay names a user.
    pub password: Option<SecretString>,
    /// The name we give in `EHLO`: a host name (RFC 5321 §4.1.1.1).
    pub hello: String,
    /// Connections at the same time; at least 1.
    pub connections: usize,
    /// Messages in a span, over all connections.
    pub rate: Option<Rate>,
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

    /// How long a claim is ours, unless said otherwise: twice the longest wait that a message can have after `DATA`,
    /// and some more.
    pub const LEASE: SignedDuration = SignedDuration::from_mins(30);

    /// The relay, with a name for ourselves and the ordinary values for the rest.
    pub fn new(relay: SmtpRelay, hello: impl Into<String>) -> Self {
        Self {
            relay,
            password: None,
            hello: hello.into(),
            connections: Self::CONNECTIONS,
            rate: None,
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
}

impl Trouble {
    /// The reason to stop at once, where trying again cannot help.
    pub(super) fn is_final(&self) -> Option<Stopped> {
        match self {
            Self::Connection(_) => None,
            Self::Tls(cause) => Some(Stopped::Tls(cause.clone())),
            Self::Login(cause) => Some(Stopped::Login(cause.clone())),
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
        if let (Some(user), None) = (&relay.user, &settings.password) {
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

    /// Opens a connection, secures it, says hello and logs in.
    pub(super) async fn open(&self) -> Result<Connection, Trouble> {
        let (tcp, peer) = self.connect().await?;
        let turn = Turn::default();
        let stream = match self.settings.relay.security {
            Security::Implicit => self.guard(self.secure(tcp).await?, peer, &turn, &[]),
            Security::Starttls => self.upgrade(tcp, peer, &turn, true).await?,
            Security::Loopback => {
                let demanded = !peer.ip().is_loopback();
                self.upgrade(tcp, peer, &turn, demanded).await?
            }
        };
        let (mut smtp, offers) = self.hello(stream, &turn).await?;
        self.log_in(&mut smtp, &turn, offers).await?;
        Ok(Connection::new(smtp, turn, offers, self.settings.deadlines))
    }

    async fn connect(&self) -> Result<(TcpStream, SocketAddr), Trouble> {
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
        let peer = tcp.peer_addr().map_err(|e| cannot(e.to_string()))?;
        Ok((tcp, peer))
    }

    async fn secure(&self, tcp: TcpStream) -> Result<Wire, Trouble> {
        timeout(self.settings.deadlines.connect, self.trust.secure(tcp))
            .await
            .map_err(|_| Trouble::Tls("the relay did not finish the TLS handshake in time".into()))?
            .map_err(|e| Trouble::Tls(format!("TLS with the relay failed: {e}")))
    }

    fn guard(&self, wire: Wire, peer: SocketAddr, turn: &Turn, arrived: &[u8]) -> GuardedStream {
        let patience = self.settings.deadlines.greeting;
        GuardedStream::new(wire, peer, turn.clone(), arrived, patience)
    }

    /// Greeting, `EHLO` and `STARTTLS` (RFC 3207) in plain, and a secured stream after them.
    ///
    /// Where TLS is not `demanded` and not offered, the plain stream goes on.
    async fn upgrade(
        &self,
        tcp: TcpStream,
        peer: SocketAddr,
        turn: &Turn,
        demanded: bool,
    ) -> Result<GuardedStream, Trouble> {
        let plain_turn = Turn::default();
        let mut plain = self.guard(Wire::Plain(tcp), peer, &plain_turn, &[]);
        expect_done(&plain.reply().await?)?;
        let hello = format!("EHLO {}\r\n", self.settings.hello);
        let reply = self.say(&mut plain, &plain_turn, &hello).await?;
        expect_done(&reply)?;
        let offers = Offers::read(&String::from_utf8_lossy(&reply));
        if !offers.starttls {
            if demanded {
                let cause = "the relay does not offer STARTTLS, so nothing was said to it";
                return Err(Trouble::Tls(cause.into()));
            }
            return Ok(self.guard(plain.into_wire(), peer, turn, GREETING));
        }
        let reply = self.say(&mut plain, &plain_turn, "STARTTLS\r\n").await;
        // Bytes behind this reply are a fault of the stream: somebody slipped them in.
        let reply = reply.map_err(|fault| Trouble::Tls(format!("STARTTLS failed: {fault}")))?;
        if !reply.starts_with(b"220") {
            let cause = String::from_utf8_lossy(&reply);
            return Err(Trouble::Tls(format!(
                "the relay refused STARTTLS: {}",
                cause.trim_end()
            )));
        }
        match plain.into_wire() {
            Wire::Plain(tcp) => Ok(self.guard(self.secure(tcp).await?, peer, turn, GREETING)),
            secured @ Wire::Tls(_) => Ok(self.guard(secured, peer, turn, GREETING)),
        }
    }

    async fn say(
        &self,
        stream: &mut GuardedStream,
        turn: &Turn,
        command: &str,
    ) -> Result<Vec<u8>, Fault> {
        turn.command(self.settings.deadlines.command);
        let written = stream.write_all(command.as_bytes()).await;
        written.map_err(|e| turn.fault().unwrap_or(Fault::Broken(e.kind())))?;
        stream.reply().await
    }

    /// Greeting and `EHLO` by lettre, over a stream that is secured if it ever will be.
    async fn hello(
        &self,
        stream: GuardedStream,
        turn: &Turn,
    ) -> Result<(AsyncSmtpConnection, Offers), Trouble> {
        turn.command(self.settings.deadlines.command);
        let hello = ClientId::Domain(self.settings.hello.clone());
        let opened = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello).await;
        match opened {
            Ok(smtp) => Ok((smtp, Offers::read(&turn.last_reply()))),
            Err(error) if error.status().is_some() => Err(Trouble::Connection(format!(
                "the relay refuses connections: {}",
                turn.last_reply().trim_end()
            ))),
            Err(error) => Err(match turn.fault() {
                Some(fault) => fault.into(),
                None => Trouble::Connection(error.to_string()),
            }),
        }
    }

    /// `AUTH` (RFC 4954), where the relay's address names a user.
    async fn log_in(
        &self,
        smtp: &mut AsyncSmtpConnection,
        turn: &Turn,
        offers: Offers,
    ) -> Result<(), Trouble> {
        let (Some(user), Some(password)) = (&self.settings.relay.user, &self.settings.password)
        else {
            return Ok(());
        };
        let mechanism = match (offers.plain, offers.login) {
            (true, _) => Mechanism::Plain,
            (false, true) => Mechanism::Login,
            (false, false) => {
                let cause = "the relay offers no way to log in (AUTH PLAIN or LOGIN)";
                return Err(Trouble::Login(cause.into()));
            }
        };
        let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
        let mut auth = Auth::new(mechanism, credentials.clone(), None)
            .map_err(|e| Trouble::Login(e.to_string()))?;
        // LOGIN asks for the user, then for the password; PLAIN for nothing.
        for _ in 0..3 {
            turn.command(self.settings.deadlines.command);
            let answer = smtp.command(auth).await;
            let challenge = answer.as_ref().ok().cloned();
            let reply = heard(turn, answer).map_err(Trouble::Connection)?;
            auth = match challenge {
                Some(challenge) if is_go_on(&reply) => {
                    Auth::new_from_response(mechanism, credentials.clone(), &challenge)
                        .map_err(|e| Trouble::Login(e.to_string()))?
                }
                Some(_) if is_done(&reply) => return Ok(()),
                _ => return Err(refused_login(&reply)),
            };
        }
        Err(Trouble::Login("the relay keeps asking for a login".into()))
    }
}

fn refused_login(reply: &Reply) -> Trouble {
    Trouble::Login(format!("the relay refused the login: {}", line(reply)))
}

fn expect_done(reply: &[u8]) -> Result<(), Trouble> {
    if reply.starts_with(b"2") {
        return Ok(());
    }
    let text = String::from_utf8_lossy(reply);
    Err(Trouble::Connection(format!(
        "the relay refuses connections: {}",
        text.trim_end()
    )))
}
