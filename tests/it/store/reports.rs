//! Reports: each once, what follows from them in the same transaction, and nothing where it would be too much.

use courant::model::*;
use courant::store::{NewReport, ReportRules, ReportSaved, Reported, Store, TooMany};
use jiff::SignedDuration;

use super::bench::*;

const BOUNCED: SuppressionReason = SuppressionReason::Bounced;

fn rules(seconds: i64) -> ReportRules {
    ReportRules {
        soft: 2,
        span: 60_000,
        settled: at(seconds - 10_000),
        since: at(seconds - 3_600),
        guard: Some(BounceLimits {
            soft: 2,
            span: SignedDuration::from_mins(1),
            share: 50,
            always: 1,
        }),
        now: at(seconds),
    }
}

fn report(issue: i64, reader: i64, kind: Reported) -> NewReport {
    NewReport {
        subscriber: SubscriberId(1000 + reader),
        issue: IssueNumber(issue),
        address_hash: address_hash(reader),
        kind,
        status: Some("5.1.1".into()),
    }
}

/// Sends all of an issue at an instant.
async fn send(store: &Store, issue: IssueNumber, seconds: i64) {
    for delivery in claim(store, issue, seconds, 100).await {
        intend(store, issue, seconds, &[delivery.claim]).await;
        record(store, seconds, delivery.claim, ok()).await;
    }
}

async fn suppressed(store: &Store) -> i64 {
    store.suppression_count().await.unwrap()
}

pub async fn a_report_is_kept_once_and_suppresses(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 3).await;
    send(store, issue, 0).await;
    let subjects = [(SubscriberId(1001), issue), (SubscriberId(1009), issue)];
    let found = store.report_subjects(&subjects).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[&subjects[0]].address, address(1));

    let hard = report(1, 1, Reported::Hard);
    let policy = report(1, 2, Reported::Policy);
    let reports = [hard.clone(), hard.clone(), policy.clone()];
    let first = [
        ReportSaved::Suppressed(BOUNCED, true),
        ReportSaved::Repeated,
        ReportSaved::Kept,
    ];
    let free = ReportRules {
        guard: None,
        ..rules(5)
    };
    let tried = store.report_save(&reports, &free, false).await.unwrap();
    assert_eq!(tried.unwrap(), first);
    assert_eq!(suppressed(store).await, 0, "a trial saved something");
    let saved = store.report_save(&reports, &free, true).await.unwrap();
    assert_eq!(saved.unwrap(), first);
    assert_eq!(suppressed(store).await, 1);
    let complaint = report(1, 1, Reported::Complaint);
    let again = [hard, policy, complaint];
    let again = store.report_save(&again, &free, true).await;
    let complained = SuppressionReason::Complained;
    let expected = [
        ReportSaved::Repeated,
        ReportSaved::Repeated,
        ReportSaved::Suppressed(complained, true),
    ];
    assert_eq!(again.unwrap().unwrap(), expected);
    let reason =
        async |n| store.suppression_find(&[address_hash(n)]).await.unwrap()[&address_hash(n)];
    assert_eq!(
        reason(1).await,
        complained,
        "an operator may take a bounce back"
    );

    // Both in one breath.
    let both = [
        report(1, 2, Reported::Hard),
        report(1, 2, Reported::Complaint),
    ];
    let both = store.report_save(&both, &free, true).await;
    let expected = [
        ReportSaved::Suppressed(BOUNCED, false),
        ReportSaved::Suppressed(complained, true),
    ];
    assert_eq!(both.unwrap().unwrap(), expected);
    assert_eq!(reason(2).await, complained);
}

pub async fn what_went_to_a_reader_is_found_without_a_return_path(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 3).await;
    let (sent, unsent, nobody) = (SubscriberId(1001), SubscriberId(1003), SubscriberId(1));
    for delivery in claim(store, issue, 0, 2).await {
        intend(store, issue, 0, &[delivery.claim]).await;
        record(store, 7, delivery.claim, ok()).await;
    }
    let asked = [sent, sent, unsent, nobody];
    let found = store.report_issues(&asked).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[&sent], [(issue, at(7))]);
    assert_eq!(store.report_issues_since(at(0)).await.unwrap(), [issue]);
    let later = store.report_issues_since(at(1)).await.unwrap();
    assert!(later.is_empty(), "{later:?}");

    let entries = [super::readers::entry(11, 11), super::readers::entry(12, 12)];
    store.subscriber_sync(&entries, &[], at(0)).await.unwrap();
    let readers = |after, most| store.report_readers(SubscriberId(after), most);
    assert_eq!(readers(i64::MIN, 1).await.unwrap(), [SubscriberId(11)]);
    assert_eq!(readers(11, 1).await.unwrap(), [SubscriberId(12)]);
    assert!(readers(2_000, 9).await.unwrap().is_empty());
}

pub async fn soft_reports_count_by_issues_in_a_row(bench: &Bench) {
    let store = &bench.store;
    let first = sealed(store, 2).await;
    send(store, first, 0).await;
    for (number, seconds) in [(2, 30), (3, 90)] {
        let seal = seal(number, "weekly", &[1], 2);
        store.issue_seal(&seal).await.unwrap();
        send(store, IssueNumber(number), seconds).await;
    }
    let soft = |issue| [report(issue, 0, Reported::Soft)];
    let save = async |issue, rules: ReportRules| {
        let saved = store.report_save(&soft(issue), &rules, true).await;
        saved.unwrap().unwrap()[0]
    };
    assert_eq!(save(1, rules(10)).await, ReportSaved::Counted(1));
    // Two, within too short a span.
    assert_eq!(save(2, rules(40)).await, ReportSaved::Counted(2));
    let reached = save(3, rules(100)).await;
    assert_eq!(reached, ReportSaved::Suppressed(BOUNCED, true));
    // Of the second issue nothing came back from the other reader, and that is settled: the row begins anew.
    let other = |issue| [report(issue, 1, Reported::Soft)];
    let settled = ReportRules {
        settled: at(60),
        guard: None,
        ..rules(200)
    };
    for (issue, rules, count) in [(1, rules(100), 1), (3, settled, 1)] {
        let saved = store.report_save(&other(issue), &rules, true).await;
        assert_eq!(saved.unwrap().unwrap(), [ReportSaved::Counted(count)]);
    }
}

pub async fn too_many_within_an_hour_save_nothing(bench: &Bench) {
    let store = &bench.store;
    let issue = sealed(store, 5).await;
    send(store, issue, 0).await;
    let hard = |reader| report(1, reader, Reported::Hard);
    let saved = store.report_save(&[hard(0)], &rules(0), true).await;
    assert!(saved.unwrap().is_ok(), "one is always let through");
    let expected = TooMany {
        suppressions: 3,
        readers: 5,
    };
    let many = [hard(1), hard(2)];
    let flood = store.report_save(&many, &rules(3_599), true).await;
    assert_eq!(flood.unwrap(), Err(expected));
    assert_eq!(suppressed(store).await, 1);
    let one = store.report_save(&[hard(3)], &rules(3_601), true).await;
    assert!(one.unwrap().is_ok(), "an hour has passed");
    let free = ReportRules {
        guard: None,
        ..rules(3_602)
    };
    let saved = store.report_save(&many, &free, true).await;
    assert_eq!(
        saved.unwrap().unwrap(),
        [ReportSaved::Suppressed(BOUNCED, true); 2]
    );
    assert_eq!(suppressed(store).await, 4);
}

pub async fn an_inbox_remembers_names_until_the_mails_are_gone(bench: &Bench) {
    let store = &bench.store;
    let names = |range: std::ops::Range<usize>| -> Vec<String> {
        range.map(|n| format!("uid-{n}")).collect()
    };
    let known = async |inbox: &str| {
        let known = store.inbox_known(inbox).await.unwrap();
        let mut known: Vec<String> = known.into_iter().collect();
        known.sort();
        known
    };
    assert_eq!(known("a").await, names(0..0));
    store
        .inbox_remember("a", &names(0..3), &[], at(0))
        .await
        .unwrap();
    // Twice is once, and what was never known can be forgotten.
    store
        .inbox_remember("a", &names(2..5), &names(4..9), at(1))
        .await
        .unwrap();
    assert_eq!(known("a").await, names(0..4));
    store
        .inbox_remember("b", &names(0..1), &names(0..0), at(2))
        .await
        .unwrap();
    store
        .inbox_remember("a", &[], &names(0..4), at(3))
        .await
        .unwrap();
    assert_eq!(
        (known("a").await, known("b").await),
        (names(0..0), names(0..1))
    );
}
