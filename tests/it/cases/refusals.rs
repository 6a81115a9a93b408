//! A relay that refuses us, and not single readers: nobody is failed or suppressed for it, the next relay takes over, and
//! without one the run stops, with the relay's words.

use crate::support::newsletter::{Ended, Newsletter};
use crate::support::smtp::{Rule, Script, SmtpServer, Stage, at};

/// A newsletter over these servers, in this order, for readers at as many domains as there are readers, or at one.
pub fn newsletter(servers: &[&SmtpServer], readers: usize, one_domain: bool) -> Newsletter {
    let newsletter = Newsletter::new("mailbox");
    let relays: Vec<String> = servers
        .iter()
        .map(|server| format!("\"smtp://{}\"", server.address()))
        .collect();
    let relays = format!("relay = [{}]\n", relays.join(", "));
    newsletter.replace("courant.toml", "relay = \"mailbox\"\n", &relays);
    match one_domain {
        true => newsletter.readers(readers),
        false => {
            let entry = |n| format!("[[subscriber]]\nemail = \"reader@d{n}.example\"\n\n");
            let entries: String = (0..readers).map(entry).collect();
            newsletter.append("subscribers.toml", &entries);
        }
    }
    newsletter
}

fn ended_with(ended: &Ended, code: i32) {
    assert_eq!(ended.code, code, "{}\n{}", ended.stdout, ended.stderr);
}

/// A refusal that begins after `taken` mails: with one relay all else stays queued, nobody is suppressed, and a later run
/// sends it; with two the second takes all of it.
async fn refuses(rule: Rule, said: &str, (readers, taken): (usize, usize), one_domain: bool) {
    let one = SmtpServer::start(Script::new().rule(rule.clone())).await;
    let alone = newsletter(&[&one], readers, one_domain);
    let ended = alone.run_beside(&["run"]).await;
    let account = alone.account("1").await;
    let counts = ["sent", "queued"].map(|state| account[state].as_u64().unwrap());
    let left = (readers - taken) as u64;
    assert_eq!(
        counts,
        [taken as u64, left],
        "{said} {account}\n{}",
        ended.stderr
    );
    ended_with(&ended, 69);
    assert!(ended.stderr.contains(said), "{said}: {}", ended.stderr);
    assert!(ended.stderr.contains("hint:"), "{}", ended.stderr);

    // Once the relay has come round, all have it, and nobody has it twice.
    one.rule(at(Stage::Rcpt).raw("250 2.1.5 ok\r\n"));
    one.rule(at(Stage::Mail).raw("250 2.1.0 ok\r\n"));
    one.rule(at(Stage::Dot).say("250 2.0.0 ok"));
    ended_with(&alone.run_beside(&["run"]).await, 0);
    assert_eq!(one.received().len(), readers, "{said}");

    let one = SmtpServer::start(Script::new().rule(rule)).await;
    let two = SmtpServer::start(Script::new()).await;
    let both = newsletter(&[&one, &two], readers, one_domain);
    let ended = both.run_beside(&["run"]).await;
    ended_with(&ended, 0);
    let received = [one.received().len(), two.received().len()];
    assert_eq!(received, [taken, readers - taken], "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daily_limit_in_the_middle_of_a_list() {
    let said = "550 5.4.5 Daily user sending limit exceeded.";
    refuses(at(Stage::Dot).skip(40).say(said), said, (120, 40), true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sending_that_is_paused() {
    let said = "554 Sending paused for this account.";
    refuses(at(Stage::Dot).skip(10).say(said), said, (30, 10), false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_used_up_already() {
    let said = "550 Sending rate limit reached for this account (200/h)";
    refuses(at(Stage::Rcpt).say(said), said, (15, 0), true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_suspended_and_a_list_of_one_or_two() {
    let said = "554 5.7.1 Your account has been suspended";
    for readers in [1, 2] {
        refuses(at(Stage::Dot).say(said), said, (readers, 0), true).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_nobody_has_words_for() {
    let said = "554 Transaction failed, see our page";
    refuses(at(Stage::Dot).say(said), said, (5, 0), false).await;
    refuses(at(Stage::Dot).say(said), said, (5, 0), true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_who_is_not_known() {
    let said = "550 5.1.8 Sender address rejected: Domain not found";
    refuses(at(Stage::Mail).say(said), said, (3, 0), true).await;
}

/// Two who are refused alike, and stand first in the list, hold nobody up: the next run begins behind them.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_first_is_asked_for_last() {
    let refused = at(Stage::Rcpt).times(2).say("554 5.7.1 not to this one");
    let server = SmtpServer::start(Script::new().rule(refused)).await;
    let newsletter = newsletter(&[&server], 12, false);
    newsletter.append("courant.toml", "connections = 1\n");
    ended_with(&newsletter.run_beside(&["run"]).await, 69);
    let asked = |line: &str| line.strip_prefix("RCPT TO:").map(str::to_owned);
    let heard = server.heard().into_iter();
    let first: Vec<String> = heard.filter_map(|heard| asked(&heard.line)).collect();
    assert_eq!(first.len(), 2);
    ended_with(&newsletter.run_beside(&["run"]).await, 0);
    let received = server.received();
    assert_eq!(received.len(), 12);
    let last: Vec<String> = received[10..]
        .iter()
        .map(|m| format!("<{}>", m.to[0]))
        .collect();
    assert_eq!(last, first);
}
