//! What was served, and the few settings that live in the database.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::ScheduleName;

use super::statement::Statement;
use super::transaction::{Transaction, transact};
use super::{Error, Store};

/// What the store knows of a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScheduleState {
    /// When it ran for the first time; posts that were there before are not its own.
    pub first_run_at: Timestamp,
    /// The newest due time that was served.
    pub last_due: Option<Timestamp>,
    /// When it last ran, due or by hand.
    pub last_run_at: Option<Timestamp>,
}

impl Store {
    /// What is known of a schedule; `None` before its first run.
    pub async fn schedule_state(
        &self,
        schedule: &ScheduleName,
    ) -> Result<Option<ScheduleState>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let row = tx
            .row(
                Statement::new(
                    "SELECT first_run_at, last_due, last_run_at FROM schedule WHERE name = $1",
                )
                .with(schedule.as_str()),
            )
            .await?;
        row.map(|row| {
            Ok(ScheduleState {
                first_run_at: row.instant("first_run_at")?,
                last_due: row.instant_or_none("last_due")?,
                last_run_at: row.instant_or_none("last_run_at")?,
            })
        })
        .transpose()
    }

    /// Records a schedule's first run; changes nothing if there was one before.
    pub async fn schedule_first_run(
        &self,
        schedule: &ScheduleName,
        at: Timestamp,
    ) -> Result<(), Error> {
        transact!(self, tx => tx.execute(
            Statement::new(
                "INSERT INTO schedule (name, first_run_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
            )
            .with(schedule.as_str())
            .with(at),
        ).await)?;
        Ok(())
    }

    /// Records that a due time was served at an instant; an older due time than the one on record leaves it as it is.
    pub async fn schedule_served(
        &self,
        schedule: &ScheduleName,
        due: Timestamp,
        at: Timestamp,
    ) -> Result<(), Error> {
        transact!(self, tx => record_run(tx, schedule, Some(due), at).await)
    }

    /// A setting that the program keeps for itself.
    pub async fn meta_get(&self, key: &str) -> Result<Option<String>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let row = tx
            .row(Statement::new("SELECT value FROM meta WHERE key = $1").with(key))
            .await?;
        row.map(|row| row.text("value")).transpose()
    }

    /// Keeps a setting in the place of what it was.
    pub async fn meta_set(&self, key: &str, value: &str) -> Result<(), Error> {
        transact!(self, tx => tx.execute(
            Statement::new(
                "INSERT INTO meta (key, value) VALUES ($1, $2)
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            )
            .with(key)
            .with(value),
        ).await)?;
        Ok(())
    }

    /// Keeps a setting unless it has a value already; gives the value that it has now.
    pub async fn meta_keep(&self, key: &str, value: &str) -> Result<String, Error> {
        transact!(self, tx => keep_setting(tx, key, value).await)
    }
}

async fn keep_setting(tx: &mut Transaction, key: &str, value: &str) -> Result<String, Error> {
    tx.execute(
        Statement::new(
            "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING",
        )
        .with(key)
        .with(value),
    )
    .await?;
    let row = tx
        .row(Statement::new("SELECT value FROM meta WHERE key = $1").with(key))
        .await?;
    row.map_or(Ok(value.to_owned()), |row| row.text("value"))
}

/// Records a run, and the due time that it served, if any; also part of sealing an issue.
pub(super) async fn record_run(
    tx: &mut Transaction,
    schedule: &ScheduleName,
    due: Option<Timestamp>,
    at: Timestamp,
) -> Result<(), Error> {
    tx.execute(
        Statement::new(
            "INSERT INTO schedule (name, first_run_at, last_due, last_run_at) VALUES ($1, $2, $3, $2)
             ON CONFLICT (name) DO UPDATE SET
                last_run_at = excluded.last_run_at,
                last_due = CASE WHEN schedule.last_due IS NULL OR excluded.last_due > schedule.last_due
                           THEN excluded.last_due ELSE schedule.last_due END",
        )
        .with(schedule.as_str())
        .with(at)
        .with(due),
    )
    .await?;
    Ok(())
}
