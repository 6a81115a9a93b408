//! `courant plan`: every post in or out of the next issue, and why; who would get what.

use jiff::tz::TimeZone;
use serde::Serialize;

use super::summary::{has_errors, quiet_words};
use super::{relays, signals};
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::{Printer, count, shortened, titled};
use crate::cli::session::{self, Session};
use crate::model::Diagnostic;
use crate::pipeline::{HeldPosts, Plan, PlanSaved, PlannedPost};

/// Longest title that the table shows, in characters.
const TITLE: usize = 56;

/// Posts that are out, which the table shows: a ledger of years is not read.
const OUTS: usize = 20;

/// Shows the plan of a schedule, or of those marked as default.
pub async fn plan(session: &Session, name: Option<&str>) -> Result<Exit, Failure> {
    let config = session.config()?;
    session::schedules(&config, name)?;
    let pipeline = session.pipeline(config).await?;
    let schedules = session::schedules(&pipeline.config, name)?;
    let mut plans = Vec::with_capacity(schedules.len());
    for schedule in &schedules {
        plans.push(pipeline.plan(schedule, &session.world()).await?);
    }
    session.clear_bars();
    let program = session.program();
    session.printer.either(&plans, |printer| {
        for (index, (schedule, plan)) in schedules.iter().zip(&plans).enumerate() {
            if index > 0 {
                printer.line("");
            }
            show(printer, plan, &schedule.timezone, &program);
        }
        if plans.is_empty() {
            printer.line("No schedule is marked as default: name one.");
        }
    });
    let faulty = show_faults(&session.printer, plans.iter().map(|plan| &plan.faults));
    Ok(if faulty { Exit::Part } else { Exit::Done })
}

/// A saved plan as `plan --save --json` gives it.
#[derive(Serialize)]
struct Saved {
    #[serde(flatten)]
    plan: Plan,
    saved: Option<PlanSaved>,
}

/// Saves the plan of a schedule, or of those marked as default.
pub async fn save(session: &Session, name: Option<&str>) -> Result<Exit, Failure> {
    let config = session.config()?;
    session::schedules(&config, name)?;
    let pipeline = session.pipeline(config).await?;
    let schedules = session::schedules(&pipeline.config, name)?;
    let mut plans = Vec::with_capacity(schedules.len());
    for schedule in &schedules {
        let world = session.world();
        let planned = pipeline.plan_and_save(schedule, &world);
        let planned = signals::stopping(session.stop(), planned).await??;
        if session.stop().is_stopped() {
            return Err(Failure::new(
                Exit::TryAgain,
                "asked to end: nothing was saved as a plan",
            ));
        }
        let Some((plan, saved)) = planned else {
            return Err(Failure::new(Exit::TryAgain, "a run is already under way")
                .hint("a saved plan begins where that run ends: try again after it"));
        };
        plans.push(Saved { plan, saved });
    }
    pipeline.store.close().await;
    session.clear_bars();
    let program = session.program();
    session.printer.either(&plans, |printer| {
        for (schedule, plan) in schedules.iter().zip(&plans) {
            show(printer, &plan.plan, &schedule.timezone, &program);
            printer.line("");
            show_saved(printer, plan.saved.as_ref(), &program);
        }
        if plans.is_empty() {
            printer.line("No schedule is marked as default: name one.");
        }
    });
    let faulty = show_faults(&session.printer, plans.iter().map(|plan| &plan.plan.faults));
    Ok(if faulty { Exit::Part } else { Exit::Done })
}

fn show_saved(printer: &Printer, saved: Option<&PlanSaved>, program: &str) {
    let Some(saved) = saved else {
        printer.line("Nothing to save: no issue would be made.");
        return;
    };
    let domains = saved
        .domains
        .iter()
        .map(|one| vec![one.readers.to_string(), one.domain.clone()]);
    printer.table(&["readers", "domain"], &domains.collect::<Vec<_>>());
    printer.line("");
    printer.line(format!(
        "Saved as plan {}. To send exactly this: {program} run --plan {}",
        saved.plan, saved.plan
    ));
}

/// Prints a plan for people.
pub fn show(printer: &Printer, plan: &Plan, timezone: &TimeZone, program: &str) {
    match &plan.quiet {
        Some(quiet) => {
            let words = quiet_words(quiet, timezone);
            printer.line(format!("{}: no issue: {words}", plan.schedule));
        }
        None => printer.line(format!(
            "{}: {} for {}",
            plan.schedule,
            count(
                plan.posts.iter().filter(|post| post.carried).count(),
                "post",
                "posts"
            ),
            count(plan.readers, "reader", "readers"),
        )),
    }
    show_posts(printer, plan, timezone);
    show_held(printer, &plan.held, program);
    if plan.quiet.is_none() {
        show_variants(printer, plan);
    }
    if let Some(forecast) = &plan.caps {
        relays::show_caps(printer, forecast, timezone);
    }
    for skipped in &plan.skipped {
        printer.line(format!(
            "left out: {} ({})",
            skipped.reader,
            skipped.reason.as_str()
        ));
    }
    if plan.nothing_new > 0 && plan.posts.iter().any(|post| post.carried) {
        printer.line(format!(
            "nothing new for {}",
            count(plan.nothing_new, "reader", "readers")
        ));
    }
}

fn show_posts(printer: &Printer, plan: &Plan, timezone: &TimeZone) {
    if plan.posts.is_empty() {
        return;
    }
    printer.line("");
    let out = plan.posts.iter().filter(|post| !post.carried).count();
    let mut outs_left = OUTS;
    let posts = plan.posts.iter().filter(|post| {
        let is_shown = post.carried || outs_left > 0;
        outs_left -= usize::from(is_shown && !post.carried);
        is_shown
    });
    let rows: Vec<Vec<String>> = posts
        .map(|post| {
            vec![
                if post.carried { "in" } else { "out" }.to_owned(),
                post.dated
                    .to_zoned_datetime(timezone.clone())
                    .date()
                    .to_string(),
                post.source.to_string(),
                titled(&shortened(&post.title, TITLE), post.title_derived),
                reason(post),
            ]
        })
        .collect();
    printer.table(&["", "date", "source", "post", "reason"], &rows);
    if out > OUTS {
        printer.line(format!(
            "out  and {} that are older; `--json` names all",
            count(out - OUTS, "post", "posts")
        ));
    }
}

/// The verdict, with the other sources that brought the post too.
fn reason(post: &PlannedPost) -> String {
    let also: Vec<String> = post
        .also
        .iter()
        .map(|at| format!("`{}`", at.source))
        .collect();
    match also.as_slice() {
        [] => post.reason.clone(),
        also => format!("{}; also at {}", post.reason, also.join(", ")),
    }
}

/// What waits for a person, and how to let it in.
pub fn show_held(printer: &Printer, held: &[HeldPosts], program: &str) {
    for held in held {
        let (source, why) = (&held.source, &held.why);
        let still = match held.posts < held.came {
            true => format!(", {} of them still held", held.posts),
            false => String::new(),
        };
        printer.line(format!(
            "held from `{source}`: {why}{still}; `{program} sources review {source}`"
        ));
    }
}

fn show_variants(printer: &Printer, plan: &Plan) {
    printer.line("");
    let rows: Vec<Vec<String>> = plan
        .variants
        .iter()
        .map(|variant| {
            let bytes = variant.html_bytes.map_or("–".to_owned(), |bytes| {
                format!("{} KB", bytes.div_ceil(1000))
            });
            vec![
                variant.readers.to_string(),
                variant.posts.to_string(),
                variant.language.clone(),
                variant.format.clone(),
                bytes,
                variant.subject.clone(),
            ]
        })
        .collect();
    printer.table(
        &["readers", "posts", "language", "format", "html", "subject"],
        &rows,
    );
}

/// Prints the faults of some plans, each once, to stderr; whether there is an error among them.
pub fn show_faults<'a>(
    printer: &Printer,
    plans: impl Iterator<Item = &'a Vec<Diagnostic>>,
) -> bool {
    let mut faults: Vec<Diagnostic> = Vec::new();
    for fault in plans.flatten() {
        if !faults.contains(fault) {
            faults.push(fault.clone());
        }
    }
    printer.faults(&faults);
    has_errors(&faults)
}
