//! Exit codes (sysexits.h), and how a fault that touches everyone is shown.

use std::path::Path;
use std::process::ExitCode;

use super::owner;
use super::print::shown;
use crate::audience::{DoubtReason, SecretError};
use crate::config;
use crate::deliver;
use crate::inbox;
use crate::journal;
use crate::model::Diagnostic;
use crate::pipeline::{self, Fault};
use crate::store;
use crate::web::ServeError;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// All done, or nothing to do.
    Done = 0,
    /// Done in part: the rest is named.
    Part = 1,
    /// The command line is at fault.
    Usage = 2,
    /// Data is at fault (EX_DATAERR).
    Data = 65,
    /// Something named is not there (EX_NOINPUT).
    NoInput = 66,
    /// The relay or the database is not available (EX_UNAVAILABLE).
    Unavailable = 69,
    /// A fault of ours (EX_SOFTWARE).
    Ours = 70,
    /// A file cannot be written (EX_CANTCREAT).
    CannotWrite = 73,
    /// Try again later (EX_TEMPFAIL).
    TryAgain = 75,
    /// The configuration is at fault (EX_CONFIG).
    Config = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not do what was asked.
#[derive(Debug)]
pub struct Failure {
    /// The code.
    pub exit: Exit,
    /// What to show.
    pub faults: Vec<Diagnostic>,
}

impl Failure {
    /// One fault without a file.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            faults: vec![Diagnostic::error(message)],
        }
    }

    /// Adds a hint to the last fault.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Some(fault) = self.faults.pop() {
            self.faults.push(fault.hint(hint));
        }
        self
    }

    /// Faults of the configuration.
    pub fn config(faults: Vec<Diagnostic>) -> Self {
        Self {
            exit: Exit::Config,
            faults,
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::of(fault, None)
    }
}

impl Failure {
    /// A fault of the pipeline; if the database is at fault, its file is named.
    pub fn of(fault: Fault, database: Option<&Path>) -> Self {
        let exit = match &fault {
            Fault::Config(_) | Fault::Secret(_) | Fault::State(_) => Exit::Config,
            Fault::Store(store::Error::Foreign) => Exit::Config,
            Fault::Store(store::Error::Journal(journal::Error::Io { .. })) => Exit::CannotWrite,
            Fault::Store(store::Error::Journal(_)) => Exit::Config,
            Fault::List(doubt) if doubt.why == DoubtReason::Missing => Exit::NoInput,
            Fault::ListFile { gone: true, .. } => Exit::NoInput,
            Fault::ListFile { .. } | Fault::List(_) => Exit::Data,
            Fault::Clock(_) => Exit::TryAgain,
            Fault::Store(error) if error.is_newer() => Exit::Config,
            Fault::Store(error) if error.is_transient() => Exit::TryAgain,
            Fault::Store(store::Error::File { .. })
            | Fault::Write { .. }
            | Fault::Deliver(deliver::Error::Mailbox { .. }) => Exit::CannotWrite,
            Fault::Inbox(inbox::Error::Read { .. }) => Exit::NoInput,
            Fault::Inbox(inbox::Error::Mark { .. }) => Exit::CannotWrite,
            Fault::Store(_) | Fault::Deliver(_) | Fault::Inbox(_) => Exit::Unavailable,
            Fault::NoIssue(_)
            | Fault::NoPlan(_)
            | Fault::NoJournal(_)
            | Fault::InJournalAlone(_) => Exit::NoInput,
            Fault::PlanAltered(_) => Exit::Data,
            Fault::NoRelay
            | Fault::NoOperator
            | Fault::Plan(_)
            | Fault::Compose(_)
            | Fault::Syndicate(_)
            | Fault::Picture(_)
            | Fault::Gather(_) => Exit::Ours,
        };
        match fault {
            Fault::Config(faults) => Self { exit, faults },
            Fault::State(fault) => Self {
                exit,
                faults: vec![*fault],
            },
            Fault::ListFile { fault, .. } => Self {
                exit,
                faults: vec![*fault],
            },
            Fault::Clock(doubt) => Self {
                exit,
                faults: vec![pipeline::clock_fault(&doubt)],
            },
            Fault::List(doubt) => Self {
                exit,
                faults: vec![pipeline::list_fault(&doubt)],
            },
            Fault::Store(error) => of_unwritable(&error, database).unwrap_or_else(|| Self {
                exit,
                faults: vec![of_store(&error, database)],
            }),
            Fault::Write { ref path, .. } => {
                let advice = owner::advice(path);
                let failure = Self::new(exit, chain(&fault));
                match advice {
                    Some(advice) => failure.hint(advice),
                    None => failure,
                }
            }
            Fault::Secret(SecretError::Io { ref path, .. }) => {
                let advice = owner::advice_on_file(path);
                let failure = Self::new(exit, chain(&fault));
                match advice {
                    Some(advice) => failure.hint(advice),
                    None => failure,
                }
            }
            Fault::Inbox(error) => Self {
                exit,
                faults: vec![of_inbox(&error)],
            },
            other => Self::new(exit, chain(&other)),
        }
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        Self::new(Exit::Unavailable, error.to_string())
            .hint("another address: `courant serve --listen 127.0.0.1:8081`")
    }
}

fn of_inbox(error: &inbox::Error) -> Diagnostic {
    let fault = Diagnostic::error(pipeline::inbox_fault(error));
    match error {
        inbox::Error::Read { maildir: true, .. } => fault.hint(
            "a Maildir has the folders `new`, `cur` and `tmp`; for one message name its file",
        ),
        _ => fault,
    }
}

/// A database that is another user's is a file that cannot be written, whatever its driver makes of it.
fn of_unwritable(error: &store::Error, database: Option<&Path>) -> Option<Failure> {
    let path = match error {
        store::Error::File { path, .. } => path,
        _ if error.is_unavailable() => database?,
        _ => return None,
    };
    let advice = owner::advice(path)?;
    Some(Failure {
        exit: Exit::CannotWrite,
        faults: vec![of_store(error, database).hint(advice)],
    })
}

fn of_store(error: &store::Error, database: Option<&Path>) -> Diagnostic {
    if let store::Error::File { path, source } = error {
        let why = config::cause(source);
        return Diagnostic::error(format!("cannot prepare `{}`: {why}", shown(path)));
    }
    if let store::Error::Journal(error) = error {
        let fault = Diagnostic::error(chain(error));
        return match error {
            journal::Error::Io { path, .. } => match owner::advice(path) {
                Some(advice) => fault.hint(advice),
                None => fault,
            },
            journal::Error::Newer { .. } => fault.hint("a newer courant wrote it: update this one"),
            journal::Error::Damaged { .. } => fault.hint(
                "`courant restore --replay` goes on with all that is whole of it, and keeps the file as it is beside it",
            ),
        };
    }
    let fault = Diagnostic::error(chain(error));
    let fault = match database {
        Some(path) => fault.in_file(shown(path)),
        None => fault,
    };
    if error.is_newer() {
        return fault.hint("a newer courant made it: update this one");
    }
    fault
}

/// An error and its causes, each said once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        source = cause.source();
    }
    text
}
