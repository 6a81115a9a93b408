//! Subscribers and suppressions.

use courant::model::*;
use courant::store::{Store, SyncReport};
use serde_json::json;

use super::bench::*;

type Entry = (SubscriberId, SubscriberEntry, String);

pub fn entry(id: i64, number: i64) -> Entry {
    let entry = SubscriberEntry {
        address: address(number),
        name: Some("Zoë".into()),
        language: None,
        topics: vec![Topic::parse("verkoop").unwrap()],
        schedules: vec![schedule("weekly")],
        format: Format::Text,
        since: Some("2026-09-01".parse().unwrap()),
        data: json!({"company": "Voorbeeld BV"})
            .as_object()
            .unwrap()
            .clone(),
        line: 3,
    };
    (SubscriberId(id), entry, address_hash(number))
}

async fn sync(store: &Store, entries: &[Entry]) -> SyncReport {
    store.subscriber_sync(entries, &[], at(0)).await.unwrap()
}

pub async fn subscribers_follow_the_file(bench: &Bench) {
    let store = &bench.store;
    let report = sync(store, &[entry(11, 1), entry(12, 2), entry(13, 3)]).await;
    let added = SyncReport {
        added: 3,
        ..SyncReport::default()
    };
    assert_eq!(report, added);
    let known = store
        .subscriber_load(SubscriberId(11))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(known.address, address(1));
    assert_eq!(known.topics, [Topic::parse("verkoop").unwrap()]);
    assert_eq!(known.schedules, [schedule("weekly")]);
    assert_eq!(known.format, Format::Text);
    assert_eq!(known.since, Some("2026-09-01".parse().unwrap()));
    assert_eq!(known.data["company"], "Voorbeeld BV");
    assert_eq!((known.epoch, known.origin), (0, Origin::File));
    assert_eq!((known.active, known.suppressed), (true, None));

    let mut changed = entry(22, 2);
    changed.1.address = EmailAddress::parse("Lezer2@Example.nl").unwrap();
    changed.1.language = Some(Language::parse("en").unwrap());
    let report = sync(store, &[entry(21, 1), changed.clone()]).await;
    let expected = SyncReport {
        changed: 1,
        removed: 1,
        unchanged: 1,
        ..SyncReport::default()
    };
    assert_eq!(report, expected);
    let known = store
        .subscriber_find(&address(2).key())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(known.id, SubscriberId(12), "a known reader keeps the id");
    assert_eq!(known.address.to_string(), "Lezer2@example.nl");
    assert_eq!(known.language, Some(Language::parse("en").unwrap()));
    let gone = store
        .subscriber_load(SubscriberId(13))
        .await
        .unwrap()
        .unwrap();
    assert!(!gone.active);
    assert_eq!(store.subscriber_count().await.unwrap(), 2);

    let report = sync(store, &[entry(21, 1), changed, entry(33, 3)]).await;
    let expected = SyncReport {
        returned: 1,
        unchanged: 2,
        ..SyncReport::default()
    };
    assert_eq!(report, expected);
    let back = store
        .subscriber_load(SubscriberId(13))
        .await
        .unwrap()
        .unwrap();
    assert!(back.active);
    assert_eq!(store.subscriber_load(SubscriberId(33)).await.unwrap(), None);
}

pub async fn the_file_has_its_own_readers_and_touches_no_other(bench: &Bench) {
    let store = &bench.store;
    sync(
        store,
        &[entry(11, 1), entry(12, 2), entry(13, 3), entry(14, 4)],
    )
    .await;
    execute(
        &bench.target,
        "UPDATE subscriber SET origin = 'store' WHERE id = 14",
    )
    .await;
    // An entry with a fault: it stands in the file, and says nothing.
    let untouched = [address(2).key()];
    let only = [entry(11, 1)];
    let report = store.subscriber_sync(&only, &untouched, at(1)).await;
    assert_eq!(report.unwrap().removed, 1);
    let own = store.subscriber_own().await.unwrap();
    assert_eq!(own, [address(1), address(2)]);
    let active = store.subscriber_list(None, 10, true).await.unwrap();
    let active: Vec<_> = active.iter().map(|reader| reader.id.0).collect();
    assert_eq!(active, [11, 12, 14]);
    let known = store.subscriber_load(SubscriberId(12)).await.unwrap();
    assert_eq!(known.unwrap().name.as_deref(), Some("Zoë"), "as it was");
}

pub async fn a_suppressed_reader_stays_suppressed(bench: &Bench) {
    let store = &bench.store;
    sync(store, &[11, 12, 13, 14].map(|id| entry(id, id - 10))).await;
    let reason = SuppressionReason::Unsubscribed;
    store
        .suppression_add(&address_hash(1), reason, at(1))
        .await
        .unwrap();
    sync(store, &[entry(12, 2), entry(14, 4)]).await;
    let tally = store.subscriber_tally().await.unwrap();
    let states = [("active", 2), ("removed", 1), ("unsubscribed", 1)];
    let states = states.map(|(state, readers)| (state.to_owned(), readers));
    assert_eq!(tally, states.into());
    let report = sync(store, &[entry(21, 1)]).await;
    assert_eq!(report.returned, 1);
    let reader = store
        .subscriber_load(SubscriberId(11))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((reader.active, reader.suppressed), (true, Some(reason)));
}

pub async fn subscribers_are_read_page_by_page(bench: &Bench) {
    let store = &bench.store;
    let entries: Vec<_> = (1..=700).map(|number| entry(number, number)).collect();
    assert_eq!(sync(store, &entries).await.added, 700);
    assert_eq!(sync(store, &entries[..600]).await.removed, 100);
    let again = sync(store, &entries[..600]).await;
    assert_eq!(again.removed, 0, "they are gone already");
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = store.subscriber_list(after, 250, true).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        seen.extend(page.iter().map(|reader| reader.id.0));
    }
    assert_eq!(seen, (1..=600).collect::<Vec<_>>());
    let all = store.subscriber_list(None, 1000, false).await.unwrap();
    assert_eq!(all.len(), 700);
    assert_eq!(
        store.subscriber_find("nobody@example.nl").await.unwrap(),
        None
    );
}

pub async fn a_suppression_is_kept_once_with_its_first_reason(bench: &Bench) {
    let store = &bench.store;
    let unsubscribed = SuppressionReason::Unsubscribed;
    let manual = SuppressionReason::Manual;
    assert!(
        store
            .suppression_add("a", unsubscribed, at(0))
            .await
            .unwrap()
    );
    assert!(!store.suppression_add("a", manual, at(1)).await.unwrap());
    assert!(store.suppression_add("b", manual, at(1)).await.unwrap());
    let asked = ["a", "b", "c"].map(String::from);
    let found = store.suppression_find(&asked).await.unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!((found["a"], found["b"]), (unsubscribed, manual));
    assert_eq!(store.suppression_count().await.unwrap(), 2);
    // A bounce may be taken back: a person's no stands over it.
    let bounced = SuppressionReason::Bounced;
    assert!(store.suppression_add("c", bounced, at(2)).await.unwrap());
    assert!(!store.suppression_add("c", bounced, at(3)).await.unwrap());
    let left = store.suppression_add("c", unsubscribed, at(4)).await;
    assert!(left.unwrap());
    assert!(!store.suppression_add("c", bounced, at(5)).await.unwrap());
    let found = store.suppression_find(&asked).await.unwrap();
    assert_eq!(found["c"], unsubscribed);
    assert!(store.suppression_find(&[]).await.unwrap().is_empty());
}
