//! Which delivery a report may be about, where it does not say so itself.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::model::{IssueNumber, SubscriberId};

use super::statement::{Statement, Value};
use super::{Error, Store};

impl Store {
    /// The issues that each of these readers was sent, or may have been, with the time of the newest try; the newest
    /// first. A reader to whom nothing went is not among them.
    pub async fn report_issues(
        &self,
        readers: &[SubscriberId],
    ) -> Result<HashMap<SubscriberId, Vec<(IssueNumber, Timestamp)>>, Error> {
        let asked: Vec<_> = readers
            .iter()
            .map(|reader| [Value::from(reader.0)])
            .collect();
        let mut tx = self.engine.begin_read().await?;
        let rows = tx
            .over(
                "WITH v(subscriber) AS (VALUES {rows})
                 SELECT d.subscriber AS subscriber, d.issue AS issue, d.last_at AS last_at
                 FROM v JOIN delivery d ON d.subscriber = v.subscriber
                 WHERE d.last_at IS NOT NULL AND d.state <> 'suppressed'",
                &asked,
            )
            .await?;
        let mut issues: HashMap<_, Vec<_>> = HashMap::new();
        for row in &rows {
            let reader = SubscriberId(row.number("subscriber")?);
            let issue = IssueNumber(row.number("issue")?);
            let of_reader = issues.entry(reader).or_default();
            of_reader.push((issue, row.instant("last_at")?));
        }
        for of_reader in issues.values_mut() {
            of_reader.sort_unstable_by(|a, b| b.cmp(a));
            // Who is asked for twice is answered twice.
            of_reader.dedup();
        }
        Ok(issues)
    }

    /// The issues that were sealed since then, the newest first.
    pub async fn report_issues_since(&self, since: Timestamp) -> Result<Vec<IssueNumber>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let statement =
            Statement::new("SELECT number FROM issue WHERE sealed_at >= $1 ORDER BY number DESC")
                .with(since);
        let rows = tx.rows(statement).await?;
        rows.iter()
            .map(|row| row.number("number").map(IssueNumber))
            .collect()
    }

    /// The next readers behind this one, by their number, listed or not.
    pub async fn report_readers(
        &self,
        after: SubscriberId,
        most: i64,
    ) -> Result<Vec<SubscriberId>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let statement =
            Statement::new("SELECT id FROM subscriber WHERE id > $1 ORDER BY id LIMIT $2")
                .with(after.0)
                .with(most);
        let rows = tx.rows(statement).await?;
        rows.iter()
            .map(|row| row.number("id").map(SubscriberId))
            .collect()
    }
}
