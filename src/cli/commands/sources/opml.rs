//! `courant sources import` and `export`: a list of subscriptions (OPML) as any feed reader writes and reads it.

use std::collections::HashSet;
use std::io::{IsTerminal, Read as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{add, naming};
use crate::cli::cleaned;
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::{Printer, count, shown};
use crate::cli::session::Session;
use crate::config::{self, Config, NewSource, SourceEdit};
use crate::gather::{self, Memory, Subscriptions};
use crate::model::{Diagnostic, Source, SourceKind, SourceName, Topic};
use crate::pipeline::Fault;
use crate::syndicate::{self, Outline};

/// Sources that are listed one by one; of more, the number is enough.
const LISTED: usize = 20;

/// More than any list has; a larger file is not one, in bytes.
const MAX_LIST: u64 = 50_000_000;

/// What `sources import --json` gives.
#[derive(Serialize)]
struct Imported<'a> {
    added: Vec<Shown<'a>>,
    known: usize,
    faults: &'a [Diagnostic],
    file: String,
    written: bool,
}

#[derive(Serialize)]
struct Shown<'a> {
    name: &'a SourceName,
    url: &'a url::Url,
    topics: &'a [Topic],
}

/// Adds the sources of a list; those that are read already are counted and passed over.
pub fn import(
    session: &Session,
    list: &Path,
    topics: &[String],
    dry_run: bool,
) -> Result<Exit, Failure> {
    let config = session.config()?;
    let topics = add::topics(topics)?;
    let read = gather::read_opml(&bytes(list)?).map_err(|error| {
        Failure::new(Exit::Data, format!("`{}`: {error}", list.display()))
            .hint("feed readers call it “export subscriptions”, and the file ends in .opml")
    })?;
    let (new, known) = new_sources(&config, &read, &topics);
    let edit = SourceEdit::Add(new.clone());
    let edited = session.edit_sources(&edit, !dry_run)?;
    let imported = Imported {
        added: new.iter().map(shown_source).collect(),
        known,
        faults: &read.faults,
        file: shown(&edited.file),
        written: !dry_run && edited.changed,
    };
    session
        .printer
        .either(&imported, |printer| show(printer, &imported, dry_run));
    session.printer.faults(&read.faults);
    Ok(match read.faults.is_empty() {
        true => Exit::Done,
        false => Exit::Part,
    })
}

fn bytes(list: &Path) -> Result<Vec<u8>, Failure> {
    let cannot = |error: std::io::Error| {
        let why = config::cause(&error);
        Failure::new(
            Exit::NoInput,
            format!("cannot read `{}`: {why}", list.display()),
        )
    };
    if list != Path::new("-") {
        return std::fs::read(list).map_err(cannot);
    }
    let input = std::io::stdin();
    if input.is_terminal() {
        return Err(Failure::new(
            Exit::Usage,
            "`-` reads the list from a pipe, and there is none",
        ));
    }
    let mut bytes = Vec::new();
    input
        .lock()
        .take(MAX_LIST)
        .read_to_end(&mut bytes)
        .map_err(cannot)?;
    Ok(bytes)
}

/// Those of the list that are not read yet, each once, and how many others there are.
fn new_sources(config: &Config, read: &Subscriptions, topics: &[Topic]) -> (Vec<NewSource>, usize) {
    let mut taken: HashSet<SourceName> = config
        .sources
        .iter()
        .map(|source| source.name.clone())
        .collect();
    let mut seen: HashSet<Option<String>> = config
        .sources
        .iter()
        .filter_map(|source| match &source.kind {
            SourceKind::Url(url) => Some(gather::canonical_link(url.as_str())),
            SourceKind::Folder(_) => None,
        })
        .collect();
    let mut new = Vec::new();
    for found in &read.found {
        if !seen.insert(gather::canonical_link(found.feed.as_str())) {
            continue;
        }
        let mut all = topics.to_vec();
        all.extend(
            found
                .topics
                .iter()
                .filter(|topic| !topics.contains(topic))
                .cloned(),
        );
        new.push(NewSource {
            name: naming::name(found.title.as_deref(), &found.feed, &mut taken),
            url: found.feed.clone(),
            topics: all,
            pages: None,
            article: None,
            full_text: false,
        });
    }
    let known = read.found.len() - new.len();
    (new, known)
}

fn shown_source(source: &NewSource) -> Shown<'_> {
    Shown {
        name: &source.name,
        url: &source.url,
        topics: &source.topics,
    }
}

fn show(printer: &Printer, imported: &Imported<'_>, dry_run: bool) {
    let added = imported.added.len();
    let verb = if dry_run {
        "would be added to"
    } else {
        "added to"
    };
    let known = match imported.known {
        0 => String::new(),
        known => format!("; {known} read already or named twice"),
    };
    printer.line(format!(
        "{} {verb} {}{known}",
        count(added, "source", "sources"),
        imported.file
    ));
    for source in imported.added.iter().take(LISTED) {
        let topics: Vec<&str> = source.topics.iter().map(Topic::as_str).collect();
        let topics = match topics.is_empty() {
            true => String::new(),
            false => format!("  ({})", topics.join(", ")),
        };
        printer.line(format!("  {}  {}{topics}", source.name, source.url));
    }
    if added > LISTED {
        printer.line(format!("  and {} more", added - LISTED));
    }
}

/// Writes the sources as OPML; folders have no address for others and are left out.
pub async fn export(session: &Session, out: Option<PathBuf>) -> Result<Exit, Failure> {
    let config = session.config()?;
    let store = session.store(&config).await?;
    let mut outlines = Vec::new();
    for source in &config.sources {
        let memory = match &store {
            Some(store) => store
                .source_memory(&source.name)
                .await
                .map_err(Fault::from)?,
            None => None,
        };
        outlines.extend(outline(source, &Memory::of(source, memory.as_deref())));
    }
    let name = &config.newsletter.name;
    let text =
        syndicate::opml(name, name, Some(session.clock().now()), &outlines).map_err(Fault::from)?;
    let Some(out) = out else {
        session.printer.data(cleaned::xml(&text));
        return Ok(Exit::Done);
    };
    std::fs::write(&out, text).map_err(|error| {
        let why = config::cause(&error);
        Failure::new(
            Exit::CannotWrite,
            format!("cannot write `{}`: {why}", out.display()),
        )
    })?;
    session.printer.either(&out, |printer| {
        printer.line(format!(
            "wrote {} to {}",
            count(outlines.len(), "source", "sources"),
            shown(&out)
        ));
    });
    Ok(Exit::Done)
}

fn outline(source: &Source, memory: &Memory) -> Option<Outline> {
    let SourceKind::Url(url) = &source.kind else {
        return None;
    };
    let (feed, page) = match (memory.feed(), &source.pages) {
        (Some(feed), _) => (Some(feed), Some(url)),
        (None, Some(_)) => (None, Some(url)),
        (None, None) => (Some(url), None),
    };
    Some(Outline {
        text: source.name.to_string(),
        feed: feed.map(ToString::to_string),
        page: page.map(ToString::to_string),
        topics: source.topics.clone(),
    })
}
