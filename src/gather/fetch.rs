//! Fetches one document over HTTP: politely, with a limit on everything, and never from where it must not.
//!
//! One function does it all, for every source. It follows redirects itself, so that each hop is checked like the
//! first; asks "changed since?" with the server's own validators; sends no cookie, no Referer and nothing about the
//! machine; and counts what arrives while it arrives. Proxies of the environment are not used: through one, the
//! address that is connected to could not be checked.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use url::Url;

use super::guard::{Guard, GuardedResolver, Refusal};
use super::unpack::{ACCEPTED, Unpacker};
use super::{Error, cause};
use crate::model::{Network, Validators};

/// More hops than this are a loop or a maze.
const MAX_REDIRECTS: usize = 5;

/// Some servers answer 304 for ever: after eight days we ask for the whole document again.
const VALIDATORS_LAST: SignedDuration = SignedDuration::from_hours(8 * 24);

/// Feeds first; a page is taken too, so that we can say that it is one.
const ACCEPT: &str = "application/atom+xml, application/rss+xml, application/feed+json, application/json;q=0.8, \
                      application/xml;q=0.8, text/xml;q=0.8, text/html;q=0.5, */*;q=0.1";

/// What the operator may set about fetching.
#[derive(Debug, Clone)]
pub struct FetchSettings {
    /// The `User-Agent`: product, version and where to complain.
    pub user_agent: String,
    /// Longest wait for a connection; 10 s by default.
    pub connect: Duration,
    /// Longest silence of a server; 15 s by default.
    pub idle: Duration,
    /// Longest time for a source with all its hops; 60 s by default.
    pub total: Duration,
    /// Largest document in bytes, unpacked; 10 MB by default.
    pub max_bytes: u64,
    /// Networks that may be connected to although they are private; none by default.
    pub allow: Vec<Network>,
    /// Certificates (DER) that are trusted beside Mozilla's list; none by default.
    pub roots: Vec<Vec<u8>>,
}

impl FetchSettings {
    /// The defaults, under the given `User-Agent`.
    pub fn new(user_agent: impl Into<String>) -> Self {
        Self {
            user_agent: user_agent.into(),
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(15),
            total: Duration::from_secs(60),
            max_bytes: 10_000_000,
            allow: Vec::new(),
            roots: Vec::new(),
        }
    }
}

/// Fetches documents; cheap to clone, made once a run.
#[derive(Clone)]
pub struct Fetcher {
    client: Client,
    guard: Arc<Guard>,
    settings: Arc<FetchSettings>,
}

/// A document as it arrived, unpacked.
#[derive(Clone)]
pub(super) struct Document {
    pub(super) bytes: Vec<u8>,
    pub(super) content_type: Option<String>,
    /// Where it came from, after redirects.
    pub(super) url: Url,
    pub(super) validators: Validators,
}

impl Document {
    /// Whether its server calls it a web page.
    pub(super) fn is_html(&self) -> bool {
        self.content_type
            .as_deref()
            .is_some_and(|kind| kind.contains("html"))
    }
}

/// What came of asking.
pub(super) enum Fetched {
    /// The server, or the body's hash, says that nothing changed.
    Unchanged(Validators),
    Changed(Document),
}

impl Fetcher {
    /// Sets up the client; [`Error::Settings`] where the settings are not usable.
    pub fn new(settings: FetchSettings) -> Result<Self, Error> {
        let guard = Arc::new(Guard::new(settings.allow.clone()));
        let client = Client::builder()
            .tls_backend_preconfigured(tls(&settings.roots)?)
            .dns_resolver(GuardedResolver(Arc::clone(&guard)))
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .user_agent(settings.user_agent.as_str())
            .default_headers(default_headers())
            .connect_timeout(settings.connect)
            .read_timeout(settings.idle)
            .build()
            .map_err(|error| Error::Settings(error.to_string()))?;
        Ok(Self {
            client,
            guard,
            settings: Arc::new(settings),
        })
    }

    /// Fetches `url` unless it is unchanged since `known`.
    pub(super) async fn fetch(
        &self,
        url: &Url,
        known: Option<&Validators>,
        now: Timestamp,
    ) -> Result<Fetched, Error> {
        tokio::time::timeout(self.settings.total, self.follow(url, known, now))
            .await
            .map_err(|_| Error::Timeout(self.settings.total))?
    }

    /// The hops from `url` to a document.
    async fn follow(
        &self,
        url: &Url,
        known: Option<&Validators>,
        now: Timestamp,
    ) -> Result<Fetched, Error> {
        let fresh = known.filter(|known| still_good(known, now));
        let mut here = url.clone();
        let mut visited = vec![here.clone()];
        loop {
            let conditions = fresh.filter(|_| same_server(url, &here));
            let response = self.ask(&here, conditions).await?;
            let status = response.status();
            if status == StatusCode::NOT_MODIFIED {
                let known = conditions.ok_or(Error::Status(304))?;
                return Ok(Fetched::Unchanged(refreshed(known, response.headers())));
            }
            if !is_redirect(status) {
                let document = self.read(url, &here, response, now).await?;
                return Ok(compare(document, known));
            }
            here = next_hop(&here, &response)?;
            if visited.contains(&here) {
                return Err(Error::RedirectLoop);
            }
            if visited.len() > MAX_REDIRECTS {
                return Err(Error::TooManyRedirects(MAX_REDIRECTS));
            }
            visited.push(here.clone());
        }
    }

    /// One request.
    async fn ask(&self, url: &Url, conditions: Option<&Validators>) -> Result<Response, Error> {
        self.guard.check(url)?;
        let mut request = self.client.get(url.clone());
        for (name, value) in conditions.map(conditional_headers).unwrap_or_default() {
            request = request.header(name, value);
        }
        request
            .send()
            .await
            .map_err(|error| self.cause_of(url, &error))
    }

    /// The body of an answer that is no redirect, or why there is none.
    async fn read(
        &self,
        asked: &Url,
        url: &Url,
        response: Response,
        now: Timestamp,
    ) -> Result<Document, Error> {
        cause::of_status(response.status())?;
        let headers = response.headers().clone();
        let encoding = text(&headers, &header::CONTENT_ENCODING);
        let max = self.settings.max_bytes;
        let mut unpacker = Unpacker::new(encoding.as_deref(), max)?;
        let mut body = response.bytes_stream();
        while let Some(chunk) = body.next().await {
            unpacker.push(&chunk.map_err(|error| self.cause_of(url, &error))?)?;
        }
        let bytes = unpacker.finish()?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(Error::Empty);
        }
        // The validators of another server would be sent to the wrong one next time: behind a move to another
        // server only the hash of the body is kept.
        let own = same_server(asked, url);
        Ok(Document {
            content_type: text(&headers, &header::CONTENT_TYPE),
            url: url.clone(),
            validators: Validators {
                etag: own.then(|| text(&headers, &header::ETAG)).flatten(),
                last_modified: own
                    .then(|| text(&headers, &header::LAST_MODIFIED))
                    .flatten(),
                body_hash: Some(blake3::hash(&bytes).to_hex().to_string()),
                received_at: Some(now),
            },
            bytes,
        })
    }

    fn cause_of(&self, url: &Url, error: &reqwest::Error) -> Error {
        let host = url.host_str().unwrap_or_default();
        match cause::find::<Refusal>(error) {
            Some(Refusal::Private(name)) => return Error::Private(name.clone()),
            Some(Refusal::Unresolved(name)) => return Error::Unresolved(name.clone()),
            None => {}
        }
        if error.is_timeout() && error.is_connect() {
            return Error::SlowConnect(self.settings.connect);
        }
        if error.is_timeout() {
            return Error::Silent(self.settings.idle);
        }
        cause::of_connection(host, error)
    }
}

/// TLS by `ring`, trusting Mozilla's list and the operator's own.
fn tls(extra_roots: &[Vec<u8>]) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    for root in extra_roots {
        roots
            .add(CertificateDer::from(root.clone()))
            .map_err(|error| Error::Settings(error.to_string()))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Settings(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

fn default_headers() -> HeaderMap {
    HeaderMap::from_iter([
        (header::ACCEPT, HeaderValue::from_static(ACCEPT)),
        (header::ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED)),
    ])
}

fn still_good(known: &Validators, now: Timestamp) -> bool {
    known
        .received_at
        .is_some_and(|received| now.duration_since(received) < VALIDATORS_LAST)
}

/// Both validators, exactly as received (RFC 9110 §13.1.2, §13.1.3).
fn conditional_headers(known: &Validators) -> Vec<(HeaderName, HeaderValue)> {
    [
        (header::IF_NONE_MATCH, &known.etag),
        (header::IF_MODIFIED_SINCE, &known.last_modified),
    ]
    .into_iter()
    .filter_map(|(name, value)| {
        let value = HeaderValue::from_bytes(value.as_deref()?.as_bytes()).ok()?;
        Some((name, value))
    })
    .collect()
}

/// What a 304 says anew, over what was known. `received_at` stays: it dates the last whole document, so that a server
/// that answers 304 for ever is asked for one after eight days.
fn refreshed(known: &Validators, headers: &HeaderMap) -> Validators {
    Validators {
        etag: text(headers, &header::ETAG).or_else(|| known.etag.clone()),
        last_modified: text(headers, &header::LAST_MODIFIED)
            .or_else(|| known.last_modified.clone()),
        ..known.clone()
    }
}

fn compare(document: Document, known: Option<&Validators>) -> Fetched {
    let same = known.is_some_and(|known| known.body_hash == document.validators.body_hash);
    match same {
        true => Fetched::Unchanged(document.validators),
        false => Fetched::Changed(document),
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn next_hop(here: &Url, response: &Response) -> Result<Url, Error> {
    let status = response.status().as_u16();
    let location = text(response.headers(), &header::LOCATION).ok_or(Error::BadRedirect(status))?;
    let mut next = here
        .join(location.trim())
        .map_err(|_| Error::BadRedirect(status))?;
    next.set_fragment(None);
    if here.scheme() == "https" && next.scheme() == "http" {
        return Err(Error::Downgrade(next));
    }
    Ok(next)
}

/// The same host and port, or the step from http to https on the same host.
fn same_server(one: &Url, other: &Url) -> bool {
    let ports = (one.port_or_known_default(), other.port_or_known_default());
    one.host() == other.host() && (ports.0 == ports.1 || ports == (Some(80), Some(443)))
}

/// A header as text; bytes beyond ASCII are read as Latin-1 would show them only where they are valid UTF-8.
fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?;
    std::str::from_utf8(value.as_bytes())
        .ok()
        .map(str::to_owned)
}
