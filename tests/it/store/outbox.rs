//! T2 to T4: claims, intents and outcomes under their fences.

use courant::model::*;
use courant::store::{DeliveryRow, Store};

use super::bench::*;

pub async fn every_outcome_moves_the_account_and_it_balances(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 6).await;
    assert_eq!(account(store, issue).await.queued, 6);
    let claimed = claim(store, issue, 0, 10).await;
    let numbers: Vec<_> = claimed.iter().map(|one| one.claim.key.number).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5]);
    assert!(
        claimed
            .iter()
            .all(|one| one.claim.fence == 1 && one.attempts == 0)
    );
    assert_eq!(
        account(store, issue).await.queued,
        6,
        "claimed counts as queued"
    );
    let claims: Vec<_> = claimed.iter().map(|one| one.claim).collect();
    let result = intend(store, issue, 1, &claims).await;
    assert_eq!((result.granted, result.refused), (claims.clone(), vec![]));
    assert_eq!(
        account(store, issue).await.queued,
        6,
        "under way counts as queued"
    );

    let outcomes = [
        ok(),
        Outcome::Failed(reply(550, "5.7.1", "policy"), false),
        Outcome::Deferred(reply(451, "4.7.1", "greylisted"), at(60)),
        Outcome::Released(at(2)),
        Outcome::UnknownRetry(at(30)),
        Outcome::UnknownHeld,
    ];
    for (claim, outcome) in claims.iter().zip(outcomes) {
        assert_eq!(record(store, 2, *claim, outcome).await, []);
        account(store, issue).await;
    }
    let expected = Account {
        planned: 6,
        sent: 1,
        failed: 1,
        held: 1,
        queued: 3,
        suppressed: 0,
    };
    assert_eq!(account(store, issue).await, expected);

    let rows = store.delivery_list(issue, None, -1, 10).await.unwrap();
    let counts: Vec<_> = rows
        .iter()
        .map(|row| (row.attempts, row.unknowns))
        .collect();
    assert_eq!(counts, [(1, 0), (1, 0), (1, 0), (0, 0), (0, 1), (0, 1)]);
    assert_eq!(rows[1].reply, Some(reply(550, "5.7.1", "policy")));
    assert_eq!(rows[3].reply, None);
    assert_eq!((rows[2].next_at, rows[0].next_at), (Some(at(60)), None));
    assert_eq!(
        (rows[0].last_at, &rows[0].address),
        (Some(at(2)), &address(0))
    );
    let queued = store
        .delivery_list(issue, Some(DeliveryState::Queued), 2, 10)
        .await;
    let numbers: Vec<_> = queued.unwrap().iter().map(|row| row.key.number).collect();
    assert_eq!(numbers, [3, 4]);
    let of_reader = store.delivery_list_for(SubscriberId(1005)).await.unwrap();
    assert_eq!(of_reader.len(), 1);
    assert_eq!(of_reader[0].state, DeliveryState::Held);

    for (rows, text) in [
        (
            1,
            "SELECT COUNT(*) FROM attempt WHERE outcome = 'failed' AND number = 1 AND code = 550",
        ),
        (
            1,
            "SELECT COUNT(*) FROM attempt WHERE outcome = 'deferred' AND reply = 'greylisted'",
        ),
        (
            2,
            "SELECT COUNT(*) FROM attempt WHERE outcome = 'unknown' AND code IS NULL AND fence = 1",
        ),
        (4, "SELECT COUNT(*) FROM attempt"),
    ] {
        assert_eq!(count(&bench.target, text).await, rows, "{text}");
    }

    assert_eq!(store.outbox_next(issue).await.unwrap(), Some(at(2)));
    let again = claim(store, issue, 59, 10).await;
    let numbers: Vec<_> = again
        .iter()
        .map(|one| (one.claim.key.number, one.claim.fence))
        .collect();
    assert_eq!(numbers, [(3, 2), (4, 2)], "number 2 is not due yet");
    let last = claim(store, issue, 60, 10).await;
    assert_eq!((last[0].claim.key.number, last[0].attempts), (2, 1));
    assert_eq!(store.outbox_next(issue).await.unwrap(), None);
}

pub async fn an_old_fence_records_nothing(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 1).await;
    let old = claim(store, issue, 0, 1).await[0].claim;
    assert_eq!(
        store
            .outbox_recover(issue, at(1), true, true)
            .await
            .unwrap()
            .released,
        1
    );
    assert_eq!(record(store, 2, old, ok()).await, [old], "nobody has it");
    let new = claim(store, issue, 3, 1).await[0].claim;
    assert_eq!(new.fence, old.fence + 1);
    assert_eq!(
        record(store, 4, old, ok()).await,
        [old],
        "somebody else has it"
    );
    let result = intend(store, issue, 4, &[old]).await;
    assert_eq!(result.refused, [(old, IntentRefusal::Lost)]);
    assert_eq!(row(store, issue, 0).await.state, DeliveryState::Claimed);
    assert_eq!(row(store, issue, 0).await.attempts, 0);

    assert_eq!(intend(store, issue, 5, &[new]).await.granted, [new]);
    assert_eq!(
        intend(store, issue, 5, &[new]).await.granted,
        [],
        "granted once"
    );
    assert_eq!(record(store, 6, new, ok()).await, []);
    let late = Outcome::Failed(reply(550, "5.1.1", "no such user"), true);
    assert_eq!(record(store, 7, new, late).await, [new], "recorded once");
    assert_eq!(account(store, issue).await.sent, 1);
    assert_eq!(store.suppression_count().await.unwrap(), 0);
}

pub async fn an_intent_needs_its_lease(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 2).await;
    let claimed = claim(store, issue, 0, 2).await;
    let (one, two) = (claimed[0].claim, claimed[1].claim);
    assert_eq!(intend(store, issue, 59, &[one]).await.granted, [one]);
    let result = intend(store, issue, 60, &[two]).await;
    assert_eq!(result.refused, [(two, IntentRefusal::Lost)]);
    assert_eq!(row(store, issue, 1).await.state, DeliveryState::Claimed);
    let recovered = store
        .outbox_recover(issue, at(60), false, true)
        .await
        .unwrap();
    assert_eq!(
        (recovered.released, recovered.resent),
        (1, 0),
        "an intent holds the lease anew"
    );
}

pub async fn a_reader_who_leaves_before_the_intent_gets_nothing(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 3).await;
    let claimed = claim(store, issue, 0, 3).await;
    let claims: Vec<_> = claimed.iter().map(|one| one.claim).collect();
    let reason = SuppressionReason::Unsubscribed;
    store
        .suppression_add(&address_hash(1), reason, at(1))
        .await
        .unwrap();
    let result = intend(store, issue, 2, &claims).await;
    assert_eq!(result.granted, [claims[0], claims[2]]);
    assert_eq!(result.refused, [(claims[1], IntentRefusal::Suppressed)]);
    let account = account(store, issue).await;
    assert_eq!((account.suppressed, account.queued), (1, 2));
    assert_eq!(record(store, 3, claims[1], ok()).await, [claims[1]]);
}

pub async fn a_reader_off_the_list_before_the_intent_gets_nothing(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 5).await;
    let claims = |claimed: Vec<ClaimedDelivery>| claimed.into_iter().map(|one| one.claim);
    let first: Vec<_> = claims(claim(store, issue, 0, 5).await).collect();
    // What was put off, and what may have arrived, are asked for again.
    intend(store, issue, 1, &first[2..4]).await;
    let later = Outcome::Deferred(reply(451, "4.2.0", "later"), at(2));
    record(store, 2, first[2], later).await;
    record(store, 2, first[3], Outcome::UnknownRetry(at(2))).await;
    let again: Vec<_> = claims(claim(store, issue, 3, 5).await).collect();
    listed(store, [0]).await;
    execute(&bench.target, "DELETE FROM subscriber WHERE id = 1004").await;

    let asked = [first[0], first[1], again[0], again[1], first[4]];
    let result = intend(store, issue, 4, &asked).await;
    assert_eq!(result.granted, [first[0]]);
    let refused = asked[1..]
        .iter()
        .map(|claim| (*claim, IntentRefusal::Suppressed));
    assert_eq!(result.refused, refused.collect::<Vec<_>>());
    let stands = async |number| {
        let row = row(store, issue, number).await;
        (row.state, row.cause())
    };
    let suppressed = DeliveryState::Suppressed;
    assert_eq!(stands(1).await, (suppressed, Cause::Removed));
    assert_eq!(
        stands(2).await,
        (suppressed, Cause::Removed),
        "the relay's word is old"
    );
    assert_eq!(stands(3).await, (DeliveryState::Held, Cause::Unknown));
    assert_eq!(
        stands(4).await,
        (suppressed, Cause::Removed),
        "an erased reader"
    );
    account(store, issue).await;
    // Who comes back is mailed the next issue, and not this one.
    listed(store, 0..5).await;
    assert!(claim(store, issue, 5, 5).await.is_empty());
}

pub async fn who_left_and_may_have_a_copy_is_held(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 1).await;
    let first = claim(store, issue, 0, 1).await[0].claim;
    intend(store, issue, 1, &[first]).await;
    record(store, 2, first, Outcome::UnknownRetry(at(2))).await;
    let again = claim(store, issue, 3, 1).await[0].claim;
    let reason = SuppressionReason::Unsubscribed;
    let hash = address_hash(0);
    store.suppression_add(&hash, reason, at(3)).await.unwrap();
    let result = intend(store, issue, 4, &[again]).await;
    assert_eq!(result.refused, [(again, IntentRefusal::Suppressed)]);
    assert_eq!(row(store, issue, 0).await.state, DeliveryState::Held);
}

pub async fn a_missing_mailbox_is_noted_and_suppressed_once_it_is_believed(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 4).await;
    let claimed = claim(store, issue, 0, 4).await;
    let gone = || Outcome::Failed(reply(550, "5.1.1", "no such user"), true);
    let refused = Outcome::Failed(reply(550, "5.7.1", "policy"), false);
    record(store, 1, claimed[0].claim, gone()).await;
    record(store, 1, claimed[1].claim, refused).await;
    record(store, 2, claimed[2].claim, gone()).await;
    intend(store, issue, 3, &[claimed[3].claim]).await;
    record(store, 3, claimed[3].claim, ok()).await;
    let told = store.gone_told(issue).await.unwrap();
    let who: Vec<_> = told.iter().map(|one| (one.key.number, one.at)).collect();
    assert_eq!(who, [(0, at(1)), (2, at(2))]);
    assert_eq!(store.suppression_count().await.unwrap(), 0);
    let took = store.relay_took(RELAY, issue, at(0), issue).await.unwrap();
    assert_eq!((took.since, took.last), (1, Some(at(3))));

    let judged = [(told[0].key, true), (told[1].key, false)];
    store.gone_settle(&judged, at(4)).await.unwrap();
    assert_eq!(store.gone_told(issue).await.unwrap(), []);
    let asked = [0, 1, 2].map(address_hash);
    let found = store.suppression_find(&asked).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[&address_hash(0)], SuppressionReason::Bounced);
    let all: Vec<_> = told.iter().map(|one| one.subscriber).collect();
    let before = store.gone_before(IssueNumber(2), &all).await.unwrap();
    assert_eq!(before.values().flatten().count(), 2);
    assert!(store.gone_before(issue, &all).await.unwrap().is_empty());
    assert_eq!(account(store, issue).await.failed, 3);
}

pub async fn who_bounced_is_revived_and_who_left_is_not(bench: &Bench) {
    use courant::store::SuppressionOrder::{Revive, Suppress};
    let store = &bench.store;
    let hashes = [0, 1, 2].map(address_hash);
    let bounced = SuppressionReason::Bounced;
    let left = SuppressionReason::Unsubscribed;
    store
        .suppression_add(&hashes[0], bounced, at(0))
        .await
        .unwrap();
    store
        .suppression_add(&hashes[1], left, at(0))
        .await
        .unwrap();
    let order = async |hash: usize, order, seconds| {
        let done = store.suppression_order(&hashes[hash], order, "why", at(seconds));
        done.await.unwrap()
    };
    assert_eq!(order(0, Revive, 1).await, Some(bounced));
    assert_eq!(order(1, Revive, 1).await, Some(left));
    assert_eq!(order(2, Revive, 1).await, None);
    assert_eq!(order(2, Suppress, 2).await, None);
    assert_eq!(order(2, Suppress, 3).await, Some(SuppressionReason::Manual));
    let found = store.suppression_find(&hashes).await.unwrap();
    assert_eq!(found.len(), 2);
    let kept = store.suppression_orders(&hashes[0]).await.unwrap();
    assert_eq!(kept, [(at(1), true, "why".to_owned())]);
    assert_eq!(store.suppression_orders(&hashes[1]).await.unwrap(), []);
    assert_eq!(store.suppression_orders(&hashes[2]).await.unwrap().len(), 1);
    // Who was suppressed by an order and then leaves has left.
    assert!(
        store
            .suppression_add(&hashes[2], left, at(4))
            .await
            .unwrap()
    );
    assert!(
        !store
            .suppression_add(&hashes[2], bounced, at(5))
            .await
            .unwrap()
    );
    assert_eq!(order(2, Revive, 6).await, Some(left));
    let found = store.suppression_find(&hashes).await.unwrap();
    assert_eq!(found[&hashes[2]], left);
}

pub async fn an_expired_issue_gives_up_what_is_queued(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 3).await;
    claim(store, issue, 0, 1).await;
    assert_eq!(store.outbox_expire(issue, at(86_399)).await.unwrap(), 0);
    assert_eq!(store.outbox_expire(issue, at(86_400)).await.unwrap(), 2);
    let account = account(store, issue).await;
    assert_eq!((account.failed, account.queued), (2, 1));
    let row = row(store, issue, 1).await;
    assert_eq!(row.reply.unwrap().text, "expired");
}

pub async fn unfinished_issues_are_those_with_work_left(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 2).await;
    store.issue_seal(&seal(2, "daily", &[1], 0)).await.unwrap();
    assert_eq!(store.issue_unfinished(at(0)).await.unwrap(), [issue]);
    let claimed = claim(store, issue, 0, 2).await;
    let later = Outcome::Deferred(reply(451, "4.2.1", "later"), at(60));
    record(store, 1, claimed[0].claim, later).await;
    record(store, 1, claimed[1].claim, ok()).await;
    assert_eq!(store.issue_unfinished(at(1)).await.unwrap(), [issue]);
    let again = claim(store, issue, 60, 1).await[0].claim;
    assert_eq!(store.issue_unfinished(at(60)).await.unwrap(), [issue]);
    intend(store, issue, 60, &[again]).await;
    assert_eq!(store.issue_unfinished(at(60)).await.unwrap(), [issue]);
    record(store, 61, again, ok()).await;
    assert_eq!(store.issue_unfinished(at(61)).await.unwrap(), []);
    assert_eq!(store.issue_unfinished(at(62)).await.unwrap(), []);
}

pub async fn a_refusal_is_revised_under_its_own_fence(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 4).await;
    let claimed = claim(store, issue, 0, 3).await;
    let claims: Vec<Claim> = claimed.iter().map(|one| one.claim).collect();
    for (claim, code) in claims.iter().zip([550, 550, 451]) {
        let put_off = Outcome::Deferred(reply(code, "5.7.1", "no"), at(600));
        assert_eq!(record(store, 1, *claim, put_off).await, []);
    }
    let revise = async |seconds, all: &[(usize, Revised)]| {
        let revisions = all.iter().map(|(n, to)| Revision {
            claim: claims[*n],
            to: *to,
        });
        let request = TurnRequest {
            revisions: revisions.collect(),
            ..turn(issue, seconds)
        };
        store.outbox_turn(RELAY, &request).await.unwrap();
    };
    let states = async || {
        let rows = store.delivery_list(issue, None, -1, 10).await.unwrap();
        let state = |row: &DeliveryRow| (row.state, row.next_at);
        rows.iter().map(state).collect::<Vec<_>>()
    };
    let failed = (DeliveryState::Failed, None);
    let queued = |seconds| (DeliveryState::Queued, Some(at(seconds)));
    // A refusal for now is revised by nobody.
    revise(
        2,
        &[
            (0, Revised::Failed),
            (1, Revised::Queued),
            (2, Revised::Failed),
        ],
    )
    .await;
    assert_eq!(states().await[..3], [failed, queued(2), queued(600)]);
    let text = "SELECT COUNT(*) FROM attempt WHERE outcome = 'failed' AND number = 0";
    assert_eq!(count(&bench.target, text).await, 1);
    revise(3, &[(0, Revised::Queued)]).await;
    assert_eq!(states().await[0], queued(3));
    // Whoever has it now knows better.
    let again = claim(store, issue, 4, 10).await;
    assert!(again.iter().any(|one| one.claim.key.number == 0));
    revise(5, &[(0, Revised::Failed)]).await;
    assert_eq!(row(store, issue, 0).await.state, DeliveryState::Claimed);
    account(store, issue).await;
}

pub async fn what_was_not_tried_yet_goes_before_what_came_back(bench: &Bench) {
    let issue = sealed(&bench.store, 5).await;
    for claimed in claim(&bench.store, issue, 0, 2).await {
        let back = Outcome::Deferred(reply(550, "5.7.1", "no"), at(1));
        record(&bench.store, 1, claimed.claim, back).await;
    }
    // Another process.
    let store = Store::open(&bench.target).await.unwrap();
    store.outbox_go_on(issue).await.unwrap();
    let numbers: Vec<_> = claim(&store, issue, 2, 5).await;
    let numbers: Vec<_> = numbers.iter().map(|one| one.claim.key.number).collect();
    assert_eq!(numbers, [2, 3, 4, 0, 1]);
    store.close().await;
}

pub async fn a_list_of_one_domain_is_known(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 3).await;
    assert!(store.issue_has_one_domain(issue).await.unwrap());
    store.source_save(&reading(-60, 4..=4)).await.unwrap();
    let mut two = seal(2, "weekly", &[4], 3);
    two.deliveries[2].reader.address = EmailAddress::parse("jan@elders.nl").unwrap();
    store.issue_seal(&two).await.unwrap();
    assert!(!store.issue_has_one_domain(IssueNumber(2)).await.unwrap());
}
