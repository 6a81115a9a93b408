//! What a run has to tell of what went wrong, thing by thing; and which of it is told.
//!
//! A person who reads along is told everything. Cron (`--quiet`) is told what is news ([`crate::cli::alerts`]), and what is
//! over: this is where it is decided what a thing is, and by what it ends.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::relays;
use super::summary::{account_words, imbalance, quiet_words, state_to_name, zone_of};
use crate::cli::alerts::{Alert, Memory};
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::{Printer, count};
use crate::cli::session::Session;
use crate::model::{Diagnostic, IssueNumber, IssueStanding, NotAsked, ScheduleName};
use crate::pipeline::{self, IssueReport, Pipeline, Quiet, QuietSchedule, RunReport, SourceReport};

/// A source that fails this long is told of again: it is no accident any more.
const LONG: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What a run that could not do its work tells of.
pub const RUN: &str = "run";

/// The same of a gathering.
pub const GATHER: &str = "gather";

/// The same of reading what came back.
pub const BOUNCES: &str = "bounces";

/// That no relay takes what is queued.
const SENDING: &str = "sending";

/// Whatever has no name of its own: told once while it lasts.
const OTHER: &str = "other";

/// What a command did, or that it failed: told by [`Alert::refusal`], under the command's name.
pub fn or_failed(
    session: &Session,
    command: &str,
    done: Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    let (Err(failure), Some(mut told)) = (&done, session.told()) else {
        return done;
    };
    let faults = failure.faults.iter().cloned();
    let alerts = faults.map(|fault| Alert::refusal(command, fault)).collect();
    let news = told.memory.news(alerts, session.clock().now());
    told.save();
    session.printer.faults(&news);
    Ok(failure.exit)
}

/// That a command did its work again, if it was told that it could not.
pub fn went_through(session: &Session, command: &str, zone: &TimeZone) {
    if let Some(mut told) = session.told() {
        let over = told.memory.over(command, zone);
        told.save();
        over.iter().for_each(|text| session.printer.note(text));
    }
}

/// Prints to stderr what went wrong in a run.
pub async fn of_run(session: &Session, pipeline: &Pipeline, report: &RunReport) {
    let alerts = alerts(session, pipeline, report);
    let Some(mut told) = session.told() else {
        print_all(&session.printer, report, alerts);
        return;
    };
    // A run that stepped aside has seen nothing.
    let mut over = vec![];
    if !report.already_running {
        let memory = &mut told.memory;
        over.extend(end(memory, RUN, &alerts, pipeline));
        over.extend(ended_sources(memory, &alerts, pipeline, report));
        over.extend(ended_issues(memory, &alerts, pipeline, report).await);
        over.extend(ended_schedules(memory, &alerts, pipeline, report));
        for about in ["readers", "inbox"] {
            over.extend(end(memory, about, &alerts, pipeline));
        }
        if !report.sources.is_empty() {
            memory.keep_only(OTHER, &alerts);
        }
    }
    let news = told.memory.news(alerts, session.clock().now());
    told.save();
    session.printer.faults(&news);
    over.iter().for_each(|text| session.printer.note(text));
}

/// Prints to stderr what went wrong when the sources were asked between two issues: under `--quiet` a source that fails is
/// told of only after long, since nobody's issue lacks it yet.
pub fn of_gathering(session: &Session, pipeline: &Pipeline, report: &RunReport) {
    let mut alerts = of_faults(pipeline, report, session.clock().now());
    let Some(mut told) = session.told() else {
        print_all(&session.printer, report, alerts);
        return;
    };
    let passing: BTreeSet<String> = report
        .sources
        .iter()
        .filter(|source| !is_long(source, session.clock().now()))
        .map(|source| pipeline::about_source(&source.name))
        .collect();
    alerts.retain(|alert| !passing.contains(alert.about()));
    let mut over = vec![];
    if !report.already_running {
        over.extend(end(&mut told.memory, GATHER, &alerts, pipeline));
        over.extend(ended_sources(&mut told.memory, &alerts, pipeline, report));
    }
    let news = told.memory.news(alerts, session.clock().now());
    told.save();
    session.printer.faults(&news);
    over.iter().for_each(|text| session.printer.note(text));
}

/// Everything that there is to tell of a run.
fn alerts(session: &Session, pipeline: &Pipeline, report: &RunReport) -> Vec<Alert> {
    let program = session.program();
    // Who reads the summary has it there.
    let unread = session.printer.quiet || session.printer.json;
    let mut alerts = of_faults(pipeline, report, session.clock().now());
    alerts.extend(of_plan(report, &program));
    for issue in &report.issues {
        alerts.extend(of_issue(issue, &program, unread));
    }
    if unread {
        let quiet = report.quiet.iter();
        alerts.extend(quiet.filter_map(|quiet| of_schedule(pipeline, quiet, &program)));
    }
    alerts
}

/// Faults in sources, posts, readers and what came back.
fn of_faults(pipeline: &Pipeline, report: &RunReport, now: Timestamp) -> Vec<Alert> {
    let zone = &pipeline.config.newsletter.timezone;
    let faults = report.faults.iter().cloned();
    let alerts = faults.map(|mut fault| {
        let Some(about) = fault.about.clone() else {
            return Alert::lasting(OTHER, fault);
        };
        let is_meant = |source: &&SourceReport| pipeline::about_source(&source.name) == about;
        // Whatever it says when it fails: many say something else each time.
        let state = match report.sources.iter().find(is_meant) {
            Some(source) if is_gone(source) => "gone",
            Some(source) if is_long(source, now) => {
                let since = source.failing_since.map(|at| pipeline::day_of(at, zone));
                let since = since.map_or(String::new(), |day| format!(", since {day}"));
                if !fault.message.ends_with(&since) {
                    fault.message += &since;
                }
                "fails for long"
            }
            Some(_) => "fails",
            None => return Alert::lasting(about, fault),
        };
        Alert::lasting(about, fault).in_state(state)
    });
    alerts.collect()
}

fn is_gone(source: &SourceReport) -> bool {
    matches!(source.not_asked, Some(NotAsked::Gone { .. }))
}

fn is_long(source: &SourceReport, now: Timestamp) -> bool {
    let since = source.failing_since;
    is_gone(source) || since.is_some_and(|since| now.duration_since(since) >= LONG)
}

/// A saved plan that was not sent.
fn of_plan(report: &RunReport, program: &str) -> Option<Alert> {
    let refused = report.refused.as_ref()?;
    let changes = refused.changes.join("; ");
    let fault = format!(
        "plan `{}` was not sent, since this has changed: {changes}",
        refused.plan
    );
    let hint = format!("nothing was sealed; to plan anew: `{program} plan --save`");
    Some(Alert::event(Diagnostic::error(fault).hint(hint)))
}

/// What became of an issue; `unread` where no summary says how many mails went out.
fn of_issue(issue: &IssueReport, program: &str, unread: bool) -> Vec<Alert> {
    let number = issue.number;
    let about = about_issue(number);
    let mut alerts = vec![];
    if !issue.account.balances() {
        alerts.push(Alert::refusal(&about, imbalance(number, &issue.account)));
    }
    if let Some(reason) = &issue.stopped {
        let fault = format!("sending issue {number} stopped: {reason}");
        let hint = match issue.taken_back {
            0 if issue.refused => {
                "nobody failed for it, and the next run tries again; ask the mail server's operator what it holds against \
                 you (limits, payment, whether the sender is verified), or name a second relay: \
                 `relay = [\"smtp://…\", \"smtp://…\"]`"
                    .to_owned()
            }
            0 => "what is queued stays queued, and the next run takes it up".to_owned(),
            _ => format!(
                "nobody was suppressed for it, and all of these are queued again; look at the relay, then \
                 `{program} issues resume {number}` goes on; `[delivery] bounces_at_most` says how many may go"
            ),
        };
        let fault = Diagnostic::error(fault).hint(hint);
        alerts.push(Alert::refusal(SENDING, fault));
    }
    alerts.extend(doubted(issue, program));
    if let Some(warning) = relays::stopped(issue) {
        alerts.push(Alert::lasting(&about, warning));
    }
    if issue.late {
        let queued = usize::try_from(issue.account.queued).unwrap_or(0);
        let queued = count(queued, "mail is", "mails are");
        let fault =
            format!("issue {number} was not done by its deadline: {queued} queued and paused");
        let hint = format!(
            "`{program} issues resume {number}` sends them late, `{program} issues cancel {number}` never"
        );
        alerts.push(Alert::event(Diagnostic::error(fault).hint(hint)));
    }
    if unread && issue.standing != IssueStanding::Paused {
        alerts.extend(undelivered(issue, program));
    }
    alerts
}

/// That the relay said of readers that they are gone, and was not believed.
fn doubted(issue: &IssueReport, program: &str) -> Option<Alert> {
    let number = issue.number;
    let doubted = usize::try_from(issue.doubted).unwrap_or(0);
    (doubted > 0).then(|| {
        let whom = count(doubted, "reader", "readers");
        let fault = format!(
            "issue {number}: the relay said of {whom} that there is no such mailbox, and took too few others to be believed"
        );
        let hint = format!(
            "nobody is suppressed for it, and another issue, three days later or more, decides; \
             `{program} subscribers suppress ADDRESS` does it at once"
        );
        Alert::event(Diagnostic::warning(fault).hint(hint))
    })
}

/// That mails did not go out. How many wait for their next try is no change, as long as some do.
fn undelivered(issue: &IssueReport, program: &str) -> Option<Alert> {
    let (number, account) = (issue.number, &issue.account);
    let state = state_to_name(issue)?;
    let fault = format!("issue {number}: {}", account_words(account));
    let hint = format!("`{program} issues account {number} --list {state}`");
    let fault = Diagnostic::warning(fault).hint(hint);
    if account.queued == 0 {
        // It is finished: no later run says more of it.
        return Some(Alert::event(fault));
    }
    let (failed, held) = (account.failed, account.held);
    let state = format!("{failed} failed, {held} held, some queued");
    Some(Alert::lasting(about_issue(number), fault).in_state(state))
}

fn about_issue(number: IssueNumber) -> String {
    format!("issue {number}")
}

/// A schedule that made no issue although one was due.
fn of_schedule(pipeline: &Pipeline, quiet: &QuietSchedule, program: &str) -> Option<Alert> {
    let QuietSchedule { schedule, why } = quiet;
    let words = quiet_words(why, &zone_of(pipeline, schedule));
    let message = format!("schedule `{schedule}`: {words}");
    let about = about_schedule(schedule);
    match why {
        Quiet::Missed { promised: true, .. } => {
            let hint =
                format!("its posts wait for the next one; `{program} run {schedule}` makes it now");
            Some(Alert::event(Diagnostic::warning(message).hint(hint)))
        }
        Quiet::NobodyLeft { .. } => {
            let hint = format!(
                "`{program} subscribers list` shows them; nobody got the posts that are due; \
                 `{program} subscribers revive ADDRESS` brings back who bounced wrongly"
            );
            Some(Alert::lasting(about, Diagnostic::error(message).hint(hint)))
        }
        Quiet::Preflight { .. } => Some(Alert::refusal(about, Diagnostic::error(message))),
        _ => None,
    }
}

fn about_schedule(name: &ScheduleName) -> String {
    format!("schedule {name}")
}

/// The end of a thing that nothing is told of any more.
fn end(memory: &mut Memory, about: &str, alerts: &[Alert], pipeline: &Pipeline) -> Option<String> {
    if alerts.iter().any(|alert| alert.about() == about) {
        return None;
    }
    memory.over(about, &pipeline.config.newsletter.timezone)
}

/// Sources that answer again; those that are read no more are forgotten.
fn ended_sources(
    memory: &mut Memory,
    alerts: &[Alert],
    pipeline: &Pipeline,
    report: &RunReport,
) -> Vec<String> {
    let answered = report.sources.iter();
    let answered = answered.filter(|source| source.error.is_none() && source.not_asked.is_none());
    let over: Vec<_> = answered
        .filter_map(|source| {
            let about = pipeline::about_source(&source.name);
            end(memory, &about, alerts, pipeline)
        })
        .collect();
    let read = pipeline
        .config
        .sources
        .iter()
        .filter(|source| !source.paused);
    let read: BTreeSet<String> = read
        .map(|source| pipeline::about_source(&source.name))
        .collect();
    for about in memory.subjects() {
        if about.starts_with("source ") && !read.contains(&about) {
            memory.forget(&about);
        }
    }
    over
}

/// Issues that are finished, and with the last of them whatever kept mail from going out.
async fn ended_issues(
    memory: &mut Memory,
    alerts: &[Alert],
    pipeline: &Pipeline,
    report: &RunReport,
) -> Vec<String> {
    let mut over = vec![];
    for about in memory.subjects() {
        let number = about
            .strip_prefix("issue ")
            .and_then(|number| number.parse().ok());
        let Some(number) = number.map(IssueNumber) else {
            continue;
        };
        // Asked of the store, since the run that ended it may have been killed before it said so.
        let Ok(account) = pipeline.store.issue_account(number).await else {
            continue;
        };
        match account {
            Some(account) if account.queued > 0 => {}
            Some(account) => {
                memory.forget(&about);
                let is_told = |alert: &Alert| alert.about() == about;
                let words = format!("issue {number} is done: {}", account_words(&account));
                let failed = account.failed + account.held > 0;
                let is_said = failed && report.issues.iter().any(|issue| issue.number == number);
                if !is_said && !alerts.iter().any(is_told) {
                    over.push(words);
                }
            }
            None => memory.forget(&about),
        }
    }
    let sent = |issue: &IssueReport| issue.stopped.is_none() && !issue.relays.is_empty();
    let nothing_waits = report.issues.is_empty() && !report.asked_to_end && !report.overtaken;
    if nothing_waits || report.issues.iter().any(sent) {
        over.extend(end(memory, SENDING, alerts, pipeline));
    }
    over
}

/// Schedules that were served.
fn ended_schedules(
    memory: &mut Memory,
    alerts: &[Alert],
    pipeline: &Pipeline,
    report: &RunReport,
) -> Vec<String> {
    let sealed = report.issues.iter().filter(|issue| !issue.resumed);
    let over: Vec<_> = sealed
        .filter_map(|issue| end(memory, &about_schedule(&issue.schedule), alerts, pipeline))
        .collect();
    for quiet in &report.quiet {
        let about = about_schedule(&quiet.schedule);
        let looked_at = !matches!(quiet.why, Quiet::NotDue { .. } | Quiet::Missed { .. });
        if looked_at && !alerts.iter().any(|alert| alert.about() == about) {
            memory.forget(&about);
        }
    }
    over
}

/// Everything, for a person who reads along.
fn print_all(printer: &Printer, report: &RunReport, alerts: Vec<Alert>) {
    let faults: Vec<_> = alerts.into_iter().map(Alert::into_fault).collect();
    let (found, rest) = faults.split_at(report.faults.len().min(faults.len()));
    printer.faults(found);
    for fault in rest {
        printer.fault(fault);
    }
}
