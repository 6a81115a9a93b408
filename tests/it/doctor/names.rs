//! What DNS says of the sender.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_held_against_dns_and_their_files_closed_to_others() {
    let patient = Patient::healthy().await;
    let others = Zone::default()
        .mx("proef.example", "mx.proef.example")
        .txt("proef.example", "v=spf1 -all")
        .txt("_dmarc.proef.example", "v=DMARC1; p=none");
    let wanted = format!("s1._domainkey.proef.example. IN TXT \"{RECORD}\"");
    let absent = [
        "DNS has no DKIM key",
        "courant.toml",
        "\"s1\"",
        "^^^^",
        &wanted,
    ];
    patient
        .only(others.clone(), 78, "key", "faulty", &absent)
        .await;
    let other = "v=DKIM1; k=ed25519; p=AAAA";
    let zone = others.txt("s1._domainkey.proef.example", other);
    let words = ["DNS has another DKIM key", other, &wanted];
    patient.only(zone, 78, "key", "faulty", &words).await;

    mode(&patient.newsletter, "state/dkim-s1.pem", 0o644);
    let words = [
        "other users can read the DKIM key",
        "chmod 600 state/dkim-s1.pem",
    ];
    let zone = patient.zone_with_policies();
    patient
        .only(zone, 0, "newsletter", "doubtful", &words)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_senders_domain_is_looked_up() {
    let patient = Patient::healthy().await;
    let key = |zone: Zone| zone.txt("s1._domainkey.proef.example", RECORD);
    let mx = |zone: Zone| zone.mx("proef.example", "mx.proef.example");
    let spf = |zone: Zone| zone.txt("proef.example", "v=spf1 mx -all");
    let dmarc = |zone: Zone| zone.txt("_dmarc.proef.example", "v=DMARC1; p=none");
    let empty = Zone::default;

    let zone = key(mx(dmarc(empty())));
    let words = [
        "does not say who may send",
        "bounces = \"terug@proef.example\"",
    ];
    patient.only(zone, 0, "spf", "doubtful", &words).await;
    let zone = key(mx(dmarc(spf(spf(empty())))));
    patient
        .only(zone, 78, "spf", "faulty", &["has 2 SPF records"])
        .await;
    let zone = key(mx(dmarc(empty()))).txt("proef.example", "v=spf1 +all");
    patient
        .only(zone, 0, "spf", "doubtful", &["lets everybody send"])
        .await;
    let zone = key(mx(spf(empty())));
    let words = ["has no DMARC record", "_dmarc.proef.example. IN TXT"];
    patient.only(zone, 0, "dmarc", "doubtful", &words).await;
    let zone = key(dmarc(spf(empty()))).mx("proef.example", "");
    patient
        .only(
            zone,
            78,
            "mail",
            "faulty",
            &["says that it takes none", "from = "],
        )
        .await;
    let zone = key(dmarc(spf(empty())));
    patient
        .only(zone, 78, "mail", "faulty", &["no MX record and no address"])
        .await;

    // A domain without MX takes mail at its own address (RFC 5321 §5.1).
    let zone = key(dmarc(spf(empty()))).a("proef.example", [192, 0, 2, 1].into());
    let (ended, _) = patient.doctor(zone).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);

    // Where readers answer to is another domain than the one that sends.
    let from = "from = \"De Proef <proef@proef.example>\"\n";
    let answers = format!("{from}reply_to = \"redactie@elders.example\"\n");
    patient.newsletter.replace("courant.toml", from, &answers);
    let zone = patient.zone_with_policies();
    let words = ["`redactie@elders.example` cannot arrive", "reply_to = "];
    let (ended, findings) = patient.doctor(zone).await;
    let mail: Vec<&str> = findings
        .iter()
        .filter(|f| f.subject == "mail")
        .map(|f| &*f.health)
        .collect();
    assert_eq!((ended.code, mail), (78, vec!["good", "faulty"]));
    assert!(
        words.iter().all(|w| ended.stderr.contains(w)),
        "{}",
        ended.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn dns_that_does_not_answer_is_no_fault_of_the_key() {
    let patient = Patient::healthy().await;
    let (_socket, server) = silent();
    let (ended, findings) = patient.doctor_at(&server.to_string()).await;
    assert_eq!(ended.code, 75, "{}", ended.stderr);
    for finding in &findings {
        let asks_dns = ["key", "spf", "dmarc", "mail"].contains(&&*finding.subject);
        let wanted = if asks_dns { "unknown" } else { "good" };
        assert_eq!(finding.health, wanted, "{finding:?}");
    }
    assert_eq!(ended.stderr.matches("DNS did not answer").count(), 4);
}
