//! `courant login`, and what a run, `doctor` and the logs make of a login.

use std::sync::{Arc, Mutex};

use crate::support::issuer::{CLIENT, IssuerServer, SECRET, Step, certificate, private_key};
use crate::support::newsletter::Newsletter;
use crate::support::smtp::{Certificate, Script, SmtpServer};

#[expect(
    clippy::disallowed_methods,
    reason = "the program that is run asks the system as well"
)]
fn today() -> jiff::Timestamp {
    let seconds = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    jiff::Timestamp::from_second(i64::try_from(seconds.as_secs()).unwrap()).unwrap()
}

/// A newsletter whose relay takes this token of the user `proef`, and names the login `kantoor`.
async fn newsletter(token: &str) -> (SmtpServer, Newsletter) {
    let certificate = Certificate::for_loopback();
    let script = Script::new().implicit_tls(&certificate);
    let server = SmtpServer::start(script.login("proef", token, &["XOAUTH2"])).await;
    let newsletter = Newsletter::new(&format!("smtps://proef@{}", server.address()));
    newsletter.append("courant.toml", "oauth = \"kantoor\"\n");
    newsletter.readers(3);
    newsletter.write("geheim", &format!("{SECRET}\n"));
    (server, newsletter)
}

fn microsoft<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let first = [
        "login",
        "microsoft",
        "kantoor",
        "--tenant",
        "huis",
        "--authority",
        url,
        "--client-id",
        CLIENT,
    ];
    first.iter().chain(more).copied().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_logs_in_once_and_runs_send_by_it() {
    let issuer = IssuerServer::start(today()).await;
    let (server, mut newsletter) = newsletter("toegang-2").await;
    let missing = newsletter.run_beside(&["run"]).await;
    assert_eq!(missing.code, 69, "{missing:?}");
    assert!(
        missing.stderr.contains("there is no login `kantoor`"),
        "{}",
        missing.stderr
    );
    let url = issuer.url();
    let made = newsletter
        .run_beside(&microsoft(
            &url,
            &["--secret-file", "geheim", "--secret-ends", "2099-01-31"],
        ))
        .await;
    assert_eq!(made.code, 0, "{made:?}");
    assert_eq!(
        made.stdout,
        "The login `kantoor` is kept: proef@proef.example at 127.0.0.1, by the client's secret, which ends on 2099-01-31.\n"
    );
    let form = &issuer.heard_at("/huis/oauth2/v2.0/token")[0];
    assert_eq!(form["scope"], "https://outlook.office365.com/.default");
    // The first token was taken back meanwhile.
    newsletter.set("RUST_LOG", "trace");
    let run = newsletter.run_beside(&["run", "-vvv"]).await;
    assert_eq!((run.code, server.received().len()), (0, 3), "{run:?}");
    newsletter.set("RUST_LOG", "off");
    let shown = newsletter
        .run_beside(&["login", "show", "kantoor", "--json"])
        .await;
    let listed = newsletter.run_beside(&["login", "list"]).await;
    let doctor = newsletter.run_beside(&["doctor"]).await;
    assert!(listed.stdout.contains("2099-01-31"), "{}", listed.stdout);
    assert!(
        doctor
            .stdout
            .contains("by the client's secret, for https://outlook.office365.com/.default"),
        "{doctor:?}"
    );
    for ended in [&made, &run, &shown, &listed, &doctor] {
        for secret in [
            "geheim/van",
            "geheim%2Fvan",
            "toegang-",
            "dG9lZ2FuZy",
            "RvZWdhbmct",
            "b2VnYW5n",
        ] {
            assert!(
                !ended.stderr.contains(secret) && !ended.stdout.contains(secret),
                "{secret}: {ended:?}"
            );
        }
    }
    let forgotten = newsletter.run_beside(&["login", "forget", "kantoor"]).await;
    assert_eq!(forgotten.code, 0, "{forgotten:?}");
    let folder = newsletter.path("state/logins");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_and_a_service_account_serve_as_well() {
    let issuer = IssuerServer::start(today()).await;
    let (_server, mut newsletter) = newsletter("toegang-1").await;
    newsletter.write("courant.pem", certificate());
    newsletter.write("key.json", &serde_json::json!({
        "type": "service_account", "client_email": "dienst@project.example", "private_key_id": "7",
        "private_key": private_key(), "token_uri": format!("{}/token", issuer.url()),
    }).to_string());
    newsletter.set("RUST_LOG", "trace");
    let url = issuer.url();
    for (arguments, by) in [
        (
            microsoft(&url, &["--certificate", "courant.pem", "-vvv"]),
            "the client's certificate, which ends on ",
        ),
        (
            vec![
                "login",
                "google",
                "kantoor",
                "--service-account",
                "key.json",
                "-vvv",
            ],
            "a service account.",
        ),
    ] {
        let made = newsletter.run_beside(&arguments).await;
        assert_eq!(made.code, 0, "{made:?}");
        assert!(made.stdout.contains(by), "{made:?}");
        for secret in ["PRIVATE", "eyJ", "toegang-"] {
            assert!(!made.stderr.contains(secret), "{secret}: {}", made.stderr);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_types_a_code_and_the_login_goes_on_by_itself() {
    let issuer = IssuerServer::start(today()).await;
    issuer.with(|state| state.device = ["authorization_pending"].into());
    // Tokens that end at once: each run gets one of its own.
    issuer.with(|state| state.lifetime = 1);
    let (server, newsletter) = newsletter("toegang-2").await;
    let url = issuer.url();
    let made = newsletter.run_beside(&microsoft(&url, &[])).await;
    assert_eq!(made.code, 0, "{made:?}");
    assert!(
        made.stderr.contains("type in this code: WDJB-MJHT"),
        "{}",
        made.stderr
    );
    // Each connection asks anew.
    newsletter.append("courant.toml", "connections = 1\n");
    server.takes("proef", &issuer.next_token());
    let run = newsletter.run_beside(&["run"]).await;
    assert_eq!((run.code, server.received().len()), (0, 3), "{run:?}");
    // The person takes it back: one clear message, nobody failed.
    issuer.with(|state| state.revoked = true);
    newsletter.post("tweede", "Het tweede bericht");
    let run = newsletter.run_beside(&["run", "-q"]).await;
    assert_eq!(run.code, 69, "{run:?}");
    assert_eq!(
        run.stderr.matches("has ended or was withdrawn").count(),
        1,
        "{}",
        run.stderr
    );
    let account = newsletter.account("2").await;
    assert_eq!(account["failed"], 0, "{account}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_told_two_weeks_ahead() {
    let issuer = IssuerServer::start(today()).await;
    let (_server, newsletter) = newsletter("toegang-1").await;
    let url = issuer.url();
    for (days, code, words) in [
        (20, None, "by the client's secret"),
        (
            13,
            Some("Doubtful"),
            "the secret of the login `kantoor` ends on",
        ),
        (
            -1,
            Some("Faulty"),
            "the secret of the login `kantoor` ended on",
        ),
    ] {
        let day = (today() + jiff::SignedDuration::from_hours(24 * days))
            .strftime("%Y-%m-%d")
            .to_string();
        let made = newsletter
            .run_beside(&microsoft(
                &url,
                &["--secret-file", "geheim", "--secret-ends", &day],
            ))
            .await;
        assert_eq!(made.code, 0, "{made:?}");
        let doctor = newsletter.run_beside(&["doctor", "--json"]).await;
        let found: serde_json::Value = serde_json::from_str(&doctor.stdout).unwrap();
        let text = found.to_string();
        assert!(text.contains(words), "{text}");
        assert_eq!(text.contains("make a new secret"), code.is_some(), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_login_is_told_with_what_to_do() {
    let issuer = IssuerServer::start(today()).await;
    let (_server, newsletter) = newsletter("toegang-1").await;
    newsletter.write("leeg", "\n");
    newsletter.write("fout", "een ander geheim");
    let url = issuer.url();
    for (arguments, code, words) in [
        (
            microsoft(&url, &["--secret-file", "leeg"]),
            65,
            "`leeg` is empty",
        ),
        (
            microsoft(&url, &["--secret-file", "weg"]),
            66,
            "cannot read `weg`",
        ),
        (
            microsoft(&url, &["--secret-file", "fout"]),
            69,
            "invalid_client",
        ),
        (
            microsoft(&url, &["--certificate", "fout"]),
            65,
            "the certificate cannot be read",
        ),
        (
            microsoft("http://login.example", &["--secret-file", "geheim"]),
            78,
            "is not an https address",
        ),
        (
            vec!["login", "google", "kantoor", "--client-file", "fout"],
            65,
            "is not the file of a client for a desktop app",
        ),
        (
            vec!["login", "google", "kantoor", "--service-account", "fout"],
            65,
            "not the key file of a service account",
        ),
        (vec!["login", "google", "kantoor"], 2, "--client-file"),
        (
            vec!["login", "show", "kantoor"],
            66,
            "there is no login `kantoor`",
        ),
        (
            vec!["login", "show", "../geheim"],
            2,
            "is no name for a login",
        ),
    ] {
        let ended = newsletter.run_beside(&arguments).await;
        assert_eq!(ended.code, code, "{arguments:?} {ended:?}");
        assert!(ended.stderr.contains(words), "{arguments:?} {ended:?}");
        assert!(!ended.stderr.contains("een ander geheim"), "{ended:?}");
    }
    let none = newsletter.run_beside(&["login", "list"]).await;
    assert_eq!(
        (none.code, none.stdout.as_str()),
        (0, "No login is kept.\n")
    );
}

/// Killed without a word at each step of a refresh, in turn: the next run goes on with what was kept or what the issuer
/// still takes, and each reader gets the issue once.
#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_in_a_refresh_loses_neither_mail_nor_login() {
    let issuer = IssuerServer::start(today()).await;
    issuer.with(|state| state.lifetime = 1);
    let (server, newsletter) = newsletter("nog geen").await;
    let url = issuer.url();
    let made = newsletter.run_beside(&microsoft(&url, &[])).await;
    assert_eq!(made.code, 0, "{made:?}");
    let victim: Arc<Mutex<Option<(Step, u32)>>> = Arc::default();
    let wanted = victim.clone();
    issuer.at_each_step(move |step| {
        let mut wanted = wanted.lock().unwrap();
        if wanted.is_some_and(|(at, _)| at == step)
            && let Some((_, process)) = wanted.take()
        {
            let killed = std::process::Command::new("kill")
                .args(["-9", &process.to_string()])
                .status();
            assert!(killed.unwrap().success());
        }
    });
    for step in [Step::Heard, Step::Made, Step::Said] {
        // The hook waits for its victim: the program is started while the lock is held.
        let child = {
            let mut wanted = victim.lock().unwrap();
            let child = newsletter.start(&["run"]);
            *wanted = Some((step, child.id()));
            child
        };
        let ended = crate::support::newsletter::Ended::after(child).await;
        // After all was said it may have come to its end first.
        let is_killed = ended.code < 0 || step == Step::Said;
        assert!(is_killed, "{step:?}: {ended:?}");
        assert_eq!(server.received().len(), 0, "{step:?}");
        *victim.lock().unwrap() = None;
    }
    // One token for all its connections.
    issuer.with(|state| state.lifetime = 3600);
    server.takes("proef", &issuer.next_token());
    let run = newsletter.run_beside(&["run"]).await;
    assert!(
        !issuer.with(|state| state.revoked),
        "an older token was used again"
    );
    assert_eq!((run.code, server.received().len()), (0, 3), "{run:?}");
    for reader in 0..3 {
        let to = format!("reader{reader}@example.nl");
        let copies = server
            .received()
            .iter()
            .filter(|mail| mail.to.contains(&to))
            .count();
        assert_eq!(copies, 1, "{to}");
    }
}
