//! A relay with TLS and a login, as the program uses it: every reader once, and nothing said where it must not be.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use courant::model::{Relay, Security};
use courant::pipeline::Wish;

use crate::support::newsletter::{Ended, Newsletter};
use crate::support::served::{LOG, Served, link};
use crate::support::smtp::{Certificate, Script, SmtpServer, Stage, at};
use crate::support::timed::Timed;

const USER: &str = "courant@proef.example";
const PASSWORD: &str = "zeventien-groene-laarzen";
const READERS: usize = 6;

/// A server that demands a login under TLS, by STARTTLS or from the first byte.
async fn server(scheme: &str, certificate: &Certificate) -> SmtpServer {
    let script = Script::new().login(USER, PASSWORD, &["PLAIN", "LOGIN"]);
    SmtpServer::start(match scheme {
        "smtps" => script.implicit_tls(certificate),
        _ => script.starttls(certificate),
    })
    .await
}

/// A newsletter that sends to the server under this name, and trusts this certificate.
fn newsletter(server: &SmtpServer, scheme: &str, host: &str, trusted: &Certificate) -> Newsletter {
    let port = server.address().port();
    let user = USER.replace('@', "%40");
    let newsletter = Newsletter::new(&format!("{scheme}://{user}@{host}:{port}"));
    newsletter.append("courant.toml", "tls_root = \"relay.pem\"\n");
    newsletter.write("relay.pem", std::str::from_utf8(&trusted.pem()).unwrap());
    newsletter.readers(READERS);
    newsletter
}

/// Puts the password in a file of its own.
fn with_password_file(newsletter: &Newsletter, password: &str) {
    newsletter.write("password", &format!("{password}\n"));
    if !newsletter.read("courant.toml").contains("password_file") {
        newsletter.append("courant.toml", "password_file = \"password\"\n");
    }
}

fn everyone_has_one(server: &SmtpServer, readers: usize) {
    assert_eq!(server.received().len(), readers);
    for n in 0..readers {
        assert_eq!(server.copies(&format!("reader{n}@example.nl")), 1, "{n}");
    }
}

/// Nothing was said but hello, and all mails wait.
async fn nothing_was_sent(newsletter: &Newsletter, server: &SmtpServer, ended: &Ended, why: &str) {
    assert_eq!(ended.code, 69, "{}\n{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains(why), "{why}\n{}", ended.stderr);
    assert_eq!(server.arrivals(Stage::Mail), 0);
    let account = newsletter.account("1").await;
    assert_eq!(account["queued"], READERS, "{account}");
    assert_eq!(account["balances"], true, "{account}");
}

#[tokio::test(flavor = "multi_thread")]
async fn either_tls_and_either_place_for_the_password() {
    for scheme in ["smtp", "smtps"] {
        for from_file in [true, false] {
            let certificate = Certificate::for_loopback();
            let server = server(scheme, &certificate).await;
            let mut newsletter = newsletter(&server, scheme, "localhost", &certificate);
            if from_file {
                with_password_file(&newsletter, PASSWORD);
            } else {
                newsletter.set("COURANT_DELIVERY__PASSWORD", PASSWORD);
            }
            let ended = newsletter.run_beside(&["run"]).await;
            assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
            everyone_has_one(&server, READERS);
            let mut plain = server.heard().into_iter().filter(|heard| !heard.secure);
            assert!(plain.all(|heard| heard.line.starts_with("EHLO") || heard.line == "STARTTLS"));
            let again = newsletter.run_beside(&["run"]).await;
            assert_eq!(again.code, 0, "{}\n{}", again.stdout, again.stderr);
            everyone_has_one(&server, READERS);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_sends_nothing_and_the_right_one_sends_all() {
    for scheme in ["smtp", "smtps"] {
        let certificate = Certificate::for_loopback();
        let server = server(scheme, &certificate).await;
        let newsletter = newsletter(&server, scheme, "localhost", &certificate);
        with_password_file(&newsletter, "achttien-groene-laarzen");
        let ended = newsletter.run_beside(&["run"]).await;
        nothing_was_sent(&newsletter, &server, &ended, "refused the login: 535").await;
        assert!(!ended.stdout.contains("laarzen") && !ended.stderr.contains("laarzen"));

        with_password_file(&newsletter, PASSWORD);
        let ended = newsletter.run_beside(&["run"]).await;
        assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
        assert!(ended.stdout.contains("continued"), "{}", ended.stdout);
        everyone_has_one(&server, READERS);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_that_fails_sends_nothing_and_once_it_works_all_is_sent() {
    let certificate = Certificate::for_loopback();
    let broken = SmtpServer::start(Script::new()).await;
    let sound = server("smtps", &certificate).await;
    let newsletter = newsletter(&broken, "smtps", "localhost", &certificate);
    with_password_file(&newsletter, PASSWORD);
    let ended = newsletter.run_beside(&["run"]).await;
    nothing_was_sent(&newsletter, &broken, &ended, "TLS with the relay failed").await;
    let [wrong, right] = [&broken, &sound].map(|server| server.address().port().to_string());
    newsletter.replace("courant.toml", &wrong, &right);
    let ended = newsletter.run_beside(&["run"]).await;
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    everyone_has_one(&sound, READERS);
}

/// A server elsewhere must offer STARTTLS; one on this machine need not, so the test says that it is elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn starttls_that_somebody_strips_sends_nothing() {
    let certificate = Certificate::for_loopback();
    let script = Script::new().login(USER, PASSWORD, &["PLAIN", "LOGIN"]);
    let stripped = SmtpServer::start(script.clone()).await;
    let whole = SmtpServer::start(script.starttls(&certificate)).await;
    let newsletter = newsletter(&stripped, "smtp", "localhost", &certificate);
    with_password_file(&newsletter, PASSWORD);
    let timed = Timed::new(newsletter, "2026-11-23T08:00:05Z");
    let elsewhere = |config: &mut courant::config::Config| {
        let Relay::Smtp(relay) = &mut config.delivery.relays[0].relay else {
            panic!("the relay is no server");
        };
        relay.security = Security::Starttls;
    };
    let pipeline = timed.open_with(elsewhere).await;
    let report = timed.run_on(pipeline, &Wish::Default).await;
    let issue = &report.issues[0];
    let why = issue.stopped.as_deref().unwrap();
    assert!(why.contains("does not offer STARTTLS"), "{why}");
    assert_eq!(issue.account.queued, READERS as i64);
    let heard = stripped.heard();
    assert!(
        heard.iter().all(|heard| heard.line.starts_with("EHLO")),
        "{heard:?}"
    );

    let (wrong, right) = (stripped.address().port(), whole.address().port());
    timed
        .newsletter
        .replace("courant.toml", &wrong.to_string(), &right.to_string());
    let pipeline = timed.open_with(elsewhere).await;
    let report = timed.run_on(pipeline, &Wish::Default).await;
    assert_eq!(report.issues[0].account.sent, READERS as i64);
    everyone_has_one(&whole, READERS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_is_not_there_sends_nothing_until_it_is() {
    let certificate = Certificate::for_loopback();
    let server = server("smtp", &certificate).await;
    let newsletter = newsletter(&server, "smtp", "localhost", &certificate);
    with_password_file(&newsletter, PASSWORD);
    server.rule(at(Stage::Connect).times(3));
    newsletter.append("courant.toml", "connections = 1\n");
    let ended = newsletter.run_beside(&["run"]).await;
    nothing_was_sent(&newsletter, &server, &ended, "three connections in a row").await;
    let ended = newsletter.run_beside(&["run"]).await;
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    everyone_has_one(&server, READERS);
}

/// The most talkative log there is, of a run with a login, a refusal that quotes the address, and a reader who leaves.
#[tokio::test(flavor = "multi_thread")]
async fn no_log_line_holds_a_secret_a_token_or_a_whole_address() {
    for format in ["text", "json"] {
        for mechanism in ["PLAIN", "LOGIN"] {
            let certificate = Certificate::for_loopback();
            let refused = at(Stage::Rcpt)
                .to("reader1@example.nl")
                .say("550 5.1.1 <reader1@example.nl> unknown");
            let script = Script::new()
                .login(USER, PASSWORD, &[mechanism])
                .starttls(&certificate)
                .rule(refused);
            let server = SmtpServer::start(script).await;
            let mut newsletter = newsletter(&server, "smtp", "localhost", &certificate);
            newsletter.set("COURANT_DELIVERY__PASSWORD", PASSWORD);
            newsletter.set("RUST_LOG", "trace");
            let arguments = ["-vvv", "--log-format", format, "run"];
            let ended = newsletter.run_beside(&arguments).await;
            assert_eq!(ended.code, 1, "{}\n{}", ended.stdout, ended.stderr);
            assert!(
                ended.stderr.contains("sealed an issue"),
                "the log is silent"
            );

            let received = server.received();
            assert_eq!(received.len(), READERS - 1);
            let links: Vec<String> = received.iter().map(link).collect();
            let served = Served::start_with(&newsletter, &arguments[..3]).await;
            for link in &links[..2] {
                assert_eq!(served.ask("GET", link, "", "").await.0, 200);
                assert_eq!(served.click(link).await, 200);
            }
            drop(served);

            let mut secrets = vec![
                PASSWORD.to_owned(),
                STANDARD.encode(PASSWORD),
                STANDARD.encode(format!("\0{USER}\0{PASSWORD}")),
                "met genoeg woorden om te lezen".to_owned(),
            ];
            for n in 0..READERS {
                secrets.extend([format!("reader{n}"), format!("Lezer {n}")]);
            }
            for link in links {
                secrets.push(link.rsplit('/').next().unwrap().to_owned());
            }
            let served = newsletter.read(LOG);
            assert!(
                served.contains("a reader left"),
                "the log of `serve` is silent"
            );
            for line in ended.stderr.lines().chain(served.lines()) {
                for secret in &secrets {
                    assert!(!line.contains(secret), "{secret} in {line}");
                }
            }
        }
    }
}
