//! Everything in which SQLite and PostgreSQL differ, both versions side by side.
//!
//! Opening and its settings, the schema's version, migrations, how a transaction begins, what an error code means, and
//! the lock of a run. All other files of this room hold one SQL text for both.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use secrecy::ExposeSecret;
use sqlx::error::DatabaseError;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteError, SqlitePoolOptions};
use sqlx::{ConnectOptions, Connection, Executor, PgPool, Row, SqlSafeStr, SqlitePool};
use tokio::fs;

use super::error::Situation;
use super::transaction::Transaction;
use super::{Error, StoreTarget};

/// SQLite has one writer at a time; the others read beside it.
const SQLITE_CONNECTIONS: u32 = 4;

/// Enough for a sender, its run and the web pages of one process.
const POSTGRES_CONNECTIONS: u32 = 8;

/// How long a connection may be waited for, and how long SQLite waits for another writer.
const PATIENCE: Duration = Duration::from_secs(10);

/// SQLite's settings that our promises rest on: name, value given, value read back.
///
/// `synchronous=FULL` makes a commit durable; without `secure_delete` an erased address stays in the file.
const SQLITE_SETTINGS: [(&str, &str, &str); 5] = [
    ("journal_mode", "WAL", "wal"),
    ("synchronous", "FULL", "2"),
    ("foreign_keys", "ON", "1"),
    ("secure_delete", "ON", "1"),
    ("trusted_schema", "OFF", "0"),
];

/// PostgreSQL's counterpart of `synchronous=FULL`: lifts `off`, and leaves every stricter value as it is.
const POSTGRES_DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false) \
     WHERE current_setting('synchronous_commit', true) = 'off'";

/// Version, name, text for SQLite, text for PostgreSQL.
const MIGRATIONS: [(i64, &str, &str, &str); 1] = [(
    1,
    "ledger and outbox",
    include_str!("../../migrations/sqlite/0001_ledger_and_outbox.sql"),
    include_str!("../../migrations/postgres/0001_ledger_and_outbox.sql"),
)];

/// The newest schema that this program knows.
const NEWEST: i64 = MIGRATIONS[MIGRATIONS.len() - 1].0;

/// The two pools.
#[derive(Debug, Clone)]
pub(super) enum Engine {
    /// SQLite, and where its file is.
    Sqlite(SqlitePool, PathBuf),
    /// PostgreSQL, or what speaks its protocol.
    Postgres(PgPool),
}

impl Engine {
    /// Checks the version, then creates, protects and migrates, then checks the settings.
    pub(super) async fn open(target: &StoreTarget) -> Result<Self, Error> {
        check_version(target).await?;
        let engine = match target {
            StoreTarget::Sqlite(path) => {
                prepare_file(path).await?;
                let pool = SqlitePoolOptions::new()
                    .max_connections(SQLITE_CONNECTIONS)
                    .acquire_timeout(PATIENCE)
                    .test_before_acquire(false)
                    .connect_with(sqlite_options(path))
                    .await?;
                Self::Sqlite(pool, path.clone())
            }
            StoreTarget::Postgres(url) => {
                let pool = PgPoolOptions::new()
                    .max_connections(POSTGRES_CONNECTIONS)
                    .acquire_timeout(PATIENCE)
                    .after_connect(|connection, _| {
                        Box::pin(async move {
                            connection.execute(POSTGRES_DURABLE).await?;
                            Ok(())
                        })
                    })
                    .connect_with(postgres_options(url.expose_secret())?)
                    .await?;
                Self::Postgres(pool)
            }
        };
        engine.check_settings().await?;
        engine.migrate().await?;
        Ok(engine)
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

    /// Ends all connections; SQLite then folds its journal into the file.
    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(pool, _) => pool.close().await,
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
                    if found != wanted {
                        return Err(Error::Unsafe {
                            setting,
                            found,
                            wanted,
                        });
                    }
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

    /// Brings the schema up to date. No lock of the engine is used, so two processes may start this at once: the one
    /// that comes second fails at a migration that the first has just made, and finds it done when it looks again.
    async fn migrate(&self) -> Result<(), Error> {
        let mut migrator = Migrator::with_migrations(
            MIGRATIONS
                .iter()
                .map(|&(version, name, sqlite, postgres)| {
                    let text = match self {
                        Self::Sqlite(..) => sqlite,
                        Self::Postgres(_) => postgres,
                    };
                    let kind = MigrationType::Simple;
                    Migration::new(version, name.into(), kind, text.into_sql_str(), false)
                })
                .collect(),
        );
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
                Err(error) => return Err(Error::Migration(error)),
            }
        }
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

/// Refuses a database that a newer version of the program has made; writes nothing. One that does not exist is fine.
pub(super) async fn check_version(target: &StoreTarget) -> Result<(), Error> {
    let versions = "SELECT MAX(version) FROM _sqlx_migrations";
    let found: Option<i64> = match target {
        StoreTarget::Sqlite(path) => {
            if !fs::try_exists(path).await.map_err(at(path))? {
                return Ok(());
            }
            let options = SqliteConnectOptions::new().filename(path).read_only(true);
            let mut connection = options.busy_timeout(PATIENCE).connect().await?;
            let table =
                "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_sqlx_migrations'";
            let found = match connection.fetch_optional(table).await? {
                Some(_) => connection.fetch_one(versions).await?.try_get(0)?,
                None => None,
            };
            connection.close().await?;
            found
        }
        StoreTarget::Postgres(url) => {
            let options = postgres_options(url.expose_secret())?;
            let mut connection = options.connect().await?;
            let table = "SELECT 1 FROM information_schema.tables \
                         WHERE table_schema = current_schema() AND table_name = '_sqlx_migrations'";
            let found = match connection.fetch_optional(table).await? {
                Some(_) => connection.fetch_one(versions).await?.try_get(0)?,
                None => None,
            };
            connection.close().await?;
            found
        }
    };
    match found {
        Some(found) if found > NEWEST => Err(Error::Newer {
            found,
            known: NEWEST,
        }),
        _ => Ok(()),
    }
}

/// What an engine's error code means: SQLite's result code, PostgreSQL's SQLSTATE.
pub(super) fn situation(fault: &dyn DatabaseError) -> Situation {
    let code = fault.code().unwrap_or_default();
    if fault.is_unique_violation() {
        return Situation::Conflict;
    }
    if fault.try_downcast_ref::<SqliteError>().is_some() {
        // The low byte is the code proper (https://www.sqlite.org/rescode.html).
        return match code.parse::<u32>().map(|code| code & 0xff) {
            Ok(5 | 6) => Situation::Locked,
            Ok(8 | 10 | 13 | 14) => Situation::Unavailable,
            Ok(11 | 26) => Situation::Corrupt,
            _ => Situation::Other,
        };
    }
    match code.get(..2) {
        Some("40") => Situation::Conflict,
        Some("55") => Situation::Locked,
        Some("08" | "28" | "3D" | "53" | "57" | "58") => Situation::Unavailable,
        Some("XX") => Situation::Corrupt,
        _ => Situation::Other,
    }
}

/// Takes the lock beside a SQLite database, for the life of the returned file; `None` if somebody has it.
///
/// The lock is the system's own (flock), so that it dies with its holder; the file stays.
pub(super) async fn lock_beside(database: &Path) -> Result<Option<std::fs::File>, Error> {
    let path = beside(database, ".lock");
    let file = private_file(&path).await?.into_std().await;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(source)) => Err(Error::File { path, source }),
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

fn postgres_options(url: &str) -> Result<PgConnectOptions, Error> {
    let options = PgConnectOptions::from_str(url).map_err(Error::Address)?;
    Ok(options
        .application_name("courant")
        .disable_statement_logging())
}

/// Makes the folder (0700) and the file (0600) where they are missing, and closes files that stand open to others.
///
/// A folder that exists is left alone: it is not ours to close. SQLite gives its journal the mode of the database.
async fn prepare_file(path: &Path) -> Result<(), Error> {
    if let Some(folder) = path.parent().filter(|folder| *folder != Path::new(""))
        && !fs::try_exists(folder).await.map_err(at(folder))?
    {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(folder).await.map_err(at(folder))?;
        protect(folder, 0o700).await?;
    }
    private_file(path).await?;
    for suffix in ["-wal", "-shm"] {
        let journal = beside(path, suffix);
        if fs::try_exists(&journal).await.map_err(at(&journal))? {
            protect(&journal, 0o600).await?;
        }
    }
    Ok(())
}

/// Opens a file for reading and writing, made with mode 0600 whatever the umask says.
async fn private_file(path: &Path) -> Result<fs::File, Error> {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let file = options.mode(0o600).open(path).await.map_err(at(path))?;
    protect(path, 0o600).await?;
    Ok(file)
}

async fn protect(path: &Path, mode: u32) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    let permissions = fs::metadata(path).await.map_err(at(path))?.permissions();
    if permissions.mode() & 0o777 == mode {
        return Ok(());
    }
    let closed = std::fs::Permissions::from_mode(mode);
    fs::set_permissions(path, closed).await.map_err(at(path))
}

/// `courant.db` with `.lock` is `courant.db.lock`.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File {
        path: path.clone(),
        source,
    }
}
