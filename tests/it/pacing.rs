//! The whole program, whose mail to some domains is slow: by its settings, or since the relay asked for it.

use std::process::{Child, Command};

use courant::config::{Config, Environment, Flags};
use courant::model::PerHour;
use courant::store::{Store, StoreTarget};

use crate::support::newsletter::{Ended, Newsletter};
use crate::support::smtp::{Script, SmtpServer, Stage, at};

const THROTTLED: &str = "451 4.7.1 too many of you";

/// A newsletter over one connection, with these readers in this order.
fn newsletter(server: &SmtpServer, readers: &[String]) -> Newsletter {
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.append("courant.toml", "connections = 1\n");
    let entries: String = readers
        .iter()
        .map(|reader| format!("[[subscriber]]\nemail = \"{reader}\"\n\n"))
        .collect();
    newsletter.append("subscribers.toml", &entries);
    newsletter
}

fn at_domain(domain: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("reader{n}@{domain}")).collect()
}

fn terminate(child: &Child) {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &pid]).status();
    assert!(sent.unwrap().success());
}

/// The paces that the newsletter's database remembers of its relay: domain and messages an hour.
async fn remembered(newsletter: &Newsletter) -> Vec<(Option<String>, PerHour)> {
    let environment: Environment = newsletter.environment().clone().into_iter().collect();
    let loaded = Config::load(newsletter.folder(), &environment, &Flags::default());
    let relay = loaded.unwrap().config.delivery.relays[0].relay.name();
    let target = StoreTarget::Sqlite(newsletter.path("state/courant.db"));
    let store = Store::open(&target).await.unwrap();
    let paces = store.pace_list(&relay).await.unwrap();
    store.close().await;
    let pace = |one: courant::model::LearntPace| (one.domain, one.pace.unwrap());
    paces.into_iter().map(pace).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_domain_is_told_of_waited_for_and_left_at_once() {
    let server = SmtpServer::start(Script::new()).await;
    let mut readers = at_domain("slow.example", 6);
    readers.extend(at_domain("fast.example", 20));
    let newsletter = newsletter(&server, &readers);
    newsletter.append(
        "courant.toml",
        "[[delivery.domains]]\nnames = [\"slow.example\", \"trage.example\"]\nrate = \"1/hour\"\n",
    );
    let child = newsletter.start(&["run"]);
    server.reached(Stage::Answered, 21).await;
    // All but the first of them wait; nothing else does, and the run is still there.
    let account = loop {
        let account = newsletter.account("1").await;
        if account["sent"] == 21 && !account["paced"].is_null() {
            break account;
        }
    };
    assert_eq!(account["paced"]["mails"], 5, "{account}");
    assert_eq!(
        (&account["queued"], &account["balances"]),
        (&5.into(), &true.into())
    );
    let shown = newsletter.run_beside(&["issues", "account", "1"]).await;
    let waiting = "5 wait for their pace, the last until about ";
    assert!(shown.stdout.contains(waiting), "{}", shown.stdout);
    terminate(&child);
    let ended = Ended::after(child).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains(waiting), "{}", ended.stdout);
    assert_eq!(server.offers_to("slow.example"), 1);

    // Nobody's turn has come since: the next run has nothing to do, and says when it will.
    let next = newsletter.run_beside(&["run", "--due"]).await;
    assert!(next.stdout.contains("next try from"), "{}", next.stdout);
    assert_eq!(server.received().len(), 21);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_slowed_is_told_with_the_relays_words_and_remembered() {
    let complaint = at(Stage::Rcpt)
        .to("reader0@a.example")
        .times(1)
        .say(THROTTLED);
    let server = SmtpServer::start(Script::new().rule(complaint)).await;
    let mut readers = at_domain("a.example", 1);
    readers.extend(at_domain("b.example", 20));
    let newsletter = newsletter(&server, &readers);
    let run = newsletter.run_beside(&["run"]).await;
    let slow = remembered(&newsletter).await;
    let [(Some(domain), pace)] = &slow[..] else {
        panic!("{slow:?}\n{}", run.stderr);
    };
    // One of twenty-one in the first ten seconds, halved.
    assert!(
        domain == "a.example" && *pace <= PerHour::new(240),
        "{slow:?}"
    );
    let told = format!("slowed down to {pace} for a.example: {THROTTLED}");
    assert!(run.stdout.contains(&told), "{}", run.stdout);
    assert_eq!(server.offers_to("b.example"), 20);

    // The next issue goes by it: of those at the domain the first alone has a slot, and nobody else waits.
    let more: String = (1..5)
        .map(|n| format!("[[subscriber]]\nemail = \"reader{n}@a.example\"\n\n"))
        .collect();
    newsletter.append("subscribers.toml", &more);
    newsletter.post("tweede", "Het tweede bericht");
    let child = newsletter.start(&["run"]);
    server.reached(Stage::Answered, 41).await;
    terminate(&child);
    let ended = Ended::after(child).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(server.offers_to("b.example"), 40);
    assert_eq!(server.offers_to("a.example"), 2);
    assert!(!ended.stdout.contains("slowed down"), "{}", ended.stdout);
    assert_eq!(remembered(&newsletter).await, slow);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_reaches_a_run_that_waits() {
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = newsletter(&server, &at_domain("slow.example", 8));
    newsletter.append(
        "courant.toml",
        "[[delivery.domains]]\nname = \"slow.example\"\nrate = \"2/s\"\n",
    );
    let child = newsletter.start(&["run"]);
    server.reached(Stage::Answered, 2).await;
    let paused = newsletter.run_beside(&["issues", "pause", "1"]).await;
    assert_eq!(paused.code, 0, "{}", paused.stderr);
    let ended = Ended::after(child).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let account = newsletter.account("1").await;
    assert_eq!(account["sent"], server.received().len(), "{account}");
    assert!(account["queued"].as_i64().unwrap() > 0, "{account}");
}
