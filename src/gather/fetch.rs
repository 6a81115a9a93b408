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
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Client, Method, Response, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

use super::budget::{self, Budget};
use super::guard::{Guard, Refusal};
use super::hosts::{self, Hosts};
use super::patience::Patience;
use super::presence::Seen;
use super::trail::Trail;
use super::unpack::Packing;
use super::{Error, cause, client, headers};
use crate::model::{Network, Validators};

/// Some servers answer 304 for ever: after eight days we ask for the whole document again.
const VALIDATORS_LAST: SignedDuration = SignedDuration::from_hours(8 * 24);

/// A document of up to so many bytes needs nobody's leave; hardly any feed is larger.
const SMALL: usize = 512 * 1024;

/// Larger documents held at once, each at most [`FetchSettings::max_bytes`]: reading one takes several times its size.
const LARGE_AT_ONCE: usize = 1;

/// How many times as long as a source may take a document waits for that room.
const ROOM_WAIT: u32 = 2;

/// Documents read at once: reading computes, so more of them only take more memory.
const READ_AT_ONCE: usize = 2;

/// How much of a refusal's page is looked at to see who refuses, in bytes.
const LOOKED_AT: usize = 64 * 1024;

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
    /// What the documents that are read at once may take in sum, in octets, as far as it is counted; 200 MB by default.
    pub memory: u64,
    /// Connections that are open at once; 64 by default.
    pub connections: usize,
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
            memory: budget::MEMORY,
            connections: CONNECTIONS,
            allow: Vec::new(),
            roots: Vec::new(),
        }
    }
}

/// Connections at once, unless said: what a network at home takes without a thought.
pub const CONNECTIONS: usize = 64;

/// Fetches documents; cheap to clone. All clones share their turns at hosts.
#[derive(Clone)]
pub struct Fetcher {
    pub(super) client: Client,
    pub(super) guard: Arc<Guard>,
    pub(super) settings: Arc<FetchSettings>,
    pub(super) hosts: Arc<Hosts>,
    pub(super) seen: Arc<Seen>,
    large: Arc<Semaphore>,
    readers: Arc<Semaphore>,
    budget: Budget,
    agent: HeaderValue,
}

/// A document as it arrived, unpacked.
#[derive(Clone)]
pub(super) struct Document {
    pub(super) bytes: Arc<Vec<u8>>,
    pub(super) content_type: Option<String>,
    /// Where it came from, after redirects.
    pub(super) url: Url,
    pub(super) validators: Validators,
    pub(super) said: Said,
    /// Kept as long as a large document is.
    _room: Option<Arc<OwnedSemaphorePermit>>,
}

/// What an answer says beside its document.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Said {
    /// How long nothing changes, as the server promises.
    pub(super) fresh_for: Option<SignedDuration>,
    /// Where permanent redirects lead, if the first hop was one.
    pub(super) moved: Option<Url>,
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
    Unchanged(Validators, Said),
    Changed(Document),
}

impl Fetcher {
    /// Sets up the client; [`Error::Settings`] where the settings are not usable.
    pub fn new(settings: FetchSettings) -> Result<Self, Error> {
        let guard = Arc::new(Guard::new(settings.allow.clone()));
        let budget = Budget::new(settings.memory / READ_AT_ONCE as u64);
        Ok(Self {
            client: client::make(&settings, &guard)?,
            agent: agent(&settings.user_agent)?,
            guard,
            hosts: Arc::new(Hosts::new(settings.connections)),
            settings: Arc::new(settings),
            seen: Arc::default(),
            large: Arc::new(Semaphore::new(LARGE_AT_ONCE)),
            readers: Arc::new(Semaphore::new(READ_AT_ONCE)),
            budget,
        })
    }

    /// The same fetcher under another `User-Agent`.
    pub fn named(&self, user_agent: &str) -> Result<Self, Error> {
        Ok(Self {
            agent: agent(user_agent)?,
            ..self.clone()
        })
    }

    /// Asks nothing of a host until then: it wished so in an earlier run.
    pub fn hold(&self, host: &str, until: Timestamp) {
        self.hosts.hold(host, until);
    }

    /// Reads a document where it keeps nobody waiting, when it is its turn, and within its budget.
    pub(super) async fn read_apart<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let _turn = Arc::clone(&self.readers).acquire_owned().await.ok();
        let budget = self.budget.clone();
        super::apart(move || budget::within(&budget, read)).await
    }

    /// What a document may take.
    pub(super) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Ends the reading of all documents, of all clones: the program was asked to end.
    pub fn end(&self) {
        self.budget.end();
    }

    /// Fetches `url` unless it is unchanged since `known`.
    pub(super) async fn fetch(
        &self,
        url: &Url,
        known: Option<&Validators>,
        now: Timestamp,
    ) -> Result<Fetched, Error> {
        let fresh = known.filter(|known| still_good(known, now));
        let mut patience = Patience::new(self.settings.idle, self.settings.total);
        let mut trail = Trail::from(url);
        loop {
            let here = trail.here().clone();
            self.guard.check(&here)?;
            let _turn = self.hosts.turn(&here, now).await?;
            let conditions = fresh.filter(|_| same_server(url, &here));
            let response = self.ask(&here, conditions, &mut patience).await?;
            let status = response.status();
            let said = Said {
                fresh_for: headers::fresh_for(response.headers(), now),
                moved: trail.moved().cloned(),
            };
            if status == StatusCode::NOT_MODIFIED {
                let known = conditions.ok_or(Error::Status(304))?;
                let validators = headers::refreshed(known, response.headers());
                return Ok(Fetched::Unchanged(validators, said));
            }
            if !is_redirect(status) {
                self.refusal(&here, &response, now)?;
                let own = same_server(url, &here);
                let document = self.read(&here, response, said, &mut patience, now);
                return Ok(compare(document.await?.kept_to(own), known));
            }
            trail.follow(status.as_u16(), response.headers())?;
        }
    }

    /// One request for the document.
    pub(super) async fn ask(
        &self,
        url: &Url,
        conditions: Option<&Validators>,
        patience: &mut Patience,
    ) -> Result<Response, Error> {
        self.request(Method::GET, url, conditions, patience).await
    }

    /// One request.
    pub(super) async fn request(
        &self,
        method: Method,
        url: &Url,
        conditions: Option<&Validators>,
        patience: &mut Patience,
    ) -> Result<Response, Error> {
        let request = self.client.request(method, url.clone());
        let mut request = request.header(header::USER_AGENT, self.agent.clone());
        for (name, value) in conditions.map(headers::conditions).unwrap_or_default() {
            request = request.header(name, value);
        }
        let sent = patience.within(request.send()).await?;
        sent.map_err(|error| self.cause_of(url, &error))
    }

    /// Whether the server asks us to come back later; that goes for all of its sources.
    pub(super) fn refusal(
        &self,
        url: &Url,
        response: &Response,
        now: Timestamp,
    ) -> Result<(), Error> {
        let status = response.status().as_u16();
        let pause = headers::retry_after(response.headers(), now);
        match (status, pause) {
            (429 | 503, Some(pause)) => {
                let (host, until) = (hosts::name(url), now + pause);
                self.hosts.hold(&host, until);
                Err(Error::ComeBack {
                    status,
                    host,
                    until,
                })
            }
            _ => Ok(()),
        }
    }

    /// The body of an answer that is no redirect, or why there is none.
    async fn read(
        &self,
        url: &Url,
        response: Response,
        said: Said,
        patience: &mut Patience,
        now: Timestamp,
    ) -> Result<Document, Error> {
        let (status, headers) = (response.status(), response.headers().clone());
        let refused = cause::of_status(status, &headers).err();
        if let Some(error) = refused {
            let page = self.beginning(response, patience).await;
            return Err(cause::of_refusal(error, &page));
        }
        let (bytes, room) = self.body(url, response, patience).await?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(Error::Empty);
        }
        Ok(Document {
            content_type: headers::text(&headers, &header::CONTENT_TYPE),
            url: url.clone(),
            validators: Validators {
                etag: headers::text(&headers, &header::ETAG),
                last_modified: headers::text(&headers, &header::LAST_MODIFIED),
                body_hash: Some(blake3::hash(&bytes).to_hex().to_string()),
                received_at: Some(now),
            },
            said,
            bytes: Arc::new(bytes),
            _room: room.map(Arc::new),
        })
    }

    /// The whole body, unpacked and counted; a large one waits until there is room for it.
    ///
    /// It is unpacked when all of it is there: a decoder's window takes up to 16 MB, and each of the servers that are asked
    /// at once could make one wait.
    async fn body(
        &self,
        url: &Url,
        response: Response,
        patience: &mut Patience,
    ) -> Result<(Vec<u8>, Option<OwnedSemaphorePermit>), Error> {
        let packing = Packing::of(encoding(response.headers()).as_deref())?;
        let most = self.settings.max_bytes;
        let (mut bytes, mut room) = (Vec::new(), None);
        let mut body = response.bytes_stream();
        while let Some(chunk) = patience.within(body.next()).await? {
            let chunk = chunk.map_err(|error| self.cause_of(url, &error))?;
            if (bytes.len() + chunk.len()) as u64 > most {
                return Err(Error::TooLarge(most));
            }
            bytes.extend_from_slice(&chunk);
            if room.is_none() && bytes.len() > SMALL {
                room = Some(self.room().await?);
            }
        }
        if packing == Packing::None {
            return Ok((bytes, room));
        }
        let packed = Arc::new(bytes);
        if room.is_none() {
            match self
                .unpacked(packing, &packed, most.min(SMALL as u64))
                .await
            {
                Err(Error::TooLarge(_)) => room = Some(self.room().await?),
                done => return Ok((done?, None)),
            }
        }
        Ok((self.unpacked(packing, &packed, most).await?, room))
    }

    /// A body unpacked where it keeps nobody waiting.
    async fn unpacked(
        &self,
        packing: Packing,
        packed: &Arc<Vec<u8>>,
        most: u64,
    ) -> Result<Vec<u8>, Error> {
        let packed = Arc::clone(packed);
        self.read_apart(move || packing.unpack(&packed, most)).await
    }

    /// Room for a large document, when the one that has it is read. A server that sends a byte at a time holds it as long as a
    /// source may take.
    async fn room(&self) -> Result<OwnedSemaphorePermit, Error> {
        let total = self.settings.total;
        let room = Arc::clone(&self.large).acquire_owned();
        match tokio::time::timeout(total * ROOM_WAIT, room).await {
            Ok(Ok(room)) => Ok(room),
            _ => Err(Error::Timeout(total)),
        }
    }

    /// What a refusal shows to people, as far as it can be had.
    async fn beginning(&self, response: Response, patience: &mut Patience) -> Vec<u8> {
        let Ok(packing) = Packing::of(encoding(response.headers()).as_deref()) else {
            return Vec::new();
        };
        let mut bytes = Vec::new();
        let mut body = response.bytes_stream();
        while let Ok(Some(Ok(chunk))) = patience.within(body.next()).await {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > LOOKED_AT {
                break;
            }
        }
        let begun = self.read_apart(move || Ok(packing.begin(&bytes, LOOKED_AT)));
        begun.await.unwrap_or_default()
    }

    pub(super) fn cause_of(&self, url: &Url, error: &reqwest::Error) -> Error {
        let host = url.host_str().unwrap_or_default();
        match cause::find::<Refusal>(error) {
            Some(Refusal::Private(name)) => return Error::Private(name.clone()),
            Some(Refusal::Unresolved(name)) => return Error::Unresolved(name.clone()),
            None => {}
        }
        if error.is_timeout() && error.is_connect() {
            return Error::SlowConnect(self.settings.connect);
        }
        cause::of_connection(host, error)
    }
}

impl Document {
    /// The validators of another server would be sent to the wrong one next time: behind a move to another server only
    /// the hash of the body is kept.
    fn kept_to(mut self, own: bool) -> Self {
        if !own {
            self.validators.etag = None;
            self.validators.last_modified = None;
        }
        self
    }
}

fn agent(text: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(text)
        .map_err(|_| Error::Settings(format!("`{text}` cannot be a User-Agent")))
}

fn encoding(headers: &HeaderMap) -> Option<String> {
    headers::text(headers, &header::CONTENT_ENCODING)
}

fn still_good(known: &Validators, now: Timestamp) -> bool {
    known
        .received_at
        .is_some_and(|received| now.duration_since(received) < VALIDATORS_LAST)
}

fn compare(document: Document, known: Option<&Validators>) -> Fetched {
    let same = known.is_some_and(|known| known.body_hash == document.validators.body_hash);
    match same {
        true => Fetched::Unchanged(document.validators, document.said),
        false => Fetched::Changed(document),
    }
}

pub(super) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The same host and port, or the step from http to https on the same host.
fn same_server(one: &Url, other: &Url) -> bool {
    let ports = (one.port_or_known_default(), other.port_or_known_default());
    one.host() == other.host() && (ports.0 == ports.1 || ports == (Some(80), Some(443)))
}
