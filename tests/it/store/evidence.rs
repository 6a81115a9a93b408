//! The database and the journal: what one tells the other, and what an older database takes over.

use std::collections::BTreeSet;

use courant::journal::{Journal, Known};
use courant::model::*;
use courant::store::{Store, SuppressionOrder, Unknown};
use tempfile::TempDir;

use super::bench::*;

/// The same store with a journal in a folder.
async fn with_journal(store: &Store, folder: &TempDir) -> Store {
    let path = folder.path().join("journal");
    let begun = store.clone().journal_begin(&path, "one", "secret").await;
    begun.unwrap()
}

/// All that the journal says.
fn known(folder: &TempDir) -> Known {
    let journal = Journal::look(&folder.path().join("journal")).unwrap();
    Known::of(journal.unwrap().read(0).unwrap().entries)
}

fn addresses(known: &Known) -> BTreeSet<&str> {
    known.suppressed.keys().map(String::as_str).collect()
}

fn gone() -> Outcome {
    Outcome::Failed(reply(550, "5.1.1", "no such user"), true)
}

/// Believes a relay that a reader is gone.
async fn believe(store: &Store, issue: IssueNumber, number: i64) {
    let key = DeliveryKey { issue, number };
    store.gone_settle(&[(key, true)], at(4)).await.unwrap();
}

/// Claims, offers and ends as many deliveries as there are outcomes.
async fn end(store: &Store, issue: IssueNumber, outcomes: Vec<Outcome>) {
    let claims: Vec<Claim> = claim(store, issue, 1, outcomes.len())
        .await
        .iter()
        .map(|delivery| delivery.claim)
        .collect();
    intend(store, issue, 2, &claims).await;
    for (claim, outcome) in claims.into_iter().zip(outcomes) {
        assert!(record(store, 3, claim, outcome).await.is_empty());
    }
}

pub async fn a_journal_begins_with_what_the_database_knows_and_follows(bench: &Bench) {
    let folder = TempDir::new().unwrap();
    let issue = sealed(&bench.store, 4).await;
    let left = SuppressionReason::Unsubscribed;
    bench
        .store
        .suppression_add("early", left, at(0))
        .await
        .unwrap();
    let store = with_journal(&bench.store, &folder).await;
    let begun = known(&folder);
    assert_eq!(addresses(&begun), BTreeSet::from(["early"]));
    assert_eq!(begun.issues[&issue].posts.len(), 3);
    assert_eq!(begun.sent[&issue], 0);

    // Who leaves is told at once, and each once.
    store.suppression_add("late", left, at(1)).await.unwrap();
    store.suppression_add("late", left, at(2)).await.unwrap();
    assert_eq!(
        addresses(&known(&folder)),
        BTreeSet::from(["early", "late"])
    );
    // So is who is believed to be gone; what another process did without this journal, when it follows.
    end(&store, issue, vec![ok(), gone()]).await;
    believe(&store, issue, 1).await;
    assert_eq!(known(&folder).suppressed.len(), 3);
    let elsewhere = bench.store.suppression_add("elsewhere", left, at(5)).await;
    assert!(elsewhere.unwrap());
    assert_eq!(known(&folder).suppressed.len(), 3);
    store.journal_sent(issue).await.unwrap();
    store.journal_follow().await.unwrap();
    let followed = known(&folder);
    assert_eq!((followed.suppressed.len(), followed.sent[&issue]), (4, 1));
    assert!(store.journal_unknown(true).await.unwrap().is_empty());
    // Nothing is told twice.
    let length = || {
        std::fs::metadata(folder.path().join("journal"))
            .unwrap()
            .len()
    };
    let before = length();
    for _ in 0..3 {
        store.journal_follow().await.unwrap();
    }
    assert_eq!(length(), before);
}

/// Of what a killed run began, the journal knows how much; what is begun anew counts anew.
pub async fn what_was_begun_is_known_to_be_lost(bench: &Bench) {
    let folder = TempDir::new().unwrap();
    let issue = sealed(&bench.store, 6).await;
    let store = with_journal(&bench.store, &folder).await;
    let later = || Outcome::Deferred(reply(451, "4.2.0", "later"), at(3));
    end(&store, issue, vec![ok(), later()]).await;
    end(&store, issue, vec![ok()]).await;
    assert_eq!(known(&folder).offers[&issue], 3);
    store.journal_follow().await.unwrap();
    end(&store, issue, vec![ok(), ok()]).await;
    assert_eq!(known(&folder).offers[&issue], 5);
    for all in [false, true] {
        assert!(store.journal_unknown(all).await.unwrap().is_empty());
    }
    let older = "UPDATE meta SET value = '4' WHERE key = 'offers 1'";
    execute(&bench.target, older).await;
    for all in [false, true] {
        let unknown = store.journal_unknown(all).await.unwrap();
        assert_eq!(unknown.sent, [issue], "{all}");
    }
    store.journal_replay(at(9)).await.unwrap();
    assert!(store.journal_unknown(true).await.unwrap().is_empty());
}

/// A reader's own no is more than a bounce or an order, also where an older database or journal knows the address.
pub async fn a_readers_own_no_is_not_lost_behind_what_may_be_taken_back(bench: &Bench) {
    let folder = TempDir::new().unwrap();
    let store = with_journal(&bench.store, &folder).await;
    let (bounced, left) = (SuppressionReason::Bounced, SuppressionReason::Unsubscribed);
    store.suppression_add("one", bounced, at(0)).await.unwrap();
    let order = SuppressionOrder::Suppress;
    store
        .suppression_order("two", order, "", at(0))
        .await
        .unwrap();
    store.journal_follow().await.unwrap();
    for address in ["one", "two"] {
        assert!(store.suppression_add(address, left, at(1)).await.unwrap());
        assert_eq!(known(&folder).suppressed[address].reason, left);
    }
    store.journal_follow().await.unwrap();
    assert!(store.journal_unknown(true).await.unwrap().is_empty());
    for text in [
        "UPDATE suppression SET reason = 'bounced' WHERE address_hash = 'one'",
        "UPDATE suppression SET reason = 'manual' WHERE address_hash = 'two'",
    ] {
        execute(&bench.target, text).await;
    }
    assert_eq!(store.journal_unknown(true).await.unwrap().suppressions, 2);
    store.journal_replay(at(9)).await.unwrap();
    let found = store.suppression_find(&["one".into(), "two".into()]).await;
    assert_eq!(
        found.unwrap().into_values().collect::<Vec<_>>(),
        [left, left]
    );
    // What another process heard, the journal is told when it is followed.
    store
        .suppression_add("three", bounced, at(1))
        .await
        .unwrap();
    store.journal_follow().await.unwrap();
    store.journal_follow().await.unwrap();
    bench
        .store
        .suppression_add("three", left, at(2))
        .await
        .unwrap();
    assert_eq!(known(&folder).suppressed["three"].reason, bounced);
    store.journal_follow().await.unwrap();
    assert_eq!(known(&folder).suppressed["three"].reason, left);
}

pub async fn what_is_taken_back_is_no_longer_known(bench: &Bench) {
    let folder = TempDir::new().unwrap();
    let issue = sealed(&bench.store, 3).await;
    let store = with_journal(&bench.store, &folder).await;
    end(&store, issue, vec![gone()]).await;
    believe(&store, issue, 0).await;
    let order = async |order| {
        let hash = address_hash(0);
        store
            .suppression_order(&hash, order, "asked", at(9))
            .await
            .unwrap()
    };
    assert_eq!(
        order(SuppressionOrder::Revive).await,
        Some(SuppressionReason::Bounced)
    );
    assert!(known(&folder).suppressed.is_empty());
    assert_eq!(order(SuppressionOrder::Suppress).await, None);
    assert_eq!(
        known(&folder).suppressed[&address_hash(0)].reason,
        SuppressionReason::Manual
    );
    store.journal_follow().await.unwrap();
    order(SuppressionOrder::Revive).await;
    assert!(known(&folder).suppressed.is_empty());
    assert!(store.journal_unknown(false).await.unwrap().is_empty());
    assert!(store.journal_unknown(true).await.unwrap().is_empty());
    store.journal_follow().await.unwrap();
    assert!(known(&folder).suppressed.is_empty());
}

/// As if the database were one of before the second issue.
async fn restore_an_older_one(bench: &Bench) {
    for statement in [
        "DELETE FROM variant_post WHERE issue = 2",
        "DELETE FROM delivery WHERE issue = 2",
        "DELETE FROM variant WHERE issue = 2",
        "DELETE FROM issue_post WHERE issue = 2",
        "DELETE FROM issue WHERE number = 2",
        "DELETE FROM post_alias WHERE post = 4",
        "DELETE FROM post_content WHERE post = 4",
        "DELETE FROM post WHERE id = 4",
        "DELETE FROM suppression",
        "DELETE FROM schedule",
        "DELETE FROM meta",
        "UPDATE delivery SET state = 'queued' WHERE issue = 1 AND number = 0",
    ] {
        execute(&bench.target, statement).await;
    }
}

pub async fn an_older_database_takes_over_what_the_journal_knows(bench: &Bench) {
    let folder = TempDir::new().unwrap();
    let first = sealed(&bench.store, 3).await;
    let store = with_journal(&bench.store, &folder).await;
    end(&store, first, vec![ok()]).await;
    store.journal_sent(first).await.unwrap();
    store.source_save(&reading(4, [4])).await.unwrap();
    let mut second = seal(2, "weekly", &[4], 3);
    second.served = Some(at(5));
    store.issue_seal(&second).await.unwrap();
    let left = SuppressionReason::Unsubscribed;
    store.suppression_add("left", left, at(6)).await.unwrap();
    store.journal_follow().await.unwrap();
    assert!(store.journal_unknown(false).await.unwrap().is_empty());
    restore_an_older_one(bench).await;

    let lost = Unknown {
        issues: vec![IssueNumber(2)],
        sent: vec![first],
        suppressions: 1,
        replay: false,
    };
    for all in [false, true] {
        assert_eq!(store.journal_unknown(all).await.unwrap(), lost, "{all}");
    }
    let (taken, held) = store.journal_replay(at(9)).await.unwrap();
    assert_eq!((taken, held), (lost, 3));
    assert!(store.journal_unknown(true).await.unwrap().is_empty());
    let again = store.journal_replay(at(9)).await.unwrap();
    assert_eq!(again, (Unknown::default(), 0));

    // The same backup once more is as old as it was, also where all that is lost by it is that the rest was held.
    execute(&bench.target, "DELETE FROM meta WHERE key LIKE 'replay%'").await;
    let only = Unknown {
        replay: true,
        ..Unknown::default()
    };
    assert_eq!(store.journal_unknown(true).await.unwrap(), only);
    store.journal_replay(at(10)).await.unwrap();
    assert!(store.journal_unknown(true).await.unwrap().is_empty());

    // Numbers and due times go on, who left stays left, and nothing is sent that may have been sent.
    assert_eq!(store.issue_next_number().await.unwrap(), IssueNumber(3));
    let state = store.schedule_state(&schedule("weekly")).await.unwrap();
    assert_eq!(state.unwrap().last_due, Some(at(5)));
    let suppressed = store.suppression_find(&["left".into()]).await.unwrap();
    assert_eq!(suppressed["left"], left);
    assert_eq!(account(&store, first).await.held, 3);
    assert!(store.issue_unfinished(at(9)).await.unwrap().is_empty());
    assert!(store.issue_load(IssueNumber(2)).await.unwrap().is_none());
    let list = store.issue_list().await.unwrap();
    let replayed: Vec<bool> = list.iter().map(|issue| issue.replayed).collect();
    assert_eq!(replayed, [true, false]);

    // The post is known by its names, says nothing until its source shows it again, and no schedule takes it then.
    let names = [post(4).identity];
    let known = store.post_known(&source(), &names, &[], &[]).await.unwrap();
    assert_eq!((known.len(), &*known[0].slug), (1, "post-4"));
    assert_eq!(known[0].likeness, likeness(4));
    let monthly = schedule("monthly");
    let listed = async || store.ledger_list(&monthly, 10).await.unwrap();
    assert!(listed().await.iter().all(|entry| entry.id != PostId(4)));
    let mut shown = reading(10, []);
    shown.changed = vec![(PostId(4), post(4), "fingerprint 4".into())];
    store.source_save(&shown).await.unwrap();
    let list = listed().await;
    let entry = list.iter().find(|entry| entry.id == PostId(4)).unwrap();
    assert_eq!(entry.carried, [(IssueNumber(2), monthly.clone())]);
    assert_eq!(entry.post.title, "Post 4");
}
