//! The lock of a run: one at a time, and the second says so.
//!
//! SQLite: the system's lock on a file beside the database, which dies with its holder. PostgreSQL: a row that is taken by
//! compare-and-set and runs out unless it is renewed.

use std::fs::File;

use jiff::Timestamp;

use super::engine::Engine;
use super::file::lock_beside;
use super::statement::Statement;
use super::transaction::transact;
use super::{Error, Store};

/// The name of the one lease there is.
const RUN: &str = "run";

/// The right to run, until it is released, dropped (SQLite) or runs out (PostgreSQL).
#[derive(Debug)]
pub struct RunLock(Kind);

#[derive(Debug)]
enum Kind {
    /// Open for as long as the lock is held.
    File(
        #[expect(
            dead_code,
            reason = "held, not read: the lock lives as long as the open file"
        )]
        File,
    ),
    /// The row's fence at the time of taking it.
    Lease { store: Store, fence: i64 },
}

impl Store {
    /// Takes the run lock for `holder` (a host and process, for people to read); `None` if another run has it.
    pub async fn run_lock(
        &self,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<RunLock>, Error> {
        if let Engine::Sqlite(_, writer) = &self.engine {
            let path = writer.path();
            let file = lock_beside(path).await?;
            return Ok(file.map(|file| RunLock(Kind::File(file))));
        }
        let row = transact!(self, tx => tx.row(
            Statement::new(
                "INSERT INTO lease (name, holder, fence, held_until) VALUES ($1, $2, 1, $3)
                 ON CONFLICT (name) DO UPDATE
                 SET holder = excluded.holder, fence = lease.fence + 1, held_until = excluded.held_until
                 WHERE lease.held_until <= $4
                 RETURNING fence",
            )
            .with(RUN)
            .with(holder)
            .with(until)
            .with(now),
        ).await)?;
        row.map(|row| {
            Ok(RunLock(Kind::Lease {
                store: self.clone(),
                fence: row.number("fence")?,
            }))
        })
        .transpose()
    }
}

impl RunLock {
    /// Whether holding it proves that every claim in the database was left by a run that is dead.
    ///
    /// So it is with the system's lock; with leases, only a claim whose own lease has run out is known to be an orphan.
    pub fn orphans_are_known(&self) -> bool {
        matches!(self.0, Kind::File(_))
    }

    /// Holds it until `until`; `false` if somebody else took it since: then stop. One that ran out, and that nobody
    /// took, is held again.
    pub async fn renew(&self, until: Timestamp) -> Result<bool, Error> {
        let Kind::Lease { store, fence } = &self.0 else {
            return Ok(true);
        };
        let renewed = transact!(store, tx => tx.execute(
            Statement::new("UPDATE lease SET held_until = $1 WHERE name = $2 AND fence = $3")
                .with(until)
                .with(RUN)
                .with(*fence),
        ).await)?;
        Ok(renewed == 1)
    }

    /// Gives it back.
    pub async fn release(self) -> Result<(), Error> {
        let Kind::Lease { store, fence } = self.0 else {
            return Ok(());
        };
        transact!(store, tx => tx.execute(
            Statement::new("UPDATE lease SET held_until = 0 WHERE name = $1 AND fence = $2")
                .with(RUN)
                .with(fence),
        ).await)?;
        Ok(())
    }
}
