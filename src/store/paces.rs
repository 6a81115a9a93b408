//! What runs learnt of how fast a relay, or one domain's mail over it, may go, and how much over one connection.

use jiff::Timestamp;

use crate::model::{LearntPace, PerHour};

use super::statement::{Row, Statement, Value};
use super::transaction::{Transaction, transact};
use super::{Error, Store};

/// How the database writes the relay as a whole.
const WHOLE: &str = "";

impl Store {
    /// What was learnt of a relay, by domain; whether it still counts is for the caller to say.
    pub async fn pace_list(&self, relay: &str) -> Result<Vec<LearntPace>, Error> {
        let text = "SELECT domain, per_hour, noted_at FROM pace WHERE relay = $1 ORDER BY domain";
        let mut tx = self.engine.begin_read().await?;
        let rows = tx.rows(Statement::new(text).with(relay)).await?;
        rows.iter().map(learnt).collect()
    }

    /// Keeps what was learnt of a relay, in place of what was known of the same domains; drops what may go as it is configured
    /// again, and all that was noted before `forget`.
    pub async fn pace_save(
        &self,
        relay: &str,
        learnt: &[LearntPace],
        forget: Timestamp,
    ) -> Result<(), Error> {
        transact!(self, tx => save(tx, relay, learnt, forget).await)
    }

    /// How many messages a relay takes over one connection, if that was learnt after `since`.
    pub async fn relay_session(&self, relay: &str, since: Timestamp) -> Result<Option<u32>, Error> {
        let text = "SELECT messages FROM relay_session WHERE relay = $1 AND noted_at > $2";
        let mut tx = self.engine.begin_read().await?;
        let row = tx.row(Statement::new(text).with(relay).with(since)).await?;
        row.map(|row| row.count("messages")).transpose()
    }

    /// Keeps how many messages a relay takes over one connection, in place of what was known.
    pub async fn relay_session_save(
        &self,
        relay: &str,
        messages: u32,
        now: Timestamp,
    ) -> Result<(), Error> {
        let statement = || {
            Statement::new(
                "INSERT INTO relay_session (relay, messages, noted_at) VALUES ($1, $2, $3)
                 ON CONFLICT (relay) DO UPDATE SET messages = excluded.messages, noted_at = excluded.noted_at",
            )
            .with(relay)
            .with(i64::from(messages))
            .with(now)
        };
        transact!(self, tx => tx.execute(statement()).await)?;
        Ok(())
    }
}

async fn save(
    tx: &mut Transaction,
    relay: &str,
    learnt: &[LearntPace],
    forget: Timestamp,
) -> Result<(), Error> {
    let old = "DELETE FROM pace WHERE noted_at < $1";
    tx.execute(Statement::new(old).with(forget)).await?;
    let mut rows: Vec<[Value; 4]> = Vec::new();
    for one in learnt {
        let domain = one.domain.as_deref().unwrap_or(WHOLE);
        match one.pace {
            Some(pace) => rows.push([
                relay.into(),
                domain.into(),
                i64::try_from(pace.get()).unwrap_or(i64::MAX).into(),
                one.noted_at.into(),
            ]),
            None => {
                let over = "DELETE FROM pace WHERE relay = $1 AND domain = $2";
                tx.execute(Statement::new(over).with(relay).with(domain))
                    .await?;
            }
        }
    }
    tx.over(
        "INSERT INTO pace (relay, domain, per_hour, noted_at) VALUES {rows}
         ON CONFLICT (relay, domain) DO UPDATE SET per_hour = excluded.per_hour, noted_at = excluded.noted_at",
        &rows,
    )
    .await?;
    Ok(())
}

fn learnt(row: &Row) -> Result<LearntPace, Error> {
    let domain = row.text("domain")?;
    let per_hour = row.number("per_hour")?;
    Ok(LearntPace {
        domain: (domain != WHOLE).then_some(domain),
        pace: Some(PerHour::new(per_hour.unsigned_abs())),
        noted_at: row.instant("noted_at")?,
    })
}
