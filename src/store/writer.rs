//! SQLite's connection for batches: on the thread that it is called from, without a hop for each statement and row.
//!
//! The pool's driver keeps a thread a connection and sends each row over a channel, which costs more than what a short
//! statement does. A turn of the outbox is what a sender waits for most; so it has a connection of its own, through a driver
//! that calls SQLite in place. It has the same settings and is checked for them. All else goes through the pool.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use rusqlite::types::{Null, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql};

use super::Error;
use super::batch::{Answer, Answers, Each, Step};
use super::engine::{PATIENCE, SQLITE_SETTINGS, check_setting};
use super::statement::{Read, Row, Statement, Value};

/// Statements that stay prepared: those of a turn, each for some numbers of rows.
const KEPT: usize = 64;

/// The database's file, and the connection, opened at the first batch. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    path: PathBuf,
    connection: Arc<Mutex<Option<Connection>>>,
}

impl Writer {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            connection: Arc::default(),
        }
    }

    /// The database's file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Does something with the connection, on a thread that may wait for the disk. Dropped meanwhile, it is still done.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Desk<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let writer = self.clone();
        let running = tokio::task::spawn_blocking(move || writer.run_here(work));
        running
            .await
            .map_err(|_| Error::from(sqlx::Error::WorkerCrashed))?
    }

    /// Ends the connection, after a batch that is running.
    pub(super) fn close(&self) {
        self.slot().take();
    }

    fn slot(&self) -> MutexGuard<'_, Option<Connection>> {
        self.connection.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn run_here<T>(&self, work: impl FnOnce(&Desk<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let mut slot = self.slot();
        let connection = match slot.take() {
            Some(connection) => connection,
            None => open(&self.path)?,
        };
        let done = work(&Desk(&connection));
        // What cannot be undone by word is undone with its connection.
        if connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok() {
            *slot = Some(connection);
        }
        done
    }
}

fn open(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(KEPT);
    for (setting, value, wanted) in SQLITE_SETTINGS {
        connection.pragma_update(None, setting, value)?;
        let found = connection.pragma_query_value(None, setting, |row| {
            Ok(match row.get_ref(0)? {
                ValueRef::Integer(number) => number.to_string(),
                other => other.as_str()?.to_owned(),
            })
        })?;
        check_setting(setting, found, wanted)?;
    }
    Ok(connection)
}

/// The connection, for as long as something is done with it.
pub(super) struct Desk<'a>(&'a Connection);

impl Desk<'_> {
    /// Runs steps in one transaction, all or nothing. SQLite takes the write lock at once, so that none fails half-way for
    /// want of it. After an error the transaction is left open, for [`Writer::run`] to undo.
    pub(super) fn at_once(&self, steps: Vec<Step>) -> Result<Answers, Error> {
        self.0.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut answers = Answers::default();
        for step in steps {
            let answer = match step {
                Step::Over(statement) if statement.text.is_empty() => Answer::default(),
                Step::Over(statement) => self.rows(&statement)?,
                Step::Each(each) => self.effects(&each)?,
                Step::Sum(sum) => match answers.summed(sum) {
                    Some(statement) => self.rows(&statement)?,
                    None => Answer::default(),
                },
            };
            answers.0.push(answer);
        }
        self.0.prepare_cached("COMMIT")?.execute([])?;
        Ok(answers)
    }

    fn rows(&self, statement: &Statement) -> Result<Answer, Error> {
        let (text, values) = (statement.text.as_ref(), &statement.values);
        let rows = match statement.kept {
            true => read(&mut *self.0.prepare_cached(text)?, values)?,
            false => read(&mut self.0.prepare(text)?, values)?,
        };
        Ok(Answer {
            rows,
            effects: Vec::new(),
        })
    }

    fn effects(&self, each: &Each) -> Result<Answer, Error> {
        let mut answer = Answer::default();
        if each.values.is_empty() {
            return Ok(answer);
        }
        let mut prepared = self.0.prepare_cached(&each.text.replace("{from}", ""))?;
        let places: Vec<Option<usize>> = (each.names.iter())
            .map(|name| prepared.parameter_index(&format!(":{name}")))
            .collect::<Result<_, _>>()?;
        for row in each.values.chunks(each.names.len()) {
            for (place, value) in places.iter().zip(row) {
                if let Some(place) = place {
                    prepared.raw_bind_parameter(*place, value)?;
                }
            }
            answer.effects.push(prepared.raw_execute()? > 0);
        }
        Ok(answer)
    }
}

fn read(prepared: &mut rusqlite::Statement<'_>, values: &[Value]) -> Result<Vec<Row>, Error> {
    let names = prepared.column_names().into_iter().map(str::to_owned);
    let names: Arc<[String]> = names.collect();
    let mut cursor = prepared.query(rusqlite::params_from_iter(values))?;
    let mut all = Vec::new();
    while let Some(row) = cursor.next()? {
        let values = (0..names.len()).map(|column| value(row.get_ref(column)?));
        all.push(Row::Read(Read {
            names: names.clone(),
            values: values.collect::<Result<_, Error>>()?,
        }));
    }
    Ok(all)
}

/// A value as it was read; the schema has no other kinds.
fn value(read: ValueRef<'_>) -> Result<Value, Error> {
    Ok(match read {
        ValueRef::Null => Value::Number(None),
        ValueRef::Integer(number) => Value::Number(Some(number)),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text).map_err(|error| Error::corrupt("text", error))?;
            Value::Text(Some(text.to_owned()))
        }
        ValueRef::Real(_) | ValueRef::Blob(_) => {
            let kind = read.data_type();
            return Err(Error::Corrupt(format!("a {kind} where none is kept")));
        }
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Number(Some(number)) => number.to_sql(),
            Self::Text(Some(text)) => text.to_sql(),
            Self::Number(None) | Self::Text(None) => Null.to_sql(),
        }
    }
}
