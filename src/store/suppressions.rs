//! Addresses never to mail, as keyed hashes with a reason. No clear address comes in here.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::journal::{Entry, Journal, Suppressed};
use crate::model::SuppressionReason;

use super::evidence::tell;
use super::statement::Statement;
use super::transaction::{Transaction, transact};
use super::{Error, Store};

/// The word for a suppression that somebody asked for: a reader, the operator, a report.
pub(super) const REQUEST: &str = "request";

/// The newer reason counts: a reader's own no is more than what an operator may take back, and a bounce is the least.
macro_rules! newer_reason_counts {
    () => {
        "UPDATE SET reason = excluded.reason, at = excluded.at, origin = excluded.origin
         WHERE (suppression.reason = 'bounced' AND excluded.reason <> 'bounced')
            OR (suppression.reason = 'manual' AND excluded.reason IN ('unsubscribed', 'complained'))"
    };
}
pub(super) use newer_reason_counts;

/// What an operator may order of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuppressionOrder {
    /// Never to be mailed.
    Suppress,
    /// To be mailed again.
    Revive,
}

impl Store {
    /// Suppresses an address, and tells the journal; `true` if that is news. The first reason stays, so that asking again is
    /// fine; but what may be taken back, a bounce or an order, gives way to a reader's own no.
    pub async fn suppression_add(
        &self,
        address_hash: &str,
        reason: SuppressionReason,
        at: Timestamp,
    ) -> Result<bool, Error> {
        let added = transact!(self, tx => tx.execute(
            Statement::new(
                concat!(
                    "INSERT INTO suppression (address_hash, reason, at, origin) VALUES ($1, $2, $3, $4)
                     ON CONFLICT (address_hash) DO ",
                    newer_reason_counts!()
                ),
            )
            .with(address_hash)
            .with(reason.as_str())
            .with(at)
            .with(REQUEST),
        ).await)?;
        if added == 1 {
            let suppressed = Suppressed {
                address: address_hash.to_owned(),
                reason,
                at,
            };
            self.tell(vec![Entry::Suppressed(suppressed)]).await?;
        }
        Ok(added == 1)
    }

    /// Does what an operator orders of an address, keeps the reason, and says why it was suppressed before, if it was. Only who
    /// bounced, or was suppressed by an order, is revived; what relays said of the reader is then forgotten.
    pub async fn suppression_order(
        &self,
        address_hash: &str,
        order: SuppressionOrder,
        reason: &str,
        now: Timestamp,
    ) -> Result<Option<SuppressionReason>, Error> {
        let journal = || self.journal.clone();
        let before =
            transact!(self, tx => ordered(tx, address_hash, order, reason, now, journal()).await)?;
        if order == SuppressionOrder::Suppress && before.is_none() {
            let suppressed = Suppressed {
                address: address_hash.to_owned(),
                reason: SuppressionReason::Manual,
                at: now,
            };
            self.tell(vec![Entry::Suppressed(suppressed)]).await?;
        }
        Ok(before)
    }

    /// What was ordered of an address, oldest first: when, whether it was revived, and why.
    pub async fn suppression_orders(
        &self,
        address_hash: &str,
    ) -> Result<Vec<(Timestamp, bool, String)>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let text =
            "SELECT at, ordered, reason FROM suppression_order WHERE address_hash = $1 ORDER BY at";
        let rows = tx.rows(Statement::new(text).with(address_hash)).await?;
        rows.iter()
            .map(|row| {
                let revived = row.text("ordered")? == "revived";
                Ok((row.instant("at")?, revived, row.text("reason")?))
            })
            .collect()
    }

    /// Which of these addresses are suppressed, and why.
    pub async fn suppression_find(
        &self,
        address_hashes: &[String],
    ) -> Result<HashMap<String, SuppressionReason>, Error> {
        let asked: Vec<_> = address_hashes
            .iter()
            .map(|hash| [hash.as_str().into()])
            .collect();
        let mut tx = self.engine.begin_read().await?;
        let rows = tx
            .over(
                "WITH v(address_hash) AS (VALUES {rows})
                 SELECT s.address_hash AS address_hash, s.reason AS reason
                 FROM v JOIN suppression s ON s.address_hash = v.address_hash",
                &asked,
            )
            .await?;
        rows.iter()
            .map(|row| {
                let all = &SuppressionReason::ALL;
                let reason = row.word("reason", all, SuppressionReason::as_str)?;
                Ok((row.text("address_hash")?, reason))
            })
            .collect()
    }

    /// How many addresses are suppressed.
    pub async fn suppression_count(&self) -> Result<i64, Error> {
        let mut tx = self.engine.begin_read().await?;
        let row = tx
            .row(Statement::new("SELECT COUNT(*) AS total FROM suppression"))
            .await?;
        row.map_or(Ok(0), |row| row.number("total"))
    }
}

async fn ordered(
    tx: &mut Transaction,
    address_hash: &str,
    order: SuppressionOrder,
    reason: &str,
    now: Timestamp,
    journal: Option<Arc<Journal>>,
) -> Result<Option<SuppressionReason>, Error> {
    let text = "SELECT reason FROM suppression WHERE address_hash = $1";
    let row = tx.row(Statement::new(text).with(address_hash)).await?;
    let all = &SuppressionReason::ALL;
    let before = row.map(|row| row.word("reason", all, SuppressionReason::as_str));
    let before = before.transpose()?;
    let word = match (order, before) {
        (SuppressionOrder::Suppress, None) => {
            let text = "INSERT INTO suppression (address_hash, reason, at, origin) VALUES ($1, $2, $3, $4)";
            let manual = SuppressionReason::Manual.as_str();
            let statement = Statement::new(text).with(address_hash).with(manual);
            tx.execute(statement.with(now).with(REQUEST)).await?;
            "suppressed"
        }
        (
            SuppressionOrder::Revive,
            Some(SuppressionReason::Bounced | SuppressionReason::Manual),
        ) => {
            // First the journal: where all ends here, the database knows more than it, and tells it again.
            let address = address_hash.to_owned();
            tell(journal, vec![Entry::Revived { address }]).await?;
            for text in [
                "DELETE FROM suppression WHERE address_hash = $1 AND reason IN ('bounced', 'manual')",
                "DELETE FROM told_gone WHERE subscriber IN (SELECT id FROM subscriber WHERE address_hash = $1)",
            ] {
                tx.execute(Statement::new(text).with(address_hash)).await?;
            }
            "revived"
        }
        _ => return Ok(before),
    };
    let text =
        "INSERT INTO suppression_order (address_hash, at, ordered, reason) VALUES ($1, $2, $3, $4)
                ON CONFLICT (address_hash, at, ordered) DO UPDATE SET reason = excluded.reason";
    let statement = Statement::new(text).with(address_hash).with(now);
    tx.execute(statement.with(word).with(reason)).await?;
    Ok(before)
}
