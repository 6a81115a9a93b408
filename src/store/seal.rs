//! T1, the seal: an issue, its posts, its variants and its whole outbox in one transaction.
//!
//! What is not in the outbox is not sent, so an issue without its deliveries, or the other way round, must never be seen.

use jiff::Timestamp;

use crate::model::{DeliveryState, Issue, IssueNumber, NewDelivery, SealedVariant};

use super::schedules::record_run;
use super::statement::{Statement, Value, json};
use super::transaction::{Transaction, transact};
use super::{Error, Store};

/// An issue with all that belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seal {
    /// The issue; its posts are in the ledger.
    pub issue: Issue,
    /// Its variants.
    pub variants: Vec<SealedVariant>,
    /// One delivery per reader.
    pub deliveries: Vec<NewDelivery>,
    /// The due time that it serves; none for a run by hand.
    pub served: Option<Timestamp>,
    /// When sending ends and the rest waits for a person, if ever.
    pub done_by: Option<Timestamp>,
}

/// What came of sealing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealOutcome {
    /// It is sealed; its outbox is full.
    Sealed,
    /// This edition was sealed before, as the issue with this number; nothing was written.
    EditionExists(IssueNumber),
}

impl Store {
    /// Seals an issue, and tells the journal of it. A reader who was suppressed after the deliveries were made is recorded as suppressed.
    ///
    /// Fails with a transient error if another process took the issue's number: ask for the next one and try again.
    pub async fn issue_seal(&self, seal: &Seal) -> Result<SealOutcome, Error> {
        let outcome = transact!(self, tx => write(tx, seal).await)?;
        if outcome == SealOutcome::Sealed {
            self.tell_sealed(seal.issue.number).await?;
        }
        Ok(outcome)
    }
}

async fn write(tx: &mut Transaction, seal: &Seal) -> Result<SealOutcome, Error> {
    if let Some(existing) = insert_issue(tx, seal).await? {
        return Ok(SealOutcome::EditionExists(existing));
    }
    insert_posts(tx, &seal.issue).await?;
    insert_variants(tx, seal).await?;
    insert_deliveries(tx, seal).await?;
    suppress_deliveries(tx, &seal.issue).await?;
    record_run(tx, &seal.issue.schedule, seal.served, seal.issue.sealed_at).await?;
    Ok(SealOutcome::Sealed)
}

/// Inserts the issue's row, or says which issue holds its edition already.
async fn insert_issue(tx: &mut Transaction, seal: &Seal) -> Result<Option<IssueNumber>, Error> {
    let issue = &seal.issue;
    let subject = seal.variants.first().map(|v| v.digest.subject.as_str());
    let planned = i64::try_from(seal.deliveries.len()).unwrap_or(i64::MAX);
    let inserted = tx
        .execute(
            Statement::new(
                "INSERT INTO issue (number, schedule, edition, sealed_at, expires_at, planned, subject, content,
                    done_by)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                 ON CONFLICT DO NOTHING",
            )
            .with(issue.number.0)
            .with(issue.schedule.as_str())
            .with(issue.edition.0.as_str())
            .with(issue.sealed_at)
            .with(issue.expires_at)
            .with(planned)
            .with(subject.unwrap_or_default())
            .with(json(issue)?)
            .with(seal.done_by),
        )
        .await?;
    if inserted == 1 {
        return Ok(None);
    }
    let existing = tx
        .row(
            Statement::new("SELECT number FROM issue WHERE schedule = $1 AND edition = $2")
                .with(issue.schedule.as_str())
                .with(issue.edition.0.as_str()),
        )
        .await?;
    match existing {
        Some(row) => Ok(Some(IssueNumber(row.number("number")?))),
        None => Err(Error::NumberTaken(issue.number)),
    }
}

async fn insert_posts(tx: &mut Transaction, issue: &Issue) -> Result<(), Error> {
    let rows: Vec<_> = (0..)
        .zip(&issue.posts)
        .map(|(position, (post, _))| [Value::from(issue.number.0), post.0.into(), position.into()])
        .collect();
    let text = "INSERT INTO issue_post (issue, post, position) VALUES {rows}";
    tx.over(text, &rows).await?;
    Ok(())
}

async fn insert_variants(tx: &mut Transaction, seal: &Seal) -> Result<(), Error> {
    let issue = seal.issue.number.0;
    let mut variants = Vec::new();
    let mut posts = Vec::new();
    for sealed in &seal.variants {
        variants.push([
            Value::from(issue),
            sealed.number.into(),
            sealed.variant.language.as_str().into(),
            sealed.variant.format.as_str().into(),
            json(&sealed.digest)?,
        ]);
        for (position, post) in (0..).zip(&sealed.variant.posts) {
            posts.push([
                Value::from(issue),
                sealed.number.into(),
                position.into(),
                post.0.into(),
            ]);
        }
    }
    let text = "INSERT INTO variant (issue, number, language, format, digest) VALUES {rows}";
    tx.over(text, &variants).await?;
    let text = "INSERT INTO variant_post (issue, variant, position, post) VALUES {rows}";
    tx.over(text, &posts).await?;
    Ok(())
}

async fn insert_deliveries(tx: &mut Transaction, seal: &Seal) -> Result<(), Error> {
    let rows: Vec<_> = seal
        .deliveries
        .iter()
        .map(|delivery| {
            Ok([
                Value::from(seal.issue.number.0),
                delivery.number.into(),
                delivery.subscriber.0.into(),
                delivery.address_hash.as_str().into(),
                delivery.variant.into(),
                json(&delivery.reader)?,
                DeliveryState::Queued.as_str().into(),
                seal.issue.sealed_at.into(),
            ])
        })
        .collect::<Result<_, Error>>()?;
    tx.over(
        "WITH v(issue, number, subscriber, address_hash, variant, reader, state, next_at) AS (VALUES {rows})
         INSERT INTO delivery (issue, number, subscriber, address_hash, variant, reader, state, next_at,
            fence, attempts, unknowns)
         SELECT v.issue, v.number, v.subscriber, v.address_hash, v.variant, v.reader, v.state, v.next_at, 0, 0, 0 FROM v",
        &rows,
    )
    .await?;
    Ok(())
}

/// Asks the suppressions once more, inside the transaction: who left since the deliveries were made is not queued.
async fn suppress_deliveries(tx: &mut Transaction, issue: &Issue) -> Result<(), Error> {
    tx.execute(
        Statement::new(
            "UPDATE delivery SET state = 'suppressed'
             WHERE issue = $1 AND state = 'queued'
                AND EXISTS (SELECT 1 FROM suppression s WHERE s.address_hash = delivery.address_hash)",
        )
        .with(issue.number.0),
    )
    .await?;
    Ok(())
}
