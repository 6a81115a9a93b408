//! `courant sources`: how each source fares, and what would come of one, post by post.

use std::path::{Path, PathBuf};

use serde::Serialize;
use url::Url;

use crate::cli::args::Sources;
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::{Printer, count};
use crate::cli::session::Session;
use crate::config::Config;
use crate::gather::{self, Fetcher, Gathered};
use crate::model::{Post, Severity, Source, SourceKind, SourceName};
use crate::pipeline::{self, Fault, Pipeline};

/// Runs one of the subcommands.
pub async fn sources(session: &Session, command: Sources) -> Result<Exit, Failure> {
    match command {
        Sources::List => list(session).await,
        Sources::Test { what } => test(session, &what).await,
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
    let pipeline = session.pipeline().await?;
    let mut all = Vec::new();
    for source in &pipeline.config.sources {
        all.push(shown(&pipeline, source).await?);
    }
    session.printer.either(&all, |printer| {
        let rows: Vec<Vec<String>> = all
            .iter()
            .map(|source| {
                let seen = source
                    .last_success_at
                    .map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string());
                vec![
                    source.name.clone(),
                    source.posts.to_string(),
                    seen.unwrap_or_else(|| "never".to_owned()),
                    source.error.clone().unwrap_or_else(|| "ok".to_owned()),
                    source.location.clone(),
                ]
            })
            .collect();
        printer.table(&["source", "posts", "last read", "state", "where"], &rows);
    });
    Ok(Exit::Done)
}

async fn shown(pipeline: &Pipeline, source: &Source) -> Result<Shown, Failure> {
    let state = pipeline
        .store
        .source_state(&source.name)
        .await
        .map_err(Fault::from)?;
    Ok(Shown {
        name: source.name.to_string(),
        location: match &source.kind {
            SourceKind::Url(url) => url.to_string(),
            SourceKind::Folder(folder) => super::run::shown(folder),
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
                Failure::new(
                    Exit::NoInput,
                    format!("cannot read {}: {error}", path.display()),
                )
            })?;
            let url =
                Url::from_file_path(path.canonicalize().unwrap_or(path.clone())).map_err(|()| {
                    Failure::new(Exit::NoInput, format!("cannot name {}", path.display()))
                })?;
            gather::read_feed(&bytes, None, &url, &source)
        }
    };
    let gathered = gathered.map_err(|error| {
        let exit = if error.is_transient() {
            Exit::TryAgain
        } else {
            Exit::Data
        };
        Failure::new(exit, format!("`{what}`: {error}"))
    })?;
    session
        .printer
        .either(&gathered.posts, |printer| show(printer, &gathered));
    session.printer.faults(&gathered.faults);
    let faulty = gathered
        .faults
        .iter()
        .any(|fault| fault.severity == Severity::Error);
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
    .hint(format!("known sources: {}", known.join(", "))))
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
        ("held", post.hold.as_ref().map(|hold| format!("{hold:?}"))),
        ("summary", Some(post.summary.clone())),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            printer.line(format!("  {name:<15}{value}"));
        }
    }
}
