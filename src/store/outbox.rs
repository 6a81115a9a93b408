//! The outbox between turns: what a dead sender left behind, what has expired, and when there is work again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{EXPIRED, IssueNumber};

use super::relays;
use super::statement::{Row, Statement, Value};
use super::transaction::{Transaction, transact};
use super::{Error, Store};

/// Two unknowns may be sent again, the third is held: a reader gets three copies at most.
const MOST_RESENT: i64 = 2;

/// What was done with the deliveries of a dead sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Recovered {
    /// Claimed, or in line behind one that has no outcome: not sent, queued again.
    pub released: i64,
    /// First in line, so perhaps sent: queued again.
    pub resent: i64,
    /// First in line, so perhaps sent: held.
    pub held: i64,
}

impl Store {
    /// Takes back an issue's orphans: with `all` every claim there is (the caller holds the lock of the only sender),
    /// else those whose lease has run out.
    ///
    /// The first intent of a line is unknown: with `resend` it is queued again, at most twice a delivery, else it is held.
    /// It counts as carried by the relay that it was offered to.
    pub async fn outbox_recover(
        &self,
        issue: IssueNumber,
        now: Timestamp,
        all: bool,
        resend: bool,
    ) -> Result<Recovered, Error> {
        transact!(self, tx => recover(tx, issue, now, all, resend).await)
    }

    /// Gives up what is still queued of an issue that has expired by `now`, and says how many that were: failed, or held
    /// where a copy may have arrived.
    pub async fn outbox_expire(&self, issue: IssueNumber, now: Timestamp) -> Result<i64, Error> {
        let expired = transact!(self, tx => tx.execute(
            Statement::new(
                "UPDATE delivery SET state = CASE WHEN unknowns > 0 THEN 'held' ELSE 'failed' END,
                    last_at = $2, code = 0, enhanced = NULL, reply = $3
                 WHERE issue = $1 AND state = 'queued'
                    AND EXISTS (SELECT 1 FROM issue i WHERE i.number = $1 AND i.expires_at <= $2)",
            )
            .with(issue.0)
            .with(now)
            .with(EXPIRED),
        ).await)?;
        Ok(i64::try_from(expired).unwrap_or(i64::MAX))
    }

    /// Claims of an issue begin behind the last delivery that was answered: what an earlier process did not come
    /// to goes before what was put back, so that a few who are refused first hold up nobody.
    pub async fn outbox_go_on(&self, issue: IssueNumber) -> Result<(), Error> {
        let mut tx = self.engine.begin_read().await?;
        let text = "SELECT MAX(number) AS last FROM delivery WHERE issue = $1 AND attempts > 0";
        let row = tx.row(Statement::new(text).with(issue.0)).await?;
        if let Some(last) = row.map_or(Ok(None), |row| row.number_or_none("last"))? {
            self.set_cursor(issue, last + 1);
        }
        Ok(())
    }

    /// When the next queued delivery of an issue may be tried; `None` if none is queued.
    pub async fn outbox_next(&self, issue: IssueNumber) -> Result<Option<Timestamp>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let row = tx
            .row(
                Statement::new(
                    "SELECT MIN(next_at) AS next_at FROM delivery WHERE issue = $1 AND state = 'queued'",
                )
                .with(issue.0),
            )
            .await?;
        row.map_or(Ok(None), |row| row.instant_or_none("next_at"))
    }
}

async fn recover(
    tx: &mut Transaction,
    issue: IssueNumber,
    now: Timestamp,
    all: bool,
    resend: bool,
) -> Result<Recovered, Error> {
    let expired_by = if all { None } else { Some(now) };
    let released = tx
        .execute(
            // Found before anything is changed: what stands in line is judged by the one before it.
            Statement::new(
                "WITH unsent(number) AS MATERIALIZED (
                    SELECT d.number FROM delivery d
                    WHERE d.issue = $1 AND d.state IN ('claimed', 'intent') AND ($3 IS NULL OR d.lease_until <= $3)
                        AND (d.state = 'claimed' OR EXISTS (
                            SELECT 1 FROM delivery b
                            WHERE b.issue = d.issue AND b.number = d.behind AND b.fence = d.behind_fence
                                AND b.state = 'intent'))
                 )
                 UPDATE delivery SET state = 'queued', lease_until = NULL, next_at = $2
                 FROM unsent
                 WHERE delivery.issue = $1 AND delivery.number = unsent.number
                    AND delivery.state IN ('claimed', 'intent')",
            )
            .with(issue.0)
            .with(now)
            .with(expired_by),
        )
        .await?;
    let most_resent = if resend { MOST_RESENT } else { 0 };
    let unknown = take_back_unknown(tx, issue, now, expired_by, most_resent).await?;
    insert_unknown_attempts(tx, issue, now, &unknown).await?;
    count_as_carried(tx, now, &unknown).await?;
    let mut recovered = Recovered {
        released: i64::try_from(released).unwrap_or(i64::MAX),
        ..Recovered::default()
    };
    for row in &unknown {
        match row.text("state")?.as_str() {
            "queued" => recovered.resent += 1,
            _ => recovered.held += 1,
        }
    }
    Ok(recovered)
}

/// What is still under an intent counts as one more unknown; it is queued while fewer than `most_resent` came before, else held.
async fn take_back_unknown(
    tx: &mut Transaction,
    issue: IssueNumber,
    now: Timestamp,
    expired_by: Option<Timestamp>,
    most_resent: i64,
) -> Result<Vec<Row>, Error> {
    tx.rows(
        Statement::new(
            "UPDATE delivery SET
                state = CASE WHEN unknowns < $4 THEN 'queued' ELSE 'held' END,
                unknowns = unknowns + 1, lease_until = NULL, next_at = $2, last_at = $2,
                code = NULL, enhanced = NULL, reply = NULL
             WHERE issue = $1 AND state = 'intent' AND ($3 IS NULL OR lease_until <= $3)
             RETURNING number, fence, state, relay",
        )
        .with(issue.0)
        .with(now)
        .with(expired_by)
        .with(most_resent),
    )
    .await
}

/// What may have been sent counts against the caps of the relay that may have it.
async fn count_as_carried(
    tx: &mut Transaction,
    now: Timestamp,
    unknown: &[Row],
) -> Result<(), Error> {
    let mut used: BTreeMap<String, i64> = BTreeMap::new();
    for row in unknown {
        if let Some(relay) = row.text_or_none("relay")? {
            *used.entry(relay).or_default() += 1;
        }
    }
    relays::add_each(tx, &used, now).await
}

async fn insert_unknown_attempts(
    tx: &mut Transaction,
    issue: IssueNumber,
    now: Timestamp,
    unknown: &[Row],
) -> Result<(), Error> {
    let attempts: Vec<_> = unknown
        .iter()
        .map(|row| {
            Ok([
                Value::from(issue.0),
                row.number("number")?.into(),
                row.number("fence")?.into(),
                now.into(),
                "unknown".into(),
            ])
        })
        .collect::<Result<_, Error>>()?;
    let text = "INSERT INTO attempt (issue, number, fence, at, outcome) VALUES {rows}";
    tx.over(text, &attempts).await?;
    Ok(())
}
