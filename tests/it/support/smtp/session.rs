//! One connection of the scripted server, from greeting to goodbye.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::server::TlsStream;

use super::script::{Act, Rule, Stage};
use super::{Heard, Received, Shared};

/// Takes connections until it is aborted, and all of them end with it.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut sessions = JoinSet::new();
    let mut number = 0;
    while let Ok((tcp, _)) = listener.accept().await {
        number += 1;
        tcp.set_nodelay(true).unwrap();
        let shared = shared.clone();
        shared.arrive(Stage::Taken).await;
        // Asked here, one after the other: of several that come at once the first is taken.
        let refusal = shared.refusal();
        sessions.spawn(async move {
            // A client that hangs up is nothing to tell.
            let _ = Session::new(tcp, number, shared.clone())
                .attend(refusal)
                .await;
            shared.ended(number);
            shared.arrive(Stage::Gone).await;
        });
    }
}

/// The connection, plain or under TLS.
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

struct Session {
    stream: BufReader<Stream>,
    number: usize,
    shared: Arc<Shared>,
    from: String,
    parameters: String,
    to: Vec<String>,
    /// Whether `MAIL` was accepted, and no message or `RSET` has come since.
    open: bool,
    logged_in: bool,
    /// Messages that were taken on it.
    messages: usize,
}

/// What follows an act: the dialogue goes on as if the step had been done, or had been refused, or not at all.
#[derive(PartialEq)]
enum Then {
    Done,
    Refused,
    Over,
}

impl Session {
    fn new(tcp: TcpStream, number: usize, shared: Arc<Shared>) -> Self {
        Self {
            stream: BufReader::new(Stream::Plain(tcp)),
            number,
            shared,
            from: String::new(),
            parameters: String::new(),
            to: Vec::new(),
            open: false,
            logged_in: false,
            messages: 0,
        }
    }

    async fn attend(mut self, refusal: Option<String>) -> io::Result<()> {
        if self.shared.script.lock().unwrap().implicit_tls {
            self = self.secure().await?;
        }
        if let Some(said) = refusal {
            self.say(&said).await?;
            return Ok(());
        }
        if self.step(Stage::Connect, "220 test ESMTP").await? != Then::Done {
            return Ok(());
        }
        while let Some(line) = self.line().await? {
            let verb = line.split([' ', ':']).next().unwrap_or_default();
            let then = match verb.to_ascii_uppercase().as_str() {
                "EHLO" => {
                    let offers = self.offers();
                    self.step(Stage::Hello, &offers).await?
                }
                "STARTTLS" => {
                    let then = self.step(Stage::Starttls, "220 go on").await?;
                    if then == Then::Done {
                        self = self.secure().await?;
                    }
                    then
                }
                "AUTH" => self.auth(&line).await?,
                "MAIL" => self.mail(&line).await?,
                "RCPT" => self.rcpt(&line).await?,
                "DATA" => self.data().await?,
                "RSET" => {
                    self.forget();
                    self.step(Stage::Rset, "250 forgotten").await?
                }
                "QUIT" => {
                    self.step(Stage::Quit, "221 bye").await?;
                    Then::Over
                }
                _ => self.say("500 what?").await?,
            };
            if then == Then::Over {
                return Ok(());
            }
        }
        Ok(())
    }

    fn offers(&self) -> String {
        let script = self.shared.script.lock().unwrap();
        let mut lines = vec!["test".to_owned()];
        lines.extend(script.offers.iter().cloned());
        if script.certificate.is_some() && !self.is_secure() {
            lines.push("STARTTLS".into());
        }
        let last = lines.pop().unwrap();
        let first: String = lines.iter().map(|line| format!("250-{line}\r\n")).collect();
        format!("{first}250 {last}")
    }

    async fn mail(&mut self, line: &str) -> io::Result<Then> {
        if self.shared.script.lock().unwrap().login.is_some() && !self.logged_in {
            return self.say("530 5.7.0 log in first").await;
        }
        if self.open {
            return self.say("503 5.5.1 nested MAIL").await;
        }
        let (path, parameters) = line.split_once('>').unwrap_or((line, ""));
        path.rsplit('<')
            .next()
            .unwrap_or_default()
            .clone_into(&mut self.from);
        parameters.trim().clone_into(&mut self.parameters);
        let then = self.step(Stage::Mail, "250 2.1.0 ok").await?;
        self.open = then == Then::Done;
        Ok(then)
    }

    async fn rcpt(&mut self, line: &str) -> io::Result<Then> {
        if !self.open {
            return self.say("503 5.5.1 MAIL first").await;
        }
        let path = line.trim_end_matches('>').rsplit('<').next();
        self.to.push(path.unwrap_or_default().to_owned());
        self.shared.begun(self.number, path.unwrap_or_default());
        let then = self.step(Stage::Rcpt, "250 2.1.5 ok").await?;
        if then == Then::Refused {
            self.to.pop();
        }
        Ok(then)
    }

    async fn data(&mut self) -> io::Result<Then> {
        if self.to.is_empty() && !self.shared.script.lock().unwrap().data_for_nobody {
            return self.say("503 5.5.1 no recipient").await;
        }
        let then = self.step(Stage::Data, "354 go on").await?;
        if then != Then::Done {
            return Ok(then);
        }
        let Some(content) = self.content().await? else {
            return Ok(Then::Over);
        };
        let followed = !self.stream.buffer().is_empty();
        self.shared.arrive(Stage::Dot).await;
        let rule = self.fitting(Stage::Dot, 0);
        let refused = matches!(&rule, Some(rule) if !matches!(&rule.act, Act::Say(line) if line.starts_with('2')));
        let stored = !refused || rule.as_ref().is_some_and(|rule| rule.stored);
        let received = Received {
            connection: self.number,
            from: self.from.clone(),
            parameters: self.parameters.clone(),
            to: self.to.clone(),
            content,
            followed,
            stored,
        };
        self.messages += usize::from(stored);
        let twice = rule.as_ref().is_some_and(|rule| rule.twice);
        let copies = if twice { 2 } else { 1 };
        let all = std::iter::repeat_n(received, copies);
        self.shared.received.lock().unwrap().extend(all);
        self.shared.ended(self.number);
        let then = self.follow(rule, "250 2.0.0 taken").await?;
        self.shared.arrive(Stage::Answered).await;
        self.forget();
        Ok(then)
    }

    /// The message up to its dot; `None` if a rule for its middle ended the connection.
    async fn content(&mut self) -> io::Result<Option<String>> {
        let mut content = String::new();
        let mut passed = false;
        loop {
            let line = self.raw_line().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
            if line == ".\r\n" {
                return Ok(Some(content));
            }
            content += line.strip_prefix('.').unwrap_or(&line);
            if !passed && let Some(rule) = self.fitting(Stage::Body, content.len()) {
                passed = true;
                self.shared.arrive(Stage::Body).await;
                if self.act(&rule.act).await? == Then::Over {
                    return Ok(None);
                }
            }
        }
    }

    /// `AUTH PLAIN` (RFC 4616) with an initial response, and `AUTH LOGIN`.
    async fn auth(&mut self, line: &str) -> io::Result<Then> {
        let (user, password) = self.shared.script.lock().unwrap().login.clone().unwrap();
        let given = match line.split(' ').collect::<Vec<_>>()[..] {
            [_, "PLAIN", response] => decode(response),
            [_, "XOAUTH2", response] => {
                let user_and_token = format!("user={user}\u{1}auth=Bearer {password}\u{1}\u{1}");
                if decode(response) == user_and_token {
                    format!("\0{user}\0{password}")
                } else {
                    // Why not, in JSON; the client says nothing to that.
                    self.say("334 eyJzdGF0dXMiOiI0MDEifQ==").await?;
                    self.line().await?.unwrap_or_default()
                }
            }
            [_, "OAUTHBEARER", response] => {
                // RFC 7628 §3.1: user, host and port, then the token.
                let said = decode(response);
                let parts: Vec<&str> = said.split('\u{1}').collect();
                let token = format!("auth=Bearer {password}");
                match parts[..] {
                    [head, host, port, auth, "", ""]
                        if head == format!("n,a={user},")
                            && host == "host=127.0.0.1"
                            && port == format!("port={}", self.shared.port)
                            && auth == token =>
                    {
                        format!("\0{user}\0{password}")
                    }
                    _ => {
                        self.say("334 eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=").await?;
                        let after = self.line().await?.unwrap_or_default();
                        assert_eq!(after, "AQ==", "RFC 7628 §3.2.3");
                        after
                    }
                }
            }
            [_, "LOGIN"] => {
                self.say("334 VXNlcm5hbWU6").await?;
                let user = decode(&self.line().await?.unwrap_or_default());
                self.say("334 UGFzc3dvcmQ6").await?;
                let password = decode(&self.line().await?.unwrap_or_default());
                format!("\0{user}\0{password}")
            }
            _ => String::new(),
        };
        self.logged_in = given == format!("\0{user}\0{password}");
        if self.logged_in {
            self.step(Stage::Auth, "235 2.7.0 welcome").await
        } else {
            self.step(Stage::Auth, "535 5.7.8 wrong").await
        }
    }

    /// Arrives at a stage and follows the rule for it, or gives the ordinary reply.
    async fn step(&mut self, stage: Stage, ordinary: &str) -> io::Result<Then> {
        self.shared.arrive(stage).await;
        let rule = self.fitting(stage, 0);
        self.follow(rule, ordinary).await
    }

    async fn follow(&mut self, rule: Option<Rule>, ordinary: &str) -> io::Result<Then> {
        match rule {
            Some(rule) => self.act(&rule.act).await,
            None => self.say(ordinary).await,
        }
    }

    fn fitting(&self, stage: Stage, octets: usize) -> Option<Rule> {
        let to = self.to.last().map(String::as_str);
        let mut script = self.shared.script.lock().unwrap();
        let rule = script.fitting(stage, (self.number, self.messages), to, octets);
        if let Some(Act::Say(line)) = rule.as_ref().map(|rule| &rule.act) {
            self.shared.said.lock().unwrap().push(line.clone());
        }
        rule
    }

    async fn act(&mut self, act: &Act) -> io::Result<Then> {
        match act {
            Act::Say(line) => return self.say(line).await,
            Act::Raw(bytes) => {
                self.stream.write_all(bytes).await?;
                self.stream.flush().await?;
                return Ok(Then::Done);
            }
            Act::Late(first, second) => {
                self.stream.write_all(first).await?;
                self.stream.flush().await?;
                self.shared.arrive(Stage::Late).await;
                self.stream.write_all(second).await?;
                self.stream.flush().await?;
                self.shared.arrive(Stage::TooLate).await;
                return Ok(Then::Done);
            }
            Act::Drop => {}
            Act::Reset => match self.stream.get_ref() {
                Stream::Plain(tcp) => tcp.set_zero_linger()?,
                Stream::Tls(tls) => tls.get_ref().0.set_zero_linger()?,
            },
            Act::Silence => {
                tokio::io::copy(&mut self.stream, &mut tokio::io::sink()).await?;
            }
            Act::Endless => loop {
                self.stream.write_all(&[b'2'; 1_024]).await?;
                self.stream.flush().await?;
            },
        }
        Ok(Then::Over)
    }

    /// Says a line, and what its code means for the step.
    async fn say(&mut self, line: &str) -> io::Result<Then> {
        self.stream
            .write_all(format!("{line}\r\n").as_bytes())
            .await?;
        self.stream.flush().await?;
        Ok(match line.as_bytes().first() {
            _ if line.starts_with("421") => Then::Over,
            Some(b'2' | b'3') => Then::Done,
            _ => Then::Refused,
        })
    }

    async fn line(&mut self) -> io::Result<Option<String>> {
        let line = self.raw_line().await?;
        let line = line.map(|line| line.trim_end_matches(['\r', '\n']).to_owned());
        if let Some(line) = &line {
            self.shared.heard.lock().unwrap().push(Heard {
                connection: self.number,
                secure: self.is_secure(),
                line: line.clone(),
            });
        }
        Ok(line)
    }

    async fn raw_line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).await?;
        Ok((!line.is_empty()).then(|| String::from_utf8(line).unwrap()))
    }

    fn is_secure(&self) -> bool {
        matches!(self.stream.get_ref(), Stream::Tls(_))
    }

    async fn secure(mut self) -> io::Result<Self> {
        let certificate = self.shared.script.lock().unwrap().certificate.clone();
        let acceptor = certificate.unwrap().acceptor();
        self.stream = match self.stream.into_inner() {
            Stream::Plain(tcp) => {
                BufReader::new(Stream::Tls(Box::new(acceptor.accept(tcp).await?)))
            }
            tls @ Stream::Tls(_) => BufReader::new(tls),
        };
        Ok(self)
    }

    fn forget(&mut self) {
        self.shared.ended(self.number);
        self.open = false;
        self.from.clear();
        self.parameters.clear();
        self.to.clear();
    }
}

fn decode(text: &str) -> String {
    String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
