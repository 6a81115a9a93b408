//! `courant doctor`: what is in order, and each thing that may not be, found beside all others.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use sqlx::{Connection as _, Executor as _, SqliteConnection};

use crate::support::dns::{Zone, silent};
use crate::support::http::{Answer, HttpServer};
use crate::support::mailbox::{self, MailboxServer};
use crate::support::newsletter::{Ended, Newsletter};
use crate::support::smtp::{Script, SmtpServer};

const PASSWORD: &str = "geheim-wachtwoord";

/// A newsletter with all that a doctor looks at, and the servers that it names; every one of them is as it should be.
struct Patient {
    newsletter: Newsletter,
    smtp: SmtpServer,
    inbox: MailboxServer,
    site: HttpServer,
    zone: Zone,
}

impl Patient {
    async fn healthy() -> Self {
        let script = Script::new()
            .offers(&["PIPELINING", "SIZE 35882577"])
            .login("jan", PASSWORD, &["PLAIN"]);
        let smtp = SmtpServer::start(script).await;
        let inbox = MailboxServer::start(mailbox::Script::imap().login("terug", PASSWORD)).await;
        let site = HttpServer::start();
        site.on("/healthz", Answer::ok("text/plain", "ok\n"));
        let newsletter = Newsletter::new(&format!("smtp://jan@{}", smtp.address()));
        newsletter.write("wachtwoord", PASSWORD);
        close(&newsletter, "wachtwoord");
        let url = site.url("").to_string();
        newsletter.replace(
            "courant.toml",
            "http://127.0.0.1:8080",
            url.trim_end_matches('/'),
        );
        newsletter.append(
            "courant.toml",
            &format!(
                "password_file = \"wachtwoord\"\nbounces = \"terug@proef.example\"\n\n\
                 [[delivery.dkim]]\nselector = \"s1\"\nkey_file = \"state/dkim-s1.pem\"\n\n\
                 [gather]\nallow = [\"127.0.0.1\"]\n\n\
                 [bounces]\nunsubscribe = \"both\"\ninbox = \"{}\"\npassword_file = \"wachtwoord\"\n",
                inbox.url()
            ),
        );
        newsletter.write("state/dkim-s1.pem", KEY);
        close(&newsletter, "state/dkim-s1.pem");
        newsletter.readers(2);
        let zone = Zone::default()
            .txt("s1._domainkey.proef.example", RECORD)
            .mx("proef.example", "mx.proef.example");
        Self {
            newsletter,
            smtp,
            inbox,
            site,
            zone,
        }
    }

    /// With the policies that large providers want.
    fn zone_with_policies(&self) -> Zone {
        self.zone
            .clone()
            .txt("proef.example", "v=spf1 include:spf.proef.example -all")
            .txt("_dmarc.proef.example", "v=DMARC1; p=quarantine")
    }

    async fn doctor(&self, zone: Zone) -> (Ended, Vec<Finding>) {
        let server = zone.serve().to_string();
        self.doctor_at(&server).await
    }

    async fn doctor_at(&self, name_server: &str) -> (Ended, Vec<Finding>) {
        let arguments = ["doctor", "--name-server", name_server];
        let ended = self.newsletter.run_beside(&arguments).await;
        let arguments = [&arguments[..], &["--json"]].concat();
        let json = self.newsletter.run_beside(&arguments).await;
        assert_eq!(json.code, ended.code, "{}", json.stdout);
        let data: Value = serde_json::from_str(&json.stdout).unwrap();
        let findings = data["findings"].as_array().unwrap().iter().map(Finding::of);
        (ended, findings.collect())
    }

    /// Demands that one thing alone is not good, and that it is said where and what to do.
    async fn only(&self, zone: Zone, code: i32, subject: &str, health: &str, words: &[&str]) {
        let (ended, findings) = self.doctor(zone).await;
        self.alone((&ended, &findings), code, subject, health, words);
    }

    fn alone(
        &self,
        (ended, findings): (&Ended, &[Finding]),
        code: i32,
        subject: &str,
        health: &str,
        words: &[&str],
    ) {
        assert_eq!(ended.code, code, "{}{}", ended.stdout, ended.stderr);
        let bad: Vec<&Finding> = findings.iter().filter(|f| f.health != "good").collect();
        let [bad] = bad[..] else {
            panic!("{findings:#?}")
        };
        assert_eq!((&*bad.subject, &*bad.health), (subject, health));
        for word in words {
            assert!(ended.stderr.contains(word), "{word}\n{}", ended.stderr);
        }
        // What else there is was looked at all the same.
        for other in [
            "newsletter",
            "schedule",
            "key",
            "spf",
            "dmarc",
            "mail",
            "relay",
            "inbox",
        ] {
            assert!(findings.iter().any(|f| f.subject == other), "no {other}");
        }
    }
}

#[derive(Debug)]
struct Finding {
    subject: String,
    health: String,
    said: String,
}

impl Finding {
    fn of(value: &Value) -> Self {
        let text = |key: &str| value[key].as_str().unwrap().to_owned();
        Self {
            subject: text("subject"),
            health: text("health"),
            said: text("said"),
        }
    }
}

/// A file that only its owner may read.
fn close(newsletter: &Newsletter, name: &str) {
    mode(newsletter, name, 0o600);
}

fn mode(newsletter: &Newsletter, name: &str, mode: u32) {
    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(newsletter.path(name), permissions).unwrap();
}

async fn change(newsletter: &Newsletter, statements: &str) {
    let url = format!("sqlite://{}", newsletter.path("state/courant.db").display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    let statements = sqlx::AssertSqlSafe(statements.to_owned());
    database.execute(statements).await.unwrap();
    database.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_in_order_and_nothing_is_sent_or_made() {
    let patient = Patient::healthy().await;
    patient.inbox.arrive("Subject: terug\n\nx\n");
    let (ended, findings) = patient.doctor(patient.zone_with_policies()).await;
    assert_eq!((ended.code, &*ended.stderr), (0, ""), "{}", ended.stdout);
    assert!(findings.iter().all(|f| f.health == "good"), "{findings:#?}");
    let said: Vec<String> = findings
        .iter()
        .map(|f| format!("{}: {}", f.subject, f.said))
        .filter(|line| !line.starts_with("schedule"))
        .collect();
    let wanted = [
        "newsletter: 1 source, 1 schedule, 2 subscribers, 1 post in folders",
        "database: there is none yet; the first run makes it",
        "secret: there is none yet; the first run makes it",
        "key: DNS has this key (ed25519-sha256)",
        "spf: v=spf1 include:spf.proef.example -all",
        "dmarc: p=quarantine, at _dmarc.proef.example",
        "mail: mail to it can arrive",
        "relay: without TLS, on this machine, logged in as jan, takes commands in groups, mails of up to 35 MB",
        "inbox: logged in; one mail waits for the next run",
        "site: answers",
    ];
    assert_eq!(said, wanted);
    for line in &said {
        let (_, words) = line.split_once(": ").unwrap();
        assert!(ended.stdout.contains(words), "{words}\n{}", ended.stdout);
    }
    assert!(
        ended.stdout.ends_with("All is in order\n"),
        "{}",
        ended.stdout
    );
    let heard = patient.smtp.heard();
    assert!(heard.iter().any(|heard| heard.line == "QUIT"), "{heard:?}");
    assert!(
        !heard.iter().any(|heard| heard.line.starts_with("MAIL")),
        "{heard:?}"
    );
    assert!(patient.inbox.seen().is_empty());
    assert!(!patient.newsletter.path("state/courant.db").exists());
    assert!(!patient.newsletter.path("state/secret").exists());

    // Where all is well, cron has nothing to mail.
    let server = patient.zone_with_policies().serve().to_string();
    let arguments = ["-q", "doctor", "--name-server", &server];
    let quiet = patient.newsletter.run_beside(&arguments).await;
    assert_eq!((quiet.code, &*quiet.stdout, &*quiet.stderr), (0, "", ""));
}

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
    assert_eq!(ended.code, 78, "{}", ended.stderr);
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
    let words = [
        "TLS with the relay failed",
        "`smtps://` is for TLS from the first byte",
    ];
    patient.only(zone(), 78, "relay", "faulty", &words).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_database_hides_nothing_else() {
    let patient = Patient::healthy().await;
    let ran = patient.newsletter.run_beside(&["run"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let (ended, findings) = patient.doctor(patient.zone_with_policies()).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let database = findings.iter().find(|f| f.subject == "database").unwrap();
    assert!(
        database.said.contains("one issue, whose account balances"),
        "{database:?}"
    );

    change(
        &patient.newsletter,
        "UPDATE issue SET planned = planned + 1",
    )
    .await;
    let words = ["the account of issue 1 does not balance"];
    let zone = || patient.zone_with_policies();
    patient
        .only(zone(), 69, "database", "unavailable", &words)
        .await;
    change(
        &patient.newsletter,
        "UPDATE issue SET planned = planned - 1",
    )
    .await;

    let astray = "PRAGMA foreign_keys = OFF; DELETE FROM post";
    change(&patient.newsletter, astray).await;
    let (ended, findings) = patient.doctor(zone()).await;
    let words = ["is damaged: a row of `issue_post` belongs to a row of `post` that is not there"];
    assert_eq!(ended.code, 69, "{}", ended.stderr);
    assert!(ended.stderr.contains(words[0]), "{}", ended.stderr);
    assert!(
        findings
            .iter()
            .any(|f| f.subject == "relay" && f.health == "good")
    );

    let unknown = "PRAGMA ignore_check_constraints = ON; UPDATE delivery SET state = 'onzin'";
    change(&patient.newsletter, unknown).await;
    let (ended, _) = patient.doctor(zone()).await;
    let words = "is damaged: CHECK constraint failed in delivery";
    assert_eq!(ended.code, 69, "{}", ended.stderr);
    assert!(ended.stderr.contains(words), "{}", ended.stderr);

    for journal in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(
            patient
                .newsletter
                .path(&format!("state/courant.db{journal}")),
        );
    }
    patient
        .newsletter
        .write("state/courant.db", "geen database");
    let words = ["state/courant.db"];
    patient
        .only(zone(), 69, "database", "unavailable", &words)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_and_the_files_are_looked_at() {
    let patient = Patient::healthy().await;
    let zone = || patient.zone_with_policies();
    let ran = patient.newsletter.run_beside(&["run"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    mode(&patient.newsletter, "state/secret", 0o640);
    let words = ["state/secret", "can be read by others"];
    patient.only(zone(), 78, "secret", "faulty", &words).await;
    close(&patient.newsletter, "state/secret");
    patient.newsletter.append(
        "subscribers.toml",
        "[[subscriber]]\nemail = \"geen adres\"\n",
    );
    let words = ["not an e-mail address", "subscribers.toml"];
    patient
        .only(zone(), 65, "newsletter", "faulty", &words)
        .await;

    // What cannot be read at all is told as everywhere.
    patient.newsletter.append("courant.toml", "onbekend = 1\n");
    let (ended, findings) = patient.doctor(zone()).await;
    assert_eq!((ended.code, findings.len()), (78, 1), "{findings:#?}");
    assert!(ended.stderr.contains("`onbekend`"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_that_nobody_runs_is_told() {
    let patient = Patient::healthy().await;
    let zone = || patient.zone_with_policies();
    let said = |findings: &[Finding]| {
        let schedule = findings.iter().find(|f| f.subject == "schedule");
        schedule.unwrap().said.clone()
    };
    let (_, findings) = patient.doctor(zone()).await;
    assert!(said(&findings).starts_with("has not run yet; next due Mon "));
    let ran = patient.newsletter.run_beside(&["run"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let (_, findings) = patient.doctor(zone()).await;
    assert!(said(&findings).starts_with("ran by hand "), "{findings:#?}");

    // Served a long time ago (2 November 2026, 08:00), and not since.
    let served = "UPDATE schedule SET last_due = 1793602800000";
    change(&patient.newsletter, served).await;
    let words = [
        "schedule `weekly` was due Mon ",
        "no run has served it",
        "courant run --due",
    ];
    patient
        .only(zone(), 0, "schedule", "doubtful", &words)
        .await;
    // What is due every minute is never late by much.
    patient
        .newsletter
        .replace("schedules/weekly.toml", "0 8 * * MON", "* * * * *");
    let (_, findings) = patient.doctor(zone()).await;
    let wanted = "served Mon 2026-11-02 08:00; next due ";
    assert!(said(&findings).starts_with(wanted), "{findings:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_leaves_the_machine_nobody_is_asked() {
    let newsletter = Newsletter::of_the_repository();
    let (_socket, server) = silent();
    let server = server.to_string();
    let ended = newsletter
        .run_beside(&["doctor", "--name-server", &server])
        .await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("every mail stays on this machine"));
    for subject in ["SPF", "DMARC", "site"] {
        assert!(!ended.stdout.contains(subject), "{}", ended.stdout);
    }
}

/// An Ed25519 key (RFC 8410 §10.3) and its record.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
const RECORD: &str = "v=DKIM1; k=ed25519; p=Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
