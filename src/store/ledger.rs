//! The ledger: which posts are known, and which issues carried them.

use std::collections::{HashMap, HashSet};

use crate::model::{IssueNumber, LedgerEntry, Post, PostId, ScheduleName, SourceName};

use super::statement::{Row, Statement};
use super::transaction::Transaction;
use super::{Error, Store};

/// What tells a known post from a new or changed one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPost {
    /// Its row.
    pub id: PostId,
    /// The source that brought it.
    pub source: SourceName,
    /// The name of its page; it stays as it was first given.
    pub slug: String,
    /// What made it this post when it was first seen.
    pub identity: String,
    /// Its second identity.
    pub alternate: Option<String>,
    /// Of its content as last seen.
    pub fingerprint: String,
}

impl Store {
    /// The posts whose identity or alternate is one of these.
    pub async fn post_known(&self, identities: &[String]) -> Result<Vec<KnownPost>, Error> {
        let asked: Vec<_> = identities
            .iter()
            .map(|text| [text.as_str().into()])
            .collect();
        let mut tx = self.engine.begin_read().await?;
        let rows = tx
            .over(
                "WITH v(key) AS (VALUES {rows})
                 SELECT p.id AS id, p.source AS source, p.slug AS slug, p.identity AS identity, p.alternate AS alternate, p.fingerprint AS fingerprint
                 FROM v JOIN post p ON p.identity = v.key
                 UNION
                 SELECT p.id, p.source, p.slug, p.identity, p.alternate, p.fingerprint
                 FROM v JOIN post p ON p.alternate = v.key",
                &asked,
            )
            .await?;
        let mut known = HashMap::new();
        for row in &rows {
            let id = PostId(row.number("id")?);
            known.insert(
                id,
                KnownPost {
                    id,
                    source: row.parsed("source")?,
                    slug: row.text("slug")?,
                    identity: row.text("identity")?,
                    alternate: row.text_or_none("alternate")?,
                    fingerprint: row.text("fingerprint")?,
                },
            );
        }
        let mut known: Vec<_> = known.into_values().collect();
        known.sort_by_key(|post| post.id);
        Ok(known)
    }

    /// Which of these names of pages belong to a post of another source.
    pub async fn post_slugs_of_others(
        &self,
        source: &SourceName,
        slugs: &[String],
    ) -> Result<HashSet<String>, Error> {
        let asked: Vec<_> = slugs.iter().map(|slug| [slug.as_str().into()]).collect();
        let mut tx = self.engine.begin_read().await?;
        let rows = tx
            .over(
                "WITH v(slug) AS (VALUES {rows})
                 SELECT p.source AS source, p.slug AS slug FROM v JOIN post p ON p.slug = v.slug",
                &asked,
            )
            .await?;
        let mut taken = HashSet::new();
        for row in &rows {
            if row.text("source")? != source.as_str() {
                taken.insert(row.text("slug")?);
            }
        }
        Ok(taken)
    }

    /// At most `limit` posts, newest first by when they were first seen, then by when they were published.
    ///
    /// Posts that an issue of `schedule` carried fall off first, so that no waiting post is ever cut off for one that is
    /// done. `carried` names the issues of every schedule.
    pub async fn ledger_list(
        &self,
        schedule: &ScheduleName,
        limit: usize,
    ) -> Result<Vec<LedgerEntry>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let rows = tx
            .rows(
                Statement::new(
                    "SELECT p.id, p.source, p.identity, p.content, p.first_seen, p.baseline,
                        CASE WHEN EXISTS (
                            SELECT 1 FROM issue_post ip JOIN issue i ON i.number = ip.issue
                            WHERE ip.post = p.id AND i.schedule = $1
                        ) THEN 1 ELSE 0 END AS done
                     FROM post p
                     ORDER BY done, p.first_seen DESC, COALESCE(p.published, p.first_seen) DESC, p.id
                     LIMIT $2",
                )
                .with(schedule.as_str())
                .with(limit_of(limit)),
            )
            .await?;
        let mut list = entries(&mut tx, &rows).await?;
        list.sort_by_key(|entry| {
            let published = entry.post.published.unwrap_or(entry.first_seen);
            (std::cmp::Reverse((entry.first_seen, published)), entry.id)
        });
        Ok(list)
    }

    /// These posts, in this order; unknown ones are left out.
    pub async fn post_load(&self, posts: &[PostId]) -> Result<Vec<LedgerEntry>, Error> {
        let asked: Vec<_> = posts.iter().map(|id| [id.0.into()]).collect();
        let mut tx = self.engine.begin_read().await?;
        let rows = tx
            .over(
                "WITH v(id) AS (VALUES {rows})
                 SELECT p.id AS id, p.source AS source, p.identity AS identity, p.content AS content,
                    p.first_seen AS first_seen, p.baseline AS baseline
                 FROM v JOIN post p ON p.id = v.id",
                &asked,
            )
            .await?;
        let found = entries(&mut tx, &rows).await?;
        let mut found: HashMap<_, _> = found.into_iter().map(|entry| (entry.id, entry)).collect();
        Ok(posts.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// At most `limit` posts that an issue carried: the newest issue's first, each issue's in its own order.
    pub async fn post_recent(&self, limit: usize) -> Result<Vec<LedgerEntry>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let rows = tx
            .rows(
                Statement::new(
                    "WITH latest(post, issue) AS (SELECT post, MAX(issue) FROM issue_post GROUP BY post)
                     SELECT p.id, p.source, p.identity, p.content, p.first_seen, p.baseline
                     FROM latest
                     JOIN issue_post ip ON ip.issue = latest.issue AND ip.post = latest.post
                     JOIN post p ON p.id = latest.post
                     ORDER BY latest.issue DESC, ip.position LIMIT $1",
                )
                .with(limit_of(limit)),
            )
            .await?;
        entries(&mut tx, &rows).await
    }
}

/// A limit as the database takes it.
pub(super) fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// The rows as ledger entries, each with the issues that carried it.
async fn entries(tx: &mut Transaction, rows: &[Row]) -> Result<Vec<LedgerEntry>, Error> {
    let mut list = rows.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    let asked: Vec<_> = list.iter().map(|entry| [entry.id.0.into()]).collect();
    let carried = tx
        .over(
            "WITH v(id) AS (VALUES {rows})
             SELECT ip.post AS post, ip.issue AS issue, i.schedule AS schedule
             FROM v JOIN issue_post ip ON ip.post = v.id JOIN issue i ON i.number = ip.issue
             ORDER BY ip.issue",
            &asked,
        )
        .await?;
    let mut issues: HashMap<i64, Vec<_>> = HashMap::new();
    for row in &carried {
        let issue = (IssueNumber(row.number("issue")?), row.parsed("schedule")?);
        issues.entry(row.number("post")?).or_default().push(issue);
    }
    for entry in &mut list {
        entry.carried = issues.remove(&entry.id.0).unwrap_or_default();
    }
    Ok(list)
}

/// A row as a ledger entry. Source and identity are the row's: those of the content may have changed since.
fn entry(row: &Row) -> Result<LedgerEntry, Error> {
    let post: Post = row.json("content")?;
    Ok(LedgerEntry {
        id: PostId(row.number("id")?),
        post: Post {
            source: row.parsed("source")?,
            identity: row.text("identity")?,
            ..post
        },
        first_seen: row.instant("first_seen")?,
        baseline: row.number("baseline")? == 1,
        carried: Vec::new(),
    })
}
