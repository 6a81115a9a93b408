//! Who may be asked right now: at most two requests at once to a host, and none to one that asked to be left alone.
//!
//! Shared by all fetches of a run, which are open at once to no more hosts than there are descriptors for. A turn is taken for each hop anew and given back before the next, so that nobody waits
//! for one host while keeping another waiting.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

use super::Error;

/// Requests at once to one host: what a browser of old allowed itself (RFC 2616 §8.1.4).
pub const REQUESTS_A_HOST: usize = 2;

/// The hosts of a run.
pub(super) struct Hosts {
    known: Mutex<HashMap<String, Host>>,
    /// Connections to all of them.
    open: Arc<Semaphore>,
}

/// A turn at a host, and one of all connections; both are given back when it is dropped.
pub(super) struct Turn {
    _host: Option<OwnedSemaphorePermit>,
    _open: Option<OwnedSemaphorePermit>,
}

struct Host {
    turns: Arc<Semaphore>,
    held_until: Option<Timestamp>,
}

impl Default for Host {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(REQUESTS_A_HOST)),
            held_until: None,
        }
    }
}

impl Hosts {
    /// Hosts that are asked over so many connections at once, at least one.
    pub(super) fn new(connections: usize) -> Self {
        Self {
            known: Mutex::default(),
            open: Arc::new(Semaphore::new(connections.max(1))),
        }
    }

    /// Waits for a turn; [`Error::Held`] where the host asked to be left alone, before or while we waited.
    pub(super) async fn turn(&self, url: &Url, now: Timestamp) -> Result<Turn, Error> {
        let host = name(url);
        let turns = self.turns_of(&host, now)?;
        let of_host = turns.acquire_owned().await.ok();
        let open = self.open.clone().acquire_owned().await.ok();
        self.turns_of(&host, now)?;
        Ok(Turn {
            _host: of_host,
            _open: open,
        })
    }

    /// Leaves a host alone until then.
    pub(super) fn hold(&self, host: &str, until: Timestamp) {
        let mut hosts = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.entry(host.to_owned()).or_default().held_until = Some(until);
    }

    fn turns_of(&self, host: &str, now: Timestamp) -> Result<Arc<Semaphore>, Error> {
        let mut hosts = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = hosts.entry(host.to_owned()).or_default();
        match found.held_until.filter(|until| *until > now) {
            Some(until) => Err(Error::Held {
                host: host.to_owned(),
                until,
            }),
            None => Ok(Arc::clone(&found.turns)),
        }
    }
}

/// A host's name, with its port where that is not the scheme's own.
pub fn name(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}
