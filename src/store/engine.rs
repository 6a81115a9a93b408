//! Everything in which SQLite and PostgreSQL differ, both versions side by side.
//!
//! Opening and its settings, the schema's version, how a transaction begins, how values are written, and what
//! an error code means. Beside it stands `file`, which SQLite alone needs; all else is one SQL text for both.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use secrecy::ExposeSecret;
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteError, SqlitePoolOptions};
use sqlx::{ConnectOptions, Executor, PgPool, Row, SqlitePool};

use super::error::Situation;
use super::file;
use super::transaction::Transaction;
use super::writer::Writer;
use super::{Error, StoreTarget};

/// SQLite has one writer at a time; the others read beside it.
const SQLITE_CONNECTIONS: u32 = 4;

/// Enough for a sender, its run and the web pages of one process.
const POSTGRES_CONNECTIONS: u32 = 8;

/// How long a connection may be waited for, and how long SQLite waits for another writer.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// SQLite refuses at once, whatever its timeout, to change to WAL while another process opens or leaves the same file.
/// That takes a moment: so opening is tried this often, with this pause.
const OPENINGS: usize = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// SQLite's settings that our promises rest on: name, value given, value read back.
///
/// `synchronous=FULL` makes a commit durable; without `secure_delete` an erased address stays in the file.
pub(super) const SQLITE_SETTINGS: [(&str, &str, &str); 5] = [
    ("journal_mode", "WAL", "wal"),
    ("synchronous", "FULL", "2"),
    ("foreign_keys", "ON", "1"),
    ("secure_delete", "ON", "1"),
    ("trusted_schema", "OFF", "0"),
];

/// PostgreSQL's counterpart of `synchronous=FULL`: lifts `off`, and leaves every stricter value as it is.
const POSTGRES_DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false) \
     WHERE current_setting('synchronous_commit', true) = 'off'";

/// The two pools.
#[derive(Debug, Clone)]
pub(super) enum Engine {
    /// SQLite: its pool, and the connection for batches.
    Sqlite(SqlitePool, Writer),
    /// PostgreSQL, or what speaks its protocol.
    Postgres(PgPool),
}

impl Engine {
    /// Opens the database, and waits for a moment if another process is just opening it.
    pub(super) async fn open(target: &StoreTarget) -> Result<Self, Error> {
        for _ in 1..OPENINGS {
            match Self::open_once(target).await {
                Err(Error::Locked(_)) => tokio::time::sleep(PAUSE).await,
                result => return result,
            }
        }
        Self::open_once(target).await
    }

    /// Checks the version, then creates, protects and migrates, then checks the settings.
    async fn open_once(target: &StoreTarget) -> Result<Self, Error> {
        // A database of a newer version is refused untouched, and so is one in which another program counts its own.
        if target.look("").await?.foreign_migrations {
            return Err(Error::Foreign);
        }
        let engine = match target {
            StoreTarget::Sqlite(path) => Self::open_sqlite(path).await?,
            StoreTarget::Postgres(url) => Self::open_postgres(url.expose_secret()).await?,
        };
        engine.check_settings().await?;
        engine.migrate().await?;
        Ok(engine)
    }

    async fn open_sqlite(path: &Path) -> Result<Self, Error> {
        file::prepare(path).await?;
        let pool = SqlitePoolOptions::new()
            .max_connections(SQLITE_CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .test_before_acquire(false)
            .connect_with(sqlite_options(path))
            .await?;
        Ok(Self::Sqlite(pool, Writer::new(path)))
    }

    async fn open_postgres(url: &str) -> Result<Self, Error> {
        let pool = PgPoolOptions::new()
            .max_connections(POSTGRES_CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    connection.execute(POSTGRES_DURABLE).await?;
                    Ok(())
                })
            })
            .connect_with(postgres_options(url)?)
            .await?;
        Ok(Self::Postgres(pool))
    }

    /// A transaction that only reads, and sees one state of the database throughout.
    pub(super) async fn begin_read(&self) -> Result<Transaction, Error> {
        Ok(match self {
            Self::Sqlite(pool, _) => Transaction::Sqlite(pool.begin().await?),
            Self::Postgres(pool) => Transaction::Postgres(
                pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    .await?,
            ),
        })
    }

    /// A transaction that writes. SQLite takes the write lock at once, so that it cannot fail half-way for want of it.
    pub(super) async fn begin_write(&self) -> Result<Transaction, Error> {
        Ok(match self {
            Self::Sqlite(pool, _) => Transaction::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Transaction::Postgres(
                pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED")
                    .await?,
            ),
        })
    }

    /// What the engine finds broken in its own files, at most `most` lines; none on PostgreSQL, which has no such question.
    /// Reads the whole database.
    pub(super) async fn breakage(&self, most: u32) -> Result<Vec<String>, Error> {
        let Self::Sqlite(pool, _) = self else {
            return Ok(vec![]);
        };
        let mut found = Vec::new();
        let integrity = format!("PRAGMA integrity_check({most})");
        for row in pool.fetch_all(sqlx::AssertSqlSafe(integrity)).await? {
            let line: String = row.try_get(0)?;
            found.extend((line != "ok").then_some(line));
        }
        let astray = pool.fetch_all("PRAGMA foreign_key_check").await?;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        for row in astray.iter().take(most) {
            let (table, parent): (String, String) = (row.try_get(0)?, row.try_get(2)?);
            found.push(format!(
                "a row of `{table}` belongs to a row of `{parent}` that is not there"
            ));
        }
        Ok(found)
    }

    /// Octets of the database: its pages, journal apart; `None` on PostgreSQL, where others live beside it.
    pub(super) async fn octets(&self) -> Result<Option<u64>, Error> {
        let Self::Sqlite(pool, _) = self else {
            return Ok(None);
        };
        let text = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
        let octets: i64 = pool.fetch_one(text).await?.try_get(0)?;
        Ok(Some(octets.unsigned_abs()))
    }

    /// Ends all connections; SQLite then folds its journal into the file.
    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(pool, writer) => {
                writer.close();
                pool.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }

    /// Refuses a database that keeps a weaker setting than the one it was given.
    async fn check_settings(&self) -> Result<(), Error> {
        match self {
            Self::Sqlite(pool, _) => {
                for (setting, _, wanted) in SQLITE_SETTINGS {
                    let text = format!("PRAGMA {setting}");
                    let row = pool.fetch_one(sqlx::AssertSqlSafe(text)).await?;
                    let found: String = row.try_get_unchecked(0)?;
                    check_setting(setting, found, wanted)?;
                }
                Ok(())
            }
            Self::Postgres(pool) => {
                let text = "SELECT COALESCE(current_setting('synchronous_commit', true), 'on')";
                let found: String = pool.fetch_one(text).await?.try_get(0)?;
                match found.as_str() {
                    "off" => Err(Error::Unsafe {
                        setting: "synchronous_commit",
                        found,
                        wanted: "on",
                    }),
                    _ => Ok(()),
                }
            }
        }
    }
}

/// Refuses a setting that is weaker than the one that was given.
pub(super) fn check_setting(
    setting: &'static str,
    found: String,
    wanted: &'static str,
) -> Result<(), Error> {
    match found == wanted {
        true => Ok(()),
        false => Err(Error::Unsafe {
            setting,
            found,
            wanted,
        }),
    }
}

/// How the values of a statement over many rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parameters {
    /// `?`: SQLite looks up every `$n` among all the names before it, which makes long statements quadratic.
    Unnamed,
    /// `$n`: PostgreSQL has no other.
    Numbered,
}

impl Parameters {
    /// As the transaction's engine takes them.
    pub(super) fn of(transaction: &Transaction) -> Self {
        match transaction {
            Transaction::Sqlite(_) => Self::Unnamed,
            Transaction::Postgres(_) => Self::Numbered,
        }
    }
}

/// What an engine's error code means: SQLite's result code, PostgreSQL's SQLSTATE.
pub(super) fn situation(fault: &dyn DatabaseError) -> Situation {
    let code = fault.code().unwrap_or_default();
    if fault.try_downcast_ref::<SqliteError>().is_some() {
        return code.parse().map_or(Situation::Other, of_sqlite);
    }
    match code.get(..2) {
        Some("40") => Situation::Conflict,
        Some("55") => Situation::Locked,
        Some("08" | "28" | "3D" | "53" | "57" | "58") => Situation::Unavailable,
        Some("XX") => Situation::Corrupt,
        _ => Situation::Other,
    }
}

/// What SQLite's result code means. The low byte is the code proper (https://www.sqlite.org/rescode.html).
pub(super) fn of_sqlite(code: i32) -> Situation {
    match code & 0xff {
        5 | 6 => Situation::Locked,
        8 | 10 | 13 | 14 => Situation::Unavailable,
        11 | 26 => Situation::Corrupt,
        _ => Situation::Other,
    }
}

fn sqlite_options(path: &Path) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(PATIENCE)
        .disable_statement_logging();
    SQLITE_SETTINGS
        .into_iter()
        .fold(options, |options, (setting, value, _)| {
            options.pragma(setting, value)
        })
}

pub(super) fn postgres_options(url: &str) -> Result<PgConnectOptions, Error> {
    let options = PgConnectOptions::from_str(url).map_err(|e| Error::Address(e.into()))?;
    Ok(options
        .application_name("courant")
        .disable_statement_logging())
}
