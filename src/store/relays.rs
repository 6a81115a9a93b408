//! Which relay may have a delivery, and what each relay carried.
//!
//! A delivery of which a copy may be about belongs to the relay that it was offered to: no other one is given it, in
//! whatever run. What the relays carried is added up by the hour, in the commit that records it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{IssueNumber, OutcomeRecord, RelayUse};

use super::batch::{Batch, Taken};
use super::statement::{Statement, Value};
use super::transaction::{Transaction, transact};
use super::{Error, Store};

/// What is written in the relay's place when a person said that any may have the message.
pub(super) const ANY: &str = "";

/// Adds to what a relay carried in an hour: relay, hour, messages.
const ADD: &str = "INSERT INTO relay_use (relay, hour, messages) VALUES ($1, $2, $3)
    ON CONFLICT (relay, hour) DO UPDATE SET messages = relay_use.messages + excluded.messages";

impl Store {
    /// Sees to it that every queued unknown of an issue belongs to one of these relays, the configured ones.
    ///
    /// One whose relay is none of them is held, with that as its reason. One of before relays were noted goes to the only
    /// relay there is; it is held where there are several. Says how many were held.
    pub async fn outbox_bind(
        &self,
        issue: IssueNumber,
        relays: &[String],
        now: Timestamp,
    ) -> Result<i64, Error> {
        let adopt = || match relays {
            [only] => Some(
                Statement::new(
                    "UPDATE delivery SET relay = $2
                     WHERE issue = $1 AND state = 'queued' AND unknowns > 0 AND relay IS NULL",
                )
                .with(issue.0)
                .with(only.as_str()),
            ),
            _ => None,
        };
        let known = with_any(issue, relays, now);
        let held = transact!(self, tx => {
            if let Some(statement) = adopt() {
                tx.execute(statement).await?;
            }
            tx.over(
                "WITH v(issue, now, relay) AS (VALUES {rows})
                 UPDATE delivery SET state = 'held', last_at = (SELECT MAX(v.now) FROM v), code = 0, enhanced = NULL,
                    reply = CASE WHEN relay IS NULL THEN 'nobody noted which relay it was offered to'
                        ELSE 'it was offered to ' || relay || ', which is no relay of ours any more' END
                 WHERE issue = (SELECT MAX(v.issue) FROM v) AND state = 'queued' AND unknowns > 0
                    AND (relay IS NULL OR relay NOT IN (SELECT v.relay FROM v))
                 RETURNING number",
                &known,
            ).await
        })?;
        Ok(i64::try_from(held.len()).unwrap_or(i64::MAX))
    }

    /// How many of an issue's queued deliveries one of these relays could be given now.
    pub async fn outbox_due(
        &self,
        issue: IssueNumber,
        relays: &[String],
        now: Timestamp,
    ) -> Result<i64, Error> {
        let mut tx = self.engine.begin_read().await?;
        let rows = tx
            .over(
                "WITH v(issue, now, relay) AS (VALUES {rows})
                 SELECT COUNT(*) AS total FROM issue i JOIN delivery d ON d.issue = i.number
                 WHERE i.number = (SELECT MAX(v.issue) FROM v) AND i.standing = 'open'
                    AND (i.done_by IS NULL OR i.done_by > (SELECT MAX(v.now) FROM v))
                    AND d.state = 'queued' AND d.next_at <= (SELECT MAX(v.now) FROM v)
                    AND (d.unknowns = 0 OR d.relay IN (SELECT v.relay FROM v))",
                &with_any(issue, relays, now),
            )
            .await?;
        rows.first().map_or(Ok(0), |row| row.number("total"))
    }

    /// How many deliveries of all open issues wait for their turn.
    pub async fn outbox_waiting(&self) -> Result<i64, Error> {
        let mut tx = self.engine.begin_read().await?;
        let row = tx
            .row(Statement::new(
                "SELECT COUNT(*) AS total FROM issue i JOIN delivery d ON d.issue = i.number
                 WHERE i.settled_at IS NULL AND i.standing = 'open' AND d.state = 'queued'",
            ))
            .await?;
        row.map_or(Ok(0), |row| row.number("total"))
    }

    /// What a relay carried in the hours that still count at `now`; a message that is under an intent counts in this hour,
    /// since a sender that died may have left it.
    pub async fn relay_use(&self, relay: &str, now: Timestamp) -> Result<RelayUse, Error> {
        let mut tx = self.engine.begin_read().await?;
        let statement =
            Statement::new("SELECT hour, messages FROM relay_use WHERE relay = $1 AND hour >= $2");
        let rows = tx
            .rows(statement.with(relay).with(RelayUse::oldest(now)))
            .await?;
        let mut used = RelayUse::default();
        for row in &rows {
            used.add(row.number("hour")?, messages(row.number("messages")?));
        }
        let statement = Statement::new(
            "SELECT COUNT(*) AS total FROM issue i JOIN delivery d ON d.issue = i.number
             WHERE i.settled_at IS NULL AND d.state = 'intent' AND d.relay = $1",
        );
        if let Some(row) = tx.row(statement.with(relay)).await? {
            used.add(RelayUse::hour(now), messages(row.number("total")?));
        }
        Ok(used)
    }

    /// Adds messages that a relay was given outside the outbox, such as a test mail.
    pub async fn relay_used(
        &self,
        relay: &str,
        messages: i64,
        now: Timestamp,
    ) -> Result<(), Error> {
        transact!(self, tx => add(tx, relay, messages, now).await)
    }

    /// Forgets what counts no more at `now`.
    pub async fn relay_use_forget(&self, now: Timestamp) -> Result<(), Error> {
        let statement =
            || Statement::new("DELETE FROM relay_use WHERE hour < $1").with(RelayUse::oldest(now));
        transact!(self, tx => tx.execute(statement()).await)?;
        Ok(())
    }
}

/// Adds messages to what relays carried in this hour.
pub(super) async fn add_each(
    tx: &mut Transaction,
    used: &BTreeMap<String, i64>,
    now: Timestamp,
) -> Result<(), Error> {
    for (relay, messages) in used {
        add(tx, relay, *messages, now).await?;
    }
    Ok(())
}

/// Adds to what a relay carried in this hour what it has, or may have, of outcomes that were recorded; what another sender
/// took over was counted when it did.
pub(super) fn count(
    batch: &mut Batch,
    recorded: Taken,
    relay: &str,
    outcomes: &[OutcomeRecord],
    now: Timestamp,
) {
    let carried = outcomes.iter().map(|record| record.outcome.was_carried());
    let statement = Statement::new(ADD).with(relay).with(RelayUse::hour(now));
    batch.sum(recorded, carried.collect(), statement);
}

/// Adds messages to what a relay carried in this hour; none: no statement.
pub(super) async fn add(
    tx: &mut Transaction,
    relay: &str,
    messages: i64,
    now: Timestamp,
) -> Result<(), Error> {
    if messages == 0 {
        return Ok(());
    }
    let statement = Statement::new(ADD).with(relay).with(RelayUse::hour(now));
    tx.execute(statement.with(messages)).await?;
    Ok(())
}

fn messages(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// The relays that a delivery may belong to, each in a row, and the mark of what may go anywhere.
fn with_any(issue: IssueNumber, relays: &[String], now: Timestamp) -> Vec<[Value; 3]> {
    let names = relays.iter().map(String::as_str).chain([ANY]);
    let row = |relay: &str| [Value::from(issue.0), now.into(), relay.into()];
    names.map(row).collect()
}
