//! `courant issues retry|pause|resume|cancel`: orders on a sealed issue, which a run that is sending obeys at once.

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::exit::{Exit, Failure};
use crate::cli::print::count;
use crate::cli::session::Session;
use crate::model::{DeliveryState, IssueNumber, IssueStanding};
use crate::pipeline::Fault;
use crate::store::{Ordered, Store};

/// An order as `--json` gives it.
#[derive(Serialize)]
struct Obeyed {
    issue: IssueNumber,
    #[serde(flatten)]
    order: Ordered,
}

/// Makes the issue stand as ordered, and says what that did.
pub async fn order(
    session: &Session,
    store: &Store,
    issue: IssueNumber,
    wanted: IssueStanding,
) -> Result<Exit, Failure> {
    let now = session.clock().now();
    let order = store.issue_order(issue, wanted, now).await;
    let order = order.map_err(Fault::from)?.ok_or(Fault::NoIssue(issue))?;
    if order.standing != wanted {
        return Err(cancelled(issue));
    }
    let queued = store.issue_account(issue).await.map_err(Fault::from)?;
    let queued = queued.map_or(0, |account| account.queued);
    session.printer.either(&Obeyed { issue, order }, |printer| {
        printer.line(words(issue, &order, queued, &session.program()));
    });
    Ok(Exit::Done)
}

fn words(issue: IssueNumber, order: &Ordered, queued: i64, program: &str) -> String {
    let queued = count(usize::try_from(queued).unwrap_or(0), "mail", "mails");
    match order.standing {
        IssueStanding::Open if order.before == IssueStanding::Open => {
            format!("Issue {issue} was not paused: {queued} queued.")
        }
        IssueStanding::Open => {
            format!("Issue {issue} goes on with the next run: {queued} queued.")
        }
        IssueStanding::Paused => format!(
            "Issue {issue} is paused: {queued} queued. To go on: {program} issues resume {issue}"
        ),
        IssueStanding::Cancelled => format!(
            "Issue {issue} is cancelled: {} suppressed, {} held since a copy may have arrived.",
            order.withdrawn.suppressed, order.withdrawn.held
        ),
    }
}

/// What `issues retry` queued, as `--json` gives it.
#[derive(Serialize)]
struct Retried {
    issue: IssueNumber,
    deferred: i64,
    held: i64,
    failed: i64,
}

/// Queues the deliveries of these states again.
pub async fn retry(
    session: &Session,
    store: &Store,
    issue: IssueNumber,
    states: &[DeliveryState],
    relays: &[String],
) -> Result<Exit, Failure> {
    let now = session.clock().now();
    let standing = may_be_retried(store, issue, now).await?;
    let mut retried = Retried {
        issue,
        deferred: 0,
        held: 0,
        failed: 0,
    };
    for state in states {
        let queued = store.outbox_retry(issue, *state, relays, now).await;
        let queued = queued.map_err(Fault::from)?;
        match state {
            DeliveryState::Held => retried.held += queued,
            DeliveryState::Failed => retried.failed += queued,
            _ => retried.deferred += queued,
        }
    }
    session.printer.either(&retried, |printer| {
        let Retried {
            deferred,
            held,
            failed,
            ..
        } = retried;
        printer.line(format!(
            "Issue {issue}: queued again {deferred} put off, {held} held, {failed} failed."
        ));
        if held > 0 {
            printer.line("Who has a held mail already gets it twice.");
        }
        let program = session.program();
        if standing == IssueStanding::Paused {
            printer.line(format!(
                "It is paused. To go on: {program} issues resume {issue}"
            ));
        } else if deferred + held + failed > 0 {
            printer.line(format!(
                "A run that is sending takes them up, or the next one: {program} run --due"
            ));
        }
    });
    Ok(Exit::Done)
}

/// Where the issue stands, unless nothing of it can be tried again.
async fn may_be_retried(
    store: &Store,
    number: IssueNumber,
    now: Timestamp,
) -> Result<IssueStanding, Failure> {
    let standing = store.issue_standing(number).await.map_err(Fault::from)?;
    let standing = standing.ok_or(Fault::NoIssue(number))?;
    if standing == IssueStanding::Cancelled {
        return Err(cancelled(number));
    }
    let issue = store.issue_load(number).await.map_err(Fault::from)?;
    let Some(issue) = issue else {
        return Err(super::no_content(store, number).await);
    };
    if issue.expires_at <= now {
        let at = issue.expires_at;
        return Err(
            Failure::new(Exit::Data, format!("issue {number} expired at {at}"))
                .hint("`expire` in `[delivery]` says for how long the next issues are tried"),
        );
    }
    Ok(standing)
}

fn cancelled(issue: IssueNumber) -> Failure {
    Failure::new(Exit::Data, format!("issue {issue} was cancelled"))
        .hint("what is cancelled stays so; its posts count as carried by it")
}
