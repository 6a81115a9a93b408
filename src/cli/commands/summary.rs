//! What a run says at its end: what went where, what did not, and what to type next.

mod sources;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

pub use sources::source_words;
use sources::{show_derived_titles, show_sources, show_visits};

use super::{plan, relays};
use crate::cli::print::{Printer, clock, count, shown};
use crate::config;
use crate::model::{Account, Diagnostic, IssueNumber, IssueStanding, ScheduleName, Severity};
use crate::pipeline::{InboxReport, IssueReport, Paced, Pipeline, Quiet, RunReport};

/// Prints the summary; `program` is how the user starts this program.
pub fn summary(printer: &Printer, pipeline: &Pipeline, report: &RunReport, program: &str) {
    if report.already_running {
        printer.line("A run is already under way; this one did nothing.");
        return;
    }
    if let Some(inbox) = &report.inbox {
        show_inbox(printer, inbox);
    }
    for issue in &report.issues {
        show_issue(printer, issue, &zone_of(pipeline, &issue.schedule), program);
    }
    if report.asked_to_end {
        printer.line("Asked to end: what is queued or due waits for the next run.");
    }
    if report.overtaken {
        printer.line("Another run took over; this one made no further issue.");
    }
    for quiet in &report.quiet {
        let zone = zone_of(pipeline, &quiet.schedule);
        let words = quiet_words(&quiet.why, &zone);
        let nothing = if is_about_posts(&quiet.why) {
            ", nothing sent"
        } else {
            ""
        };
        printer.line(format!("{}: {words}{nothing}", quiet.schedule));
    }
    for plan in &report.plans {
        if let Some(operator) = &plan.asked {
            printer.line(format!("  a preview is with {operator}"));
        }
        printer.line(format!("  to send it: {program} run --plan {}", plan.plan));
    }
    show_visits(
        printer,
        &report.sources,
        &pipeline.config.newsletter.timezone,
    );
    show_sources(printer, &report.sources);
    plan::show_held(printer, &report.held, program);
    show_derived_titles(printer, &report.sources);
    if report.issues.is_empty() && report.published.is_empty() {
        return;
    }
    show_places(printer, pipeline, report);
    show_next(printer, pipeline, report, program);
}

/// The zone that a schedule's times are told in.
pub fn zone_of(pipeline: &Pipeline, name: &ScheduleName) -> TimeZone {
    let schedules = &pipeline.config.schedules;
    let found = schedules.iter().find(|schedule| schedule.name == *name);
    let zone = found.map_or(&pipeline.config.newsletter.timezone, |schedule| {
        &schedule.timezone
    });
    zone.clone()
}

/// What came back, where anything did.
fn show_inbox(printer: &Printer, inbox: &InboxReport) {
    if inbox.read == 0 {
        return;
    }
    let read = count(inbox.read, "message", "messages");
    let suppressed = count(inbox.suppressed, "reader", "readers");
    let waiting = match inbox.waiting {
        0 => String::new(),
        waiting => format!(", {waiting} waiting for the next run"),
    };
    printer.line(format!(
        "Inbox: {read} read, {suppressed} suppressed{waiting}"
    ));
}

fn show_issue(printer: &Printer, issue: &IssueReport, zone: &TimeZone, program: &str) {
    let continued = if issue.resumed { ", continued" } else { "" };
    printer.line(format!(
        "Issue {} of {}{continued}: “{}”",
        issue.number, issue.schedule, issue.subject
    ));
    printer.line(format!(
        "  {} in {} for {}",
        count(issue.posts, "post", "posts"),
        count(issue.variants, "variant", "variants"),
        count(planned(&issue.account), "reader", "readers"),
    ));
    printer.line(format!("  {}", account_words(&issue.account)));
    relays::show(printer, issue, zone);
    if let Some(recovery) = &issue.recovered {
        printer.line(format!(
            "  left by a run that broke: {} queued again, {} unknown and sent once more, {} held",
            recovery.released, recovery.resent, recovery.held
        ));
    }
    for skipped in &issue.skipped {
        printer.line(format!(
            "  left out: {} ({})",
            skipped.reader,
            skipped.reason.as_str()
        ));
    }
    if issue.nothing_new > 0 {
        printer.line(format!(
            "  nothing new for {}",
            count(issue.nothing_new, "reader", "readers")
        ));
    }
    show_paces(printer, issue, zone);
    match issue.standing {
        IssueStanding::Open => {}
        IssueStanding::Paused => {
            let number = issue.number;
            printer.line(format!(
                "  paused; to go on: {program} issues resume {number}"
            ));
            return;
        }
        IssueStanding::Cancelled => printer.line("  cancelled"),
    }
    if let Some(at) = issue.next_try.filter(|_| issue.waiting == 0) {
        printer.line(format!(
            "  next try from {}, by any later run",
            clock(at, zone)
        ));
    }
    if let Some(state) = state_to_name(issue) {
        printer.line(format!(
            "  who: {program} issues account {} --list {state}",
            issue.number
        ));
    }
}

/// What was slowed down and why, and what waits for its pace.
fn show_paces(printer: &Printer, issue: &IssueReport, zone: &TimeZone) {
    for slowed in &issue.slowed {
        let whose = slowed.domain.as_ref();
        let whose = whose.map_or(String::new(), |domain| format!(" for {domain}"));
        let (pace, said) = (slowed.per_hour, &slowed.said);
        printer.line(format!("  slowed down to {pace}{whose}: {said}"));
    }
    if let Some(paced) = issue.paced {
        printer.line(format!("  {}", paced_words(paced, zone)));
    }
}

/// How many wait for their pace, and until when.
pub fn paced_words(paced: Paced, zone: &TimeZone) -> String {
    let until = clock(paced.until, zone);
    match paced.mails {
        1 => format!("1 waits for its pace, until about {until}"),
        mails => format!("{mails} wait for their pace, the last until about {until}"),
    }
}

/// The state whose readers deserve a look first; not of those that only wait for room at a relay.
pub fn state_to_name(issue: &IssueReport) -> Option<&'static str> {
    let account = &issue.account;
    [
        (account.held, "held"),
        (account.failed, "failed"),
        (account.queued - issue.waiting, "queued"),
    ]
    .into_iter()
    .find_map(|(number, state)| (number > 0).then_some(state))
}

/// How many deliveries an account has.
pub fn planned(account: &Account) -> usize {
    usize::try_from(account.planned).unwrap_or(0)
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

/// Why a schedule makes no issue.
pub fn quiet_words(quiet: &Quiet, zone: &TimeZone) -> String {
    match quiet {
        Quiet::NothingNew { new: 0, .. } => "nothing new".to_owned(),
        Quiet::NothingNew { new, needed } => format!(
            "{}, and an issue needs {needed}",
            count(*new, "new post", "new posts")
        ),
        Quiet::Baseline { posts } => format!(
            "first run: {} marked as seen; what comes from now on is new",
            count(*posts, "post", "posts")
        ),
        Quiet::NoReaders => "nobody on the list lacks these posts".to_owned(),
        Quiet::NobodyLeft { left } => nobody_words(left),
        Quiet::NotDue { next: Some(next) } => format!("not due before {}", clock(*next, zone)),
        Quiet::NotDue { next: None } => "never due again".to_owned(),
        Quiet::Missed { slot, why, .. } => format!("{} was passed over: {why}", clock(*slot, zone)),
        Quiet::Preflight { errors } => format!(
            "the preflight found {}, so no issue was sealed; the next run tries again",
            count(*errors, "error", "errors")
        ),
        Quiet::AwaitsApproval { plan } => format!("waits for approval, as plan {plan}"),
        Quiet::Sealed { number } => format!("this edition was sealed before, as issue {number}"),
    }
}

/// Why nobody is there to receive an issue.
fn nobody_words(left: &BTreeMap<&str, usize>) -> String {
    let all = count(left.values().sum(), "reader", "readers");
    match left.first_key_value() {
        Some((reason, 1)) if left.len() == 1 => format!("its only reader is {reason}"),
        Some((reason, _)) if left.len() == 1 => format!("all {all} are {reason}"),
        _ => {
            let each = left
                .iter()
                .map(|(reason, readers)| format!("{readers} {reason}"));
            let each: Vec<_> = each.collect();
            format!("none of {all} is left: {}", each.join(", "))
        }
    }
}

/// Whether the schedule was looked at and found nothing to send, rather than left alone.
fn is_about_posts(quiet: &Quiet) -> bool {
    matches!(
        quiet,
        Quiet::NothingNew { .. }
            | Quiet::Baseline { .. }
            | Quiet::NoReaders
            | Quiet::NobodyLeft { .. }
    )
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
    let mut next = Vec::new();
    if let Some(mailbox) = &report.mailbox {
        next.push((
            format!("mutt -f {}", config::shell_word(mailbox)),
            "read the mails".to_owned(),
        ));
    }
    next.push((
        format!("{program} serve"),
        format!(
            "the archive, the feed and the unsubscribe links, on http://{}/",
            pipeline.config.serve.listen
        ),
    ));
    if let Some(issue) = report.issues.last() {
        next.push((
            format!("{program} issues account {}", issue.number),
            "what became of every mail".to_owned(),
        ));
    }
    printer.line("");
    show_commands(printer, &next);
}

/// What to type next: commands, and what each is for.
pub fn show_commands(printer: &Printer, commands: &[(String, String)]) {
    let width = commands
        .iter()
        .map(|(command, _)| command.chars().count())
        .max()
        .unwrap_or(0);
    printer.line("What to type next:");
    for (command, purpose) in commands {
        printer.line(format!("  {command:<width$}  {purpose}"));
    }
}

/// An account that does not add up, in numbers: a fault of ours, whatever the relay did.
pub fn imbalance(number: IssueNumber, account: &Account) -> Diagnostic {
    let (planned, found) = (account.planned, account.found());
    Diagnostic::error(format!(
        "the account of issue {number} does not balance: {planned} planned, {found} found ({})",
        account_words(account)
    ))
    .hint("this is a fault of ours: please report it, with what `courant issues account --json` prints")
}

/// Whether any of these stops, or would stop, what was asked.
pub fn has_errors(faults: &[Diagnostic]) -> bool {
    faults.iter().any(|fault| fault.severity == Severity::Error)
}
