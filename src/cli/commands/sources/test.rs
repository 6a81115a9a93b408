//! `courant sources test`: what would come of a source, an address, a file or a folder, post by post. Saves nothing.

use std::path::{Path, PathBuf};

use serde::Serialize;
use url::Url;

use crate::cli::commands::summary::has_errors;
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::{Printer, count, titled};
use crate::cli::session::Session;
use crate::config::{self, Config};
use crate::gather::{self, Fetcher, Found, Gathered};
use crate::model::{Diagnostic, Hold, Post, Source, SourceKind, SourceName};
use crate::pipeline::{self, Fault};

/// Gathers once, and shows what was found.
pub async fn test(session: &Session, what: &str) -> Result<Exit, Failure> {
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
            // A page that lies here cannot be asked for more, but may say where its feed is.
            let read = read.map_err(|error| match gather::feed_of_page(&bytes, &url) {
                Some(feed) if matches!(error, gather::Error::WebPage) => {
                    gather::Error::FeedElsewhere {
                        feed: feed.into(),
                        why: None,
                    }
                }
                _ => error,
            });
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
pub fn failure(what: &str, error: &gather::Error, may_pass: bool) -> Failure {
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
    found: Option<Discovered>,
    repairs: &'a [String],
    posts: &'a [Post],
    faults: &'a [Diagnostic],
}

/// The feed of a page, as `--json` gives it.
#[derive(Serialize)]
pub struct Discovered {
    page: String,
    feed: String,
    others: Vec<String>,
}

impl Discovered {
    /// What was found.
    pub fn of(found: &Found) -> Self {
        Self {
            page: found.page.to_string(),
            feed: found.feed.to_string(),
            others: found.others.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Says where the feed of a page is.
pub fn show_found(printer: &Printer, gathered: &Gathered) {
    let Some(found) = &gathered.found else {
        return;
    };
    printer.line(format!(
        "{} is a web page; its feed is at {}",
        found.page, found.feed
    ));
    for other in &found.others {
        printer.line(format!("  also: {other}"));
    }
}

fn tested(session: &Session, gathered: &Gathered) -> Result<Exit, Failure> {
    let tested = Tested {
        title: gathered.title.as_deref(),
        found: gathered.found.as_ref().map(Discovered::of),
        repairs: &gathered.repairs,
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
pub fn unnamed(kind: SourceKind) -> Result<Source, Failure> {
    let name =
        SourceName::parse("test").map_err(|error| Failure::new(Exit::Ours, error.to_string()))?;
    Ok(Source::new(name, kind))
}

fn show(printer: &Printer, gathered: &Gathered) {
    show_found(printer, gathered);
    if let Some(title) = &gathered.title {
        printer.line(format!("“{title}”"));
    }
    printer.line(count(gathered.posts.len(), "post", "posts"));
    for repair in &gathered.repairs {
        printer.line(format!("repaired: {repair}"));
    }
    for post in &gathered.posts {
        printer.line("");
        show_post(printer, post);
    }
}

fn held(hold: &Hold) -> String {
    match hold {
        Hold::Draft => "a draft".to_owned(),
        Hold::Until(at) => format!("until {at}"),
        Hold::Withdrawn | Hold::Missed => "no longer there".to_owned(),
        Hold::Private => "not for everybody".to_owned(),
        Hold::Expired(at) => format!("expired at {at}"),
    }
}

fn show_post(printer: &Printer, post: &Post) {
    printer.line(titled(&post.title, post.title_derived));
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
