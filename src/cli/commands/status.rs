//! `courant status`: how the newsletter stands: what ran and runs next, what waits and why, which sources fail, and how many
//! readers there are. Looks only, also while a run is under way.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::summary::account_words;
use crate::cli::alerts::{Kept, Told};
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::{Printer, clock, count};
use crate::cli::session::Session;
use crate::config::Config;
use crate::model::{
    Account, DeliveryState, IssueNumber, IssueStanding, Schedule, ScheduleName, SourceName,
};
use crate::pipeline::{Fault, LAST_RUN, day_of, read_list};
use crate::schedule::{self, Due};
use crate::store::{IssueSummary, Store};

/// Deliveries read at a time.
const PAGE: usize = 1_000;

/// Reasons for waiting that are shown of an issue, those of most mails first; `--json` has all.
const REASONS: usize = 5;

/// How it all stands.
#[derive(Debug, Default, Serialize)]
struct Status {
    /// When a run last came to its end, whether or not anything was due.
    last_run: Option<Timestamp>,
    schedules: Vec<OfSchedule>,
    /// Issues of which mails wait.
    waiting: Vec<OfIssue>,
    /// Sources that cannot be read.
    failing: Vec<OfSource>,
    /// How many readers are in which state.
    readers: BTreeMap<String, i64>,
    /// What cron was told of, and is not over.
    told: Vec<Told>,
}

#[derive(Debug, Serialize)]
struct OfSchedule {
    schedule: ScheduleName,
    /// When it last made an issue, or found nothing for one.
    last_run: Option<Timestamp>,
    next_run: Option<Timestamp>,
    /// Its time has come, and no run has served it yet.
    due: bool,
    #[serde(skip)]
    zone: TimeZone,
}

#[derive(Debug, Serialize)]
struct OfIssue {
    issue: IssueNumber,
    schedule: ScheduleName,
    standing: IssueStanding,
    account: Account,
    next_try: Option<Timestamp>,
    expires_at: Timestamp,
    reasons: Vec<Reason>,
}

/// Why so many mails wait.
#[derive(Debug, Serialize)]
struct Reason {
    cause: &'static str,
    /// What the relay said of one of them.
    said: Option<String>,
    deliveries: usize,
}

#[derive(Debug, Serialize)]
struct OfSource {
    source: SourceName,
    since: Option<Timestamp>,
    /// It is not asked any more.
    gone: bool,
    error: Option<String>,
}

/// Shows how the newsletter stands.
pub async fn status(session: &Session) -> Result<Exit, Failure> {
    let config = session.config()?;
    let now = session.clock().now();
    let store = session.store(&config).await?;
    let status = look(&config, store.as_ref(), now).await?;
    session
        .printer
        .either(&status, |printer| print(printer, &config, &status));
    Ok(Exit::Done)
}

async fn look(config: &Config, store: Option<&Store>, now: Timestamp) -> Result<Status, Failure> {
    let told = Kept::open(&config.state).memory.told();
    let Some(store) = store else {
        let file = read_list(config)?;
        let entries = i64::try_from(file.list.entries.len()).unwrap_or(i64::MAX);
        let schedules = config.schedules.iter();
        return Ok(Status {
            schedules: schedules.map(|one| of_schedule(one, None, now)).collect(),
            readers: BTreeMap::from([("active".to_owned(), entries)]),
            told,
            ..Status::default()
        });
    };
    let known = of_store(config, store, now).await;
    let known = known.map_err(Fault::from)?;
    Ok(Status { told, ..known })
}

async fn of_store(
    config: &Config,
    store: &Store,
    now: Timestamp,
) -> Result<Status, crate::store::Error> {
    let mut schedules = vec![];
    for one in &config.schedules {
        let state = store.schedule_state(&one.name).await?;
        schedules.push(of_schedule(one, state.as_ref(), now));
    }
    let mut waiting = vec![];
    for issue in store.issue_list().await? {
        if issue.account.queued > 0 {
            waiting.push(of_issue(store, issue).await?);
        }
    }
    let last_run = store.meta_get(LAST_RUN).await?;
    Ok(Status {
        last_run: last_run.and_then(|at| at.parse().ok()),
        schedules,
        waiting,
        failing: failing(config, store).await?,
        readers: store.subscriber_tally().await?,
        told: vec![],
    })
}

fn of_schedule(
    schedule: &Schedule,
    state: Option<&crate::store::ScheduleState>,
    now: Timestamp,
) -> OfSchedule {
    let served = state.and_then(|state| state.last_due);
    let due = matches!(schedule::due(schedule, served, now), Due::Now(_));
    OfSchedule {
        schedule: schedule.name.clone(),
        last_run: state.and_then(|state| state.last_run_at),
        next_run: schedule::next(schedule, now),
        due,
        zone: schedule.timezone.clone(),
    }
}

async fn of_issue(store: &Store, issue: IssueSummary) -> Result<OfIssue, crate::store::Error> {
    let number = issue.number;
    let mut reasons: BTreeMap<&'static str, (usize, Option<String>)> = BTreeMap::new();
    let mut after = -1;
    loop {
        let queued = Some(DeliveryState::Queued);
        let rows = store.delivery_list(number, queued, after, PAGE).await?;
        for row in &rows {
            after = row.key.number;
            let (deliveries, said) = reasons.entry(row.cause().as_str()).or_default();
            *deliveries += 1;
            let reply = row.reply.as_ref().filter(|reply| reply.code > 0);
            *said = said
                .take()
                .or_else(|| reply.map(|reply| format!("{} {}", reply.code, reply.text)));
        }
        if rows.len() < PAGE {
            break;
        }
    }
    let mut reasons: Vec<_> = reasons
        .into_iter()
        .map(|(cause, (deliveries, said))| Reason {
            cause,
            said,
            deliveries,
        })
        .collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.deliveries));
    Ok(OfIssue {
        issue: number,
        standing: store.issue_standing(number).await?.unwrap_or_default(),
        next_try: store.outbox_next(number).await?,
        schedule: issue.schedule,
        account: issue.account,
        expires_at: issue.expires_at,
        reasons,
    })
}

/// The sources that are configured, meant to be read, and cannot be.
async fn failing(config: &Config, store: &Store) -> Result<Vec<OfSource>, crate::store::Error> {
    let states = store.source_list().await?;
    let read = config.sources.iter().filter(|source| !source.paused);
    let failing = read.filter_map(|source| {
        let state = states.iter().find(|state| state.name == source.name)?;
        let standing = &state.standing;
        let ended = standing.ended.as_ref();
        let is_failing = state.last_error.is_some() || ended.is_some();
        is_failing.then(|| OfSource {
            source: source.name.clone(),
            since: ended.map(|ended| ended.since).or(standing.failing_since),
            gone: ended.is_some(),
            error: state.last_error.clone(),
        })
    });
    Ok(failing.collect())
}

fn print(printer: &Printer, config: &Config, status: &Status) {
    let zone = &config.newsletter.timezone;
    printer.line(match status.last_run {
        Some(at) => format!("Last run: {}", clock(at, zone)),
        None => "No run yet.".to_owned(),
    });
    for one in &status.schedules {
        printer.line(schedule_words(one));
    }
    match status.waiting.as_slice() {
        [] => printer.line("Nothing waits."),
        waiting => waiting
            .iter()
            .for_each(|one| show_issue(printer, one, zone)),
    }
    for source in &status.failing {
        printer.line(source_words(source, zone));
    }
    let readers = status.readers.iter();
    let readers: Vec<_> = readers
        .map(|(state, number)| format!("{number} {state}"))
        .collect();
    printer.line(match readers.is_empty() {
        true => "No readers yet.".to_owned(),
        false => format!("Readers: {}", readers.join(", ")),
    });
    for told in &status.told {
        let since = clock(told.since, zone);
        printer.line(format!(
            "Told, and not over: {} (since {since})",
            told.message
        ));
    }
}

fn schedule_words(one: &OfSchedule) -> String {
    let last = match one.last_run {
        Some(at) => format!("last run {}", clock(at, &one.zone)),
        None => "has not run yet".to_owned(),
    };
    let next = match one.next_run {
        _ if one.due => "due now".to_owned(),
        Some(at) => format!("next {}", clock(at, &one.zone)),
        None => "never due".to_owned(),
    };
    format!("Schedule {}: {last}, {next}", one.schedule)
}

fn show_issue(printer: &Printer, one: &OfIssue, zone: &TimeZone) {
    let next = match (one.standing, one.next_try) {
        (IssueStanding::Open, Some(at)) => format!("next try from {}", clock(at, zone)),
        (standing, _) => standing.as_str().to_owned(),
    };
    printer.line(format!(
        "Issue {} of {} waits: {}; {next}, given up {}",
        one.issue,
        one.schedule,
        account_words(&one.account),
        clock(one.expires_at, zone)
    ));
    for reason in one.reasons.iter().take(REASONS) {
        let said = reason.said.as_ref();
        let said = said.map_or(String::new(), |said| format!(": {said}"));
        let mails = count(reason.deliveries, "mail", "mails");
        printer.line(format!("  {mails}, {}{said}", reason.cause));
    }
}

fn source_words(source: &OfSource, zone: &TimeZone) -> String {
    let since = source
        .since
        .map(|at| format!(" since {}", day_of(at, zone)));
    let since = since.unwrap_or_default();
    match (source.gone, &source.error) {
        (true, _) => format!(
            "Source {}: gone{since}, and not asked any more",
            source.source
        ),
        (false, Some(error)) => format!("Source {}: fails{since}: {error}", source.source),
        (false, None) => format!("Source {}: fails{since}", source.source),
    }
}
