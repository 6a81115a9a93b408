//! A scripted HTTP/1.1 server on loopback, plain or with TLS, that remembers every request.
//!
//! It runs on a thread of its own, so that tests with and without a runtime, and whole runs of the program, can talk to
//! it. It speaks by hand, not by a library, because half of its answers are wrong on purpose. One request a connection.
//!
//! ```ignore
//! let server = HttpServer::start();
//! server.on("/feed.xml", Answer::ok("application/rss+xml", FEED).etag("\"v1\""));
//! run(server.url("/feed.xml"));
//! assert_eq!(server.requests_to("/feed.xml")[0].header("accept"), Some("…"));
//! ```

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests stop the test that they serve"
)]

mod answer;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use url::Url;

pub use answer::Answer;
use answer::Manner;

/// The pause between two bytes of a body that trickles.
const TRICKLE: Duration = Duration::from_millis(5);

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names as sent, in order.
    pub headers: Vec<(String, String)>,
    /// As long as its `Content-Length` says.
    pub body: String,
}

impl Request {
    /// The value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

#[derive(Default)]
struct Script {
    /// What is left to say, by path; the last answer is repeated.
    answers: HashMap<String, Vec<Answer>>,
    log: Vec<Request>,
    /// Told of each request.
    arrivals: watch::Sender<()>,
}

/// The server; it stops when it is dropped.
pub struct HttpServer {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    certificate: Option<Vec<u8>>,
    /// Dropping it ends the server and every connection that hangs.
    _running: watch::Sender<()>,
}

impl HttpServer {
    /// Starts a plain server on a free port.
    pub fn start() -> Self {
        Self::start_at("127.0.0.1")
    }

    /// Starts a plain server on a free port of another address of this machine.
    pub fn start_at(host: &'static str) -> Self {
        Self::serve(None, host)
    }

    /// Starts a server with TLS for `localhost` and `127.0.0.1`, under a certificate of its own.
    pub fn start_tls() -> Self {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let certificate = made.cert.der().to_vec();
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(certificate.clone())], key)
            .unwrap();
        let tls = (TlsAcceptor::from(Arc::new(config)), certificate);
        Self::serve(Some(tls), "127.0.0.1")
    }

    fn serve(tls: Option<(TlsAcceptor, Vec<u8>)>, host: &'static str) -> Self {
        let script = Arc::new(Mutex::new(Script::default()));
        let (running, stop) = watch::channel(());
        let (tell, told) = mpsc::channel();
        let (acceptor, certificate) = tls.unzip();
        let shared = Arc::clone(&script);
        thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap()
                .block_on(accept(acceptor, host, shared, stop, tell));
        });
        Self {
            address: told.recv().unwrap(),
            script,
            certificate,
            _running: running,
        }
    }

    /// Says the same to every request for a path (with its query, if any).
    pub fn on(&self, path: &str, answer: Answer) {
        self.on_each(path, vec![answer]);
    }

    /// Gives the answers one after another; the last is repeated.
    pub fn on_each(&self, path: &str, answers: Vec<Answer>) {
        let mut script = self.script.lock().unwrap();
        script.answers.insert(path.to_owned(), answers);
    }

    /// The address of a path, by number: `http://127.0.0.1:port/path`.
    pub fn url(&self, path: &str) -> Url {
        self.url_at(&self.address.ip().to_string(), path)
    }

    /// The address of a path under another name of this machine, such as `localhost`.
    pub fn url_at(&self, host: &str, path: &str) -> Url {
        let scheme = match self.certificate {
            Some(_) => "https",
            None => "http",
        };
        let port = self.address.port();
        Url::parse(&format!("{scheme}://{host}:{port}{path}")).unwrap()
    }

    /// The certificate (DER) that a client must trust; `None` for a plain server.
    pub fn certificate(&self) -> Option<Vec<u8>> {
        self.certificate.clone()
    }

    /// All requests so far, in order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.script.lock().unwrap().log.clone()
    }

    /// Waits until so many requests have arrived.
    pub async fn arrived(&self, count: usize) {
        let mut arrivals = self.script.lock().unwrap().arrivals.subscribe();
        while self.requests().len() < count {
            arrivals.changed().await.unwrap();
        }
    }

    /// The requests for one path.
    pub fn requests_to(&self, path: &str) -> Vec<Request> {
        let mut requests = self.requests();
        requests.retain(|request| request.path == path);
        requests
    }
}

async fn accept(
    tls: Option<TlsAcceptor>,
    host: &str,
    script: Arc<Mutex<Script>>,
    mut stop: watch::Receiver<()>,
    tell: mpsc::Sender<SocketAddr>,
) {
    let listener = TcpListener::bind((host, 0)).await.unwrap();
    tell.send(listener.local_addr().unwrap()).unwrap();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted.unwrap().0,
            _ = stop.changed() => return,
        };
        let (tls, script, stop) = (tls.clone(), Arc::clone(&script), stop.clone());
        tokio::spawn(async move {
            // A client that hangs up early is part of the script, so errors of a connection are nobody's.
            let _ = match tls {
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => converse(stream, &script, stop).await,
                    Err(error) => Err(error),
                },
                None => converse(stream, &script, stop).await,
            };
        });
    }
}

async fn converse(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    script: &Mutex<Script>,
    mut stop: watch::Receiver<()>,
) -> std::io::Result<()> {
    let request = read_request(&mut stream).await?;
    let answer = answer_to(request, script);
    match &answer.manner {
        Manner::Hang => {
            let _ = stop.changed().await;
            return Ok(());
        }
        Manner::After(path) => asked_for(path, script).await,
        _ => {}
    }
    let head = head_of(&answer);
    match answer.manner {
        Manner::Raw => {}
        Manner::HeadUpTo(bytes) => {
            stream.write_all(&head[..bytes]).await?;
            stream.flush().await?;
            let _ = stop.changed().await;
            return Ok(());
        }
        _ => stream.write_all(&head).await?,
    }
    match answer.manner {
        Manner::Endless => loop {
            stream.write_all(&answer.body).await?;
        },
        Manner::Trickle => {
            for byte in &answer.body {
                stream.write_all(&[*byte]).await?;
                stream.flush().await?;
                tokio::time::sleep(TRICKLE).await;
            }
        }
        Manner::SilentAfter(bytes) | Manner::CutAfter(bytes) => {
            stream
                .write_all(&answer.body[..bytes.min(answer.body.len())])
                .await?;
        }
        _ => stream.write_all(&answer.body).await?,
    }
    stream.flush().await?;
    if matches!(answer.manner, Manner::SilentAfter(_)) {
        let _ = stop.changed().await;
    }
    stream.shutdown().await
}

/// Waits until somebody asked for the path.
async fn asked_for(path: &str, script: &Mutex<Script>) {
    let mut arrivals = script.lock().unwrap().arrivals.subscribe();
    let is_there = || {
        let script = script.lock().unwrap();
        script.log.iter().any(|request| request.path == path)
    };
    while !is_there() {
        let _ = arrivals.changed().await;
    }
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Request> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let mut word = || first.next().unwrap_or_default().to_owned();
    let (method, path) = (word(), word());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let length = find(&headers, "content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await?;
    Ok(Request {
        method,
        path,
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// The next answer for the path (404 where none was scripted), or 304 where the client has it already.
fn answer_to(request: Request, script: &Mutex<Script>) -> Answer {
    let mut script = script.lock().unwrap();
    let answer = match script.answers.get_mut(&request.path) {
        Some(answers) if answers.len() > 1 => answers.remove(0),
        Some(answers) => answers[0].clone(),
        None => Answer::status(404),
    };
    let answer = match is_known(&request, &answer) {
        true => Answer {
            status: 304,
            body: Vec::new(),
            manner: Manner::Whole,
            ..answer
        },
        false => answer,
    };
    script.log.push(request);
    script.arrivals.send_replace(());
    answer
}

/// By `If-None-Match` where that is sent, else by `If-Modified-Since` (RFC 9110 §13.2.2), text against text.
fn is_known(request: &Request, answer: &Answer) -> bool {
    let asks = |name| request.header(name).is_some();
    if answer.stubborn && (asks("if-none-match") || asks("if-modified-since")) {
        return true;
    }
    let strong = |etag: &str| etag.trim_start_matches("W/").to_owned();
    match (request.header("if-none-match"), answer.value("etag")) {
        (Some(asked), etag) => etag.is_some_and(|etag| strong(etag) == strong(asked)),
        (None, _) => {
            let asked = request.header("if-modified-since");
            asked.is_some() && asked == answer.value("last-modified")
        }
    }
}

fn head_of(answer: &Answer) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {} Scripted\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let endless = answer.manner == Manner::Endless;
    if answer.status != 304 && answer.value("content-length").is_none() && !endless {
        head.push_str(&format!("content-length: {}\r\n", answer.body.len()));
    }
    head.push_str("connection: close\r\n\r\n");
    head.into_bytes()
}
