//! A run that is asked to stop, or whose outbox fails.

use std::sync::Arc;

use courant::deliver::{Error, Report, Stop, Stopped};
use courant::model::DeliveryState;
use tokio::task::JoinHandle;

use super::outbox::MemoryOutbox;
use super::world::{clock, nth, outbox, run_with, settings, short_deadlines};
use crate::support::smtp::{Script, SmtpServer, Stage};

fn start(
    server: &SmtpServer,
    connections: usize,
    outbox: &Arc<MemoryOutbox>,
    stop: &Stop,
) -> JoinHandle<Result<Report, Error>> {
    let mut settings = settings(server.relay());
    settings.connections = connections;
    settings.deadlines.stop = short_deadlines().stop;
    let (outbox, stop) = (outbox.clone(), stop.clone());
    tokio::spawn(async move { run_with(&settings, &outbox, false, &clock(), &stop).await })
}

#[tokio::test]
async fn the_message_in_hand_is_finished_and_the_rest_given_back() {
    let server = SmtpServer::start(Script::new()).await;
    let gate = server.hold(Stage::Dot, 3);
    let (outbox, stop) = (Arc::new(outbox(50)), Stop::new());
    let sending = start(&server, 1, &outbox, &stop);
    gate.reached().await;
    stop.stop();
    gate.release();
    let report = sending.await.unwrap().unwrap();
    assert_eq!((report.sent, report.stopped), (3, Some(Stopped::Asked)));
    let account = outbox.account();
    assert_eq!((account.sent, account.queued), (3, 47));
    assert!(account.balances());
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
        let sending = start(&server, 1, &outbox, &stop);
        gate.reached().await;
        stop.stop();
        let report = sending.await.unwrap().unwrap();
        assert_eq!(report.stopped, Some(Stopped::Asked), "{stage:?}");
        assert_eq!(outbox.row(0).state, state, "{stage:?}");
        assert!(outbox.account().balances(), "{stage:?}");
    }
}

#[tokio::test]
async fn a_run_that_was_stopped_before_it_began_claims_nothing() {
    let server = SmtpServer::start(Script::new()).await;
    let (outbox, stop) = (Arc::new(outbox(4)), Stop::new());
    stop.stop();
    let report = start(&server, 4, &outbox, &stop).await.unwrap().unwrap();
    assert_eq!((report.sent, report.released), (0, 0));
    assert!(outbox.turns().iter().all(|turn| turn.claim == 0));
    assert_eq!(server.arrivals(Stage::Connect), 0);
}

#[tokio::test]
async fn an_outbox_that_cannot_record_ends_the_run() {
    let server = SmtpServer::start(Script::new()).await;
    let gate = server.hold(Stage::Dot, 2);
    let (outbox, stop) = (Arc::new(outbox(50)), Stop::new());
    let sending = start(&server, 1, &outbox, &stop);
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
