//! Brings `subscribers.toml` into the store: additions, changes and removals, never a return from a suppression.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::list_file::{Doubt, doubt, gone};
use super::{Error, Keys};
use crate::model::{
    Chance, EmailAddress, ListFile, Origin, Subscriber, SubscriberEntry, SubscriberId,
};
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

/// What came of bringing the file in.
#[derive(Debug, Clone, PartialEq)]
pub enum Synced {
    /// The list, in step with it.
    List(SyncedList),
    /// It is not believed, and nothing was written.
    Doubted(Doubt),
}

/// What came of accepting the file as it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Acceptance {
    /// The list is in step with it.
    Accepted(SyncReport),
    /// Others are gone from it than the person says; nothing was written.
    Otherwise(Vec<EmailAddress>),
}

/// Writes the file's entries to the store and gives all active subscribers, save those whose entry has a fault.
///
/// An entry that left the file stops receiving; one that returns keeps its number, so that old links still work.
pub async fn sync(
    store: &Store,
    keys: &Keys,
    file: ListFile,
    chance: &dyn Chance,
    now: Timestamp,
) -> Result<Synced, Error> {
    if let Some(doubt) = doubt(store, &file).await? {
        return Ok(Synced::Doubted(doubt));
    }
    let left_out: HashSet<String> = file.unsound.iter().map(EmailAddress::key).collect();
    let report = write(store, keys, file, chance, now).await?;
    let mut subscribers = accepted(store).await?;
    subscribers.retain(|subscriber| !left_out.contains(&subscriber.address.key()));
    Ok(Synced::List(SyncedList {
        report,
        subscribers,
    }))
}

/// Writes the file's entries to the store although many may be gone from it, if it is `number` of its own readers.
pub async fn accept(
    store: &Store,
    keys: &Keys,
    file: ListFile,
    number: usize,
    chance: &dyn Chance,
    now: Timestamp,
) -> Result<Acceptance, Error> {
    let gone = gone(store, &file).await?;
    if gone.len() != number {
        return Ok(Acceptance::Otherwise(gone));
    }
    let report = write(store, keys, file, chance, now).await?;
    Ok(Acceptance::Accepted(report))
}

async fn write(
    store: &Store,
    keys: &Keys,
    file: ListFile,
    chance: &dyn Chance,
    now: Timestamp,
) -> Result<SyncReport, Error> {
    let untouched: Vec<String> = file.unsound.iter().map(EmailAddress::key).collect();
    let rows: Vec<_> = file
        .entries
        .into_iter()
        .map(|entry| {
            let hash = keys.address_hash(&entry.address);
            (SubscriberId(chance.identifier()), entry, hash)
        })
        .collect();
    Ok(store.subscriber_sync(&rows, &untouched, now).await?)
}

/// All active subscribers, with their suppressions: the list as it was accepted last.
pub async fn accepted(store: &Store) -> Result<Vec<Subscriber>, Error> {
    all(store, true).await
}

/// The list as [`sync`] would leave it, in the file's order, with nothing written: for plans and lists, which may be made
/// while a run sends.
pub async fn look(
    store: &Store,
    keys: &Keys,
    entries: Vec<SubscriberEntry>,
    chance: &dyn Chance,
) -> Result<Vec<Subscriber>, Error> {
    let mut known: HashMap<String, Subscriber> = all(store, false)
        .await?
        .into_iter()
        .map(|subscriber| (subscriber.address.key(), subscriber))
        .collect();
    let hashes: Vec<String> = entries
        .iter()
        .map(|entry| keys.address_hash(&entry.address))
        .collect();
    let suppressed = store.suppression_find(&hashes).await?;
    let mut subscribers = Vec::with_capacity(entries.len());
    for (entry, hash) in entries.into_iter().zip(hashes) {
        let before = known.remove(&entry.address.key());
        let mut subscriber = newcomer(entry, chance);
        if let Some(before) = before {
            (subscriber.id, subscriber.epoch) = (before.id, before.epoch);
        }
        subscriber.suppressed = suppressed.get(&hash).copied();
        subscribers.push(subscriber);
    }
    let signed_up =
        |subscriber: &Subscriber| subscriber.active && subscriber.origin == Origin::Store;
    let mut others: Vec<Subscriber> = known.into_values().filter(signed_up).collect();
    others.sort_by_key(|subscriber| subscriber.id);
    subscribers.extend(others);
    Ok(subscribers)
}

/// An entry of the file whom the store has never seen.
pub fn newcomer(entry: SubscriberEntry, chance: &dyn Chance) -> Subscriber {
    Subscriber {
        id: SubscriberId(chance.identifier()),
        address: entry.address,
        name: entry.name,
        language: entry.language,
        topics: entry.topics,
        schedules: entry.schedules,
        format: entry.format,
        since: entry.since,
        data: entry.data,
        epoch: 0,
        origin: Origin::File,
        active: true,
        suppressed: None,
    }
}

async fn all(store: &Store, active_only: bool) -> Result<Vec<Subscriber>, Error> {
    let mut subscribers = Vec::new();
    loop {
        let after = subscribers.last().map(|last: &Subscriber| last.id);
        let page = store.subscriber_list(after, PAGE, active_only).await?;
        let last = page.len() < PAGE;
        subscribers.extend(page);
        if last {
            return Ok(subscribers);
        }
    }
}
