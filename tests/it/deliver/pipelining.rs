//! Commands in groups (RFC 2920): the next message rides behind the dot of this one, and each gets its own outcome.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use courant::deliver::{Rate, Report, Stop, Stopped};
use courant::model::{DeliveryState, Outcome};
use futures_util::future::{join, join_all};
use jiff::SignedDuration;

use super::outbox::MemoryOutbox;
use super::world::{clock, nth, outbox, run, run_with, settings, short_deadlines};
use crate::support::smtp::{Act, Certificate, Script, SmtpServer, Stage, at};

fn groups() -> Script {
    Script::new().offers(&["PIPELINING", "SIZE 10485760", "8BITMIME", "SMTPUTF8"])
}

/// What each of the first readers' first try came to, in a word.
fn words(outbox: &MemoryOutbox, count: usize) -> Vec<String> {
    let word = |outcome: &Outcome| match outcome {
        Outcome::Sent(_) => "sent".to_owned(),
        Outcome::Failed(reply, gone) => format!("failed {} {gone}", reply.code),
        Outcome::Deferred(reply, _) => format!("deferred {}", reply.code),
        Outcome::Released(_) => "released".into(),
        Outcome::UnknownRetry(_) => "unknown".into(),
        Outcome::UnknownHeld => "held".into(),
    };
    (0..count)
        .map(|n| outbox.row(n).outcomes.first().map_or("-".into(), word))
        .collect()
}

/// What the outbox says of each reader is what the server did: no false `sent`, no copy that nobody knows of.
fn agrees(outbox: &MemoryOutbox, server: &SmtpServer, count: usize, told: &str) {
    for n in 0..count {
        let row = outbox.row(n);
        let copies = server.copies(&nth(n));
        match row.state {
            DeliveryState::Sent => assert!(copies >= 1, "{told}: {n} {row:?}"),
            _ => assert_eq!(copies, 0, "{told}: {n} {row:?}"),
        }
        let unknowns = usize::try_from(row.unknowns).unwrap();
        assert!(copies <= 1 + unknowns, "{told}: {n} has {copies} copies");
        assert!(row.unknowns <= 1, "{told}: {n} {row:?}");
    }
    // Whatever is sent twice is the same.
    let mut contents = HashMap::new();
    for message in server.received() {
        let before = contents.insert(message.to.clone(), message.content.clone());
        assert!(before.is_none_or(|b| b == message.content), "{told}");
    }
}

#[tokio::test]
async fn a_message_costs_one_round_trip_and_none_is_mixed_up() {
    let server = SmtpServer::start(groups()).await;
    let outbox = outbox(200);
    let mut settings = settings(server.relay());
    settings.connections = 4;
    let report = run(&settings, &outbox).await;
    assert_eq!((report.sent, report.stopped), (200, None));
    for n in 0..200 {
        assert_eq!(server.copies(&nth(n)), 1);
    }
    for message in server.received() {
        assert!(
            message
                .content
                .contains(&format!("<{}>\r\n", message.to[0]))
        );
        let octets = message.content.len();
        assert_eq!(message.parameters, format!("SIZE={octets}"));
    }
    assert_eq!(server.arrivals(Stage::Rset), 0);
    assert_eq!(server.arrivals(Stage::Quit), 4);
    // All but the last of each connection, if it was not kept waiting.
    let followed = server.received().iter().filter(|m| m.followed).count();
    assert!(followed > 100, "{followed}");
}

#[tokio::test]
async fn the_next_envelope_is_heard_before_the_dot_is_answered() {
    let server = SmtpServer::start(groups()).await;
    let outbox = std::sync::Arc::new(outbox(10));
    // The dot of the fourth message is answered with all of the fifth's envelope on the way.
    let gate = server.hold(Stage::Mail, 5);
    let sending = tokio::spawn({
        let (outbox, settings) = (outbox.clone(), settings(server.relay()));
        async move { run(&settings, &outbox).await }
    });
    gate.reached().await;
    assert_eq!(server.arrivals(Stage::Dot), 4);
    assert_eq!(outbox.row(4).state, DeliveryState::Intent);
    gate.release();
    assert_eq!(sending.await.unwrap().sent, 10);
}

/// Of what a crash leaves at any instant, one message of a connection can have been sent without a record of it.
#[tokio::test]
async fn no_message_is_ended_before_the_outcome_of_the_one_before_is_recorded() {
    for resend in [true, false] {
        let server = Arc::new(SmtpServer::start(groups()).await);
        let outbox = Arc::new(outbox(20));
        let recorded = AtomicUsize::new(0);
        let watched = server.clone();
        outbox.before_each_turn(move |turn| {
            let (dots, before) = (watched.arrivals(Stage::Dot), recorded.load(Relaxed));
            assert!(dots <= before + 1, "{dots} ended, {before} recorded");
            recorded.fetch_add(turn.outcomes.len(), Relaxed);
        });
        let gate = server.hold(Stage::Dot, 10);
        let sending = tokio::spawn({
            let (outbox, settings) = (outbox.clone(), settings(server.relay()));
            async move { run_with(&settings, &outbox, resend, &clock(), &Stop::new()).await }
        });
        gate.reached().await;
        // The next two are under an intent, and one of them was offered: only the record of the tenth is wanting.
        while outbox.row(11).state != DeliveryState::Intent {
            tokio::task::yield_now().await;
        }
        outbox.slow(1_000);
        gate.release();
        assert_eq!(sending.await.unwrap().unwrap().sent, 20);
        // In line: each knows whom it stands behind, but the first.
        let intents: Vec<_> = outbox.turns().into_iter().flat_map(|t| t.intents).collect();
        for pair in intents.windows(2) {
            assert_eq!(pair[1].behind, Some(pair[0].claim));
        }
    }
}

#[tokio::test]
async fn a_refusal_in_a_group_concerns_its_reader_alone() {
    let script = groups()
        .rule(at(Stage::Rcpt).to(&nth(1)).say("550 5.1.1 no such user"))
        .rule(at(Stage::Rcpt).to(&nth(2)).say("452 4.2.2 full"))
        .rule(at(Stage::Data).to(&nth(3)).say("554 5.5.0 no"))
        .rule(at(Stage::Dot).to(&nth(4)).say("554 5.6.0 content"))
        .rule(at(Stage::Dot).to(&nth(6)).say("451 4.7.1 greylisted"))
        .rule(at(Stage::Mail).skip(7).times(1).say("451 4.3.0 busy"));
    let server = SmtpServer::start(script).await;
    let outbox = outbox(10);
    let report = run(&settings(server.relay()), &outbox).await;
    assert_eq!(
        words(&outbox, 10),
        [
            "sent",
            "failed 550 true",
            "deferred 452",
            "deferred 554",
            "deferred 554",
            "sent",
            "deferred 451",
            // The connection had carried some: a new one took it.
            "sent",
            "sent",
            "sent"
        ]
    );
    assert_eq!((report.sent, report.failed, report.deferred), (5, 3, 2));
    for n in [3, 4] {
        let state = outbox.row(n).state;
        assert_eq!(state, DeliveryState::Failed, "somebody was taken since");
    }
    assert_eq!(server.arrivals(Stage::Connect), 2);
    // `RSET` rides too: behind each refused envelope, and never behind a refused message.
    assert_eq!(server.arrivals(Stage::Rset), 3);
    agrees(&outbox, &server, 10, "refusals");
}

#[tokio::test]
async fn a_relay_that_wants_a_message_for_nobody_gets_none() {
    let script = groups()
        .data_for_nobody()
        .rule(at(Stage::Rcpt).to(&nth(4)).say("550 5.1.1 no such user"));
    let server = SmtpServer::start(script).await;
    let outbox = outbox(8);
    let report = run(&settings(server.relay()), &outbox).await;
    assert_eq!((report.sent, report.failed, report.released), (7, 1, 0));
    assert_eq!(server.offered().len(), 7);
    assert_eq!(server.arrivals(Stage::Connect), 2);
}

/// Whatever goes wrong at a stage of a message in the middle of others, on each of many connections' worth of readers:
/// the outbox and the server agree about everybody.
#[tokio::test]
async fn whatever_goes_wrong_every_outcome_is_right() {
    let acts = [
        Act::Drop,
        Act::Reset,
        Act::Silence,
        Act::Endless,
        Act::Say("421 4.3.2 closing".into()),
        Act::Say("451 4.3.0 later".into()),
        Act::Say("550 5.3.0 never".into()),
        Act::Say("354 go on".into()),
        Act::Say("250 ok".into()),
        Act::Raw(b"250 ok\r\n250 and another\r\n".to_vec()),
        Act::Raw(b"250 for an earlier one\r\n451 4.3.0 for yours\r\n".to_vec()),
        Act::Raw(b"451 4.3.0 for an earlier one\r\n250 for yours\r\n".to_vec()),
        Act::Raw(b"HTTP/1.1 200 OK\r\n".to_vec()),
        Act::Raw(b"250-half a reply\r\n451 of another\r\n".to_vec()),
    ];
    // Side by side, so that one silence is waited out and not all.
    let stages = [Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Dot];
    let tried = stages.iter().flat_map(|stage| {
        let each = |act| {
            let plain = goes_wrong(*stage, act, Script::new());
            join(plain, goes_wrong(*stage, act, groups()))
        };
        acts.iter().map(each)
    });
    join_all(tried).await;
}

async fn goes_wrong(stage: Stage, act: &Act, script: Script) {
    let rule = at(stage).on_connection(1).skip(2).times(1).act(act.clone());
    // What is answered with yes was stored, in one way or another.
    let stored = matches!(act, Act::Raw(bytes) if bytes.starts_with(b"250"));
    let rule = if stored { rule.stored() } else { rule };
    let server = SmtpServer::start(script.rule(rule)).await;
    let outbox = outbox(8);
    let mut settings = settings(server.relay());
    if matches!(act, Act::Silence) {
        settings.deadlines = short_deadlines();
    }
    let report = run(&settings, &outbox).await;
    let told = format!("{act:?} at {stage:?}: {report:?}");
    assert_eq!(report.stopped, None, "{told}");
    let accounted = report.sent + report.failed + outbox.account().queued as u64;
    assert_eq!(accounted, 8, "{told}");
    agrees(&outbox, &server, 8, &told);
}

#[tokio::test]
async fn replies_in_crumbs_and_replies_at_once_are_the_same_replies() {
    // The four replies of a group in every way to cut them in two.
    let whole = "250 2.0.0 taken\r\n";
    for cut in 1..whole.len() {
        let (first, second) = whole.split_at(cut);
        let act = Act::Late(first.into(), second.into());
        let rule = at(Stage::Dot).times(1).act(act).stored();
        let server = SmtpServer::start(groups().rule(rule)).await;
        let gate = server.hold(Stage::Late, 1);
        let outbox = outbox(3);
        let mut settings = settings(server.relay());
        settings.connections = 1;
        let (clock, stop) = (clock(), Stop::new());
        let sending = run_with(&settings, &outbox, true, &clock, &stop);
        let releasing = async {
            gate.reached().await;
            gate.release();
        };
        let (report, ()) = tokio::join!(sending, releasing);
        assert_eq!(report.unwrap().sent, 3, "cut at {cut}");
        agrees(&outbox, &server, 3, "crumbs");
    }
}

#[tokio::test]
async fn what_arrives_before_the_message_has_left_is_no_answer_to_it() {
    // "Go on" with a "taken" behind it: said before a byte of the message has come.
    let act = Act::Raw(b"354 go on\r\n250 2.0.0 taken\r\n".to_vec());
    let rule = at(Stage::Data).on_connection(1).times(1).act(act);
    let server = SmtpServer::start(groups().rule(rule)).await;
    let outbox = outbox(4);
    let report = run(&settings(server.relay()), &outbox).await;
    assert_eq!((report.sent, report.stopped), (4, None));
    agrees(&outbox, &server, 4, "early");
}

#[tokio::test]
async fn a_breaker_stops_between_data_and_the_message() {
    let script = groups().rule(at(Stage::Dot).say("550 5.7.1 your network is listed"));
    let server = SmtpServer::start(script).await;
    let outbox = outbox(100);
    let report = run(&settings(server.relay()), &outbox).await;
    assert!(matches!(report.stopped, Some(Stopped::Policy(_))));
    let account = outbox.account();
    assert_eq!((account.failed, account.queued), (0, 100));
    assert_eq!(server.offered().len(), 20);
}

#[tokio::test]
async fn where_unknowns_are_held_only_what_was_under_way_is() {
    let script = groups().rule(at(Stage::Dot).skip(3).times(1).stored());
    let server = SmtpServer::start(script).await;
    let outbox = outbox(8);
    let settings = settings(server.relay());
    let report = run_with(&settings, &outbox, false, &clock(), &Stop::new()).await;
    let report = report.unwrap();
    assert_eq!((report.sent, report.held), (7, 1));
    assert_eq!(outbox.row(3).state, DeliveryState::Held);
    // No intent was asked for before its envelope was accepted: never two at once.
    let most = outbox.turns().iter().map(|t| t.intents.len()).max();
    assert_eq!(most, Some(1));
}

#[tokio::test]
async fn a_connection_is_left_after_so_many_messages() {
    for script in [Script::new(), groups()] {
        let server = SmtpServer::start(script).await;
        let outbox = outbox(10);
        let mut settings = settings(server.relay());
        settings.messages_per_connection = 4;
        let report: Report = run(&settings, &outbox).await;
        assert_eq!((report.sent, report.stopped), (10, None));
        let connections: Vec<_> = server.received().iter().map(|m| m.connection).collect();
        assert_eq!(connections, [1, 1, 1, 1, 2, 2, 2, 2, 3, 3]);
        assert_eq!(server.arrivals(Stage::Quit), 3);
    }
}

#[tokio::test]
async fn a_relay_that_loses_what_comes_behind_a_dot_is_spoken_to_one_by_one() {
    // Every second `MAIL` of a connection, the first that rides, breaks it.
    let mut script = groups();
    for connection in 1..=3 {
        script = script.rule(
            at(Stage::Mail)
                .on_connection(connection)
                .skip(1)
                .times(1)
                .act(Act::Drop),
        );
    }
    let server = SmtpServer::start(script).await;
    let outbox = outbox(20);
    let report = run(&settings(server.relay()), &outbox).await;
    assert_eq!(
        (report.sent, report.released, report.stopped),
        (20, 0, None)
    );
    agrees(&outbox, &server, 20, "no rides");
    assert_eq!(server.arrivals(Stage::Connect), 4);
    let followed = server.received().into_iter().filter(|m| m.followed);
    assert_eq!(
        followed.map(|m| m.connection).collect::<Vec<_>>(),
        [1, 2, 3]
    );
}

#[tokio::test]
async fn a_connection_that_lies_idle_is_closed_by_us() {
    let server = SmtpServer::start(groups()).await;
    let outbox = outbox(3);
    let mut settings = settings(server.relay());
    settings.deadlines.idle = Duration::from_millis(20);
    // The pace leaves far longer between two messages.
    settings.rate = Some(Rate {
        messages: 2,
        span: SignedDuration::from_secs(1),
    });
    let report = run(&settings, &outbox).await;
    assert_eq!((report.sent, report.released, report.stopped), (3, 0, None));
    let connections: Vec<_> = server.received().iter().map(|m| m.connection).collect();
    assert_eq!(connections, [1, 2, 3]);
    assert_eq!(server.arrivals(Stage::Quit), 3);
}

#[tokio::test]
async fn a_message_that_is_too_large_for_the_relay_stops_the_run() {
    let script = Script::new().offers(&["PIPELINING", "SIZE 1000"]);
    let server = SmtpServer::start(script).await;
    let outbox = outbox(5);
    let report = run(&settings(server.relay()), &outbox).await;
    assert_eq!(report.stopped, Some(Stopped::TooLarge(1_000)));
    assert_eq!(
        (outbox.account().queued, server.arrivals(Stage::Mail)),
        (5, 0)
    );
}

#[tokio::test]
async fn groups_go_under_tls_too() {
    let certificate = Certificate::for_loopback();
    let script = groups().implicit_tls(&certificate);
    let server = SmtpServer::start(script).await;
    let mut settings = settings(server.relay_with(courant::model::Security::Implicit));
    settings.extra_root = Some(certificate.pem());
    settings.connections = 2;
    let outbox = outbox(50);
    let report = run(&settings, &outbox).await;
    assert_eq!((report.sent, report.stopped), (50, None));
    agrees(&outbox, &server, 50, "tls");
}
