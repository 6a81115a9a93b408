//! What `courant serve` answers: the feed and the archive as files, and the page through which a reader leaves. And the
//! pages of `courant preview --open`.
//!
//! GET never changes anything, since mail scanners open every link; POST does (RFC 8058). Personal pages are not
//! stored, not indexed, and say nothing to the next site. Connections are bounded in number, by address, and in what they may
//! say and how slowly they may take it.

mod crowd;
mod files;
mod leaving;
mod origin;
mod packing;
mod preview;
mod serve;
mod shelf;

use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::map_response_with_state;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};

use self::shelf::Shelf;
use crate::audience::Keys;
use crate::compose::Composer;
use crate::model::{Clock, Masthead};
use crate::store::Store;

pub use preview::{
    Copies, Sheet, Show, ShownCopy, ShownReader, ShownVariant, Shows, preview_routes,
};
pub use serve::{Limits, ServeError, Server};

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
        .layer(Extension(Arc::new(Shelf::default())))
        .layer(map_response_with_state(policy, origin::guarded))
        .with_state(site)
}

async fn published(
    State(site): State<Arc<Site>>,
    Extension(shelf): Extension<Arc<Shelf>>,
    request: Request,
) -> Response {
    let answered = match files::find(&site.public, request.uri().path()).await {
        Some(file) => file.answer(request.headers(), &shelf).await,
        None => None,
    };
    answered.unwrap_or_else(|| leaving::not_found(&site))
}
