//! How fast it goes: domains with limits of their own, a relay that asks for a slower pace, and who does not wait for whom.

use std::sync::Arc;
use std::time::Duration;

use courant::deliver::{DomainLimits, Rate, RelaySettings, Report, Slowed, Stop, Stopped};
use courant::model::{Clock, DeliveryState, FixedClock, PerHour};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::outbox::MemoryOutbox;
use super::world::{address, clock, now, reader, run_with, settings};
use crate::support::smtp::{Act, Script, SmtpServer, Stage, at};

/// Too long for a test to see two of them.
fn once_an_hour() -> Option<Rate> {
    Some(Rate {
        messages: 1,
        span: SignedDuration::from_hours(1),
    })
}

fn limits(domain: &str, rate: Option<Rate>, connections: Option<usize>) -> DomainLimits {
    DomainLimits {
        domains: vec![domain.to_owned()],
        rate,
        connections,
    }
}

/// Deliveries to these addresses, in this order.
fn outbox_of(addresses: &[&str]) -> MemoryOutbox {
    MemoryOutbox::new(addresses.iter().map(|to| (reader(address(to)), 1)))
}

/// Settings with one connection that slow down as they do for people.
fn listening(server: &SmtpServer) -> RelaySettings {
    RelaySettings {
        slow_down: true,
        ..settings(server.relay())
    }
}

/// A run that is stopped once the server has seen so many messages.
async fn run_until(
    server: &SmtpServer,
    settings: &RelaySettings,
    outbox: &MemoryOutbox,
    clock: &dyn Clock,
    messages: usize,
) -> Report {
    let stop = Stop::new();
    let ending = async {
        server.reached(Stage::Answered, messages).await;
        stop.stop();
    };
    let sending = run_with(settings, outbox, true, clock, &stop);
    let (report, ()) = tokio::join!(sending, ending);
    report.unwrap()
}

async fn run(settings: &RelaySettings, outbox: &MemoryOutbox) -> Report {
    let sent = run_with(settings, outbox, true, &clock(), &Stop::new()).await;
    sent.unwrap()
}

fn slowed(domain: Option<&str>, per_hour: u64, reply: &str) -> Slowed {
    Slowed {
        domain: domain.map(str::to_owned),
        pace: PerHour::new(per_hour),
        reply: reply.to_owned(),
    }
}

#[tokio::test]
async fn a_slow_domain_holds_up_nobody_and_the_end_comes_at_once() {
    let server = SmtpServer::start(Script::new()).await;
    let addresses: Vec<_> = (0..60)
        .map(|n| match n % 3 {
            0 => format!("reader{n}@slow.example"),
            _ => format!("reader{n}@fast.example"),
        })
        .collect();
    let outbox = outbox_of(&addresses.iter().map(String::as_str).collect::<Vec<_>>());
    let mut settings = settings(server.relay());
    settings.connections = 3;
    settings.domains = vec![limits("slow.example", once_an_hour(), None)];
    let report = run_until(&server, &settings, &outbox, &clock(), 41).await;

    assert_eq!((report.sent, report.stopped), (41, Some(Stopped::Asked)));
    assert_eq!(server.offers_to("fast.example"), 40);
    assert_eq!(server.offers_to("slow.example"), 1);
    let expected = report.expected.unwrap();
    assert_eq!(expected.deliveries, 19);
    // Each waits for its own hour, untried.
    let mut turns = Vec::new();
    for n in (3..60).step_by(3) {
        let row = outbox.row(n);
        assert_eq!((row.state, row.attempts), (DeliveryState::Queued, 0));
        turns.push(row.next_at.duration_since(now()).as_secs());
    }
    for (turn, hours) in turns.iter().zip(1..) {
        let hour = 3_600 * hours;
        assert!((hour - 30..=hour).contains(turn), "{turn} s for {hours} h");
    }
    let last = outbox.row(57).next_at.duration_since(expected.until);
    assert!(last.abs() < SignedDuration::from_mins(1), "{last:?}");
}

#[tokio::test]
async fn a_domains_places_are_used_and_never_exceeded() {
    for script in [Script::new(), Script::new().offers(&["PIPELINING"])] {
        let server = SmtpServer::start(script).await;
        let gate = server.hold(Stage::Dot, 1);
        let addresses: Vec<_> = (0..30).map(|n| format!("reader{n}@few.example")).collect();
        let outbox = Arc::new(outbox_of(
            &addresses.iter().map(String::as_str).collect::<Vec<_>>(),
        ));
        let mut settings = settings(server.relay());
        settings.connections = 5;
        settings.domains = vec![limits("few.example", None, Some(2))];
        let sending = tokio::spawn({
            let outbox = outbox.clone();
            async move { run_with(&settings, &outbox, true, &clock(), &Stop::new()).await }
        });
        // The first stands at the gate until a second has been begun; five connections would take five.
        server.reached(Stage::Rcpt, 2).await;
        gate.release();
        let report = sending.await.unwrap().unwrap();
        assert_eq!((report.sent, report.stopped), (30, None));
        assert_eq!(server.most_at_once("few.example"), 2);
    }
}

#[tokio::test]
async fn whoever_stands_behind_many_of_a_full_lane_does_not_wait_for_it() {
    let slow = Act::Late(b"250 2.0.0 ".to_vec(), b"taken\r\n".to_vec());
    let first = at(Stage::Dot).to("s0@slow.example").act(slow).stored();
    let server = SmtpServer::start(Script::new().rule(first)).await;
    let gate = server.hold(Stage::Late, 1);
    let mut addresses: Vec<_> = (0..100).map(|n| format!("s{n}@slow.example")).collect();
    addresses.extend((0..10).map(|n| format!("f{n}@fast.example")));
    let outbox = outbox_of(&addresses.iter().map(String::as_str).collect::<Vec<_>>());
    let mut settings = settings(server.relay());
    settings.connections = 2;
    settings.domains = vec![limits("slow.example", None, Some(1))];
    let (clock, stop) = (clock(), Stop::new());
    let sending = run_with(&settings, &outbox, true, &clock, &stop);
    let passing = async {
        // The only place of slow.example is taken until all others have gone past, but for the one that is next there.
        server.reached(Stage::Answered, 9).await;
        let waiting = server.offers_to("slow.example");
        gate.release();
        waiting
    };
    let (report, waiting) = tokio::join!(sending, passing);
    assert_eq!((report.unwrap().sent, waiting), (110, 1));
    assert_eq!(server.most_at_once("slow.example"), 1);
}

/// A clock that goes on from the tests' instant.
struct Running {
    since: Instant,
}

impl Clock for Running {
    fn now(&self) -> Timestamp {
        now() + SignedDuration::try_from(self.since.elapsed()).unwrap()
    }
}

#[tokio::test]
async fn what_was_put_back_for_its_pace_is_sent_by_the_same_run() {
    let server = SmtpServer::start(Script::new()).await;
    let addresses: Vec<_> = (0..80).map(|n| format!("reader{n}@slow.example")).collect();
    let outbox = outbox_of(&addresses.iter().map(String::as_str).collect::<Vec<_>>());
    let mut settings = settings(server.relay());
    // Half a second on the shelf at most: twenty-five of the eighty.
    settings.lease = SignedDuration::from_secs(2);
    let rate = Rate {
        messages: 50,
        span: SignedDuration::from_secs(1),
    };
    settings.domains = vec![limits("slow.example", Some(rate), None)];
    let clock = Running {
        since: Instant::now(),
    };
    let sent = run_with(&settings, &outbox, true, &clock, &Stop::new()).await;
    let report = sent.unwrap();
    assert_eq!((report.sent, report.expected.is_none()), (80, true));
    assert!(report.stopped.is_none(), "{report:?}");
    assert!(report.paced >= 50, "{report:?}");
    assert!((0..80).all(|n| outbox.row(n).attempts == 1));
    assert!(addresses.iter().all(|to| server.copies(to) == 1));
}

const THROTTLED: &str = "451 4.7.1 too many of you";

#[tokio::test]
async fn a_refusal_for_policy_slows_its_domain_and_the_next_run_remembers() {
    let complaint = at(Stage::Rcpt).times(1).say(THROTTLED);
    let server = SmtpServer::start(Script::new().rule(complaint)).await;
    let mut addresses = vec!["a0@a.example".to_owned()];
    addresses.extend((0..10).map(|n| format!("b{n}@b.example")));
    addresses.extend((1..6).map(|n| format!("a{n}@a.example")));
    addresses.extend((10..20).map(|n| format!("b{n}@b.example")));
    let outbox = outbox_of(&addresses.iter().map(String::as_str).collect::<Vec<_>>());
    let later = now() + SignedDuration::from_mins(30);
    for n in 16..26 {
        outbox.set(n, |row| row.next_at = later);
    }
    let settings = listening(&server);
    let first = run_until(&server, &settings, &outbox, &clock(), 10).await;
    assert_eq!((first.sent, first.deferred), (10, 1));
    assert_eq!(server.offers_to("a.example"), 1, "none since the complaint");
    // Nothing had been measured: one in ten seconds, halved.
    let told = slowed(Some("a.example"), 180, THROTTLED);
    assert_eq!(first.slowed, [told]);
    let learnt = outbox.learnt();
    assert_eq!(learnt.len(), 1);
    assert_eq!(learnt[0].pace, Some(PerHour::new(180)));

    // Half an hour later: everybody else, and the one of them whose slot comes first.
    let clock = FixedClock::new(later);
    let second = run_until(&server, &settings, &outbox, &clock, 21).await;
    assert_eq!((second.sent, server.offers_to("b.example")), (11, 20));
    assert_eq!(server.offers_to("a.example"), 2);
    assert_eq!(second.slowed, [], "it was slow already");
}

#[tokio::test]
async fn a_relay_that_hangs_up_at_first_sets_no_pace() {
    let hangs_up = at(Stage::Rcpt).skip(2).times(1).say("421 4.3.2 busy");
    let server = SmtpServer::start(Script::new().rule(hangs_up)).await;
    let addresses: Vec<_> = (0..6).map(|n| format!("r{n}@d{n}.example")).collect();
    let outbox = outbox_of(&addresses.iter().map(String::as_str).collect::<Vec<_>>());
    let (settings, clock, stop) = (listening(&server), clock(), Stop::new());
    let ending = async {
        server.reached(Stage::Gone, 1).await;
        stop.stop();
    };
    let sending = run_with(&settings, &outbox, true, &clock, &stop);
    let (report, ()) = tokio::join!(sending, ending);
    let report = report.unwrap();
    assert_eq!((report.sent, outbox.account().queued), (2, 4));
    // It waits a moment: two in the first second are no pace yet.
    assert_eq!((report.slowed, outbox.learnt()), (vec![], vec![]));
    assert_eq!(outbox.row(2).attempts, 0, "nothing was refused");
}

#[tokio::test]
async fn a_relay_that_lets_nobody_in_counts_as_unreachable() {
    let closed = at(Stage::Connect).say("421 4.7.0 too many connections");
    let server = SmtpServer::start(Script::new().rule(closed)).await;
    let addresses: Vec<_> = (0..9).map(|n| format!("r{n}@d{n}.example")).collect();
    let outbox = outbox_of(&addresses.iter().map(String::as_str).collect::<Vec<_>>());
    let mut settings = listening(&server);
    settings.connections = 3;
    let report = run(&settings, &outbox).await;
    assert!(
        matches!(&report.stopped, Some(Stopped::Connection(why)) if why.contains("421 4.7.0")),
        "{report:?}"
    );
    assert_eq!(outbox.account().queued, 9);
    assert_eq!(report.slowed, []);
}

#[tokio::test]
async fn complaints_from_three_domains_slow_the_relay_too() {
    let script = ["a", "b", "c"].iter().fold(Script::new(), |script, name| {
        let to = format!("r@{name}.example");
        script.rule(at(Stage::Dot).to(&to).times(1).say(THROTTLED))
    });
    let server = SmtpServer::start(script).await;
    let outbox = outbox_of(&["r@a.example", "r@b.example", "r@c.example"]);
    let report = run(&listening(&server), &outbox).await;
    assert_eq!((report.deferred, report.sent), (3, 0));
    let slowed: Vec<_> = report.slowed.iter().map(|s| s.domain.as_deref()).collect();
    let names = [
        Some("a.example"),
        Some("b.example"),
        Some("c.example"),
        None,
    ];
    assert_eq!(slowed, names);
}

#[tokio::test]
async fn what_is_no_complaint_slows_nothing() {
    let rules = [
        at(Stage::Dot)
            .times(3)
            .say("451 4.7.1 Greylisted, try again in 5 minutes"),
        at(Stage::Rcpt).times(3).say("450 4.2.0 come back later"),
        at(Stage::Rcpt).times(3).say("550 5.7.1 not you"),
        // A connection that has carried enough.
        at(Stage::Mail)
            .on_connection(1)
            .skip(4)
            .say("421 4.3.2 enough"),
    ];
    for rule in rules {
        let told = format!("{rule:?}");
        let server = SmtpServer::start(Script::new().rule(rule)).await;
        let outbox = outbox_of(&["r@a.example"; 30]);
        let report = run(&listening(&server), &outbox).await;
        assert!(
            report.sent >= 27 && report.stopped.is_none(),
            "{told}: {report:?}"
        );
        assert_eq!((report.slowed, outbox.learnt()), (vec![], vec![]), "{told}");
    }
}

#[tokio::test]
async fn whoever_is_told_not_to_listen_does_not() {
    let complaint = at(Stage::Rcpt).times(3).say(THROTTLED);
    let server = SmtpServer::start(Script::new().rule(complaint)).await;
    let outbox = outbox_of(&["r@a.example"; 30]);
    let report = run(&settings(server.relay()), &outbox).await;
    assert_eq!((report.sent, report.deferred), (27, 3));
    assert_eq!((report.slowed, outbox.learnt()), (vec![], vec![]));
}

#[tokio::test]
async fn a_rate_is_kept_however_many_connections_ask() {
    let server = SmtpServer::start(Script::new()).await;
    let addresses: Vec<_> = (0..12).map(|n| format!("r{n}@d{n}.example")).collect();
    let outbox = outbox_of(&addresses.iter().map(String::as_str).collect::<Vec<_>>());
    let mut settings = settings(server.relay());
    settings.connections = 4;
    settings.rate = Some(Rate {
        messages: 20,
        span: SignedDuration::from_secs(1),
    });
    let started = Instant::now();
    let report = run(&settings, &outbox).await;
    assert_eq!(report.sent, 12);
    // Eleven pauses of 50 ms; that it took no less is no matter of how fast the machine is.
    assert!(started.elapsed() >= Duration::from_millis(11 * 50));
}
