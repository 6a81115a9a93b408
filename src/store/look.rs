//! What lies where a database is to be opened: nothing, one of ours, or somebody else's. Looks, and writes nothing.
//!
//! A migration's number says little, since other programs number theirs too; the name of the first one tells ours.

use secrecy::ExposeSecret;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Row};

use super::engine::{PATIENCE, postgres_options};
use super::migrations::{FIRST, NEWEST};
use super::{Error, StoreTarget, file};

/// Tables of others that are named.
const NAMED: usize = 3;

/// Where the migrations that were made are kept, by us and by every program that uses the same library.
const MIGRATIONS: &str = "_sqlx_migrations";

/// What was found at a place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// Version of the schema, where the tables are ours.
    pub version: Option<i64>,
    /// The setting that was asked for, where the tables are ours and have it.
    pub setting: Option<String>,
    /// The first few of the tables that are there where none of ours is.
    pub foreign: Vec<String>,
    /// Whether another program keeps its migrations where ours are kept, so that both cannot live there.
    pub foreign_migrations: bool,
}

/// Looks over an open connection of either engine: what the tables are called, then what ours say.
macro_rules! look_over {
    ($connection:expr, $tables:expr, $setting:expr) => {{
        let rows = sqlx::query($tables).fetch_all(&mut $connection).await?;
        let tables = rows.iter().map(|row| row.try_get("name"));
        let mut found = Found::default();
        let mut tables = tables.collect::<Result<Vec<String>, sqlx::Error>>()?;
        if tables.iter().any(|name| name == MIGRATIONS) {
            let text = "SELECT version, description FROM _sqlx_migrations ORDER BY version";
            let rows = sqlx::query(text).fetch_all(&mut $connection).await?;
            let rows = rows
                .iter()
                .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
            let made = rows.collect::<Result<Vec<(i64, String)>, sqlx::Error>>()?;
            match made.first() {
                Some((1, name)) if name == FIRST => found.version = made.last().map(|(at, _)| *at),
                Some(_) => found.foreign_migrations = true,
                // Whoever made it was stopped before the first migration.
                None => tables.retain(|name| name != MIGRATIONS),
            }
        }
        match found.version {
            Some(_) => {
                let text = "SELECT value FROM meta WHERE key = $1";
                let row = sqlx::query(text)
                    .bind($setting)
                    .fetch_optional(&mut $connection)
                    .await?;
                found.setting = row.map(|row| row.try_get(0)).transpose()?;
            }
            None => {
                tables.truncate(NAMED);
                found.foreign = tables;
            }
        }
        $connection.close().await?;
        found
    }};
}

impl StoreTarget {
    /// Looks at what is there, and at one setting ([`super::Store::meta_get`]). Refuses a database of a newer version.
    pub async fn look(&self, setting: &str) -> Result<Found, Error> {
        let found = match self {
            Self::Sqlite(path) => {
                if !file::exists(path).await? {
                    return Ok(Found::default());
                }
                let options = SqliteConnectOptions::new().filename(path).read_only(true);
                let mut connection = options.busy_timeout(PATIENCE).connect().await?;
                let tables = "SELECT name FROM sqlite_schema
                    WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
                look_over!(connection, tables, setting)
            }
            Self::Postgres(url) => {
                let mut connection = postgres_options(url.expose_secret())?.connect().await?;
                let tables = "SELECT CAST(table_name AS TEXT) AS name FROM information_schema.tables
                    WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY table_name";
                look_over!(connection, tables, setting)
            }
        };
        match found.version {
            Some(found) if found > NEWEST => Err(Error::Newer {
                found,
                known: NEWEST,
            }),
            _ => Ok(found),
        }
    }
}
