//! All SQL and only SQL: the ledger of posts, subscribers and suppressions, issues, and the outbox.
//!
//! Rooms give values and get values; what they decide (retry times, thresholds, reasons) comes in as parameters, and so do
//! the time and every identifier. Each method is one transaction: it happens as a whole or not at all. One SQL text serves
//! SQLite and PostgreSQL; what must differ stands in `engine`. What must outlive the database is told to the journal. Writes go by sets, many rows a statement.

mod batch;
mod clock;
mod deliveries;
mod engine;
mod error;
mod evidence;
mod examining;
mod file;
mod gone;
mod inbox;
mod issues;
mod ledger;
mod lock;
mod look;
mod memory;
mod migrations;
mod orders;
mod outbox;
mod paces;
mod posts;
mod relays;
mod replay;
mod report_claims;
mod report_rules;
mod reports;
mod schedules;
mod seal;
mod sources;
mod statement;
mod subscribers;
mod suppressions;
mod transaction;
mod turn;
mod twins;
mod visits;
mod writer;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use secrecy::SecretString;

pub use clock::{ClockEvidence, SealedLast};
pub use deliveries::DeliveryRow;
pub use error::Error;
pub use evidence::Unknown;
pub use examining::Examined;
pub use gone::{RelayTook, ToldGone};
pub use issues::IssueSummary;
pub use ledger::KnownPost;
pub use lock::RunLock;
pub use look::Found;
pub use orders::{Ordered, Withdrawn};
pub use outbox::Recovered;
pub use posts::Recognised;
pub use report_rules::{ReportRules, TooMany};
pub use reports::{NewReport, ReportSaved, Reportable, Reported};
pub use schedules::ScheduleState;
pub use seal::{Seal, SealOutcome};
pub use sources::{NewPost, SourceSaved, SourceState};
pub use subscribers::SyncReport;
pub use suppressions::SuppressionOrder;
pub use twins::Twin;

use crate::journal::Journal;

use engine::Engine;

/// Where the database is.
#[derive(Debug, Clone)]
pub enum StoreTarget {
    /// A file, made when it is missing.
    Sqlite(PathBuf),
    /// `postgres://user:password@host/database`; the database exists, its tables are made.
    Postgres(SecretString),
}

impl StoreTarget {
    /// Whether there is a database to look into: a file that is there; a server is taken to be.
    pub fn exists(&self) -> bool {
        match self {
            Self::Sqlite(path) => path.exists(),
            Self::Postgres(_) => true,
        }
    }
}

/// The database, open and up to date. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Store {
    engine: Engine,
    /// Where the last claim of each issue ended; see `turn`.
    cursors: Arc<Mutex<HashMap<i64, i64>>>,
    /// Is told what must outlive the database; see `evidence`.
    journal: Option<Arc<Journal>>,
}

impl Store {
    /// Opens the database; makes, protects and migrates it where that is needed, and checks that it keeps its promises.
    ///
    /// Fails with [`Error::Newer`] before anything is written if a newer version of the program made it.
    pub async fn open(target: &StoreTarget) -> Result<Self, Error> {
        Ok(Self {
            engine: Engine::open(target).await?,
            cursors: Arc::default(),
            journal: None,
        })
    }

    /// Opens a database that a run has made, and brings an older one up to date; `None` where there is none, and none is
    /// made. One of a newer version is refused untouched.
    pub async fn open_existing(target: &StoreTarget) -> Result<Option<Self>, Error> {
        match target.look("").await?.version {
            Some(_) => Ok(Some(Self::open(target).await?)),
            None => Ok(None),
        }
    }

    /// Ends all connections, after those in use have come back.
    pub async fn close(&self) {
        self.engine.close().await;
    }
}
