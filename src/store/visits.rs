//! What visits to sources leave beside posts: hosts that asked to be left alone, and a journal for the operator.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::model::{HostHold, SourceEvent, SourceName, Visit};

use super::statement::{Statement, Value};
use super::transaction::{Transaction, transact};
use super::{Error, Store};

impl Store {
    /// The hosts that asked to be left alone beyond `now`.
    pub async fn host_holds(&self, now: Timestamp) -> Result<Vec<HostHold>, Error> {
        let text = "SELECT host, until FROM host_hold WHERE until > $1 ORDER BY host";
        let mut tx = self.engine.begin_read().await?;
        let rows = tx.rows(Statement::new(text).with(now)).await?;
        rows.iter()
            .map(|row| {
                Ok(HostHold {
                    host: row.text("host")?,
                    until: row.instant("until")?,
                })
            })
            .collect()
    }

    /// The newest `limit` lines of a source's journal, oldest first.
    pub async fn source_events(
        &self,
        source: &SourceName,
        limit: i64,
    ) -> Result<Vec<SourceEvent>, Error> {
        let text =
            "SELECT at, what FROM source_event WHERE source = $1 ORDER BY at DESC, what LIMIT $2";
        let statement = Statement::new(text).with(source.as_str()).with(limit);
        let mut tx = self.engine.begin_read().await?;
        let rows = tx.rows(statement).await?;
        let line = |row| -> Result<SourceEvent, Error> {
            let row: &super::statement::Row = row;
            Ok(SourceEvent {
                at: row.instant("at")?,
                what: row.text("what")?,
            })
        };
        rows.iter().rev().map(line).collect()
    }

    /// How many posts each source published since then. A post without a date counts by when it was first seen, unless
    /// it was there at the source's first time.
    pub async fn source_tally(&self, since: Timestamp) -> Result<HashMap<SourceName, i64>, Error> {
        let text = "SELECT source, COUNT(*) AS posts FROM post
             WHERE COALESCE(published, CASE WHEN baseline = 0 THEN first_seen END) >= $1 GROUP BY source";
        let mut tx = self.engine.begin_read().await?;
        let rows = tx.rows(Statement::new(text).with(since)).await?;
        rows.iter()
            .map(|row| Ok((row.parsed("source")?, row.number("posts")?)))
            .collect()
    }

    /// How many posts of a source were first seen since then, of those that nobody had to look at: what came in a flood, or
    /// was there at the source's first time, is no pace.
    pub async fn source_pace(&self, source: &SourceName, since: Timestamp) -> Result<i64, Error> {
        let text = "SELECT COUNT(*) AS posts FROM post WHERE source = $1 AND first_seen >= $2 AND baseline = 0
             AND standing IN ('open', 'joined')";
        let statement = Statement::new(text).with(source.as_str()).with(since);
        let mut tx = self.engine.begin_read().await?;
        let row = tx.row(statement).await?;
        row.map_or(Ok(0), |row| row.number("posts"))
    }

    /// Forgets failures and the end of a source, so that the next run asks it again.
    pub async fn source_revive(&self, source: &SourceName) -> Result<(), Error> {
        let text = "UPDATE source SET standing = NULL WHERE name = $1";
        transact!(self, tx => {
            tx.execute(Statement::new(text).with(source.as_str())).await?;
            Ok(())
        })
    }
}

/// Records the journal and the host's wish; what ran out is forgotten.
pub(super) async fn save(
    tx: &mut Transaction,
    source: &SourceName,
    at: Timestamp,
    visit: &Visit,
) -> Result<(), Error> {
    let lines: Vec<[Value; 3]> = visit
        .events
        .iter()
        .map(|event| {
            [
                source.as_str().into(),
                event.at.into(),
                event.what.as_str().into(),
            ]
        })
        .collect();
    tx.over(
        "INSERT INTO source_event (source, at, what) VALUES {rows} ON CONFLICT (source, at, what) DO NOTHING",
        &lines,
    )
    .await?;
    let Some(hold) = &visit.hold else {
        return Ok(());
    };
    let over = "DELETE FROM host_hold WHERE until <= $1";
    tx.execute(Statement::new(over).with(at)).await?;
    let text = "INSERT INTO host_hold (host, until) VALUES ($1, $2)
         ON CONFLICT (host) DO UPDATE SET until = excluded.until";
    let hold = Statement::new(text)
        .with(hold.host.as_str())
        .with(hold.until);
    tx.execute(hold).await?;
    Ok(())
}
