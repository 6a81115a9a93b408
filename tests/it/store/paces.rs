//! What was learnt of a relay's paces.

use courant::model::{LearntPace, PerHour};
use jiff::Timestamp;

use super::bench::*;

fn learnt(domain: Option<&str>, per_hour: Option<u64>, noted_at: Timestamp) -> LearntPace {
    LearntPace {
        domain: domain.map(str::to_owned),
        pace: per_hour.map(PerHour::new),
        noted_at,
    }
}

pub async fn a_pace_is_kept_by_relay_and_domain_until_it_is_over_or_old(bench: &Bench) {
    let store = &bench.store;
    assert_eq!(store.pace_list("one.example:587").await.unwrap(), []);
    let both = [
        learnt(Some("a.example"), Some(60), at(0)),
        learnt(None, Some(u64::MAX), at(0)),
    ];
    let [domain, relay] = &both;
    store
        .pace_save("one.example:587", &both, at(-9))
        .await
        .unwrap();
    let other = [learnt(Some("a.example"), Some(7), at(5))];
    store
        .pace_save("two.example:587", &other, at(-9))
        .await
        .unwrap();
    let largest = learnt(None, Some(i64::MAX.unsigned_abs()), relay.noted_at);
    let one = store.pace_list("one.example:587").await.unwrap();
    assert_eq!(one, [largest, domain.clone()]);

    // A newer word takes the place of an older one; what is over is gone.
    let news = [
        learnt(Some("a.example"), Some(75), at(6)),
        learnt(None, None, at(6)),
    ];
    store
        .pace_save("one.example:587", &news, at(-9))
        .await
        .unwrap();
    let one = store.pace_list("one.example:587").await.unwrap();
    assert_eq!(one, news[..1]);
    assert_eq!(store.pace_list("two.example:587").await.unwrap(), other);

    store
        .pace_save("one.example:587", &[], at(6))
        .await
        .unwrap();
    assert_eq!(store.pace_list("two.example:587").await.unwrap(), []);
    assert_eq!(store.pace_list("one.example:587").await.unwrap(), news[..1]);
}

pub async fn how_much_a_connection_carries_is_kept_by_relay_for_a_while(bench: &Bench) {
    let store = &bench.store;
    assert_eq!(store.relay_session(RELAY, at(-1)).await.unwrap(), None);
    for (messages, seconds) in [(20, 0), (10, 60)] {
        store
            .relay_session_save(RELAY, messages, at(seconds))
            .await
            .unwrap();
    }
    store.relay_session_save("other", 5, at(60)).await.unwrap();
    assert_eq!(store.relay_session(RELAY, at(59)).await.unwrap(), Some(10));
    assert_eq!(store.relay_session(RELAY, at(60)).await.unwrap(), None);
}
