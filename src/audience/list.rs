//! Brings `subscribers.toml` into the store: additions, changes and removals, never a return from a suppression.

use jiff::Timestamp;

use super::Keys;
use crate::model::{Chance, Subscriber, SubscriberEntry, SubscriberId};
use crate::store::{Store, SyncReport};

/// Readers loaded from the store at a time.
const PAGE: usize = 5_000;

/// The list after the file was brought in.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncedList {
    /// What changed.
    pub report: SyncReport,
    /// All active subscribers, with their suppressions.
    pub subscribers: Vec<Subscriber>,
}

/// Writes the file's entries to the store and gives all active subscribers.
///
/// An entry that left the file stops receiving; one that returns keeps its number, so that old links still work.
pub async fn sync(
    store: &Store,
    keys: &Keys,
    entries: Vec<SubscriberEntry>,
    chance: &dyn Chance,
    now: Timestamp,
) -> Result<SyncedList, super::Error> {
    let rows: Vec<_> = entries
        .into_iter()
        .map(|entry| {
            let hash = keys.address_hash(&entry.address);
            (SubscriberId(chance.identifier()), entry, hash)
        })
        .collect();
    let report = store.subscriber_sync(&rows, now).await?;
    let mut subscribers = Vec::with_capacity(rows.len());
    loop {
        let after = subscribers.last().map(|last: &Subscriber| last.id);
        let page = store.subscriber_list(after, PAGE, true).await?;
        let last = page.len() < PAGE;
        subscribers.extend(page);
        if last {
            return Ok(SyncedList {
                report,
                subscribers,
            });
        }
    }
}
