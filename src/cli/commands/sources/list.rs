//! `courant sources list`: how each source fares, when it is asked next, and why it fails.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::cli::exit::{Exit, Failure};
use crate::cli::print::{self, Printer};
use crate::cli::session::Session;
use crate::config::Config;
use crate::gather;
use crate::model::{HostHold, Source, SourceEvent, SourceKind, SourceName};
use crate::pipeline::{Fault, day_of};
use crate::store::{SourceState, Store};

/// The span over which posts a month are counted: a quarter, so that holidays even out.
const COUNTED: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Months in it.
const MONTHS: f64 = 3.0;

/// Lines of a source's journal that are shown in `--json`.
const JOURNAL: i64 = 20;

/// How a source fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    New,
    Ok,
    Failing,
    BackingOff,
    Held,
    Paused,
    Gone,
}

impl State {
    fn words(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Ok => "ok",
            Self::Failing => "failing",
            Self::BackingOff => "backing off",
            Self::Held => "held",
            Self::Paused => "paused",
            Self::Gone => "gone",
        }
    }
}

/// A source as `--json` gives it.
#[derive(Serialize)]
struct Shown {
    name: String,
    location: String,
    state: State,
    why: Option<String>,
    error: Option<String>,
    failing_since: Option<Timestamp>,
    last_success_at: Option<Timestamp>,
    next_due: Option<Timestamp>,
    posts: i64,
    posts_a_month: f64,
    moved_to: Option<String>,
    journal: Vec<SourceEvent>,
}

/// What the store knows, as far as the list needs it.
#[derive(Default)]
struct Known {
    states: HashMap<SourceName, SourceState>,
    holds: Vec<HostHold>,
    tally: HashMap<SourceName, i64>,
    journals: HashMap<SourceName, Vec<SourceEvent>>,
}

/// Lists the sources of the configuration.
pub async fn list(session: &Session) -> Result<Exit, Failure> {
    let config = session.config()?;
    let now = session.clock().now();
    let known = match session.store(&config).await? {
        Some(store) => read(&store, &config, now).await.map_err(Fault::from)?,
        None => Known::default(),
    };
    let zone = &config.newsletter.timezone;
    let sources = config.sources.iter();
    let all: Vec<Shown> = sources
        .map(|source| shown(source, &known, now, zone))
        .collect();
    session
        .printer
        .either(&all, |printer| show(printer, &all, now, zone));
    Ok(Exit::Done)
}

async fn read(
    store: &Store,
    config: &Config,
    now: Timestamp,
) -> Result<Known, crate::store::Error> {
    let states = store.source_list().await?.into_iter();
    let mut journals = HashMap::new();
    for source in &config.sources {
        let journal = store.source_events(&source.name, JOURNAL).await?;
        journals.insert(source.name.clone(), journal);
    }
    Ok(Known {
        states: states.map(|state| (state.name.clone(), state)).collect(),
        holds: store.host_holds(now).await?,
        tally: store.source_tally(now - COUNTED).await?,
        journals,
    })
}

fn shown(source: &Source, known: &Known, now: Timestamp, zone: &TimeZone) -> Shown {
    let found = known.states.get(&source.name);
    // What is known of another address says nothing about this one.
    let here = found.filter(|state| {
        state.standing.address.is_empty() || state.standing.address == source.location()
    });
    let standing = here.map(|state| state.standing.clone()).unwrap_or_default();
    let hold = host_of(&gather::place_of(source, &standing))
        .and_then(|host| known.holds.iter().find(|hold| hold.host == host));
    let error = here.and_then(|state| state.last_error.clone());
    let next_due = hold.map(|hold| hold.until).max(standing.next_due);
    let state = match (&standing.ended, hold, &error) {
        _ if source.paused => State::Paused,
        (Some(_), ..) => State::Gone,
        (_, Some(_), _) => State::Held,
        (_, _, Some(_)) if next_due.is_some_and(|due| due > now) => State::BackingOff,
        (_, _, Some(_)) => State::Failing,
        _ if here.is_none_or(|state| state.last_success_at.is_none()) => State::New,
        _ => State::Ok,
    };
    let ended = standing.ended.as_ref();
    let since = ended.map(|ending| ending.since).or(standing.failing_since);
    let why = match (state, &error) {
        (State::Paused, _) => None,
        (State::Gone, _) => since.map(|since| format!("gone since {}", day_of(since, zone))),
        (State::Held, _) => hold.map(|hold| format!("`{}` asked us to come back later", hold.host)),
        (_, Some(error)) => Some(match since {
            Some(since) => format!("{error}, since {}", day_of(since, zone)),
            None => error.clone(),
        }),
        _ => None,
    };
    let recent = known.tally.get(&source.name).copied().unwrap_or(0);
    Shown {
        name: source.name.to_string(),
        location: match &source.kind {
            SourceKind::Url(url) => url.to_string(),
            SourceKind::Folder(folder) => print::shown(folder),
        },
        state,
        why,
        error,
        failing_since: standing.failing_since,
        last_success_at: found.and_then(|state| state.last_success_at),
        next_due: next_due.filter(|_| !matches!(state, State::Gone | State::Paused)),
        posts: found.map_or(0, |state| state.posts),
        posts_a_month: (recent as f64 / MONTHS * 10.0).round() / 10.0,
        moved_to: standing.adopted.or(standing.moving).map(|moved| moved.to),
        journal: known
            .journals
            .get(&source.name)
            .cloned()
            .unwrap_or_default(),
    }
}

fn host_of(source: &Source) -> Option<String> {
    match &source.kind {
        SourceKind::Url(url) => Some(gather::host_name(url)),
        SourceKind::Folder(_) => None,
    }
}

fn show(printer: &Printer, all: &[Shown], now: Timestamp, zone: &TimeZone) {
    if all.is_empty() {
        printer.line("No source yet: each is a `[[source]]` of `courant.toml`.");
        return;
    }
    let rows: Vec<Vec<String>> = all.iter().map(|source| row(source, now, zone)).collect();
    let heads = [
        "source",
        "state",
        "last read",
        "next due",
        "a month",
        "where",
    ];
    printer.table(&heads, &rows);
    let lines: Vec<String> = all.iter().flat_map(remarks).collect();
    if !lines.is_empty() {
        printer.line("");
    }
    for line in lines {
        printer.line(line);
    }
}

fn row(source: &Shown, now: Timestamp, zone: &TimeZone) -> Vec<String> {
    let last = source.last_success_at.map(|at| near(at, now, zone));
    let next = match (source.state, source.next_due) {
        (State::Gone | State::Paused, _) => "not asked".to_owned(),
        (_, Some(due)) if due > now => near(due, now, zone),
        _ => "next run".to_owned(),
    };
    vec![
        source.name.clone(),
        source.state.words().to_owned(),
        last.unwrap_or_else(|| "never".to_owned()),
        next,
        format!("{:>7.1}", source.posts_a_month),
        source.location.clone(),
    ]
}

/// What the table has no room for: why it fails, and where it moved.
fn remarks(source: &Shown) -> Vec<String> {
    let why = source
        .why
        .as_ref()
        .map(|why| format!("{}: {why}", source.name));
    let moved = source.moved_to.as_ref().map(|to| {
        format!(
            "{}: moved to {to}; correct its address in `courant.toml`",
            source.name
        )
    });
    why.into_iter().chain(moved).collect()
}

/// The time alone for today, the day and time else.
fn near(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (
        at.to_zoned_datetime(zone.clone()),
        now.to_zoned_datetime(zone.clone()),
    );
    let format = if at.date() == now.date() {
        "today %H:%M"
    } else if at.year() == now.year() {
        "%-d %b %H:%M"
    } else {
        "%-d %b %Y"
    };
    at.strftime(format).to_string()
}
