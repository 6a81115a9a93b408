//! What `courant serve` answers: the feed and the archive as files, and the page through which a reader leaves. And the
//! pages of `courant preview --open`.
//!
//! GET never changes anything, since mail scanners open every link; POST does (RFC 8058). Personal pages are not
//! stored, not indexed, and say nothing to the next site. Every connection has a limit on the time for its headers.

mod files;
mod leaving;
mod origin;
mod packing;
mod preview;
mod serve;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::middleware::map_response_with_state;
use axum::response::Response;
use axum::routing::get;

use crate::audience::Keys;
use crate::compose::Composer;
use crate::model::{Clock, Masthead};
use crate::store::Store;

pub use preview::{
    Copies, Sheet, Show, ShownCopy, ShownReader, ShownVariant, Shows, preview_routes,
};
pub use serve::{ServeError, Server};

/// Longest body of a request, in bytes: a one-click form has thirty.
const MAX_BODY: usize = 16 * 1024;

/// What the pages are made of.
pub struct Site {
    /// Who left, and who may.
    pub store: Store,
    /// Judges tokens.
    pub keys: Keys,
    /// Makes pages.
    pub composer: Composer,
    /// Whose pages they are.
    pub masthead: Masthead,
    /// The folder of published files.
    pub public: PathBuf,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// All routes.
pub fn routes(site: Arc<Site>) -> Router {
    let policy = origin::policy(&site.masthead.url);
    Router::new()
        .route(
            &format!("{}{{*link}}", leaving::LEAVE),
            get(leaving::ask).post(leaving::leave),
        )
        .route("/healthz", get(|| async { "ok\n" }))
        .fallback(get(published))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(map_response_with_state(policy, origin::guarded))
        .with_state(site)
}

async fn published(State(site): State<Arc<Site>>, request: axum::extract::Request) -> Response {
    match files::find(&site.public, request.uri().path()).await {
        Some(file) => answer(file, request.headers().clone()).await,
        None => leaving::not_found(&site),
    }
}

/// Packing computes, so it happens where it keeps nobody waiting.
async fn answer(file: files::PublishedFile, asked: axum::http::HeaderMap) -> Response {
    let answered = tokio::task::spawn_blocking(move || file.answer(&asked));
    answered.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a published file could not be answered");
        let mut response = Response::default();
        *response.status_mut() = axum::http::StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}
