//! `courant sources list`: how each source fares.

use serde::Serialize;

use crate::cli::exit::{Exit, Failure};
use crate::cli::print::{self, clock};
use crate::cli::session::Session;
use crate::model::{Source, SourceKind};
use crate::pipeline::Fault;
use crate::store::Store;

/// A source as `--json` gives it.
#[derive(Serialize)]
struct Shown {
    name: String,
    location: String,
    posts: i64,
    last_success_at: Option<jiff::Timestamp>,
    error: Option<String>,
    paused: bool,
}

/// Lists the sources of the configuration.
pub async fn list(session: &Session) -> Result<Exit, Failure> {
    let config = session.config()?;
    let store = session.store(&config).await?;
    let mut all = Vec::new();
    for source in &config.sources {
        all.push(shown(store.as_ref(), source).await?);
    }
    session.printer.either(&all, |printer| {
        if all.is_empty() {
            printer.line("No source yet: each is a `[[source]]` of `courant.toml`.");
            return;
        }
        let rows: Vec<Vec<String>> = all
            .iter()
            .map(|source| {
                let zone = &config.newsletter.timezone;
                let seen = source.last_success_at.map(|at| clock(at, zone));
                let well = if source.paused {
                    "paused"
                } else if seen.is_some() {
                    "ok"
                } else {
                    "not asked yet"
                };
                vec![
                    source.name.clone(),
                    source.posts.to_string(),
                    seen.unwrap_or_else(|| "never".to_owned()),
                    source.location.clone(),
                    source.error.clone().unwrap_or_else(|| well.to_owned()),
                ]
            })
            .collect();
        printer.table(&["source", "posts", "last read", "where", "state"], &rows);
    });
    Ok(Exit::Done)
}

async fn shown(store: Option<&Store>, source: &Source) -> Result<Shown, Failure> {
    let state = match store {
        Some(store) => store.source_state(&source.name).await,
        None => Ok(None),
    };
    let state = state.map_err(Fault::from)?;
    Ok(Shown {
        name: source.name.to_string(),
        location: match &source.kind {
            SourceKind::Url(url) => url.to_string(),
            SourceKind::Folder(folder) => print::shown(folder),
        },
        posts: state.as_ref().map_or(0, |state| state.posts),
        last_success_at: state.as_ref().and_then(|state| state.last_success_at),
        error: state
            .and_then(|state| state.last_error)
            .filter(|_| !source.paused),
        paused: source.paused,
    })
}
