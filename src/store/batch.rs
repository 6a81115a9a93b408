//! Statements that are one transaction and are said in one breath.
//!
//! On SQLite they run in one go on the connection that [`writer`](super::writer) keeps for them, a statement for each row:
//! prepared once, that is several times quicker there than one statement over many rows. On PostgreSQL each call is a way
//! over the network, so a statement goes over all its rows at once. The text is the same for both.

use super::Error;
use super::engine::{Engine, Parameters};
use super::statement::{Row, Statement, Value};
use super::transaction::{Transaction, transact};

/// Statements to be run in order, in one transaction.
pub(super) struct Batch {
    parameters: Parameters,
    pub(super) steps: Vec<Step>,
}

/// What a batch does next.
pub(super) enum Step {
    /// A statement that gives rows; one without a text is not run.
    Over(Statement),
    Each(Each),
    Sum(Sum),
}

/// A statement that changes at most one row of a table for each row of values.
pub(super) struct Each {
    /// Names its values as `:name`, and says `{from}` where an `UPDATE` has its `FROM`.
    pub(super) text: &'static str,
    /// The names of the values of a row, in order.
    pub(super) names: &'static [&'static str],
    /// The values of all rows, one row after the other.
    pub(super) values: Vec<Value>,
}

/// A statement whose last value is how many rows of an earlier step had an effect; not run where none had.
pub(super) struct Sum {
    /// Which step, and which of its rows count.
    pub(super) of: Taken,
    pub(super) counts: Vec<bool>,
    pub(super) statement: Statement,
}

/// A step of a batch, by which its answer is found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken(usize);

/// What a step gave: rows, or which of its rows had an effect.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) rows: Vec<Row>,
    pub(super) effects: Vec<bool>,
}

/// What the steps of a batch gave, in order.
#[derive(Default)]
pub(super) struct Answers(pub(super) Vec<Answer>);

impl Answers {
    pub(super) fn rows(&self, step: Taken) -> &[Row] {
        self.0.get(step.0).map_or(&[], |answer| &answer.rows)
    }

    pub(super) fn effects(&self, step: Taken) -> &[bool] {
        self.0.get(step.0).map_or(&[], |answer| &answer.effects)
    }

    /// The statement of a sum, with its last value; `None` where that would be nothing.
    pub(super) fn summed(&self, sum: Sum) -> Option<Statement> {
        let effects = self.effects(sum.of).iter().zip(sum.counts);
        let total = effects.filter(|(effect, counts)| **effect && *counts);
        match i64::try_from(total.count()) {
            Ok(0) | Err(_) => None,
            Ok(total) => Some(sum.statement.with(total)),
        }
    }
}

impl Batch {
    fn new(parameters: Parameters) -> Self {
        Self {
            parameters,
            steps: Vec::new(),
        }
    }

    fn take(&mut self, step: Step) -> Taken {
        self.steps.push(step);
        Taken(self.steps.len() - 1)
    }

    /// Adds a statement over rows, which stand where it says `{rows}` and are its only values; the text must not match a
    /// row whose values are all empty. No rows: a statement that is not run, and gives no rows.
    pub(super) fn over<const N: usize>(
        &mut self,
        text: &'static str,
        rows: Vec<[Value; N]>,
    ) -> Taken {
        self.take(Step::Over(match rows.is_empty() {
            true => Statement::new(""),
            false => Statement::filled(text, rows, self.parameters),
        }))
    }

    /// Adds a statement that changes at most one row of a table for each row of values: see [`Each`]. Columns of the table
    /// have its name in front. It tells which rows had an effect.
    pub(super) fn each<const N: usize>(
        &mut self,
        text: &'static str,
        names: &'static [&'static str; N],
        rows: impl IntoIterator<Item = [Value; N]>,
    ) -> Taken {
        let rows = rows.into_iter();
        let mut values = Vec::with_capacity(rows.size_hint().0 * N);
        rows.for_each(|row| values.extend(row));
        self.take(Step::Each(Each {
            text,
            names,
            values,
        }))
    }

    /// Adds a statement whose last value is how many of the rows of an earlier step had an effect, of those that count.
    pub(super) fn sum(&mut self, of: Taken, counts: Vec<bool>, statement: Statement) -> Taken {
        self.take(Step::Sum(Sum {
            of,
            counts,
            statement,
        }))
    }
}

impl Each {
    /// One statement over all rows, as PostgreSQL takes it; it gives the place of each row that had an effect.
    fn over_all(self) -> Statement {
        let names = self.names.join(", ");
        let mut text = self.text.replace("{from}", "FROM v");
        // The longer of two names first, if one opens with the other.
        let mut by_length = self.names.to_vec();
        by_length.sort_by_key(|name| std::cmp::Reverse(name.len()));
        for name in by_length {
            text = text.replace(&format!(":{name}"), &format!("v.{name}"));
        }
        let width = self.names.len();
        let mut statement = Statement::new("");
        let mut rows = Vec::new();
        for (place, row) in self.values.chunks(width).enumerate() {
            let first = place * (width + 1) + 1;
            let parameters = (first..=first + width).map(|at| format!("${at}"));
            rows.push(format!("({})", parameters.collect::<Vec<_>>().join(", ")));
            statement
                .values
                .push(Value::from(i64::try_from(place).unwrap_or(i64::MAX)));
            statement.values.extend(row.iter().cloned());
        }
        let rows = rows.join(", ");
        statement.text =
            format!("WITH v(place, {names}) AS (VALUES {rows}) {text} RETURNING v.place AS place")
                .into();
        statement
    }
}

impl Engine {
    /// Runs a batch, all of it or nothing, and gives what is read of its answers. After a conflict it is written and run
    /// again.
    pub(super) async fn at_once<W, T: Send + 'static>(
        &self,
        write: impl Fn(&mut Batch) -> W + Send + 'static,
        read: impl Fn(W, Answers) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        match self {
            Self::Sqlite(_, writer) => {
                let doing = writer.run(move |connection| {
                    let mut batch = Batch::new(Parameters::Unnamed);
                    let wanted = write(&mut batch);
                    read(wanted, connection.at_once(batch.steps)?)
                });
                doing.await
            }
            Self::Postgres(_) => transact!(@ self, tx => {
                let mut batch = Batch::new(Parameters::Numbered);
                let wanted = write(&mut batch);
                read(wanted, one_by_one(tx, batch.steps).await?)
            }),
        }
    }
}

async fn one_by_one(tx: &mut Transaction, steps: Vec<Step>) -> Result<Answers, Error> {
    let mut answers = Answers::default();
    for step in steps {
        let answer = match step {
            Step::Over(statement) if statement.text.is_empty() => Answer::default(),
            Step::Over(statement) => Answer {
                rows: tx.rows(statement).await?,
                effects: Vec::new(),
            },
            Step::Each(each) => effects(tx, each).await?,
            Step::Sum(sum) => {
                if let Some(statement) = answers.summed(sum) {
                    tx.execute(statement).await?;
                }
                Answer::default()
            }
        };
        answers.0.push(answer);
    }
    Ok(answers)
}

async fn effects(tx: &mut Transaction, each: Each) -> Result<Answer, Error> {
    let rows = each.values.len() / each.names.len().max(1);
    let mut effects = vec![false; rows];
    if rows > 0 {
        for row in tx.rows(each.over_all()).await? {
            let place = usize::try_from(row.number("place")?).unwrap_or(usize::MAX);
            if let Some(effect) = effects.get_mut(place) {
                *effect = true;
            }
        }
    }
    Ok(Answer {
        effects,
        ..Answer::default()
    })
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

    fn pair(key: &str) -> [Value; 2] {
        [Value::from(key), key.into()]
    }

    fn keys(rows: &[Row]) -> Vec<String> {
        rows.iter().map(|row| row.text("key").unwrap()).collect()
    }

    async fn put(store: &Store, all: &'static [&str]) -> Result<Vec<String>, Error> {
        let write = |batch: &mut Batch| batch.over(PUT, all.iter().map(|key| pair(key)).collect());
        let read = |step, answers: Answers| Ok(keys(answers.rows(step)));
        store.engine.at_once(write, read).await
    }

    #[tokio::test]
    async fn each_statement_gives_its_own_rows() {
        let (_folder, store) = store().await;
        let write = |batch: &mut Batch| {
            [
                batch.over(PUT, vec![pair("a"), pair("b"), pair("c")]),
                batch.over::<1>("never", vec![]),
                batch.over("WITH v(key) AS (VALUES {rows}) DELETE FROM meta WHERE key = (SELECT key FROM v)", vec![["b".into()]]),
                batch.over("WITH v(low) AS (VALUES {rows}) SELECT key FROM meta WHERE key > (SELECT low FROM v) AND key < 'd'", vec![["a".into()]]),
            ]
        };
        let read =
            |steps: [Taken; 4], answers: Answers| Ok(steps.map(|step| keys(answers.rows(step))));
        let given = store.engine.at_once(write, read).await.unwrap();
        assert_eq!(given, [vec!["a", "b", "c"], vec![], vec![], vec!["c"]]);
    }

    #[tokio::test]
    async fn rows_are_told_apart_by_their_effect_and_counted() {
        let (_folder, store) = store().await;
        put(&store, &["a", "b", "c"]).await.unwrap();
        let write = |batch: &mut Batch| {
            let rows =
                ["a", "x", "c", "b"].map(|key| [key.into(), Value::from(format!("new {key}"))]);
            let text = "UPDATE meta SET value = :key_value {from} WHERE meta.key = :key";
            let changed = batch.each(text, &["key", "key_value"], rows);
            let none = batch.each(text, &["key", "key_value"], []);
            let sum = || Statement::new("INSERT INTO meta (key, value) VALUES ($1, $2)");
            // Of `a` and `b`, and of `x`, which is not there.
            batch.sum(changed, vec![true, true, false, true], sum().with("sum"));
            batch.sum(
                changed,
                vec![false, true, false, false],
                sum().with("nothing"),
            );
            let list = "WITH v(low) AS (VALUES {rows}) SELECT key, CAST(value AS TEXT) AS value FROM meta
                WHERE key IN ('a', 'b', 'c', 'sum', 'nothing') AND key > (SELECT low FROM v) ORDER BY key";
            (changed, none, batch.over(list, vec![["".into()]]))
        };
        let read = |(changed, none, list), answers: Answers| {
            let line = |row: &Row| {
                format!(
                    "{} {}",
                    row.text("key").unwrap(),
                    row.text("value").unwrap()
                )
            };
            let lines: Vec<_> = answers.rows(list).iter().map(line).collect();
            Ok((
                answers.effects(changed).to_vec(),
                answers.effects(none).len(),
                lines,
            ))
        };
        let (changed, none, lines) = store.engine.at_once(write, read).await.unwrap();
        assert_eq!((changed, none), (vec![true, false, true, true], 0));
        assert_eq!(lines, ["a new a", "b new b", "c new c", "sum 2"]);
    }

    #[test]
    fn over_all_its_rows_a_statement_names_their_places() {
        let each = Each {
            text: "UPDATE t SET a = :a {from} WHERE t.b = :a_b",
            names: &["a", "a_b"],
            values: (1..=4).map(Value::from).collect(),
        };
        let statement = each.over_all();
        assert_eq!(
            statement.text,
            "WITH v(place, a, a_b) AS (VALUES ($1, $2, $3), ($4, $5, $6)) \
             UPDATE t SET a = v.a FROM v WHERE t.b = v.a_b RETURNING v.place AS place"
        );
        let numbers = statement.values.iter().map(|value| match value {
            Value::Number(number) => number.unwrap(),
            Value::Text(_) => unreachable!(),
        });
        assert_eq!(numbers.collect::<Vec<_>>(), [0, 1, 2, 1, 3, 4]);
    }

    #[tokio::test]
    async fn a_fault_undoes_all_and_the_next_batch_runs() {
        let (_folder, store) = store().await;
        for _ in 0..8 {
            let write = |batch: &mut Batch| {
                batch.over(PUT, vec![pair("a")]);
                batch.over(PUT, vec![pair("a")]);
            };
            let broken = store.engine.at_once(write, |(), _| Ok(()));
            assert!(matches!(broken.await, Err(Error::Refused(_))));
        }
        assert_eq!(put(&store, &["a"]).await.unwrap().len(), 1);
    }
}
