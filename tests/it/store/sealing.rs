//! T1: an issue and its outbox, as a whole or not at all.

use courant::model::*;
use courant::store::SealOutcome;

use super::bench::*;

pub async fn a_sealed_issue_reads_back_as_it_was_sealed(bench: &Bench) {
    let store = &bench.store;
    assert_eq!(store.issue_next_number().await.unwrap(), IssueNumber(1));
    store.source_save(&reading(-60, 1..=3)).await.unwrap();
    let mut wanted = seal(1, "weekly", &[3, 1, 2], 4);
    let mut text_only = wanted.variants[0].clone();
    text_only.number = 1;
    text_only.variant.posts = vec![PostId(2)];
    text_only.variant.format = Format::Text;
    text_only.digest.html = None;
    wanted.variants.push(text_only);
    wanted.deliveries[2].variant = 1;
    let left = &wanted.deliveries[3].address_hash;
    let reason = SuppressionReason::Unsubscribed;
    assert!(store.suppression_add(left, reason, at(-1)).await.unwrap());
    assert_eq!(
        store.issue_seal(&wanted).await.unwrap(),
        SealOutcome::Sealed
    );

    let loaded = store.issue_load(IssueNumber(1)).await.unwrap();
    assert_eq!(loaded.as_ref(), Some(&wanted.issue));
    assert_eq!(
        store.variant_list(IssueNumber(1)).await.unwrap(),
        wanted.variants
    );
    let list = store.issue_list().await.unwrap();
    assert_eq!(list.len(), 1);
    assert_eq!(
        (list[0].number, &list[0].edition),
        (IssueNumber(1), &wanted.issue.edition)
    );
    assert_eq!((list[0].posts, list[0].subject.as_str()), (3, "Uitgave 1"));
    assert_eq!((list[0].sealed_at, list[0].expires_at), (at(0), at(86_400)));
    let expected = Account {
        planned: 4,
        queued: 3,
        suppressed: 1,
        ..Account::default()
    };
    assert_eq!(list[0].account, expected);
    assert_eq!(account(store, IssueNumber(1)).await, expected);
    let examined = store.examine().await.unwrap();
    assert_eq!((examined.issues, examined.unbalanced), (1, vec![]));
    assert!(examined.breakage.is_empty(), "{:?}", examined.breakage);
    assert_eq!(store.issue_next_number().await.unwrap(), IssueNumber(2));

    let claimed = claim(store, IssueNumber(1), 0, 10).await;
    let readers: Vec<_> = claimed.iter().map(|delivery| &delivery.reader).collect();
    let sealed: Vec<_> = wanted.deliveries[..3]
        .iter()
        .map(|new| &new.reader)
        .collect();
    assert_eq!(readers, sealed);
    assert_eq!(
        (claimed[2].variant, claimed[2].subscriber),
        (1, SubscriberId(1002))
    );
    assert_eq!(store.issue_load(IssueNumber(2)).await.unwrap(), None);
    assert_eq!(store.issue_account(IssueNumber(2)).await.unwrap(), None);
}

pub async fn a_failing_seal_leaves_nothing(bench: &Bench) {
    let store = &bench.store;
    store.source_save(&reading(-60, 1..=3)).await.unwrap();
    let mut twice = seal(1, "weekly", &[1, 2], 600);
    twice.deliveries[599].subscriber = twice.deliveries[0].subscriber;
    let mut no_variant = seal(1, "weekly", &[1, 2], 600);
    no_variant.deliveries[599].variant = 7;
    let unknown_post = seal(1, "weekly", &[1, 99], 1);
    for broken in [twice, no_variant, unknown_post] {
        let error = store.issue_seal(&broken).await.unwrap_err();
        assert!(
            !error.is_transient(),
            "trying again would not help: {error:?}"
        );
        assert_eq!(store.issue_next_number().await.unwrap(), IssueNumber(1));
        assert!(store.issue_list().await.unwrap().is_empty());
        let rows = store.delivery_list(IssueNumber(1), None, -1, 10).await;
        assert!(rows.unwrap().is_empty());
        assert!(store.variant_list(IssueNumber(1)).await.unwrap().is_empty());
        assert!(store.post_recent(10).await.unwrap().is_empty());
        assert_eq!(
            store.schedule_state(&schedule("weekly")).await.unwrap(),
            None
        );
    }
    let sound = seal(1, "weekly", &[1, 2], 600);
    assert_eq!(store.issue_seal(&sound).await.unwrap(), SealOutcome::Sealed);
}

pub async fn an_edition_is_sealed_once(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 2).await;
    let mut again = seal(2, "weekly", &[1], 2);
    again.issue.edition = seal(1, "weekly", &[1], 0).issue.edition;
    let outcome = store.issue_seal(&again).await.unwrap();
    assert_eq!(outcome, SealOutcome::EditionExists(issue));
    assert_eq!(store.issue_list().await.unwrap().len(), 1);
    again.issue.schedule = schedule("daily");
    assert_eq!(store.issue_seal(&again).await.unwrap(), SealOutcome::Sealed);

    for (number, edition) in [(3, "2026-11-23"), (4, "2026-11-23#2"), (5, "2026-11-2%")] {
        let mut by_hand = seal(number, "weekly", &[1], 0);
        by_hand.issue.edition = Edition(edition.into());
        assert_eq!(
            store.issue_seal(&by_hand).await.unwrap(),
            SealOutcome::Sealed
        );
    }
    let weekly = schedule("weekly");
    assert_eq!(store.edition_count(&weekly, "2026-11-23").await.unwrap(), 2);
    assert_eq!(store.edition_count(&weekly, "2026-11-2%").await.unwrap(), 1);
    assert_eq!(
        store
            .edition_count(&schedule("daily"), "2026-11-23")
            .await
            .unwrap(),
        0
    );
}

pub async fn a_number_that_is_taken_is_a_transient_error(bench: &Bench) {
    let store = &bench.store;
    sealed(store, 2).await;
    let other = seal(1, "daily", &[1], 2);
    let error = store.issue_seal(&other).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert_eq!(account(store, IssueNumber(1)).await.planned, 2);
}

pub async fn who_left_before_the_seal_is_suppressed(bench: &Bench) {
    let store = &bench.store;
    let reason = SuppressionReason::Unsubscribed;
    store
        .suppression_add(&address_hash(1), reason, at(-1))
        .await
        .unwrap();
    let issue = sealed(store, 3).await;
    let account = account(store, issue).await;
    assert_eq!((account.queued, account.suppressed), (2, 1));
    assert_eq!(row(store, issue, 1).await.state, DeliveryState::Suppressed);
}

pub async fn schedules_and_settings_are_remembered(bench: &Bench) {
    let store = &bench.store;
    let weekly = schedule("weekly");
    assert_eq!(store.schedule_state(&weekly).await.unwrap(), None);
    store.schedule_first_run(&weekly, at(0)).await.unwrap();
    store.schedule_first_run(&weekly, at(60)).await.unwrap();
    let state = store.schedule_state(&weekly).await.unwrap().unwrap();
    assert_eq!(state.first_run_at, at(0));
    assert_eq!((state.last_due, state.last_run_at), (None, None));

    store
        .schedule_served(&weekly, at(100), at(120))
        .await
        .unwrap();
    store
        .schedule_served(&weekly, at(90), at(130))
        .await
        .unwrap();
    let state = store.schedule_state(&weekly).await.unwrap().unwrap();
    assert_eq!(
        (state.last_due, state.last_run_at),
        (Some(at(100)), Some(at(130)))
    );

    store.source_save(&reading(-60, 1..=3)).await.unwrap();
    let mut due = seal(1, "weekly", &[1], 1);
    due.served = Some(at(200));
    assert_eq!(store.issue_seal(&due).await.unwrap(), SealOutcome::Sealed);
    let by_hand = seal(2, "weekly", &[2], 1);
    assert_eq!(
        store.issue_seal(&by_hand).await.unwrap(),
        SealOutcome::Sealed
    );
    let state = store.schedule_state(&weekly).await.unwrap().unwrap();
    assert_eq!((state.last_due, state.first_run_at), (Some(at(200)), at(0)));

    assert_eq!(store.meta_get("key").await.unwrap(), None);
    assert_eq!(store.meta_keep("key", "one").await.unwrap(), "one");
    assert_eq!(store.meta_keep("key", "two").await.unwrap(), "one");
    assert_eq!(store.meta_get("key").await.unwrap().as_deref(), Some("one"));
    for (key, value) in [("key", "three"), ("other", "four")] {
        store.meta_set(key, value).await.unwrap();
        assert_eq!(store.meta_get(key).await.unwrap().as_deref(), Some(value));
    }
}

pub async fn a_post_reaches_a_reader_once_over_all_schedules(bench: &Bench) {
    let store = &bench.store;
    let weekly = sealed(store, 3).await;
    assert_eq!(store.received(&[]).await.unwrap(), []);
    let daily = seal(2, "daily", &[2], 2);
    assert_eq!(store.issue_seal(&daily).await.unwrap(), SealOutcome::Sealed);
    let claimed = claim(store, weekly, 0, 3).await;
    let refused = Outcome::Failed(reply(550, "5.7.1", "no"), false);
    record(store, 1, claimed[2].claim, refused).await;

    let mut received = store.received(&[PostId(2), PostId(1)]).await.unwrap();
    received.sort();
    let pair = |reader, post| (SubscriberId(reader), PostId(post));
    let expected = [pair(1000, 1), pair(1000, 2), pair(1001, 1), pair(1001, 2)];
    assert_eq!(
        received, expected,
        "each once; the one whose delivery failed is not among them"
    );
    assert_eq!(store.received(&[PostId(99)]).await.unwrap(), []);
}

pub async fn the_subjects_of_all_digests_are_told_once_each(bench: &Bench) {
    let store = &bench.store;
    assert_eq!(store.subjects().await.unwrap(), [""; 0]);
    store.source_save(&reading(-60, 1..=3)).await.unwrap();
    // As long as a subject may be, and in its stored form six times as long.
    let longest = "\u{1}".repeat(60);
    let quoted = "Zeg \"ja\" \\ één keer · 🧀";
    for (number, subjects) in [(1, [quoted, "Zelfde"]), (2, ["Zelfde", longest.as_str()])] {
        let mut wanted = seal(number, "weekly", &[1, 2, 3], 2);
        let mut second = wanted.variants[0].clone();
        second.number = 1;
        wanted.variants.push(second);
        for (variant, subject) in wanted.variants.iter_mut().zip(subjects) {
            variant.digest.subject = subject.to_owned();
            // What follows the subject must not be taken for one.
            variant.digest.preheader = "{\"subject\":\"anders\"}".into();
            variant.digest.text = "x".repeat(2_000);
        }
        let outcome = store.issue_seal(&wanted).await.unwrap();
        assert_eq!(outcome, SealOutcome::Sealed);
    }
    assert_eq!(
        store.subjects().await.unwrap(),
        [longest.as_str(), quoted, "Zelfde"]
    );
}
