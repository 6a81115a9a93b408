//! What lies on this machine: the database, the secret, and which due times were served.

use jiff::{SignedDuration, Timestamp};

use super::super::Fault;
use super::super::checks::store_target;
use super::super::clock::{clock_fault, doubt};
use super::super::opening::{check_journal, check_state, journal_path};
use super::{Finding, Health, Subject, shown};
use crate::audience;
use crate::config::{Config, StoreUrl};
use crate::model::{Diagnostic, Schedule};
use crate::schedule::{self, Due};
use crate::store::{self, ClockEvidence, Examined, ScheduleState, Store};

/// How late a run may be before somebody should look: crontabs call it every few minutes.
const LATE: SignedDuration = SignedDuration::from_hours(1);

/// The database: whole or not, and whether the accounts of its issues balance.
pub(super) async fn database(config: &Config, store: Option<&Store>) -> Vec<Finding> {
    let name = match &config.store {
        StoreUrl::Sqlite(path) => shown(config, path),
        StoreUrl::Postgres(_) => "PostgreSQL".to_owned(),
    };
    let subject = Subject::Database;
    let bad = |fault| Finding::bad(subject, &name, Health::Unavailable, fault);
    let Some(store) = store else {
        // Where it could not be opened, that was said already.
        let said = "there is none yet; the first run makes it";
        let is_refused = !matches!(check_state(config).await, Ok(None));
        return match store_target(config).exists() || is_refused {
            true => vec![],
            false => vec![Finding::good(subject, &name, said)],
        };
    };
    let examined = match store.examine().await {
        Ok(examined) => examined,
        Err(error) => {
            let fault = Diagnostic::error(format!("the database `{name}`: {error}"));
            return vec![bad(fault.hint(RESTORE))];
        }
    };
    let mut found: Vec<Finding> = examined
        .breakage
        .iter()
        .map(|line| {
            let fault = Diagnostic::error(format!("the database `{name}` is damaged: {line}"));
            bad(fault.hint(RESTORE))
        })
        .collect();
    found.extend(examined.unbalanced.iter().map(|issue| {
        let fault = format!("the account of issue {issue} does not balance");
        let hint = format!("`courant issues account {issue}` shows it; this is a fault of ours");
        bad(Diagnostic::error(fault).hint(hint))
    }));
    if found.is_empty() {
        found.push(Finding::good(subject, &name, in_words(&examined)));
    }
    found
}

/// What to do about a broken database.
const RESTORE: &str = "stop the runs, keep a copy of what is there, and restore the backup";

fn in_words(examined: &Examined) -> String {
    let size = match examined.octets {
        Some(octets) => format!(", {}", super::servers::megabytes(octets)),
        None => String::new(),
    };
    let issues = match examined.issues {
        0 => "no issue yet".to_owned(),
        1 => "one issue, whose account balances".to_owned(),
        many => format!("{many} issues, whose accounts balance"),
    };
    format!("whole, version {}{size}, {issues}", examined.version)
}

/// The clock, held against what was sealed; nothing to say where it is believed.
pub(super) async fn clock(store: Option<&Store>, now: Timestamp) -> Option<Finding> {
    // A database that cannot be read was found out before.
    let evidence = match store {
        Some(store) => store.clock_evidence().await.ok()?,
        None => ClockEvidence::default(),
    };
    let doubt = doubt(&evidence, now)?;
    let fault = clock_fault(&doubt);
    Some(Finding::bad(Subject::Clock, "", Health::Unknown, fault))
}

/// The secret: there, closed to others, and the one that the database knows.
pub(super) async fn secret(config: &Config, store: Option<&Store>) -> Finding {
    let path = &config.secret_file;
    let name = shown(config, path);
    let subject = Subject::Secret;
    match audience::check_secret(path, store).await {
        Ok(()) if !path.exists() => {
            Finding::good(subject, name, "there is none yet; the first run makes it")
        }
        Ok(()) if store.is_none() => Finding::good(subject, name, "closed to others"),
        Ok(()) => {
            let said = "closed to others, and the one that the database was made with";
            Finding::good(subject, name, said)
        }
        Err(error) => {
            let fault = Diagnostic::error(error.to_string());
            Finding::bad(subject, name, Health::Faulty, fault)
        }
    }
}

/// The journal: there, whole, and known to the database.
pub(super) async fn journal(config: &Config, store: Option<&Store>) -> Option<Finding> {
    let path = journal_path(config);
    let name = shown(config, &path);
    let subject = Subject::Journal;
    if !path.exists() {
        let said = "there is none yet; the next run begins it";
        return Some(Finding::good(subject, name, said));
    }
    // Where there is no database to hold it against, that was said already.
    let store = store?;
    match check_journal(config, store).await {
        Ok(None) => {
            let said = "whole, and the database knows all that it knows";
            Some(Finding::good(subject, name, said))
        }
        Ok(Some(fault)) => Some(Finding::bad(subject, name, Health::Faulty, fault)),
        Err(Fault::Store(error @ store::Error::Journal(_))) => {
            let fault = Diagnostic::error(error.to_string());
            Some(Finding::bad(subject, name, Health::Faulty, fault))
        }
        // A database that cannot be read was found out before.
        Err(_) => None,
    }
}

/// Each schedule: what was served, what is next, and whether a run is overdue.
pub(super) async fn schedules(
    config: &Config,
    store: Option<&Store>,
    crontab: &str,
    now: Timestamp,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for schedule in &config.schedules {
        let state = match store {
            // A database that cannot be read was found out before.
            Some(store) => store.schedule_state(&schedule.name).await.ok().flatten(),
            None => None,
        };
        found.push(of_schedule(schedule, state.as_ref(), crontab, now));
    }
    found
}

fn of_schedule(
    schedule: &Schedule,
    state: Option<&ScheduleState>,
    crontab: &str,
    now: Timestamp,
) -> Finding {
    let time = |at: Timestamp| {
        let local = at.to_zoned_datetime(schedule.timezone.clone());
        local.strftime("%a %Y-%m-%d %H:%M").to_string()
    };
    let name = schedule.name.to_string();
    let next = match schedule::next(schedule, now) {
        Some(next) => format!("next due {}", time(next)),
        None => "never due".to_owned(),
    };
    let subject = Subject::Schedule;
    let Some(served) = state.and_then(|state| state.last_due) else {
        let said = match state.and_then(|state| state.last_run_at) {
            Some(at) => format!("ran by hand {}, never when due; {next}", time(at)),
            None => format!("has not run yet; {next}"),
        };
        return Finding::good(subject, name, said);
    };
    let overdue = match schedule::due(schedule, Some(served), now) {
        Due::Now(slot) => (now.duration_since(slot) > LATE).then_some(slot),
        Due::Missed { slot, .. } => Some(slot),
        Due::Later(_) | Due::Never => None,
    };
    match overdue {
        None => Finding::good(subject, name, format!("served {}; {next}", time(served))),
        Some(slot) => {
            let fault = format!(
                "schedule `{name}` was due {}, and no run has served it",
                time(slot)
            );
            let hint = format!("does cron run it? in `crontab -e`: {crontab}");
            let fault = Diagnostic::warning(fault).hint(hint);
            Finding::bad(subject, name, Health::Doubtful, fault)
        }
    }
}
