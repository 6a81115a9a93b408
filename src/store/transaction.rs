//! A transaction of either engine, and the macro that opens, runs, commits and, after a conflict, runs again.

use futures_util::TryStreamExt;
use sqlx::database::HasStatementCache;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Database, Encode, Postgres, Sqlite, Type};

use super::Error;
use super::engine::Parameters;
use super::statement::{ROWS_A_STATEMENT, Row, Statement, Value};

/// How often a transaction that lost against another one is run again. Engines that speak PostgreSQL's protocol may
/// answer any commit with "serialization failure", and expect this.
pub(super) const TRIES: usize = 8;

/// An open transaction; dropped without a commit, it is undone.
pub(super) enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// The same code for both engines: `on_engine!(Transaction, value, inner => body)`.
macro_rules! on_engine {
    ($kind:ident, $value:expr, $inner:ident => $body:expr) => {
        match $value {
            $kind::Sqlite($inner) => $body,
            $kind::Postgres($inner) => $body,
        }
    };
}

/// Runs a body in a write transaction: `transact!(store, tx => body)`. The body may run several times.
macro_rules! transact {
    (@ $engine:expr, $tx:ident => $body:expr) => {{
        let mut tries = 0;
        loop {
            let mut transaction = $engine.begin_write().await?;
            let $tx = &mut transaction;
            let result: Result<_, $crate::store::Error> = async { $body }.await;
            let result = match result {
                Ok(value) => transaction.commit().await.map(|()| value),
                Err(error) => Err(error),
            };
            tries += 1;
            match result {
                Err($crate::store::Error::Conflict(_))
                    if tries < $crate::store::transaction::TRIES => {}
                result => break result,
            }
        }
    }};
    ($store:expr, $tx:ident => $body:expr) => {
        $crate::store::transaction::transact!(@ $store.engine, $tx => $body)
    };
}
pub(super) use transact;

impl Transaction {
    /// Runs a statement and gives its rows.
    pub(super) async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>, Error> {
        on_engine!(Transaction, self, tx => {
            let rows = bound(statement).fetch_all(&mut **tx).await?;
            Ok(rows.into_iter().map(Row::from).collect())
        })
    }

    /// Runs a statement and reads its rows as they come: for very many, of which a row weighs more than what is read of it.
    pub(super) async fn each<T>(
        &mut self,
        statement: Statement,
        read: impl Fn(&Row) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        on_engine!(Transaction, self, tx => {
            let mut rows = bound(statement).fetch(&mut **tx);
            let mut all = Vec::new();
            while let Some(row) = rows.try_next().await? {
                all.push(read(&Row::from(row))?);
            }
            Ok(all)
        })
    }

    /// Runs a statement that gives one row at most.
    pub(super) async fn row(&mut self, statement: Statement) -> Result<Option<Row>, Error> {
        on_engine!(Transaction, self, tx => {
            let row = bound(statement).fetch_optional(&mut **tx).await?;
            Ok(row.map(Row::from))
        })
    }

    /// Runs a statement and says how many rows it changed.
    pub(super) async fn execute(&mut self, statement: Statement) -> Result<u64, Error> {
        on_engine!(Transaction, self, tx => {
            Ok(bound(statement).execute(&mut **tx).await?.rows_affected())
        })
    }

    /// Runs a statement over many rows, which stand where it says `{rows}` and are its only values.
    ///
    /// No rows: no statement. Very many rows: several statements.
    pub(super) async fn over<const N: usize>(
        &mut self,
        text: &'static str,
        rows: &[[Value; N]],
    ) -> Result<Vec<Row>, Error> {
        let parameters = Parameters::of(self);
        let mut all = Vec::new();
        for rows in rows.chunks(ROWS_A_STATEMENT) {
            let statement = Statement::over(text, rows.to_vec(), parameters);
            all.extend(self.rows(statement).await?);
        }
        Ok(all)
    }

    /// Makes it durable.
    pub(super) async fn commit(self) -> Result<(), Error> {
        on_engine!(Transaction, self, tx => Ok(tx.commit().await?))
    }
}

/// The statement as the driver wants it.
pub(super) fn bound<DB: Database + HasStatementCache>(
    statement: Statement,
) -> Query<'static, DB, DB::Arguments>
where
    Option<i64>: Encode<'static, DB> + Type<DB>,
    Option<String>: Encode<'static, DB> + Type<DB>,
{
    let query = sqlx::query(AssertSqlSafe(statement.text)).persistent(statement.kept);
    statement
        .values
        .into_iter()
        .fold(query, |query, value| match value {
            Value::Number(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
        })
}
