//! Many deliveries, several senders, one run.

use std::collections::HashSet;

use courant::model::*;
use courant::store::Store;

use super::bench::*;

/// Sends everything in turns of `batch`, each with the outcomes of the one before; gives the keys it claimed.
async fn send_all(store: Store, issue: IssueNumber, batch: usize) -> Vec<DeliveryKey> {
    let mut keys = Vec::new();
    let mut under_way: Vec<Claim> = Vec::new();
    loop {
        let request = TurnRequest {
            outcomes: under_way
                .drain(..)
                .map(|claim| OutcomeRecord {
                    claim,
                    outcome: ok(),
                    at: at(1),
                })
                .collect(),
            claim: batch,
            ..turn(issue, 1)
        };
        let result = store.outbox_turn(RELAY, &request).await.unwrap();
        assert_eq!(result.lost_outcomes, []);
        if result.claimed.is_empty() && store.outbox_next(issue).await.unwrap().is_none() {
            return keys;
        }
        let claims: Vec<_> = result.claimed.iter().map(|one| one.claim).collect();
        let granted = intend(&store, issue, 1, &claims).await.granted;
        assert_eq!(granted, claims);
        keys.extend(claims.iter().map(|claim| claim.key));
        under_way = claims;
    }
}

pub async fn ten_thousand_deliveries_are_claimed_once_each(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 10_000).await;
    let keys = send_all(store.clone(), issue, 256).await;
    assert_eq!(keys.len(), 10_000);
    assert_eq!(keys.iter().collect::<HashSet<_>>().len(), 10_000);
    assert_eq!(account(store, issue).await.sent, 10_000);
}

pub async fn two_pools_never_claim_the_same_delivery(bench: &Bench) {
    let issue = sealed(&bench.store, 1_000).await;
    let second = Store::open(&bench.target).await.unwrap();
    let senders: Vec<_> = [&bench.store, &second, &bench.store, &second]
        .map(|store| tokio::spawn(send_all(store.clone(), issue, 16)))
        .into();
    let mut keys = Vec::new();
    for sender in senders {
        keys.extend(sender.await.unwrap());
    }
    assert_eq!(keys.len(), 1_000);
    assert_eq!(keys.iter().collect::<HashSet<_>>().len(), 1_000);
    assert_eq!(account(&second, issue).await.sent, 1_000);
    second.close().await;
}

pub async fn one_run_at_a_time(bench: &Bench) {
    let second = Store::open(&bench.target).await.unwrap();
    let lock = bench
        .store
        .run_lock("first", at(0), at(60))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(lock.orphans_are_known(), bench.is_sqlite());
    for store in [&bench.store, &second] {
        assert!(
            store
                .run_lock("second", at(1), at(61))
                .await
                .unwrap()
                .is_none()
        );
    }
    assert!(lock.renew(at(90)).await.unwrap());
    assert!(
        second
            .run_lock("second", at(60), at(120))
            .await
            .unwrap()
            .is_none()
    );
    lock.release().await.unwrap();
    let lock = second
        .run_lock("second", at(61), at(121))
        .await
        .unwrap()
        .unwrap();
    if !bench.is_sqlite() {
        let third = bench
            .store
            .run_lock("third", at(121), at(181))
            .await
            .unwrap()
            .unwrap();
        assert!(
            !lock.renew(at(182)).await.unwrap(),
            "it ran out, and another took it"
        );
        lock.release().await.unwrap();
        assert!(
            third.renew(at(183)).await.unwrap(),
            "an old holder releases nothing"
        );
    }
    second.close().await;
}
