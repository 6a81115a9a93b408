//! Instants that a wrong clock has left: what they say about the present one, and how they are set right.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::model::{IssueNumber, RelayUse, ScheduleName};

use super::statement::Statement;
use super::transaction::{Transaction, transact};
use super::{Error, Store};

/// The newest instants that are on record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClockEvidence {
    /// When the newest issue was sealed, and which it is.
    pub sealed: Option<SealedLast>,
    /// The newest of all others that only a past moment can have left: due times served, runs, visits, posts seen.
    pub other: Option<Timestamp>,
    /// Until when another run holds the lock, where locks are leases.
    pub lease: Option<Timestamp>,
}

/// The issue that was sealed last, by the clock of then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SealedLast {
    /// Its number.
    pub issue: IssueNumber,
    /// Its schedule.
    pub schedule: ScheduleName,
    /// When, as it was written down.
    pub at: Timestamp,
}

impl Store {
    /// The newest instants on record, against which a clock can be held.
    pub async fn clock_evidence(&self) -> Result<ClockEvidence, Error> {
        let mut tx = self.engine.begin_read().await?;
        let text = "SELECT number, schedule, sealed_at FROM issue ORDER BY sealed_at DESC, number DESC LIMIT 1";
        let sealed = match tx.row(Statement::new(text)).await? {
            None => None,
            Some(row) => Some(SealedLast {
                issue: IssueNumber(row.number("number")?),
                schedule: row.parsed("schedule")?,
                at: row.instant("sealed_at")?,
            }),
        };
        let row = tx
            .row(Statement::new(
                "SELECT MAX(x.at) AS at, (SELECT MAX(held_until) FROM lease WHERE held_until > 0) AS lease
                 FROM (
                    SELECT MAX(last_due) AS at FROM schedule
                    UNION ALL SELECT MAX(last_run_at) FROM schedule
                    UNION ALL SELECT MAX(first_run_at) FROM schedule
                    UNION ALL SELECT MAX(last_attempt_at) FROM source
                    UNION ALL SELECT MAX(first_seen) FROM post
                 ) x",
            ))
            .await?;
        let (other, lease) = match row {
            Some(row) => (row.instant_or_none("at")?, row.instant_or_none("lease")?),
            None => (None, None),
        };
        Ok(ClockEvidence {
            sealed,
            other,
            lease,
        })
    }

    /// Takes a lock away that is held for longer than any can be: its holder had another clock.
    pub async fn lease_forget(&self, later_than: Timestamp) -> Result<(), Error> {
        let text = "UPDATE lease SET held_until = 0 WHERE held_until > $1";
        transact!(self, tx => tx.execute(Statement::new(text).with(later_than)).await)?;
        Ok(())
    }

    /// Sets right what a clock that was ahead has written down: whatever lies later than `limit`.
    ///
    /// What tells when something happened moves back by the same span, so that the newest of it is just past at `now` and
    /// the order stays. A due time that was served so is not believed: in its place stands the newest issue of the schedule
    /// that was sealed by a right clock. Whatever waits for such an instant waits no longer, and an issue's expiry begins anew.
    pub async fn clock_set_right(&self, limit: Timestamp, now: Timestamp) -> Result<(), Error> {
        transact!(self, tx => set_right(tx, limit, now).await)
    }
}

/// Due times that a clock that was ahead has served; $1 is the latest instant that is believed.
const SERVED: &str = "UPDATE schedule SET last_due = (SELECT MAX(i.sealed_at) FROM issue i
        WHERE i.schedule = schedule.name AND i.sealed_at <= $1) WHERE last_due > $1";

/// What tells when something happened; $2 is the span by which it moves back.
const HAPPENED: [&str; 5] = [
    "UPDATE issue SET sealed_at = sealed_at - $2, expires_at = expires_at - $2, first_try_at = NULL
        WHERE sealed_at > $1",
    "UPDATE schedule SET last_run_at = last_run_at - $2 WHERE last_run_at > $1",
    "UPDATE schedule SET first_run_at = first_run_at - $2 WHERE first_run_at > $1",
    "UPDATE post SET first_seen = first_seen - $2 WHERE first_seen > $1",
    "UPDATE source SET last_attempt_at = last_attempt_at - $2, last_success_at = NULL, standing = NULL,
        validators = NULL WHERE last_attempt_at > $1",
];

/// What waits, or is counted from then; $2 is the present instant.
const WAITING: [&str; 7] = [
    "UPDATE issue SET settled_at = $2 WHERE settled_at > $1",
    "UPDATE issue SET done_by = $2 WHERE done_by > $1",
    "UPDATE delivery SET next_at = $2 WHERE state = 'queued' AND next_at > $1",
    "UPDATE delivery SET lease_until = $2 WHERE lease_until > $1",
    "UPDATE delivery SET last_at = $2 WHERE last_at > $1",
    "UPDATE pace SET noted_at = $2 WHERE noted_at > $1",
    "UPDATE host_hold SET until = $2 WHERE until > $1",
];

/// What the relays carried in hours that have not come counts as carried in this one; $2 is its number.
const CARRIED: [&str; 2] = [
    "INSERT INTO relay_use (relay, hour, messages)
        SELECT relay, CAST($2 AS BIGINT), CAST(SUM(messages) AS BIGINT) FROM relay_use WHERE hour > $1 GROUP BY relay
     ON CONFLICT (relay, hour) DO UPDATE SET messages = relay_use.messages + excluded.messages",
    "DELETE FROM relay_use WHERE hour > $1",
];

async fn set_right(tx: &mut Transaction, limit: Timestamp, now: Timestamp) -> Result<(), Error> {
    let row = tx
        .row(
            Statement::new(
                "SELECT MAX(x.at) AS at FROM (
                    SELECT MAX(sealed_at) AS at FROM issue
                    UNION ALL SELECT MAX(last_run_at) FROM schedule
                    UNION ALL SELECT MAX(first_run_at) FROM schedule
                    UNION ALL SELECT MAX(last_attempt_at) FROM source
                    UNION ALL SELECT MAX(first_seen) FROM post
                 ) x WHERE x.at > $1",
            )
            .with(limit),
        )
        .await?;
    let newest = match row {
        Some(row) => row.instant_or_none("at")?,
        None => None,
    };
    // Just past: what is seen now is newer.
    let past = now - SignedDuration::from_millis(1);
    let span = newest.map_or(0, |newest| newest.duration_since(past).as_millis());
    let span = i64::try_from(span).unwrap_or(i64::MAX);
    tx.execute(Statement::new(SERVED).with(limit)).await?;
    for text in HAPPENED {
        tx.execute(Statement::new(text).with(limit).with(span))
            .await?;
    }
    for text in WAITING {
        tx.execute(Statement::new(text).with(limit).with(now))
            .await?;
    }
    let [add, forget] = CARRIED.map(|text| Statement::new(text).with(RelayUse::hour(limit)));
    tx.execute(add.with(RelayUse::hour(now))).await?;
    tx.execute(forget).await?;
    Ok(())
}
