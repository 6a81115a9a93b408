//! `courant schedule`: when each schedule is due, in times and in words.

use serde::Serialize;

use crate::cli::args::Schedules;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::{self, Session};
use crate::config::Config;
use crate::model::{Cadence, Schedule};
use crate::schedule as times;

/// A schedule as `--json` gives it.
#[derive(Serialize)]
struct Shown {
    name: String,
    cadence: String,
    timezone: String,
    default: bool,
    next: Vec<String>,
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
        next.push(
            at.to_zoned_datetime(schedule.timezone.clone())
                .strftime("%a %Y-%m-%d %H:%M %Z")
                .to_string(),
        );
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
    }
}

fn list(session: &Session, config: &Config) -> Result<Exit, Failure> {
    let all: Vec<Shown> = config
        .schedules
        .iter()
        .map(|schedule| shown(session, schedule, 1))
        .collect();
    session.printer.either(&all, |printer| {
        let rows: Vec<Vec<String>> = all
            .iter()
            .map(|schedule| {
                vec![
                    schedule.name.clone(),
                    schedule.cadence.clone(),
                    schedule.timezone.clone(),
                    if schedule.default { "yes" } else { "no" }.to_owned(),
                    schedule
                        .next
                        .first()
                        .cloned()
                        .unwrap_or_else(|| "never".to_owned()),
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
        for schedule in &all {
            for at in &schedule.next {
                printer.line(format!("{}  {at}", schedule.name));
            }
        }
    });
    Ok(Exit::Done)
}

fn explain(session: &Session, config: &Config, name: Option<&str>) -> Result<Exit, Failure> {
    for (index, schedule) in named(config, name)?.into_iter().enumerate() {
        if index > 0 {
            session.printer.line("");
        }
        session
            .printer
            .line(times::explain(schedule, session.clock().now()));
    }
    Ok(Exit::Done)
}
