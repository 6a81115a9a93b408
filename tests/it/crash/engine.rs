//! Where the state of a campaign is: a SQLite file, or a fresh database on the tests' PostgreSQL server.

use std::sync::atomic::{AtomicUsize, Ordering};

use courant::store::StoreTarget;
use secrecy::ExposeSecret;
use sqlx::{Connection, Executor, PgConnection, Row};

use crate::support::newsletter::Newsletter;
use crate::support::polled;
use crate::support::postgres::Postgres;

/// Names databases apart.
static DATABASES: AtomicUsize = AtomicUsize::new(0);

/// What keeps the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// Whether its programs are here; says on one line that `what` was not run where they are not.
    pub async fn is_here(self, what: &str) -> bool {
        self == Self::Sqlite || Postgres::of_all_tests(what).await.is_some()
    }

    /// Has a newsletter keep its state there, in a database of its own.
    pub async fn keeps(self, newsletter: &mut Newsletter) -> StoreTarget {
        if self == Self::Sqlite {
            return polled::file(newsletter);
        }
        let server = Postgres::of_all_tests("a database of its own").await;
        let url = server.unwrap().create(&database_name()).await;
        newsletter.set("DATABASE_URL", url.expose_secret());
        StoreTarget::Postgres(url)
    }
}

/// A name that no other database of this process has.
pub fn database_name() -> String {
    format!("crash_{}", DATABASES.fetch_add(1, Ordering::Relaxed))
}

/// Lets the time of all leases pass, once the program that held them is gone: with a server a run that was killed holds
/// its place and its claims until then.
pub async fn leases_run_out(target: &StoreTarget) {
    let StoreTarget::Postgres(url) = target else {
        return;
    };
    let mut connection = PgConnection::connect(url.expose_secret()).await.unwrap();
    // What it had said last may be under way yet.
    loop {
        let others = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()
            AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
        let row = connection.fetch_one(others).await.unwrap();
        if row.get::<i64, _>(0) == 0 {
            break;
        }
    }
    let tables = "SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public' AND tablename IN ('lease', 'delivery')";
    let row = connection.fetch_one(tables).await.unwrap();
    // A run that was struck early has not made them.
    if row.get::<i64, _>(0) == 2 {
        for text in [
            "UPDATE lease SET held_until = 0",
            "UPDATE delivery SET lease_until = 0 WHERE lease_until IS NOT NULL",
        ] {
            connection.execute(text).await.unwrap();
        }
    }
    connection.close().await.unwrap();
}
