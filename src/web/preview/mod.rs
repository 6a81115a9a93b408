//! The next issue in the browser of this machine: every variant and reader, at two widths, in two schemes.
//!
//! In comes what is to be shown, a new [`Show`] for every change; out go pages that follow it. Changes nothing, sends
//! nothing, and answers nobody but this machine: the names of readers are on these pages.

mod choice;
mod frame;
mod guard;
mod markup;
mod parts;
mod shell;

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{Response as HttpResponse, StatusCode, header};
use axum::middleware;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream::{self, Stream};
use tokio::sync::watch;

use super::files::{self, put};
use super::shelf::Shelf;
use crate::model::{Diagnostic, Format};
use choice::{Choice, Images};

/// What the preview shows at one moment.
#[derive(Default)]
pub struct Show {
    /// Counts the changes, so that a page knows whether it is behind.
    pub revision: u64,
    /// The newsletter's name.
    pub newsletter: String,
    /// The folder of published files.
    pub public: PathBuf,
    /// The next issue of each schedule; empty before the first was made.
    pub sheets: Arc<Vec<Sheet>>,
    /// Why the newest change cannot be shown; then the sheets are those of before.
    pub broken: Vec<Diagnostic>,
}

/// The next issue of one schedule.
pub struct Sheet {
    /// The schedule's name.
    pub schedule: String,
    /// Why no issue would be made of it now, if so.
    pub quiet: Option<String>,
    /// The number of the issue that is shown in the place of the next one, if there is nothing new to show.
    pub again: Option<String>,
    /// Its renderings, most readers first.
    pub variants: Vec<ShownVariant>,
    /// Everyone on the list, and what each would get.
    pub readers: Vec<ShownReader>,
    /// What the preflight and the sources say.
    pub faults: Vec<Diagnostic>,
    /// Makes the copy of a reader.
    pub copies: Box<dyn Copies>,
}

/// One rendering.
#[derive(Debug, Clone)]
pub struct ShownVariant {
    /// Its subject.
    pub subject: String,
    /// What stands beside the subject in a list of mails.
    pub preheader: String,
    /// Its language.
    pub language: String,
    /// HTML and text, or text alone.
    pub format: Format,
    /// The topics that its readers chose.
    pub topics: String,
    /// Posts it shows.
    pub posts: usize,
    /// Readers who share it.
    pub readers: usize,
}

/// Someone on the list.
#[derive(Debug, Clone)]
pub struct ShownReader {
    /// The address.
    pub address: String,
    /// How they are greeted.
    pub name: Option<String>,
    /// The index of their variant, or why they would get nothing.
    pub gets: Result<usize, String>,
}

/// What one reader would get.
#[derive(Debug, Clone)]
pub struct ShownCopy {
    /// The HTML part.
    pub html: Option<String>,
    /// The text part.
    pub text: String,
    /// The whole message, with CRLF line ends.
    pub message: String,
    /// The unsubscribe link in it.
    pub unsubscribe: String,
    /// The newsletter's own address, with which links to its pictures begin.
    pub base: String,
}

/// Makes copies of an issue for its readers.
pub trait Copies: Send + Sync {
    /// What this reader would get in this variant; a made-up one, if none is given.
    fn copy(&self, variant: usize, reader: Option<usize>) -> Result<ShownCopy, Box<Diagnostic>>;

    /// Where a picture of the issue lies, by its name below the newsletter's address.
    fn picture(&self, name: &str) -> Option<PathBuf>;
}

/// What is shown, as it changes. When the sender is dropped, pages are told nothing more and the server may end.
pub type Shows = watch::Receiver<Arc<Show>>;

/// All routes of the preview that listens on this port.
pub fn preview_routes(shows: Shows, port: u16) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/frame", get(framed))
        .route("/message.eml", get(message))
        .route("/pictures/{*name}", get(picture))
        .route("/events", get(events))
        .route("/shell.css", get(|| async { asset(CSS, "text/css") }))
        .route("/shell.js", get(|| async { asset(JS, "text/javascript") }))
        .route("/icon.svg", get(|| async { asset(ICON, "image/svg+xml") }))
        .layer(middleware::from_fn_with_state(port, guard::guard))
        .with_state(shows)
}

const CSS: &str = include_str!("shell.css");
const JS: &str = include_str!("shell.js");
const ICON: &str = include_str!("icon.svg");

fn asset(text: &'static str, kind: &str) -> Response {
    let mut response = HttpResponse::new(Body::from(text));
    put(response.headers_mut(), header::CONTENT_TYPE, kind);
    response
}

async fn page(State(shows): State<Shows>, Query(choice): Query<Choice>) -> Response {
    let show = shows.borrow().clone();
    html(shell::page(&show, &choice), guard::SHELL)
}

/// The digest as it is shown inside the page.
async fn framed(State(shows): State<Shows>, Query(choice): Query<Choice>) -> Response {
    let show = shows.borrow().clone();
    let policy = match choice.images {
        Images::On => guard::FRAME,
        Images::Off => guard::FRAME_WITHOUT_IMAGES,
    };
    match copy(&show, &choice) {
        Ok(copy) => html(frame::framed(&copy, choice.scheme), policy),
        Err(fault) => fault.into_response(),
    }
}

async fn message(State(shows): State<Shows>, Query(choice): Query<Choice>) -> Response {
    let show = shows.borrow().clone();
    let copy = match copy(&show, &choice) {
        Ok(copy) => copy,
        Err(fault) => return fault.into_response(),
    };
    let mut response = HttpResponse::new(Body::from(copy.message));
    let headers = response.headers_mut();
    put(headers, header::CONTENT_TYPE, "message/rfc822");
    let name = "attachment; filename=\"preview.eml\"";
    put(headers, header::CONTENT_DISPOSITION, name);
    response
}

/// The copy that is chosen, or why there is none.
fn copy(show: &Show, choice: &Choice) -> Result<ShownCopy, (StatusCode, String)> {
    let Some(shown) = choice.of(show) else {
        return Err((StatusCode::NOT_FOUND, "there is no such issue\n".to_owned()));
    };
    match shown.variant {
        Ok(variant) => {
            let made = shown.sheet.copies.copy(variant, shown.reader);
            made.map_err(|fault| (StatusCode::INTERNAL_SERVER_ERROR, format!("{fault}\n")))
        }
        Err(why) => Err((StatusCode::NOT_FOUND, format!("nothing: {why}\n"))),
    }
}

async fn picture(State(shows): State<Shows>, Path(name): Path<String>) -> Response {
    let show = shows.borrow().clone();
    let mut sheets = show.sheets.iter();
    let file = match sheets.find_map(|sheet| sheet.copies.picture(&name)) {
        Some(path) => files::read(&path).await,
        None => files::find(&show.public, &name).await,
    };
    let nothing = axum::http::HeaderMap::new();
    let answered = match file {
        Some(file) => file.answer(&nothing, &Shelf::default()).await,
        None => None,
    };
    answered.unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
}

/// What a page has seen.
#[derive(serde::Deserialize)]
struct Seen {
    #[serde(default)]
    seen: u64,
}

/// Tells a page that it is behind, at once and whenever it happens (WHATWG HTML §9.2).
async fn events(
    State(shows): State<Shows>,
    Query(Seen { seen }): Query<Seen>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = stream::unfold((shows, seen), |(mut shows, seen)| async move {
        let newer = shows.wait_for(|show| show.revision != seen).await;
        let revision = newer.ok()?.revision;
        let event = Event::default().event("changed").data(revision.to_string());
        Some((Ok(event), (shows, revision)))
    });
    Sse::new(changes).keep_alive(KeepAlive::default())
}

fn html(text: String, policy: &str) -> Response {
    let mut response = HttpResponse::new(Body::from(text));
    let headers = response.headers_mut();
    put(headers, header::CONTENT_TYPE, "text/html; charset=utf-8");
    put(headers, header::CONTENT_SECURITY_POLICY, policy);
    response
}
