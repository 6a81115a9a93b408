//! Whether the page of a post is there no more: its publisher took it back, and says so with 410 (RFC 9110 §15.5.11).
//!
//! Costs a `HEAD` for a page that is there. Nothing but 410 says that a page is gone: 404 is an accident too often.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, StatusCode};
use url::Url;

use super::Error;
use super::fetch::{Fetcher, is_redirect};
use super::patience::Patience;
use super::trail::Trail;

/// A page that was asked for its text is not asked again so soon: the run that did it is the one that makes the issue.
const STILL_TRUE: SignedDuration = SignedDuration::from_hours(1);

/// Pages that were asked for their text, whether they were gone, and when.
#[derive(Default)]
pub(super) struct Seen(Mutex<HashMap<Url, (bool, Timestamp)>>);

impl Fetcher {
    /// Whether the server answers 410 for the page at `url`, or where that leads.
    ///
    /// # Errors
    /// As for a feed: the address is private, the server is silent, it wants to be left alone, …
    pub async fn is_gone(&self, url: &Url, now: Timestamp) -> Result<bool, Error> {
        if let Some(known) = self.seen.recall(url, now) {
            return Ok(known);
        }
        // Some servers know no `HEAD`, and answer it with anything.
        let there = self.status(Method::HEAD, url, now).await?.is_success();
        Ok(!there && self.status(Method::GET, url, now).await? == StatusCode::GONE)
    }

    /// Remembers that a page was asked for its text, also where it could not be had or is not ours to ask.
    pub(super) fn saw_page(&self, url: &Url, gone: bool, now: Timestamp) {
        self.seen.keep(url, gone, now);
    }

    /// The status of an answer that is no redirect; its document is left unread.
    async fn status(&self, method: Method, url: &Url, now: Timestamp) -> Result<StatusCode, Error> {
        let mut patience = Patience::new(self.settings.idle, self.settings.total);
        let mut trail = Trail::from(url);
        loop {
            let here = trail.here().clone();
            self.guard.check(&here)?;
            let _turn = self.hosts.turn(&here, now).await?;
            let asked = self.request(method.clone(), &here, None, &mut patience);
            let response = asked.await?;
            self.refusal(&here, &response, now)?;
            if !is_redirect(response.status()) {
                return Ok(response.status());
            }
            trail.follow(response.status().as_u16(), response.headers())?;
        }
    }
}

impl Seen {
    fn recall(&self, url: &Url, now: Timestamp) -> Option<bool> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (gone, at) = seen.get(url)?;
        is_true(*at, now).then_some(*gone)
    }

    fn keep(&self, url: &Url, gone: bool, now: Timestamp) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|_, (_, at)| is_true(*at, now));
        seen.insert(url.clone(), (gone, now));
    }
}

fn is_true(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at).abs() < STILL_TRUE
}
