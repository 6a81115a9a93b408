//! The requests to an issuer: forms out, bounded answers in, never a redirect followed.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, header};
use secrecy::{ExposeSecret as _, SecretString};
use url::{Url, form_urlencoded};

use super::Error;
use super::answer::Answer;
use crate::wire::tls_config;

/// How long an issuer may take for a connection, and for all of an answer.
const CONNECT: Duration = Duration::from_secs(10);
const TOTAL: Duration = Duration::from_secs(30);

/// Octets of an answer that are read: a token with many claims has a few thousand.
const MOST: usize = 256 * 1024;

/// A field of a form, which may be a secret.
pub(super) struct Field(pub(super) &'static str, pub(super) SecretString);

impl Field {
    pub(super) fn new(name: &'static str, value: &str) -> Self {
        Self(name, SecretString::from(value))
    }
}

/// A way to ask issuers.
#[derive(Debug, Clone)]
pub struct Issuer {
    client: Client,
}

impl Issuer {
    /// Trusts the web's roots, and those of `tls_root` (PEM).
    ///
    /// # Errors
    /// Where the extra root is no certificate.
    pub fn new(tls_root: Option<&str>) -> Result<Self, Error> {
        let cannot = |why: String| Error::Key(why);
        let tls =
            tls_config(tls_root.map(str::as_bytes)).map_err(|error| cannot(error.to_string()))?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(CONNECT)
            .timeout(TOTAL)
            .user_agent(concat!("courant/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| cannot(error.to_string()))?;
        Ok(Self { client })
    }

    pub(super) async fn get(&self, place: &Url) -> Result<Answer, Error> {
        self.send(place, self.client.get(place.clone())).await
    }

    /// Sends a form (RFC 6749, appendix B).
    pub(super) async fn post(&self, place: &Url, fields: &[Field]) -> Result<Answer, Error> {
        let form = written(fields);
        let request = self
            .client
            .post(place.clone())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        self.send(place, request).await
    }

    pub(super) fn host_of(&self, place: &Url) -> String {
        place.host_str().unwrap_or_default().to_owned()
    }

    async fn send(&self, place: &Url, request: RequestBuilder) -> Result<Answer, Error> {
        let host = self.host_of(place);
        let unreachable = |error: reqwest::Error| Error::Unreachable {
            host: host.clone(),
            cause: innermost(&error.without_url()),
        };
        let request = request.header(header::ACCEPT, "application/json");
        let mut response = request.send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        let date = response.headers().get(header::DATE);
        let date = date.and_then(|date| date_of(date.to_str().ok()?));
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(unreachable)? {
            body.extend_from_slice(&part);
            if body.len() > MOST {
                return Err(Error::Strange {
                    host,
                    status,
                    said: format!("more than {MOST} octets"),
                });
            }
        }
        Ok(Answer {
            host,
            status,
            date,
            body,
        })
    }
}

fn written(fields: &[Field]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for Field(name, value) in fields {
        form.append_pair(name, value.expose_secret());
    }
    form.finish()
}

fn date_of(text: &str) -> Option<Timestamp> {
    // HTTP writes GMT where mail writes +0000 (RFC 9110 §5.6.7).
    let text = text.replace("GMT", "+0000");
    let zoned = rfc2822::parse(&text).ok()?;
    Some(zoned.timestamp())
}

/// The last of an error's causes: those above say only that a request failed.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    match error.is_timeout() {
        true => "it took too long".to_owned(),
        false => cause.to_string(),
    }
}
