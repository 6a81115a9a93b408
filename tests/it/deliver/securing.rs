//! TLS and logins: what is demanded is kept, and a password goes nowhere else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use courant::deliver::{Error, RelaySettings, Report, Stop, Stopped};
use courant::model::{Login, Security, SmtpRelay};

use super::world::{clock, outbox, run, run_with, settings};
use crate::support::smtp::{Act, Certificate, Script, SmtpServer, Stage, at};

const PASSWORD: &str = "een heel lang geheim";

fn secured(server: &SmtpServer, security: Security, certificate: &Certificate) -> RelaySettings {
    let mut settings = settings(SmtpRelay {
        user: Some("jan".into()),
        ..server.relay_with(security)
    });
    settings.password = Some(PASSWORD.into());
    settings.extra_root = Some(certificate.pem());
    settings
}

/// Whether the password crossed the wire, in any of its forms.
fn said_password(server: &SmtpServer) -> bool {
    let plain = STANDARD.encode(format!("\0jan\0{PASSWORD}"));
    let login = STANDARD.encode(PASSWORD);
    let spoken = [PASSWORD.to_owned(), plain, login];
    let mut heard = server.heard().into_iter();
    heard.any(|heard| spoken.iter().any(|form| heard.line.contains(form)))
}

fn nothing_was_sent(report: &Report, server: &SmtpServer) {
    assert_eq!((report.sent, report.failed), (0, 0));
    assert_eq!(server.arrivals(Stage::Mail), 0);
    assert!(!said_password(server));
}

#[tokio::test]
async fn starttls_and_implicit_tls_with_either_login() {
    let certificate = Certificate::for_loopback();
    for mechanism in ["PLAIN", "LOGIN"] {
        let script = Script::new().login("jan", PASSWORD, &[mechanism]);
        for (script, security) in [
            (script.clone().starttls(&certificate), Security::Starttls),
            (script.clone().starttls(&certificate), Security::Loopback),
            (script.implicit_tls(&certificate), Security::Implicit),
        ] {
            let server = SmtpServer::start(script).await;
            let outbox = outbox(5);
            let report = run(&secured(&server, security, &certificate), &outbox).await;
            assert_eq!(
                (report.sent, report.stopped),
                (5, None),
                "{mechanism}, {security:?}"
            );
            assert!(said_password(&server));
            let mut plain = server.heard().into_iter().filter(|heard| !heard.secure);
            assert!(plain.all(|h| h.line.starts_with("EHLO") || h.line == "STARTTLS"));
        }
    }
}

#[tokio::test]
async fn a_relay_is_found_by_its_name_and_logged_in_to_once_a_connection() {
    let certificate = Certificate::for_loopback();
    let script = Script::new()
        .login("jan", PASSWORD, &["PLAIN", "LOGIN"])
        .implicit_tls(&certificate)
        .rule(
            at(Stage::Mail)
                .on_connection(1)
                .skip(1)
                .say("421 4.3.2 enough"),
        );
    let server = SmtpServer::start(script).await;
    let mut settings = secured(&server, Security::Implicit, &certificate);
    settings.relay.host = "localhost".into();
    settings.relay.port = server.address().port();
    assert_eq!(run(&settings, &outbox(3)).await.sent, 3);
    let mut heard = server.heard();
    heard.retain(|heard| heard.line.starts_with("AUTH"));
    let logins: Vec<_> = heard.iter().map(|heard| heard.connection).collect();
    assert_eq!(logins, [1, 2]);
}

#[tokio::test]
async fn a_server_on_this_machine_may_be_plain() {
    let server = SmtpServer::start(Script::new().login("jan", PASSWORD, &["PLAIN"])).await;
    let settings = secured(&server, Security::Loopback, &Certificate::for_loopback());
    assert_eq!(run(&settings, &outbox(2)).await.sent, 2);
}

#[tokio::test]
async fn without_tls_no_password_is_spoken() {
    let certificate = Certificate::for_loopback();
    let login = |script: Script| script.login("jan", PASSWORD, &["PLAIN", "LOGIN"]);
    let injected = "220 go on\r\n250-test\r\n250 AUTH PLAIN LOGIN\r\n";
    let offering = login(Script::new().starttls(&certificate));
    for (script, why) in [
        // Stripped on the way.
        (login(Script::new()), "does not offer STARTTLS"),
        (
            offering
                .clone()
                .rule(at(Stage::Starttls).say("454 4.7.0 not now")),
            "454 4.7.0 not now",
        ),
        (
            offering.clone().rule(at(Stage::Starttls).raw(injected)),
            "out of turn",
        ),
        (offering.rule(at(Stage::Starttls).act(Act::Drop)), "closed"),
    ] {
        let server = SmtpServer::start(script).await;
        let outbox = outbox(3);
        let report = run(&secured(&server, Security::Starttls, &certificate), &outbox).await;
        assert!(
            matches!(&report.stopped, Some(Stopped::Tls(cause)) if cause.contains(why)),
            "{report:?}"
        );
        nothing_was_sent(&report, &server);
        assert_eq!(
            (server.arrivals(Stage::Connect), outbox.account().queued),
            (1, 3)
        );
    }
}

/// Debian's Postfix and Exim make one of their own; some offer TLS and have none.
#[tokio::test]
async fn of_a_server_on_this_machine_no_certificate_is_asked_for() {
    let strange = Certificate::for_names(&["debian.lan"]);
    let login = Script::new().login("jan", PASSWORD, &["PLAIN"]);
    let broken = at(Stage::Starttls).say("454 4.7.0 TLS not available due to local problem");
    for (script, security) in [
        (login.clone().starttls(&strange), Security::Loopback),
        (login.clone().starttls(&strange), Security::Starttls),
        (login.clone().implicit_tls(&strange), Security::Implicit),
        (login.starttls(&strange).rule(broken), Security::Loopback),
    ] {
        let server = SmtpServer::start(script).await;
        let mut settings = secured(&server, security, &strange);
        settings.extra_root = None;
        assert_eq!(run(&settings, &outbox(2)).await.sent, 2, "{security:?}");
    }
}

#[tokio::test]
async fn a_failed_login_stops_the_run_at_once() {
    let certificate = Certificate::for_loopback();
    let tls = Script::new().implicit_tls(&certificate);
    for script in [
        tls.clone().login("jan", "another", &["PLAIN"]),
        tls.clone().login("jan", "another", &["LOGIN"]),
        tls.clone().login("jan", PASSWORD, &["CRAM-MD5"]),
        tls.clone()
            .login("jan", PASSWORD, &["PLAIN"])
            .rule(at(Stage::Auth).say("454 4.7.0 later")),
        tls.clone()
            .login("jan", "another", &["PLAIN"])
            .rule(at(Stage::Auth).say(&format!("535 5.7.8 wrong: {PASSWORD}"))),
        tls,
    ] {
        let server = SmtpServer::start(script).await;
        let outbox = outbox(3);
        let report = run(&secured(&server, Security::Implicit, &certificate), &outbox).await;
        let Some(Stopped::Login(cause)) = &report.stopped else {
            panic!("{report:?}");
        };
        assert!(!cause.contains(PASSWORD));
        assert_eq!(
            (server.arrivals(Stage::Mail), outbox.account().queued),
            (0, 3)
        );
        assert_eq!(server.arrivals(Stage::Connect), 1);
    }
}

#[tokio::test]
async fn a_user_without_a_password_is_found_before_anything_is_said() {
    let server = SmtpServer::start(Script::new()).await;
    let mut settings = secured(&server, Security::Loopback, &Certificate::for_loopback());
    settings.password = None;
    let ended = run_with(&settings, &outbox(1), true, &clock(), &Stop::new()).await;
    assert!(matches!(ended, Err(Error::PasswordMissing(user)) if user == "jan"));
    assert_eq!(server.arrivals(Stage::Connect), 0);
}

#[tokio::test]
async fn an_access_token_goes_by_xoauth2_where_that_is_asked_for() {
    let certificate = Certificate::for_loopback();
    let tls = Script::new().implicit_tls(&certificate);
    let offers = ["PLAIN", "LOGIN", "XOAUTH2"];
    for (password, sent) in [(PASSWORD, 3), ("an older token", 0)] {
        let script = tls.clone().login("jan", password, &offers);
        let server = SmtpServer::start(script).await;
        let mut settings = secured(&server, Security::Implicit, &certificate);
        settings.login = Some(Login::Xoauth2);
        let report = run(&settings, &outbox(3)).await;
        assert_eq!(report.sent, sent, "{report:?}");
        let refused = matches!(&report.stopped, Some(Stopped::Login(why))
            if why.contains("535") && why.contains(r#"{"status":"401"}"#));
        assert_eq!(refused, sent == 0, "{report:?}");
        let mut heard = server.heard().into_iter();
        assert!(heard.any(|heard| heard.line.starts_with("AUTH XOAUTH2 ")));
    }
    let script = tls.login("jan", PASSWORD, &["PLAIN"]);
    let server = SmtpServer::start(script).await;
    let mut settings = secured(&server, Security::Implicit, &certificate);
    settings.login = Some(Login::Xoauth2);
    let report = run(&settings, &outbox(3)).await;
    assert!(
        matches!(&report.stopped, Some(Stopped::Login(why)) if why.contains("XOAUTH2")),
        "{report:?}"
    );
    nothing_was_sent(&report, &server);
}

#[tokio::test]
async fn settings_do_not_show_the_password() {
    let server = SmtpServer::start(Script::new()).await;
    let settings = secured(&server, Security::Loopback, &Certificate::for_loopback());
    assert!(!format!("{settings:?}").contains(PASSWORD));
}

#[tokio::test]
async fn what_breaks_under_tls_is_told_apart_too() {
    let certificate = Certificate::for_loopback();
    for (stage, unknowns) in [(Stage::Data, 0), (Stage::Dot, 1)] {
        let script = Script::new()
            .implicit_tls(&certificate)
            .rule(at(stage).on_connection(1));
        let server = SmtpServer::start(script).await;
        let outbox = outbox(1);
        let mut settings = secured(&server, Security::Implicit, &certificate);
        settings.relay.user = None;
        let report = run(&settings, &outbox).await;
        assert_eq!(
            (report.sent, outbox.row(0).unknowns),
            (1, unknowns),
            "{stage:?}"
        );
    }
}
