//! Where deliveries stand: an issue's account, its deliveries by name, and which posts a reader has.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{
    Account, Cause, DeliveryKey, DeliveryState, EmailAddress, IssueNumber, PostId, Reader, Reply,
    SubscriberId, SuppressionReason,
};

use super::ledger::limit_of;
use super::statement::{Row, Statement};
use super::transaction::Transaction;
use super::{Error, Store};

/// Deliveries read at a time.
const PAGE: usize = 1_000;

/// A delivery in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeliveryRow {
    /// Its issue and number.
    pub key: DeliveryKey,
    /// Where it stands.
    pub state: DeliveryState,
    /// Who.
    pub subscriber: SubscriberId,
    /// Where it goes.
    pub address: EmailAddress,
    /// Attempts that ended with an outcome.
    pub attempts: u32,
    /// Times that we do not know whether it arrived.
    pub unknowns: u32,
    /// What the relay said last; none before the first attempt and after one without an answer.
    pub reply: Option<Reply>,
    /// When it is tried again, if it is queued.
    pub next_at: Option<Timestamp>,
    /// When something was last recorded.
    pub last_at: Option<Timestamp>,
    /// Why its address is suppressed today, if it is.
    pub suppression: Option<SuppressionReason>,
}

impl DeliveryRow {
    /// Why it stands where it stands.
    pub fn cause(&self) -> Cause {
        Cause::of(self.state, self.reply.as_ref(), self.suppression)
    }
}

/// What [`delivery`] reads.
macro_rules! delivery_columns {
    () => {
        "SELECT d.issue AS issue, d.number AS number, d.state AS state, d.subscriber AS subscriber, d.reader AS reader,
            d.attempts AS attempts, d.unknowns AS unknowns, d.code AS code, d.enhanced AS enhanced, d.reply AS reply,
            d.next_at AS next_at, d.last_at AS last_at, s.reason AS reason
         FROM delivery d LEFT JOIN suppression s ON s.address_hash = d.address_hash"
    };
}

impl Store {
    /// An issue's account: planned as frozen when it was sealed, all else counted. Claimed ones count as queued.
    pub async fn issue_account(&self, issue: IssueNumber) -> Result<Option<Account>, Error> {
        let mut tx = self.engine.begin_read().await?;
        Ok(accounts(&mut tx, Some(issue)).await?.remove(&issue.0))
    }

    /// An issue's account, and every delivery of it in order handed to `look`: all as they stood at one moment. Reads so many
    /// at a time that a large issue takes little memory.
    pub async fn delivery_walk(
        &self,
        issue: IssueNumber,
        mut look: impl FnMut(DeliveryRow),
    ) -> Result<Option<Account>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let account = accounts(&mut tx, Some(issue)).await?.remove(&issue.0);
        let mut after = -1;
        loop {
            let statement = Statement::new(concat!(
                delivery_columns!(),
                " WHERE d.issue = $1 AND d.number > $2 ORDER BY d.number LIMIT $3"
            ));
            let statement = statement.with(issue.0).with(after).with(limit_of(PAGE));
            let rows = tx.rows(statement).await?;
            for row in &rows {
                let row = delivery(row)?;
                after = row.key.number;
                look(row);
            }
            if rows.len() < PAGE {
                return Ok(account);
            }
        }
    }

    /// At most `limit` deliveries of an issue with numbers above `after` (-1 for the first), by number.
    ///
    /// With a state only those that the account counts under it: `queued` includes claimed and under way.
    pub async fn delivery_list(
        &self,
        issue: IssueNumber,
        state: Option<DeliveryState>,
        after: i64,
        limit: usize,
    ) -> Result<Vec<DeliveryRow>, Error> {
        let all = state.is_none();
        let state = state.unwrap_or(DeliveryState::Queued);
        let [second, third] = match state {
            DeliveryState::Queued => [DeliveryState::Claimed, DeliveryState::Intent],
            state => [state; 2],
        };
        let statement = Statement::new(concat!(
            delivery_columns!(),
            " WHERE d.issue = $1 AND d.number > $2 AND ($3 = 1 OR d.state IN ($4, $5, $6))
              ORDER BY d.number LIMIT $7"
        ));
        let statement = statement.with(issue.0).with(after).with(all);
        let statement = [state, second, third]
            .iter()
            .fold(statement, |statement, state| statement.with(state.as_str()));
        let mut tx = self.engine.begin_read().await?;
        let rows = tx.rows(statement.with(limit_of(limit))).await?;
        rows.iter().map(delivery).collect()
    }

    /// Whether all readers of an issue are at one domain. Looks no further than to the first that is elsewhere.
    pub async fn issue_has_one_domain(&self, issue: IssueNumber) -> Result<bool, Error> {
        let mut tx = self.engine.begin_read().await?;
        let text = "SELECT reader FROM delivery WHERE issue = $1 ORDER BY number LIMIT 1";
        let Some(row) = tx.row(Statement::new(text).with(issue.0)).await? else {
            return Ok(true);
        };
        let first: Reader = row.json("reader")?;
        let address = first.address.to_string();
        let domain = address.rsplit('@').next().unwrap_or_default();
        // The address stands in the reader's JSON, and its domain ends it.
        let text = "SELECT number FROM delivery WHERE issue = $1 AND replace(reader, $2, '') = reader LIMIT 1";
        let elsewhere = Statement::new(text)
            .with(issue.0)
            .with(format!("@{domain}\""));
        Ok(tx.row(elsewhere).await?.is_none())
    }

    /// A reader's deliveries, the newest issue's first.
    pub async fn delivery_list_for(
        &self,
        subscriber: SubscriberId,
    ) -> Result<Vec<DeliveryRow>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let statement = Statement::new(concat!(
            delivery_columns!(),
            " WHERE d.subscriber = $1 ORDER BY d.issue DESC"
        ));
        let rows = tx.rows(statement.with(subscriber.0)).await?;
        rows.iter().map(delivery).collect()
    }

    /// Who has, may have, or will get each of these posts, in whatever issue: not those whose delivery failed or was
    /// suppressed.
    pub async fn received(&self, posts: &[PostId]) -> Result<Vec<(SubscriberId, PostId)>, Error> {
        let asked: Vec<_> = posts.iter().map(|post| [post.0.into()]).collect();
        let mut tx = self.engine.begin_read().await?;
        let rows = tx
            .over(
                "WITH v(post) AS (VALUES {rows})
                 SELECT DISTINCT d.subscriber AS subscriber, vp.post AS post
                 FROM v
                 JOIN variant_post vp ON vp.post = v.post
                 JOIN delivery d ON d.issue = vp.issue AND d.variant = vp.variant
                 WHERE d.state NOT IN ('failed', 'suppressed')",
                &asked,
            )
            .await?;
        rows.iter()
            .map(|row| {
                let subscriber = SubscriberId(row.number("subscriber")?);
                Ok((subscriber, PostId(row.number("post")?)))
            })
            .collect()
    }
}

/// The accounts of one issue or of all, by number.
pub(super) async fn accounts(
    tx: &mut Transaction,
    issue: Option<IssueNumber>,
) -> Result<HashMap<i64, Account>, Error> {
    let wanted = issue.map(|issue| issue.0);
    let (first, last) = (wanted.unwrap_or(0), wanted.unwrap_or(i64::MAX));
    let rows = tx
        .rows(
            Statement::new(
                "SELECT i.number, i.planned, c.state, c.total
                 FROM issue i LEFT JOIN (
                    SELECT issue, state, COUNT(*) AS total FROM delivery
                    WHERE issue >= $1 AND issue <= $2 GROUP BY issue, state
                 ) c ON c.issue = i.number
                 WHERE i.number >= $1 AND i.number <= $2",
            )
            .with(first)
            .with(last),
        )
        .await?;
    let mut accounts: HashMap<i64, Account> = HashMap::new();
    for row in &rows {
        let account = accounts.entry(row.number("number")?).or_default();
        account.planned = row.number("planned")?;
        let all = &DeliveryState::ALL;
        let Some(state) = row.word_or_none("state", all, DeliveryState::as_str)? else {
            continue;
        };
        let total = row.number("total")?;
        match state {
            DeliveryState::Sent => account.sent += total,
            DeliveryState::Failed => account.failed += total,
            DeliveryState::Suppressed => account.suppressed += total,
            DeliveryState::Held => account.held += total,
            DeliveryState::Queued | DeliveryState::Claimed | DeliveryState::Intent => {
                account.queued += total;
            }
        }
    }
    Ok(accounts)
}

fn delivery(row: &Row) -> Result<DeliveryRow, Error> {
    let state = row.word("state", &DeliveryState::ALL, DeliveryState::as_str)?;
    let next_at = row.instant("next_at")?;
    let reader: Reader = row.json("reader")?;
    Ok(DeliveryRow {
        key: DeliveryKey {
            issue: IssueNumber(row.number("issue")?),
            number: row.number("number")?,
        },
        state,
        subscriber: SubscriberId(row.number("subscriber")?),
        address: reader.address,
        attempts: row.count("attempts")?,
        unknowns: row.count("unknowns")?,
        reply: reply(row)?,
        next_at: (state == DeliveryState::Queued).then_some(next_at),
        last_at: row.instant_or_none("last_at")?,
        suppression: row.word_or_none(
            "reason",
            &SuppressionReason::ALL,
            SuppressionReason::as_str,
        )?,
    })
}

fn reply(row: &Row) -> Result<Option<Reply>, Error> {
    let Some(code) = row.number_or_none("code")? else {
        return Ok(None);
    };
    Ok(Some(Reply {
        code: u16::try_from(code).map_err(|error| Error::corrupt("code", error))?,
        enhanced: row.text_or_none("enhanced")?,
        text: row.text_or_none("reply")?.unwrap_or_default(),
    }))
}
