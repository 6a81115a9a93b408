//! What came back is read from its inbox, judged, saved, and only then marked as dealt with.
//!
//! For a run, an inbox that cannot be read is a warning: nobody's issue waits for it.

use std::collections::HashSet;
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use super::report::RunReport;
use super::sending::tokens;
use super::{Fault, Pipeline, World};
use crate::audience::{self, Judged, Keys, Terms, Verdict};
use crate::bounces;
use crate::config::{self, Config};
use crate::inbox::{self, Inbox, InboxSettings, Mail, Mark};
use crate::model::{Diagnostic, InboxPlace, Notice, Report, ReportKind, Severity};
use crate::store::{Store, TooMany};

/// Messages that a warning names; more are counted.
const NAMED: usize = 5;

/// What faults of the inbox are about.
const ABOUT: &str = "inbox";

/// A message that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadMail {
    /// What to call it.
    pub name: String,
    /// What it says.
    pub report: Report,
    /// What was done about it.
    pub judged: Judged,
}

/// What came of reading an inbox.
#[derive(Debug, Clone, PartialEq)]
pub enum Ingested {
    /// All were dealt with.
    Done {
        /// Each of them, in the order of the inbox.
        mails: Vec<ReadMail>,
        /// Messages that wait for the next time.
        waiting: usize,
    },
    /// They would suppress too many readers: nothing was done with so many messages.
    Flood(TooMany, usize),
}

/// What a run found in its inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct InboxReport {
    /// Messages that were read.
    pub read: usize,
    /// Readers that they suppressed.
    pub suppressed: usize,
    /// Messages that wait for the next time.
    pub waiting: usize,
}

/// The inbox at a place, as the configuration has it.
pub fn inbox_settings(config: &Config, place: InboxPlace, now: Timestamp) -> InboxSettings {
    InboxSettings {
        password: config.bounces.password.clone(),
        login: config.bounces.login,
        tokens: tokens(config, config.bounces.oauth.as_deref(), now),
        extra_root: config.bounces.tls_root.clone(),
        ..InboxSettings::new(place)
    }
}

/// Reads an inbox, and does what follows from its messages.
///
/// # Errors
/// If the inbox cannot be read, the store fails, or a message cannot be marked: then all is saved, and it is read again.
pub async fn ingest(
    settings: &InboxSettings,
    store: &Store,
    keys: &Keys,
    terms: Terms,
) -> Result<Ingested, Fault> {
    let memory = settings.memory();
    let known = match &memory {
        Some(memory) => store.inbox_known(memory).await?,
        None => HashSet::new(),
    };
    let mut inbox = Inbox::open(settings, &known).await?;
    let (mut reports, mut marks) = (Vec::new(), Vec::new());
    while let Some(mail) = inbox.next().await? {
        marks.push(mail.mark.clone());
        // Strangers write here, and reading computes. What defeats the parser is caught within.
        let said = tokio::task::spawn_blocking(move || read(&mail)).await;
        reports.extend(said.unwrap_or_default());
    }
    let all: Vec<&Report> = reports.iter().map(|(_, report)| report).collect();
    let judged = match audience::report(store, keys, &all, terms).await? {
        Ok(judged) => judged,
        Err(too_many) => {
            // Who left by a letter has left.
            let is_report = |(_, r): &&(String, Report)| !matches!(r.kind, ReportKind::Letter(_));
            let messages = reports.iter().filter(is_report).count();
            return Ok(Ingested::Flood(too_many, messages));
        }
    };
    let waiting = inbox.waiting();
    if !terms.trial {
        if let (Some(memory), Some(names)) = (&memory, inbox.names()) {
            let gone: Vec<String> = known.difference(names).cloned().collect();
            let done = named(&marks);
            store
                .inbox_remember(memory, &done, &gone, terms.now)
                .await?;
        }
        inbox.done(&marks).await?;
    }
    let mails = reports.into_iter().zip(judged);
    let mails = mails.map(|((name, report), judged)| ReadMail {
        name,
        report,
        judged,
    });
    Ok(Ingested::Done {
        mails: mails.collect(),
        waiting,
    })
}

fn named(marks: &[Mark]) -> Vec<String> {
    let names = marks.iter().filter_map(|mark| match mark {
        Mark::Name(name) => Some(name.clone()),
        _ => None,
    });
    names.collect()
}

/// What a mail says; a file may hold many.
fn read(mail: &Mail) -> Vec<(String, Report)> {
    if mail.mark != Mark::None {
        return vec![(mail.name.clone(), facts(&mail.bytes))];
    }
    let messages = bounces::split(&mail.bytes);
    let single = messages.len() == 1;
    let facts = messages.iter().zip(1..).map(|(bytes, at)| {
        let name = match single {
            true => mail.name.clone(),
            false => format!("{} {at}", mail.name),
        };
        (name, facts(bytes))
    });
    facts.collect()
}

/// The facts of a message; of what cannot be made out, that it is no report.
fn facts(bytes: &[u8]) -> Report {
    // Strangers write here: a mail that defeats the parser must not lie in the way of all others for ever.
    let read = std::panic::catch_unwind(|| bounces::read(bytes));
    read.ok().flatten().unwrap_or(Report {
        paths: vec![],
        links: vec![],
        message_ids: vec![],
        recipients: vec![],
        failed: vec![],
        kind: ReportKind::Notice(Notice::Other),
    })
}

impl Pipeline {
    /// Reads the inbox, if there is one, before anybody is chosen.
    pub(super) async fn read_inbox(
        &self,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<(), Fault> {
        let Some(place) = self.config.bounces.inbox.clone() else {
            return Ok(());
        };
        let settings = inbox_settings(&self.config, place, world.clock.now());
        let terms = Terms {
            limits: self.config.delivery.bounce_limits,
            now: world.clock.now(),
            however_many: false,
            trial: false,
        };
        let ingested = tokio::select! {
            // Whoever asks a run to end does not wait for a mail server.
            biased;
            () = world.stop.stopped() => return Ok(()),
            ingested = ingest(&settings, &self.store, &self.keys, terms) => ingested,
        };
        match ingested {
            Ok(Ingested::Done { mails, waiting }) => {
                report.faults.extend(asking(&mails));
                report.inbox = Some(InboxReport {
                    read: mails.len(),
                    suppressed: mails.iter().filter(|m| is_news(&m.judged)).count(),
                    waiting,
                });
            }
            Ok(Ingested::Flood(found, messages)) => report.faults.push(Diagnostic {
                severity: Severity::Warning,
                ..flood_fault(found, messages).about(ABOUT)
            }),
            Err(Fault::Inbox(error)) => report.faults.push(unread(&error)),
            Err(other) => return Err(other),
        }
        Ok(())
    }
}

fn is_news(judged: &Judged) -> bool {
    matches!(judged.verdict, Verdict::Suppressed(_, true))
}

/// What to say of people who ask to leave and prove nothing.
fn asking(mails: &[ReadMail]) -> Option<Diagnostic> {
    let asking = mails.iter().filter(|m| m.judged.verdict == Verdict::Asked);
    let mut names: Vec<String> = asking.map(|mail| format!("`{}`", mail.name)).collect();
    if names.is_empty() {
        return None;
    }
    if let Some(more) = names.len().checked_sub(NAMED).filter(|more| *more > 0) {
        names.truncate(NAMED);
        names.push(format!("{more} more"));
    }
    let fault = format!(
        "in the inbox readers ask to leave without their token: {}",
        names.join(", ")
    );
    let hint = "anybody can write in their name, so nothing was done: read these, and answer with the link of an issue";
    Some(Diagnostic::warning(fault).hint(hint))
}

/// What to say of an inbox that could not be read, where all else goes on.
fn unread(error: &inbox::Error) -> Diagnostic {
    let fault = Diagnostic::warning(inbox_fault(error)).about(ABOUT);
    fault.hint("what came back waits there for the next run, or for `courant bounces ingest`")
}

/// Why an inbox could not be read, in words.
pub fn inbox_fault(error: &inbox::Error) -> String {
    match error {
        inbox::Error::Read { path, source, .. } if path == Path::new("-") => {
            format!("cannot read stdin: {}", config::cause(source))
        }
        inbox::Error::Read { source, .. } | inbox::Error::Mark { source, .. } => {
            format!("{error}: {}", config::cause(source))
        }
        inbox::Error::Server { .. } => error.to_string(),
    }
}

/// What to say of reports that would suppress too many.
pub fn flood_fault(found: TooMany, messages: usize) -> Diagnostic {
    Diagnostic::error(format!(
        "{} of {} readers would be suppressed by reports within an hour: nothing was done with these {messages} messages",
        found.suppressions, found.readers
    ))
    .hint("so many at once is mostly a fault at a mail server; look at them with `bounces ingest --dry-run --yes`, and suppress them all the same with `--yes`")
}
