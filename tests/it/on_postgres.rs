//! The whole line with its state on a PostgreSQL server, and what only a shared database brings: a run lock that is a lease.

use std::process::Command;

use courant::model::IssueNumber;
use courant::pipeline::Wish;
use courant::store::{Store, StoreTarget};
use jiff::SignedDuration;
use secrecy::ExposeSecret;

use crate::support::newsletter::{Ended, Newsletter, header};
use crate::support::postgres::Postgres;
use crate::support::served::{Served, link};
use crate::support::smtp::{Script, SmtpServer, Stage, at};
use crate::support::timed::Timed;

/// Connections that the newsletter's runs open.
const CONNECTIONS: usize = 4;

/// The address of a database of the test's own; `None` where there is no PostgreSQL.
async fn database(name: &str) -> Option<String> {
    let server = Postgres::of_all_tests("the whole line on PostgreSQL").await?;
    Some(server.create(name).await.expose_secret().to_owned())
}

/// A newsletter that keeps its state there.
fn newsletter(relay: &str, address: &str, readers: usize) -> Newsletter {
    let mut newsletter = Newsletter::new(relay);
    newsletter.set("DATABASE_URL", address);
    newsletter.readers(readers);
    newsletter
}

fn sending_to(
    server: &SmtpServer,
    address: &str,
    readers: usize,
    connections: usize,
) -> Newsletter {
    let newsletter = newsletter(&format!("smtp://{}", server.address()), address, readers);
    newsletter.append("courant.toml", &format!("connections = {connections}\n"));
    newsletter
}

fn everyone_has_one(server: &SmtpServer, readers: usize) {
    assert_eq!(server.received().len(), readers);
    for n in 0..readers {
        assert_eq!(server.copies(&format!("reader{n}@example.nl")), 1, "{n}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_run_sends_and_the_second_does_not() {
    let Some(address) = &database("first").await else {
        return;
    };
    let newsletter = newsletter("mailbox", address, 3);
    let first = newsletter.run_beside(&["run"]).await;
    assert_eq!(first.code, 0, "{}\n{}", first.stdout, first.stderr);
    let mut got: Vec<String> = newsletter
        .mailbox()
        .iter()
        .map(|message| header(message, "Delivered-To").to_owned())
        .collect();
    got.sort();
    let all = [0, 1, 2].map(|n| format!("reader{n}@example.nl"));
    assert_eq!(got, all);
    let again = newsletter.run_beside(&["run"]).await;
    assert_eq!(again.code, 0, "{}\n{}", again.stdout, again.stderr);
    assert!(again.stdout.contains("nothing new"), "{}", again.stdout);
    assert_eq!(newsletter.mailbox().len(), 3);
    let account = newsletter.account("1").await;
    assert_eq!(
        (&account["sent"], &account["balances"]),
        (&3.into(), &true.into())
    );
    assert!(
        !newsletter.path("state/courant.db").exists(),
        "the state was to be on the server"
    );
    let doctor = newsletter.run_beside(&["doctor"]).await;
    let words = "PostgreSQL: whole, version";
    assert_eq!(doctor.code, 0, "{}\n{}", doctor.stdout, doctor.stderr);
    assert!(doctor.stdout.contains(words), "{}", doctor.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_while_a_run_is_sending_is_honoured() {
    let Some(address) = &database("click").await else {
        return;
    };
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = sending_to(&server, address, 12, 1);
    assert_eq!(newsletter.run_beside(&["run"]).await.code, 0);
    // Readers are mailed in an order of their own, the same each time: the last one's turn is far away.
    let last = server.received().pop().unwrap();
    let (leaver, path) = (last.to[0].as_str(), link(&last));

    newsletter.post("tweede", "Het tweede bericht");
    let gate = server.hold(Stage::Dot, 12 + 3);
    let sending = newsletter.start(&["run"]);
    gate.reached().await;
    let served = Served::start(&newsletter).await;
    assert_eq!(served.ask("GET", "/issues/2/", "", "").await.0, 200);
    assert_eq!(served.ask("GET", &path, "", "").await.0, 200);
    assert_eq!(served.click(&path).await, 200);
    gate.release();
    let ended = Ended::after(sending).await;
    assert!(
        ended.stdout.contains("11 sent, 0 failed, 1 suppressed"),
        "{}\n{}",
        ended.stdout,
        ended.stderr
    );
    assert_eq!(server.copies(leaver), 1);

    newsletter.post("derde", "Het derde bericht");
    let next = newsletter.run_beside(&["run"]).await;
    assert!(
        next.stdout
            .contains("left out: r…@example.nl (unsubscribed)"),
        "{}",
        next.stdout
    );
    assert_eq!(server.received().len(), 12 + 11 + 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_at_the_same_time_goes_home() {
    let Some(address) = &database("twice").await else {
        return;
    };
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = sending_to(&server, address, 10, CONNECTIONS);
    let gate = server.hold(Stage::Dot, 3);
    let first = newsletter.start(&["run"]);
    gate.reached().await;
    let second = newsletter.run_beside(&["run"]).await;
    assert_eq!(second.code, 0, "{}\n{}", second.stdout, second.stderr);
    assert!(
        second.stdout.contains("already under way"),
        "{}",
        second.stdout
    );
    gate.release();
    let first = Ended::after(first).await;
    assert_eq!(first.code, 0, "{}\n{}", first.stdout, first.stderr);
    everyone_has_one(&server, 10);
    // The lock was given back: the next run need not wait for a lease.
    let third = newsletter.run_beside(&["run"]).await;
    assert!(third.stdout.contains("nothing new"), "{}", third.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_is_finished_once_its_leases_have_run_out() {
    let Some(address) = &database("killed").await else {
        return;
    };
    let readers = 200;
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = sending_to(&server, address, readers, CONNECTIONS);
    let gate = server.hold(Stage::Dot, 100);
    let child = newsletter.start(&["run"]);
    gate.reached().await;
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-KILL", &id])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(Ended::after(child).await.code, -1, "it was to be killed");
    gate.release();
    let before = newsletter.account("1").await;
    assert_eq!(before["balances"], true, "{before}");
    assert!(before["queued"].as_i64().unwrap() > 0, "{before}");
    let early = newsletter.run_beside(&["run"]).await;
    assert!(
        early.stdout.contains("already under way"),
        "nobody can know yet that it is dead\n{}",
        early.stdout
    );

    // The real clock sealed it; a clock behind all its leases finds what it left.
    let pipeline = Timed::new(newsletter, "2026-11-23T08:00:00Z");
    let sealed_at = {
        let pipeline = pipeline.open().await;
        let issue = pipeline.store.issue_load(IssueNumber(1)).await.unwrap();
        pipeline.store.close().await;
        issue.unwrap().sealed_at
    };
    pipeline.set(&(sealed_at + SignedDuration::from_hours(1)).to_string());
    let report = pipeline.run(&Wish::Default).await;
    let issue = &report.issues[0];
    let recovered = issue.recovered.unwrap();
    assert!(issue.resumed && recovered.released + recovered.resent > 0);
    assert_eq!(issue.account.sent, 200, "{issue:?}");
    let mut twice = 0;
    for n in 0..readers {
        match server.copies(&format!("reader{n}@example.nl")) {
            1 => {}
            2 => twice += 1,
            copies => panic!("reader{n} has {copies} copies"),
        }
    }
    assert!(twice <= CONNECTIONS, "{twice} readers have copies");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_run_keeps_its_lock() {
    let Some(address) = &database("long").await else {
        return;
    };
    let server = SmtpServer::start(Script::new()).await;
    let timed = Timed::new(sending_to(&server, address, 6, 1), "2026-11-23T08:00:00Z");
    let gates = [1, 2, 3, 4].map(|message| server.hold(Stage::Dot, message));
    let other = open(address).await;
    let run = async { timed.run(&Wish::Default).await };
    let slow = async {
        for gate in gates {
            gate.reached().await;
            // Each message takes long, and all of them longer than a lease lasts.
            timed.advance(SignedDuration::from_mins(6));
            let now = timed.now();
            let taken = other.run_lock("another", now, now).await.unwrap();
            assert!(taken.is_none(), "the lock of a live run was taken");
            gate.release();
        }
    };
    let (report, ()) = tokio::join!(run, slow);
    assert_eq!(report.issues[0].account.sent, 6, "{report:?}");
    assert!(!report.overtaken);
    everyone_has_one(&server, 6);
    other.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_lost_its_lock_ends_and_the_other_goes_on() {
    let Some(address) = &database("lost").await else {
        return;
    };
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = sending_to(&server, address, 20, 1);
    // A second schedule, which the run that lost its lock must not come to.
    newsletter.write(
        "schedules/zomer.toml",
        "cron = \"0 8 * * *\"\ntimezone = \"Europe/Amsterdam\"\nfirst_run = \"send\"\ndefault = true\n",
    );
    let timed = Timed::new(newsletter, "2026-11-23T08:00:00Z");
    let gate = server.hold(Stage::Dot, 3);
    let other = open(address).await;
    let run = async { timed.run(&Wish::Default).await };
    let thief = async {
        gate.reached().await;
        // As if the machine had slept.
        timed.advance(SignedDuration::from_mins(11));
        let now = timed.now();
        let until = now + SignedDuration::from_mins(10);
        let taken = other.run_lock("another", now, until).await.unwrap();
        gate.release();
        taken.unwrap()
    };
    let (report, taken) = tokio::join!(run, thief);
    assert!(report.overtaken);
    let [issue] = &report.issues[..] else {
        panic!("{report:?}");
    };
    assert_eq!(issue.stopped.as_deref(), Some("another run took over"));
    assert_eq!(
        (issue.account.sent, issue.account.queued),
        (3, 17),
        "what the relay had taken is recorded, and nothing more was offered"
    );
    assert_eq!(server.offered().len(), 3);

    let idle = timed.run(&Wish::Default).await;
    assert!(
        idle.already_running,
        "it released a lock that is not its own"
    );
    taken.release().await.unwrap();
    // What it had claimed went back to the queue, and nobody waits for its leases.
    let next = timed.run(&Wish::Default).await;
    assert_eq!(next.issues[0].account.sent, 20, "{next:?}");
    everyone_has_one(&server, 20);
    other.close().await;
}

/// The first relay takes a message without a word and is down from then on; its cap and that of the second hold.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_relay_may_have_goes_to_no_other() {
    let Some(address) = &database("relays").await else {
        return;
    };
    let script = Script::new()
        .rule(at(Stage::Dot).skip(3).times(1).stored())
        .rule(at(Stage::Connect).skip(1));
    let one = SmtpServer::start(script).await;
    let two = SmtpServer::start(Script::new()).await;
    let newsletter = sending_to(&one, address, 12, 1);
    let first = format!("\"smtp://{}\"", one.address());
    let both = format!("[{first}, \"smtp://{}\"]\nper_day = 6", two.address());
    newsletter.replace("courant.toml", &first, &both);
    let timed = Timed::new(newsletter, "2026-11-23T08:00:00Z");
    let report = timed.run(&Wish::Default).await;
    let account = report.issues[0].account;
    assert_eq!((account.sent, account.queued), (9, 3), "{report:?}");
    assert_eq!((one.received().len(), two.received().len()), (4, 6));
    let victim = one.received()[3].to[0].clone();
    assert_eq!(two.copies(&victim), 0);

    // A day later it is down still, and the second takes what nobody has.
    timed.advance(SignedDuration::from_hours(25));
    let report = timed.run(&Wish::Default).await;
    assert_eq!(report.issues[0].account.sent, 11, "{report:?}");
    one.rule(at(Stage::Connect).raw("220 here again\r\n"));
    let report = timed.run(&Wish::Default).await;
    assert_eq!(report.issues[0].account.sent, 12, "{report:?}");
    assert_eq!((one.copies(&victim), two.copies(&victim)), (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_programs_may_open_a_new_database_at_once() {
    let Some(address) = &database("new").await else {
        return;
    };
    let newsletter = Newsletter::new("mailbox");
    newsletter.append("courant.toml", &format!("[store]\nurl = \"{address}\"\n"));
    newsletter.readers(2);
    let children: Vec<_> = (0..4)
        .map(|_| newsletter.start(&["issues", "list"]))
        .collect();
    for child in children {
        let ended = Ended::after(child).await;
        assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    }
    assert_eq!(newsletter.run_beside(&["run"]).await.code, 0);
    assert_eq!(newsletter.mailbox().len(), 2);
}

async fn open(address: &str) -> Store {
    Store::open(&StoreTarget::Postgres(address.into()))
        .await
        .unwrap()
}
