//! The ordinary way: everybody gets one copy.

use std::collections::HashSet;

use courant::deliver::send_one;
use courant::model::{DeliveryState, Outcome};

use super::world::{address, digest, issue, nth, outbox, reader, run, settings};
use crate::support::smtp::{Script, SmtpServer, Stage, at};

#[tokio::test]
async fn two_hundred_readers_get_one_copy_each_over_four_connections() {
    let server = SmtpServer::start(Script::new()).await;
    let outbox = outbox(200);
    let mut settings = settings(server.relay());
    settings.connections = 4;
    let report = run(&settings, &outbox).await;

    assert_eq!((report.sent, report.stopped), (200, None));
    assert_eq!(outbox.account().sent, 200);
    assert_eq!(outbox.told(), 200);
    let received = server.received();
    let readers: HashSet<_> = received.iter().map(|m| m.to.clone()).collect();
    assert_eq!((received.len(), readers.len()), (200, 200));
    let connections: HashSet<_> = received.iter().map(|m| m.connection).collect();
    assert_eq!(connections, HashSet::from([1, 2, 3, 4]));
    for n in 0..200 {
        let message = received.iter().find(|m| m.to == [nth(n)]).unwrap();
        assert_eq!(message.from, "courant@example.nl");
        assert!(message.content.contains(&format!("<{}>\r\n", nth(n))));
        let html = message.content.contains("text/html");
        assert_eq!(html, n % 2 == 0, "reader {n} got the wrong variant");
    }
    // The connections were taken leave of.
    server.reached(Stage::Quit, 4).await;
}

#[tokio::test]
async fn outcomes_and_intents_share_their_commits() {
    let server = SmtpServer::start(Script::new()).await;
    let outbox = outbox(40);
    let mut settings = settings(server.relay());
    settings.connections = 4;
    run(&settings, &outbox).await;

    let turns = outbox.turns();
    let alone = turns
        .iter()
        .filter(|t| t.outcomes.len() + t.intents.len() == 1);
    // Eighty recordings; a commit for each would be eighty turns.
    assert!(
        turns.len() < 60,
        "{} turns, {} with one row",
        turns.len(),
        alone.count()
    );
    assert!(
        turns
            .iter()
            .any(|t| !t.outcomes.is_empty() && !t.intents.is_empty())
    );
}

#[tokio::test]
async fn the_intent_is_durable_before_data() {
    let server = SmtpServer::start(Script::new()).await;
    let gate = server.hold(Stage::Data, 1);
    let outbox = std::sync::Arc::new(outbox(1));
    let sending = tokio::spawn({
        let (outbox, settings) = (outbox.clone(), settings(server.relay()));
        async move { run(&settings, &outbox).await }
    });
    gate.reached().await;
    assert_eq!(outbox.row(0).state, DeliveryState::Intent);
    gate.release();
    assert_eq!(sending.await.unwrap().sent, 1);
    assert_eq!(outbox.row(0).state, DeliveryState::Sent);
}

#[tokio::test]
async fn a_closed_idle_connection_is_opened_anew() {
    let script = Script::new().rule(
        at(Stage::Mail)
            .on_connection(1)
            .skip(2)
            .say("421 4.3.2 enough"),
    );
    let server = SmtpServer::start(script).await;
    let outbox = outbox(5);
    let report = run(&settings(server.relay()), &outbox).await;
    assert_eq!((report.sent, report.released, report.stopped), (5, 0, None));
    let connections: Vec<_> = server.received().iter().map(|m| m.connection).collect();
    assert_eq!(connections, [1, 1, 2, 2, 2]);
}

#[tokio::test]
async fn a_reader_outside_ascii_needs_smtputf8_and_harms_nobody() {
    for (offers, sent) in [(&["8BITMIME", "SMTPUTF8"][..], 2), (&["8BITMIME"], 1)] {
        let server = SmtpServer::start(Script::new().offers(offers)).await;
        let outbox = outbox(2);
        outbox.set(0, |row| row.reader = reader(address("zoë@bücher.example")));
        let report = run(&settings(server.relay()), &outbox).await;
        assert_eq!((report.sent, report.failed), (sent, 2 - sent));
        if sent == 2 {
            let message = &server.received()[0];
            assert_eq!(message.to, ["zoë@xn--bcher-kva.example"]);
            assert_eq!(message.parameters, "SMTPUTF8 BODY=8BITMIME");
            assert!(message.content.contains(" <zoë@xn--bcher-kva.example>\r\n"));
        } else {
            let row = outbox.row(0);
            assert_eq!(row.state, DeliveryState::Failed);
            assert!(matches!(&row.outcomes[0], Outcome::Deferred(reply, _) if reply.code == 553));
        }
    }
}

#[tokio::test]
async fn a_test_mail_needs_no_outbox() {
    let script = Script::new().rule(at(Stage::Rcpt).to("gone@example.nl").say("550 5.1.1 no"));
    let server = SmtpServer::start(script).await;
    let (issue, settings) = (issue(), settings(server.relay()));
    let digest = digest(&issue, true);
    let send = async |to: &str| {
        send_one(&issue, &digest, &reader(address(to)), &settings)
            .await
            .unwrap()
    };
    assert_eq!(send("jan@example.nl").await.code, 250);
    assert_eq!(
        send("gone@example.nl").await.enhanced.as_deref(),
        Some("5.1.1")
    );
    assert_eq!(server.received().len(), 1);
}
