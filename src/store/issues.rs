//! Sealed issues, read back as they were sealed.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{
    Account, Edition, Format, Issue, IssueNumber, PostId, ScheduleName, SealedVariant, Variant,
};

use super::deliveries::accounts;
use super::statement::{Statement, Value};
use super::transaction::transact;
use super::{Error, Store};

/// An issue in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IssueSummary {
    /// Its number.
    pub number: IssueNumber,
    /// Its schedule.
    pub schedule: ScheduleName,
    /// Which edition.
    pub edition: Edition,
    /// When it was sealed.
    pub sealed_at: Timestamp,
    /// When queued deliveries are given up.
    pub expires_at: Timestamp,
    /// The subject of its first variant; empty where it has none.
    pub subject: String,
    /// How many posts it carries.
    pub posts: i64,
    /// Where its deliveries stand.
    pub account: Account,
    /// The journal alone knows of it: what it said, and who had it, was in a database that is gone.
    pub replayed: bool,
}

impl Store {
    /// The number that the next issue takes. Sealing says so if another process took it meanwhile.
    pub async fn issue_next_number(&self) -> Result<IssueNumber, Error> {
        let mut tx = self.engine.begin_read().await?;
        let statement = Statement::new("SELECT MAX(number) AS last FROM issue");
        let last = match tx.row(statement).await? {
            Some(row) => row.number_or_none("last")?,
            None => None,
        };
        Ok(IssueNumber(last.unwrap_or(0) + 1))
    }

    /// How many editions of a schedule begin with `prefix`.
    pub async fn edition_count(&self, schedule: &ScheduleName, prefix: &str) -> Result<i64, Error> {
        let mut tx = self.engine.begin_read().await?;
        let row = tx
            .row(
                Statement::new(
                    "SELECT COUNT(*) AS total FROM issue
                     WHERE schedule = $1 AND substr(edition, 1, length($2)) = $2",
                )
                .with(schedule.as_str())
                .with(prefix),
            )
            .await?;
        row.map_or(Ok(0), |row| row.number("total"))
    }

    /// All issues, the newest first, each with its account.
    pub async fn issue_list(&self) -> Result<Vec<IssueSummary>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let rows = tx
            .rows(Statement::new(
                "SELECT number, schedule, edition, sealed_at, expires_at, subject,
                    CAST(CASE WHEN content = '' THEN 1 ELSE 0 END AS BIGINT) AS replayed,
                    (SELECT COUNT(*) FROM issue_post WHERE issue_post.issue = issue.number) AS posts
                 FROM issue ORDER BY number DESC",
            ))
            .await?;
        let mut accounts = accounts(&mut tx, None).await?;
        rows.iter()
            .map(|row| {
                let number = row.number("number")?;
                Ok(IssueSummary {
                    number: IssueNumber(number),
                    schedule: row.parsed("schedule")?,
                    edition: Edition(row.text("edition")?),
                    sealed_at: row.instant("sealed_at")?,
                    expires_at: row.instant("expires_at")?,
                    subject: row.text("subject")?,
                    posts: row.number("posts")?,
                    account: accounts.remove(&number).unwrap_or_default(),
                    replayed: row.number("replayed")? == 1,
                })
            })
            .collect()
    }

    /// The subjects of all digests that were ever sealed, each once.
    ///
    /// Reads the head of each digest only: a subject is its first field, of 60 characters at most, escaped or not.
    pub async fn subjects(&self) -> Result<Vec<String>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let rows = tx
            .rows(Statement::new(
                "SELECT DISTINCT substr(digest, 1, 512) AS head FROM variant",
            ))
            .await?;
        let mut subjects = Vec::with_capacity(rows.len());
        for row in &rows {
            subjects.extend(subject_of(&row.text("head")?));
        }
        subjects.sort_unstable();
        subjects.dedup();
        Ok(subjects)
    }

    /// An issue as it was sealed, with its expiry as it counts now; `None` if there is none, or if the journal alone knows of
    /// it.
    pub async fn issue_load(&self, issue: IssueNumber) -> Result<Option<Issue>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let text = "SELECT content, expires_at FROM issue WHERE number = $1 AND content <> ''";
        let statement = Statement::new(text);
        let row = tx.row(statement.with(issue.0)).await?;
        row.map(|row| {
            Ok(Issue {
                expires_at: row.instant("expires_at")?,
                ..row.json("content")?
            })
        })
        .transpose()
    }

    /// Notes that an issue is tried, by a clock that is believed: the first time, its expiry begins to count.
    pub async fn issue_tried(&self, issue: IssueNumber, now: Timestamp) -> Result<(), Error> {
        transact!(self, tx => tx.execute(
            Statement::new(
                "UPDATE issue SET expires_at = $2 + (expires_at - sealed_at), first_try_at = $2
                 WHERE number = $1 AND first_try_at IS NULL",
            )
            .with(issue.0)
            .with(now),
        ).await)?;
        Ok(())
    }

    /// An issue's variants as they were sealed, by number.
    pub async fn variant_list(&self, issue: IssueNumber) -> Result<Vec<SealedVariant>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let rows = tx
            .rows(
                Statement::new(
                    "SELECT number, language, format, digest FROM variant WHERE issue = $1 ORDER BY number",
                )
                .with(issue.0),
            )
            .await?;
        let mut variants = Vec::with_capacity(rows.len());
        for row in &rows {
            variants.push(SealedVariant {
                number: row.number("number")?,
                variant: Variant {
                    posts: Vec::new(),
                    language: row.parsed("language")?,
                    format: row.word("format", &[Format::Html, Format::Text], Format::as_str)?,
                },
                digest: row.json("digest")?,
            });
        }
        let posts = tx
            .rows(
                Statement::new(
                    "SELECT variant, post FROM variant_post WHERE issue = $1 ORDER BY variant, position",
                )
                .with(issue.0),
            )
            .await?;
        for row in &posts {
            let number = row.number("variant")?;
            if let Ok(index) = variants.binary_search_by_key(&number, |variant| variant.number) {
                variants[index]
                    .variant
                    .posts
                    .push(PostId(row.number("post")?));
            }
        }
        Ok(variants)
    }

    /// The issues of which a delivery is queued, claimed or under way, in order.
    ///
    /// One that is found finished is marked so at `now`, and not looked at again.
    pub async fn issue_unfinished(&self, now: Timestamp) -> Result<Vec<IssueNumber>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let rows = tx
            .rows(Statement::new(
                "SELECT number, CASE WHEN EXISTS (
                    SELECT 1 FROM delivery d
                    WHERE d.issue = issue.number AND d.state IN ('queued', 'claimed', 'intent')
                 ) THEN 'open' ELSE 'finished' END AS standing
                 FROM issue WHERE settled_at IS NULL ORDER BY number",
            ))
            .await?;
        drop(tx);
        let mut open = Vec::new();
        let mut finished = Vec::new();
        for row in &rows {
            let number = row.number("number")?;
            match row.text("standing")?.as_str() {
                "open" => open.push(IssueNumber(number)),
                _ => finished.push([Value::from(number), now.into()]),
            }
        }
        if !finished.is_empty() {
            for row in &finished {
                if let Value::Number(Some(number)) = row[0] {
                    self.journal_sent(IssueNumber(number)).await?;
                }
            }
            transact!(self, tx => tx.over(
                "WITH v(number, now) AS (VALUES {rows})
                 UPDATE issue SET settled_at = v.now FROM v WHERE issue.number = v.number",
                &finished,
            ).await)?;
        }
        Ok(open)
    }
}

/// The subject at the head of a digest as it is stored; `None` if the digest does not begin with one.
fn subject_of(head: &str) -> Option<String> {
    let value = head.strip_prefix("{\"subject\":")?;
    let mut values = serde_json::Deserializer::from_str(value).into_iter();
    values.next()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Digest, Language};

    #[test]
    fn a_digest_begins_with_its_subject() {
        let subject = "Zeg \"ja\" · en nog één verhaal";
        let digest = Digest {
            subject: subject.to_owned(),
            preheader: "x".repeat(110),
            html: None,
            text: "x".repeat(1_000),
            language: Language::parse("nl").unwrap(),
        };
        let stored = serde_json::to_string(&digest).unwrap();
        let head: String = stored.chars().take(200).collect();
        assert_eq!(subject_of(&head).as_deref(), Some(subject));
        assert_eq!(subject_of("[]"), None);
    }
}
