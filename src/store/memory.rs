//! What a source's visits leave for the next one: a text that only the gatherer reads.

use crate::model::SourceName;

use super::statement::Statement;
use super::transaction::Transaction;
use super::{Error, Store};

impl Store {
    /// What the last visit of a source left; `None` where it left nothing, or there was none.
    pub async fn source_memory(&self, source: &SourceName) -> Result<Option<String>, Error> {
        let text = "SELECT memory FROM source WHERE name = $1";
        let mut tx = self.engine.begin_read().await?;
        let row = tx.row(Statement::new(text).with(source.as_str())).await?;
        row.map_or(Ok(None), |row| row.text_or_none("memory"))
    }
}

/// Keeps what a visit left, beside the posts that it brought.
pub(super) async fn keep(
    tx: &mut Transaction,
    source: &SourceName,
    memory: &str,
) -> Result<(), Error> {
    let text = "UPDATE source SET memory = $1 WHERE name = $2";
    tx.execute(Statement::new(text).with(memory).with(source.as_str()))
        .await?;
    Ok(())
}
