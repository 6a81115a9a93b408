//! What a dead sender leaves behind.

use courant::model::*;
use courant::store::{Recovered, Store};

use super::bench::*;

/// Claims the only delivery and is granted its intent; then the sender dies.
async fn die_under_way(store: &Store, issue: IssueNumber, seconds: i64) {
    let claimed = claim(store, issue, seconds, 1).await;
    let claims = [claimed[0].claim];
    assert_eq!(intend(store, issue, seconds, &claims).await.granted, claims);
}

pub async fn what_was_claimed_is_queued_again(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 3).await;
    let lost = claim(store, issue, 0, 2).await;
    let recovered = store
        .outbox_recover(issue, at(1), true, false)
        .await
        .unwrap();
    let expected = Recovered {
        released: 2,
        ..Recovered::default()
    };
    assert_eq!(recovered, expected);
    assert_eq!(account(store, issue).await.queued, 3);
    let mut again = claim(store, issue, 1, 5).await;
    assert_eq!(again.len(), 3);
    again.sort_by_key(|one| one.claim.key);
    assert_eq!(again[0].claim.key, lost[0].claim.key);
    assert_eq!((again[0].attempts, again[0].unknowns), (0, 0));
}

pub async fn what_was_under_way_is_resent_twice_and_then_held(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 1).await;
    for round in 1..=2 {
        die_under_way(store, issue, round * 10).await;
        let recovered = store
            .outbox_recover(issue, at(round * 10), true, true)
            .await
            .unwrap();
        let expected = Recovered {
            resent: 1,
            ..Recovered::default()
        };
        assert_eq!(recovered, expected);
        assert_eq!(account(store, issue).await.queued, 1);
    }
    die_under_way(store, issue, 30).await;
    let recovered = store
        .outbox_recover(issue, at(30), true, true)
        .await
        .unwrap();
    let expected = Recovered {
        held: 1,
        ..Recovered::default()
    };
    assert_eq!(recovered, expected);
    assert_eq!(account(store, issue).await.held, 1);
    assert_eq!(row(store, issue, 0).await.unknowns, 3);
    let text = "SELECT COUNT(*) FROM attempt WHERE outcome = 'unknown'";
    assert_eq!(count(&bench.target, text).await, 3);
    assert!(claim(store, issue, 90, 1).await.is_empty());
}

pub async fn without_resending_what_was_under_way_is_held(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 1).await;
    die_under_way(store, issue, 0).await;
    let recovered = store
        .outbox_recover(issue, at(1), true, false)
        .await
        .unwrap();
    assert_eq!((recovered.resent, recovered.held), (0, 1));
    let account = account(store, issue).await;
    assert_eq!((account.held, account.queued), (1, 0));
    let again = store
        .outbox_recover(issue, at(2), true, true)
        .await
        .unwrap();
    assert_eq!(again, Recovered::default(), "held stays held");
}

pub async fn only_leases_that_ran_out_are_taken_back(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 4).await;
    let early = claim(store, issue, 0, 2).await;
    intend(store, issue, 0, &[early[0].claim]).await;
    let late = claim(store, issue, 30, 2).await;
    intend(store, issue, 30, &[late[0].claim]).await;
    let none = store
        .outbox_recover(issue, at(59), false, true)
        .await
        .unwrap();
    assert_eq!(none, Recovered::default());
    let some = store
        .outbox_recover(issue, at(60), false, true)
        .await
        .unwrap();
    let expected = Recovered {
        released: 1,
        resent: 1,
        held: 0,
    };
    assert_eq!(some, expected);
    assert_eq!(record(store, 61, late[0].claim, ok()).await, []);
    assert_eq!(
        record(store, 61, early[0].claim, ok()).await,
        [early[0].claim]
    );
    assert_eq!(account(store, issue).await.sent, 1);
}

pub async fn of_a_line_the_first_alone_is_in_doubt(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 7).await;
    let claims: Vec<_> = claim(store, issue, 0, 7).await;
    let claims: Vec<_> = claims.iter().map(|one| one.claim).collect();
    // One connection has asked for numbers 0 to 3, another for 4 and 5; number 6 has not asked.
    for line in [&claims[..4], &claims[4..6]] {
        let mut behind = None;
        for &claim in line {
            let request = TurnRequest {
                intents: vec![Intent { claim, behind }],
                ..turn(issue, 0)
            };
            let granted = store.outbox_turn(RELAY, &request).await.unwrap().granted;
            assert_eq!(granted, [claim]);
            behind = Some(claim);
        }
    }
    // The relay took number 0, and number 1 was under way when the sender died.
    assert_eq!(record(store, 1, claims[0], ok()).await, []);
    let recovered = store
        .outbox_recover(issue, at(2), true, false)
        .await
        .unwrap();
    let expected = Recovered {
        released: 4,
        resent: 0,
        held: 2,
    };
    assert_eq!(recovered, expected);
    for (number, state) in [
        DeliveryState::Sent,
        DeliveryState::Held,
        DeliveryState::Queued,
        DeliveryState::Queued,
        DeliveryState::Held,
        DeliveryState::Queued,
        DeliveryState::Queued,
    ]
    .into_iter()
    .enumerate()
    {
        let found = row(store, issue, i64::try_from(number).unwrap()).await;
        let unknowns = u32::from(state == DeliveryState::Held);
        assert_eq!((found.state, found.unknowns), (state, unknowns), "{number}");
    }
}

pub async fn whoever_was_claimed_anew_holds_no_line_up(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 2).await;
    let claims = claim(store, issue, 0, 2).await;
    let (first, second) = (claims[0].claim, claims[1].claim);
    intend(store, issue, 0, &[first]).await;
    let request = TurnRequest {
        intents: vec![Intent {
            claim: second,
            behind: Some(first),
        }],
        ..turn(issue, 0)
    };
    store.outbox_turn(RELAY, &request).await.unwrap();
    // The first one comes back to the queue, so the second may be ended; then another connection takes the first.
    let back = Outcome::Released(at(1));
    assert_eq!(record(store, 1, first, back).await, []);
    let anew = claim(store, issue, 1, 1).await[0].claim;
    assert_eq!(anew.key, first.key);
    assert_eq!(intend(store, issue, 1, &[anew]).await.granted, [anew]);
    let recovered = store
        .outbox_recover(issue, at(2), true, true)
        .await
        .unwrap();
    assert_eq!((recovered.released, recovered.resent), (0, 2));
}
