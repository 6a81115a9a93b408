//! Writes the ledger's rows: new posts, changed ones, the names that they have gone by, and where they stand.

use std::collections::HashSet;

use crate::model::{Likeness, Post, PostId, Standing};

use super::sources::{NewPost, SourceSaved};
use super::statement::{Value, json, to_json};
use super::transaction::{Transaction, transact};
use super::{Error, Store};

/// So many octets of whole posts are written by one statement, give or take a post: it holds them twice over.
const CONTENT_AT_ONCE: usize = 256 * 1024;

/// A post that the ledger knows, and what it did not know of it: names it goes by now, what it is recognised by.
#[derive(Debug, Clone, PartialEq)]
pub struct Recognised {
    /// The row.
    pub id: PostId,
    /// Names to add.
    pub aliases: Vec<String>,
    /// As it is now.
    pub likeness: Likeness,
}

impl Store {
    /// Withdraws posts: they do not go out until their source shows them again.
    pub async fn post_withdraw(&self, posts: &[PostId]) -> Result<(), Error> {
        if posts.is_empty() {
            return Ok(());
        }
        let rows: Vec<(PostId, bool)> = posts.iter().map(|id| (*id, true)).collect();
        transact!(self, tx => withdraw(tx, &rows).await)
    }

    /// Says of each post where it stands from now on, and that its like was looked for (`compared`) or still must be.
    pub async fn post_stand(
        &self,
        standings: &[(PostId, Standing)],
        compared: bool,
    ) -> Result<(), Error> {
        let rows = standings
            .iter()
            .map(|(id, standing)| {
                let [word, detail, to] = columns(standing)?;
                Ok([id.0.into(), word, detail, to, compared.into()])
            })
            .collect::<Result<Vec<_>, Error>>()?;
        transact!(self, tx => stand(tx, &rows).await)
    }
}

async fn stand(tx: &mut Transaction, rows: &[[Value; 5]]) -> Result<(), Error> {
    tx.over(
        "WITH v(id, standing, detail, joined_to, compared) AS (VALUES {rows})
         UPDATE post SET standing = v.standing, standing_detail = v.detail, joined_to = v.joined_to,
            compared = v.compared
         FROM v WHERE post.id = v.id",
        rows,
    )
    .await?;
    Ok(())
}

/// The columns of a standing: its word, its details, the post that stands for it.
fn columns(standing: &Standing) -> Result<[Value; 3], Error> {
    let detail = match standing {
        Standing::Open => Value::Text(None),
        standing => json(standing)?,
    };
    let to = standing.joined_to().map(|to| to.0);
    Ok([standing.as_str().into(), detail, to.into()])
}

/// Writes what a source showed: all of it within the transaction that saves the source.
pub(super) async fn save(tx: &mut Transaction, saved: &SourceSaved) -> Result<(), Error> {
    insert(tx, saved).await?;
    update(tx, saved).await?;
    withdraw(tx, &saved.withdrawn).await?;
    recognise(tx, &saved.recognised).await
}

async fn insert(tx: &mut Transaction, saved: &SourceSaved) -> Result<(), Error> {
    let rows = saved
        .new
        .iter()
        .map(|new| row(new, saved))
        .collect::<Result<Vec<_>, Error>>()?;
    let inserted = tx
        .over(
            "INSERT INTO post (id, source, identity, alternate, slug, fingerprint, published, first_seen, baseline,
                standing, standing_detail, joined_to, link_key, title_key, text_key, text_sketch, text_words, compared)
             VALUES {rows} ON CONFLICT (source, identity) DO NOTHING RETURNING id",
            &rows,
        )
        .await?;
    let inserted = inserted
        .iter()
        .map(|row| row.number("id"))
        .collect::<Result<HashSet<_>, _>>()?;
    let new = || saved.new.iter().filter(|new| inserted.contains(&new.id.0));
    let contents = new().map(|new| (new.id, &new.post));
    let text = "INSERT INTO post_content (post, content) VALUES {rows}";
    write_contents(tx, text, contents).await?;
    let names = new().flat_map(|new| {
        let both = [Some(&new.post.identity), new.post.alternate.as_ref()];
        both.into_iter()
            .flatten()
            .chain(&new.aliases)
            .map(|name| (new.id, name.as_str()))
    });
    name(tx, names).await
}

fn row(new: &NewPost, saved: &SourceSaved) -> Result<[Value; 18], Error> {
    let (post, likeness) = (&new.post, &new.likeness);
    let [standing, detail, joined_to] = columns(&new.standing)?;
    Ok([
        new.id.0.into(),
        post.source.as_str().into(),
        post.identity.as_str().into(),
        post.alternate.clone().into(),
        post.slug.as_str().into(),
        new.fingerprint.as_str().into(),
        post.published.into(),
        saved.at.into(),
        new.baseline.into(),
        standing,
        detail,
        joined_to,
        likeness.link.clone().into(),
        likeness.title.as_str().into(),
        likeness.text.clone().into(),
        likeness.sketch.into(),
        likeness.words.into(),
        false.into(),
    ])
}

async fn update(tx: &mut Transaction, saved: &SourceSaved) -> Result<(), Error> {
    let rows: Vec<_> = saved
        .changed
        .iter()
        .map(|(id, post, fingerprint): &(PostId, Post, String)| {
            [
                Value::from(id.0),
                post.alternate.clone().into(),
                fingerprint.as_str().into(),
                post.published.into(),
            ]
        })
        .collect();
    tx.over(
        "WITH v(id, alternate, fingerprint, published) AS (VALUES {rows})
         UPDATE post SET alternate = COALESCE(v.alternate, post.alternate), fingerprint = v.fingerprint,
            published = v.published
         FROM v WHERE post.id = v.id",
        &rows,
    )
    .await?;
    let contents = saved.changed.iter().map(|(id, post, _)| (*id, post));
    // A post that the journal alone knew says something from now on.
    let text = "INSERT INTO post_content (post, content) VALUES {rows}
         ON CONFLICT (post) DO UPDATE SET content = excluded.content";
    write_contents(tx, text, contents).await
}

async fn withdraw(tx: &mut Transaction, posts: &[(PostId, bool)]) -> Result<(), Error> {
    let rows: Vec<_> = posts
        .iter()
        .map(|(id, withdrawn)| [Value::from(id.0), (*withdrawn).into()])
        .collect();
    tx.over(
        "WITH v(id, withdrawn) AS (VALUES {rows})
         UPDATE post SET withdrawn = v.withdrawn FROM v WHERE post.id = v.id",
        &rows,
    )
    .await?;
    Ok(())
}

/// Writes whole posts by a statement over `{rows}` of a post and its content, some of them at once.
async fn write_contents<'a>(
    tx: &mut Transaction,
    text: &'static str,
    posts: impl Iterator<Item = (PostId, &'a Post)>,
) -> Result<(), Error> {
    let (mut rows, mut size) = (Vec::new(), 0);
    for (id, post) in posts {
        let content = to_json(post)?;
        size += content.len();
        rows.push([Value::from(id.0), content.into()]);
        if size > CONTENT_AT_ONCE {
            tx.over(text, &std::mem::take(&mut rows)).await?;
            size = 0;
        }
    }
    tx.over(text, &rows).await?;
    Ok(())
}

async fn recognise(tx: &mut Transaction, recognised: &[Recognised]) -> Result<(), Error> {
    let rows: Vec<_> = recognised
        .iter()
        .map(|post| {
            [
                Value::from(post.id.0),
                post.likeness.link.clone().into(),
                post.likeness.title.as_str().into(),
                post.likeness.text.clone().into(),
                post.likeness.sketch.into(),
                post.likeness.words.into(),
            ]
        })
        .collect();
    tx.over(
        "WITH v(id, link, title, text, sketch, words) AS (VALUES {rows})
         UPDATE post SET link_key = COALESCE(v.link, post.link_key), title_key = v.title, text_key = v.text,
            text_sketch = v.sketch, text_words = v.words
         FROM v WHERE post.id = v.id",
        &rows,
    )
    .await?;
    let names = recognised
        .iter()
        .flat_map(|post| post.aliases.iter().map(|name| (post.id, name.as_str())));
    name(tx, names).await
}

/// Adds names that posts go by.
async fn name<'a>(
    tx: &mut Transaction,
    names: impl Iterator<Item = (PostId, &'a str)>,
) -> Result<(), Error> {
    let rows: Vec<_> = names.map(|(id, name)| [name.into(), id.0.into()]).collect();
    tx.over(
        "INSERT INTO post_alias (key, post) VALUES {rows} ON CONFLICT (key, post) DO NOTHING",
        &rows,
    )
    .await?;
    Ok(())
}
