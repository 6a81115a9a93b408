//! A run that is asked to stop, or whose outbox fails.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use courant::deliver::{Error, Job, Outbox, OutboxError, Rate, Report, Stop, Stopped, deliver};
use courant::model::{DeliveryState, Login, Security, TurnRequest, TurnResult};
use jiff::SignedDuration;
use tokio::task::JoinHandle;

use super::outbox::MemoryOutbox;
use super::world::{
    clock, guard, issue, nth, outbox, run_with, settings, short_deadlines, variants,
};
use crate::support::smtp::{Certificate, Script, SmtpServer, Stage, at};

/// Longer than any honest reply takes.
const LONG: Duration = Duration::from_mins(1);

fn start(
    server: &SmtpServer,
    connections: usize,
    outbox: &Arc<MemoryOutbox>,
    stop: &Stop,
    patience: Duration,
) -> JoinHandle<Result<Report, Error>> {
    let mut settings = settings(server.relay());
    settings.connections = connections;
    settings.deadlines.stop = patience;
    let (outbox, stop) = (outbox.clone(), stop.clone());
    tokio::spawn(async move { run_with(&settings, &outbox, false, &clock(), &stop).await })
}

#[tokio::test]
async fn the_message_in_hand_is_finished_and_the_rest_given_back() {
    let server = SmtpServer::start(Script::new()).await;
    let gate = server.hold(Stage::Dot, 3);
    let (outbox, stop) = (Arc::new(outbox(50)), Stop::new());
    let sending = start(&server, 1, &outbox, &stop, LONG);
    gate.reached().await;
    stop.stop();
    gate.release();
    let report = sending.await.unwrap().unwrap();
    assert_eq!((report.sent, report.stopped), (3, Some(Stopped::Asked)));
    let account = outbox.account();
    assert_eq!((account.sent, account.queued), (3, 47));
    assert!(account.balances());
}

/// An outbox whose right to send another run may take.
struct Overtaken {
    outbox: MemoryOutbox,
    taken: AtomicBool,
}

impl Outbox for Overtaken {
    async fn turn(&self, request: TurnRequest) -> Result<TurnResult, OutboxError> {
        if !self.taken.load(Ordering::SeqCst) {
            return self.outbox.turn(request).await;
        }
        let outcomes_alone = TurnRequest {
            intents: vec![],
            claim: 0,
            ..request
        };
        let recorded = self.outbox.turn(outcomes_alone).await?;
        Ok(TurnResult {
            overtaken: true,
            ..recorded
        })
    }
}

#[tokio::test]
async fn a_run_that_was_overtaken_records_what_was_said_and_gives_the_rest_back() {
    for connections in [1, 3] {
        let server = SmtpServer::start(Script::new()).await;
        let gate = server.hold(Stage::Dot, 4);
        let overtaken = Overtaken {
            outbox: outbox(50),
            taken: AtomicBool::new(false),
        };
        let mut settings = settings(server.relay());
        settings.connections = connections;
        let (issue, clock, stop) = (issue(), clock(), Stop::new());
        let job = Job {
            issue: &issue,
            variants: &variants(&issue),
            relay: &settings,
            has_successor: false,
            resend_unknown: true,
            guard: guard(),
            return_paths: None,
        };
        let sending = deliver(&job, &overtaken, &clock, &stop, &());
        let take = async {
            gate.reached().await;
            overtaken.taken.store(true, Ordering::SeqCst);
            gate.release();
        };
        let (report, ()) = tokio::join!(sending, take);
        let report = report.unwrap();
        assert_eq!(report.stopped, Some(Stopped::Overtaken));
        assert_eq!(report.sent as usize, server.received().len());
        assert!(report.sent >= 4 && report.lost == 0, "{report:?}");
        assert!(!stop.is_stopped());
        for n in 0..50 {
            let state = overtaken.outbox.row(n).state;
            let expected = match server.copies(&nth(n)) {
                0 => DeliveryState::Queued,
                _ => DeliveryState::Sent,
            };
            assert_eq!(state, expected, "{n}");
        }
    }
}

#[tokio::test]
async fn a_relay_that_never_answers_cannot_hold_the_run() {
    for (stage, state) in [
        (Stage::Connect, DeliveryState::Queued),
        (Stage::Rcpt, DeliveryState::Queued),
        (Stage::Data, DeliveryState::Queued),
        (Stage::Dot, DeliveryState::Held),
    ] {
        let server = SmtpServer::start(Script::new()).await;
        let gate = server.hold(stage, 1);
        let (outbox, stop) = (Arc::new(outbox(4)), Stop::new());
        let sending = start(&server, 1, &outbox, &stop, short_deadlines().stop);
        gate.reached().await;
        stop.stop();
        let report = sending.await.unwrap().unwrap();
        assert_eq!(report.stopped, Some(Stopped::Asked), "{stage:?}");
        assert_eq!(outbox.row(0).state, state, "{stage:?}");
        assert!(outbox.account().balances(), "{stage:?}");
    }
}

#[tokio::test]
async fn a_slow_pace_claims_little_and_does_not_hold_the_end() {
    let server = SmtpServer::start(Script::new()).await;
    let (outbox, stop) = (outbox(50), Stop::new());
    let mut settings = settings(server.relay());
    settings.rate = Some(Rate {
        messages: 1,
        span: SignedDuration::from_hours(1),
    });
    settings.connections = 4;
    let clock = clock();
    let sending = run_with(&settings, &outbox, true, &clock, &stop);
    let ending = async {
        server.reached(Stage::Dot, 1).await;
        stop.stop();
    };
    let (report, ()) = tokio::join!(sending, ending);
    assert_eq!(report.unwrap().sent, 1);
    assert!(outbox.turns().iter().all(|turn| turn.claim <= 1));
    assert_eq!(outbox.account().queued, 49);
}

#[tokio::test]
async fn a_run_that_was_stopped_before_it_began_claims_nothing() {
    let server = SmtpServer::start(Script::new()).await;
    let (outbox, stop) = (Arc::new(outbox(4)), Stop::new());
    stop.stop();
    let report = start(&server, 4, &outbox, &stop, LONG)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((report.sent, report.released), (0, 0));
    assert!(outbox.turns().iter().all(|turn| turn.claim == 0));
    assert_eq!(server.arrivals(Stage::Connect), 0);
}

#[tokio::test]
async fn an_outbox_that_cannot_record_ends_the_run() {
    let server = SmtpServer::start(Script::new()).await;
    let gate = server.hold(Stage::Dot, 2);
    let (outbox, stop) = (Arc::new(outbox(50)), Stop::new());
    let sending = start(&server, 1, &outbox, &stop, LONG);
    gate.reached().await;
    outbox.fail();
    gate.release();
    let error = sending.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Outbox(_)) && error.is_transient());
    assert_eq!(outbox.row(0).state, DeliveryState::Sent);
    // What was in hand stays in the outbox as what it is: offered, and not known to be sent.
    assert_eq!(outbox.row(1).state, DeliveryState::Intent);
    assert_eq!(
        (server.copies(&nth(1)), server.arrivals(Stage::Dot)),
        (1, 2)
    );
}

/// Collects what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What is logged at a level while everything happens that is worth a line, over TLS and with this login.
async fn logged(level: tracing::Level, login: Login, offers: &[&str]) -> String {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let certificate = Certificate::for_loopback();
    let script = Script::new()
        .offers(offers)
        .implicit_tls(&certificate)
        .login("jan", SECRET, &[login.name()])
        .rule(
            at(Stage::Rcpt)
                .to(&nth(1))
                .say("550 5.1.1 <reader1@example.nl> is gone"),
        )
        .rule(
            at(Stage::Dot)
                .to(&nth(2))
                .say("451 4.3.0 reader2@example.nl later"),
        )
        .rule(at(Stage::Dot).to(&nth(3)))
        .rule(at(Stage::Data).to(&nth(4)).times(1));
    let server = SmtpServer::start(script).await;
    let outbox = outbox(6);
    let mut settings = settings(server.relay_with(Security::Implicit));
    settings.relay.user = Some("jan".into());
    settings.password = Some(SECRET.into());
    settings.login = Some(login);
    settings.extra_root = Some(certificate.pem());
    let report = run_with(&settings, &outbox, false, &clock(), &Stop::new()).await;
    let report = report.unwrap();
    assert_eq!((report.sent, report.failed, report.deferred), (3, 1, 1));
    assert_eq!((report.held, report.released), (1, 1));
    assert!(report.stopped.is_none());
    String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
}

const SECRET: &str = "een geheim";

#[tokio::test]
async fn no_log_line_holds_an_address_a_token_a_text_or_the_password() {
    let forms = [
        SECRET.to_owned(),
        STANDARD.encode(SECRET),
        STANDARD.encode(format!("\0jan\0{SECRET}")),
        STANDARD.encode(format!("user=jan\u{1}auth=Bearer {SECRET}\u{1}\u{1}")),
    ];
    let words = ["reader1", "reader2", "unsubscribe", "prijs", "geheim"];
    for level in [tracing::Level::DEBUG, tracing::Level::TRACE] {
        for login in [Login::Plain, Login::Login, Login::Xoauth2] {
            for offers in [&["8BITMIME"][..], &["PIPELINING", "SIZE"]] {
                let log = logged(level, login, offers).await;
                for secret in forms.iter().map(String::as_str).chain(words) {
                    assert!(!log.contains(secret), "{secret} is in:\n{log}");
                }
                // It does say what happened, and to whom.
                assert!(
                    log.contains("r…@example.nl") && log.contains("5.1.1"),
                    "{log}"
                );
            }
        }
    }
}
