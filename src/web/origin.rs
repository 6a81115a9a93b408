//! What every answer says to a browser about the origin that it comes from.
//!
//! Pages hold what strangers wrote. Whatever the sanitiser let through, a browser runs no script here, asks no other
//! server for anything, shows no page within another's, and tells nobody where a reader came from. Pages say most of it
//! themselves, for any web server; a file that is no page, and who may frame one, need a header (CSP3 §3.3).

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;

/// Where pictures of a newsletter may come from beside the origin of the page, and all else.
pub(super) fn policy(newsletter: &str) -> HeaderValue {
    let with = |own: &str| {
        format!(
            "default-src 'none'; img-src 'self'{own}; style-src 'self' 'unsafe-inline'; form-action 'self'; \
             base-uri 'none'; frame-ancestors 'none'"
        )
    };
    // The newsletter's own address, for where its files are looked at under another one.
    HeaderValue::from_str(&with(&format!(" {newsletter}/")))
        .or_else(|_| HeaderValue::from_str(&with("")))
        .unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// Adds what an answer does not say itself.
pub(super) async fn guarded(State(policy): State<HeaderValue>, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(policy);
    for (name, value) in [
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}
