//! The relay says no: for good, for now, for us all.

use courant::deliver::{Stop, Stopped};
use courant::model::{DeliveryState, FixedClock, Outcome};
use jiff::SignedDuration;

use super::world::{issue, now, nth, outbox, run, run_with, settings};
use crate::support::smtp::{Script, SmtpServer, Stage, at};

#[tokio::test]
async fn a_refusal_concerns_its_reader_alone_and_keeps_the_connection() {
    let script = Script::new()
        .rule(at(Stage::Rcpt).to(&nth(0)).say("550 5.1.1 no such user"))
        .rule(at(Stage::Rcpt).to(&nth(1)).say("452 4.2.2 full"))
        .rule(at(Stage::Data).to(&nth(2)).say("554 5.5.0 no"))
        .rule(at(Stage::Data).to(&nth(3)).say("451 4.3.0 later"))
        .rule(at(Stage::Dot).to(&nth(4)).say("554 5.6.0 content"))
        .rule(at(Stage::Dot).to(&nth(5)).say("451 4.7.1 greylisted"));
    let server = SmtpServer::start(script).await;
    let outbox = outbox(8);
    let report = run(&settings(server.relay()), &outbox).await;

    assert_eq!((report.sent, report.failed, report.deferred), (2, 3, 3));
    let gone = outbox.row(0).outcomes;
    assert!(
        matches!(&gone[..], [Outcome::Failed(reply, true)] if reply.code == 550),
        "{gone:?}"
    );
    // Put off until the relay had taken another, and failed then.
    for n in [2, 4] {
        let row = outbox.row(n);
        assert!(
            matches!(&row.outcomes[..], [Outcome::Deferred(reply, _)] if reply.code == 554),
            "{row:?}"
        );
        assert_eq!(row.state, DeliveryState::Failed);
    }
    for (n, code) in [(1, 452), (3, 451), (5, 451)] {
        let Outcome::Deferred(reply, at) = &outbox.row(n).outcomes[0] else {
            panic!("{:?}", outbox.row(n));
        };
        assert_eq!(
            (reply.code, *at),
            (code, now() + SignedDuration::from_mins(1))
        );
    }
    assert_eq!(server.arrivals(Stage::Connect), 1);
    // After a refused envelope the next message begins with a clean one; after a refused message none is open.
    assert_eq!(server.arrivals(Stage::Rset), 4);
}

#[tokio::test]
async fn what_is_put_off_is_sent_by_a_later_run() {
    let script = Script::new().rule(at(Stage::Rcpt).times(2).say("451 4.7.1 greylisted"));
    let server = SmtpServer::start(script).await;
    let (outbox, clock, stop) = (outbox(1), FixedClock::new(now()), Stop::new());
    let settings = settings(server.relay());
    for (minutes, state) in [
        (0, DeliveryState::Queued),
        (0, DeliveryState::Queued),
        (1, DeliveryState::Queued),
        (5, DeliveryState::Sent),
    ] {
        clock.advance(SignedDuration::from_mins(minutes));
        run_with(&settings, &outbox, true, &clock, &stop)
            .await
            .unwrap();
        assert_eq!(outbox.row(0).state, state, "after {minutes} more minutes");
    }
    assert_eq!(
        (server.arrivals(Stage::Rcpt), outbox.row(0).attempts),
        (3, 3)
    );
}

#[tokio::test]
async fn an_expired_issue_is_not_sent() {
    let server = SmtpServer::start(Script::new()).await;
    let (outbox, clock) = (outbox(2), FixedClock::new(issue().expires_at));
    let settings = settings(server.relay());
    let report = run_with(&settings, &outbox, true, &clock, &Stop::new()).await;
    assert_eq!(report.unwrap().failed, 2);
    assert_eq!(server.arrivals(Stage::Connect), 0);
}

#[tokio::test]
async fn a_reader_who_left_is_not_sent_to() {
    let server = SmtpServer::start(Script::new()).await;
    let outbox = outbox(3);
    outbox.leave(1);
    let report = run(&settings(server.relay()), &outbox).await;
    assert_eq!((report.sent, report.suppressed), (2, 1));
    assert_eq!(outbox.row(1).state, DeliveryState::Suppressed);
    assert_eq!(
        (server.arrivals(Stage::Data), server.copies(&nth(1))),
        (2, 0)
    );
    assert_eq!((outbox.told(), server.arrivals(Stage::Connect)), (3, 1));
}

#[tokio::test]
async fn a_delivery_that_another_sender_took_over_is_left_alone() {
    let server = SmtpServer::start(Script::new()).await;
    let gate = server.hold(Stage::Rcpt, 1);
    let outbox = std::sync::Arc::new(outbox(2));
    let sending = tokio::spawn({
        let (outbox, settings) = (outbox.clone(), settings(server.relay()));
        async move { run(&settings, &outbox).await }
    });
    gate.reached().await;
    outbox.take_over(0);
    gate.release();
    let report = sending.await.unwrap();
    assert_eq!((report.sent, report.lost), (1, 1));
    assert_eq!(
        (server.copies(&nth(0)), server.arrivals(Stage::Data)),
        (0, 1)
    );
}

#[tokio::test]
async fn data_is_not_said_when_half_of_the_lease_has_passed() {
    let server = SmtpServer::start(Script::new()).await;
    let outbox = outbox(1);
    let clock = std::sync::Arc::new(FixedClock::new(now()));
    let settings = settings(server.relay());
    let (hand, half) = (clock.clone(), settings.lease / 2);
    let mut slow = true;
    outbox.before_each_turn(move |request| {
        // The commit of the first intent takes half of the lease.
        if !request.intents.is_empty() && std::mem::take(&mut slow) {
            hand.advance(half);
        }
    });
    let report = run_with(&settings, &outbox, true, &*clock, &Stop::new()).await;
    let report = report.unwrap();
    assert_eq!((report.released, report.sent), (1, 1));
    assert_eq!(
        (server.arrivals(Stage::Rcpt), server.arrivals(Stage::Data)),
        (2, 1)
    );
}

#[tokio::test]
async fn a_relay_that_refuses_all_for_its_policy_is_left() {
    let script = Script::new().rule(at(Stage::Dot).say("550 5.7.1 your network is listed"));
    let server = SmtpServer::start(script).await;
    let outbox = outbox(100);
    let report = run(&settings(server.relay()), &outbox).await;
    assert!(matches!(&report.stopped, Some(Stopped::Policy(why)) if why.contains("listed")));
    let account = outbox.account();
    assert_eq!((account.failed, account.queued), (0, 100));
    assert_eq!(server.arrivals(Stage::Dot), 20);
    assert!(
        (0..100).all(|n| outbox.row(n).next_at <= now()),
        "all are due"
    );
}

#[tokio::test]
async fn a_refused_sender_costs_no_reader() {
    let script = Script::new().rule(at(Stage::Mail).say("550 5.1.8 who are you"));
    let server = SmtpServer::start(script).await;
    let outbox = outbox(50);
    let report = run(&settings(server.relay()), &outbox).await;
    let said = "550 5.1.8 who are you".to_owned();
    assert_eq!(report.stopped, Some(Stopped::SenderRefused(said)));
    assert_eq!((outbox.account().failed, outbox.account().queued), (0, 50));
    assert_eq!(server.arrivals(Stage::Mail), 1);
}
