//! An authorisation server on loopback: gives, rotates and takes back tokens as RFC 6749, 7009, 7523, 7636 and 8628 have it,
//! and does what real ones do at their worst.
//!
//! It has one clock of its own, one client, one person, and remembers all that it heard.

#![expect(
    clippy::unwrap_used,
    reason = "clippy knows the test functions alone as tests, not what they call"
)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use courant::model::{AccessTokens, NoAccess};
use jiff::{SignedDuration, Timestamp};
use ring::digest::{SHA256, digest};
use ring::rsa::KeyPair;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The client's name and secret.
pub const CLIENT: &str = "klant-7";
pub const SECRET: &str = "geheim/van=de&klant";

/// Where a refresh is, for whoever wants to break it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It was heard; nothing was done yet.
    Heard,
    /// The tokens were made, and the older ones given up; nobody was told yet.
    Made,
    /// All was said.
    Said,
}

type Hook = Box<dyn FnMut(Step) + Send>;

/// A form as it was heard.
pub type Form = BTreeMap<String, String>;

/// What the server knows, and how it behaves.
pub struct State {
    /// Its clock.
    pub now: Timestamp,
    /// How long a token is good for, in seconds.
    pub lifetime: i64,
    /// The forms that it heard.
    pub heard: Vec<(String, Form)>,
    /// What it says in the place of each of the next answers: status and body.
    pub instead: VecDeque<(u16, &'static str)>,
    /// What a device is told until it is allowed.
    pub device: VecDeque<&'static str>,
    /// Whether the person has taken all back.
    pub revoked: bool,
    /// The issuer that it says it is, where that is a lie.
    pub lies: Option<String>,
    codes: BTreeMap<String, (String, String)>,
    /// The refresh token in use, and the one before, which stays good until the newer one was of use.
    refresh: (Option<String>, Option<String>),
    /// Access tokens that are good.
    pub good: BTreeSet<String>,
    made: usize,
    hook: Option<Hook>,
}

/// A running server; it stops when it is dropped.
pub struct IssuerServer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    accepting: JoinHandle<()>,
}

impl Drop for IssuerServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl IssuerServer {
    pub async fn start(now: Timestamp) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State {
            now,
            lifetime: 3600,
            heard: Vec::new(),
            instead: VecDeque::new(),
            device: VecDeque::new(),
            revoked: false,
            lies: None,
            codes: BTreeMap::new(),
            refresh: (None, None),
            good: BTreeSet::new(),
            made: 0,
            hook: None,
        }));
        let shared = state.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                tokio::spawn(serve(tcp, shared.clone(), address));
            }
        });
        Self {
            address,
            state,
            accepting,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Looks at the state, or changes it.
    pub fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap())
    }

    /// Calls this at each step of each refresh.
    pub fn at_each_step(&self, hook: impl FnMut(Step) + Send + 'static) {
        self.with(|state| state.hook = Some(Box::new(hook)));
    }

    /// The token that comes next.
    pub fn next_token(&self) -> String {
        self.with(|state| format!("toegang-{}", state.made + 1))
    }

    /// The forms that came to this place.
    pub fn heard_at(&self, place: &str) -> Vec<Form> {
        let of_place = |(at, form): &(String, Form)| (at == place).then(|| form.clone());
        self.with(|state| state.heard.iter().filter_map(of_place).collect())
    }

    /// The person allows what a browser was led to; says where the browser is sent.
    pub fn allow(&self, address: &str) -> String {
        let url = url::Url::parse(address).unwrap();
        let asked: Form = url.query_pairs().into_owned().collect();
        assert_eq!(asked["response_type"], "code");
        assert_eq!(asked["code_challenge_method"], "S256");
        assert_eq!(asked["client_id"], CLIENT);
        let code = self.with(|state| {
            state.made += 1;
            let code = format!("code-{}", state.made);
            let bound = (
                asked["code_challenge"].clone(),
                asked["redirect_uri"].clone(),
            );
            state.codes.insert(code.clone(), bound);
            code
        });
        format!(
            "{}?code={code}&state={}",
            asked["redirect_uri"], asked["state"]
        )
    }
}

async fn serve(mut tcp: TcpStream, shared: Arc<Mutex<State>>, address: SocketAddr) {
    let Some((path, body)) = request(&mut tcp).await else {
        return;
    };
    let form: Form = url::form_urlencoded::parse(&body).into_owned().collect();
    let (status, text, is_refresh, date) = {
        let mut state = shared.lock().unwrap();
        state.heard.push((path.clone(), form.clone()));
        let is_refresh = path.ends_with("/token") && form["grant_type"] == "refresh_token";
        if is_refresh {
            state.step(Step::Heard);
        }
        let (status, text) = match state.instead.pop_front() {
            Some((status, text)) => (status, text.to_owned()),
            None => {
                let (status, answer) = state.answer(&path, &form, address);
                (status, answer.to_string())
            }
        };
        if is_refresh {
            state.step(Step::Made);
        }
        (status, text, is_refresh, state.now)
    };
    let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT");
    let answer = format!(
        "HTTP/1.1 {status} X\r\nDate: {date}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    );
    let _ = tcp.write_all(answer.as_bytes()).await;
    let _ = tcp.shutdown().await;
    if is_refresh {
        shared.lock().unwrap().step(Step::Said);
    }
}

async fn request(tcp: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut read = Vec::new();
    let mut part = [0; 4096];
    loop {
        let length = tcp
            .read(&mut part)
            .await
            .ok()
            .filter(|length| *length > 0)?;
        read.extend_from_slice(&part[..length]);
        let text = String::from_utf8_lossy(&read).into_owned();
        let Some((head, _)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let field = |line: &str| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().ok())?
        };
        let wanted: usize = head.lines().find_map(field).unwrap_or(0);
        if read.len() >= head.len() + 4 + wanted {
            let path = head.split(' ').nth(1)?.to_owned();
            return Some((path, read[head.len() + 4..].to_vec()));
        }
    }
}

fn refused(error: &str, words: &str) -> (u16, Value) {
    (400, json!({ "error": error, "error_description": words }))
}

impl State {
    fn step(&mut self, step: Step) {
        if let Some(hook) = &mut self.hook {
            hook(step);
        }
    }

    fn answer(&mut self, path: &str, form: &Form, address: SocketAddr) -> (u16, Value) {
        let base = format!("http://{address}");
        match path {
            "/.well-known/openid-configuration" => {
                let issuer = self.lies.clone().unwrap_or_else(|| base.clone());
                (
                    200,
                    json!({
                        "issuer": issuer,
                        "token_endpoint": format!("{base}/token"),
                        "authorization_endpoint": format!("{base}/authorize"),
                        "device_authorization_endpoint": format!("{base}/devicecode"),
                        "revocation_endpoint": format!("{base}/revoke"),
                    }),
                )
            }
            "/devicecode" | "/huis/oauth2/v2.0/devicecode" => (
                200,
                json!({
                    "device_code": "apparaat-1", "user_code": "WDJB-MJHT", "verification_uri": format!("{base}/device"),
                    "interval": 0, "expires_in": 900,
                }),
            ),
            "/revoke" => {
                self.revoked = true;
                (200, json!({}))
            }
            "/token" | "/huis/oauth2/v2.0/token" => self.token(form, &format!("{base}{path}")),
            _ => (404, json!({ "error": "not_found" })),
        }
    }

    fn token(&mut self, form: &Form, audience: &str) -> (u16, Value) {
        let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let kind = get("grant_type");
        if kind != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
            if get("client_id") != CLIENT {
                return refused("invalid_client", "unknown client");
            }
            let is_proven = match form.get("client_assertion") {
                Some(assertion) => self.is_signed(assertion, audience, CLIENT),
                None => {
                    // Who logged in as a person with no secret goes on without one.
                    let is_public = kind.ends_with("device_code") || kind == "refresh_token";
                    get("client_secret") == SECRET
                        || (is_public && !form.contains_key("client_secret"))
                }
            };
            if !is_proven {
                return refused(
                    "invalid_client",
                    "the client's proof is not within its valid time range, or wrong",
                );
            }
        }
        match kind {
            "client_credentials" => self.granted(false),
            "urn:ietf:params:oauth:grant-type:jwt-bearer" => {
                match self.is_signed(get("assertion"), audience, "dienst@project.example") {
                    true => self.granted(false),
                    false => refused(
                        "invalid_grant",
                        "Invalid JWT: Token must be a short-lived token",
                    ),
                }
            }
            "authorization_code" => {
                let challenge =
                    URL_SAFE_NO_PAD.encode(digest(&SHA256, get("code_verifier").as_bytes()));
                match self.codes.remove(get("code")) {
                    Some(bound) if bound == (challenge, get("redirect_uri").to_owned()) => {
                        self.granted(true)
                    }
                    _ => refused("invalid_grant", "no such code"),
                }
            }
            "urn:ietf:params:oauth:grant-type:device_code" => match self.device.pop_front() {
                Some(error) => refused(error, ""),
                None => self.granted(true),
            },
            "refresh_token" => self.refreshed(get("refresh_token")),
            _ => refused("unsupported_grant_type", ""),
        }
    }

    /// A refresh token that was followed by another is good until that was of use; one that is older tells that it was stolen.
    fn refreshed(&mut self, token: &str) -> (u16, Value) {
        let token = Some(token.to_owned());
        if self.revoked {
            return refused("invalid_grant", "AADSTS50173: the grant was revoked");
        }
        if token == self.refresh.0 {
            self.refresh.1 = None;
        } else if token.is_none() || token != self.refresh.1 {
            self.revoked = true;
            return refused("invalid_grant", "an older token was used again");
        }
        self.granted(true)
    }

    fn granted(&mut self, with_refresh: bool) -> (u16, Value) {
        self.made += 1;
        let token = format!("toegang-{}", self.made);
        self.good.insert(token.clone());
        let mut answer =
            json!({ "access_token": token, "token_type": "Bearer", "expires_in": self.lifetime });
        if with_refresh {
            let next = format!("ververs-{}", self.made);
            let before = self.refresh.1.take().or(self.refresh.0.take());
            self.refresh = (Some(next.clone()), before);
            answer["refresh_token"] = json!(next);
        }
        (200, answer)
    }

    /// Whether an assertion is of the right key, for this place, and of now.
    fn is_signed(&self, assertion: &str, audience: &str, issuer: &str) -> bool {
        let Some((text, signature)) = assertion.rsplit_once('.') else {
            return false;
        };
        let (head, claims) = text.split_once('.').unwrap();
        let read = |part: &str| -> Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        let (head, claims) = (read(head), read(claims));
        let algorithm: &'static dyn VerificationAlgorithm = match head["alg"].as_str().unwrap() {
            "RS256" => &RSA_PKCS1_2048_8192_SHA256,
            "PS256" => &RSA_PSS_2048_8192_SHA256,
            _ => return false,
        };
        let key = UnparsedPublicKey::new(algorithm, public_key());
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let now = self.now.as_second();
        key.verify(text.as_bytes(), &signature).is_ok()
            && claims["aud"] == audience
            && claims["iss"] == issuer
            && claims["nbf"].as_i64().unwrap() <= now
            && claims["exp"].as_i64().unwrap() > now
    }
}

/// Hands out these tokens, each where the one before was refused.
#[derive(Debug)]
pub struct Handed {
    tokens: Vec<SecretString>,
    asked: AtomicUsize,
}

impl Handed {
    pub fn of(tokens: &[&str]) -> Arc<Self> {
        Arc::new(Self {
            tokens: tokens
                .iter()
                .map(|token| SecretString::from(*token))
                .collect(),
            asked: AtomicUsize::new(0),
        })
    }

    /// How often a token was asked for.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl AccessTokens for Handed {
    fn token<'a>(
        &'a self,
        refused: Option<&'a SecretString>,
    ) -> Pin<Box<dyn Future<Output = Result<SecretString, NoAccess>> + Send + 'a>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let is = |token: &SecretString| {
            refused.is_some_and(|refused| refused.expose_secret() == token.expose_secret())
        };
        let next = self.tokens.iter().position(is).map_or(0, |at| at + 1);
        let none = NoAccess {
            cause: "no more tokens".into(),
            is_transient: false,
        };
        Box::pin(std::future::ready(
            self.tokens.get(next).cloned().ok_or(none),
        ))
    }
}

/// A certificate with its RSA key, in PEM; made once by `openssl`.
pub fn certificate() -> &'static str {
    static MADE: OnceLock<String> = OnceLock::new();
    MADE.get_or_init(|| {
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-subj",
                "/CN=courant",
            ])
            .args(["-days", "400", "-keyout", "-", "-out", "-"])
            .output()
            .unwrap();
        assert!(made.status.success());
        String::from_utf8(made.stdout).unwrap()
    })
}

/// The key alone.
pub fn private_key() -> String {
    let end = "-----END PRIVATE KEY-----";
    let text = certificate();
    let begin = text.find("-----BEGIN PRIVATE KEY-----").unwrap();
    let at = text.find(end).unwrap() + end.len();
    format!("{}\n", &text[begin..at])
}

fn public_key() -> Vec<u8> {
    let PrivateKeyDer::Pkcs8(der) =
        PrivateKeyDer::from_pem_slice(private_key().as_bytes()).unwrap()
    else {
        return Vec::new();
    };
    let pair = KeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
    pair.public().as_ref().to_vec()
}

/// An instant some seconds from another.
pub fn later(now: Timestamp, seconds: i64) -> Timestamp {
    now + SignedDuration::from_secs(seconds)
}
