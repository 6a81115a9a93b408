//! A reader leaves: one click, at once, and for good.

use jiff::Timestamp;

use super::{Keys, Purpose, Token};
use crate::model::{Subscriber, SuppressionReason};
use crate::store::Store;

/// What came of a wish to leave.
#[derive(Debug, Clone, PartialEq)]
pub enum Departure {
    /// The reader will not be mailed again; the flag says whether this is news.
    Left {
        /// Who left.
        subscriber: Box<Subscriber>,
        /// False when the reader had left before.
        first_time: bool,
    },
    /// No such reader, or a token that is not ours: one answer for both.
    Unknown,
}

/// Finds the reader whose unsubscribe token this is, and changes nothing.
pub async fn reader_of(
    store: &Store,
    keys: &Keys,
    token: &str,
    now: Timestamp,
) -> Result<Option<Subscriber>, super::Error> {
    let Ok(token) = Token::decode(token, Purpose::Unsubscribe, keys, now) else {
        return Ok(None);
    };
    let subscriber = store.subscriber_load(token.subscriber).await?;
    Ok(subscriber.filter(|subscriber| subscriber.epoch == token.epoch))
}

/// Suppresses the reader whose unsubscribe token this is; can be repeated (RFC 8058 §3.1).
pub async fn leave(
    store: &Store,
    keys: &Keys,
    token: &str,
    now: Timestamp,
) -> Result<Departure, super::Error> {
    let Some(subscriber) = reader_of(store, keys, token, now).await? else {
        return Ok(Departure::Unknown);
    };
    let hash = keys.address_hash(&subscriber.address);
    let first_time = store
        .suppression_add(&hash, SuppressionReason::Unsubscribed, now)
        .await?;
    tracing::info!(subscriber = %subscriber.address.masked(), first_time, "a reader left");
    Ok(Departure::Left {
        subscriber: Box::new(subscriber),
        first_time,
    })
}
