//! The database looked over: whether it is whole, and whether every issue's account balances.

use super::migrations::NEWEST;
use super::{Error, Store};
use crate::model::IssueNumber;

/// Broken places that are named; more of them say nothing more.
const NAMED: u32 = 10;

/// What was found in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// Version of the schema.
    pub version: i64,
    /// Octets of the file, journal apart; `None` on PostgreSQL.
    pub octets: Option<u64>,
    /// Issues that were ever sealed; they are not counted where something is broken.
    pub issues: usize,
    /// What the engine finds broken in its own files.
    pub breakage: Vec<String>,
    /// Issues of which planned is not sent + failed + suppressed + held + queued.
    pub unbalanced: Vec<IssueNumber>,
}

impl Store {
    /// Looks the database over. Reads all of it and writes nothing.
    ///
    /// # Errors
    /// If it cannot be read so far as to say more.
    pub async fn examine(&self) -> Result<Examined, Error> {
        let breakage = self.engine.breakage(NAMED).await?;
        let issues = match breakage.is_empty() {
            true => self.issue_list().await?,
            // What is asked of a broken file may be answered with anything.
            false => vec![],
        };
        let unbalanced = issues.iter().filter(|issue| !issue.account.balances());
        Ok(Examined {
            version: NEWEST,
            octets: self.engine.octets().await?,
            issues: issues.len(),
            breakage,
            unbalanced: unbalanced.map(|issue| issue.number).collect(),
        })
    }
}
