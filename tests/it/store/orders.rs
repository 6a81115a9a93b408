//! An operator's orders on a sealed issue: pause, resume, cancel, try again; also between claim and intent.

use courant::model::*;
use courant::store::{Ordered, Withdrawn};

use super::bench::*;

pub async fn a_paused_issue_grants_nothing_until_it_is_resumed(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 4).await;
    let claimed = claim(store, issue, 0, 2).await;
    let (first, second) = (claimed[0].claim, claimed[1].claim);
    let open = intend(store, issue, 1, &[first]).await;
    assert_eq!((open.granted, open.withheld), (vec![first], false));

    let paused = store.issue_order(issue, IssueStanding::Paused, at(2)).await;
    let expected = Ordered {
        before: IssueStanding::Open,
        standing: IssueStanding::Paused,
        withdrawn: Withdrawn::default(),
    };
    assert_eq!(paused.unwrap(), Some(expected));
    let result = intend(store, issue, 3, &[second]).await;
    assert_eq!(result.refused, [(second, IntentRefusal::Lost)]);
    assert!(result.withheld);
    assert_eq!(row(store, issue, 1).await.state, DeliveryState::Queued);
    assert!(claim(store, issue, 3, 10).await.is_empty());
    assert_eq!(record(store, 4, first, ok()).await, [], "it was under way");
    let paused = account(store, issue).await;
    assert_eq!((paused.sent, paused.queued), (1, 3));
    assert_eq!(store.issue_unfinished(at(5)).await.unwrap(), [issue]);

    store
        .issue_order(issue, IssueStanding::Open, at(6))
        .await
        .unwrap();
    let numbers: Vec<_> = claim(store, issue, 7, 10).await;
    let numbers: Vec<_> = numbers.iter().map(|one| one.claim.key.number).collect();
    assert_eq!(numbers, [2, 3, 1], "what was put back comes last");
}

pub async fn a_cancelled_issue_suppresses_what_had_not_begun(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 5).await;
    let claimed = claim(store, issue, 0, 3).await;
    let [first, second, third] = [0, 1, 2].map(|n: usize| claimed[n].claim);
    intend(store, issue, 1, &[first, second]).await;
    record(store, 2, second, Outcome::UnknownRetry(at(2))).await;

    let order = store
        .issue_order(issue, IssueStanding::Cancelled, at(3))
        .await;
    let withdrawn = Withdrawn {
        suppressed: 2,
        held: 1,
    };
    assert_eq!(order.unwrap().unwrap().withdrawn, withdrawn);
    assert_eq!(row(store, issue, 1).await.state, DeliveryState::Held);
    assert_eq!(row(store, issue, 4).await.cause(), Cause::Cancelled);
    account(store, issue).await;

    // The sender still has two of them in hand: the one under way ends as it ends, the other is not granted.
    assert_eq!(intend(store, issue, 4, &[third]).await.granted, []);
    let later = Outcome::Deferred(reply(451, "4.2.0", "later"), at(60));
    assert_eq!(record(store, 4, first, later).await, []);
    let withdrawn = store.outbox_withdraw(issue, at(5)).await.unwrap();
    assert_eq!(
        withdrawn,
        Withdrawn {
            suppressed: 2,
            held: 0
        }
    );
    let expected = Account {
        planned: 5,
        suppressed: 4,
        held: 1,
        ..Account::default()
    };
    assert_eq!(account(store, issue).await, expected);
    assert_eq!(store.issue_unfinished(at(6)).await.unwrap(), []);

    let again = store
        .issue_order(issue, IssueStanding::Open, at(7))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(again.standing, IssueStanding::Cancelled, "for good");
    assert_eq!(
        store
            .outbox_retry(issue, DeliveryState::Held, &relays(), at(8))
            .await
            .unwrap(),
        0
    );
}

pub async fn an_issue_that_is_open_or_unknown_is_not_withdrawn(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 2).await;
    let withdrawn = store.outbox_withdraw(issue, at(1)).await.unwrap();
    assert_eq!(withdrawn, Withdrawn::default());
    let unknown = IssueNumber(7);
    let order = store
        .issue_order(unknown, IssueStanding::Paused, at(1))
        .await;
    assert_eq!(order.unwrap(), None);
    assert_eq!(store.issue_standing(unknown).await.unwrap(), None);
    assert_eq!(account(store, issue).await.queued, 2);
}

pub async fn what_failed_waits_or_is_held_is_tried_again_when_asked(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 5).await;
    let claims: Vec<_> = claim(store, issue, 0, 5)
        .await
        .iter()
        .map(|one| one.claim)
        .collect();
    intend(store, issue, 1, &claims).await;
    for (claim, outcome) in claims.iter().zip([
        ok(),
        Outcome::Failed(reply(550, "5.7.1", "policy"), false),
        Outcome::Failed(reply(550, "5.1.1", "no such user"), true),
        Outcome::Deferred(reply(451, "4.2.0", "later"), at(3_600)),
        Outcome::UnknownHeld,
    ]) {
        record(store, 2, *claim, outcome).await;
    }
    let retry = async |state, seconds| {
        store
            .outbox_retry(issue, state, &relays(), at(seconds))
            .await
            .unwrap()
    };
    assert_eq!(retry(DeliveryState::Sent, 3).await, 0, "never");
    assert_eq!(retry(DeliveryState::Queued, 3).await, 1);
    assert_eq!(retry(DeliveryState::Queued, 3).await, 0, "it is due");
    let again = claim(store, issue, 3, 5).await;
    assert_eq!((again.len(), again[0].claim.key.number), (1, 3));
    record(store, 4, again[0].claim, ok()).await;
    assert_eq!(
        store.issue_unfinished(at(5)).await.unwrap(),
        [],
        "all settled"
    );

    let told = store.gone_told(issue).await.unwrap();
    let believed: Vec<_> = told.iter().map(|one| (one.key, true)).collect();
    store.gone_settle(&believed, at(5)).await.unwrap();
    assert_eq!(
        retry(DeliveryState::Failed, 6).await,
        1,
        "no mailbox, no retry"
    );
    assert_eq!(
        store.issue_unfinished(at(6)).await.unwrap(),
        [issue],
        "looked at again"
    );
    assert_eq!(retry(DeliveryState::Held, 6).await, 1);
    let again = claim(store, issue, 6, 5).await;
    let numbers: Vec<_> = again
        .iter()
        .map(|one| (one.claim.key.number, one.unknowns))
        .collect();
    assert_eq!(numbers, [(4, 1), (1, 0)], "from where the last claim ended");
    account(store, issue).await;

    record(
        store,
        7,
        again[1].claim,
        Outcome::Failed(reply(550, "5.7.1", "policy"), false),
    )
    .await;
    assert_eq!(
        retry(DeliveryState::Failed, 86_400).await,
        0,
        "it has expired"
    );
}

pub async fn a_walk_shows_every_delivery_with_its_cause(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 1_003).await;
    let left = SuppressionReason::Complained;
    store
        .suppression_add(&address_hash(1), left, at(1))
        .await
        .unwrap();
    let claims: Vec<_> = claim(store, issue, 0, 3)
        .await
        .iter()
        .map(|one| one.claim)
        .collect();
    intend(store, issue, 1, &claims).await;
    record(store, 2, claims[0], ok()).await;
    let mut rows = Vec::new();
    let account = store
        .delivery_walk(issue, |row| rows.push(row))
        .await
        .unwrap()
        .unwrap();
    assert!(account.balances());
    let numbers: Vec<_> = rows.iter().map(|row| row.key.number).collect();
    assert_eq!(numbers, (0..1_003).collect::<Vec<_>>());
    let causes: Vec<_> = rows[..3].iter().map(|row| row.cause()).collect();
    assert_eq!(causes, [Cause::Taken, Cause::Complained, Cause::Waiting]);
    assert_eq!(
        store.delivery_walk(IssueNumber(9), |_| ()).await.unwrap(),
        None
    );
}

pub async fn past_its_deadline_an_issue_is_sent_no_further_until_it_is_resumed(bench: &Bench) {
    let store = &bench.store;
    store.source_save(&reading(-60, 1..=1)).await.unwrap();
    let late = courant::store::Seal {
        done_by: Some(at(10)),
        ..seal(1, "weekly", &[1], 3)
    };
    listed(store, 0..3).await;
    store.issue_seal(&late).await.unwrap();
    let issue = IssueNumber(1);
    let claimed = claim(store, issue, 9, 2).await;
    let (first, second) = (claimed[0].claim, claimed[1].claim);
    assert_eq!(intend(store, issue, 9, &[first]).await.granted, [first]);
    assert!(!store.issue_pause_late(issue, at(9)).await.unwrap());
    assert_eq!(intend(store, issue, 10, &[second]).await.granted, []);
    assert!(claim(store, issue, 10, 3).await.is_empty());
    record(store, 11, first, ok()).await;
    assert!(store.issue_pause_late(issue, at(11)).await.unwrap());
    assert!(
        !store.issue_pause_late(issue, at(12)).await.unwrap(),
        "told once"
    );
    let standing = store.issue_standing(issue).await.unwrap();
    assert_eq!(standing, Some(IssueStanding::Paused));
    assert_eq!(account(store, issue).await.queued, 2);
    store
        .issue_order(issue, IssueStanding::Open, at(13))
        .await
        .unwrap();
    assert_eq!(
        claim(store, issue, 14, 3).await.len(),
        2,
        "late is better than never"
    );
}

pub async fn what_a_relay_refused_in_a_flood_is_taken_back(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 5).await;
    let claims: Vec<_> = claim(store, issue, 0, 5).await;
    let gone = || Outcome::Failed(reply(550, "5.1.1", "no such user"), true);
    let refused = Outcome::Failed(reply(550, "5.7.1", "policy"), false);
    record(store, 10, claims[0].claim, gone()).await;
    record(store, 20, claims[1].claim, gone()).await;
    record(store, 20, claims[2].claim, refused).await;
    record(store, 21, claims[3].claim, gone()).await;
    intend(store, issue, 22, &[claims[4].claim]).await;
    record(store, 22, claims[4].claim, ok()).await;

    let back = store.issue_take_back(issue, at(20), at(30)).await.unwrap();
    assert_eq!(back, 2, "what failed before, or for another reason, stays");
    let account = account(store, issue).await;
    assert_eq!((account.sent, account.failed, account.queued), (1, 2, 2));
    assert_eq!(store.suppression_count().await.unwrap(), 0);
    assert_eq!(store.gone_told(issue).await.unwrap().len(), 1, "of before");
    let standing = store.issue_standing(issue).await.unwrap();
    assert_eq!(standing, Some(IssueStanding::Paused));
    assert!(claim(store, issue, 31, 10).await.is_empty());
    store
        .issue_order(issue, IssueStanding::Open, at(32))
        .await
        .unwrap();
    assert_eq!(claim(store, issue, 33, 10).await.len(), 2);
}
