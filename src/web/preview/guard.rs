//! Who may look: this machine, under a name that is its own.
//!
//! A page of another site cannot read what a loopback address answers, unless its name is made to lead there (DNS
//! rebinding): so only `127.0.0.1` and `localhost` are answered as `Host` (RFC 9110 §7.2).

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::put;

/// The page around the digest: its own script and style, and nothing from elsewhere.
pub(super) const SHELL: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The digest: no script, no form; what a mail program would show.
pub(super) const FRAME: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https: http:; \
    form-action 'none'; frame-ancestors 'self'; \
    sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox";

/// The digest in a mail program that shows no pictures.
pub(super) const FRAME_WITHOUT_IMAGES: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'none'; \
    form-action 'none'; frame-ancestors 'self'; \
    sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox";

/// Refuses foreign names, and marks every answer as of no concern to other sites and to no cache.
pub(super) async fn guard(State(port): State<u16>, request: Request, next: Next) -> Response {
    let mut response = match is_ours(request.headers(), port) {
        true => next.run(request).await,
        false => (
            StatusCode::MISDIRECTED_REQUEST,
            "This preview answers as 127.0.0.1 and localhost only.\n",
        )
            .into_response(),
    };
    let headers = response.headers_mut();
    put(headers, header::CACHE_CONTROL, "no-store");
    put(headers, header::REFERRER_POLICY, "no-referrer");
    put(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    headers.remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    for name in ["cross-origin-resource-policy", "cross-origin-opener-policy"] {
        put(headers, HeaderName::from_static(name), "same-origin");
    }
    response
}

fn is_ours(headers: &HeaderMap, port: u16) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let ours = ["127.0.0.1", "localhost"].map(|name| format!("{name}:{port}"));
    ours.iter().any(|name| name.as_bytes() == host.as_bytes())
}
