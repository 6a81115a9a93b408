//! An inbox that is logged in to with an access token, or by one way alone.

use courant::inbox::{InboxSettings, Trouble};
use courant::model::{Login, Security};

use super::servers::{Lie, PASSWORD, read, settings, texts, trouble};
use crate::support::issuer::Handed;
use crate::support::mailbox::{MailboxServer, Script, say};

fn by_token(server: &MailboxServer) -> InboxSettings {
    InboxSettings {
        login: Some(Login::Xoauth2),
        ..settings(server, Security::Loopback)
    }
}

#[tokio::test]
async fn an_access_token_goes_by_xoauth2_where_that_is_asked_for() {
    // user=bounces ^A auth=Bearer geheim ^A ^A
    const WORD: &str = "dXNlcj1ib3VuY2VzAWF1dGg9QmVhcmVyIGdlaGVpbQEB";
    for (script, line) in [
        (Script::imap().xoauth2(), "AUTHENTICATE XOAUTH2"),
        (
            Script::imap().xoauth2().at_once(),
            "AUTHENTICATE XOAUTH2 dXNlcj1ib3VuY2VzAWF1dGg9QmVhcmVyIGdlaGVpbQEB",
        ),
        (Script::pop3().xoauth2(), "AUTH XOAUTH2"),
    ] {
        let server = MailboxServer::start(script).await;
        server.arrive("Subject: een\n\n");
        let (mails, _) = read(&by_token(&server), &[]).await.unwrap();
        assert_eq!(texts(&mails), ["Subject: een\r\n\r\n"]);
        let heard = server.heard().into_iter().map(|(_, line)| line);
        let ends = |heard: String| heard.ends_with(line);
        assert_eq!(heard.filter(|one| ends(one.clone())).count(), 1, "{line}");
        assert_eq!(server.heard_of(WORD), 1);
        // A password is no token: whoever does not ask for it logs in as before.
        let (mails, _) = read(&settings(&server, Security::Loopback), &[])
            .await
            .unwrap();
        assert_eq!((mails.len(), server.heard_of(WORD)), (1, 1));
        assert_eq!(server.heard_of("PLAIN"), 1);
    }
}

#[tokio::test]
async fn a_refused_token_is_told_with_the_servers_reason_and_without_the_token() {
    for script in [
        Script::imap().xoauth2(),
        Script::imap().xoauth2().at_once(),
        Script::pop3().xoauth2(),
    ] {
        let server = MailboxServer::start(script.login("bounces", "verlopen")).await;
        let found = trouble(&by_token(&server)).await;
        assert!(matches!(found, Trouble::Denied(_)), "{found:?}");
        let why = found.to_string();
        let reason =
            r#"({"status":"400","schemes":"Bearer","token":"…","scope":"https://mail.test/"})"#;
        assert!(why.ends_with(reason), "{why}");
        assert!(why.starts_with("the server refused the login: "), "{why}");
    }
}

#[tokio::test]
async fn a_server_that_lies_about_a_token_is_not_believed() {
    let reason = "+ eyJzdGF0dXMiOiI0MDAifQ==\r\n";
    let wrong = "TAG NO wrong\r\n";
    let login = |found: &Trouble| matches!(found, Trouble::Denied(_));
    let out_of_turn = |found: &Trouble| *found == Trouble::OutOfTurn;
    let (imap, pop3) = (Script::imap().xoauth2(), Script::pop3().xoauth2());
    let cases: [Lie; 7] = [
        // In without a reason, after one, at the third question; what cannot be read is left out.
        (imap.clone(), "AUTHENTICATE", say("TAG OK\r\n"), out_of_turn),
        (
            imap.clone(),
            "AUTHENTICATE",
            say(&format!("+ \r\n{reason}TAG OK\r\n")),
            out_of_turn,
        ),
        (
            imap.clone(),
            "AUTHENTICATE",
            say(&format!("+ \r\n{reason}{reason}{wrong}")),
            out_of_turn,
        ),
        (
            imap,
            "AUTHENTICATE",
            say(&format!("+ \r\n+ !!\r\n{wrong}")),
            login,
        ),
        (pop3.clone(), "AUTH", say("+OK\r\n"), out_of_turn),
        (
            pop3.clone(),
            "AUTH",
            say(&format!("+ \r\n{reason}+OK\r\n")),
            out_of_turn,
        ),
        (pop3, "AUTH", say("-ERR geheim is wrong\r\n"), login),
    ];
    for (script, command, act, expected) in cases {
        let shown = format!("{act:?}");
        let server = MailboxServer::start(script.answer(command, act)).await;
        let found = trouble(&by_token(&server)).await;
        assert!(expected(&found), "{shown}: {found:?}");
        assert!(!found.to_string().contains(PASSWORD), "{found}");
    }
}

#[tokio::test]
async fn a_login_that_is_asked_for_is_that_or_none() {
    for (script, own) in [(Script::imap(), "LOGIN "), (Script::pop3(), "USER ")] {
        let by = |server: &MailboxServer, login| InboxSettings {
            login: Some(login),
            ..settings(server, Security::Loopback)
        };
        for (login, script) in [
            (Login::Xoauth2, script.clone()),
            (Login::Plain, script.clone().without_sasl()),
        ] {
            let server = MailboxServer::start(script).await;
            let found = trouble(&by(&server, login)).await;
            assert!(
                matches!(&found, Trouble::Login(why) if why.ends_with(login.name())),
                "{found:?}"
            );
            assert_eq!(server.heard_of(PASSWORD), 0);
        }
        // The protocol's own way, although PLAIN is offered.
        let server = MailboxServer::start(script).await;
        read(&by(&server, Login::Login), &[]).await.unwrap();
        assert_eq!((server.heard_of(own), server.heard_of("AUTH")), (1, 0));
    }
}

/// The token that was at hand is not taken, and the issuer gives another: it is asked for once.
#[tokio::test]
async fn a_token_that_is_not_taken_is_got_anew_once() {
    for script in [
        Script::imap().xoauth2(),
        Script::imap().xoauth2().at_once(),
        Script::imap().oauth_bearer(),
        Script::pop3().xoauth2(),
        Script::pop3().oauth_bearer(),
    ] {
        for (tokens, asked, well) in [
            (&["geheim"][..], 1, true),
            (&["verlopen", "geheim"], 2, true),
            (&["verlopen", "ook verlopen", "geheim"], 2, false),
        ] {
            let server = MailboxServer::start(script.clone()).await;
            server.arrive("Subject: een\n\n");
            let handed = Handed::of(tokens);
            let settings = InboxSettings {
                password: None,
                tokens: Some(handed.clone()),
                ..settings(&server, Security::Loopback)
            };
            let read = read(&settings, &[]).await;
            assert_eq!((read.is_ok(), handed.asked()), (well, asked), "{tokens:?}");
        }
    }
}
