//! What can go wrong between the program and its database, sorted by what the caller can do about it.

use std::path::PathBuf;

use sqlx::migrate::MigrateError;

use crate::model::IssueNumber;

use super::engine::{of_sqlite, situation};

/// What a driver said; which driver is nobody's business.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A newer version of the program has been here; nothing was written.
    #[error(
        "the database has schema version {found}, and this program knows versions up to {known}"
    )]
    Newer {
        /// The version found.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// Another program keeps its migrations in this database under the name that ours have; nothing was written.
    #[error("the database belongs to another program, which counts its own migrations in it")]
    Foreign,
    /// The journal beside the database cannot be read or written.
    #[error(transparent)]
    Journal(#[from] crate::journal::Error),
    /// No connection, no permission, no room on the disk.
    #[error("the database is not available")]
    Unavailable(#[source] Cause),
    /// The database's folder or file could not be made or protected.
    #[error("cannot prepare `{}`", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process held the database for too long.
    #[error("the database is locked by another process")]
    Locked(#[source] Cause),
    /// Another process was at the same rows at the same time, again and again; nothing was written.
    #[error("another process keeps changing the same rows")]
    Conflict(#[source] Cause),
    /// Another process sealed an issue under this number first; nothing was written.
    #[error("another process has just sealed issue {0}")]
    NumberTaken(IssueNumber),
    /// The database refuses a setting that our promises rest on.
    #[error("the database keeps `{setting}` at `{found}`, and it must be `{wanted}`")]
    Unsafe {
        /// The setting.
        setting: &'static str,
        /// What it is.
        found: String,
        /// What it must be.
        wanted: &'static str,
    },
    /// The database holds something that this program never wrote, or is no database.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// The address of the database cannot be read.
    #[error("the address of the database is not valid")]
    Address(#[source] Cause),
    /// The schema could not be brought up to date.
    #[error("cannot bring the database up to date")]
    Migration(#[source] MigrateError),
    /// A fault of ours: the database did not understand.
    #[error("the database refused a statement")]
    Refused(#[source] Cause),
}

impl Error {
    /// Whether the same call may succeed a moment later, without anybody's help.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Locked(_) | Self::Conflict(_) | Self::NumberTaken(_)
        )
    }

    /// Whether the database cannot be reached or written at all.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::File { .. })
    }

    /// Whether a newer version of the program made this database.
    pub fn is_newer(&self) -> bool {
        matches!(self, Self::Newer { .. })
    }

    /// A value that the program cannot have written.
    pub(super) fn corrupt(column: &str, source: impl std::fmt::Display) -> Self {
        Self::Corrupt(format!("column `{column}`: {source}"))
    }
}

impl Error {
    /// An engine's own error, sorted by what its code means.
    fn of(situation: Situation, cause: Cause) -> Self {
        match situation {
            Situation::Locked => Self::Locked(cause),
            Situation::Conflict => Self::Conflict(cause),
            Situation::Unavailable => Self::Unavailable(cause),
            Situation::Corrupt => Self::Corrupt(cause.to_string()),
            Situation::Other => Self::Refused(cause),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(fault) => {
                let message = fault.message().to_owned();
                match situation(fault.as_ref()) {
                    Situation::Corrupt => Self::Corrupt(message),
                    situation => Self::of(situation, error.into()),
                }
            }
            sqlx::Error::Configuration(_) => Self::Address(error.into()),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => Self::Unavailable(error.into()),
            sqlx::Error::ColumnDecode { index, source } => Self::corrupt(index, source),
            _ => Self::Refused(error.into()),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let code = error.sqlite_error().map(|fault| fault.extended_code);
        let situation = code.map_or(Situation::Other, of_sqlite);
        Self::of(situation, error.into())
    }
}

impl From<MigrateError> for Error {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) => error.into(),
            error => Self::Migration(error),
        }
    }
}

/// What an engine's own error code means to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Situation {
    /// Held by somebody else.
    Locked,
    /// Two transactions were in each other's way, and this one was undone.
    Conflict,
    /// Not reachable or not writable.
    Unavailable,
    /// Damaged.
    Corrupt,
    /// Anything else.
    Other,
}
