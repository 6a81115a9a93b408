//! The promise about every mail: in the same words everywhere, accounted for, and kept when the operator steps in.

use std::process::Child;

use serde_json::{Value, json};
use sqlx::{Connection, Executor, SqliteConnection};

use crate::support::newsletter::{Ended, Newsletter};
use crate::support::smtp::{Script, SmtpServer, Stage, at};

const GREYLISTED: &str = "451 4.2.0 greylisted, try again later";

/// A newsletter that sends to a server of the test's own over one connection.
async fn sending(script: Script, readers: usize) -> (SmtpServer, Newsletter) {
    let server = SmtpServer::start(script).await;
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.append("courant.toml", "connections = 1\n");
    newsletter.readers(readers);
    (server, newsletter)
}

async fn expect(newsletter: &Newsletter, arguments: &[&str], code: i32) -> Ended {
    let ended = newsletter.run_beside(arguments).await;
    assert_eq!(
        ended.code, code,
        "{arguments:?}\n{}\n{}",
        ended.stdout, ended.stderr
    );
    ended
}

async fn ended(child: Child, code: i32) -> Ended {
    let ended = Ended::after(child).await;
    assert_eq!(ended.code, code, "{}\n{}", ended.stdout, ended.stderr);
    ended
}

/// The words of a text, without the marks of its form.
fn words(text: &str) -> String {
    let text = text.replace(['*', '>'], " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let from = text
        .find(from)
        .unwrap_or_else(|| panic!("no {from:?} in\n{text}"));
    let rest = &text[from..];
    &rest[..rest
        .find(to)
        .unwrap_or_else(|| panic!("no {to:?} in\n{rest}"))
        + to.len()]
}

#[test]
fn the_promise_is_the_same_in_the_readme_and_in_the_help() {
    let newsletter = Newsletter::new("mailbox");
    let help = newsletter.expect(&["help", "delivery"], 0).stdout;
    let readme = include_str!("../../README.md");
    let (said, written) = (words(&help), words(readme));
    let promise = |text: &str| between(text, "Once a run has sealed", "had not begun.").to_owned();
    assert_eq!(promise(&said), promise(&written));
    assert!(
        help.lines().all(|line| line.chars().count() <= 80),
        "{help}"
    );
    assert!(help.contains("planned = sent + failed + suppressed + held + queued"));
}

#[test]
fn help_explains_commands_as_their_flag_does() {
    let newsletter = Newsletter::new("mailbox");
    for command in [&["run"][..], &["issues", "retry"], &[]] {
        let asked = newsletter
            .expect(&[&["help"][..], command].concat(), 0)
            .stdout;
        let flag = newsletter
            .expect(&[command, &["--help"]].concat(), 0)
            .stdout;
        assert_eq!(asked, flag);
    }
    let unknown = newsletter.expect(&["help", "dilevery"], 2);
    assert!(
        unknown.stderr.contains("topics: `delivery`"),
        "{}",
        unknown.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_tells_state_domain_and_cause() {
    let script = Script::new()
        .rule(
            at(Stage::Rcpt)
                .to("reader0@example.nl")
                .say("550 5.1.1 no such user"),
        )
        .rule(
            at(Stage::Rcpt)
                .to("reader1@example.nl")
                .say("552 5.2.2 over quota"),
        )
        .rule(at(Stage::Rcpt).to("reader2@example.nl").say(GREYLISTED));
    let (_server, newsletter) = sending(script, 4).await;
    newsletter.append(
        "subscribers.toml",
        "[[subscriber]]\nemail = \"jan@elders.example\"\n",
    );
    expect(&newsletter, &["run"], 1).await;
    let account = newsletter.account("1").await;
    let expected = json!([
        {"state": "sent", "cause": "taken by the relay", "deliveries": 2},
        {"state": "failed", "cause": "mailbox gone", "deliveries": 1},
        {"state": "failed", "cause": "mailbox full", "deliveries": 1},
        {"state": "queued", "cause": "greylisted", "deliveries": 1},
    ]);
    assert_eq!(account["causes"], expected);
    let domains: Vec<_> = account["domains"].as_array().unwrap().iter().collect();
    assert_eq!(
        (&domains[0]["domain"], &domains[0]["planned"]),
        (&json!("example.nl"), &json!(4))
    );
    assert_eq!(domains[1]["sent"], 1);
    assert_eq!(account["balances"], true);
    assert_eq!(
        account["readers"],
        json!([]),
        "nobody is named unless asked for"
    );

    let shown = expect(&newsletter, &["issues", "account", "1"], 0)
        .await
        .stdout;
    assert!(
        shown.contains("the account balances") && !shown.contains("reader"),
        "{shown}"
    );
    let failed = expect(
        &newsletter,
        &["issues", "account", "1", "--list", "failed"],
        0,
    )
    .await;
    assert!(
        failed.stdout.contains("reader1@example.nl"),
        "{}",
        failed.stdout
    );
    assert!(!failed.stdout.contains("reader2@"), "{}", failed.stdout);
}

/// A connection that has proved fast has several messages ready, and each of them its intent.
#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_heard_before_what_waits_under_its_intent() {
    let script = Script::new().offers(&["PIPELINING", "8BITMIME"]);
    let (server, newsletter) = sending(script, 80).await;
    let gate = server.hold(Stage::Dot, 60);
    let run = newsletter.start(&["run"]);
    gate.reached().await;
    expect(&newsletter, &["issues", "pause", "1"], 0).await;
    gate.release();
    let run = ended(run, 0).await;
    let words = "60 sent, 0 failed, 0 suppressed, 0 held, 20 queued";
    assert!(run.stdout.contains(words), "{}", run.stdout);
    assert_eq!(server.received().len(), 60);
    expect(&newsletter, &["issues", "resume", "1"], 0).await;
    expect(&newsletter, &["run"], 0).await;
    let mut got: Vec<_> = server.received().iter().map(|one| one.to.clone()).collect();
    got.sort();
    got.dedup();
    assert_eq!((got.len(), server.received().len()), (80, 80));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_ends_a_running_send_within_one_message_and_resume_goes_on() {
    let (server, newsletter) = sending(Script::new(), 20).await;
    let gate = server.hold(Stage::Dot, 4);
    let run = newsletter.start(&["run"]);
    gate.reached().await;
    let paused = expect(&newsletter, &["issues", "pause", "1"], 0).await;
    assert!(
        paused.stdout.contains("17 mails queued"),
        "{}",
        paused.stdout
    );
    gate.release();
    let run = ended(run, 0).await;
    assert!(
        run.stdout
            .contains("4 sent, 0 failed, 0 suppressed, 0 held, 16 queued"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains(" issues resume 1"), "{}", run.stdout);
    assert_eq!(
        server.received().len(),
        4,
        "the message in hand was the last"
    );

    let still = expect(&newsletter, &["-q", "run", "--due"], 0).await;
    assert_eq!((still.stdout.as_str(), still.stderr.as_str()), ("", ""));
    assert_eq!(server.received().len(), 4);
    expect(&newsletter, &["issues", "resume", "1"], 0).await;
    expect(&newsletter, &["run", "--due"], 0).await;
    assert_eq!(server.received().len(), 20);
    assert!((0..20).all(|n| server.copies(&format!("reader{n}@example.nl")) == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_ends_a_running_send_and_the_rest_is_suppressed() {
    let (server, newsletter) = sending(Script::new(), 20).await;
    let gate = server.hold(Stage::Dot, 4);
    let run = newsletter.start(&["run"]);
    gate.reached().await;
    expect(&newsletter, &["issues", "cancel", "1"], 0).await;
    gate.release();
    let run = ended(run, 0).await;
    let account = "4 sent, 0 failed, 16 suppressed, 0 held, 0 queued";
    assert!(run.stdout.contains(account), "{}", run.stdout);
    assert_eq!(server.received().len(), 4);
    let causes = &newsletter.account("1").await["causes"];
    let cancelled = json!({"state": "suppressed", "cause": "cancelled", "deliveries": 16});
    assert_eq!(causes[1], cancelled);
    let refused = expect(&newsletter, &["issues", "resume", "1"], 65).await;
    assert!(
        refused.stderr.contains("issue 1 was cancelled"),
        "{}",
        refused.stderr
    );
    expect(&newsletter, &["issues", "retry", "1"], 65).await;
    expect(&newsletter, &["run"], 0).await;
    assert_eq!(server.received().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_after_a_crash_accounts_for_what_was_in_hand() {
    let (server, newsletter) = sending(Script::new(), 6).await;
    let gate = server.hold(Stage::Dot, 3);
    let mut run = newsletter.start(&["run"]);
    gate.reached().await;
    run.kill().unwrap();
    run.wait().unwrap();
    gate.release();
    expect(&newsletter, &["issues", "cancel", "1"], 0).await;
    expect(&newsletter, &["run", "--due"], 1).await;
    let account = newsletter.account("1").await;
    let states = ["sent", "suppressed", "held", "queued"].map(|state| account[state].clone());
    assert_eq!(states, [2, 3, 1, 0].map(Value::from), "{account}");
    assert_eq!(server.received().len(), 3, "nothing more was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_sends_what_was_put_off_failed_or_held_and_nothing_else() {
    let script = Script::new()
        .rule(
            at(Stage::Rcpt)
                .to("reader0@example.nl")
                .times(1)
                .say("550 5.1.1 no such user"),
        )
        .rule(
            at(Stage::Rcpt)
                .to("reader1@example.nl")
                .times(1)
                .say("550 5.2.1 not today"),
        )
        .rule(
            at(Stage::Rcpt)
                .to("reader2@example.nl")
                .times(1)
                .say(GREYLISTED),
        );
    let (server, newsletter) = sending(script, 4).await;
    expect(&newsletter, &["run"], 1).await;
    let retry = async |flag: &[&str]| {
        let arguments = [&["issues", "retry", "1", "--json"][..], flag].concat();
        let printed = expect(&newsletter, &arguments, 0).await.stdout;
        let printed: Value = serde_json::from_str(&printed).unwrap();
        ["deferred", "held", "failed"].map(|state| printed[state].as_i64().unwrap())
    };
    assert_eq!(retry(&[]).await, [1, 0, 0]);
    expect(&newsletter, &["run", "--due"], 1).await;
    assert_eq!(server.copies("reader2@example.nl"), 1);
    assert_eq!(
        retry(&["--failed", "--held"]).await,
        [0, 0, 1],
        "no mailbox, no retry"
    );
    expect(&newsletter, &["run", "--due"], 1).await;
    let copies = [0, 1, 2, 3].map(|n| server.copies(&format!("reader{n}@example.nl")));
    assert_eq!(copies, [0, 1, 1, 1]);
    expect(&newsletter, &["issues", "retry", "9"], 66).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_does_not_balance_is_our_fault_and_said_in_numbers() {
    let script = Script::new().rule(at(Stage::Rcpt).to("reader0@example.nl").say(GREYLISTED));
    let (_server, newsletter) = sending(script, 3).await;
    expect(&newsletter, &["run"], 1).await;
    let url = format!("sqlite://{}", newsletter.path("state/courant.db").display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    let lost = "UPDATE issue SET planned = 4";
    database.execute(lost).await.unwrap();
    database.close().await.unwrap();
    let fault = "the account of issue 1 does not balance: 4 planned, 3 found (2 sent, 0 failed, 0 suppressed, 0 held, 1 queued)";
    for command in [&["issues", "account", "1"][..], &["-q", "run", "--due"]] {
        let ended = expect(&newsletter, command, 70).await;
        assert!(ended.stderr.contains(fault), "{}", ended.stderr);
    }
}
