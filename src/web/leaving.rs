//! The unsubscribe page: GET asks, POST leaves, and whoever has no valid link gets one and the same 404.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Response as HttpResponse, StatusCode, Uri, header};
use axum::response::Response;
use tokio::time::timeout;

use super::Site;
use super::files::put;
use crate::audience::{self, Departure, Token};
use crate::compose::{self, Unsubscribe};
use crate::model::Subscriber;

/// Pages have no script and load nothing but their own style.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Octets of a form that are read: a one-click form has thirty.
const MOST_OF_BODY: usize = 4 * 1024;

/// How long a form may take.
const BODY_TIME: Duration = Duration::from_secs(10);

/// Where links to leave lead; the token follows.
pub(super) const LEAVE: &str = "/unsubscribe/";

/// Shows who would leave, and a button. Changes nothing.
pub(super) async fn ask(State(site): State<Arc<Site>>, uri: Uri) -> Response {
    let Some(token) = token_behind(LEAVE, &uri) else {
        return no_such_link(&site);
    };
    if let Some(proof) = audience::site_answer(&site.keys, &token, site.clock.now()) {
        return proven(proof);
    }
    match audience::reader_of(&site.store, &site.keys, &token, site.clock.now()).await {
        Ok(Some(reader)) => {
            let address = &reader.address.masked();
            let action = &format!("{LEAVE}{token}");
            let state = match reader.suppressed {
                None => Unsubscribe::Ask { address, action },
                Some(_) => Unsubscribe::Done { address },
            };
            personal(&site, &reader, state)
        }
        Ok(None) => no_such_link(&site),
        Err(error) => broken(&site, &error),
    }
}

/// Leaves at once, whatever the form says, or nothing: the link is the proof (RFC 8058 §3.2). Never redirects; can be repeated.
pub(super) async fn leave(State(site): State<Arc<Site>>, request: Request) -> Response {
    let Some(token) = token_behind(LEAVE, request.uri()) else {
        return no_such_link(&site);
    };
    // What is sent along is read and passed over, so that the answer is heard by who is still sending.
    let body = timeout(BODY_TIME, to_bytes(request.into_body(), MOST_OF_BODY)).await;
    match body {
        Ok(Ok(_)) => {}
        Ok(Err(_)) => return refused(&site, StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => return refused(&site, StatusCode::REQUEST_TIMEOUT),
    }
    match audience::leave(&site.store, &site.keys, &token, site.clock.now()).await {
        Ok(Departure::Left { subscriber, .. }) => {
            let address = &subscriber.address.masked();
            personal(&site, &subscriber, Unsubscribe::Done { address })
        }
        Ok(Departure::Unknown) => no_such_link(&site),
        Err(error) => broken(&site, &error),
    }
}

/// The answer to a form that is none, or does not come: how to leave anyway.
fn refused(site: &Site, status: StatusCode) -> Response {
    let mut response = no_such_link(site);
    *response.status_mut() = status;
    response
}

/// The answer to a link of the doctor's: whose site this is.
fn proven(proof: String) -> Response {
    let mut response = HttpResponse::new(Body::from(format!("{proof}\n")));
    let headers = response.headers_mut();
    put(headers, header::CONTENT_TYPE, "text/plain; charset=utf-8");
    put(headers, header::CACHE_CONTROL, "no-store");
    response
}

/// The token of a link, without what was put around it on its way; of the path as it was sent, since not all that programs make
/// of a link can be read as text.
fn token_behind(place: &str, uri: &Uri) -> Option<String> {
    Token::cut(uri.path().strip_prefix(place)?)
}

fn personal(site: &Site, reader: &Subscriber, state: Unsubscribe<'_>) -> Response {
    let language = reader.language.as_ref().unwrap_or(&site.masthead.language);
    page(
        StatusCode::OK,
        site.composer
            .unsubscribe_page(&site.masthead, language, state),
    )
}

/// The one answer for a link that is stale, cut short or forged, and for a reader who is unknown: how to leave anyway.
fn no_such_link(site: &Site) -> Response {
    let (masthead, state) = (&site.masthead, Unsubscribe::Invalid);
    let html = site
        .composer
        .unsubscribe_page(masthead, &masthead.language, state);
    page(StatusCode::NOT_FOUND, html)
}

/// The answer for a page that is not there.
pub(super) fn not_found(site: &Site) -> Response {
    page(
        StatusCode::NOT_FOUND,
        site.composer.error_page(&site.masthead, 404),
    )
}

fn broken(site: &Site, error: &audience::Error) -> Response {
    tracing::error!(%error, "a reader's request failed");
    page(
        StatusCode::SERVICE_UNAVAILABLE,
        site.composer.error_page(&site.masthead, 503),
    )
}

fn page(status: StatusCode, html: Result<String, compose::Error>) -> Response {
    let (status, html) = match html {
        Ok(html) => (status, html),
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            (StatusCode::INTERNAL_SERVER_ERROR, String::new())
        }
    };
    let mut response = HttpResponse::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    put(headers, header::CONTENT_TYPE, "text/html; charset=utf-8");
    put(headers, header::CACHE_CONTROL, "no-store");
    put(headers, header::REFERRER_POLICY, "no-referrer");
    put(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(headers, header::CONTENT_SECURITY_POLICY, POLICY);
    put(
        headers,
        header::HeaderName::from_static("x-robots-tag"),
        "noindex",
    );
    response
}
