//! The ledger: which posts are known, and which issues carried them.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::Timestamp;

use crate::model::{
    Hold, IssueNumber, LedgerEntry, Likeness, Post, PostId, ScheduleName, SourceName, Standing,
};

use super::statement::{Row, Statement, Value};
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
    /// Every name it has gone by: identities, second identities.
    pub aliases: Vec<String>,
    /// Of its content as last seen.
    pub fingerprint: String,
    /// As its source last said.
    pub published: Option<Timestamp>,
    /// What it is recognised by; empty for a post that an earlier version of the program saw last.
    pub likeness: Likeness,
    /// Its source took it back.
    pub withdrawn: bool,
}

/// The columns of a [`KnownPost`], of the table `p`.
macro_rules! known {
    ($rest:literal) => {
        concat!(
            "SELECT p.id AS id, p.source AS source, p.slug AS slug, p.identity AS identity, p.fingerprint AS fingerprint,
                p.published AS published, p.withdrawn AS withdrawn, p.link_key AS link_key, p.title_key AS title_key, p.text_key AS text_key,
                p.text_sketch AS text_sketch, p.text_words AS text_words ",
            $rest
        )
    };
}

impl Store {
    /// A source's posts that went by one of these names, or have one of these titles ([`crate::model::Likeness`]), or
    /// were published at one of these moments.
    pub async fn post_known(
        &self,
        source: &SourceName,
        names: &[String],
        titles: &[String],
        dates: &[Timestamp],
    ) -> Result<Vec<KnownPost>, Error> {
        // Each once: a key that all posts of a feed share would find all rows that share it for each of them.
        let asked = |keys: &[String]| -> Vec<[Value; 2]> {
            let keys: BTreeSet<&str> = keys.iter().map(String::as_str).collect();
            let keys = keys.into_iter();
            keys.map(|key| [source.as_str().into(), key.into()])
                .collect()
        };
        let mut tx = self.engine.begin_read().await?;
        let mut rows = tx
            .over(
                concat!(
                    "WITH v(source, key) AS (VALUES {rows}) ",
                    known!("FROM v JOIN post_alias a ON a.key = v.key JOIN post p ON p.id = a.post AND p.source = v.source")
                ),
                &asked(names),
            )
            .await?;
        rows.extend(
            tx.over(
                concat!(
                    "WITH v(source, key) AS (VALUES {rows}) ",
                    known!("FROM v JOIN post p ON p.source = v.source AND p.title_key = v.key")
                ),
                &asked(titles),
            )
            .await?,
        );
        let dates: BTreeSet<Timestamp> = dates.iter().copied().collect();
        let dates: Vec<[Value; 2]> = dates
            .into_iter()
            .map(|date| [source.as_str().into(), date.into()])
            .collect();
        rows.extend(
            tx.over(
                concat!(
                    "WITH v(source, published) AS (VALUES {rows}) ",
                    known!(
                        "FROM v JOIN post p ON p.source = v.source AND p.published = v.published"
                    )
                ),
                &dates,
            )
            .await?,
        );
        let mut known = rows.iter().map(known).collect::<Result<Vec<_>, _>>()?;
        known.sort_by_key(|post| post.id);
        known.dedup_by_key(|post| post.id);
        let ids: Vec<_> = known.iter().map(|post| [post.id.0.into()]).collect();
        let names = tx
            .over(
                "WITH v(id) AS (VALUES {rows})
                 SELECT a.post AS post, a.key AS key FROM v JOIN post_alias a ON a.post = v.id ORDER BY a.post, a.key",
                &ids,
            )
            .await?;
        let mut by_post: HashMap<i64, Vec<String>> = HashMap::new();
        for row in &names {
            let names = by_post.entry(row.number("post")?).or_default();
            names.push(row.text("key")?);
        }
        for post in &mut known {
            post.aliases = by_post.remove(&post.id.0).unwrap_or_default();
        }
        Ok(known)
    }

    /// Which of these names of pages are taken, and by whose posts.
    pub async fn post_slugs_taken(
        &self,
        slugs: &[String],
    ) -> Result<HashMap<String, HashSet<SourceName>>, Error> {
        let slugs: BTreeSet<&str> = slugs.iter().map(String::as_str).collect();
        let asked: Vec<_> = slugs.into_iter().map(|slug| [slug.into()]).collect();
        let mut tx = self.engine.begin_read().await?;
        let rows = tx
            .over(
                "WITH v(slug) AS (VALUES {rows})
                 SELECT p.source AS source, p.slug AS slug FROM v JOIN post p ON p.slug = v.slug",
                &asked,
            )
            .await?;
        let mut taken: HashMap<String, HashSet<SourceName>> = HashMap::new();
        for row in &rows {
            let by = taken.entry(row.text("slug")?).or_default();
            by.insert(row.parsed("source")?);
        }
        Ok(taken)
    }

    /// At most `limit` posts, newest first by when they were first seen, then by when they were published.
    ///
    /// Posts that an issue of `schedule` carried, and those that none may carry, fall off first, so that no waiting post is
    /// ever cut off for one that is done; of the rest the places are dealt round, one a source and turn, so that no source
    /// crowds another out. `carried` names the issues of every schedule.
    pub async fn ledger_list(
        &self,
        schedule: &ScheduleName,
        limit: usize,
    ) -> Result<Vec<LedgerEntry>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let rows = tx
            .rows(
                Statement::new(
                    "WITH judged(id, source, first_seen, dated, done) AS (
                        SELECT p.id, p.source, p.first_seen, COALESCE(p.published, p.first_seen),
                            CASE WHEN p.standing <> 'open' OR p.withdrawn = 1 OR EXISTS (
                                SELECT 1 FROM issue_post ip JOIN issue i ON i.number = ip.issue
                                WHERE ip.post = p.id AND i.schedule = $1
                            ) THEN 1 ELSE 0 END
                        FROM post p
                     ), dealt(id, first_seen, dated, done, turn) AS (
                        SELECT id, first_seen, dated, done,
                            ROW_NUMBER() OVER (PARTITION BY done, source ORDER BY first_seen DESC, dated DESC, id)
                        FROM judged
                     ), listed(id) AS (
                        SELECT id FROM dealt ORDER BY done, turn, first_seen DESC, dated DESC, id LIMIT $2
                     )
                     SELECT p.id, p.source, p.identity, c.content, p.first_seen, p.baseline, p.withdrawn, p.standing_detail
                     FROM listed JOIN post p ON p.id = listed.id JOIN post_content c ON c.post = p.id",
                )
                .with(schedule.as_str())
                .with(limit_of(limit)),
            )
            .await?;
        let mut list = entries(&mut tx, &rows).await?;
        count_replayed(&mut tx, &mut list, schedule).await?;
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
                 SELECT p.id AS id, p.source AS source, p.identity AS identity, c.content AS content,
                    p.first_seen AS first_seen, p.baseline AS baseline, p.withdrawn AS withdrawn,
                    p.standing_detail AS standing_detail
                 FROM v JOIN post p ON p.id = v.id JOIN post_content c ON c.post = p.id",
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
                     SELECT p.id, p.source, p.identity, c.content, p.first_seen, p.baseline, p.withdrawn, p.standing_detail
                     FROM latest
                     JOIN issue_post ip ON ip.issue = latest.issue AND ip.post = latest.post
                     JOIN post p ON p.id = latest.post
                     JOIN post_content c ON c.post = p.id
                     ORDER BY latest.issue DESC, ip.position LIMIT $1",
                )
                .with(limit_of(limit)),
            )
            .await?;
        entries(&mut tx, &rows).await
    }
}

/// Who had an issue of which the journal alone knows is not known: its posts count as carried by the schedule, whose ever it was.
async fn count_replayed(
    tx: &mut Transaction,
    list: &mut [LedgerEntry],
    schedule: &ScheduleName,
) -> Result<(), Error> {
    let rows = tx
        .rows(Statement::new(
            "SELECT number FROM issue WHERE content = ''",
        ))
        .await?;
    let numbers = rows
        .iter()
        .map(|row| Ok(IssueNumber(row.number("number")?)));
    let replayed = numbers.collect::<Result<HashSet<_>, Error>>()?;
    for entry in list.iter_mut().filter(|_| !replayed.is_empty()) {
        let carried = entry.carried.iter_mut();
        for (_, by) in carried.filter(|(issue, _)| replayed.contains(issue)) {
            by.clone_from(schedule);
        }
    }
    Ok(())
}

/// A limit as the database takes it.
pub(super) fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// The rows as ledger entries, each with the issues that carried it, and with the sources and topics of the posts that it
/// stands for.
pub(super) async fn entries(tx: &mut Transaction, rows: &[Row]) -> Result<Vec<LedgerEntry>, Error> {
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
    let joined = tx
        .over(
            "WITH v(id) AS (VALUES {rows})
             SELECT p.joined_to AS joined_to, p.source AS source, c.content AS content, p.standing_detail AS standing_detail
             FROM v JOIN post p ON p.joined_to = v.id JOIN post_content c ON c.post = p.id ORDER BY p.joined_to, p.first_seen, p.id",
            &asked,
        )
        .await?;
    let mut twins: HashMap<i64, Vec<&Row>> = HashMap::new();
    for row in &joined {
        twins.entry(row.number("joined_to")?).or_default().push(row);
    }
    for entry in &mut list {
        for row in twins.remove(&entry.id.0).unwrap_or_default() {
            let twin: Post = row.json("content")?;
            let standing: Standing = row.json("standing_detail")?;
            entry.stand_for(row.parsed("source")?, &twin, &standing);
        }
    }
    Ok(list)
}

fn known(row: &Row) -> Result<KnownPost, Error> {
    Ok(KnownPost {
        id: PostId(row.number("id")?),
        source: row.parsed("source")?,
        slug: row.text("slug")?,
        identity: row.text("identity")?,
        aliases: Vec::new(),
        fingerprint: row.text("fingerprint")?,
        published: row.instant_or_none("published")?,
        likeness: Likeness {
            link: row.text_or_none("link_key")?,
            title: row.text_or_none("title_key")?.unwrap_or_default(),
            text: row.text_or_none("text_key")?,
            sketch: row.number_or_none("text_sketch")?,
            words: row.number("text_words")?,
        },
        withdrawn: row.number("withdrawn")? == 1,
    })
}

/// A row as a ledger entry. Source and identity are the row's: those of the content may have changed since.
fn entry(row: &Row) -> Result<LedgerEntry, Error> {
    let mut post: Post = row.json("content")?;
    if row.number("withdrawn")? == 1 {
        post.hold = Some(Hold::Withdrawn);
    }
    Ok(LedgerEntry {
        id: PostId(row.number("id")?),
        post: Post {
            source: row.parsed("source")?,
            identity: row.text("identity")?,
            ..post
        },
        first_seen: row.instant("first_seen")?,
        baseline: row.number("baseline")? == 1,
        standing: row.json_or_none("standing_detail")?.unwrap_or_default(),
        carried: Vec::new(),
    })
}
