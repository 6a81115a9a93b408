//! Relays, inbox, and the page on which readers leave.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_is_tried_up_to_its_login() {
    let patient = Patient::healthy().await;
    let zone = || patient.zone_with_policies();
    patient.newsletter.write("wachtwoord", "een ander");
    let (ended, findings) = patient.doctor(zone()).await;
    let bad: Vec<(&str, &str)> = findings
        .iter()
        .filter(|f| f.health != "good")
        .map(|f| (&*f.subject, &*f.health))
        .collect();
    assert_eq!(ended.code, 69, "{}", ended.stderr);
    assert_eq!(bad, [("relay", "faulty"), ("inbox", "faulty")]);
    assert!(
        ended.stderr.contains("relay = \"smtp://jan@127.0.0.1"),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains("inbox = \"imap://terug@"),
        "{}",
        ended.stderr
    );
    assert!(!format!("{ended:?}").contains("een ander"));
    patient.newsletter.write("wachtwoord", PASSWORD);

    // Of several relays each is looked at, and the one at fault is pointed at.
    let relay = format!("relay = \"smtp://jan@{}\"", patient.smtp.address());
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = closed.local_addr().unwrap();
    drop(closed);
    let two = format!(
        "relay = [\"smtp://jan@{}\", \"smtp://{gone}\"]",
        patient.smtp.address()
    );
    patient.newsletter.replace("courant.toml", &relay, &two);
    let words = [&*format!("`{gone}`: cannot reach"), "^^^"];
    patient
        .only(zone(), 69, "relay", "unavailable", &words)
        .await;
    let tls = format!(
        "relay = [\"smtp://jan@{}\", \"smtps://{}\"]",
        patient.smtp.address(),
        patient.smtp.address()
    );
    patient.newsletter.replace("courant.toml", &two, &tls);
    // To a relay under TLS, the names of the test would be placeholders.
    patient.newsletter.replace(
        "courant.toml",
        "[newsletter]\n",
        "[newsletter]\ntest = true\n",
    );
    let words = [
        "TLS with the relay failed",
        "`smtps://` is for TLS from the first byte",
    ];
    patient.only(zone(), 69, "relay", "faulty", &words).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_on_which_readers_leave_is_opened() {
    let patient = Patient::healthy().await;
    let zone = || patient.zone_with_policies();
    patient
        .site
        .on("/healthz", Answer::ok("text/html", "<p>ok</p>"));
    let words = ["is not `courant serve`", "url = "];
    patient.only(zone(), 78, "site", "faulty", &words).await;
    patient.site.on("/healthz", Answer::status(404));
    patient.only(zone(), 78, "site", "faulty", &words).await;
    patient
        .newsletter
        .replace("courant.toml", "[\"127.0.0.1\"]", "[]");
    let words = ["lies in a private network"];
    patient.only(zone(), 0, "site", "doubtful", &words).await;
    patient
        .newsletter
        .replace("courant.toml", "allow = []", "allow = [\"127.0.0.1\"]");
    let Patient {
        newsletter,
        smtp,
        inbox,
        zone,
        site,
    } = patient;
    drop(site);
    let patient = Patient {
        newsletter,
        smtp,
        inbox,
        zone,
        site: HttpServer::start(),
    };
    let words = ["does not answer, and there readers leave"];
    let zone = patient.zone_with_policies();
    patient.only(zone, 69, "site", "unavailable", &words).await;

    // Who has readers leave by mail needs no page.
    let by_mail = "unsubscribe = \"mail\"";
    patient
        .newsletter
        .replace("courant.toml", "unsubscribe = \"both\"", by_mail);
    let (ended, findings) = patient.doctor(patient.zone_with_policies()).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(findings.iter().all(|f| f.subject != "site"));
}
