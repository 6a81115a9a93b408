//! The schema's versions, and how a database is brought up to the newest.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use super::Error;
use super::engine::Engine;

/// Version, name, text for SQLite, text for PostgreSQL.
const MIGRATIONS: &[(i64, &str, &str, &str)] = &[
    (
        1,
        "ledger and outbox",
        include_str!("../../migrations/sqlite/0001_ledger_and_outbox.sql"),
        include_str!("../../migrations/postgres/0001_ledger_and_outbox.sql"),
    ),
    (
        2,
        "standing of sources",
        include_str!("../../migrations/sqlite/0002_standing_of_sources.sql"),
        include_str!("../../migrations/postgres/0002_standing_of_sources.sql"),
    ),
    (
        3,
        "standings",
        include_str!("../../migrations/sqlite/0003_standings.sql"),
        include_str!("../../migrations/postgres/0003_standings.sql"),
    ),
    (
        4,
        "source memory",
        include_str!("../../migrations/sqlite/0004_source_memory.sql"),
        include_str!("../../migrations/postgres/0004_source_memory.sql"),
    ),
    (
        5,
        "texts apart",
        include_str!("../../migrations/sqlite/0005_texts_apart.sql"),
        include_str!("../../migrations/postgres/0005_texts_apart.sql"),
    ),
    (
        6,
        "standing of issues",
        include_str!("../../migrations/sqlite/0006_standing_of_issues.sql"),
        include_str!("../../migrations/postgres/0006_standing_of_issues.sql"),
    ),
    (
        7,
        "intents in line",
        include_str!("../../migrations/sqlite/0007_intents_in_line.sql"),
        include_str!("../../migrations/postgres/0007_intents_in_line.sql"),
    ),
    (
        8,
        "reports",
        include_str!("../../migrations/sqlite/0008_reports.sql"),
        include_str!("../../migrations/postgres/0008_reports.sql"),
    ),
    (
        9,
        "paces",
        include_str!("../../migrations/sqlite/0009_paces.sql"),
        include_str!("../../migrations/postgres/0009_paces.sql"),
    ),
    (
        10,
        "relays",
        include_str!("../../migrations/sqlite/0010_relays.sql"),
        include_str!("../../migrations/postgres/0010_relays.sql"),
    ),
    (
        11,
        "inbox mails",
        include_str!("../../migrations/sqlite/0011_inbox_mails.sql"),
        include_str!("../../migrations/postgres/0011_inbox_mails.sql"),
    ),
    (
        12,
        "state by words",
        include_str!("../../migrations/sqlite/0012_state_by_words.sql"),
        include_str!("../../migrations/postgres/0012_state_by_words.sql"),
    ),
    (
        13,
        "told gone",
        include_str!("../../migrations/sqlite/0013_told_gone.sql"),
        include_str!("../../migrations/postgres/0013_told_gone.sql"),
    ),
    (
        14,
        "relay sessions",
        include_str!("../../migrations/sqlite/0014_relay_sessions.sql"),
        include_str!("../../migrations/postgres/0014_relay_sessions.sql"),
    ),
    (
        17,
        "first try of issues",
        include_str!("../../migrations/sqlite/0017_first_try_of_issues.sql"),
        include_str!("../../migrations/postgres/0017_first_try_of_issues.sql"),
    ),
    (
        20,
        "withdrawn posts",
        include_str!("../../migrations/sqlite/0020_withdrawn_posts.sql"),
        include_str!("../../migrations/postgres/0020_withdrawn_posts.sql"),
    ),
];

/// The name of the first migration, by which a database is known as ours.
pub(super) const FIRST: &str = MIGRATIONS[0].1;

/// The newest schema that this program knows.
pub(super) const NEWEST: i64 = MIGRATIONS[MIGRATIONS.len() - 1].0;

impl Engine {
    /// Brings the schema up to date. No lock of the engine is used, so two processes may start this at once: the one
    /// that comes second fails at a migration that the first has just made, and finds it done when it looks again.
    pub(super) async fn migrate(&self) -> Result<(), Error> {
        let texts = MIGRATIONS
            .iter()
            .map(|&(version, name, sqlite, postgres)| match self {
                Self::Sqlite(..) => (version, name, sqlite),
                Self::Postgres(_) => (version, name, postgres),
            });
        let mut migrator = migrator(texts);
        migrator.set_locking(false);
        let mut tries = 0;
        loop {
            let result = match self {
                Self::Sqlite(pool, _) => migrator.run(pool).await,
                Self::Postgres(pool) => migrator.run(pool).await,
            };
            match result {
                Ok(()) => return Ok(()),
                Err(_) if tries <= MIGRATIONS.len() => tries += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn migrator(texts: impl Iterator<Item = (i64, &'static str, &'static str)>) -> Migrator {
    let migrations = texts.map(|(version, name, text)| {
        let kind = MigrationType::Simple;
        Migration::new(version, name.into(), kind, text.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{Executor, Row, SqlitePool};

    use super::super::{Store, StoreTarget};
    use super::*;

    /// An issue of before the twelfth version, whose one reader was refused.
    const BEFORE: [&str; 4] = [
        "INSERT INTO issue (number, schedule, edition, sealed_at, expires_at, planned, subject, content)
         VALUES (1, 'weekly', '2026-11-27', 1, 2, 1, 'subject', '{}')",
        "INSERT INTO variant (issue, number, language, format, digest) VALUES (1, 1, 'nl', 'html', '{}')",
        "INSERT INTO delivery (issue, number, subscriber, address_hash, variant, reader, state, fence, next_at,
            attempts, unknowns, relay)
         VALUES (1, 1, 7, 'hash', 1, '{}', 'failed', 3, 5, 1, 0, 'main')",
        "INSERT INTO attempt (issue, number, fence, at, outcome, code) VALUES (1, 1, 3, 4, 'failed', 550)",
    ];

    #[tokio::test]
    async fn an_older_outbox_keeps_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("courant.db");
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true);
        let pool = SqlitePool::connect_with(options.pragma("foreign_keys", "ON"))
            .await
            .unwrap();
        let texts = MIGRATIONS
            .iter()
            .map(|&(version, name, sqlite, _)| (version, name, sqlite));
        migrator(texts.take(11)).run(&pool).await.unwrap();
        for statement in BEFORE {
            pool.execute(statement).await.unwrap();
        }
        pool.close().await;
        let store = Store::open(&StoreTarget::Sqlite(path)).await.unwrap();
        let Engine::Sqlite(pool, _) = &store.engine else {
            unreachable!()
        };
        let row = pool.fetch_one(
            "SELECT d.subscriber, d.fence, d.relay, a.code
             FROM delivery d JOIN attempt a ON a.issue = d.issue AND a.number = d.number",
        );
        let row = row.await.unwrap();
        let kept: (i64, i64, String, i64) = (row.get(0), row.get(1), row.get(2), row.get(3));
        assert_eq!(kept, (7, 3, "main".into(), 550));
        // What the schema forbids is still forbidden.
        assert!(
            pool.execute("UPDATE delivery SET state = 'lost'")
                .await
                .is_err()
        );
        assert!(pool.execute("DELETE FROM delivery").await.is_err());
        let left = pool.fetch_all("SELECT name FROM sqlite_schema WHERE name LIKE '%before'");
        assert!(left.await.unwrap().is_empty());
        store.close().await;
    }
}
