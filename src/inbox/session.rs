//! What IMAP and POP3 have in common: the connection, TLS as demanded, and the words of a login.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::{Dialogue, InboxSettings, Patience, Trouble};
use crate::model::{Login, MailServer, Security};
use crate::wire::{Trust, Wire, is_here};

/// How long a server may take for our farewell, which is a courtesy.
pub(super) const FAREWELL: Duration = Duration::from_secs(2);

/// A server that can be connected to, and how.
pub(super) struct Session<'a> {
    server: &'a MailServer,
    password: &'a SecretString,
    login: Option<Login>,
    by_token: bool,
    trust: Trust,
    patience: Patience,
    begun: Instant,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        settings: &InboxSettings,
        secret: Option<&'a SecretString>,
        server: &'a MailServer,
    ) -> Result<Self, Trouble> {
        let missing = || Trouble::Login(format!("the password of `{}` is missing", server.user));
        let password = secret.ok_or_else(missing)?;
        if password.expose_secret().contains(['\r', '\n', '\0']) {
            let cause = "the password cannot be said: it has a line end or a NUL";
            return Err(Trouble::Login(cause.into()));
        }
        Ok(Self {
            server,
            password,
            login: settings.login,
            by_token: settings.tokens.is_some(),
            trust: Trust::new(&server.host, settings.extra_root.as_deref())?,
            patience: settings.patience,
            begun: Instant::now(),
        })
    }

    /// Opens a connection, and secures it where TLS comes first. Says whether it must be secured before it is used, and
    /// whether that is worth asking for.
    pub(super) async fn connect(&self) -> Result<(Dialogue, Upgrade), Trouble> {
        let MailServer { host, port, .. } = self.server;
        let connecting = timeout(
            self.patience.connect,
            TcpStream::connect((host.as_str(), *port)),
        );
        let tcp = connecting
            .await
            .map_err(|_| Trouble::Silent)?
            .map_err(|error| Trouble::Unreachable(error.to_string()))?;
        // Commands are short and each waits for its answer: held back for company, each costs 40 ms.
        tcp.set_nodelay(true)
            .map_err(|error| Trouble::Unreachable(error.to_string()))?;
        Ok(match self.server.security {
            Security::Implicit => (self.dialogue(self.secure(tcp).await?), Upgrade::None),
            Security::Loopback if is_here(&tcp) => {
                (self.dialogue(Wire::Plain(tcp)), Upgrade::IfOffered)
            }
            Security::Loopback | Security::Starttls => {
                (self.dialogue(Wire::Plain(tcp)), Upgrade::Demanded)
            }
        })
    }

    /// Shakes hands over a connection on which the server has just agreed to.
    pub(super) async fn upgrade(&self, plain: Dialogue) -> Result<Dialogue, Trouble> {
        match plain.into_wire()? {
            Wire::Plain(tcp) => Ok(self.dialogue(self.secure(tcp).await?)),
            secured @ Wire::Tls(_) => Ok(self.dialogue(secured)),
        }
    }

    /// How to log in at a server that offers PLAIN, XOAUTH2, OAUTHBEARER, or none of them: as the operator says, else by what
    /// is offered to a password, or to a token.
    pub(super) fn way(&self, plain: bool, xoauth2: bool, bearer: bool) -> Result<Login, Trouble> {
        let wanted = match (self.login, self.by_token) {
            (None, false) if plain => Login::Plain,
            (None, false) => Login::Login,
            (None, true) if !xoauth2 && bearer => Login::OauthBearer,
            (None, true) => Login::Xoauth2,
            (Some(wanted), _) => wanted,
        };
        let offered = match wanted {
            Login::Plain => plain,
            Login::Login => true,
            Login::Xoauth2 => xoauth2,
            Login::OauthBearer => bearer,
        };
        let missing = || format!("the server does not offer a login by {}", wanted.name());
        offered
            .then_some(wanted)
            .ok_or_else(|| Trouble::Login(missing()))
    }

    /// What a mechanism of SASL wants to hear.
    pub(super) fn response(&self, mechanism: Login) -> String {
        match mechanism {
            Login::Plain | Login::Login => self.plain(),
            Login::Xoauth2 | Login::OauthBearer => self.token(mechanism),
        }
    }

    /// User and password in one word (RFC 4616).
    fn plain(&self) -> String {
        let (user, password) = self.login();
        STANDARD.encode(format!("\0{user}\0{password}"))
    }

    /// User and access token in one word.
    fn token(&self, mechanism: Login) -> String {
        let (user, token) = self.login();
        let server = (self.server.host.as_str(), self.server.port);
        STANDARD.encode(mechanism.token_response(user, token, server))
    }

    /// User and password.
    pub(super) fn login(&self) -> (&str, &str) {
        (&self.server.user, self.password.expose_secret())
    }

    /// When no further mail is to be asked for.
    pub(super) fn reading_until(&self) -> Instant {
        self.begun + self.patience.reading
    }

    async fn secure(&self, tcp: TcpStream) -> Result<Wire, Trouble> {
        timeout(self.patience.connect, self.trust.secure(tcp))
            .await
            .map_err(|_| Trouble::Tls("the TLS handshake did not end in time".into()))?
            .map_err(|error| Trouble::Tls(format!("TLS failed: {error}")))
    }

    fn dialogue(&self, wire: Wire) -> Dialogue {
        let end = self.begun + self.patience.session;
        let password = self.password.expose_secret().to_owned();
        let by_token = [Login::Xoauth2, Login::OauthBearer].map(|way| self.token(way));
        let secrets = [password, self.plain()]
            .into_iter()
            .chain(by_token)
            .collect();
        Dialogue::new(wire, self.patience.word, end, secrets)
    }
}

/// Whether a plain connection is to become a secure one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Upgrade {
    /// It is one.
    None,
    /// A server on this very machine need not.
    IfOffered,
    /// Before anything else is said.
    Demanded,
}

impl Upgrade {
    /// Whether the plain connection goes on, since TLS was offered, need not be, and was then refused: by a server on this
    /// machine that cannot read its own key.
    pub(super) fn can_do_without<T>(self, agreed: &Result<T, Trouble>) -> bool {
        self == Self::IfOffered && matches!(agreed, Err(Trouble::Refused(_)))
    }
}
