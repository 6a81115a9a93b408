//! At most so many messages over a relay in any 24 hours, over runs, crashes and relays.

use courant::model::Cap;
use courant::pipeline::{RelayEnd, Wish};
use jiff::SignedDuration;

use super::{
    ended_with, everyone_has_one, name, newsletter, only, reader, room_from, shares, timed,
};
use crate::support::smtp::{Script, SmtpServer, Stage, at};

fn hours(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_the_cap_goes_out_in_any_24_hours() {
    let server = SmtpServer::start(Script::new()).await;
    let timed = timed(&[&server], 25, "per_day = 10\n");
    let first = timed.run(&Wish::Due).await;
    let issue = only(&first);
    assert_eq!((issue.account.sent, issue.account.queued), (10, 15));
    assert_eq!((issue.waiting, &issue.stopped), (15, &None));
    // The hour from 7 to 8 UTC counts as a whole.
    assert_eq!(room_from(issue, 0), "2026-11-24T08:00:00Z");
    assert!(matches!(
        issue.relays[0].ended,
        Some(RelayEnd::Full {
            most: 10,
            by: Cap::PerDay,
            ..
        })
    ));

    for later in [hours(1), hours(23)] {
        let connections = server.arrivals(Stage::Taken);
        timed.advance(later);
        let report = timed.run(&Wish::Due).await;
        assert_eq!(only(&report).account.sent, 10);
        assert_eq!(only(&report).waiting, 15);
        assert_eq!(server.arrivals(Stage::Taken), connections, "nothing to say");
    }
    timed.set("2026-11-24T07:59:59Z");
    assert_eq!(only(&timed.run(&Wish::Due).await).account.sent, 10);
    timed.set("2026-11-24T08:00:00Z");
    let next = timed.run(&Wish::Due).await;
    assert_eq!((only(&next).account.sent, only(&next).waiting), (20, 5));
    assert_eq!(room_from(only(&next), 0), "2026-11-25T09:00:00Z");
    timed.set("2026-11-25T09:00:00Z");
    let last = timed.run(&Wish::Due).await;
    assert_eq!((only(&last).account.sent, only(&last).waiting), (25, 0));
    assert_eq!(only(&last).relays[0].ended, None);
    everyone_has_one(&[&server], 25);
}

/// A cap that fits exactly is no reason to say anything.
#[tokio::test(flavor = "multi_thread")]
async fn a_cap_that_fits_leaves_nothing_to_wait_for() {
    let server = SmtpServer::start(Script::new()).await;
    let timed = timed(&[&server], 10, "per_day = 10\n");
    let report = timed.run(&Wish::Due).await;
    let issue = only(&report);
    assert_eq!((issue.account.sent, issue.waiting), (10, 0));
    assert_eq!(issue.relays[0].ended, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_refused_put_off_or_left_takes_no_place() {
    let refusing = Script::new()
        .rule(at(Stage::Rcpt).to(&reader(0)).say("550 5.1.1 no such user"))
        .rule(
            at(Stage::Dot)
                .to(&reader(1))
                .say("550 5.2.1 no mail for this mailbox"),
        )
        .rule(at(Stage::Rcpt).to(&reader(2)).say("451 4.2.0 greylisted"));
    let server = SmtpServer::start(refusing).await;
    let timed = timed(&[&server], 12, "per_day = 9\n");
    let report = timed.run(&Wish::Due).await;
    let issue = only(&report);
    let account = issue.account;
    assert_eq!((account.sent, account.failed, account.queued), (9, 2, 1));
    assert_eq!(issue.waiting, 0, "the one that is queued was put off");
}

/// A reader whose copy may have arrived counts, whatever the outbox does about it.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_takes_its_place() {
    let lost = at(Stage::Dot).skip(1).times(1).stored();
    let server = SmtpServer::start(Script::new().rule(lost)).await;
    let timed = timed(&[&server], 12, "per_day = 6\non_unknown = \"hold\"\n");
    let report = timed.run(&Wish::Due).await;
    let account = only(&report).account;
    assert_eq!((account.sent, account.held, account.queued), (5, 1, 6));
    assert_eq!(server.received().len(), 6);
    timed.advance(hours(25));
    timed.run(&Wish::Due).await;
    assert_eq!(server.received().len(), 12);
}

/// The hours are those of the machine: no day has to be waited for.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_has_used_its_places() {
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = newsletter(&[&server], 12, "per_day = 6\n");
    let gate = server.hold(Stage::Dot, 4);
    let mut child = newsletter.start(&["run"]);
    gate.reached().await;
    child.kill().unwrap();
    crate::support::newsletter::Ended::after(child).await;
    gate.release();
    server.alone().await;
    let ended = newsletter.run_beside(&["run"]).await;
    ended_with(&ended, 0);
    assert_eq!(server.offered().len(), 6, "{}", ended.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_says_so_and_ends_as_it_was_asked_to() {
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = newsletter(&[&server], 12, "per_day = 5\n");
    let ended = newsletter.run_beside(&["run"]).await;
    ended_with(&ended, 0);
    let full = format!(
        "  the 5 in 24 hours are used over {}; there is room from ",
        name(&server)
    );
    let waits = "  7 mails wait for that, and any later run sends them\n";
    for line in [&*full, waits] {
        assert!(ended.stdout.contains(line), "{line}\n{}", ended.stdout);
    }
    assert!(!ended.stdout.contains("--list queued"), "{}", ended.stdout);
    // Cron mails whatever is printed: this is no news.
    let quiet = newsletter.run_beside(&["-q", "run"]).await;
    ended_with(&quiet, 0);
    assert_eq!((&*quiet.stdout, &*quiet.stderr), ("", ""));
    // A test mail is one more; the cap is raised, and it counts.
    newsletter.post("tweede", "Het tweede bericht");
    ended_with(
        &newsletter.run_beside(&["send-test", "ik@example.nl"]).await,
        0,
    );
    assert_eq!(server.copies("ik@example.nl"), 1);
    newsletter.replace("courant.toml", "per_day = 5", "per_day = 8");
    ended_with(&newsletter.run_beside(&["run"]).await, 0);
    assert_eq!(server.received().len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_relay_may_not_carry_goes_to_the_next() {
    let one = SmtpServer::start(Script::new()).await;
    let two = SmtpServer::start(Script::new()).await;
    let timed = timed(&[&one, &two], 12, "per_day = 5\n");
    let table = |server: &SmtpServer, cap| {
        let address = server.address();
        let old = format!("\"smtp://{address}\"");
        let new = format!("{{ url = \"smtp://{address}\", per_day = {cap} }}");
        timed.newsletter.replace("courant.toml", &old, &new);
    };
    table(&one, 4);
    let report = timed.run(&Wish::Due).await;
    let issue = only(&report);
    assert_eq!(shares(issue), [(&*name(&one), 4), (&*name(&two), 5)]);
    assert_eq!((issue.waiting, &issue.stopped), (3, &None));

    // One that is down and one that is full: that is a stop, with both reasons.
    one.rule(at(Stage::Connect));
    timed.advance(hours(12));
    timed.run(&Wish::Due).await;
    timed
        .newsletter
        .replace("courant.toml", "per_day = 4", "per_day = 12");
    let report = timed.run(&Wish::Due).await;
    let why = only(&report).stopped.as_deref().unwrap();
    assert!(why.contains("three connections in a row"), "{why}");
    assert!(why.contains("the 5 in 24 hours are used"), "{why}");

    // The next day the second takes the rest although the first is down.
    timed.advance(hours(13));
    let report = timed.run(&Wish::Due).await;
    assert_eq!(
        (only(&report).account.sent, &only(&report).stopped),
        (12, &None)
    );
    assert_eq!(
        shares(only(&report)),
        [(&*name(&one), 0), (&*name(&two), 3)]
    );
    everyone_has_one(&[&one, &two], 12);
}

/// Two issues of one run share what there is.
#[tokio::test(flavor = "multi_thread")]
async fn a_cap_is_over_all_issues() {
    let server = SmtpServer::start(Script::new()).await;
    let timed = timed(&[&server], 4, "per_day = 6\n");
    timed.newsletter.write(
        "schedules/zomer.toml",
        "cron = \"0 8 * * *\"\ntimezone = \"Europe/Amsterdam\"\nfirst_run = \"send\"\ndefault = true\n",
    );
    let more: String = (4..8)
        .map(|n| {
            format!(
                "[[subscriber]]\nemail = \"{}\"\nschedules = [\"zomer\"]\n",
                reader(n)
            )
        })
        .collect();
    timed.newsletter.append("subscribers.toml", &more);
    let report = timed.run(&Wish::Default).await;
    let sent: i64 = report.issues.iter().map(|issue| issue.account.sent).sum();
    assert_eq!((sent, server.received().len()), (6, 6));
    timed.advance(hours(25));
    timed.run(&Wish::Default).await;
    assert_eq!(server.received().len(), 8);
}
