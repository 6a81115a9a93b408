//! `courant schedule`: when each schedule is due, in times and in words.

use jiff::ZonedDateTime;
use serde::{Serialize, Serializer};

use crate::cli::args::Schedules;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::{self, Session};
use crate::config::Config;
use crate::model::{Cadence, Schedule};
use crate::schedule as times;

/// Times that go with an explanation.
const EXPLAINED: usize = 5;

/// A schedule as `--json` gives it.
#[derive(Serialize)]
struct Shown {
    name: String,
    cadence: String,
    timezone: String,
    default: bool,
    #[serde(serialize_with = "as_instants")]
    next: Vec<ZonedDateTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explained: Option<String>,
}

/// As RFC 3339 wants it: local time with its distance from UTC.
fn as_instants<S: Serializer>(next: &[ZonedDateTime], serializer: S) -> Result<S::Ok, S::Error> {
    let texts = next
        .iter()
        .map(|at| at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string());
    serializer.collect_seq(texts)
}

/// As people read it.
fn in_words(at: &ZonedDateTime) -> String {
    at.strftime("%a %Y-%m-%d %H:%M %Z").to_string()
}

/// Runs one of the subcommands.
pub async fn schedule(session: &Session, command: Schedules) -> Result<Exit, Failure> {
    let config = session.config()?;
    match command {
        Schedules::List => list(session, &config),
        Schedules::Next { schedule, count } => next(session, &config, schedule.as_deref(), count),
        Schedules::Explain { schedule } => explain(session, &config, schedule.as_deref()),
    }
}

fn named<'a>(config: &'a Config, name: Option<&str>) -> Result<Vec<&'a Schedule>, Failure> {
    match name {
        Some(name) => session::schedule(config, name).map(|schedule| vec![schedule]),
        None => Ok(config.schedules.iter().collect()),
    }
}

fn shown(session: &Session, schedule: &Schedule, count: usize) -> Shown {
    let mut next = Vec::with_capacity(count);
    let mut after = session.clock().now();
    while next.len() < count
        && let Some(at) = times::next(schedule, after)
    {
        next.push(at.to_zoned_datetime(schedule.timezone.clone()));
        after = at;
    }
    Shown {
        name: schedule.name.to_string(),
        cadence: match &schedule.cadence {
            Cadence::Cron(line) => line.clone(),
            Cadence::Every(period) => format!("every {period:#}"),
        },
        timezone: schedule.timezone.iana_name().unwrap_or("UTC").to_owned(),
        default: schedule.default,
        next,
        explained: None,
    }
}

fn list(session: &Session, config: &Config) -> Result<Exit, Failure> {
    let all: Vec<Shown> = config
        .schedules
        .iter()
        .map(|schedule| shown(session, schedule, 1))
        .collect();
    session.printer.either(&all, |printer| {
        if all.is_empty() {
            printer.line("No schedule yet: each is a file in `schedules`.");
            return;
        }
        let rows: Vec<Vec<String>> = all
            .iter()
            .map(|schedule| {
                vec![
                    schedule.name.clone(),
                    schedule.cadence.clone(),
                    schedule.timezone.clone(),
                    if schedule.default { "yes" } else { "no" }.to_owned(),
                    schedule.next.first().map_or("never".to_owned(), in_words),
                ]
            })
            .collect();
        printer.table(
            &["schedule", "when", "time zone", "default", "next due"],
            &rows,
        );
    });
    Ok(Exit::Done)
}

fn next(
    session: &Session,
    config: &Config,
    name: Option<&str>,
    count: usize,
) -> Result<Exit, Failure> {
    let schedules = named(config, name)?;
    let all: Vec<Shown> = schedules
        .iter()
        .map(|schedule| shown(session, schedule, count))
        .collect();
    session.printer.either(&all, |printer| {
        let lines = all
            .iter()
            .flat_map(|schedule| schedule.next.iter().map(move |at| (&schedule.name, at)));
        let rows: Vec<Vec<String>> = lines
            .map(|(name, at)| vec![name.clone(), in_words(at)])
            .collect();
        printer.table(&["schedule", "due"], &rows);
    });
    Ok(Exit::Done)
}

fn explain(session: &Session, config: &Config, name: Option<&str>) -> Result<Exit, Failure> {
    let now = session.clock().now();
    let all: Vec<Shown> = named(config, name)?
        .into_iter()
        .map(|schedule| Shown {
            explained: Some(times::explain(schedule, now).trim_end().to_owned()),
            ..shown(session, schedule, EXPLAINED)
        })
        .collect();
    session.printer.either(&all, |printer| {
        let texts: Vec<&str> = all.iter().filter_map(|s| s.explained.as_deref()).collect();
        printer.line(texts.join("\n\n"));
    });
    Ok(Exit::Done)
}
