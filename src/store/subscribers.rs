//! Who receives: the file's readers brought in step, and every reader by id, by address, or page by page.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{
    EmailAddress, Format, Origin, Subscriber, SubscriberEntry, SubscriberId, SuppressionReason,
};

use super::ledger::limit_of;
use super::statement::{Row, Statement, Value, json};
use super::transaction::{Transaction, transact};
use super::{Error, Store};

const FORMATS: [Format; 2] = [Format::Html, Format::Text];
const ORIGINS: [Origin; 2] = [Origin::File, Origin::Store];

/// What [`subscriber`] reads.
macro_rules! subscriber_columns {
    () => {
        "SELECT s.id, s.address, s.name, s.language, s.topics, s.schedules, s.format, s.since, s.data, s.epoch, s.origin,
            s.active, x.reason
         FROM subscriber s LEFT JOIN suppression x ON x.address_hash = s.address_hash"
    };
}
/// What bringing the readers in step with the file did, in numbers of readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct SyncReport {
    /// Never seen before.
    pub added: usize,
    /// Known, with other wishes than before.
    pub changed: usize,
    /// Had left the file, and stands in it again.
    pub returned: usize,
    /// No longer in the file: kept, and not mailed any more.
    pub removed: usize,
    /// As they were.
    pub unchanged: usize,
}

/// What the file says of a reader, as texts: address, its hash, name, language, topics, schedules, format, since, data.
type Wishes = [Value; 9];

/// What is written of a reader: id, address key, wishes, now.
type Line = [Value; 12];

/// A reader's row, to be held against the file.
struct Known {
    id: i64,
    wishes: Wishes,
    origin: Origin,
    active: bool,
}

impl Store {
    /// Brings the readers in step with `subscribers.toml`: for each entry the id to use if it is new, the entry, and the
    /// keyed hash of its address.
    ///
    /// A known address keeps its id and epoch, and belongs to the file from now on. Readers of the file who are not in
    /// it any more become inactive, save those whose [`EmailAddress::key`] is among `untouched`: they stay as they are.
    /// Suppressions are not touched, and always win.
    pub async fn subscriber_sync(
        &self,
        entries: &[(SubscriberId, SubscriberEntry, String)],
        untouched: &[String],
        now: Timestamp,
    ) -> Result<SyncReport, Error> {
        transact!(self, tx => sync(tx, entries, untouched, now).await)
    }

    /// Active readers who belong to the file: those that were accepted from it last, by id.
    pub async fn subscriber_own(&self) -> Result<Vec<EmailAddress>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let text =
            "SELECT address FROM subscriber WHERE origin = 'file' AND active = 1 ORDER BY id";
        let rows = tx.rows(Statement::new(text)).await?;
        rows.iter().map(|row| row.parsed("address")).collect()
    }

    /// At most `limit` readers by id, from after `after` on; with `active_only` those who stand in the file or signed up.
    pub async fn subscriber_list(
        &self,
        after: Option<SubscriberId>,
        limit: usize,
        active_only: bool,
    ) -> Result<Vec<Subscriber>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let rows = tx
            .rows(
                Statement::new(concat!(
                    subscriber_columns!(),
                    " WHERE s.id > $1 AND s.active >= $2 ORDER BY s.id LIMIT $3"
                ))
                .with(after.map_or(0, |id| id.0))
                .with(active_only)
                .with(limit_of(limit)),
            )
            .await?;
        rows.iter().map(subscriber).collect()
    }

    /// The reader with this [`EmailAddress::key`].
    pub async fn subscriber_find(&self, key: &str) -> Result<Option<Subscriber>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let statement = Statement::new(concat!(subscriber_columns!(), " WHERE s.address_key = $1"));
        let row = tx.row(statement.with(key)).await?;
        row.as_ref().map(subscriber).transpose()
    }

    /// The reader with this id.
    pub async fn subscriber_load(&self, id: SubscriberId) -> Result<Option<Subscriber>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let statement = Statement::new(concat!(subscriber_columns!(), " WHERE s.id = $1"));
        let row = tx.row(statement.with(id.0)).await?;
        row.as_ref().map(subscriber).transpose()
    }

    /// How many readers are in which state: `active`, `removed`, or the word of the reason why they are suppressed.
    pub async fn subscriber_tally(&self) -> Result<BTreeMap<String, i64>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let rows = tx
            .rows(Statement::new(
                "SELECT t.state AS state, COUNT(*) AS total FROM (
                    SELECT CASE WHEN x.reason IS NOT NULL THEN x.reason
                        WHEN s.active = 1 THEN 'active' ELSE 'removed' END AS state
                    FROM subscriber s LEFT JOIN suppression x ON x.address_hash = s.address_hash
                 ) t GROUP BY t.state",
            ))
            .await?;
        rows.iter()
            .map(|row| Ok((row.text("state")?, row.number("total")?)))
            .collect()
    }

    /// How many readers are active, suppressed ones among them.
    pub async fn subscriber_count(&self) -> Result<i64, Error> {
        let mut tx = self.engine.begin_read().await?;
        let statement = Statement::new("SELECT COUNT(*) AS total FROM subscriber WHERE active = 1");
        let row = tx.row(statement).await?;
        row.map_or(Ok(0), |row| row.number("total"))
    }
}

async fn sync(
    tx: &mut Transaction,
    entries: &[(SubscriberId, SubscriberEntry, String)],
    untouched: &[String],
    now: Timestamp,
) -> Result<SyncReport, Error> {
    let mut known = known(tx).await?;
    let mut report = SyncReport::default();
    let mut added: HashMap<String, Line> = HashMap::new();
    let mut altered = Vec::new();
    for (id, entry, address_hash) in entries {
        let key = entry.address.key();
        let wishes = wishes(entry, address_hash)?;
        match known.remove(&key) {
            None if added.contains_key(&key) => {}
            None => {
                let line = line(id.0, &key, wishes, now);
                added.insert(key, line);
            }
            Some(known) => {
                let same = same(&known.wishes, &wishes) && known.origin == Origin::File;
                match (known.active, same) {
                    (false, _) => report.returned += 1,
                    (true, true) => report.unchanged += 1,
                    (true, false) => report.changed += 1,
                }
                if !known.active || !same {
                    altered.push(line(known.id, &key, wishes, now));
                }
            }
        }
    }
    for key in untouched {
        known.remove(key);
    }
    let left = known.into_values();
    let left = left.filter(|known| known.active && known.origin == Origin::File);
    let removed: Vec<_> = left
        .map(|known| [Value::from(known.id), now.into()])
        .collect();
    report.added = added.len();
    report.removed = removed.len();
    insert(tx, &added.into_values().collect::<Vec<_>>()).await?;
    alter(tx, &altered).await?;
    deactivate(tx, &removed).await?;
    Ok(report)
}

/// Every reader of the database by address key.
async fn known(tx: &mut Transaction) -> Result<HashMap<String, Known>, Error> {
    let rows = tx
        .rows(Statement::new(
            "SELECT id, address_key, address, address_hash, name, language, topics, schedules, format, since, data,
                origin, active
             FROM subscriber",
        ))
        .await?;
    rows.iter()
        .map(|row| {
            let text = |column| row.text_or_none(column).map(Value::Text);
            let known = Known {
                id: row.number("id")?,
                wishes: [
                    text("address")?,
                    text("address_hash")?,
                    text("name")?,
                    text("language")?,
                    text("topics")?,
                    text("schedules")?,
                    text("format")?,
                    text("since")?,
                    text("data")?,
                ],
                origin: row.word("origin", &ORIGINS, origin_word)?,
                active: row.number("active")? == 1,
            };
            Ok((row.text("address_key")?, known))
        })
        .collect()
}

fn wishes(entry: &SubscriberEntry, address_hash: &str) -> Result<Wishes, Error> {
    Ok([
        entry.address.to_string().into(),
        address_hash.into(),
        entry.name.clone().into(),
        entry.language.clone().map(String::from).into(),
        json(&entry.topics)?,
        json(&entry.schedules)?,
        entry.format.as_str().into(),
        entry.since.map(|day| day.to_string()).into(),
        json(&entry.data)?,
    ])
}

fn same(one: &Wishes, other: &Wishes) -> bool {
    one.iter().zip(other).all(|pair| match pair {
        (Value::Text(one), Value::Text(other)) => one == other,
        _ => false,
    })
}

fn line(id: i64, key: &str, wishes: Wishes, now: Timestamp) -> Line {
    let [
        address,
        hash,
        name,
        language,
        topics,
        schedules,
        format,
        since,
        data,
    ] = wishes;
    let (id, key, now) = (id.into(), key.into(), now.into());
    [
        id, key, address, hash, name, language, topics, schedules, format, since, data, now,
    ]
}

async fn insert(tx: &mut Transaction, lines: &[Line]) -> Result<(), Error> {
    tx.over(
        "WITH v(id, address_key, address, address_hash, name, language, topics, schedules, format, since, data, now)
            AS (VALUES {rows})
         INSERT INTO subscriber (id, address_key, address, address_hash, name, language, topics, schedules, format,
            since, data, created_at, changed_at, epoch, origin, active)
         SELECT v.id, v.address_key, v.address, v.address_hash, v.name, v.language, v.topics, v.schedules, v.format,
            v.since, v.data, v.now, v.now, 0, 'file', 1
         FROM v WHERE 1 = 1 ON CONFLICT (address_key) DO NOTHING",
        lines,
    )
    .await?;
    Ok(())
}

async fn alter(tx: &mut Transaction, lines: &[Line]) -> Result<(), Error> {
    tx.over(
        "WITH v(id, address_key, address, address_hash, name, language, topics, schedules, format, since, data, now)
            AS (VALUES {rows})
         UPDATE subscriber SET address = v.address, address_hash = v.address_hash, name = v.name,
            language = v.language, topics = v.topics, schedules = v.schedules, format = v.format, since = v.since,
            data = v.data, origin = 'file', active = 1, changed_at = v.now
         FROM v WHERE subscriber.id = v.id",
        lines,
    )
    .await?;
    Ok(())
}

async fn deactivate(tx: &mut Transaction, ids: &[[Value; 2]]) -> Result<(), Error> {
    tx.over(
        "WITH v(id, now) AS (VALUES {rows})
         UPDATE subscriber SET active = 0, changed_at = v.now FROM v WHERE subscriber.id = v.id",
        ids,
    )
    .await?;
    Ok(())
}

fn subscriber(row: &Row) -> Result<Subscriber, Error> {
    let since = row.text_or_none("since")?;
    let reasons = &SuppressionReason::ALL;
    Ok(Subscriber {
        id: SubscriberId(row.number("id")?),
        address: row.parsed::<EmailAddress>("address")?,
        name: row.text_or_none("name")?,
        language: row.parsed_or_none("language")?,
        topics: row.json("topics")?,
        schedules: row.json("schedules")?,
        format: row.word("format", &FORMATS, Format::as_str)?,
        since: since
            .map(|day| day.parse().map_err(|error| Error::corrupt("since", error)))
            .transpose()?,
        data: row.json("data")?,
        epoch: row.count("epoch")?,
        origin: row.word("origin", &ORIGINS, origin_word)?,
        active: row.number("active")? == 1,
        suppressed: row.word_or_none("reason", reasons, SuppressionReason::as_str)?,
    })
}

fn origin_word(origin: Origin) -> &'static str {
    match origin {
        Origin::File => "file",
        Origin::Store => "store",
    }
}
