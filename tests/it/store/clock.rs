//! What a clock that was ahead has written down, and how it is set right.

use courant::model::*;
use courant::store::SealedLast;
use jiff::{SignedDuration, Timestamp};

use super::bench::*;

/// Thirty days behind everything that the scenario wrote down.
fn now() -> Timestamp {
    at(-30 * 86_400)
}

fn a_day_on() -> Timestamp {
    now() + SignedDuration::from_hours(24)
}

pub async fn what_lies_ahead_is_set_right_in_its_order(bench: &Bench) {
    let store = &bench.store;
    let weekly = schedule("weekly");
    // Before the clock was ahead: a run that sealed nothing.
    store
        .schedule_first_run(&weekly, at(-60 * 86_400))
        .await
        .unwrap();
    store
        .schedule_first_run(&schedule("daily"), at(-3600))
        .await
        .unwrap();
    store.schedule_served(&weekly, at(0), at(0)).await.unwrap();
    store.relay_used(RELAY, 7, at(0)).await.unwrap();
    let issue = sealed(store, 2).await;
    let claimed = claim(store, issue, 0, 2).await;
    intend(store, issue, 1, &[claimed[0].claim]).await;
    let later = Outcome::Deferred(reply(451, "4.2.0", "later"), at(60));
    record(store, 2, claimed[0].claim, later).await;

    let evidence = store.clock_evidence().await.unwrap();
    let last = SealedLast {
        issue,
        schedule: weekly.clone(),
        at: at(0),
    };
    assert_eq!(evidence.sealed, Some(last));
    assert_eq!(evidence.other, Some(at(0)));
    store.clock_set_right(a_day_on(), now()).await.unwrap();

    let evidence = store.clock_evidence().await.unwrap();
    let just_past = now() - SignedDuration::from_millis(1);
    assert_eq!(evidence.sealed.unwrap().at, just_past);
    assert_eq!(evidence.other, Some(just_past));
    let state = store.schedule_state(&weekly).await.unwrap().unwrap();
    assert_eq!(state.first_run_at, at(-60 * 86_400), "it was right");
    assert_eq!((state.last_due, state.last_run_at), (None, Some(just_past)));
    let daily = store
        .schedule_state(&schedule("daily"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        daily.first_run_at,
        just_past - SignedDuration::from_hours(1)
    );
    let seen = "SELECT COUNT(*) FROM post WHERE first_seen < 1792801800000";
    assert_eq!(count(&bench.target, seen).await, 3);
    assert_eq!(store.outbox_next(issue).await.unwrap(), Some(now()));
    let loaded = store.issue_load(issue).await.unwrap().unwrap();
    assert_eq!(
        loaded.expires_at,
        just_past + SignedDuration::from_hours(24)
    );
    // Its expiry counts from the next try on, once.
    let hour = now() + SignedDuration::from_hours(1);
    for at in [hour, hour + SignedDuration::from_hours(1)] {
        store.issue_tried(issue, at).await.unwrap();
    }
    let loaded = store.issue_load(issue).await.unwrap().unwrap();
    assert_eq!(loaded.expires_at, hour + SignedDuration::from_hours(24));
    let carried = "SELECT COUNT(*) FROM relay_use WHERE messages = 7 AND hour = 498000";
    assert_eq!(
        count(&bench.target, carried).await,
        1,
        "it counts as carried now"
    );
    account(store, issue).await;
    // Nothing lies ahead any more.
    store.clock_set_right(a_day_on(), now()).await.unwrap();
    assert_eq!(store.clock_evidence().await.unwrap().other, Some(just_past));
}

pub async fn a_due_time_served_ahead_gives_way_to_the_newest_true_issue(bench: &Bench) {
    let store = &bench.store;
    let weekly = schedule("weekly");
    sealed(store, 1).await;
    let year = at(365 * 86_400);
    store.schedule_served(&weekly, year, year).await.unwrap();
    let now = at(86_400);
    let limit = at(2 * 86_400);
    store.clock_set_right(limit, now).await.unwrap();
    let state = store.schedule_state(&weekly).await.unwrap().unwrap();
    assert_eq!(
        state.last_due,
        Some(at(0)),
        "issue 1 served what was due before it"
    );
}

pub async fn a_lock_of_another_clock_is_taken_away(bench: &Bench) {
    let store = &bench.store;
    if bench.is_sqlite() {
        return;
    }
    let lock = store.run_lock("ahead", at(0), at(600)).await.unwrap();
    assert!(lock.is_some());
    assert_eq!(store.clock_evidence().await.unwrap().lease, Some(at(600)));
    assert!(
        store
            .run_lock("now", now(), a_day_on())
            .await
            .unwrap()
            .is_none()
    );
    store.lease_forget(a_day_on()).await.unwrap();
    assert!(
        store
            .run_lock("now", now(), a_day_on())
            .await
            .unwrap()
            .is_some()
    );
    assert!(!lock.unwrap().renew(at(1200)).await.unwrap());
}
