//! A fault that touches everyone: it stops before anything is sent, and says which room it comes from.

use std::path::PathBuf;

use crate::model::{Diagnostic, IssueNumber};
use crate::{audience, config, store};

/// A fault that touches everyone, and stops.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The configuration, a schedule or a template is at fault.
    #[error("the configuration is at fault")]
    Config(Vec<Diagnostic>),
    /// The list of readers cannot be read.
    #[error("the list of readers cannot be read")]
    ListFile {
        /// Why.
        fault: Box<Diagnostic>,
        /// It is a link that leads nowhere.
        gone: bool,
    },
    /// The list of readers is not believed.
    #[error("the list of readers is not believed")]
    List(audience::Doubt),
    /// The clock of this machine is not believed.
    #[error("the clock is not believed")]
    Clock(super::ClockDoubt),
    /// Database, secret and journal do not belong together.
    #[error("{}", .0.message)]
    State(Box<Diagnostic>),
    /// There is no journal to take anything over from.
    #[error("there is no journal `{}`", .0.display())]
    NoJournal(PathBuf),
    /// An issue of which the journal alone knows.
    #[error(
        "issue {0} is known from the journal alone: what it said, and who had it, was in a database that is gone"
    )]
    InJournalAlone(IssueNumber),
    /// The secret file is at fault.
    #[error(transparent)]
    Secret(#[from] audience::SecretError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// What came back cannot be read.
    #[error(transparent)]
    Inbox(#[from] crate::inbox::Error),
    /// The sender failed.
    #[error(transparent)]
    Deliver(#[from] crate::deliver::Error),
    /// A digest or page could not be made.
    #[error(transparent)]
    Compose(#[from] crate::compose::Error),
    /// The feed could not be made.
    #[error(transparent)]
    Syndicate(#[from] crate::syndicate::Error),
    /// A picture of our own could not be drawn, which is a fault of ours.
    #[error(transparent)]
    Picture(#[from] crate::pictures::Error),
    /// The fetcher could not be made.
    #[error(transparent)]
    Gather(#[from] crate::gather::Error),
    /// A file could not be written.
    #[error("cannot write `{}`: {}", path.display(), config::cause(cause))]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The relay's settings are missing, which is a fault of ours.
    #[error("the relay was not set up")]
    NoRelay,
    /// A plan could not be written as text, which is a fault of ours.
    #[error("the plan could not be written down: {0}")]
    Plan(String),
    /// A schedule wants approval and nobody is there to ask, which the configuration should have refused.
    #[error("there is no operator to ask")]
    NoOperator,
    /// No plan has this name.
    #[error("there is no saved plan `{0}`")]
    NoPlan(String),
    /// A plan's file does not hold what its name says.
    #[error("the file of plan `{0}` was altered since it was saved")]
    PlanAltered(String),
    /// No issue has this number.
    #[error("there is no issue {0}")]
    NoIssue(IssueNumber),
}

impl From<audience::Error> for Fault {
    fn from(error: audience::Error) -> Self {
        match error {
            audience::Error::Store(error) => Self::Store(error),
            audience::Error::Secret(error) => Self::Secret(error),
        }
    }
}
