//! `courant bounces`: reads what came back, has it judged, and says of each message what it was and what was done.

use serde::Serialize;

use super::telling::{self, BOUNCES};
use crate::audience::{Terms, TokenError, Verdict};
use crate::cli::args::{Bounces, IngestArgs};
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::count;
use crate::cli::session::Session;
use crate::model::{BounceClass, InboxPlace, Notice, ReportKind, SuppressionReason};
use crate::pipeline::{self, Ingested, ReadMail};

/// Runs one of the subcommands.
pub async fn bounces(session: &Session, command: Bounces) -> Result<Exit, Failure> {
    match command {
        Bounces::Ingest(wanted) => ingest(session, &wanted).await,
    }
}

/// A message as `--json` gives one. The address is shortened, as in logs.
#[derive(Serialize)]
struct Told {
    message: String,
    kind: &'static str,
    status: Option<String>,
    reader: Option<String>,
    issue: Option<i64>,
    done: &'static str,
    text: String,
}

async fn ingest(session: &Session, wanted: &IngestArgs) -> Result<Exit, Failure> {
    let config = session.config()?;
    if session.store(&config).await?.is_none() {
        return Err(Failure::new(
            Exit::NoInput,
            "nothing was ever sent from here: there is no database",
        )
        .hint(
            "run it on the newsletter that sent the mails: `courant -c DIRECTORY bounces ingest`",
        ));
    }
    let place = match &wanted.from {
        Some(path) => InboxPlace::Path(path.clone()),
        None => match &config.bounces.inbox {
            Some(inbox) => inbox.clone(),
            None => InboxPlace::Path("-".into()),
        },
    };
    let (store, keys) = session.state(&config).await?;
    let terms = Terms {
        limits: config.delivery.bounce_limits,
        now: session.clock().now(),
        however_many: wanted.yes,
        trial: wanted.dry_run,
    };
    let settings = pipeline::inbox_settings(&config, place, terms.now);
    let (mails, waiting) = match pipeline::ingest(&settings, &store, &keys, terms).await? {
        Ingested::Done { mails, waiting } => (mails, waiting),
        Ingested::Flood(found, messages) => {
            return Err(Failure {
                // A mail server that pipes a message here tries again after it, so that nothing is lost meanwhile.
                exit: Exit::TryAgain,
                faults: vec![pipeline::flood_fault(found, messages)],
            });
        }
    };
    let soft = config.delivery.bounce_limits.soft;
    let told: Vec<Told> = mails.iter().map(|mail| tell(mail, soft)).collect();
    session.printer.either(&told, |printer| {
        for told in &told {
            printer.line(format!("{}: {}", told.message, told.text));
        }
        if waiting > 0 {
            let waiting = count(waiting, "message waits", "messages wait");
            printer.line(format!("{waiting} for the next time."));
        }
        if wanted.dry_run {
            printer.line("Nothing was saved.");
        }
    });
    telling::went_through(session, BOUNCES, &config.newsletter.timezone);
    Ok(Exit::Done)
}

fn tell(mail: &ReadMail, soft: u32) -> Told {
    let judged = &mail.judged;
    let (mut kind, status) = kind_of(&mail.report.kind);
    if judged.behind {
        kind = "soft bounce";
    }
    let reader = judged.reader.as_ref().map(|address| address.masked());
    let (done, mut what) = done(judged.verdict, soft);
    if judged.behind {
        what.push_str("; it is a mailbox behind the reader's own that is gone");
    }
    let mut text = match &status {
        Some(status) => format!("{kind} {status}"),
        None => kind.to_owned(),
    };
    if let Some(reader) = &reader {
        text = format!("{text}, {reader}");
        if let Some(issue) = judged.issue {
            text = format!("{text}, issue {issue}");
        }
    }
    Told {
        message: mail.name.clone(),
        kind,
        status,
        reader,
        issue: judged.issue.map(|issue| issue.0),
        done,
        text: format!("{text}: {what}"),
    }
}

fn kind_of(kind: &ReportKind) -> (&'static str, Option<String>) {
    match kind {
        ReportKind::Bounce(bounce) => {
            let kind = match bounce.class {
                BounceClass::Hard => "hard bounce",
                BounceClass::Soft => "soft bounce",
                BounceClass::Policy => "refusal by policy",
            };
            (kind, bounce.status.clone())
        }
        ReportKind::Complaint(_) => ("complaint", None),
        ReportKind::Letter(_) => ("letter", None),
        ReportKind::Notice(notice) => {
            let kind = match notice {
                Notice::Delayed => "delay",
                Notice::Arrived => "delivery receipt",
                Notice::Receipt => "read receipt",
                Notice::AutoReply => "automatic reply",
                Notice::Feedback => "feedback without complaint",
                Notice::Other => "no report",
            };
            (kind, None)
        }
    }
}

/// What was done, in a word for programs and in words for people.
fn done(verdict: Verdict, soft: u32) -> (&'static str, String) {
    let (word, text) = match verdict {
        Verdict::Nothing(_) => ("nothing", "counts as nothing"),
        Verdict::Unproven(TokenError::Malformed) => (
            "refused",
            "not believed, since nothing in it is ours: no return path, no link to leave, no Message-ID",
        ),
        Verdict::Unproven(TokenError::Forged) => {
            ("refused", "not believed, since its token is forged")
        }
        Verdict::Unproven(TokenError::Expired) => {
            ("refused", "not believed, since its token has expired")
        }
        Verdict::Asked => (
            "asked",
            "asks to leave without a token, in a reader's name that anybody can write: see to it yourself",
        ),
        Verdict::NoReader => ("refused", "not believed, since its token counts no more"),
        Verdict::NoDelivery => ("refused", "not believed, since there is no such delivery"),
        Verdict::OtherReader => (
            "refused",
            "not believed, since it names another reader than its token",
        ),
        Verdict::Repeated => ("repeated", "was dealt with before"),
        Verdict::Kept => ("kept", "kept; it says nothing about the reader"),
        Verdict::Counted(count) => {
            return ("counted", format!("counted, {count} of {soft} in a row"));
        }
        Verdict::Suppressed(_, false) => ("known", "the reader was suppressed before"),
        Verdict::Suppressed(SuppressionReason::Complained, true) => {
            ("suppressed", "suppressed (complained)")
        }
        Verdict::Suppressed(SuppressionReason::Unsubscribed, true) => {
            ("suppressed", "suppressed (unsubscribed)")
        }
        Verdict::Suppressed(_, true) => ("suppressed", "suppressed (bounced)"),
    };
    (word, text.to_owned())
}
