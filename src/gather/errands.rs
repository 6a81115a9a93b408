//! Errands of the fetcher that bring no posts: a picture that a post shows, and word to a hub that a feed is new.
//!
//! Both go through the same guard and under the same name as every fetch, and neither is ever tried twice in a row.

use std::sync::Arc;

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, DATE};
use url::{Url, form_urlencoded};

use super::Error;
use super::fetch::{Fetched, Fetcher};
use super::patience::Patience;
use super::{cause, dates, headers};

/// The type of a form (HTML Standard, §4.10.21.7).
const FORM: &str = "application/x-www-form-urlencoded";

impl Fetcher {
    /// Fetches the file at an address, whatever it is, within the limits of every fetch.
    ///
    /// # Errors
    /// As for a feed: the address is private, the server is silent, the file is too large, …
    pub async fn file(&self, url: &Url, now: Timestamp) -> Result<Vec<u8>, Error> {
        match self.fetch(url, None, now).await? {
            Fetched::Changed(document) => Ok(Arc::unwrap_or_clone(document.bytes)),
            Fetched::Unchanged(..) => Err(Error::Status(304)),
        }
    }

    /// What time it is where `url` is served, as the server says with whatever it answers (`Date`, RFC 9110 §6.6.1); `None`
    /// where it does not say. The document is left unread.
    ///
    /// # Errors
    /// The address is private, or the server cannot be reached.
    pub async fn time_at(&self, url: &Url) -> Result<Option<Timestamp>, Error> {
        self.guard.check(url)?;
        let mut patience = Patience::new(self.settings.idle, self.settings.total);
        let answer = self.ask(url, None, &mut patience).await?;
        let date = headers::text(answer.headers(), &DATE);
        Ok(date.and_then(|date| dates::instant(&date)))
    }

    /// Tells a WebSub hub that the feed at `topic` has something new, by the form that hubs agreed on
    /// (`hub.mode=publish`; WebSub §7 leaves the form to them).
    ///
    /// # Errors
    /// The hub cannot be reached, or answers with anything but a status of 200 to 299.
    pub async fn announce(&self, hub: &Url, topic: &str) -> Result<(), Error> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("hub.mode", "publish")
            .append_pair("hub.url", topic)
            .finish();
        let asked = async {
            self.guard.check(hub)?;
            let request = self.client.post(hub.clone()).header(CONTENT_TYPE, FORM);
            request
                .body(form)
                .send()
                .await
                .map_err(|error| self.cause_of(hub, &error))
        };
        let response = tokio::time::timeout(self.settings.total, asked)
            .await
            .map_err(|_| Error::Timeout(self.settings.total))??;
        match response.status() {
            status if status.is_success() => Ok(()),
            status if status.is_redirection() => Err(Error::Status(status.as_u16())),
            status => cause::of_status(status, response.headers()),
        }
    }
}
