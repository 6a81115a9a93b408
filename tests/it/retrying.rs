//! Time passes: refusals are tried again at growing pauses, issues expire, and schedules are served once each.

use courant::model::{DeliveryState, IssueNumber, ScheduleName};
use courant::pipeline::{IssueReport, Quiet, QuietSchedule, RunReport, Wish};
use courant::store::DeliveryRow;
use jiff::SignedDuration;

use crate::support::newsletter::{Newsletter, header};
use crate::support::smtp::{Script, SmtpServer, Stage, at};
use crate::support::timed::Timed;

/// Just after the weekly schedule's due time, Monday at 8 in Amsterdam.
const MONDAY: &str = "2026-11-23T07:00:05Z";

const GREYLISTED: &str = "451 4.2.0 greylisted, try again later";

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

/// A newsletter that sends to the server over one connection.
fn sending_to(server: &SmtpServer, readers: usize) -> Timed {
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.append("courant.toml", "connections = 1\n");
    newsletter.readers(readers);
    Timed::new(newsletter, MONDAY)
}

fn only(report: &RunReport) -> &IssueReport {
    let [issue] = &report.issues[..] else {
        panic!("{report:?}");
    };
    issue
}

/// The one delivery of the first issue that failed.
async fn failed(timed: &Timed) -> DeliveryRow {
    let pipeline = timed.open().await;
    let rows = pipeline
        .store
        .delivery_list(IssueNumber(1), Some(DeliveryState::Failed), -1, 10)
        .await
        .unwrap();
    pipeline.store.close().await;
    let [row] = &rows[..] else {
        panic!("{rows:?}");
    };
    row.clone()
}

/// What a run said of the one schedule that made no issue.
fn quiet(report: &RunReport) -> &Quiet {
    let [QuietSchedule { why: quiet, .. }] = &report.quiet[..] else {
        panic!("{report:?}");
    };
    quiet
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_for_now_is_tried_again_at_growing_pauses() {
    let pauses = [1, 5, 15, 60, 60, 60];
    let greylist = at(Stage::Rcpt)
        .to("reader1@example.nl")
        .times(pauses.len())
        .say(GREYLISTED);
    let server = SmtpServer::start(Script::new().rule(greylist)).await;
    let timed = sending_to(&server, 3);
    let mut report = timed.run(&Wish::Due).await;
    for (tries, pause) in (1..).zip(pauses) {
        let issue = only(&report);
        let account = issue.account;
        assert_eq!((account.sent, account.queued), (2, 1));
        assert_eq!(issue.next_try, Some(timed.now() + minutes(pause)));
        assert_eq!(server.arrivals(Stage::Rcpt), 2 + tries);

        timed.advance(minutes(pause) - SignedDuration::from_secs(1));
        let connected = server.arrivals(Stage::Connect);
        let early = timed.run(&Wish::Due).await;
        assert_eq!(only(&early).account, account, "it was not time yet");
        assert_eq!(server.arrivals(Stage::Connect), connected);
        assert!(matches!(quiet(&early), Quiet::NotDue { .. }));

        timed.advance(SignedDuration::from_secs(1));
        report = timed.run(&Wish::Due).await;
    }
    let issue = only(&report);
    assert!(issue.resumed);
    assert_eq!((issue.account.sent, issue.next_try), (3, None));
    assert_eq!(server.received().len(), 3);
    for n in 0..3 {
        assert_eq!(server.copies(&format!("reader{n}@example.nl")), 1);
    }
    timed.advance(minutes(60));
    assert!(
        timed.run(&Wish::Due).await.issues.is_empty(),
        "it is finished"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_still_queued_when_its_issue_expires_is_given_up() {
    let refused = at(Stage::Rcpt).to("reader0@example.nl").say(GREYLISTED);
    let server = SmtpServer::start(Script::new().rule(refused)).await;
    let timed = sending_to(&server, 2);
    timed
        .newsletter
        .append("courant.toml", "expire = \"2 hours\"\n");
    timed.run(&Wish::Due).await;
    timed.advance(minutes(120));
    let tries = server.arrivals(Stage::Rcpt);
    let report = timed.run(&Wish::Due).await;
    let account = only(&report).account;
    assert_eq!((account.sent, account.failed, account.queued), (1, 1, 0));
    assert_eq!(
        server.arrivals(Stage::Rcpt),
        tries,
        "it was offered too late"
    );

    let reply = failed(&timed).await.reply.unwrap();
    assert_eq!((reply.code, reply.text.as_str()), (0, "expired"));

    // The address is as good as before: it gets the next issue.
    server.rule(at(Stage::Rcpt).to("reader0@example.nl").say("250 ok"));
    timed.newsletter.post("tweede", "Het tweede bericht");
    let next = timed.run(&Wish::Default).await;
    assert_eq!(only(&next).account.sent, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_would_outlast_the_issue_fails_with_the_relays_own_words() {
    let refused = at(Stage::Rcpt).to("reader0@example.nl").say(GREYLISTED);
    let server = SmtpServer::start(Script::new().rule(refused)).await;
    let timed = sending_to(&server, 2);
    timed
        .newsletter
        .append("courant.toml", "expire = \"20 minutes\"\n");
    timed.run(&Wish::Due).await;
    for (pause, failed) in [(1, 0), (5, 1)] {
        timed.advance(minutes(pause));
        let account = only(&timed.run(&Wish::Due).await).account;
        assert_eq!((account.failed, account.queued), (failed, 1 - failed));
    }
    let failed = failed(&timed).await;
    assert_eq!(failed.reply.unwrap().code, 451);
    assert_eq!(failed.attempts, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_greylists_everybody_gets_everybody_a_minute_later() {
    let readers = 60;
    let greylist = at(Stage::Rcpt).times(readers).say(GREYLISTED);
    let server = SmtpServer::start(Script::new().rule(greylist)).await;
    let timed = sending_to(&server, readers);
    let first = timed.run(&Wish::Due).await;
    let issue = only(&first);
    assert_eq!((issue.account.queued, &issue.stopped), (60, &None));
    timed.advance(minutes(1));
    let second = timed.run(&Wish::Due).await;
    assert_eq!(only(&second).account.sent, 60);
    assert_eq!(server.received().len(), readers);
    assert!((0..readers).all(|n| server.copies(&format!("reader{n}@example.nl")) == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_refuses_for_policy_stops_the_run_and_nobody_is_lost() {
    let readers = 60;
    let policy = at(Stage::Rcpt).times(20).say("451 4.7.1 too much today");
    let server = SmtpServer::start(Script::new().rule(policy)).await;
    let timed = sending_to(&server, readers);
    // At the pace that these replies ask for, twenty of them would take their time.
    timed
        .newsletter
        .append("courant.toml", "slow_down = false\n");
    let first = timed.run(&Wish::Due).await;
    let issue = only(&first);
    assert!(issue.stopped.as_deref().unwrap().contains("policy"));
    assert_eq!((issue.account.queued, issue.account.failed), (60, 0));
    assert_eq!(server.arrivals(Stage::Rcpt), 20);
    timed.advance(minutes(1));
    let second = timed.run(&Wish::Due).await;
    assert_eq!(only(&second).account.sent, 60);
    assert_eq!(server.received().len(), readers);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_due_time_is_served_once() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(2);
    let timed = Timed::new(newsletter, "2026-11-23T06:59:59Z");
    // The first run ever finds last Monday's due time, a week too late.
    let before = timed.run(&Wish::Due).await;
    assert!(matches!(quiet(&before), Quiet::Missed { .. }), "{before:?}");
    assert!(before.issues.is_empty());
    let again = timed.run(&Wish::Due).await;
    let due = "2026-11-23T07:00:00Z".parse().unwrap();
    assert_eq!(*quiet(&again), Quiet::NotDue { next: Some(due) });

    timed.advance(SignedDuration::from_secs(1));
    let served = timed.run(&Wish::Due).await;
    assert_eq!(only(&served).account.sent, 2);
    timed.newsletter.post("tweede", "Het tweede bericht");
    for pause in [0, 1, 59, 24 * 60] {
        timed.advance(minutes(pause));
        let again = timed.run(&Wish::Due).await;
        assert!(matches!(quiet(&again), Quiet::NotDue { .. }), "{again:?}");
    }
    // The week after, the machine wakes up late, and not too late.
    timed.set("2026-11-30T17:30:00Z");
    let late = timed.run(&Wish::Due).await;
    assert_eq!((only(&late).posts, only(&late).account.sent), (1, 2));
    assert_eq!(timed.newsletter.mailbox().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_due_time_that_is_too_long_ago_is_missed_and_its_posts_wait() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    newsletter.append("schedules/weekly.toml", "max_lateness = \"6 hours\"\n");
    let timed = Timed::new(newsletter, MONDAY);
    timed.run(&Wish::Due).await;
    timed.newsletter.post("tweede", "Het tweede bericht");
    // Four weeks off, back on a Monday afternoon.
    timed.set("2026-12-21T13:00:01Z");
    let missed = timed.run(&Wish::Due).await;
    let slot = "2026-12-21T07:00:00Z".parse().unwrap();
    assert!(
        matches!(quiet(&missed), Quiet::Missed { slot: at, .. } if *at == slot),
        "{missed:?}"
    );
    let again = timed.run(&Wish::Due).await;
    assert!(
        matches!(quiet(&again), Quiet::NotDue { .. }),
        "it is said once"
    );
    timed.set("2026-12-28T07:00:00Z");
    let next = timed.run(&Wish::Due).await;
    assert_eq!((only(&next).posts, only(&next).account.sent), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_makes_no_second_issue() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    let timed = Timed::new(newsletter, MONDAY);
    assert_eq!(only(&timed.run(&Wish::Due).await).number, IssueNumber(1));
    timed.newsletter.post("tweede", "Het tweede bericht");
    for to in [
        "2026-11-23T06:00:00Z",
        "2026-11-22T07:00:05Z",
        "2026-11-23T07:00:00Z",
        "2026-11-23T07:30:00Z",
    ] {
        timed.set(to);
        let again = timed.run(&Wish::Due).await;
        assert!(again.issues.is_empty(), "{to}: {again:?}");
        assert!(matches!(quiet(&again), Quiet::NotDue { .. }), "{again:?}");
    }
    timed.set("2026-11-30T07:00:00Z");
    assert_eq!(only(&timed.run(&Wish::Due).await).account.sent, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_schedules_are_each_served_at_their_own_time() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.write(
        "schedules/daily.toml",
        "cron = \"0 8 * * *\"\ntimezone = \"Europe/Amsterdam\"\nfirst_run = \"send\"\n",
    );
    newsletter.append(
        "subscribers.toml",
        "[[subscriber]]\nemail = \"week@example.nl\"\n\n\
         [[subscriber]]\nemail = \"dag@example.nl\"\nschedules = [\"daily\"]\n\n\
         [[subscriber]]\nemail = \"beide@example.nl\"\nschedules = [\"daily\", \"weekly\"]\n",
    );
    let timed = Timed::new(newsletter, MONDAY);
    let served = |report: &RunReport| -> Vec<(ScheduleName, i64)> {
        let issues = report.issues.iter();
        issues
            .map(|issue| (issue.schedule.clone(), issue.account.sent))
            .collect()
    };
    let name = |name| ScheduleName::parse(name).unwrap();
    // Both are due; who wants both has the post from the first.
    let monday = timed.run(&Wish::Due).await;
    assert_eq!(served(&monday), [(name("daily"), 2), (name("weekly"), 1)]);
    timed.newsletter.post("tweede", "Het tweede bericht");
    timed.set("2026-11-24T07:00:00Z");
    let tuesday = timed.run(&Wish::Due).await;
    assert_eq!(served(&tuesday), [(name("daily"), 2)]);
    timed.set("2026-11-30T07:00:00Z");
    let next = timed.run(&Wish::Due).await;
    assert_eq!(served(&next), [(name("weekly"), 1)]);
    let got = |reader: &str| {
        let mail = timed.newsletter.mailbox();
        mail.iter()
            .filter(|message| header(message, "Delivered-To").contains(reader))
            .count()
    };
    assert_eq!(["week", "dag", "beide"].map(got), [2, 2, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_done_by_the_deadline_waits_for_a_person() {
    let refused = at(Stage::Rcpt)
        .to("reader0@example.nl")
        .times(1)
        .say(GREYLISTED);
    let server = SmtpServer::start(Script::new().rule(refused)).await;
    let timed = sending_to(&server, 3);
    timed
        .newsletter
        .append("schedules/weekly.toml", "done_by = \"08:30\"\n");
    let first = timed.run(&Wish::Due).await;
    assert_eq!((only(&first).account.sent, only(&first).late), (2, false));
    timed.advance(minutes(30));
    let late = timed.run(&Wish::Due).await;
    assert!(
        only(&late).late && only(&late).account.queued == 1,
        "{late:?}"
    );
    assert_eq!(
        server.received().len(),
        2,
        "it was offered after the deadline"
    );
    let again = timed.run(&Wish::Due).await;
    assert!(!only(&again).late, "it is told once");
    let resumed = timed
        .newsletter
        .run_beside(&["issues", "resume", "1"])
        .await;
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    assert_eq!(only(&timed.run(&Wish::Due).await).account.sent, 3);
}
