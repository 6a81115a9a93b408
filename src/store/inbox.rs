//! Mails that were dealt with, by name, for inboxes that keep no flags.

use std::collections::HashSet;

use jiff::Timestamp;

use super::statement::{Statement, Value};
use super::transaction::transact;
use super::{Error, Store};

impl Store {
    /// The names of all mails of an inbox that were dealt with.
    pub async fn inbox_known(&self, inbox: &str) -> Result<HashSet<String>, Error> {
        let text = "SELECT name FROM inbox_mail WHERE inbox = $1";
        let mut tx = self.engine.begin_read().await?;
        let rows = tx.rows(Statement::new(text).with(inbox)).await?;
        rows.iter().map(|row| row.text("name")).collect()
    }

    /// Keeps the names of mails that were dealt with, and forgets those of mails that are gone.
    pub async fn inbox_remember(
        &self,
        inbox: &str,
        done: &[String],
        gone: &[String],
        now: Timestamp,
    ) -> Result<(), Error> {
        let kept: Vec<_> = done
            .iter()
            .map(|name| [Value::from(inbox), name.as_str().into(), now.into()])
            .collect();
        let forgotten: Vec<_> = gone
            .iter()
            .map(|name| [Value::from(inbox), name.as_str().into()])
            .collect();
        transact!(self, tx => {
            tx.over(
                "INSERT INTO inbox_mail (inbox, name, at) VALUES {rows}
                 ON CONFLICT (inbox, name) DO NOTHING",
                &kept,
            )
            .await?;
            tx.over(
                "WITH v(inbox, name) AS (VALUES {rows})
                 DELETE FROM inbox_mail WHERE EXISTS (
                    SELECT 1 FROM v WHERE v.inbox = inbox_mail.inbox AND v.name = inbox_mail.name)",
                &forgotten,
            )
            .await?;
            Ok(())
        })
    }
}
