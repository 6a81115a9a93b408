//! Which relay may have a delivery, and what each relay carried.

use courant::model::*;
use courant::store::Store;
use jiff::{SignedDuration, Timestamp};

use super::bench::*;

const OTHER: &str = "courant@two.example:587";

/// Claims for a relay.
async fn claim_for(store: &Store, relay: &str, issue: IssueNumber, most: usize) -> Vec<Claim> {
    let request = TurnRequest {
        claim: most,
        ..turn(issue, 50)
    };
    let claimed = store.outbox_turn(relay, &request).await.unwrap().claimed;
    claimed.iter().map(|one| one.claim).collect()
}

/// Their numbers, in order: claims go on from where the last one ended.
fn numbers(claims: &[Claim]) -> Vec<i64> {
    let mut numbers: Vec<_> = claims.iter().map(|claim| claim.key.number).collect();
    numbers.sort_unstable();
    numbers
}

/// Claims all that there is, and gives those of these numbers.
async fn claimed<const N: usize>(
    store: &Store,
    issue: IssueNumber,
    wanted: [i64; N],
) -> [Claim; N] {
    let claims = claim(store, issue, 20, 9).await;
    wanted.map(|number| {
        let found = claims.iter().find(|one| one.claim.key.number == number);
        found.unwrap().claim
    })
}

fn both() -> Vec<String> {
    vec![RELAY.to_owned(), OTHER.to_owned()]
}

/// What a relay carried in the day before `now`, as a cap of a million sees it.
async fn carried(store: &Store, relay: &str, now: Timestamp) -> u64 {
    let caps = Caps {
        per_day: Some(1_000_000),
        warm_up: None,
    };
    let used = store.relay_use(relay, now).await.unwrap();
    1_000_000 - caps.room(&used, now).unwrap().left
}

/// Offers deliveries 0 to 2 over the first relay: one is unknown, one is put off, one comes back untouched.
async fn offered_over_the_first(store: &Store) -> IssueNumber {
    let issue = sealed(store, 4).await;
    let claims = claim(store, issue, 0, 3).await;
    let claims: Vec<_> = claims.iter().map(|one| one.claim).collect();
    intend(store, issue, 0, &claims).await;
    let later = Outcome::Deferred(reply(451, "4.2.1", "later"), at(10));
    record(store, 1, claims[0], Outcome::UnknownRetry(at(1))).await;
    record(store, 1, claims[1], later).await;
    record(store, 1, claims[2], Outcome::Released(at(1))).await;
    issue
}

pub async fn an_unknown_is_claimed_for_its_own_relay_alone(bench: &Bench) {
    let store = &bench.store;
    let issue = offered_over_the_first(store).await;
    assert_eq!(store.outbox_bind(issue, &both(), at(2)).await.unwrap(), 0);
    let due = async |relays: &[String]| store.outbox_due(issue, relays, at(50)).await.unwrap();
    assert_eq!(due(&[OTHER.to_owned()]).await, 3);
    assert_eq!((due(&relays()).await, due(&both()).await), (4, 4));
    let for_other = claim_for(store, OTHER, issue, 9).await;
    assert_eq!(numbers(&for_other), [1, 2, 3]);
    assert_eq!(numbers(&claim_for(store, RELAY, issue, 9).await), [0]);
    assert_eq!(account(store, issue).await.queued, 4);
}

pub async fn what_a_dead_sender_left_belongs_to_its_relay(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 2).await;
    let claims = claim_for(store, OTHER, issue, 2).await;
    let request = TurnRequest {
        intents: vec![Intent {
            claim: claims[0],
            behind: None,
        }],
        ..turn(issue, 50)
    };
    store.outbox_turn(OTHER, &request).await.unwrap();
    store
        .outbox_recover(issue, at(51), true, true)
        .await
        .unwrap();
    let claim = async |relay, most| {
        let request = TurnRequest {
            claim: most,
            ..turn(issue, 52)
        };
        let claimed = store.outbox_turn(relay, &request).await.unwrap().claimed;
        numbers(&claimed.iter().map(|one| one.claim).collect::<Vec<_>>())
    };
    assert_eq!(claim(RELAY, 9).await, [1]);
    assert_eq!(claim(OTHER, 9).await, [0]);
}

pub async fn an_unknown_whose_relay_is_gone_is_held_until_a_person_decides(bench: &Bench) {
    let store = &bench.store;
    let issue = offered_over_the_first(store).await;
    let others = [OTHER.to_owned()];
    assert_eq!(store.outbox_bind(issue, &others, at(2)).await.unwrap(), 1);
    let held = row(store, issue, 0).await;
    assert_eq!(held.state, DeliveryState::Held);
    let why = held.reply.unwrap().text;
    assert!(
        why.contains(RELAY) && why.contains("no relay of ours"),
        "{why}"
    );
    let account = account(store, issue).await;
    assert_eq!((account.held, account.queued), (1, 3));
    assert_eq!(store.outbox_bind(issue, &others, at(3)).await.unwrap(), 0);

    let retry = async |relays: &[String]| {
        store
            .outbox_retry(issue, DeliveryState::Held, relays, at(4))
            .await
            .unwrap()
    };
    assert_eq!(retry(&others).await, 1);
    assert_eq!(store.outbox_bind(issue, &others, at(5)).await.unwrap(), 0);
    let claims = claim_for(store, OTHER, issue, 9).await;
    assert_eq!(
        numbers(&claims),
        [0, 1, 2, 3],
        "a person said that any may have it"
    );
}

pub async fn what_is_held_goes_to_its_own_relay_while_that_is_there(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 1).await;
    let claims = claim_for(store, OTHER, issue, 1).await;
    let request = TurnRequest {
        intents: vec![Intent {
            claim: claims[0],
            behind: None,
        }],
        ..turn(issue, 50)
    };
    store.outbox_turn(OTHER, &request).await.unwrap();
    record(store, 50, claims[0], Outcome::UnknownHeld).await;
    let retried = store
        .outbox_retry(issue, DeliveryState::Held, &both(), at(50))
        .await;
    assert_eq!(retried.unwrap(), 1);
    assert_eq!(claim_for(store, RELAY, issue, 1).await, []);
    assert_eq!(claim_for(store, OTHER, issue, 1).await.len(), 1);
}

/// As a program left it that did not note relays yet.
pub async fn an_unknown_of_before_goes_to_the_only_relay_or_is_held(bench: &Bench) {
    let store = &bench.store;
    let issue = offered_over_the_first(store).await;
    let forget = "UPDATE delivery SET relay = NULL";
    execute(&bench.target, forget).await;
    assert_eq!(claim_for(store, RELAY, issue, 9).await.len(), 3);
    assert_eq!(store.outbox_bind(issue, &relays(), at(2)).await.unwrap(), 0);
    assert_eq!(claim_for(store, OTHER, issue, 9).await, []);
    assert_eq!(numbers(&claim_for(store, RELAY, issue, 9).await), [0]);

    store
        .outbox_recover(issue, at(50), true, true)
        .await
        .unwrap();
    execute(&bench.target, forget).await;
    assert_eq!(store.outbox_bind(issue, &both(), at(51)).await.unwrap(), 1);
    let held = row(store, issue, 0).await;
    assert_eq!(held.state, DeliveryState::Held);
    assert!(held.reply.unwrap().text.contains("nobody noted"));
}

pub async fn what_is_given_up_is_held_where_a_copy_may_have_arrived(bench: &Bench) {
    let store = &bench.store;
    let issue = offered_over_the_first(store).await;
    let expired = Outcome::Failed(reply(0, "", "the issue expired"), false);
    let [unknown, plain, back] = claimed(store, issue, [0, 1, 2]).await;
    record(store, 20, unknown, expired.clone()).await;
    record(store, 20, plain, expired).await;
    record(store, 20, back, Outcome::Released(at(20))).await;
    let states = [row(store, issue, 0).await, row(store, issue, 1).await].map(|row| row.state);
    assert_eq!(states, [DeliveryState::Held, DeliveryState::Failed]);

    // The same where the store gives up what is queued, and a final no stays one.
    store
        .outbox_retry(issue, DeliveryState::Held, &relays(), at(21))
        .await
        .unwrap();
    assert_eq!(store.outbox_expire(issue, at(86_400)).await.unwrap(), 2);
    let states = [row(store, issue, 0).await, row(store, issue, 2).await].map(|row| row.state);
    assert_eq!(states, [DeliveryState::Held, DeliveryState::Failed]);
    assert!(account(store, issue).await.balances());
}

pub async fn a_final_no_to_a_second_copy_is_a_failure(bench: &Bench) {
    let store = &bench.store;
    let issue = offered_over_the_first(store).await;
    let [unknown] = claimed(store, issue, [0]).await;
    let no = Outcome::Failed(reply(550, "5.7.1", "no"), false);
    record(store, 20, unknown, no).await;
    assert_eq!(row(store, issue, 0).await.state, DeliveryState::Failed);
}

pub async fn what_a_relay_has_or_may_have_is_counted_by_the_hour(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 8).await;
    let claims = claim(store, issue, 0, 8).await;
    let claims: Vec<_> = claims.iter().map(|one| one.claim).collect();
    intend(store, issue, 0, &claims).await;
    assert_eq!(carried(store, RELAY, at(0)).await, 8, "under way");
    let now = at(1);
    for (claim, outcome) in claims.iter().zip([
        ok(),
        Outcome::UnknownRetry(at(600)),
        Outcome::UnknownHeld,
        Outcome::Failed(reply(550, "5.1.1", "no"), true),
        Outcome::Deferred(reply(451, "4.2.1", "later"), at(600)),
        Outcome::Released(at(600)),
    ]) {
        record(store, 1, *claim, outcome).await;
    }
    // Two are still under way.
    assert_eq!(carried(store, RELAY, now).await, 5);
    assert_eq!(carried(store, OTHER, now).await, 0);
    let sum = "SELECT CAST(SUM(messages) AS BIGINT) FROM relay_use";
    assert_eq!(count(&bench.target, sum).await, 3);
    // The sender dies, and what it left counts from when it is found.
    let found = at(7_200);
    store
        .outbox_recover(issue, found, true, false)
        .await
        .unwrap();
    assert_eq!(count(&bench.target, sum).await, 5);
    let hours = SignedDuration::from_hours;
    assert_eq!(carried(store, RELAY, now + hours(25)).await, 2);
    assert_eq!(carried(store, RELAY, now + hours(27)).await, 0);

    // An outcome that another sender's claim has overtaken was counted with that claim.
    let late = record(store, 7_300, claims[6], ok()).await;
    assert_eq!(late, [claims[6]]);
    assert_eq!(count(&bench.target, sum).await, 5);

    store.relay_used(OTHER, 1, now).await.unwrap();
    store.relay_used(OTHER, 2, now).await.unwrap();
    assert_eq!(carried(store, OTHER, now).await, 3);
    store.relay_use_forget(now + hours(40 * 24)).await.unwrap();
    assert_eq!(count(&bench.target, sum).await, 8, "it still counts");
    store
        .relay_use_forget(now + hours(40 * 24 + 1))
        .await
        .unwrap();
    assert_eq!(count(&bench.target, sum).await, 2);
}

pub async fn what_waits_is_counted_over_open_issues(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 3).await;
    store.issue_seal(&seal(2, "daily", &[1], 2)).await.unwrap();
    assert_eq!(store.outbox_waiting().await.unwrap(), 5);
    claim(store, issue, 0, 1).await;
    assert_eq!(store.outbox_waiting().await.unwrap(), 4);
    let paused = IssueStanding::Paused;
    store
        .issue_order(IssueNumber(2), paused, at(1))
        .await
        .unwrap();
    assert_eq!(store.outbox_waiting().await.unwrap(), 2);
    assert_eq!(
        store
            .outbox_due(IssueNumber(2), &relays(), at(1))
            .await
            .unwrap(),
        0
    );
}
