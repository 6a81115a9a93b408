//! `courant sources`: how each source fares, and what would come of one, post by post.

use std::path::{Path, PathBuf};

use serde::Serialize;
use url::Url;

use super::summary::has_errors;
use crate::cli::args::Sources;
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::{self, Printer, clock, count};
use crate::cli::session::Session;
use crate::config::{self, Config};
use crate::gather::{self, Fetcher, Gathered};
use crate::model::{Diagnostic, Hold, Post, Source, SourceKind, SourceName};
use crate::pipeline::{self, Fault};
use crate::store::Store;

/// Runs one of the subcommands.
pub async fn sources(session: &Session, command: Sources) -> Result<Exit, Failure> {
    match command {
        Sources::List => list(session).await,
        Sources::Test { what } => test(session, &what).await,
        Sources::Parse { manifest } => super::parse::parse(&manifest),
    }
}

/// A source as `--json` gives it.
#[derive(Serialize)]
struct Shown {
    name: String,
    location: String,
    posts: i64,
    last_success_at: Option<jiff::Timestamp>,
    error: Option<String>,
}

async fn list(session: &Session) -> Result<Exit, Failure> {
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
                let well = if seen.is_some() {
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
        error: state.and_then(|state| state.last_error),
    })
}

async fn test(session: &Session, what: &str) -> Result<Exit, Failure> {
    let config = session.config()?;
    let now = session.clock().now();
    let gathered = match subject(&config, what)? {
        Subject::Source(source) => {
            let fetcher = Fetcher::new(pipeline::fetch_settings(&config)).map_err(Fault::from)?;
            gather::gather(&source, None, &fetcher, now).await
        }
        Subject::Feed(source, path) => {
            let bytes = std::fs::read(&path).map_err(|error| {
                let why = config::cause(&error);
                Failure::new(
                    Exit::NoInput,
                    format!("cannot read `{}`: {why}", path.display()),
                )
            })?;
            let url =
                Url::from_file_path(path.canonicalize().unwrap_or(path.clone())).map_err(|()| {
                    Failure::new(Exit::NoInput, format!("cannot name {}", path.display()))
                })?;
            let read = gather::read_feed(&bytes, None, &url, &source);
            return tested(
                session,
                &read.map_err(|error| failure(what, &error, false))?,
            );
        }
    };
    tested(
        session,
        &gathered.map_err(|error| failure(what, &error, true))?,
    )
}

/// Why nothing came of it; asking a server again may help, reading a file again does not.
fn failure(what: &str, error: &gather::Error, may_pass: bool) -> Failure {
    let exit = if may_pass && error.is_transient() {
        Exit::TryAgain
    } else {
        Exit::Data
    };
    let failure = Failure::new(exit, format!("`{what}`: {error}"));
    match error.advice() {
        Some(advice) => failure.hint(advice),
        None => failure,
    }
}

/// What `sources test --json` gives.
#[derive(Serialize)]
struct Tested<'a> {
    title: Option<&'a str>,
    posts: &'a [Post],
    faults: &'a [Diagnostic],
}

fn tested(session: &Session, gathered: &Gathered) -> Result<Exit, Failure> {
    let tested = Tested {
        title: gathered.title.as_deref(),
        posts: &gathered.posts,
        faults: &gathered.faults,
    };
    session
        .printer
        .either(&tested, |printer| show(printer, gathered));
    session.printer.faults(&gathered.faults);
    let faulty = has_errors(&gathered.faults);
    Ok(if faulty { Exit::Part } else { Exit::Done })
}

/// What `test` was given.
enum Subject {
    Source(Source),
    Feed(Source, PathBuf),
}

fn subject(config: &Config, what: &str) -> Result<Subject, Failure> {
    if let Some(known) = config
        .sources
        .iter()
        .find(|source| source.name.as_str() == what)
    {
        return Ok(Subject::Source(known.clone()));
    }
    if let Some(url) = Url::parse(what)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
    {
        return Ok(Subject::Source(unnamed(SourceKind::Url(url))?));
    }
    let path = Path::new(what);
    if path.is_dir() {
        let folder = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        return Ok(Subject::Source(unnamed(SourceKind::Folder(folder))?));
    }
    if path.is_file() {
        return Ok(Subject::Feed(
            unnamed(SourceKind::Folder(path.to_owned()))?,
            path.to_owned(),
        ));
    }
    let known: Vec<String> = config
        .sources
        .iter()
        .map(|source| format!("`{}`", source.name))
        .collect();
    Err(Failure::new(
        Exit::NoInput,
        format!("`{what}` is no source, address, file or folder"),
    )
    .hint(match known.as_slice() {
        [] => "no source is configured yet".to_owned(),
        _ => format!("known sources: {}", known.join(", ")),
    }))
}

/// A source that is not in the configuration.
fn unnamed(kind: SourceKind) -> Result<Source, Failure> {
    let name =
        SourceName::parse("test").map_err(|error| Failure::new(Exit::Ours, error.to_string()))?;
    Ok(Source {
        name,
        kind,
        topics: vec![],
        language: None,
        call_to_action: None,
    })
}

fn show(printer: &Printer, gathered: &Gathered) {
    if let Some(title) = &gathered.title {
        printer.line(format!("“{title}”"));
    }
    printer.line(count(gathered.posts.len(), "post", "posts"));
    for post in &gathered.posts {
        printer.line("");
        show_post(printer, post);
    }
}

fn held(hold: &Hold) -> String {
    match hold {
        Hold::Draft => "a draft".to_owned(),
        Hold::Until(at) => format!("until {at}"),
        Hold::Withdrawn => "no longer in its folder".to_owned(),
    }
}

fn show_post(printer: &Printer, post: &Post) {
    let derived = if post.title_derived {
        "  (title made of the text)"
    } else {
        ""
    };
    printer.line(format!("{}{derived}", post.title));
    let topics: Vec<String> = post.topics.iter().map(ToString::to_string).collect();
    let fields = [
        ("link", post.link.clone()),
        ("identity", Some(post.identity.clone())),
        (
            "author",
            post.author.as_ref().map(|author| author.name.clone()),
        ),
        (
            "bio",
            post.author.as_ref().and_then(|author| author.bio.clone()),
        ),
        ("date", post.published.map(|at| at.to_string())),
        ("language", post.language.as_ref().map(ToString::to_string)),
        ("topics", (!topics.is_empty()).then(|| topics.join(", "))),
        ("image", post.image.as_ref().map(|image| image.url.clone())),
        (
            "call to action",
            post.call_to_action.as_ref().map(|call| call.text.clone()),
        ),
        ("held", post.hold.as_ref().map(held)),
        ("summary", Some(post.summary.clone())),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            printer.line(format!("  {name:<15}{value}"));
        }
    }
}
