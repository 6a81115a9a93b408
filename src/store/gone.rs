//! Of whom relays said that there is no such mailbox: what is known for a judgement, and what follows from it.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::model::{DeliveryKey, IssueNumber, SubscriberId, SuppressionReason};

use super::statement::{Row, Statement, Value};
use super::transaction::{Transaction, transact};
use super::{Error, Store};

/// A reader of whom a relay said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldGone {
    /// Of which delivery.
    pub key: DeliveryKey,
    /// Who.
    pub subscriber: SubscriberId,
    /// Which relay.
    pub relay: String,
    /// When.
    pub at: Timestamp,
}

/// What a relay did since an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RelayTook {
    /// Deliveries of the issue that it took since then.
    pub since: i64,
    /// When it took the newest of the issues that were asked about.
    pub last: Option<Timestamp>,
}

impl Store {
    /// The readers of an issue of whom a relay said so, and of whom nobody has judged that.
    pub async fn gone_told(&self, issue: IssueNumber) -> Result<Vec<ToldGone>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let text = "SELECT issue, number, subscriber, relay, at FROM told_gone
                    WHERE issue = $1 AND verdict = 'open' ORDER BY number";
        let rows = tx.rows(Statement::new(text).with(issue.0)).await?;
        rows.iter().map(told).collect()
    }

    /// What was said of these readers in other issues, to which they were sent nothing since.
    pub async fn gone_before(
        &self,
        issue: IssueNumber,
        subscribers: &[SubscriberId],
    ) -> Result<HashMap<SubscriberId, Vec<ToldGone>>, Error> {
        let asked: Vec<_> = subscribers
            .iter()
            .map(|subscriber| [Value::from(subscriber.0), issue.0.into()])
            .collect();
        let mut tx = self.engine.begin_read().await?;
        let rows = tx
            .over(
                "WITH v(subscriber, issue) AS (VALUES {rows})
                 SELECT g.issue AS issue, g.number AS number, g.subscriber AS subscriber, g.relay AS relay, g.at AS at
                 FROM v JOIN told_gone g ON g.subscriber = v.subscriber AND g.issue <> v.issue
                 WHERE NOT EXISTS (SELECT 1 FROM delivery d
                    WHERE d.subscriber = g.subscriber AND d.state = 'sent' AND d.last_at > g.at)",
                &asked,
            )
            .await?;
        let mut before: HashMap<_, Vec<_>> = HashMap::new();
        for row in &rows {
            let one = told(row)?;
            before.entry(one.subscriber).or_default().push(one);
        }
        Ok(before)
    }

    /// What a relay took of an issue since an instant, and when it took anything of the issues from `first` on.
    pub async fn relay_took(
        &self,
        relay: &str,
        issue: IssueNumber,
        since: Timestamp,
        first: IssueNumber,
    ) -> Result<RelayTook, Error> {
        let mut tx = self.engine.begin_read().await?;
        let text = "SELECT COUNT(*) AS total FROM delivery
                    WHERE issue = $1 AND relay = $2 AND state = 'sent' AND last_at >= $3";
        let statement = Statement::new(text).with(issue.0).with(relay).with(since);
        let took = tx.row(statement).await?;
        let text = "SELECT MAX(last_at) AS last FROM delivery
                    WHERE issue >= $1 AND relay = $2 AND state = 'sent'";
        let last = tx
            .row(Statement::new(text).with(first.0).with(relay))
            .await?;
        Ok(RelayTook {
            since: took.map_or(Ok(0), |row| row.number("total"))?,
            last: last.map_or(Ok(None), |row| row.instant_or_none("last"))?,
        })
    }

    /// Keeps what was judged of readers: whoever is believed to be gone is suppressed, of the others nothing follows.
    pub async fn gone_settle(
        &self,
        judged: &[(DeliveryKey, bool)],
        now: Timestamp,
    ) -> Result<(), Error> {
        transact!(self, tx => settle(tx, judged, now).await)?;
        self.journal_follow().await
    }

    /// Doubts whatever nobody has judged: the run that heard it did not come to its end.
    pub async fn gone_doubt(&self) -> Result<(), Error> {
        let text = "UPDATE told_gone SET verdict = 'doubted' WHERE verdict = 'open'";
        transact!(self, tx => tx.execute(Statement::new(text)).await)?;
        Ok(())
    }
}

async fn settle(
    tx: &mut Transaction,
    judged: &[(DeliveryKey, bool)],
    now: Timestamp,
) -> Result<(), Error> {
    let rows: Vec<_> = judged
        .iter()
        .map(|(key, believed)| {
            let verdict = if *believed { "believed" } else { "doubted" };
            [key.issue.0.into(), key.number.into(), Value::from(verdict)]
        })
        .collect();
    tx.over(
        "WITH v(issue, number, verdict) AS (VALUES {rows})
         UPDATE told_gone SET verdict = v.verdict FROM v
         WHERE told_gone.issue = v.issue AND told_gone.number = v.number",
        &rows,
    )
    .await?;
    let rows: Vec<_> = judged
        .iter()
        .filter(|(_, believed)| *believed)
        .map(|(key, _)| {
            let reason = SuppressionReason::Bounced.as_str();
            [
                key.issue.0.into(),
                key.number.into(),
                Value::from(reason),
                now.into(),
            ]
        })
        .collect();
    tx.over(
        "WITH v(issue, number, reason, at) AS (VALUES {rows})
         INSERT INTO suppression (address_hash, reason, at, origin)
         SELECT DISTINCT d.address_hash, v.reason, v.at, 'delivery'
         FROM v JOIN delivery d ON d.issue = v.issue AND d.number = v.number
         WHERE 1 = 1 ON CONFLICT (address_hash) DO NOTHING",
        &rows,
    )
    .await?;
    Ok(())
}

fn told(row: &Row) -> Result<ToldGone, Error> {
    Ok(ToldGone {
        key: DeliveryKey {
            issue: IssueNumber(row.number("issue")?),
            number: row.number("number")?,
        },
        subscriber: SubscriberId(row.number("subscriber")?),
        relay: row.text("relay")?,
        at: row.instant("at")?,
    })
}
