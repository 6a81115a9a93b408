//! What each engine must do for us: versions, migrations, settings and files.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use courant::store::{Error, Store, StoreTarget};
use secrecy::ExposeSecret;
use sqlx::{Connection, Executor, PgConnection, Row};
use tempfile::TempDir;

use super::bench::*;
use crate::support::postgres::Postgres;

const LATER_VERSION: &str = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
     SELECT 999, description, success, checksum, execution_time FROM _sqlx_migrations WHERE version = 1";

pub async fn a_newer_database_is_refused_untouched(bench: &Bench) {
    let again = Store::open_existing(&bench.target).await.unwrap().unwrap();
    again.close().await;
    bench.store.close().await;
    execute(&bench.target, LATER_VERSION).await;
    let before = file_of(&bench.target);
    for _ in 0..2 {
        let checked = Store::open_existing(&bench.target).await.unwrap_err();
        assert!(checked.is_newer(), "{checked:?}");
        let opened = Store::open(&bench.target).await.unwrap_err();
        assert!(
            matches!(opened, Error::Newer { found: 999, .. }),
            "{opened:?}"
        );
    }
    assert_eq!(file_of(&bench.target), before);
}

fn file_of(target: &StoreTarget) -> Vec<u8> {
    match target {
        StoreTarget::Sqlite(path) => std::fs::read(path).unwrap(),
        StoreTarget::Postgres(_) => Vec::new(),
    }
}

pub async fn two_processes_may_migrate_at_once(bench: &Bench) {
    bench.store.close().await;
    let tables = "DROP SCHEMA public CASCADE; CREATE SCHEMA public";
    match &bench.target {
        StoreTarget::Sqlite(path) => {
            for file in ["", "-wal", "-shm"].map(|suffix| format!("{}{suffix}", path.display())) {
                let _ = std::fs::remove_file(file);
            }
        }
        StoreTarget::Postgres(url) => {
            let mut connection = PgConnection::connect(url.expose_secret()).await.unwrap();
            sqlx::raw_sql(tables)
                .execute(&mut connection)
                .await
                .unwrap();
        }
    }
    let opening: Vec<_> = (0..4)
        .map(|_| {
            let target = bench.target.clone();
            tokio::spawn(async move { Store::open(&target).await })
        })
        .collect();
    for store in opening {
        let store = store.await.unwrap().unwrap();
        assert_eq!(store.issue_next_number().await.unwrap().0, 1);
        store.close().await;
    }
}

pub async fn a_store_that_is_closed_is_unavailable(bench: &Bench) {
    bench.store.close().await;
    let error = bench.store.meta_get("key").await.unwrap_err();
    assert!(error.is_unavailable() && !error.is_transient(), "{error:?}");
}

/// Runs on PostgreSQL alone: a server that does not wait for its disk is told to, for our connections.
#[tokio::test(flavor = "multi_thread")]
async fn durability_is_not_up_to_the_server() {
    let what = "durability on PostgreSQL";
    let Some(server) = Postgres::of_all_tests(what).await else {
        return;
    };
    let url = server.create("careless").await;
    let target = StoreTarget::Postgres(url.clone());
    let mut connection = PgConnection::connect(url.expose_secret()).await.unwrap();
    let careless = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$";
    connection.execute(careless).await.unwrap();
    connection.close().await.unwrap();
    let mut connection = PgConnection::connect(url.expose_secret()).await.unwrap();
    let row = connection
        .fetch_one("SHOW synchronous_commit")
        .await
        .unwrap();
    assert_eq!(row.get::<String, _>(0), "off");
    connection.close().await.unwrap();
    Store::open(&target).await.unwrap().close().await;

    let missing = StoreTarget::Postgres(server.url("nobody_made_this"));
    let error = Store::open(&missing).await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn nobody_else_may_read_the_database() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state/courant.db");
    let target = StoreTarget::Sqlite(path.clone());
    assert!(!target.exists());
    assert!(Store::open_existing(&target).await.unwrap().is_none());
    assert!(!path.parent().unwrap().exists(), "looking makes nothing");
    let store = Store::open(&target).await.unwrap();
    let lock = store.run_lock("test", at(0), at(60)).await.unwrap();
    store.meta_keep("key", "value").await.unwrap();
    assert!(target.exists());
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let file = folder.path().join(format!("state/courant.db{suffix}"));
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    drop(lock);
    store.close().await;

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    Store::open(&target).await.unwrap().close().await;
    assert_eq!(mode(&path), 0o600, "a file that stood open is closed");
}

#[tokio::test]
async fn a_folder_that_exists_keeps_its_mode() {
    let folder = TempDir::new().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let target = StoreTarget::Sqlite(folder.path().join("courant.db"));
    Store::open(&target).await.unwrap().close().await;
    assert_eq!(mode(folder.path()), 0o755);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_untouched() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("courant.db");
    let text = "This is a letter, not a database.\n".repeat(100);
    std::fs::write(&path, &text).unwrap();
    let error = Store::open(&StoreTarget::Sqlite(path.clone()))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Corrupt(_)), "{error:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("state"), "a file").unwrap();
    let target = StoreTarget::Sqlite(folder.path().join("state/courant.db"));
    let error = Store::open(&target).await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    assert!(error.to_string().contains("courant.db"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url = format!("postgres://courant:secret@127.0.0.1:{port}/courant");
    let error = Store::open(&StoreTarget::Postgres(url.into()))
        .await
        .unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    assert!(!format!("{error:?}").contains("secret"));
}

#[tokio::test]
async fn a_bad_address_is_named_without_its_password() {
    let target = StoreTarget::Postgres("postgres://courant:secret@host:port/x".to_owned().into());
    let error = Store::open_existing(&target).await.unwrap_err();
    assert!(matches!(error, Error::Address(_)), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("secret"));
}
