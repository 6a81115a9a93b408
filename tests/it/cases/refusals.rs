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
    assert_eq!(counts, [taken as u64, left], "{said} {account}\n{}", ended.stderr);
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

/// Two who are refused alike, and stand first in the list, hold nobody up for ever: the next run begins behind them.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_first_holds_nobody_up() {
    let said = "554 5.7.1 not to this one";
    let refused = ["reader@d0.example", "reader@d1.example"];
    let script = refused.iter().fold(Script::new(), |script, to| {
        script.rule(at(Stage::Rcpt).to(to).say(said))
    });
    let server = SmtpServer::start(script).await;
    let newsletter = newsletter(&[&server], 12, false);
    newsletter.append("courant.toml", "connections = 1\n");
    for _ in 0..2 {
        newsletter.run_beside(&["run"]).await;
    }
    let account = newsletter.account("1").await;
    assert_eq!(account["sent"], 10, "{account}");
    assert_eq!(account["failed"], 0, "{account}");
}
