//! A scripted IMAP or POP3 server on loopback, with one mailbox: does what it is told, also what no server should do.
//!
//! ```ignore
//! let script = Script::imap().login("bounces", "geheim").answer("UID FETCH", Act::Drop);
//! let server = MailboxServer::start(script).await;
//! server.arrive("To: x\r\n\r\nhallo\r\n");
//! // … read the inbox at server.url("bounces") …
//! assert!(server.seen(1));
//! ```
//!
//! It keeps each line that it heard. Nothing in it looks at a clock.

#![expect(
    clippy::unwrap_used,
    reason = "clippy knows the test functions alone as tests, not what they call"
)]

mod imap;
mod pop3;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::smtp::Certificate;

/// What to do in place of the ordinary answer to a command.
#[derive(Debug, Clone)]
pub enum Act {
    /// Says this, with the command's tag for `TAG`, and goes on.
    Say(String),
    /// Says this, and closes the connection.
    SayAndDrop(String),
    /// Says nothing until the client gives up.
    Silence,
    /// Sends a line that never ends.
    Endless,
}

/// Says this text.
pub fn say(text: &str) -> Act {
    Act::Say(text.to_owned())
}

/// How it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Imap,
    Pop3,
}

/// All that a server is told before it starts.
#[derive(Debug, Clone)]
pub struct Script {
    protocol: Protocol,
    certificate: Option<Certificate>,
    implicit: bool,
    login: (String, String),
    /// The mechanisms of SASL that it offers, as words.
    sasl: &'static str,
    /// Whether it takes a mechanism's response in the command itself.
    at_once: bool,
    /// Begin of a command, how often it is answered well before, and what is done then.
    answers: Vec<(String, usize, Act)>,
}

impl Script {
    /// Speaks IMAP; no TLS, SASL PLAIN, an account `bounces` with the password `geheim`.
    pub fn imap() -> Self {
        Self {
            protocol: Protocol::Imap,
            certificate: None,
            implicit: false,
            login: ("bounces".into(), "geheim".into()),
            sasl: "PLAIN",
            at_once: false,
            answers: vec![],
        }
    }

    /// The same with POP3.
    pub fn pop3() -> Self {
        Self {
            protocol: Protocol::Pop3,
            ..Self::imap()
        }
    }

    /// Offers to change to TLS with this certificate.
    pub fn starttls(mut self, certificate: &Certificate) -> Self {
        self.certificate = Some(certificate.clone());
        self
    }

    /// Speaks TLS from the first byte.
    pub fn implicit_tls(mut self, certificate: &Certificate) -> Self {
        self.implicit = true;
        self.starttls(certificate)
    }

    /// Takes this login.
    pub fn login(mut self, user: &str, password: &str) -> Self {
        self.login = (user.into(), password.into());
        self
    }

    /// Offers no SASL: `LOGIN`, or `USER` and `PASS`.
    pub fn without_sasl(mut self) -> Self {
        self.sasl = "";
        self
    }

    /// Offers SASL PLAIN and XOAUTH2, and takes the password for an access token by either.
    pub fn xoauth2(mut self) -> Self {
        self.sasl = "PLAIN XOAUTH2";
        self
    }

    /// Offers SASL OAUTHBEARER alone.
    pub fn oauth_bearer(mut self) -> Self {
        self.sasl = "OAUTHBEARER";
        self
    }

    /// Whether it offers XOAUTH2.
    pub fn offers_xoauth2(&self) -> bool {
        self.sasl.contains("XOAUTH2")
    }

    /// Takes a mechanism's response in the command itself (SASL-IR).
    pub fn at_once(mut self) -> Self {
        self.at_once = true;
        self
    }

    /// The certificate that it offers.
    pub fn certificate(&self) -> Option<Certificate> {
        self.certificate.clone()
    }

    /// Does this at each command that begins so; `GREETING` is the greeting.
    pub fn answer(self, command: &str, act: Act) -> Self {
        self.answer_after(command, 0, act)
    }

    /// Does this from the command on that comes after so many, over all connections.
    pub fn answer_after(mut self, command: &str, times: usize, act: Act) -> Self {
        self.answers.push((command.into(), times, act));
        self
    }
}

/// A mail in the box.
#[derive(Debug, Clone)]
struct Kept {
    uid: u32,
    text: Vec<u8>,
    seen: bool,
}

struct Shared {
    port: u16,
    script: Mutex<Script>,
    mails: Mutex<Vec<Kept>>,
    heard: Mutex<Vec<(bool, String)>>,
    /// Commands so far, over all connections.
    commands: Mutex<Vec<String>>,
}

/// A running server; it stops when it is dropped.
pub struct MailboxServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl MailboxServer {
    /// Starts a server on a free port of 127.0.0.1.
    pub async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            port: address.port(),
            script: Mutex::new(script),
            mails: Mutex::default(),
            heard: Mutex::default(),
            commands: Mutex::default(),
        });
        let accepting = tokio::spawn(accept(listener, shared.clone()));
        Self {
            address,
            shared,
            accepting,
        }
    }

    /// Its address as a setting, with the scheme that fits its script.
    pub fn url(&self) -> String {
        let script = self.shared.script.lock().unwrap();
        let scheme = match (script.protocol, script.implicit) {
            (Protocol::Imap, false) => "imap",
            (Protocol::Imap, true) => "imaps",
            (Protocol::Pop3, false) => "pop3",
            (Protocol::Pop3, true) => "pop3s",
        };
        format!("{scheme}://{}@{}", script.login.0, self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Puts a mail into the box.
    pub fn arrive(&self, text: &str) {
        let mut mails = self.shared.mails.lock().unwrap();
        let uid = mails.last().map_or(1, |last| last.uid + 1);
        let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
        mails.push(Kept {
            uid,
            text: text.into_bytes(),
            seen: false,
        });
    }

    /// Takes a mail out of the box.
    pub fn remove(&self, uid: u32) {
        self.shared
            .mails
            .lock()
            .unwrap()
            .retain(|mail| mail.uid != uid);
    }

    /// The numbers of the mails that have the flag "seen", of all that are there.
    pub fn seen(&self) -> Vec<u32> {
        let mails = self.shared.mails.lock().unwrap();
        let seen = mails.iter().filter(|mail| mail.seen);
        seen.map(|mail| mail.uid).collect()
    }

    /// All lines it heard, and whether they came under TLS.
    pub fn heard(&self) -> Vec<(bool, String)> {
        self.shared.heard.lock().unwrap().clone()
    }

    /// How many lines it heard that have this in them.
    pub fn heard_of(&self, words: &str) -> usize {
        let heard = self.heard();
        heard
            .iter()
            .filter(|(_, line)| line.contains(words))
            .count()
    }

    /// Does nothing out of the ordinary from now on.
    pub fn behave(&self) {
        self.shared.script.lock().unwrap().answers.clear();
    }
}

impl Drop for MailboxServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((tcp, _)) = listener.accept().await {
        // A client that leaves in the middle ends its connection, and that is all.
        tokio::spawn(serve(tcp, shared.clone()));
    }
}

async fn serve(tcp: TcpStream, shared: Arc<Shared>) -> std::io::Result<()> {
    tcp.set_nodelay(true)?;
    let script = shared.script.lock().unwrap().clone();
    let (stream, secure): (Box<dyn Stream>, bool) = match &script.certificate {
        Some(certificate) if script.implicit => {
            (Box::new(certificate.acceptor().accept(tcp).await?), true)
        }
        _ => (Box::new(tcp), false),
    };
    let mut line = Line {
        stream: BufReader::new(stream),
        secure,
        shared,
    };
    match script.protocol {
        Protocol::Imap => imap::talk(&mut line, &script).await,
        Protocol::Pop3 => pop3::talk(&mut line, &script).await,
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A connection of the server.
struct Line {
    stream: BufReader<Box<dyn Stream>>,
    secure: bool,
    shared: Arc<Shared>,
}

impl Line {
    /// The next line of the client.
    async fn hear(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end().to_owned();
        self.shared
            .heard
            .lock()
            .unwrap()
            .push((self.secure, line.clone()));
        Ok(line)
    }

    async fn say(&mut self, text: &str) -> std::io::Result<()> {
        self.send(text.as_bytes()).await
    }

    async fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Does what the script says about a command; false if the ordinary answer is due.
    async fn acted(&mut self, command: &str, tag: &str) -> std::io::Result<bool> {
        let act = {
            let script = self.shared.script.lock().unwrap();
            let mut commands = self.shared.commands.lock().unwrap();
            let fits = |(begin, times, _): &&(String, usize, Act)| {
                let before = commands.iter().filter(|c| c.starts_with(begin));
                command.starts_with(begin) && before.count() >= *times
            };
            let found = script.answers.iter().find(fits);
            let act = found.map(|(.., act)| act.clone());
            commands.push(command.to_owned());
            act
        };
        match act {
            None => return Ok(false),
            Some(Act::Say(text)) => self.say(&text.replace("TAG", tag)).await?,
            Some(Act::SayAndDrop(text)) => {
                self.say(&text.replace("TAG", tag)).await?;
                self.stream.shutdown().await?;
                return Err(std::io::ErrorKind::ConnectionAborted.into());
            }
            Some(Act::Silence) => {
                // Until the client closes the connection.
                while self.hear().await.is_ok() {}
                return Err(std::io::ErrorKind::ConnectionAborted.into());
            }
            Some(Act::Endless) => loop {
                self.say(&"x".repeat(64 * 1024)).await?;
            },
        }
        Ok(true)
    }

    /// Changes to TLS; what the client said before is forgotten.
    async fn secure(&mut self, certificate: &Certificate) -> std::io::Result<()> {
        let nothing: Box<dyn Stream> = Box::new(tokio::io::empty());
        let plain = std::mem::replace(&mut self.stream, BufReader::new(nothing));
        let secured = certificate.acceptor().accept(plain.into_inner()).await?;
        self.stream = BufReader::new(Box::new(secured));
        self.secure = true;
        Ok(())
    }
}

impl Script {
    /// What a mechanism of SASL wants to hear.
    fn response(&self, mechanism: &str, port: u16) -> String {
        let (user, password) = &self.login;
        STANDARD.encode(match mechanism {
            "XOAUTH2" => format!("user={user}\x01auth=Bearer {password}\x01\x01"),
            "OAUTHBEARER" => {
                format!(
                    "n,a={user},\x01host=127.0.0.1\x01port={port}\x01auth=Bearer {password}\x01\x01"
                )
            }
            _ => format!("\0{user}\0{password}"),
        })
    }

    /// What is due when a client was told why its token was not taken.
    fn after_reason(mechanism: &str) -> &'static str {
        match mechanism {
            "OAUTHBEARER" => "AQ==",
            _ => "",
        }
    }

    /// Why XOAUTH2 failed, in the form of Google's servers; it repeats what it was given, as no server should.
    fn reason(given: &str) -> String {
        let given = String::from_utf8(STANDARD.decode(given).unwrap()).unwrap();
        let token = given.split("Bearer ").nth(1).unwrap_or_default();
        let token = token.trim_end_matches('\x01');
        let reason = format!(
            "{{\"status\":\"400\",\"schemes\":\"Bearer\",\"token\":\"{token}\",\"scope\":\"https://mail.test/\"}}"
        );
        STANDARD.encode(reason)
    }
}
