//! `courant doctor`: what is in order, and each thing that may not be, found beside all others.

mod names;
mod patient;
mod servers;

use patient::{Finding, PASSWORD, Patient, RECORD, change, close, mode};

use crate::support::dns::{Zone, silent};
use crate::support::http::{Answer, HttpServer};
use crate::support::newsletter::Newsletter;

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
        "journal: there is none yet; the next run begins it",
        "key: DNS has this key (ed25519-sha256)",
        "spf: v=spf1 include:spf.proef.example -all",
        "dmarc: p=quarantine, at _dmarc.proef.example",
        "mail: mail to it can arrive",
        "relay: without TLS, on this machine, logged in as jan, takes commands in groups, mails of up to 35 MB",
        "inbox: logged in; one mail waits for the next run",
        "site: answers; whether it knows this newsletter's links shows after the first run",
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
async fn a_broken_database_hides_nothing_else() {
    let patient = Patient::healthy().await;
    let ran = patient.newsletter.run_beside(&["run"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let _served = patient.serve().await;
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
    let _served = patient.serve().await;
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
    let _served = patient.serve().await;
    let (_, findings) = patient.doctor(zone()).await;
    assert!(said(&findings).starts_with("ran by hand "), "{findings:#?}");

    // Served a long time ago (2 November 2026, 08:00), and not since.
    let served = "UPDATE schedule SET last_due = 1793602800000";
    change(&patient.newsletter, served).await;
    let words = [
        "schedule `weekly` was due Mon ",
        "no run has served it",
        "-q run --due",
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
