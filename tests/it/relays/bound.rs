//! What one relay may have is given to no other: not in the run, not after a crash, not when its relay is gone.

use courant::pipeline::Wish;

use super::{ended_with, name, newsletter, only, reader, timed};
use crate::support::newsletter::{Ended, Newsletter};
use crate::support::smtp::{Received, Script, SmtpServer, Stage, at};

const READERS: usize = 12;

/// Takes the fourth message and says nothing; from then on it is down.
fn lost_reply() -> Script {
    Script::new()
        .rule(at(Stage::Dot).skip(3).times(1).stored())
        .rule(at(Stage::Connect).skip(1))
}

/// Lets whoever was down answer again.
fn answers_again(server: &SmtpServer) {
    server.rule(at(Stage::Connect).raw("220 here again\r\n"));
}

fn last_reader(server: &SmtpServer) -> String {
    let Received { to, .. } = server.received().pop().unwrap();
    to[0].clone()
}

/// Nobody got this reader's mail, or was offered it.
fn never_offered(server: &SmtpServer, victim: &str) {
    let heard = server.heard().into_iter();
    let to_them = heard.filter(|heard| heard.line.contains(victim));
    assert_eq!(to_them.count(), 0, "{victim} was named to the other relay");
    assert_eq!(server.copies(victim), 0);
}

/// Whoever is not the victim has one copy.
fn the_others_have_one(servers: [&SmtpServer; 2], victim: &str) {
    for other in (0..READERS).map(reader).filter(|other| other != victim) {
        let copies = servers.map(|server| server.copies(&other));
        assert_eq!(copies.iter().sum::<usize>(), 1, "{other}");
    }
}

async fn states(newsletter: &Newsletter) -> [i64; 3] {
    let account = newsletter.account("1").await;
    assert_eq!(account["balances"], true, "{account}");
    ["sent", "held", "queued"].map(|state| account[state].as_i64().unwrap())
}

async fn held(newsletter: &Newsletter) -> serde_json::Value {
    let list = ["issues", "account", "1", "--list", "held", "--json"];
    let ended = newsletter.run_beside(&list).await;
    let value: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    value["readers"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_reply_was_lost_waits_for_its_own_relay() {
    for pipelining in [false, true] {
        let script = match pipelining {
            true => lost_reply().offers(&["PIPELINING", "8BITMIME", "SMTPUTF8"]),
            false => lost_reply(),
        };
        let one = SmtpServer::start(script).await;
        let two = SmtpServer::start(Script::new()).await;
        let newsletter = newsletter(&[&one, &two], READERS, "");
        ended_with(&newsletter.run_beside(&["run"]).await, 1);
        let victim = last_reader(&one);
        assert_eq!(states(&newsletter).await, [READERS as i64 - 1, 0, 1]);
        never_offered(&two, &victim);
        the_others_have_one([&one, &two], &victim);

        // As long as its relay is down it waits, and that is not waited for.
        ended_with(&newsletter.run_beside(&["run"]).await, 1);
        assert_eq!(states(&newsletter).await, [READERS as i64 - 1, 0, 1]);

        answers_again(&one);
        ended_with(&newsletter.run_beside(&["run"]).await, 0);
        assert_eq!(one.copies(&victim), 2, "a copy of its own relay");
        never_offered(&two, &victim);
        the_others_have_one([&one, &two], &victim);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_hold_it_is_held_and_goes_nowhere() {
    let one = SmtpServer::start(lost_reply()).await;
    let two = SmtpServer::start(Script::new()).await;
    let newsletter = newsletter(&[&one, &two], READERS, "on_unknown = \"hold\"\n");
    ended_with(&newsletter.run_beside(&["run"]).await, 1);
    let victim = last_reader(&one);
    answers_again(&one);
    ended_with(&newsletter.run_beside(&["run"]).await, 0);
    assert_eq!(states(&newsletter).await, [READERS as i64 - 1, 1, 0]);
    assert_eq!(held(&newsletter).await[0]["address"], victim);
    assert_eq!(one.copies(&victim), 1);
    never_offered(&two, &victim);
    the_others_have_one([&one, &two], &victim);
}

/// The second relay took it while the first was down: once both are there, the second gets it again, and it alone.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_second_may_have_goes_to_the_second_although_the_first_is_there() {
    let one = SmtpServer::start(Script::new().rule(at(Stage::Connect))).await;
    let two = SmtpServer::start(lost_reply()).await;
    let newsletter = newsletter(&[&one, &two], READERS, "");
    ended_with(&newsletter.run_beside(&["run"]).await, 1);
    let victim = last_reader(&two);
    assert_eq!(states(&newsletter).await, [3, 0, READERS as i64 - 3]);
    answers_again(&one);
    // The second is down: the first takes the rest, and that one waits, as foreseen by a run that goes on.
    ended_with(&newsletter.run_beside(&["run"]).await, 0);
    assert_eq!(states(&newsletter).await, [READERS as i64 - 1, 0, 1]);
    answers_again(&two);
    ended_with(&newsletter.run_beside(&["run"]).await, 0);
    assert_eq!(two.copies(&victim), 2);
    never_offered(&one, &victim);
    the_others_have_one([&one, &two], &victim);
}

/// Runs until the first server has four messages in hand, the last of them whole and not answered; then kills the program.
async fn killed_with_four(one: &SmtpServer, newsletter: &Newsletter) -> String {
    let gate = one.hold(Stage::Dot, 4);
    let mut child = newsletter.start(&["run"]);
    gate.reached().await;
    child.kill().unwrap();
    assert_eq!(Ended::after(child).await.code, -1, "it was to be killed");
    gate.release();
    one.alone().await;
    last_reader(one)
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_it_waits_for_its_own_relay() {
    for pipelining in [false, true] {
        let script = match pipelining {
            true => Script::new().offers(&["PIPELINING", "8BITMIME", "SMTPUTF8"]),
            false => Script::new(),
        };
        let one = SmtpServer::start(script).await;
        let two = SmtpServer::start(Script::new()).await;
        let newsletter = newsletter(&[&one, &two], READERS, "");
        let victim = killed_with_four(&one, &newsletter).await;
        one.rule(at(Stage::Connect));
        ended_with(&newsletter.run_beside(&["run"]).await, 0);
        assert_eq!(states(&newsletter).await, [READERS as i64 - 1, 0, 1]);
        never_offered(&two, &victim);
        the_others_have_one([&one, &two], &victim);

        answers_again(&one);
        ended_with(&newsletter.run_beside(&["run"]).await, 0);
        assert_eq!(one.copies(&victim), 2);
        never_offered(&two, &victim);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_its_relay_is_taken_out_it_is_held_by_name_until_a_person_decides() {
    let one = SmtpServer::start(Script::new()).await;
    let two = SmtpServer::start(Script::new()).await;
    let newsletter = newsletter(&[&one, &two], READERS, "");
    let victim = killed_with_four(&one, &newsletter).await;
    let first = format!("\"smtp://{}\", ", one.address());
    newsletter.replace("courant.toml", &first, "");
    ended_with(&newsletter.run_beside(&["run"]).await, 1);
    assert_eq!(states(&newsletter).await, [READERS as i64 - 1, 1, 0]);
    let held = held(&newsletter).await;
    assert_eq!(held[0]["address"], victim);
    let why = held[0]["text"].as_str().unwrap();
    assert!(why.contains(&name(&one)), "{why}");
    never_offered(&two, &victim);
    the_others_have_one([&one, &two], &victim);

    // It stays so, also when the relay is back.
    newsletter.replace("courant.toml", "relay = [", &format!("relay = [{first}"));
    ended_with(&newsletter.run_beside(&["run"]).await, 0);
    assert_eq!(states(&newsletter).await, [READERS as i64 - 1, 1, 0]);

    newsletter.replace("courant.toml", &first, "");
    let retry = ["issues", "retry", "1", "--held"];
    ended_with(&newsletter.run_beside(&retry).await, 0);
    ended_with(&newsletter.run_beside(&["run"]).await, 0);
    assert_eq!(two.copies(&victim), 1, "a person decided so");
}

#[tokio::test(flavor = "multi_thread")]
async fn at_its_end_it_is_held_and_not_failed() {
    let one = SmtpServer::start(lost_reply()).await;
    let two = SmtpServer::start(Script::new()).await;
    let timed = timed(&[&one, &two], READERS, "expire = \"2h\"\n");
    let first = timed.run(&Wish::Due).await;
    let account = only(&first).account;
    assert_eq!((account.sent, account.queued), (READERS as i64 - 1, 1));
    timed.advance(jiff::SignedDuration::from_hours(2));
    let last = timed.run(&Wish::Due).await;
    let account = only(&last).account;
    assert_eq!((account.held, account.failed, account.queued), (1, 0, 0));
    never_offered(&two, &last_reader(&one));
}
