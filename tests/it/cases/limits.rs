//! Relays that take so many messages a connection, or so many connections: all mail goes out in one run, nobody is put off,
//! and the number is remembered.

use crate::support::smtp::{Script, SmtpServer, Stage, at};

use super::refusals::newsletter;

/// A server that takes so many messages over one connection, and then says this at a stage.
fn limited(stage: Stage, most: usize, said: &str) -> Script {
    let rule = at(stage).after_messages(most).say(said);
    Script::new()
        .offers(&["PIPELINING", "8BITMIME", "SMTPUTF8"])
        .rule(rule)
}

/// All have it after one run, over connections of `most` messages; the next issue offends nobody any more.
async fn all_in_one_run(stage: Stage, said: &str) {
    const MOST: usize = 7;
    const READERS: usize = 60;
    let server = SmtpServer::start(limited(stage, MOST, said)).await;
    let newsletter = newsletter(&[&server], READERS, true);
    let ended = newsletter.run_beside(&["run"]).await;
    assert_eq!(ended.code, 0, "{said} {}\n{}", ended.stdout, ended.stderr);
    assert!(
        !ended.stdout.contains("slowed down"),
        "{said} {}",
        ended.stdout
    );
    assert_eq!(server.received().len(), READERS, "{said}");
    for n in 0..READERS {
        assert_eq!(server.copies(&format!("reader{n}@example.nl")), 1, "{said}");
    }
    let refused = server.refusals(said);
    assert!(refused > 0, "{said}");
    newsletter.post("tweede", "Het tweede bericht");
    let ended = newsletter.run_beside(&["run"]).await;
    assert_eq!(ended.code, 0, "{said} {}\n{}", ended.stdout, ended.stderr);
    assert_eq!(server.received().len(), 2 * READERS, "{said}");
    assert_eq!(
        server.refusals(said),
        refused,
        "{said}: it was not remembered"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_messages_that_is_told_at_mail() {
    let said = "452 4.4.5 Maximum number of messages per session exceeded.";
    all_in_one_run(Stage::Mail, said).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_messages_that_is_told_at_data() {
    let said = "451 Requested action aborted: Mails per session limit exceeded";
    all_in_one_run(Stage::Data, said).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_messages_that_is_told_at_rcpt_and_without_words() {
    all_in_one_run(Stage::Rcpt, "450 4.7.1 not any more today").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_messages_that_hangs_up() {
    let said = "421 4.7.0 too many messages in this connection";
    all_in_one_run(Stage::Mail, said).await;
}

/// Four connections are tried, and one is taken.
#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_connections() {
    let said = "421 Too many concurrent SMTP connections; please try again later.";
    let script = Script::new().connections(1, said);
    let server = SmtpServer::start(script).await;
    let newsletter = newsletter(&[&server], 60, true);
    let ended = newsletter.run_beside(&["run"]).await;
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(server.received().len(), 60);
    assert!(!ended.stdout.contains("slowed down"), "{}", ended.stdout);
}

/// One connection at a time, and few messages over each: the server may not have noticed yet that the last one is closed.
#[tokio::test(flavor = "multi_thread")]
async fn both_limits_at_once() {
    let said = "421 4.3.2 too many connections from you";
    let most = "452 4.4.5 Maximum number of messages per session exceeded.";
    let script = limited(Stage::Mail, 5, most).connections(1, said);
    let server = SmtpServer::start(script).await;
    let newsletter = newsletter(&[&server], 30, true);
    let ended = newsletter.run_beside(&["run"]).await;
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(server.received().len(), 30);
}
