//! `courant run`: the whole line, and a short summary of what went where.

use std::path::Path;

use jiff::Timestamp;

use super::{plan, signals};
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::{Printer, count};
use crate::cli::session::{self, Session};
use crate::model::{Account, Diagnostic, Schedule};
use crate::pipeline::{IssueReport, Pipeline, Quiet, RunReport, SourceReport, Wish};
use crate::schedule::Due;

/// Runs the schedules of the wish, or shows what would be done.
pub async fn run(
    session: &Session,
    schedule: Option<String>,
    due: bool,
    dry_run: bool,
) -> Result<Exit, Failure> {
    let config = session.config()?;
    let wish = match schedule {
        Some(name) => Wish::Named(session::schedule(&config, &name)?.name.clone()),
        None if due => Wish::Due,
        None => Wish::Default,
    };
    let pipeline = Pipeline::open(config, &session.world()).await?;
    if dry_run {
        return dry(session, &pipeline, &wish).await;
    }
    let report = signals::stopping(session.stop(), pipeline.run(&wish, &session.world())).await??;
    session.clear_bars();
    session.printer.either(&report, |printer| {
        summary(printer, &pipeline, &report, session)
    });
    show_faults(&session.printer, &report);
    Ok(exit(&report))
}

/// What a run would do: the plan of each schedule that it would serve.
async fn dry(session: &Session, pipeline: &Pipeline, wish: &Wish) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    let mut plans = Vec::new();
    for schedule in &pipeline.config.schedules {
        if is_served(session, pipeline, schedule, wish).await? {
            let plan = pipeline.plan(schedule, &session.world()).await?;
            session.clear_bars();
            if !session.printer.json {
                plan::show(&session.printer, &plan, &schedule.timezone);
            }
            exit = plan::exit(&plan).max(exit);
            plans.push(plan);
        }
    }
    if session.printer.json {
        session.printer.json(&plans);
    } else {
        session.printer.line("Nothing was saved, sealed or sent.");
    }
    Ok(exit)
}

async fn is_served(
    session: &Session,
    pipeline: &Pipeline,
    schedule: &Schedule,
    wish: &Wish,
) -> Result<bool, Failure> {
    Ok(match wish {
        Wish::Default => schedule.default,
        Wish::Named(name) => *name == schedule.name,
        Wish::Due => matches!(
            pipeline.due(schedule, session.clock().now()).await?,
            Due::Now(_)
        ),
    })
}

fn summary(printer: &Printer, pipeline: &Pipeline, report: &RunReport, session: &Session) {
    if report.already_running {
        printer.line("A run is already under way; this one did nothing.");
        return;
    }
    for issue in &report.issues {
        show_issue(printer, issue);
    }
    if report.overtaken {
        printer.line("Another run took over; this one made no further issue.");
    }
    for (schedule, quiet) in &report.quiet {
        printer.line(format!("{schedule}: {}", quiet_words(quiet)));
    }
    show_derived_titles(printer, &report.sources);
    if report.issues.is_empty() && report.published.is_empty() {
        return;
    }
    show_places(printer, pipeline, report);
    show_next(printer, pipeline, report, &session.program());
}

fn show_issue(printer: &Printer, issue: &IssueReport) {
    let continued = if issue.resumed { ", continued" } else { "" };
    printer.line(format!(
        "Issue {} of {}{continued}: “{}”",
        issue.number, issue.schedule, issue.subject
    ));
    printer.line(format!(
        "  {} in {} for {}",
        count(issue.posts, "post", "posts"),
        count(issue.variants, "variant", "variants"),
        count(
            usize::try_from(issue.account.planned).unwrap_or(0),
            "reader",
            "readers"
        ),
    ));
    printer.line(format!("  {}", account_words(&issue.account)));
    if let Some(recovery) = &issue.recovered {
        printer.line(format!(
            "  left by a run that broke: {} queued again, {} unknown and sent once more, {} held",
            recovery.released, recovery.resent, recovery.held
        ));
    }
    for (reader, reason) in &issue.skipped {
        printer.line(format!("  left out: {reader} ({})", reason.as_str()));
    }
    if issue.nothing_new > 0 {
        printer.line(format!(
            "  nothing new for {}",
            count(issue.nothing_new, "reader", "readers")
        ));
    }
    if let Some(reason) = &issue.stopped {
        printer.line(format!(
            "  stopped: {reason}; all that is queued stays queued"
        ));
    }
    if let Some(at) = issue.next_try {
        printer.line(format!(
            "  next try from {}; any later run takes it up",
            clock_words(at)
        ));
    }
}

/// The account in the order of the promise.
pub fn account_words(account: &Account) -> String {
    let Account {
        sent,
        failed,
        suppressed,
        held,
        queued,
        ..
    } = account;
    format!("{sent} sent, {failed} failed, {suppressed} suppressed, {held} held, {queued} queued")
}

/// Why a schedule made no issue.
pub fn quiet_words(quiet: &Quiet) -> String {
    match quiet {
        Quiet::NothingNew { new: 0, .. } => "nothing new, nothing sent".to_owned(),
        Quiet::NothingNew { new, needed } => {
            format!(
                "{} of the {needed} that an issue needs, nothing sent",
                count(*new, "new post", "new posts")
            )
        }
        Quiet::Baseline { posts } => format!(
            "first run: {} marked as seen, nothing sent; what comes from now on is new",
            count(*posts, "post", "posts")
        ),
        Quiet::NoReaders => "no reader wants these posts and lacks them, nothing sent".to_owned(),
        Quiet::NotDue { next: Some(next) } => format!("not due before {}", clock_words(*next)),
        Quiet::NotDue { next: None } => "never due again".to_owned(),
        Quiet::Missed { slot, why } => format!("{} was passed over: {why}", clock_words(*slot)),
        Quiet::Sealed { number } => format!("this edition was sealed before, as issue {number}"),
    }
}

fn clock_words(at: Timestamp) -> String {
    at.to_zoned_datetime(jiff::tz::TimeZone::system())
        .strftime("%Y-%m-%d %H:%M %Z")
        .to_string()
}

fn show_derived_titles(printer: &Printer, sources: &[SourceReport]) {
    for source in sources {
        for title in &source.derived_titles {
            printer.line(format!(
                "  {}: title made of the text, please look: “{title}”",
                source.name
            ));
        }
    }
}

fn show_places(printer: &Printer, pipeline: &Pipeline, report: &RunReport) {
    printer.line("");
    let public = shown(&pipeline.public());
    let files = count(report.published.len(), "file", "files");
    printer.line(format!("Feed and archive: {public} ({files} written)"));
    if let Some(mailbox) = &report.mailbox {
        printer.line(format!("Mailbox: {}", shown(mailbox)));
    }
}

fn show_next(printer: &Printer, pipeline: &Pipeline, report: &RunReport, program: &str) {
    printer.line("");
    printer.line("What to type next:");
    if let Some(mailbox) = &report.mailbox {
        printer.line(format!("  mutt -f {}    read the mails", shown(mailbox)));
    }
    printer.line(format!(
        "  {program} serve    the archive, the feed and the unsubscribe links, on http://{}/",
        pipeline.config.serve.listen
    ));
    if let Some(issue) = report.issues.last() {
        printer.line(format!(
            "  {program} issues account {}    what became of every mail",
            issue.number
        ));
    }
}

/// A path as the user would type it from here.
pub fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let short = here
        .as_ref()
        .and_then(|here| path.strip_prefix(here).ok())
        .unwrap_or(path);
    short.display().to_string()
}

fn show_faults(printer: &Printer, report: &RunReport) {
    let sources = report.sources.iter().filter_map(|source| {
        let error = source.error.as_ref()?;
        Some(Diagnostic::error(format!(
            "source `{}`: {error}",
            source.name
        )))
    });
    let faults: Vec<Diagnostic> = sources.chain(report.faults.iter().cloned()).collect();
    printer.faults(&faults);
    for issue in report
        .issues
        .iter()
        .filter(|issue| !issue.account.balances())
    {
        printer.fault(&Diagnostic::error(format!(
            "the account of issue {} does not balance",
            issue.number
        )));
    }
}

/// Done, done in part, or nothing could be sent at all.
fn exit(report: &RunReport) -> Exit {
    if report.issues.iter().any(|issue| !issue.account.balances()) {
        return Exit::Ours;
    }
    let stopped = report.issues.iter().any(|issue| issue.stopped.is_some());
    let none_sent = report.issues.iter().all(|issue| issue.account.sent == 0);
    if stopped && none_sent {
        return Exit::Unavailable;
    }
    let undelivered = |account: &Account| account.failed + account.held + account.queued > 0;
    let in_part = stopped
        || report.overtaken
        || report
            .issues
            .iter()
            .any(|issue| undelivered(&issue.account))
        || report.sources.iter().any(|source| source.error.is_some())
        || report
            .faults
            .iter()
            .any(|fault| fault.severity == crate::model::Severity::Error);
    if in_part { Exit::Part } else { Exit::Done }
}
