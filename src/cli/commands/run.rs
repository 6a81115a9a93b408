//! `courant run`: the whole line; and what it would do, with `--dry-run`.

use super::check::placeholders;
use super::summary::{self, has_errors};
use super::{plan, signals, telling};
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::{self, Session};
use crate::model::{Account, IssueStanding, Schedule};
use crate::pipeline::{IssueReport, Pipeline, Plan, Quiet, RunReport, Wish};
use crate::schedule::Due;

/// Runs the schedules of the wish, or shows what would be done.
pub async fn run(
    session: &Session,
    schedule: Option<String>,
    due: bool,
    clock_is_right: bool,
    dry_run: bool,
) -> Result<Exit, Failure> {
    let config = session.config()?;
    placeholders(&config)?;
    let wish = match schedule {
        Some(name) => Wish::Named(session::schedule(&config, &name)?.name.clone()),
        None if due => Wish::Due,
        None => Wish::Default,
    };
    let pipeline = session.pipeline(config).await?;
    let pipeline = pipeline.with_right_clock(clock_is_right);
    if dry_run {
        return dry(session, &pipeline, &wish).await;
    }
    let world = session.world();
    let run = session.telling(pipeline.run(&wish, &world));
    let report = signals::stopping(session.stop(), run).await??;
    finish(session, &pipeline, &report).await
}

/// Sends a saved plan.
pub async fn run_plan(
    session: &Session,
    plan: &str,
    clock_is_right: bool,
) -> Result<Exit, Failure> {
    let config = session.config()?;
    placeholders(&config)?;
    let pipeline = session.pipeline(config).await?;
    let pipeline = pipeline.with_right_clock(clock_is_right);
    let world = session.world();
    let run = session.telling(pipeline.run_plan(plan, &world));
    let report = signals::stopping(session.stop(), run).await??;
    finish(session, &pipeline, &report).await
}

async fn finish(
    session: &Session,
    pipeline: &Pipeline,
    report: &RunReport,
) -> Result<Exit, Failure> {
    session.clear_bars();
    let program = session.program();
    session.printer.either(report, |printer| {
        summary::summary(printer, pipeline, report, &program)
    });
    telling::of_run(session, pipeline, report).await;
    pipeline.store.close().await;
    Ok(exit(report))
}

/// What a run would do: the plan of each schedule that it would serve.
async fn dry(session: &Session, pipeline: &Pipeline, wish: &Wish) -> Result<Exit, Failure> {
    let mut plans = Vec::new();
    for schedule in &pipeline.config.schedules {
        if is_served(session, pipeline, schedule, wish).await? {
            plans.push((schedule, pipeline.plan(schedule, &session.world()).await?));
        }
    }
    session.clear_bars();
    let program = session.program();
    let only: Vec<&Plan> = plans.iter().map(|(_, plan)| plan).collect();
    session.printer.either(&only, |printer| {
        for (schedule, plan) in &plans {
            plan::show(printer, plan, &schedule.timezone, &program);
        }
        if !plans.is_empty() {
            printer.line("");
        }
        printer.line("A dry run: nothing was saved, sealed or sent.");
    });
    let faults = plan::show_faults(&session.printer, only.iter().map(|plan| &plan.faults));
    Ok(if faults { Exit::Part } else { Exit::Done })
}

async fn is_served(
    session: &Session,
    pipeline: &Pipeline,
    schedule: &Schedule,
    wish: &Wish,
) -> Result<bool, Failure> {
    let next = match wish {
        Wish::Default => return Ok(schedule.default),
        Wish::Named(name) => return Ok(*name == schedule.name),
        Wish::Due => match pipeline.due(schedule, session.clock().now()).await? {
            Due::Now(_) => return Ok(true),
            Due::Later(next) => Quiet::NotDue { next: Some(next) },
            Due::Never => Quiet::NotDue { next: None },
            Due::Missed { slot, why } => Quiet::Missed {
                slot,
                why: why.to_string(),
                promised: false,
            },
        },
    };
    if !session.printer.json {
        let words = summary::quiet_words(&next, &schedule.timezone);
        session.printer.line(format!("{}: {words}", schedule.name));
    }
    Ok(false)
}

/// Done (also when it was asked to end), done in part, or nothing could be sent at all.
fn exit(report: &RunReport) -> Exit {
    if report.issues.iter().any(|issue| !issue.account.balances()) {
        return Exit::Ours;
    }
    if report.refused.is_some() {
        return Exit::Data;
    }
    if report.asked_to_end {
        return Exit::Done;
    }
    // What the operator paused is as it should be.
    let wanted = |issue: &&IssueReport| {
        issue.late || issue.taken_back > 0 || issue.standing != IssueStanding::Paused
    };
    let mut issues = report.issues.iter().filter(wanted);
    let stopped = issues.clone().any(|issue| issue.stopped.is_some());
    let none_sent = issues.clone().all(|issue| issue.account.sent == 0);
    let refused = issues.clone().any(|issue| issue.refused);
    if refused || (stopped && none_sent) {
        return Exit::Unavailable;
    }
    let undelivered = |issue: &IssueReport| {
        let Account {
            failed,
            held,
            queued,
            ..
        } = issue.account;
        match issue.before {
            // What waits for its next try waits as the run before has said; what was given up meanwhile is news.
            Some(before) if queued > 0 => failed + held > before.failed + before.held,
            // What waits for room under a relay's cap is as it was asked for.
            _ => failed + held + queued - issue.waiting > 0,
        }
    };
    let left_out = report.quiet.iter().any(|quiet| match quiet.why {
        Quiet::Missed { promised, .. } => promised,
        Quiet::NobodyLeft { .. } => true,
        _ => false,
    });
    let in_part = stopped || left_out || report.overtaken;
    if in_part || issues.any(undelivered) || has_errors(&report.faults) {
        Exit::Part
    } else {
        Exit::Done
    }
}
