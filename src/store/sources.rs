//! What was read, when, and what came of it: a source's row and its new posts change together or not at all.

use jiff::Timestamp;

use crate::model::{
    Likeness, Post, PostId, SourceName, SourceStanding, Standing, Validators, Visit,
};

use super::memory;
use super::posts::{self, Recognised};
use super::statement::{Row, Statement, Value, json};
use super::transaction::{Transaction, transact};
use super::{Error, Store, visits};

/// What the store knows of a source.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceState {
    /// Its name.
    pub name: SourceName,
    /// Where it was when it was last read with success.
    pub location: String,
    /// What to ask "changed since?" with.
    pub validators: Option<Validators>,
    /// First success; posts of that first time are the baseline.
    pub first_gathered_at: Option<Timestamp>,
    /// Last try, whatever came of it.
    pub last_attempt_at: Timestamp,
    /// Last success, also "nothing changed".
    pub last_success_at: Option<Timestamp>,
    /// What went wrong at the last try.
    pub last_error: Option<String>,
    /// Posts in the ledger that it brought.
    pub posts: i64,
    /// What visits taught of it beside its posts.
    pub standing: SourceStanding,
}

/// A post that the ledger did not know.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPost {
    /// Its row, made by the caller.
    pub id: PostId,
    /// The post.
    pub post: Post,
    /// What changes when its content does.
    pub fingerprint: String,
    /// It was there when its source was gathered for the first time.
    pub baseline: bool,
    /// Whether issues may carry it.
    pub standing: Standing,
    /// What it is recognised by.
    pub likeness: Likeness,
    /// Names that it goes by beside its identities.
    pub aliases: Vec<String>,
}

/// What came of reading a source once.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceSaved {
    /// The source.
    pub source: SourceName,
    /// Where it was read.
    pub location: String,
    /// When.
    pub at: Timestamp,
    /// What to ask with next time; `None` forgets them.
    pub validators: Option<Validators>,
    /// What went wrong: then nothing but the attempt and this text is recorded.
    pub error: Option<String>,
    /// Posts to add; one whose identity is known already is passed over.
    pub new: Vec<NewPost>,
    /// Posts whose content changed, with their new fingerprint.
    pub changed: Vec<(PostId, Post, String)>,
    /// What the next visit should know; `None` leaves what is known.
    pub memory: Option<String>,
    /// What else the visit taught; recorded whatever came of it.
    pub visit: Visit,
    /// Posts that are known, under names or by a likeness that were not.
    pub recognised: Vec<Recognised>,
    /// Posts that the source took back (`true`), or shows again.
    pub withdrawn: Vec<(PostId, bool)>,
}

const STATE: &str = "SELECT name, location, validators, first_gathered_at, last_attempt_at, last_success_at, last_error, standing,
        (SELECT COUNT(*) FROM post WHERE post.source = source.name) AS posts
     FROM source WHERE $1 = '' OR name = $1 ORDER BY name";

impl Store {
    /// What is known of a source; `None` before its first try.
    pub async fn source_state(&self, source: &SourceName) -> Result<Option<SourceState>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let row = tx.row(Statement::new(STATE).with(source.as_str())).await?;
        row.as_ref().map(state).transpose()
    }

    /// What is known of every source that was ever tried, by name.
    pub async fn source_list(&self) -> Result<Vec<SourceState>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let rows = tx.rows(Statement::new(STATE).with("")).await?;
        rows.iter().map(state).collect()
    }

    /// Gives a source and its posts a new name, where the operator renamed it.
    pub async fn source_rename(&self, old: &SourceName, new: &SourceName) -> Result<(), Error> {
        transact!(self, tx => rename(tx, old, new).await)
    }

    /// Records what came of reading a source: its posts and its validators in one transaction.
    ///
    /// A changed post gets its new content; its identity and the time it was first seen stay.
    pub async fn source_save(&self, saved: &SourceSaved) -> Result<(), Error> {
        transact!(self, tx => match &saved.error {
            Some(error) => save_failure(tx, saved, error).await,
            None => save_success(tx, saved).await,
        })
    }
}

async fn rename(tx: &mut Transaction, old: &SourceName, new: &SourceName) -> Result<(), Error> {
    for text in [
        "UPDATE source SET name = $1 WHERE name = $2",
        "UPDATE source_event SET source = $1 WHERE source = $2",
        "UPDATE post SET source = $1 WHERE source = $2",
    ] {
        tx.execute(Statement::new(text).with(new.as_str()).with(old.as_str()))
            .await?;
    }
    Ok(())
}

async fn save_failure(tx: &mut Transaction, saved: &SourceSaved, error: &str) -> Result<(), Error> {
    tx.execute(
        Statement::new(
            "INSERT INTO source (name, location, last_attempt_at, last_error, standing) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (name) DO UPDATE SET
                last_attempt_at = excluded.last_attempt_at, last_error = excluded.last_error,
                standing = excluded.standing",
        )
        .with(saved.source.as_str())
        .with(saved.location.as_str())
        .with(saved.at)
        .with(error)
        .with(json(&saved.visit.standing)?),
    )
    .await?;
    visits::save(tx, &saved.source, saved.at, &saved.visit).await
}

async fn save_success(tx: &mut Transaction, saved: &SourceSaved) -> Result<(), Error> {
    let validators = match &saved.validators {
        Some(validators) => json(validators)?,
        None => Value::Text(None),
    };
    tx.execute(
        Statement::new(
            "INSERT INTO source (name, location, validators, first_gathered_at, last_attempt_at, last_success_at, standing)
             VALUES ($1, $2, $3, $4, $4, $4, $5)
             ON CONFLICT (name) DO UPDATE SET
                location = excluded.location,
                validators = excluded.validators,
                first_gathered_at = COALESCE(source.first_gathered_at, excluded.first_gathered_at),
                last_attempt_at = excluded.last_attempt_at,
                last_success_at = excluded.last_success_at,
                last_error = NULL,
                standing = excluded.standing",
        )
        .with(saved.source.as_str())
        .with(saved.location.as_str())
        .with(validators)
        .with(saved.at)
        .with(json(&saved.visit.standing)?),
    )
    .await?;
    if let Some(memory) = &saved.memory {
        memory::keep(tx, &saved.source, memory).await?;
    }
    visits::save(tx, &saved.source, saved.at, &saved.visit).await?;
    posts::save(tx, saved).await
}

fn state(row: &Row) -> Result<SourceState, Error> {
    Ok(SourceState {
        name: row.parsed("name")?,
        location: row.text("location")?,
        validators: row.json_or_none("validators")?,
        first_gathered_at: row.instant_or_none("first_gathered_at")?,
        last_attempt_at: row.instant("last_attempt_at")?,
        last_success_at: row.instant_or_none("last_success_at")?,
        last_error: row.text_or_none("last_error")?,
        posts: row.number("posts")?,
        standing: row.json_or_none("standing")?.unwrap_or_default(),
    })
}
