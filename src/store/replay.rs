//! An older database takes over what the journal knows, so that nobody is mailed again.
//!
//! What the lost one said of its issues is gone: they are kept without content, and without readers.

use jiff::Timestamp;

use crate::journal::{Entry, SealedIssue, SealedPost, Suppressed};

use super::evidence::{Tail, Unknown, keep, replay_setting};
use super::schedules::record_run;
use super::statement::{Statement, Value};
use super::suppressions::{REQUEST, newer_reason_counts};
use super::transaction::{Transaction, transact};
use super::{Error, Store};

impl Store {
    /// Takes over what the journal knows and the database does not, in one transaction: issues and their posts as carried,
    /// and suppressions. What is still queued may have been sent since: it is held. Gives what was taken over, and how many
    /// deliveries are held for it.
    pub async fn journal_replay(&self, now: Timestamp) -> Result<(Unknown, i64), Error> {
        let Some(journal) = &self.journal else {
            return Ok((Unknown::default(), 0));
        };
        let Tail { known, .. } = self.tail(journal, true).await?;
        let unknown = self.unknown(journal, &known).await?;
        if unknown.is_empty() {
            return Ok((unknown, 0));
        }
        let issues: Vec<&SealedIssue> = unknown.issues.iter().map(|n| &known.issues[n]).collect();
        let (key, id) = (replay_setting(journal), now.as_millisecond().to_string());
        let held = transact!(self, tx => {
            Box::pin(take_over(tx, &issues, now)).await?;
            suppress(tx, known.suppressed.values()).await?;
            keep(tx, &key, &id).await?;
            hold_open(tx, now).await
        })?;
        self.tell(vec![Entry::Replayed { id }]).await?;
        Ok((unknown, held))
    }
}

/// Adds issues without content: nothing of them is to be sent or published, and their posts are carried.
async fn take_over(
    tx: &mut Transaction,
    issues: &[&SealedIssue],
    now: Timestamp,
) -> Result<(), Error> {
    for issue in issues {
        tx.execute(
            Statement::new(
                "INSERT INTO issue (number, schedule, edition, sealed_at, expires_at, settled_at, planned, subject, content)
                 VALUES ($1, $2, $3, $4, $5, $6, 0, $7, '') ON CONFLICT DO NOTHING",
            )
            .with(issue.number.0)
            .with(issue.schedule.as_str())
            .with(issue.edition.0.as_str())
            .with(issue.sealed_at)
            .with(issue.expires_at)
            .with(now)
            .with(issue.subject.as_str()),
        )
        .await?;
        record_run(tx, &issue.schedule, issue.served, issue.sealed_at).await?;
        for (position, post) in (0..).zip(&issue.posts) {
            let row = take_over_post(tx, post).await?;
            let text = "INSERT INTO issue_post (issue, post, position) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
            let position: i64 = position;
            tx.execute(
                Statement::new(text)
                    .with(issue.number.0)
                    .with(row)
                    .with(position),
            )
            .await?;
        }
    }
    Ok(())
}

/// A post's row, made where there is none: known by its names, and without what it says until its source shows it again.
async fn take_over_post(tx: &mut Transaction, post: &SealedPost) -> Result<i64, Error> {
    let likeness = &post.likeness;
    tx.execute(
        Statement::new(
            "INSERT INTO post (id, source, identity, slug, fingerprint, published, first_seen, baseline, link_key, title_key,
                text_key, text_sketch, text_words, compared)
             VALUES ($1, $2, $3, $4, '', $5, $6, 0, $7, $8, $9, $10, $11, 1) ON CONFLICT DO NOTHING",
        )
        .with(post.id.0)
        .with(post.source.as_str())
        .with(post.identity.as_str())
        .with(post.slug.as_str())
        .with(post.published)
        .with(post.first_seen)
        .with(likeness.link.clone())
        .with(likeness.title.as_str())
        .with(likeness.text.clone())
        .with(likeness.sketch)
        .with(likeness.words),
    )
    .await?;
    let text = "SELECT id FROM post WHERE id = $1 OR (source = $2 AND identity = $3) ORDER BY id <> $1 LIMIT 1";
    let statement = Statement::new(text).with(post.id.0);
    let statement = statement
        .with(post.source.as_str())
        .with(post.identity.as_str());
    let row = tx.row(statement).await?;
    let row = row.map_or(Ok(post.id.0), |row| row.number("id"))?;
    let names: Vec<_> = post
        .names
        .iter()
        .map(|name| [Value::from(name.as_str()), row.into()])
        .collect();
    let text =
        "INSERT INTO post_alias (key, post) VALUES {rows} ON CONFLICT (key, post) DO NOTHING";
    tx.over(text, &names).await?;
    Ok(row)
}

async fn suppress(
    tx: &mut Transaction,
    all: impl Iterator<Item = &Suppressed>,
) -> Result<(), Error> {
    let rows: Vec<_> = all
        .map(|one| {
            [
                Value::from(one.address.as_str()),
                one.reason.as_str().into(),
                one.at.into(),
                REQUEST.into(),
            ]
        })
        .collect();
    tx.over(
        concat!(
            "INSERT INTO suppression (address_hash, reason, at, origin) VALUES {rows}
             ON CONFLICT (address_hash) DO ",
            newer_reason_counts!()
        ),
        &rows,
    )
    .await?;
    Ok(())
}

/// Holds whatever is queued or under way: a newer database may have sent it.
async fn hold_open(tx: &mut Transaction, now: Timestamp) -> Result<i64, Error> {
    let held = tx
        .execute(
            Statement::new(
                "UPDATE delivery SET state = 'held', lease_until = NULL, last_at = $1, code = NULL, enhanced = NULL, reply = NULL
                 WHERE state IN ('queued', 'claimed', 'intent')
                    AND issue IN (SELECT number FROM issue WHERE settled_at IS NULL)",
            )
            .with(now),
        )
        .await?;
    Ok(i64::try_from(held).unwrap_or(i64::MAX))
}
