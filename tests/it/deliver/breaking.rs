//! The relay breaks off, falls silent or talks nonsense: no false `sent`, and nobody is forgotten.

use courant::deliver::{Job, Outbox, OutboxError, Report, Stop, Stopped, deliver};
use courant::model::{DeliveryState, Digest, Format, Outcome, TurnRequest, TurnResult};
use futures_util::future::join_all;

use super::outbox::MemoryOutbox;
use super::world::{
    address, clock, guard, issue, nth, outbox, reader, run, run_with, settings, short_deadlines,
    variants,
};
use crate::support::smtp::{Act, Gate, Script, SmtpServer, Stage, at};

/// A run for one reader whose first connection meets with an act.
async fn first_connection(
    stage: Stage,
    act: &Act,
    stored: bool,
) -> (SmtpServer, MemoryOutbox, Report) {
    let rule = at(stage).on_connection(1).act(act.clone());
    let rule = if stored { rule.stored() } else { rule };
    let server = SmtpServer::start(Script::new().rule(rule)).await;
    let outbox = outbox(1);
    let mut settings = settings(server.relay());
    if matches!(act, Act::Silence) {
        settings.deadlines = short_deadlines();
    }
    let report = run(&settings, &outbox).await;
    (server, outbox, report)
}

#[tokio::test]
async fn what_breaks_before_the_last_byte_is_put_back_and_sent_again() {
    let acts = [
        Act::Drop,
        Act::Reset,
        Act::Silence,
        Act::Endless,
        Act::Say("421 4.3.2 closing".into()),
        Act::Raw(b"250 ok\r\n250 and another\r\n".to_vec()),
        Act::Raw(b"HTTP/1.1 200 OK\r\n".to_vec()),
    ];
    for stage in [Stage::Mail, Stage::Rcpt, Stage::Data] {
        let tried = acts.iter().map(|act| async move {
            let (server, outbox, report) = first_connection(stage, act, false).await;
            let told = format!("{act:?} at {stage:?}: {report:?}");
            assert_eq!((report.sent, report.released), (1, 1), "{told}");
            assert_eq!(outbox.row(0).unknowns, 0, "{told}");
            assert_eq!(
                (server.offered().len(), server.copies(&nth(0))),
                (1, 1),
                "{told}"
            );
        });
        join_all(tried).await;
    }
}

/// An outbox during whose commits of intents the server says what nobody asked for.
struct Interrupted<'a> {
    outbox: &'a MemoryOutbox,
    server: &'a SmtpServer,
    gate: Gate,
}

impl Outbox for Interrupted<'_> {
    async fn turn(&self, request: TurnRequest) -> Result<TurnResult, OutboxError> {
        if !request.intents.is_empty() {
            self.gate.release();
            self.server.reached(Stage::TooLate, 1).await;
        }
        self.outbox.turn(request).await
    }
}

#[tokio::test]
async fn what_is_said_between_two_commands_is_heard_before_the_next() {
    for stray in ["250 ok\r\n", "354 go on\r\n", "421 bye\r\n", "4"] {
        let act = Act::Late(b"250 ok\r\n".to_vec(), stray.into());
        let rule = at(Stage::Rcpt).on_connection(1).act(act);
        let server = SmtpServer::start(Script::new().rule(rule)).await;
        let (outbox, settings, issue) = (outbox(1), settings(server.relay()), issue());
        let interrupted = Interrupted {
            outbox: &outbox,
            server: &server,
            gate: server.hold(Stage::Late, 1),
        };
        let job = Job {
            issue: &issue,
            variants: &variants(&issue),
            relay: &settings,
            has_successor: false,
            resend_unknown: true,
            guard: guard(),
            return_paths: None,
        };
        let report = deliver(&job, &interrupted, &clock(), &Stop::new(), &())
            .await
            .unwrap();
        assert_eq!((report.sent, report.released), (1, 1), "{stray:?}");
        assert_eq!(server.arrivals(Stage::Data), 1, "{stray:?}");
    }
}

#[tokio::test]
async fn a_wrong_kind_of_yes_is_none() {
    for (stage, line) in [
        (Stage::Mail, "354 go on"),
        (Stage::Rcpt, "354 go on"),
        (Stage::Data, "250 ok"),
    ] {
        let act = Act::Say(line.into());
        let (server, outbox, report) = first_connection(stage, &act, false).await;
        assert_eq!(
            (report.sent, report.released),
            (1, 1),
            "{line} at {stage:?}"
        );
        assert_eq!((outbox.row(0).unknowns, server.offered().len()), (0, 1));
    }
}

#[tokio::test]
async fn what_breaks_after_the_last_byte_is_unknown() {
    let acts = [
        Act::Drop,
        Act::Reset,
        Act::Silence,
        Act::Endless,
        Act::Say("354 go on".into()),
        Act::Raw(b"250 ok\r\n250 and another\r\n".to_vec()),
        Act::Raw(b"250 for an earlier one\r\n451 4.3.0 for yours\r\n".to_vec()),
        Act::Raw(b"250-half a reply\r\n451 of another\r\n".to_vec()),
        Act::Raw(b"ok\r\n".to_vec()),
    ];
    for act in &acts {
        for stored in [false, true] {
            let (server, outbox, report) = first_connection(Stage::Dot, act, stored).await;
            let told = format!("{act:?}, stored: {stored}: {report:?}");
            assert!(
                matches!(outbox.row(0).outcomes[0], Outcome::UnknownRetry(_)),
                "{told}"
            );
            assert_eq!((report.sent, report.deferred), (1, 1), "{told}");
            assert_eq!(server.copies(&nth(0)), 1 + usize::from(stored), "{told}");
            // Copies are identical, so that a mail program may fold them into one.
            let offered = server.offered();
            assert_eq!(offered[0].content, offered[1].content, "{told}");
        }
    }
}

#[tokio::test]
async fn a_third_unknown_is_held_and_the_others_go_on() {
    let script = Script::new().rule(at(Stage::Dot).to(&nth(1)).stored());
    let server = SmtpServer::start(script).await;
    let outbox = outbox(20);
    let mut settings = settings(server.relay());
    settings.connections = 2;
    let report = run(&settings, &outbox).await;
    assert_eq!((report.sent, report.held, report.stopped), (19, 1, None));
    assert_eq!(outbox.row(1).state, DeliveryState::Held);
    assert_eq!(server.copies(&nth(1)), 3);
}

#[tokio::test]
async fn in_hold_mode_nothing_is_sent_twice() {
    let script = Script::new().rule(at(Stage::Dot).to(&nth(0)).stored());
    let server = SmtpServer::start(script).await;
    let outbox = outbox(3);
    let settings = settings(server.relay());
    let report = run_with(&settings, &outbox, false, &clock(), &Stop::new()).await;
    let report = report.unwrap();
    assert_eq!((report.sent, report.held), (2, 1));
    assert_eq!(
        (outbox.row(0).state, server.copies(&nth(0))),
        (DeliveryState::Held, 1)
    );
}

#[tokio::test]
async fn a_message_cut_in_its_middle_was_not_sent() {
    for act in [Act::Drop, Act::Reset, Act::Say("552 5.3.4 too much".into())] {
        let rule = at(Stage::Body)
            .on_connection(1)
            .after(20_000)
            .act(act.clone());
        let server = SmtpServer::start(Script::new().small_window().rule(rule)).await;
        let outbox = MemoryOutbox::new([(reader(address(&nth(0))), 0)]);
        let settings = settings(server.relay());
        // More than the system buffers, so that the last byte cannot have left when the server breaks off.
        let issue = issue();
        let mut variants = variants(&issue);
        variants[0].digest = Digest {
            html: None,
            text: "Twaalf keer dezelfde zin is ook een verhaal.\n".repeat(120_000),
            ..variants[0].digest.clone()
        };
        variants[0].variant.format = Format::Text;
        let job = Job {
            issue: &issue,
            variants: &variants,
            relay: &settings,
            has_successor: false,
            resend_unknown: false,
            guard: guard(),
            return_paths: None,
        };
        let report = deliver(&job, &outbox, &clock(), &Stop::new(), &())
            .await
            .unwrap();
        assert_eq!(
            (report.sent, report.released),
            (1, 1),
            "{act:?}: {report:?}"
        );
        assert_eq!((outbox.row(0).unknowns, server.copies(&nth(0))), (0, 1));
    }
}

#[tokio::test]
async fn a_message_that_breaks_every_connection_holds_up_nobody() {
    let script = Script::new().rule(at(Stage::Data).to(&nth(0)));
    let server = SmtpServer::start(script).await;
    let outbox = outbox(30);
    let mut settings = settings(server.relay());
    settings.connections = 2;
    let report = run(&settings, &outbox).await;
    assert_eq!((report.sent, report.stopped), (29, None));
    let row = outbox.row(0);
    assert_eq!((row.state, row.unknowns), (DeliveryState::Queued, 0));
    assert!(matches!(
        row.outcomes[..],
        [
            Outcome::Released(_),
            Outcome::Released(_),
            Outcome::Deferred(..)
        ]
    ));
}

#[tokio::test]
async fn three_connection_failures_in_a_row_stop_the_run() {
    let rules = [
        at(Stage::Connect),
        at(Stage::Connect).say("554 5.7.1 go away"),
        at(Stage::Connect).act(Act::Silence),
        at(Stage::Hello).say("550 5.5.1 no"),
        at(Stage::Hello).act(Act::Endless),
        at(Stage::Mail),
    ];
    for rule in rules {
        let told = format!("{rule:?}");
        let is_silent = told.contains("Silence");
        let server = SmtpServer::start(Script::new().rule(rule)).await;
        let outbox = outbox(10);
        let mut settings = settings(server.relay());
        if is_silent {
            settings.deadlines = short_deadlines();
        }
        let report = run(&settings, &outbox).await;
        assert!(
            matches!(report.stopped, Some(Stopped::Connection(_))),
            "{told}: {report:?}"
        );
        assert_eq!(outbox.account().queued, 10, "{told}");
        assert_eq!(server.arrivals(Stage::Connect), 3, "{told}");
    }
}

#[tokio::test]
async fn a_relay_that_has_come_back_is_sent_to_by_the_next_run() {
    let server = SmtpServer::start(Script::new()).await;
    server.rule(at(Stage::Connect).times(3).say("421 4.3.2 starting"));
    let (outbox, settings) = (outbox(10), settings(server.relay()));
    let report = run(&settings, &outbox).await;
    assert!(
        matches!(report.stopped, Some(Stopped::Connection(_))),
        "{report:?}"
    );
    let report = run(&settings, &outbox).await;
    assert_eq!((report.sent, report.stopped), (10, None));
}

#[tokio::test]
async fn an_unreachable_relay_keeps_everything_queued() {
    let server = SmtpServer::start(Script::new()).await;
    let settings = settings(server.relay());
    drop(server);
    let outbox = outbox(10);
    let report = run(&settings, &outbox).await;
    assert!(
        matches!(report.stopped, Some(Stopped::Connection(_))),
        "{report:?}"
    );
    assert_eq!(outbox.account().queued, 10);
}
