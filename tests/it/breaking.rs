//! A run that breaks, is killed, is told to end, or meets another: nobody is missed, nobody gets more than the promise says.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Command};

use crate::support::http::{Answer, HttpServer};
use crate::support::newsletter::{Ended, Newsletter};
use crate::support::smtp::{Received, Script, SmtpServer, Stage, at};

/// Connections that the newsletter's runs open.
const CONNECTIONS: usize = 4;

/// A newsletter that sends to the server over four connections.
fn newsletter(server: &SmtpServer, readers: usize) -> Newsletter {
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.append("courant.toml", &format!("connections = {CONNECTIONS}\n"));
    newsletter.readers(readers);
    newsletter
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

/// Stored messages by their recipient.
fn by_reader(server: &SmtpServer) -> BTreeMap<String, Vec<Received>> {
    let mut readers: BTreeMap<String, Vec<Received>> = BTreeMap::new();
    for message in server.received() {
        readers
            .entry(message.to[0].clone())
            .or_default()
            .push(message);
    }
    readers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_killed_in_the_middle_of_a_thousand_is_finished_by_the_next() {
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = newsletter(&server, 1_000);
    let gate = server.hold(Stage::Dot, 500);
    let child = newsletter.start(&["run"]);
    gate.reached().await;
    signal(&child, "-KILL");
    let broken = Ended::after(child).await;
    assert_eq!(broken.code, -1, "it was to be killed");
    gate.release();
    let before = newsletter.account("1").await;
    assert_eq!(before["balances"], true, "{before}");
    assert!(before["queued"].as_i64().unwrap() > 0, "{before}");

    let second = newsletter.run_beside(&["run"]).await;
    assert_eq!(second.code, 0, "{}\n{}", second.stdout, second.stderr);
    assert!(
        second.stdout.contains("left by a run that broke"),
        "{}",
        second.stdout
    );
    let after = newsletter.account("1").await;
    assert_eq!(
        (after["sent"].as_i64(), after["balances"].as_bool()),
        (Some(1_000), Some(true)),
        "{after}"
    );

    let readers = by_reader(&server);
    assert_eq!(readers.len(), 1_000, "somebody is missing");
    let twice: Vec<_> = readers.values().filter(|copies| copies.len() > 1).collect();
    println!(
        "killed: {before}\nafter: {after}\nreaders with a copy: {}",
        twice.len()
    );
    assert!(
        twice.len() <= CONNECTIONS,
        "{} readers have copies",
        twice.len()
    );
    for copies in twice {
        assert_eq!(copies.len(), 2);
        assert_eq!(copies[0].content, copies[1].content, "the copies differ");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_hold_a_killed_run_makes_no_copy_and_names_whom_it_holds() {
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = newsletter(&server, 100);
    newsletter.append("courant.toml", "on_unknown = \"hold\"\n");
    let gate = server.hold(Stage::Dot, 50);
    let child = newsletter.start(&["run"]);
    gate.reached().await;
    signal(&child, "-KILL");
    Ended::after(child).await;
    gate.release();
    let second = newsletter.run_beside(&["run"]).await;
    assert_eq!(
        second.code, 1,
        "held deliveries are not done\n{}",
        second.stdout
    );
    let ended = newsletter
        .run_beside(&["issues", "account", "1", "--list", "held", "--json"])
        .await;
    let after: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let held = after["held"].as_u64().unwrap() as usize;
    assert!((1..=CONNECTIONS).contains(&held), "{after}");
    assert_eq!(after["readers"].as_array().unwrap().len(), held);
    let readers = by_reader(&server);
    assert!(
        readers.values().all(|copies| copies.len() == 1),
        "a copy was made"
    );
    assert!(
        readers.len() + held >= 100,
        "somebody is neither mailed nor held"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_at_the_same_time_goes_home() {
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = newsletter(&server, 10);
    let gate = server.hold(Stage::Dot, 3);
    let first = newsletter.start(&["run"]);
    gate.reached().await;
    let second = newsletter.run_beside(&["run"]).await;
    assert_eq!(second.code, 0);
    assert!(
        second.stdout.contains("already under way"),
        "{}",
        second.stdout
    );
    gate.release();
    let first = Ended::after(first).await;
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert_eq!(server.received().len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_finishes_the_message_in_hand_and_leaves_the_rest_queued() {
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = newsletter(&server, 40);
    newsletter.replace("courant.toml", "connections = 4", "connections = 1");
    let weekly = newsletter.read("schedules/weekly.toml");
    newsletter.write("schedules/zondag.toml", &weekly);
    newsletter.append(
        "subscribers.toml",
        "[[subscriber]]\nemail = \"zondag@example.nl\"\nschedules = [\"zondag\"]\n",
    );
    let gate = server.hold(Stage::Dot, 7);
    let mut child = newsletter.start(&["-v", "run"]);
    gate.reached().await;
    signal(&child, "-TERM");
    let stderr = heard(child.stderr.take().unwrap(), "asked to end").await;
    gate.release();
    let stopped = Ended::after(child).await;
    drop(stderr);
    assert_eq!(stopped.code, 0, "{}", stopped.stdout);
    let account = newsletter.account("1").await;
    assert_eq!(account["balances"], true);
    assert_eq!(
        (account["sent"].as_i64(), account["held"].as_i64()),
        (Some(7), Some(0))
    );
    assert_eq!(account["queued"], 33, "{account}");
    assert_eq!(server.received().len(), 7);
    let issues = newsletter.run_beside(&["issues", "list", "--json"]).await;
    assert!(
        !issues.stdout.contains("zondag"),
        "an issue was sealed after the signal"
    );

    newsletter.run_beside(&["run"]).await;
    let readers = by_reader(&server);
    assert_eq!(readers.len(), 41);
    assert!(
        readers.values().all(|copies| copies.len() == 1),
        "a copy was made"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_does_not_wait_for_a_source_that_hangs() {
    let (http, server) = (HttpServer::start(), SmtpServer::start(Script::new()).await);
    http.on("/hangt", Answer::hang());
    for command in ["run", "gather"] {
        let newsletter = newsletter(&server, 2);
        let url = http.url("/hangt");
        newsletter.append(
            "courant.toml",
            &format!(
                "[[source]]\nname = \"hangt\"\nurl = \"{url}\"\n[gather]\nallow = [\"127.0.0.1\"]\n"
            ),
        );
        let before = http.requests().len();
        let child = newsletter.start(&["-v", command]);
        http.arrived(before + 1).await;
        signal(&child, "-TERM");
        let stopped = Ended::after(child).await;
        assert_eq!(stopped.code, 0, "{}\n{}", stopped.stdout, stopped.stderr);
        assert!(
            !stopped.stderr.contains("fell silent"),
            "{}",
            stopped.stderr
        );
    }
    assert_eq!(
        server.received().len(),
        0,
        "nothing was sealed after the signal"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_does_not_wait_for_a_picture_or_a_hub_that_hangs() {
    let (http, server) = (HttpServer::start(), SmtpServer::start(Script::new()).await);
    http.on("/hangt", Answer::hang());
    let url = http.url("/hangt");
    let mut newsletter = newsletter(&server, 2);
    newsletter.set("COURANT_GATHER__PICTURES", "true");
    newsletter.append(
        "courant.toml",
        &format!("[gather]\nallow = [\"127.0.0.1\"]\n[feeds]\nhub = \"{url}\"\n"),
    );
    let post = |image: &str| {
        format!("---\ntitle: Eén\ndate: 2026-11-02\n{image}---\n\nGenoeg woorden om te lezen.\n")
    };
    newsletter.write("posts/eerste.md", &post(&format!("image: {url}\n")));
    let child = newsletter.start(&["run"]);
    http.arrived(1).await;
    signal(&child, "-TERM");
    let stopped = Ended::after(child).await;
    assert_eq!(stopped.code, 0, "{}\n{}", stopped.stdout, stopped.stderr);
    let issues = newsletter.run_beside(&["issues", "list", "--json"]).await;
    assert_eq!(issues.stdout, "[]\n", "nothing was sealed after the signal");

    newsletter.write("posts/eerste.md", &post(""));
    let child = newsletter.start(&["run"]);
    http.arrived(2).await;
    signal(&child, "-TERM");
    let stopped = Ended::after(child).await;
    assert_eq!(stopped.code, 0, "{}\n{}", stopped.stdout, stopped.stderr);
    assert!(
        !stopped.stderr.contains("was not told"),
        "{}",
        stopped.stderr
    );
    assert_eq!(newsletter.account("1").await["queued"], 2);
    let next = newsletter.run_beside(&["-v", "run", "--due"]).await;
    assert_eq!(next.code, 0, "{}\n{}", next.stdout, next.stderr);
    let received: Vec<_> = server.received().into_iter().map(|m| m.to).collect();
    assert_eq!(
        received.len(),
        2,
        "{received:?}\n{}\n{}",
        next.stdout,
        next.stderr
    );
}

/// Reads a program's log until it says these words; the rest is the caller's to keep open.
async fn heard(stderr: ChildStderr, words: &'static str) -> BufReader<ChildStderr> {
    let reading = tokio::task::spawn_blocking(move || {
        let mut log = BufReader::new(stderr);
        let mut line = String::new();
        while !line.contains(words) {
            line.clear();
            assert!(
                log.read_line(&mut line).unwrap() > 0,
                "it never said {words:?}"
            );
        }
        log
    });
    reading.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_mailbox_fails_alone_and_is_not_mailed_again() {
    let gone = at(Stage::Rcpt)
        .to("reader3@example.nl")
        .say("550 5.1.1 no such user");
    let server = SmtpServer::start(Script::new().rule(gone)).await;
    let newsletter = newsletter(&server, 10);
    let first = newsletter.run_beside(&["run"]).await;
    assert_eq!(first.code, 1, "{}", first.stdout);
    assert!(
        first.stdout.contains("9 sent, 1 failed"),
        "{}",
        first.stdout
    );
    newsletter.post("tweede", "Het tweede bericht");
    let second = newsletter.run_beside(&["run"]).await;
    assert_eq!(second.code, 0, "{}", second.stdout);
    assert!(
        second.stdout.contains("left out: r…@example.nl (bounced)"),
        "{}",
        second.stdout
    );
    let offers = server
        .heard()
        .iter()
        .filter(|heard| heard.line.contains("reader3@"))
        .count();
    assert_eq!(offers, 1);
}
