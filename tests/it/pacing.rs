//! The whole program, whose mail to some domains is slow: by its settings, or since the relay asked for it.

use std::process::{Child, Command};
use std::sync::Mutex;

use courant::config::{Config, Environment, Flags};
use courant::deliver::{self, Recorded, Stop};
use courant::model::{Outcome, PerHour};
use courant::pipeline::{Progress, RunReport, Step, Wish, World};
use courant::store::{Store, StoreTarget};
use jiff::{SignedDuration, Timestamp};

use crate::support::newsletter::{Ended, Newsletter};
use crate::support::polled;
use crate::support::smtp::{Script, SmtpServer, Stage, at};
use crate::support::timed::Timed;

const THROTTLED: &str = "451 4.7.1 too many of you";

/// A newsletter over one connection, with these readers in this order.
fn newsletter(server: &SmtpServer, readers: &[String]) -> Newsletter {
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.append("courant.toml", "connections = 1\n");
    add(&newsletter, readers);
    newsletter
}

fn add(newsletter: &Newsletter, readers: &[String]) {
    let entries: String = readers
        .iter()
        .map(|reader| format!("[[subscriber]]\nemail = \"{reader}\"\n\n"))
        .collect();
    newsletter.append("subscribers.toml", &entries);
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
    polled::until(&polled::file(&newsletter), |account, put_back| {
        account.sent == 21 && put_back > 0
    })
    .await;
    let account = newsletter.account("1").await;
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
    // What is refused on a connection that carried others is offered again on a new one.
    newsletter.append("courant.toml", "messages_per_connection = 1\n");
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
    add(&newsletter, &at_domain("a.example", 5)[1..]);
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

/// Asks a run to end once so many mails were sent or put back, and keeps until when those were.
struct UntilSettled {
    stop: Stop,
    wanted: usize,
    seen: Mutex<(usize, Vec<Timestamp>)>,
}

impl UntilSettled {
    fn new(wanted: usize) -> Self {
        let (stop, seen) = (Stop::new(), Mutex::default());
        Self { stop, wanted, seen }
    }
}

impl deliver::Progress for UntilSettled {
    fn recorded(&self, what: Recorded<'_>) {
        let Recorded::Outcome(record) = what else {
            return;
        };
        let (settled, back) = &mut *self.seen.lock().unwrap();
        match record.outcome {
            Outcome::Released(until) if until > record.at => back.push(until),
            Outcome::Released(_) => return,
            _ => {}
        }
        *settled += 1;
        if *settled == self.wanted {
            self.stop.stop();
        }
    }
}

impl Progress for UntilSettled {
    fn step(&self, _: Step) {}
}

/// A run that ends once so many mails were sent or put back; says how many were put back, and for how many seconds the last
/// of them.
async fn run_until_settled(timed: &Timed, wish: &Wish, wanted: usize) -> (RunReport, usize, i64) {
    let pipeline = timed.open().await;
    let progress = UntilSettled::new(wanted);
    let world = World {
        stop: &progress.stop,
        progress: &progress,
        ..timed.world()
    };
    let report = pipeline.run(wish, &world).await.unwrap();
    pipeline.store.close().await;
    let back = std::mem::take(&mut progress.seen.lock().unwrap().1);
    let last = back.iter().max().copied().unwrap_or_else(|| timed.now());
    let seconds = last.duration_since(timed.now()).as_secs();
    (report, back.len(), seconds)
}

/// Twenty readers at a domain that may have three a minute, as the last run learnt: the first gets it at once, the turn of
/// three comes within the minute, and the others are put back until half of the time that they would wait.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_learnt_counts_half_after_an_hour_and_not_after_a_day() {
    let complaint = at(Stage::Rcpt).times(1).say(THROTTLED);
    let server = SmtpServer::start(Script::new().rule(complaint)).await;
    let newsletter = newsletter(&server, &at_domain("a.example", 1));
    let timed = Timed::new(newsletter, "2026-11-23T07:00:05Z");
    let first = timed.run(&Wish::Due).await;
    assert_eq!(first.issues[0].slowed.len(), 1, "{first:?}");
    // Nothing had been measured: one in ten seconds, halved.
    let slow = [(Some("a.example".to_owned()), PerHour::new(180))];
    assert_eq!(remembered(&timed.newsletter).await, slow);

    add(&timed.newsletter, &at_domain("a.example", 20)[1..]);
    timed.newsletter.post("tweede", "Het tweede bericht");
    let (second, back, seconds) = run_until_settled(&timed, &Wish::Default, 17).await;
    assert_eq!((server.received().len(), back), (1, 16), "{second:?}");
    // The last of them has nineteen before it: half of 380 s, in groups of 20 s, and a second early.
    assert!((165..180).contains(&seconds), "{seconds}");

    // Six a minute. The one that the relay complained about is an issue of its own, and goes first.
    timed.advance(SignedDuration::from_hours(1));
    let (third, back, seconds) = run_until_settled(&timed, &Wish::Due, 14).await;
    assert_eq!((server.received().len(), back), (3, 12), "{third:?}");
    assert!((65..80).contains(&seconds), "{seconds}");
    assert_eq!(remembered(&timed.newsletter).await, slow, "it is as it was");

    timed.advance(SignedDuration::from_hours(23));
    let last = timed.run(&Wish::Due).await;
    assert_eq!(server.received().len(), 21, "{last:?}");
    let slowed: Vec<_> = last.issues.iter().flat_map(|one| &one.slowed).collect();
    assert!(slowed.is_empty(), "{slowed:?}");
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
