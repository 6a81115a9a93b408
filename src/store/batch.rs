//! Statements that are one transaction and are said in one breath.
//!
//! On SQLite each call of the driver is a hop to another thread and back, which costs more than what a short statement
//! does; so `BEGIN`, all statements and `COMMIT` go there as one text (the driver takes several statements in one; a test
//! below sees to it). On PostgreSQL they go one after the other.

use futures_util::TryStreamExt;
use sqlx::{Either, Executor, Sqlite, SqlitePool};

use super::Error;
use super::engine::{Engine, Parameters};
use super::statement::{Row, Statement, Value};
use super::transaction::{Transaction, bound, transact};

/// Statements to be run in order, in one transaction; none of them depends on what another gave.
pub(super) struct Batch {
    parameters: Parameters,
    statements: Vec<Statement>,
}

impl Batch {
    fn new(parameters: Parameters) -> Self {
        Self {
            parameters,
            statements: Vec::new(),
        }
    }

    /// Adds a statement over rows, which stand where it says `{rows}` and are its only values; the text must not match a
    /// row whose values are all empty. No rows: a statement that is not run, and gives no rows.
    pub(super) fn over<const N: usize>(&mut self, text: &'static str, rows: Vec<[Value; N]>) {
        self.statements.push(match rows.is_empty() {
            true => Statement::new(""),
            false => Statement::filled(text, rows, self.parameters),
        });
    }
}

impl Engine {
    /// Runs a batch, all of it or nothing, and gives the rows of each of its statements. After a conflict it is written and
    /// run again.
    pub(super) async fn at_once(&self, write: impl Fn(&mut Batch)) -> Result<Vec<Vec<Row>>, Error> {
        match self {
            Self::Sqlite(pool, _) => {
                let mut batch = Batch::new(Parameters::Unnamed);
                write(&mut batch);
                in_one_text(pool, batch.statements).await
            }
            Self::Postgres(_) => transact!(@ self, tx => {
                let mut batch = Batch::new(Parameters::Numbered);
                write(&mut batch);
                one_by_one(tx, batch.statements).await
            }),
        }
    }
}

async fn one_by_one(
    tx: &mut Transaction,
    statements: Vec<Statement>,
) -> Result<Vec<Vec<Row>>, Error> {
    let mut all = Vec::with_capacity(statements.len());
    for statement in statements {
        all.push(match statement.text.is_empty() {
            true => Vec::new(),
            false => tx.rows(statement).await?,
        });
    }
    Ok(all)
}

async fn in_one_text(
    pool: &SqlitePool,
    statements: Vec<Statement>,
) -> Result<Vec<Vec<Row>>, Error> {
    let mut connection = pool.acquire().await?;
    let is_run: Vec<bool> = statements.iter().map(|s| !s.text.is_empty()).collect();
    let given = rows_of(&mut connection, joined(statements)).await;
    let given = match given {
        Ok(given) => given,
        Err(error) => {
            // It is undone here, by the engine before, or with the connection.
            if connection.execute("ROLLBACK").await.is_err() {
                let _ = connection.close().await;
            }
            return Err(error.into());
        }
    };
    // The first is what `BEGIN` gave.
    let mut given = given.into_iter().skip(1);
    let of_each = is_run.into_iter().map(|is_run| match is_run {
        true => given.next().unwrap_or_default(),
        false => Vec::new(),
    });
    Ok(of_each.collect())
}

/// One text of all, between `BEGIN` and `COMMIT`. SQLite takes the write lock at once, so that none fails half-way for
/// want of it.
fn joined(statements: Vec<Statement>) -> Statement {
    let mut text = String::from("BEGIN IMMEDIATE");
    let mut values = Vec::new();
    let mut kept = true;
    for statement in statements {
        if !statement.text.is_empty() {
            text.push_str("; ");
            text.push_str(&statement.text);
            values.extend(statement.values);
            kept &= statement.kept;
        }
    }
    text.push_str("; COMMIT");
    Statement {
        text: text.into(),
        values,
        kept,
    }
}

async fn rows_of(
    connection: &mut sqlx::SqliteConnection,
    statement: Statement,
) -> Result<Vec<Vec<Row>>, sqlx::Error> {
    let mut given = Vec::new();
    let mut rows = Vec::new();
    let mut said = connection.fetch_many(bound::<Sqlite>(statement));
    while let Some(said) = said.try_next().await? {
        match said {
            Either::Right(row) => rows.push(Row::from(row)),
            Either::Left(_) => given.push(std::mem::take(&mut rows)),
        }
    }
    Ok(given)
}

#[cfg(test)]
mod tests {
    use super::super::{Store, StoreTarget};
    use super::*;

    async fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let target = StoreTarget::Sqlite(folder.path().join("courant.db"));
        let store = Store::open(&target).await.unwrap();
        (folder, store)
    }

    const PUT: &str = "WITH v(key, value) AS (VALUES {rows})
        INSERT INTO meta (key, value) SELECT key, value FROM v WHERE key IS NOT NULL RETURNING key";

    #[tokio::test]
    async fn each_statement_gives_its_own_rows() {
        let (_folder, store) = store().await;
        let pair = |key: &str| [Value::from(key), key.into()];
        let given = store.engine.at_once(|batch| {
            batch.over(PUT, vec![pair("a"), pair("b"), pair("c")]);
            batch.over::<1>("never", vec![]);
            batch.over("WITH v(key) AS (VALUES {rows}) DELETE FROM meta WHERE key = (SELECT key FROM v)", vec![["b".into()]]);
            batch.over("WITH v(low) AS (VALUES {rows}) SELECT key FROM meta WHERE key > (SELECT low FROM v) AND key < 'd'", vec![["a".into()]]);
        });
        let keys: Vec<Vec<String>> = given
            .await
            .unwrap()
            .iter()
            .map(|rows| rows.iter().map(|row| row.text("key").unwrap()).collect())
            .collect();
        assert_eq!(keys, [vec!["a", "b", "c"], vec![], vec![], vec!["c"]]);
    }

    #[tokio::test]
    async fn a_fault_undoes_all_and_the_next_batch_runs() {
        let (_folder, store) = store().await;
        let pair = |key: &str| [Value::from(key), key.into()];
        for _ in 0..8 {
            let broken = store.engine.at_once(|batch| {
                batch.over(PUT, vec![pair("a")]);
                batch.over(PUT, vec![pair("a")]);
            });
            assert!(matches!(broken.await, Err(Error::Refused(_))));
        }
        let given = store
            .engine
            .at_once(|batch| batch.over(PUT, vec![pair("a")]));
        assert_eq!(given.await.unwrap()[0].len(), 1);
    }
}
