//! `courant sources add`: finds the feed of an address, shows what would come of it, and writes a `[[source]]`.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use url::Url;

use super::naming;
use super::test::{self, Discovered};
use crate::cli::args::NewSourceArgs;
use crate::cli::commands::summary::show_commands;
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::{Printer, count, shown};
use crate::cli::session::Session;
use crate::config::{Config, NewSource, SourceEdit};
use crate::gather::{self, Fetcher, Gathered};
use crate::model::{Diagnostic, Pages, Post, Source, SourceKind, SourceName, Topic};
use crate::pipeline::{self, Fault};

/// Posts that are shown: enough to see whether it is what was meant.
const NEWEST: usize = 5;

/// What `sources add --json` gives.
#[derive(Serialize)]
struct Added<'a> {
    name: &'a SourceName,
    url: &'a Url,
    title: Option<&'a str>,
    found: Option<Discovered>,
    posts: usize,
    newest: Vec<Newest<'a>>,
    file: String,
    entry: &'a str,
    written: bool,
    faults: &'a [Diagnostic],
}

#[derive(Serialize)]
struct Newest<'a> {
    title: &'a str,
    published: Option<Timestamp>,
    link: Option<&'a str>,
}

/// Adds a source.
pub async fn add(session: &Session, wanted: NewSourceArgs) -> Result<Exit, Failure> {
    let config = session.config()?;
    let url = address(&wanted.url)?;
    refuse_known(&config, &url)?;
    let candidate = candidate(&wanted, &url)?;
    let fetcher = Fetcher::new(pipeline::fetch_settings(&config)).map_err(Fault::from)?;
    let now = session.clock().now();
    let gathered = gather::gather(&candidate, None, &fetcher, now)
        .await
        .map_err(|error| refused(session, &wanted.url, &error))?;
    let url = gathered
        .found
        .as_ref()
        .map_or(url, |found| found.feed.clone());
    refuse_known(&config, &url)?;
    let new = NewSource {
        name: chosen_name(&config, &wanted, gathered.title.as_deref(), &url)?,
        url,
        topics: candidate.topics.clone(),
        pages: candidate.pages.clone(),
        article: candidate.article.clone(),
        full_text: candidate.full_text,
    };
    let edit = SourceEdit::Add(vec![new.clone()]);
    let edited = session.edit_sources(&edit, !wanted.dry_run)?;
    let newest = newest(&gathered.posts);
    let added = Added {
        name: &new.name,
        url: &new.url,
        title: gathered.title.as_deref(),
        found: gathered.found.as_ref().map(Discovered::of),
        posts: gathered.posts.len(),
        newest: newest.iter().map(|post| shown_post(post)).collect(),
        file: shown(&edited.file),
        entry: &edited.added,
        written: !wanted.dry_run,
        faults: &gathered.faults,
    };
    let zone = &config.newsletter.timezone;
    session.printer.either(&added, |printer| {
        show(printer, &added, &gathered, &newest, zone);
        if added.written {
            show_next(printer, &session.program(), &new.name);
        }
    });
    session.printer.faults(&gathered.faults);
    Ok(Exit::Done)
}

/// Why nothing can be added; the hint can be typed as it stands.
fn refused(session: &Session, typed: &str, error: &gather::Error) -> Failure {
    let gather::Error::NoFeed {
        suggestion: Some(selector),
        ..
    } = error
    else {
        return test::failure(typed, error, true);
    };
    let program = session.program();
    Failure::new(Exit::Data, format!("`{typed}`: {error}")).hint(format!(
        "its posts may be found by the links on it: `{program} sources add {typed} --posts \"{selector}\"`; or by its sitemap: `--sitemap`"
    ))
}

/// An address as people type it.
pub fn address(typed: &str) -> Result<Url, Failure> {
    let text = typed.trim();
    let whole = match text.contains("://") {
        true => text.to_owned(),
        false => format!("https://{text}"),
    };
    let url = Url::parse(&whole).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url
                .host_str()
                .is_some_and(|host| host.contains(['.', ':']) || host == "localhost")
    });
    url.ok_or_else(|| {
        Failure::new(Exit::Usage, format!("`{typed}` is no address of the web"))
            .hint("write it as in a browser: `https://blog.example.nl`")
    })
}

/// A source whose address is this one, however it is spelled.
pub fn known<'a>(config: &'a Config, url: &Url) -> Option<&'a Source> {
    let wanted = gather::canonical_link(url.as_str());
    config.sources.iter().find(|source| match &source.kind {
        SourceKind::Url(known) => gather::canonical_link(known.as_str()) == wanted,
        SourceKind::Folder(_) => false,
    })
}

fn refuse_known(config: &Config, url: &Url) -> Result<(), Failure> {
    match known(config, url) {
        None => Ok(()),
        Some(source) => Err(Failure::new(
            Exit::Data,
            format!("`{url}` is read already, as source `{}`", source.name),
        )
        .hint("nothing was written")),
    }
}

/// The source as it would be, under a name that nobody sees.
fn candidate(wanted: &NewSourceArgs, url: &Url) -> Result<Source, Failure> {
    let mut source = test::unnamed(SourceKind::Url(url.clone()))?;
    source.topics = topics(&wanted.topic)?;
    source.full_text = wanted.full_text;
    source.article.clone_from(&wanted.article);
    source.pages = match (&wanted.posts, wanted.sitemap) {
        (Some(selector), _) => Some(Pages::Links(selector.clone())),
        (None, true) => Some(Pages::Sitemap {
            at: None,
            below: wanted.below.clone(),
        }),
        (None, false) => None,
    };
    for selector in wanted.posts.iter().chain(&wanted.article) {
        if !gather::is_selector(selector) {
            return Err(
                Failure::new(Exit::Usage, format!("`{selector}` is not a CSS selector"))
                    .hint("write it as in a style sheet: `main article h2 a`"),
            );
        }
    }
    Ok(source)
}

/// Topics as typed; a free text is made into one for the hint.
pub fn topics(typed: &[String]) -> Result<Vec<Topic>, Failure> {
    let topic = |text: &String| {
        Topic::parse(text).map_err(|error| {
            let failure = Failure::new(Exit::Usage, format!("invalid topic `{text}`: {error}"));
            match Topic::from_label(text) {
                Some(meant) => failure.hint(format!("did you mean `{meant}`?")),
                None => failure,
            }
        })
    };
    typed.iter().map(topic).collect()
}

fn chosen_name(
    config: &Config,
    wanted: &NewSourceArgs,
    title: Option<&str>,
    url: &Url,
) -> Result<SourceName, Failure> {
    let mut taken: HashSet<SourceName> = config
        .sources
        .iter()
        .map(|source| source.name.clone())
        .collect();
    let Some(typed) = &wanted.name else {
        return Ok(naming::name(title, url, &mut taken));
    };
    let name = SourceName::parse(typed)
        .map_err(|error| Failure::new(Exit::Usage, format!("invalid name `{typed}`: {error}")))?;
    match taken.contains(&name) {
        true => Err(
            Failure::new(Exit::Usage, format!("there is a source `{name}` already"))
                .hint("names tell sources apart for ever: choose another with `--name`"),
        ),
        false => Ok(name),
    }
}

/// The newest posts, by date where they have one, else in the source's order.
fn newest(posts: &[Post]) -> Vec<&Post> {
    let mut posts: Vec<&Post> = posts.iter().collect();
    posts.sort_by_key(|post| std::cmp::Reverse(post.published));
    posts.truncate(NEWEST);
    posts
}

fn shown_post(post: &Post) -> Newest<'_> {
    Newest {
        title: &post.title,
        published: post.published,
        link: post.link.as_deref(),
    }
}

fn show(
    printer: &Printer,
    added: &Added<'_>,
    gathered: &Gathered,
    newest: &[&Post],
    zone: &TimeZone,
) {
    test::show_found(printer, gathered);
    let title = added
        .title
        .map_or(String::new(), |title| format!("“{title}”: "));
    printer.line(format!("{title}{}", count(added.posts, "post", "posts")));
    for post in newest {
        let date = post.published.map(|at| {
            at.to_zoned_datetime(zone.clone())
                .strftime("%Y-%m-%d")
                .to_string()
        });
        let date = date.unwrap_or_else(|| "no date".to_owned());
        printer.line(format!("  {date:<10}  {}", post.title));
    }
    if added.posts > newest.len() {
        printer.line(format!("  and {} more", added.posts - newest.len()));
    }
    printer.line("");
    let verb = if added.written {
        "added to"
    } else {
        "would be added to"
    };
    printer.line(format!("{verb} {}:", added.file));
    printer.line("");
    for line in added.entry.trim_end().lines() {
        printer.line(format!("  {line}"));
    }
}

/// What to type next.
fn show_next(printer: &Printer, program: &str, name: &SourceName) {
    printer.line("");
    show_commands(
        printer,
        &[
            (
                format!("{program} sources test {name}"),
                "every post, as it would come".to_owned(),
            ),
            (
                format!("{program} plan"),
                "what the next issue would be".to_owned(),
            ),
        ],
    );
}
