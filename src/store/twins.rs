//! Finds posts of other sources that may be the same post, and those that wait for a person.
//!
//! Rows come without their content: a source's archive may hold thousands.

use jiff::Timestamp;

use crate::model::{LedgerEntry, Likeness, PostId, SourceName, Standing};

use super::ledger::entries;
use super::statement::{ROWS_A_STATEMENT, Row, Statement};
use super::{Error, Store};

/// A post as far as it is held against those of other sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twin {
    /// Its row.
    pub id: PostId,
    /// Its source.
    pub source: SourceName,
    /// What made it this post.
    pub identity: String,
    /// As published, or first seen where that is unknown or later.
    pub dated: Timestamp,
    /// It was there when its source was gathered for the first time.
    pub baseline: bool,
    /// Whether its like was looked for before.
    pub compared: bool,
    /// An issue carried it.
    pub carried: bool,
    /// The post that stands for it already.
    pub joined_to: Option<PostId>,
    /// What it is recognised by.
    pub likeness: Likeness,
}

/// The columns of a [`Twin`], of the table `p`.
macro_rules! twin {
    ($rest:literal) => {
        concat!(
            "SELECT p.id AS id, p.source AS source, p.identity AS identity, p.published AS published,
                p.first_seen AS first_seen, p.baseline AS baseline, p.compared AS compared, p.joined_to AS joined_to,
                p.link_key AS link_key, p.title_key AS title_key, p.text_key AS text_key, p.text_sketch AS text_sketch,
                p.text_words AS text_words,
                (SELECT COUNT(*) FROM issue_post ip WHERE ip.post = p.id) AS carried ",
            $rest
        )
    };
}

impl Store {
    /// Posts that issues may carry and whose like was not looked for yet, in the order in which they came.
    pub async fn post_not_compared(&self) -> Result<Vec<Twin>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let text = twin!(
            "FROM post p WHERE p.compared = 0 AND p.standing = 'open' ORDER BY p.first_seen, p.id"
        );
        tx.each(Statement::new(text), twin).await
    }

    /// Posts that stand for themselves or are joined, whose like was looked for before, and that have one of these
    /// identities, links or texts, or whose text has a sketch and is dated at `since` or later.
    pub async fn post_alike(
        &self,
        identities: &[&str],
        links: &[&str],
        texts: &[&str],
        since: Timestamp,
    ) -> Result<Vec<Twin>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let mut found = Vec::new();
        for (text, keys) in [
            (
                concat!(
                    "WITH v(key) AS (VALUES {rows}) ",
                    twin!(
                        "FROM v JOIN post p ON p.identity = v.key WHERE p.standing IN ('open', 'joined') AND p.compared = 1"
                    )
                ),
                identities,
            ),
            (
                concat!(
                    "WITH v(key) AS (VALUES {rows}) ",
                    twin!(
                        "FROM v JOIN post p ON p.link_key = v.key WHERE p.standing IN ('open', 'joined') AND p.compared = 1"
                    )
                ),
                links,
            ),
            (
                concat!(
                    "WITH v(key) AS (VALUES {rows}) ",
                    twin!(
                        "FROM v JOIN post p ON p.text_key = v.key WHERE p.standing IN ('open', 'joined') AND p.compared = 1"
                    )
                ),
                texts,
            ),
        ] {
            for keys in keys.chunks(ROWS_A_STATEMENT) {
                let keys: Vec<_> = keys.iter().map(|key| [(*key).into()]).collect();
                let rows = tx.over(text, &keys).await?;
                found.extend(rows.iter().map(twin).collect::<Result<Vec<_>, _>>()?);
            }
        }
        let text = twin!(
            "FROM post p WHERE p.text_sketch IS NOT NULL AND p.standing IN ('open', 'joined') AND p.compared = 1
                AND (p.first_seen >= $1 OR p.published >= $1)"
        );
        found.extend(tx.each(Statement::new(text).with(since), twin).await?);
        found.sort_by_key(|twin| twin.id);
        found.dedup_by_key(|twin| twin.id);
        Ok(found)
    }

    /// Posts that came in a flood and wait for a person, of one source or of all, newest first.
    pub async fn post_quarantined(
        &self,
        source: Option<&SourceName>,
    ) -> Result<Vec<LedgerEntry>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let rows = tx
            .rows(
                Statement::new(
                    "SELECT p.id, p.source, p.identity, c.content, p.first_seen, p.baseline, p.withdrawn, p.standing_detail
                     FROM post p JOIN post_content c ON c.post = p.id WHERE p.standing = 'quarantined' AND ($1 = '' OR p.source = $1)
                     ORDER BY p.source, COALESCE(p.published, p.first_seen) DESC, p.id",
                )
                .with(source.map_or("", SourceName::as_str)),
            )
            .await?;
        entries(&mut tx, &rows).await
    }

    /// How many posts wait for a person, by source, each with what it waits for; by name.
    pub async fn quarantine_counts(&self) -> Result<Vec<(SourceName, Standing, i64)>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let rows = tx
            .rows(Statement::new(
                "SELECT source, standing_detail, COUNT(*) AS posts FROM post WHERE standing = 'quarantined'
                 GROUP BY source, standing_detail ORDER BY source, standing_detail",
            ))
            .await?;
        rows.iter()
            .map(|row| {
                Ok((
                    row.parsed("source")?,
                    row.json("standing_detail")?,
                    row.number("posts")?,
                ))
            })
            .collect()
    }
}

fn twin(row: &Row) -> Result<Twin, Error> {
    let first_seen = row.instant("first_seen")?;
    let published = row.instant_or_none("published")?;
    Ok(Twin {
        id: PostId(row.number("id")?),
        source: row.parsed("source")?,
        identity: row.text("identity")?,
        dated: published.map_or(first_seen, |published| published.min(first_seen)),
        baseline: row.number("baseline")? == 1,
        compared: row.number("compared")? == 1,
        carried: row.number("carried")? > 0,
        joined_to: row.number_or_none("joined_to")?.map(PostId),
        likeness: Likeness {
            link: row.text_or_none("link_key")?,
            title: row.text_or_none("title_key")?.unwrap_or_default(),
            text: row.text_or_none("text_key")?,
            sketch: row.number_or_none("text_sketch")?,
            words: row.number("text_words")?,
        },
    })
}
