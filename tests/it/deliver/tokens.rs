//! A relay that is logged in to with access tokens of which one may have been taken back.

use courant::deliver::Stopped;
use courant::model::{Login, Security, SmtpRelay};

use super::world::{outbox, run, settings};
use crate::support::issuer::Handed;
use crate::support::smtp::{Certificate, Script, SmtpServer};

#[tokio::test]
async fn a_token_that_is_not_taken_is_got_anew_once_and_nobody_fails_for_it() {
    let certificate = Certificate::for_loopback();
    for mechanism in ["XOAUTH2", "OAUTHBEARER"] {
        for (tokens, asked, sent) in [
            (&["goed"][..], 1, 3),
            (&["verlopen", "goed"], 2, 3),
            (&["verlopen", "ook verlopen", "goed"], 2, 0),
            (&[], 1, 0),
        ] {
            let script = Script::new().implicit_tls(&certificate);
            let script = script.login("jan", "goed", &["PLAIN", mechanism]);
            let server = SmtpServer::start(script).await;
            let mut settings = settings(SmtpRelay {
                user: Some("jan".into()),
                ..server.relay_with(Security::Implicit)
            });
            settings.extra_root = Some(certificate.pem());
            let handed = Handed::of(tokens);
            settings.tokens = Some(handed.clone());
            let report = run(&settings, &outbox(3)).await;
            assert_eq!(
                (report.sent, report.failed),
                (sent, 0),
                "{tokens:?} {report:?}"
            );
            assert_eq!(handed.asked(), asked, "{tokens:?}");
            let by_login = matches!(&report.stopped, Some(Stopped::Login(_)));
            assert_eq!(by_login, sent == 0, "{report:?}");
            assert!(
                !format!("{report:?} {settings:?}").contains("verlopen"),
                "{report:?}"
            );
            let plain = server
                .heard()
                .into_iter()
                .any(|heard| heard.line.starts_with("AUTH PLAIN"));
            assert!(!plain, "a token is no password");
        }
    }
}

#[tokio::test]
async fn a_relay_that_takes_no_token_is_told_of() {
    let certificate = Certificate::for_loopback();
    for (login, words) in [
        (None, "takes no access token (AUTH XOAUTH2 or OAUTHBEARER)"),
        (Some(Login::OauthBearer), "does not offer AUTH OAUTHBEARER"),
    ] {
        let script = Script::new()
            .implicit_tls(&certificate)
            .login("jan", "goed", &["PLAIN"]);
        let server = SmtpServer::start(script).await;
        let mut settings = settings(SmtpRelay {
            user: Some("jan".into()),
            ..server.relay_with(Security::Implicit)
        });
        settings.extra_root = Some(certificate.pem());
        settings.login = login;
        let handed = Handed::of(&["goed", "beter"]);
        settings.tokens = Some(handed.clone());
        let report = run(&settings, &outbox(1)).await;
        let told = matches!(&report.stopped, Some(Stopped::Login(why)) if why.contains(words));
        assert!(told, "{report:?}");
        assert_eq!(handed.asked(), 1, "another token would not help");
    }
}
