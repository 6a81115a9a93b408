//! `courant plan`: every post in or out of the next issue, and why; who would get what.

use jiff::tz::TimeZone;

use super::run::quiet_words;
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::{Printer, count};
use crate::cli::session::{self, Session};
use crate::model::{Diagnostic, Severity};
use crate::pipeline::Plan;

/// Longest title that the table shows, in characters.
const TITLE: usize = 56;

/// Shows the plan of a schedule, or of those marked as default.
pub async fn plan(session: &Session, name: Option<&str>) -> Result<Exit, Failure> {
    let pipeline = session.pipeline().await?;
    let mut plans = Vec::new();
    let mut ended = Exit::Done;
    for schedule in session::schedules(&pipeline.config, name)? {
        let plan = pipeline.plan(schedule, &session.world()).await?;
        session.clear_bars();
        if !session.printer.json {
            show(&session.printer, &plan, &schedule.timezone);
        }
        ended = exit(&plan).max(ended);
        plans.push(plan);
    }
    if session.printer.json {
        session.printer.json(&plans);
    }
    Ok(ended)
}

/// Prints a plan for people.
pub fn show(printer: &Printer, plan: &Plan, timezone: &TimeZone) {
    match &plan.quiet {
        Some(quiet) => printer.line(format!("{}: {}", plan.schedule, quiet_words(quiet))),
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
    if plan.quiet.is_none() {
        show_variants(printer, plan);
    }
    for (reader, reason) in &plan.skipped {
        printer.line(format!("left out: {reader} ({})", reason.as_str()));
    }
    if plan.nothing_new > 0 && plan.posts.iter().any(|post| post.carried) {
        printer.line(format!(
            "nothing new for {}",
            count(plan.nothing_new, "reader", "readers")
        ));
    }
    show_faults(printer, plan);
}

fn show_posts(printer: &Printer, plan: &Plan, timezone: &TimeZone) {
    if plan.posts.is_empty() {
        return;
    }
    printer.line("");
    let rows: Vec<Vec<String>> = plan
        .posts
        .iter()
        .map(|post| {
            let mark = if post.title_derived {
                " (title made of the text)"
            } else {
                ""
            };
            vec![
                if post.carried { "in" } else { "out" }.to_owned(),
                post.dated
                    .to_zoned_datetime(timezone.clone())
                    .date()
                    .to_string(),
                post.source.to_string(),
                shortened(&post.title),
                format!("{}{mark}", post.reason),
            ]
        })
        .collect();
    printer.table(&["", "date", "source", "post", "reason"], &rows);
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
    printer.line("");
}

fn show_faults(printer: &Printer, plan: &Plan) {
    let sources = plan.sources.iter().filter_map(|source| {
        let error = source.error.as_ref()?;
        Some(Diagnostic::error(format!(
            "source `{}`: {error}",
            source.name
        )))
    });
    printer.faults(
        &sources
            .chain(plan.faults.iter().cloned())
            .collect::<Vec<_>>(),
    );
}

fn shortened(title: &str) -> String {
    if title.chars().count() <= TITLE {
        return title.to_owned();
    }
    title.chars().take(TITLE - 1).chain(['…']).collect()
}

/// Done, or in part where a source, post or subscriber is at fault.
pub fn exit(plan: &Plan) -> Exit {
    let failed = plan.sources.iter().any(|source| source.error.is_some());
    let faulty = plan
        .faults
        .iter()
        .any(|fault| fault.severity == Severity::Error);
    if failed || faulty {
        Exit::Part
    } else {
        Exit::Done
    }
}
