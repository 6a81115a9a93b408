//! Addresses never to mail, as keyed hashes with a reason. No clear address comes in here.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::model::SuppressionReason;

use super::statement::Statement;
use super::transaction::transact;
use super::{Error, Store};

/// The word for a suppression that somebody asked for: a reader, the operator, a report.
pub(super) const REQUEST: &str = "request";

impl Store {
    /// Suppresses an address; `true` if it was not before. The first reason stays: asking again is fine.
    pub async fn suppression_add(
        &self,
        address_hash: &str,
        reason: SuppressionReason,
        at: Timestamp,
    ) -> Result<bool, Error> {
        let added = transact!(self, tx => tx.execute(
            Statement::new(
                "INSERT INTO suppression (address_hash, reason, at, origin) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (address_hash) DO NOTHING",
            )
            .with(address_hash)
            .with(reason.as_str())
            .with(at)
            .with(REQUEST),
        ).await)?;
        Ok(added == 1)
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
