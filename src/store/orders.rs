//! What an operator orders of a sealed issue: pause, resume, cancel, try again.
//!
//! Each is one transaction on the issue's row and its outbox. A run that is sending needs no word: every claim (T2) and
//! intent (T3) asks where the issue stands, so that the message in hand is the last. What a sender had in hand meanwhile
//! comes back to the queue, and [`Store::outbox_withdraw`] takes that of a cancelled issue out.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{CANCELLED, DeliveryState, IssueNumber, IssueStanding};

use super::relays::ANY;
use super::statement::{Statement, Value};
use super::transaction::{Transaction, transact};
use super::{Error, Store};

/// What came of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Ordered {
    /// Where the issue stood.
    pub before: IssueStanding,
    /// Where it stands now; a cancelled issue stays so.
    pub standing: IssueStanding,
    /// What a cancelled issue took out of the queue.
    #[serde(flatten)]
    pub withdrawn: Withdrawn,
}

/// Deliveries that were taken out of the queue of a cancelled issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Withdrawn {
    /// Suppressed: their sending had not begun.
    pub suppressed: i64,
    /// Held: a copy of them may have arrived.
    pub held: i64,
}

impl Store {
    /// Where an issue stands; `None` if there is none.
    pub async fn issue_standing(&self, issue: IssueNumber) -> Result<Option<IssueStanding>, Error> {
        let mut tx = self.engine.begin_read().await?;
        standing(&mut tx, issue).await
    }

    /// Makes an issue stand as ordered, unless it is cancelled; `None` if there is none. Cancelling withdraws what is queued;
    /// resuming takes its deadline away.
    pub async fn issue_order(
        &self,
        issue: IssueNumber,
        wanted: IssueStanding,
        now: Timestamp,
    ) -> Result<Option<Ordered>, Error> {
        transact!(self, tx => {
            let text = "UPDATE issue SET standing = $2, done_by = CASE WHEN $2 = 'open' THEN NULL ELSE done_by END
                        WHERE number = $1 AND standing <> 'cancelled'";
            let before = standing(tx, issue).await?;
            tx.execute(Statement::new(text).with(issue.0).with(wanted.as_str())).await?;
            let withdrawn = withdraw(tx, issue, now).await?;
            let standing = standing(tx, issue).await?;
            Ok(before.zip(standing).map(|(before, standing)| Ordered { before, standing, withdrawn }))
        })
    }

    /// Pauses an issue whose deadline has passed while something of it is queued, and says whether it did; once resumed it
    /// has no deadline.
    pub async fn issue_pause_late(
        &self,
        issue: IssueNumber,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let text = "UPDATE issue SET standing = 'paused', done_by = NULL
                    WHERE number = $1 AND standing = 'open' AND done_by <= $2
                        AND EXISTS (SELECT 1 FROM delivery d WHERE d.issue = $1 AND d.state = 'queued')";
        let statement = || Statement::new(text).with(issue.0).with(now);
        let paused = transact!(self, tx => tx.execute(statement()).await)?;
        Ok(paused > 0)
    }

    /// Takes back what a relay's refusals have done since an instant: deliveries that failed since there is no such mailbox, and
    /// nobody has judged that yet, are queued again, and it was never said. Pauses the issue, if it stands open; says how many
    /// came back.
    pub async fn issue_take_back(
        &self,
        issue: IssueNumber,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<i64, Error> {
        transact!(self, tx => take_back(tx, issue, since, now).await)
    }

    /// Takes what is queued of a cancelled issue out of the queue; does nothing to any other.
    pub async fn outbox_withdraw(
        &self,
        issue: IssueNumber,
        now: Timestamp,
    ) -> Result<Withdrawn, Error> {
        transact!(self, tx => withdraw(tx, issue, now).await)
    }

    /// Queues an issue's deliveries of one state for `now`, and says how many: those that wait for their next try, those
    /// that are held, or those that failed and whose address is not suppressed. None of an issue that is cancelled or
    /// has expired, and none that is sent, suppressed or under way. What is held belongs to the relay that it was offered to;
    /// where that is none of these, the configured ones, any of them may have it: it is a person who says so.
    pub async fn outbox_retry(
        &self,
        issue: IssueNumber,
        state: DeliveryState,
        relays: &[String],
        now: Timestamp,
    ) -> Result<i64, Error> {
        transact!(self, tx => retry(tx, issue, state, relays, now).await)
    }
}

async fn standing(
    tx: &mut Transaction,
    issue: IssueNumber,
) -> Result<Option<IssueStanding>, Error> {
    let statement = Statement::new("SELECT standing FROM issue WHERE number = $1");
    let row = tx.row(statement.with(issue.0)).await?;
    row.map(|row| row.word("standing", &IssueStanding::ALL, IssueStanding::as_str))
        .transpose()
}

/// A delivery of which a copy may be about is not suppressed "before sending began": nobody knows, so it is held.
async fn withdraw(
    tx: &mut Transaction,
    issue: IssueNumber,
    now: Timestamp,
) -> Result<Withdrawn, Error> {
    let rows = tx
        .rows(
            Statement::new(
                "UPDATE delivery SET state = CASE WHEN unknowns > 0 THEN 'held' ELSE 'suppressed' END,
                    last_at = $2, code = 0, enhanced = NULL, reply = $3
                 WHERE issue = $1 AND state = 'queued'
                    AND EXISTS (SELECT 1 FROM issue i WHERE i.number = $1 AND i.standing = 'cancelled')
                 RETURNING state",
            )
            .with(issue.0)
            .with(now)
            .with(CANCELLED),
        )
        .await?;
    let mut withdrawn = Withdrawn::default();
    for row in &rows {
        match row.word("state", &DeliveryState::ALL, DeliveryState::as_str)? {
            DeliveryState::Held => withdrawn.held += 1,
            _ => withdrawn.suppressed += 1,
        }
    }
    Ok(withdrawn)
}

async fn take_back(
    tx: &mut Transaction,
    issue: IssueNumber,
    since: Timestamp,
    now: Timestamp,
) -> Result<i64, Error> {
    let text = "UPDATE issue SET standing = 'paused' WHERE number = $1 AND standing = 'open'";
    tx.execute(Statement::new(text).with(issue.0)).await?;
    let back = tx
        .rows(
            Statement::new(
                "UPDATE delivery SET state = 'queued', next_at = $3
                 WHERE issue = $1 AND state = 'failed' AND last_at >= $2
                    AND EXISTS (SELECT 1 FROM told_gone g WHERE g.issue = delivery.issue
                        AND g.number = delivery.number AND g.verdict = 'open' AND g.at >= $2)
                 RETURNING number",
            )
            .with(issue.0)
            .with(since)
            .with(now),
        )
        .await?;
    let text = "DELETE FROM told_gone WHERE issue = $1 AND verdict = 'open' AND at >= $2";
    tx.execute(Statement::new(text).with(issue.0).with(since))
        .await?;
    Ok(i64::try_from(back.len()).unwrap_or(i64::MAX))
}

async fn retry(
    tx: &mut Transaction,
    issue: IssueNumber,
    state: DeliveryState,
    relays: &[String],
    now: Timestamp,
) -> Result<i64, Error> {
    if state == DeliveryState::Held {
        release_from_relays(tx, issue, relays).await?;
    }
    let queued = tx
        .execute(
            Statement::new(
                "UPDATE delivery SET state = 'queued', next_at = $2
                 WHERE issue = $1 AND state = $3 AND state IN ('queued', 'held', 'failed')
                    AND (state <> 'queued' OR next_at > $2)
                    AND (state <> 'failed' OR NOT EXISTS
                        (SELECT 1 FROM suppression s WHERE s.address_hash = delivery.address_hash))
                    AND EXISTS (SELECT 1 FROM issue i
                        WHERE i.number = $1 AND i.standing <> 'cancelled' AND i.expires_at > $2)",
            )
            .with(issue.0)
            .with(now)
            .with(state.as_str()),
        )
        .await?;
    if queued > 0 {
        // A finished issue is looked at again.
        let text = "UPDATE issue SET settled_at = NULL WHERE number = $1";
        tx.execute(Statement::new(text).with(issue.0)).await?;
    }
    Ok(i64::try_from(queued).unwrap_or(i64::MAX))
}

/// Whatever is held, and was offered to none of these relays, may go over any.
async fn release_from_relays(
    tx: &mut Transaction,
    issue: IssueNumber,
    relays: &[String],
) -> Result<(), Error> {
    let known: Vec<_> = relays
        .iter()
        .map(|relay| [Value::from(issue.0), ANY.into(), relay.as_str().into()])
        .collect();
    tx.over(
        "WITH v(issue, anywhere, relay) AS (VALUES {rows})
         UPDATE delivery SET relay = (SELECT MAX(v.anywhere) FROM v)
         WHERE issue = (SELECT MAX(v.issue) FROM v) AND state = 'held'
            AND (relay IS NULL OR relay NOT IN (SELECT v.relay FROM v))",
        &known,
    )
    .await?;
    Ok(())
}
