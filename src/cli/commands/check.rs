//! `courant check`: everything that can be said without fetching or sending.
//!
//! Configuration, schedules, templates, secret and database first (78), then subscribers and posts in folders (65).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::summary::has_errors;
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::count;
use crate::cli::session::Session;
use crate::compose::{self, Composer};
use crate::config::{self, Config, Setting};
use crate::gather;
use crate::model::{Diagnostic, Post, SourceKind, Topic};
use crate::pipeline::{self, Fault};
use crate::store::Store;

/// What was checked; the counts are unknown where a fault stopped the check.
#[derive(Default, Serialize)]
pub struct Checked {
    sources: Option<usize>,
    schedules: Option<usize>,
    subscribers: Option<usize>,
    posts: Option<usize>,
    /// What is wrong, or deserves a look.
    pub faults: Vec<Diagnostic>,
}

impl Checked {
    /// How many there are of each.
    pub fn in_words(&self) -> String {
        let number = |number: Option<usize>| number.unwrap_or(0);
        format!(
            "{}, {}, {}, {} in folders",
            count(number(self.sources), "source", "sources"),
            count(number(self.schedules), "schedule", "schedules"),
            count(number(self.subscribers), "subscriber", "subscribers"),
            count(number(self.posts), "post", "posts"),
        )
    }
}

/// Checks, and says what was checked. With `--json` the faults are data, whatever they are.
pub async fn check(session: &Session) -> Result<Exit, Failure> {
    let (checked, exit) = match look(session).await {
        Ok(looked) => looked,
        Err(failure) if session.printer.json => {
            let faults = failure.faults;
            let checked = Checked {
                faults,
                ..Checked::default()
            };
            (checked, failure.exit)
        }
        Err(failure) => return Err(failure),
    };
    if !session.printer.json {
        session.printer.faults(&checked.faults);
    }
    session
        .printer
        .either(&checked, |printer| printer.line(checked.in_words()));
    Ok(exit)
}

async fn look(session: &Session) -> Result<(Checked, Exit), Failure> {
    let config = session.config()?;
    placeholders(&config)?;
    let composer = templates(&config)?;
    let store = session.store(&config).await?;
    if let Some(store) = &store
        && let Some(fault) = pipeline::check_journal(&config, store).await?
    {
        return Err(Fault::State(Box::new(fault)).into());
    }
    data(session, &config, &composer, store.as_ref()).await
}

/// Refuses what `init` wrote to be replaced, where readers would get it.
pub fn placeholders(config: &Config) -> Result<(), Failure> {
    let found = config::placeholders(config);
    match found.is_empty() {
        true => Ok(()),
        false => Err(Failure::config(found)),
    }
}

/// Templates, accent and selectors.
pub fn templates(config: &Config) -> Result<Composer, Failure> {
    let composer = pipeline::check_templates(config)?;
    pipeline::check_selectors(config)?;
    Ok(composer)
}

/// Subscribers and posts in folders, and what deserves a look in all that was read; and how a check of them ends.
pub async fn data(
    session: &Session,
    config: &Config,
    composer: &Composer,
    store: Option<&Store>,
) -> Result<(Checked, Exit), Failure> {
    let subscribers = pipeline::read_list(config)?;
    let (posts, post_faults) = check_folders(session, config);
    let mut checked = Checked {
        sources: Some(config.sources.len()),
        schedules: Some(config.schedules.len()),
        subscribers: Some(subscribers.list.entries.len()),
        posts: Some(posts.len()),
        faults: [
            one_click(config),
            unread_letters(config),
            without_words(config, composer),
            composer.warnings().to_vec(),
            subscribers.faults,
            subscribers.unknown_schedules,
            unknown_topics(config, &posts, subscribers.topics),
            post_faults,
        ]
        .concat(),
    };
    let exit = match has_errors(&checked.faults) {
        true => Exit::Data,
        false => Exit::Done,
    };
    let Some(store) = store else {
        return Ok((checked, exit));
    };
    match pipeline::list_doubt(config, store).await? {
        Some(doubt) => {
            let failure = Failure::from(Fault::List(doubt));
            checked.faults.extend(failure.faults);
            Ok((checked, failure.exit))
        }
        None => Ok((checked, exit)),
    }
}

/// Topics that readers name and that no source, schedule or post in a folder has.
fn unknown_topics(
    config: &Config,
    posts: &[Post],
    named: BTreeMap<Topic, Diagnostic>,
) -> Vec<Diagnostic> {
    let schedules = config.schedules.iter().flat_map(|one| &one.topics);
    let sources = config.sources.iter().flat_map(|source| {
        let mapped = source.filters.topics();
        source.topics.iter().chain(mapped)
    });
    let known: BTreeSet<&Topic> = posts
        .iter()
        .flat_map(|post| &post.topics)
        .chain(schedules.flatten())
        .chain(sources)
        .collect();
    let words: Vec<String> = known.iter().map(|topic| format!("`{topic}`")).collect();
    let hint = match words.as_slice() {
        [] => "no source, schedule or post has a topic".to_owned(),
        words => format!(
            "known topics: {}; posts of a feed may still bring it",
            words.join(", ")
        ),
    };
    named
        .into_iter()
        .filter(|(topic, _)| !known.contains(topic))
        .map(|(_, remark)| remark.hint(&hint))
        .collect()
}

/// Reads the posts of folder sources; sources on the network are left alone.
fn check_folders(session: &Session, config: &Config) -> (Vec<Post>, Vec<Diagnostic>) {
    let mut posts = Vec::new();
    let mut faults = Vec::new();
    for source in &config.sources {
        let SourceKind::Folder(folder) = &source.kind else {
            continue;
        };
        match gather::read_folder(folder, source, session.clock().now()) {
            Ok(gathered) => {
                faults.extend(gathered.faults);
                faults.extend(gathered.notes);
                posts.extend(gathered.posts);
            }
            Err(error) => {
                faults.push(pipeline::source_fault(config, source, &error));
            }
        }
    }
    let masthead = config.newsletter.masthead(None);
    faults.extend(compose::preflight_posts(&masthead, &posts));
    (posts, faults)
}

/// Who leaves by mail writes to the address of `bounces`: somebody must read that.
fn unread_letters(config: &Config) -> Vec<Diagnostic> {
    let is_read = config.bounces.inbox.is_some() || config.bounces.piped;
    let Some(address) = config.newsletter.leaving.inbox().filter(|_| !is_read) else {
        return vec![];
    };
    let fault = Diagnostic::warning(format!(
        "readers may leave by a mail to `{address}`, and no run reads those mails"
    ))
    .hint(
        "name that inbox in `[bounces]`; if your mail server pipes its mails into `courant bounces ingest -`, write \
         `inbox = \"-\"` there; or offer no such mail: `unsubscribe = \"web\"`",
    );
    vec![config::point(config, fault, Setting::Bounces)]
}

/// A language without words is written in English, which nobody who named it expects.
fn without_words(config: &Config, composer: &Composer) -> Vec<Diagnostic> {
    let language = &config.newsletter.language;
    let known = composer.languages();
    let is_known = |tag: &str| known.iter().any(|known| known.as_str() == tag);
    if is_known(language.as_str()) || is_known(language.primary()) {
        return vec![];
    }
    let words: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
    let fault = Diagnostic::warning(format!(
        "there are no words in `{language}`: all that is not yours will be English"
    ))
    .hint(format!(
        "there are words in {}; `templates/words/{language}.ftl` would give others: `courant templates copy words/en.ftl`",
        words.join(", ")
    ));
    vec![config::point(config, fault, Setting::Language)]
}

/// Mail programs offer their unsubscribe button only for an https link (RFC 8058 §3.1).
fn one_click(config: &Config) -> Vec<Diagnostic> {
    let url = &config.newsletter.url;
    let on_this_machine = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    let has_page = config.newsletter.leaving.has_page();
    if !has_page
        || url.starts_with("https://")
        || on_this_machine.iter().any(|here| url.starts_with(here))
    {
        return vec![];
    }
    vec![
        Diagnostic::warning(format!(
            "`{url}` is not https: mail programs will not offer one-click unsubscribing"
        ))
        .in_file(config.file.clone())
        .hint("put a web server with a certificate before `courant serve`"),
    ]
}
