//! One SQL text for both engines: statements with `$1` parameters go in, rows come out.
//!
//! Only two kinds of value exist, numbers and texts; instants are numbers (milliseconds UTC), JSON is text. Many rows go
//! into one statement through `{rows}`, since the price of a statement is per statement, not per row.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use super::Error;
use super::engine::Parameters;

/// Rows a statement: the gain is had by then, and with the widest row (17 values) it stays far below the 32,766
/// parameters that SQLite takes (PostgreSQL: 65,535).
pub(super) const ROWS_A_STATEMENT: usize = 256;

/// Statements over more rows than this are not kept prepared: there would be too many different ones, and with so many
/// rows preparing is the smaller part (measured: one row goes nearly twice as fast when kept, 64 rows hardly faster).
const ROWS_KEPT: usize = 16;

/// The same for statements that are filled up, of which there are few.
const FILLED_KEPT: usize = 64;

/// A value that both engines store alike.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// A number, an instant, or yes and no.
    Number(Option<i64>),
    /// A text.
    Text(Option<String>),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Number(Some(yes.into()))
    }
}

impl From<Timestamp> for Value {
    fn from(instant: Timestamp) -> Self {
        Self::Number(Some(instant.as_millisecond()))
    }
}

impl From<Option<Timestamp>> for Value {
    fn from(instant: Option<Timestamp>) -> Self {
        Self::Number(instant.map(Timestamp::as_millisecond))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

/// PostgreSQL's texts cannot hold NUL, so neither engine gets one.
impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(match text.contains('\0') {
            true => text.replace('\0', ""),
            false => text,
        }))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Text(None), Self::from)
    }
}

/// A value as JSON text, to be stored.
pub(super) fn json(value: &impl Serialize) -> Result<Value, Error> {
    to_json(value).map(Value::from)
}

/// A value as JSON text.
pub(super) fn to_json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::corrupt("json", error))
}

/// A SQL text and its values.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) text: Cow<'static, str>,
    pub(super) values: Vec<Value>,
    /// Whether the engine keeps it prepared for the next time.
    pub(super) kept: bool,
}

impl Statement {
    /// A statement whose `$1`, `$2`, … are still to be given.
    pub(super) fn new(text: &'static str) -> Self {
        Self {
            text: Cow::Borrowed(text),
            values: Vec::new(),
            kept: true,
        }
    }

    /// Gives the next value.
    #[must_use]
    pub(super) fn with(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// A statement over rows, which stand where the text says `{rows}`; they are its only values.
    pub(super) fn over<const N: usize>(
        text: &'static str,
        rows: Vec<[Value; N]>,
        parameters: Parameters,
    ) -> Self {
        let kept = rows.len() <= ROWS_KEPT;
        Self::written(text, rows, parameters, kept)
    }

    /// The same, filled up with empty rows to the next power of two, so that few different ones are prepared; the text
    /// must not match an empty row. SQLite alone: PostgreSQL cannot tell what type an empty value is of.
    pub(super) fn filled<const N: usize>(
        text: &'static str,
        mut rows: Vec<[Value; N]>,
        parameters: Parameters,
    ) -> Self {
        if parameters == Parameters::Unnamed {
            let full = rows.len().next_power_of_two();
            rows.resize_with(full, || [const { Value::Number(None) }; N]);
        }
        let kept = rows.len() <= FILLED_KEPT;
        Self::written(text, rows, parameters, kept)
    }

    fn written<const N: usize>(
        text: &'static str,
        rows: Vec<[Value; N]>,
        parameters: Parameters,
        kept: bool,
    ) -> Self {
        let mut list = String::with_capacity(rows.len() * N * 6);
        let mut values = Vec::with_capacity(rows.len() * N);
        for row in rows {
            list.push_str(if values.is_empty() { "(" } else { "), (" });
            for (column, value) in row.into_iter().enumerate() {
                values.push(value);
                let comma = if column == 0 { "" } else { ", " };
                list.push_str(comma);
                match parameters {
                    Parameters::Unnamed => list.push('?'),
                    Parameters::Numbered => list.push_str(&format!("${}", values.len())),
                }
            }
        }
        list.push(')');
        Self {
            text: Cow::Owned(text.replace("{rows}", &list)),
            values,
            kept,
        }
    }
}

/// A row of either engine.
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
    /// Of SQLite too, and read already.
    Read(Read),
}

/// A row that was read: the names of its columns, which it shares with the rows beside it, and its values.
pub(super) struct Read {
    pub(super) names: Arc<[String]>,
    pub(super) values: Vec<Value>,
}

impl Read {
    fn value(&self, column: &str) -> Result<&Value, Error> {
        let at = self.names.iter().position(|name| name == column);
        at.and_then(|at| self.values.get(at))
            .ok_or_else(|| Error::corrupt(column, "no such column"))
    }
}

impl From<SqliteRow> for Row {
    fn from(row: SqliteRow) -> Self {
        Self::Sqlite(row)
    }
}

impl From<PgRow> for Row {
    fn from(row: PgRow) -> Self {
        Self::Postgres(row)
    }
}

impl Row {
    /// A number that is always there.
    pub(super) fn number(&self, column: &str) -> Result<i64, Error> {
        self.number_or_none(column)?
            .ok_or_else(|| Error::corrupt(column, "no value"))
    }

    /// A number.
    pub(super) fn number_or_none(&self, column: &str) -> Result<Option<i64>, Error> {
        use sqlx::Row as _;
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
            Self::Read(row) => match row.value(column)? {
                Value::Number(number) => *number,
                Value::Text(_) => return Err(Error::corrupt(column, "a text, not a number")),
            },
        })
    }

    /// A text that is always there.
    pub(super) fn text(&self, column: &str) -> Result<String, Error> {
        self.text_or_none(column)?
            .ok_or_else(|| Error::corrupt(column, "no value"))
    }

    /// A text.
    pub(super) fn text_or_none(&self, column: &str) -> Result<Option<String>, Error> {
        use sqlx::Row as _;
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
            Self::Read(row) => match row.value(column)? {
                Value::Text(text) => text.clone(),
                Value::Number(None) => None,
                Value::Number(_) => return Err(Error::corrupt(column, "a number, not a text")),
            },
        })
    }

    /// An instant that is always there.
    pub(super) fn instant(&self, column: &str) -> Result<Timestamp, Error> {
        self.instant_or_none(column)?
            .ok_or_else(|| Error::corrupt(column, "no value"))
    }

    /// An instant.
    pub(super) fn instant_or_none(&self, column: &str) -> Result<Option<Timestamp>, Error> {
        self.number_or_none(column)?
            .map(|ms| Timestamp::from_millisecond(ms).map_err(|e| Error::corrupt(column, e)))
            .transpose()
    }

    /// A small count.
    pub(super) fn count(&self, column: &str) -> Result<u32, Error> {
        u32::try_from(self.number(column)?).map_err(|error| Error::corrupt(column, error))
    }

    /// A checked name, address or language that is always there.
    pub(super) fn parsed<T>(&self, column: &str) -> Result<T, Error>
    where
        T: TryFrom<String>,
        T::Error: std::fmt::Display,
    {
        T::try_from(self.text(column)?).map_err(|error| Error::corrupt(column, error))
    }

    /// A checked name, address or language.
    pub(super) fn parsed_or_none<T>(&self, column: &str) -> Result<Option<T>, Error>
    where
        T: TryFrom<String>,
        T::Error: std::fmt::Display,
    {
        self.text_or_none(column)?
            .map(|text| T::try_from(text).map_err(|error| Error::corrupt(column, error)))
            .transpose()
    }

    /// A value that was stored as JSON text.
    pub(super) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, Error> {
        serde_json::from_str(&self.text(column)?).map_err(|error| Error::corrupt(column, error))
    }

    /// A value that was stored as JSON text, if there is one.
    pub(super) fn json_or_none<T: DeserializeOwned>(
        &self,
        column: &str,
    ) -> Result<Option<T>, Error> {
        self.text_or_none(column)?
            .map(|text| serde_json::from_str(&text).map_err(|error| Error::corrupt(column, error)))
            .transpose()
    }

    /// A value of an enum that is stored by its word, and is always there.
    pub(super) fn word<T: Copy>(
        &self,
        column: &str,
        all: &[T],
        as_str: fn(T) -> &'static str,
    ) -> Result<T, Error> {
        self.word_or_none(column, all, as_str)?
            .ok_or_else(|| Error::corrupt(column, "no value"))
    }

    /// A value of an enum that is stored by its word.
    pub(super) fn word_or_none<T: Copy>(
        &self,
        column: &str,
        all: &[T],
        as_str: fn(T) -> &'static str,
    ) -> Result<Option<T>, Error> {
        let Some(text) = self.text_or_none(column)? else {
            return Ok(None);
        };
        let value = all.iter().copied().find(|&value| as_str(value) == text);
        match value {
            Some(value) => Ok(Some(value)),
            None => Err(Error::corrupt(
                column,
                format_args!("unknown word `{text}`"),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_written_as_each_engine_likes_them() {
        let rows = [[Value::from(1), "x".into()], [Value::from(2), "y".into()]];
        let numbered = Statement::over("VALUES {rows};", rows.to_vec(), Parameters::Numbered);
        assert_eq!(numbered.text, "VALUES ($1, $2), ($3, $4);");
        assert_eq!(numbered.values.len(), 4);
        let unnamed = Statement::over("VALUES {rows};", rows.to_vec(), Parameters::Unnamed);
        assert_eq!(unnamed.text, "VALUES (?, ?), (?, ?);");
    }

    #[test]
    fn a_filled_statement_has_empty_rows_where_they_can_be_told_apart() {
        let rows = || vec![[Value::from(1)], [2.into()], [3.into()]];
        let filled = Statement::filled("VALUES {rows}", rows(), Parameters::Unnamed);
        assert_eq!(filled.text, "VALUES (?), (?), (?), (?)");
        assert!(matches!(filled.values[3], Value::Number(None)));
        let numbered = Statement::filled("VALUES {rows}", rows(), Parameters::Numbered);
        assert_eq!(numbered.text, "VALUES ($1), ($2), ($3)");
    }

    #[test]
    fn no_nul_reaches_an_engine() {
        assert!(matches!(Value::from("a\0b"), Value::Text(Some(text)) if text == "ab"));
    }
}
