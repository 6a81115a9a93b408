//! An operator's orders about one address: never to be mailed, or to be mailed again though it bounced; each with a reason
//! that is kept.
//!
//! Whoever left or complained is brought back by nobody but themselves.

use jiff::Timestamp;

use super::{Error, Keys};
use crate::model::{EmailAddress, SuppressionReason};
use crate::store::{Store, SuppressionOrder};

/// What came of an order to suppress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suppressed {
    /// Nobody mails the address any more.
    Now,
    /// Nobody did before, for this reason, which stays.
    Before(SuppressionReason),
}

/// What came of an order to revive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revived {
    /// The address is mailed again.
    Now,
    /// It was not suppressed.
    NotNeeded,
    /// Its reader left or complained: not ours to undo.
    Refused(SuppressionReason),
}

/// Suppresses an address by the operator's word.
pub async fn suppress(
    store: &Store,
    keys: &Keys,
    address: &EmailAddress,
    reason: &str,
    now: Timestamp,
) -> Result<Suppressed, Error> {
    let hash = keys.address_hash(address);
    let order = SuppressionOrder::Suppress;
    let before = store.suppression_order(&hash, order, reason, now).await?;
    Ok(before.map_or(Suppressed::Now, Suppressed::Before))
}

/// Brings an address back that bounced, or that the operator suppressed.
pub async fn revive(
    store: &Store,
    keys: &Keys,
    address: &EmailAddress,
    reason: &str,
    now: Timestamp,
) -> Result<Revived, Error> {
    let hash = keys.address_hash(address);
    let order = SuppressionOrder::Revive;
    let before = store.suppression_order(&hash, order, reason, now).await?;
    Ok(match before {
        None => Revived::NotNeeded,
        Some(reason @ (SuppressionReason::Unsubscribed | SuppressionReason::Complained)) => {
            Revived::Refused(reason)
        }
        Some(SuppressionReason::Bounced | SuppressionReason::Manual) => Revived::Now,
    })
}
