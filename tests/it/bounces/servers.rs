//! An inbox on a server, by IMAP and POP3: read once, marked only afterwards, and never a way to stop or to hold a run.

use std::collections::HashSet;
use std::time::Duration;

use courant::inbox::{Error, Inbox, InboxSettings, Mail, Mark, Patience, Trouble};
use courant::model::{InboxPlace, MailServer, Security};

use crate::support::mailbox::{Act, MailboxServer, Script, say};
use crate::support::smtp::Certificate;

pub(super) const PASSWORD: &str = "geheim";

pub(super) fn settings(server: &MailboxServer, security: Security) -> InboxSettings {
    let place = MailServer::parse(&server.url()).unwrap();
    let place = MailServer { security, ..place };
    InboxSettings {
        password: Some(PASSWORD.into()),
        ..InboxSettings::new(InboxPlace::Server(place))
    }
}

/// All mails, and how many are left.
pub(super) async fn read(
    settings: &InboxSettings,
    known: &[&str],
) -> Result<(Vec<Mail>, Inbox), Error> {
    let known: HashSet<String> = known.iter().map(|name| (*name).to_owned()).collect();
    let mut inbox = Inbox::open(settings, &known).await?;
    let mut mails = Vec::new();
    while let Some(mail) = inbox.next().await? {
        mails.push(mail);
    }
    Ok((mails, inbox))
}

pub(super) fn texts(mails: &[Mail]) -> Vec<&str> {
    let texts = mails.iter().map(|mail| std::str::from_utf8(&mail.bytes));
    texts.map(Result::unwrap).collect()
}

/// The trouble that reading ends in.
pub(super) async fn trouble(settings: &InboxSettings) -> Trouble {
    match read(settings, &[]).await {
        Err(Error::Server { why, .. }) => why,
        Err(other) => panic!("{other}"),
        Ok((mails, _)) => panic!("{mails:?}"),
    }
}

#[tokio::test]
async fn mails_are_read_in_every_protection_and_with_either_login() {
    let certificate = Certificate::for_loopback();
    for script in [Script::imap(), Script::pop3()] {
        for script in [script.clone(), script.without_sasl()] {
            for (script, security) in [
                (script.clone(), Security::Loopback),
                (script.clone().starttls(&certificate), Security::Loopback),
                (script.clone().starttls(&certificate), Security::Starttls),
                (
                    script.clone().implicit_tls(&certificate),
                    Security::Implicit,
                ),
            ] {
                let server = MailboxServer::start(script).await;
                server.arrive("Subject: een\n\n.punt\n..\n.\nlaatste\n");
                server.arrive("Subject: twee\n\n");
                let settings = InboxSettings {
                    extra_root: Some(certificate.pem()),
                    ..settings(&server, security)
                };
                let (mails, inbox) = read(&settings, &[]).await.unwrap();
                let expected = [
                    "Subject: een\r\n\r\n.punt\r\n..\r\n.\r\nlaatste\r\n",
                    "Subject: twee\r\n\r\n",
                ];
                assert_eq!(texts(&mails), expected, "{security:?}");
                assert_eq!(server.seen(), [0; 0], "fetching marks nothing");
                let marks: Vec<Mark> = mails.into_iter().map(|mail| mail.mark).collect();
                inbox.done(&marks).await.unwrap();
                let first: Vec<_> = server.heard().into_iter().filter(|h| !h.0).collect();
                let said = |words: &str| first.iter().any(|(_, line)| line.contains(words));
                if security != Security::Loopback {
                    assert!(!said("bounces") && !said("LOGIN"), "{first:?}");
                }
                assert_eq!(server.heard_of("DELE") + server.heard_of("Deleted"), 0);
            }
        }
    }
}

#[tokio::test]
async fn imap_marks_what_was_dealt_with_and_reads_it_no_more() {
    let server = MailboxServer::start(Script::imap()).await;
    for n in 0..5 {
        server.arrive(&format!("Subject: {n}\n\n"));
    }
    let settings = InboxSettings {
        most: 3,
        ..settings(&server, Security::Loopback)
    };
    let (mails, inbox) = read(&settings, &[]).await.unwrap();
    assert_eq!(
        texts(&mails),
        [0, 1, 2].map(|n| format!("Subject: {n}\r\n\r\n"))
    );
    assert_eq!(inbox.waiting(), 2);
    inbox.done(&[Mark::Flag(1), Mark::Flag(3)]).await.unwrap();
    assert_eq!(server.seen(), [1, 3]);
    assert_eq!(server.heard_of("LOGOUT"), 1);
    server.remove(4);
    let (mails, _) = read(&settings, &[]).await.unwrap();
    let marks: Vec<Mark> = mails.into_iter().map(|mail| mail.mark).collect();
    assert_eq!(marks, [Mark::Flag(2), Mark::Flag(5)]);
}

#[tokio::test]
async fn pop3_reads_what_is_not_known_by_its_name() {
    let server = MailboxServer::start(Script::pop3()).await;
    for n in 0..4 {
        server.arrive(&format!("Subject: {n}\n\n"));
    }
    let settings = settings(&server, Security::Loopback);
    assert_eq!(
        settings.memory().unwrap(),
        format!("pop3 bounces@{}", server.address())
    );
    let (mails, inbox) = read(&settings, &["uid-1", "uid-3", "uid-99"])
        .await
        .unwrap();
    let marks: Vec<Mark> = mails.into_iter().map(|mail| mail.mark).collect();
    assert_eq!(
        marks,
        ["uid-2", "uid-4"].map(|name| Mark::Name(name.into()))
    );
    let names: HashSet<String> = (1..=4).map(|n| format!("uid-{n}")).collect();
    assert_eq!(inbox.names(), Some(&names));
}

#[tokio::test]
async fn a_long_mail_is_cut_off_and_the_next_is_read() {
    const MOST: usize = 4 * 1024 * 1024;
    for script in [Script::imap(), Script::pop3()] {
        let server = MailboxServer::start(script).await;
        let line = format!("{}\n", "x".repeat(72));
        server.arrive(&line.repeat(MOST / 70));
        server.arrive("Subject: kort\n\n");
        let settings = settings(&server, Security::Loopback);
        let (mails, _) = read(&settings, &[]).await.unwrap();
        let lengths: Vec<_> = mails.iter().map(|mail| mail.bytes.len()).collect();
        assert_eq!(lengths, [MOST, 17]);
    }
}

#[tokio::test]
async fn without_tls_no_password_is_spoken() {
    let certificate = Certificate::for_loopback();
    let injected = "TAG OK go on\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nc3 OK done\r\n";
    let tls = |script: Script| script.starttls(&certificate);
    for (script, why) in [
        (Script::imap(), "does not offer STARTTLS"),
        (Script::pop3(), "does not offer STLS"),
        (
            tls(Script::imap()).answer("GREETING", say("* PREAUTH welcome\r\n")),
            "does not offer STARTTLS",
        ),
        (
            tls(Script::imap()).answer("STARTTLS", say("TAG NO not now\r\n")),
            "not now",
        ),
        (
            tls(Script::imap()).answer("STARTTLS", say(injected)),
            "out of turn",
        ),
        (
            tls(Script::pop3()).answer("STLS", say("-ERR not now\r\n")),
            "not now",
        ),
        (
            tls(Script::pop3()).answer("STLS", say("+OK\r\n+OK\r\n.\r\n")),
            "out of turn",
        ),
    ] {
        let server = MailboxServer::start(script).await;
        server.arrive("Subject: x\n\n");
        let settings = InboxSettings {
            extra_root: Some(certificate.pem()),
            ..settings(&server, Security::Starttls)
        };
        let found = trouble(&settings).await;
        assert!(
            matches!(&found, Trouble::Tls(cause) if cause.contains(why)),
            "{why}: {found:?}"
        );
        for word in ["AUTH", "LOGIN", "USER", PASSWORD] {
            assert_eq!(server.heard_of(word), 0, "{why}: {word}");
        }
    }
}

/// Debian's Dovecot makes one when it is installed.
#[tokio::test]
async fn of_a_server_on_this_machine_no_certificate_is_asked_for() {
    let strange = Certificate::for_names(&["debian.lan"]);
    let imap = (Script::imap(), "STARTTLS", "TAG NO not now\r\n");
    for (script, command, refusal) in [imap, (Script::pop3(), "STLS", "-ERR not now\r\n")] {
        let starttls = script.clone().starttls(&strange);
        for (script, security) in [
            (starttls.clone(), Security::Loopback),
            (starttls.clone(), Security::Starttls),
            (script.implicit_tls(&strange), Security::Implicit),
            (starttls.answer(command, say(refusal)), Security::Loopback),
        ] {
            let server = MailboxServer::start(script).await;
            server.arrive("Subject: x\n\n");
            let (mails, _) = read(&settings(&server, security), &[]).await.unwrap();
            assert_eq!(texts(&mails), ["Subject: x\r\n\r\n"], "{security:?}");
        }
    }
}

#[tokio::test]
async fn a_refused_login_is_told_without_the_password() {
    let repeats = "TAG NO no such account with geheim AGJvdW5jZXMAZ2VoZWlt\r\n";
    for script in [
        Script::imap().login("bounces", "anders"),
        Script::imap().without_sasl().login("bounces", "anders"),
        Script::pop3().login("bounces", "anders"),
        Script::pop3().without_sasl().login("bounces", "anders"),
        Script::imap().answer("AUTHENTICATE", say(repeats)),
        Script::pop3().answer("AUTH", say("-ERR geheim is wrong\r\n")),
        Script::imap().without_sasl().answer(
            "CAPABILITY",
            say("* CAPABILITY IMAP4rev1 LOGINDISABLED\r\nTAG OK\r\n"),
        ),
    ] {
        let server = MailboxServer::start(script).await;
        let found = trouble(&settings(&server, Security::Loopback)).await;
        let is_of_login = matches!(found, Trouble::Login(_) | Trouble::Denied(_));
        assert!(is_of_login, "{found:?}");
        let shown = found.to_string();
        assert!(
            !shown.contains(PASSWORD) && !shown.contains("AGJv"),
            "{shown}"
        );
    }
}

/// A server, what it does wrong at which command, and the trouble that follows.
pub(super) type Lie = (Script, &'static str, Act, fn(&Trouble) -> bool);

fn lies() -> Vec<Lie> {
    let (imap, pop3) = (Script::imap, Script::pop3);
    let huge = "* 1 FETCH (UID 1 BODY[]<0> {4294967296}\r\n";
    let cut = Act::SayAndDrop("* 1 FETCH (UID 1 BODY[]<0> {100}\r\nSubject: x".into());
    let other = "* 1 FETCH (UID 7 BODY[]<0> {1}\r\nx)\r\nTAG OK\r\n";
    let is_closed = |t: &Trouble| *t == Trouble::Closed;
    let is_ended = |t: &Trouble| matches!(t, Trouble::Ended(text) if text == "too busy");
    let out_of_turn = |t: &Trouble| *t == Trouble::OutOfTurn;
    let refused = |t: &Trouble| matches!(t, Trouble::Refused(_));
    let too_large = |t: &Trouble| *t == Trouble::TooLarge;
    let not_this = |t: &Trouble| matches!(t, Trouble::NotThis(_));
    let dropped = || Act::SayAndDrop(String::new());
    vec![
        (imap(), "GREETING", say("* BYE too busy\r\n"), is_ended),
        (imap(), "GREETING", say("220 mail\r\n"), not_this),
        (pop3(), "GREETING", say("220 mail\r\n"), not_this),
        (pop3(), "GREETING", say("-ERR too busy\r\n"), refused),
        (imap(), "CAPABILITY", dropped(), is_closed),
        (imap(), "SELECT", say("TAG NO no such folder\r\n"), refused),
        (
            imap(),
            "SELECT",
            say("TAG OK [READ-ONLY] done\r\n"),
            refused,
        ),
        (imap(), "SELECT", say("other OK done\r\n"), out_of_turn),
        (imap(), "UID SEARCH", say("* BYE too busy\r\n"), is_ended),
        (
            imap(),
            "UID SEARCH",
            say("* SEARCH 1 x\r\nTAG OK\r\n"),
            not_this,
        ),
        (imap(), "UID FETCH", say(huge), too_large),
        (imap(), "UID FETCH", cut, is_closed),
        (imap(), "UID FETCH", say(other), out_of_turn),
        (imap(), "UID FETCH", say("TAG BAD no\r\n"), refused),
        (imap(), "UID FETCH", say("+ go on\r\n"), out_of_turn),
        (imap(), "UID FETCH", dropped(), is_closed),
        (pop3(), "CAPA", dropped(), is_closed),
        (pop3(), "UIDL", say("-ERR unknown\r\n"), refused),
        (pop3(), "UIDL", say("+OK\r\n1\r\n.\r\n"), not_this),
        (pop3(), "LIST", say("+OK\r\n1 many\r\n.\r\n"), not_this),
        (pop3(), "RETR", say("-ERR no\r\n"), refused),
        (
            pop3(),
            "RETR",
            Act::SayAndDrop("+OK\r\nSubject: x\r\n".into()),
            is_closed,
        ),
    ]
}

#[tokio::test]
async fn a_server_that_lies_costs_an_error_and_no_more() {
    for (script, command, act, expected) in lies() {
        let shown = format!("{command}: {act:?}");
        let server = MailboxServer::start(script.answer(command, act)).await;
        server.arrive("Subject: x\n\n");
        let found = trouble(&settings(&server, Security::Loopback)).await;
        assert!(expected(&found), "{shown}: {found:?}");
        assert_eq!(server.seen(), [0; 0]);
    }
}

#[tokio::test]
async fn a_server_without_an_end_or_without_a_word_is_given_up() {
    for (script, commands) in [
        (
            Script::imap(),
            ["GREETING", "SELECT", "UID SEARCH", "UID FETCH"],
        ),
        (Script::pop3(), ["GREETING", "CAPA", "UIDL", "RETR"]),
    ] {
        for command in commands {
            for (act, expected) in [
                (Act::Silence, Trouble::Silent),
                (Act::Endless, Trouble::Endless),
            ] {
                let server = MailboxServer::start(script.clone().answer(command, act)).await;
                server.arrive("Subject: x\n\n");
                let mut settings = settings(&server, Security::Loopback);
                // A test of silence waits for it; of a line without end, for as long as it takes.
                if expected == Trouble::Silent {
                    settings.patience.word = Duration::from_millis(50);
                }
                assert_eq!(trouble(&settings).await, expected, "{command}");
            }
        }
    }
}

#[tokio::test]
async fn a_server_that_speaks_word_by_word_for_ever_is_given_up_too() {
    // Each answer comes in time and asks for another: the whole of it has an end as well.
    let more = "* 1 EXISTS\r\n".repeat(250_000);
    let server = MailboxServer::start(Script::imap().answer("SELECT", say(&more))).await;
    let found = trouble(&settings(&server, Security::Loopback)).await;
    assert_eq!(found, Trouble::Endless);
    // So do answers that would have to be kept: a mail once more and once more, a list of long lines.
    let megabyte = "x".repeat(1_000_000);
    let again = format!("* 1 FETCH (UID 1 BODY[]<0> {{1000000}}\r\n{megabyte})\r\n").repeat(8);
    let listed = format!("1 {megabyte}\r\n").repeat(20);
    for script in [
        Script::imap().answer("UID FETCH", say(&again)),
        Script::pop3().answer("CAPA", say(&format!("+OK\r\n{listed}"))),
    ] {
        let server = MailboxServer::start(script).await;
        server.arrive("Subject: x\n\n");
        let found = trouble(&settings(&server, Security::Loopback)).await;
        assert_eq!(found, Trouble::Endless);
    }
    let server = MailboxServer::start(Script::imap()).await;
    let settings = InboxSettings {
        patience: Patience {
            session: Duration::ZERO,
            ..Patience::default()
        },
        ..settings(&server, Security::Loopback)
    };
    assert_eq!(trouble(&settings).await, Trouble::Silent);
}

#[tokio::test]
async fn a_server_that_is_slow_gives_what_it_can_and_the_rest_waits() {
    for script in [Script::imap(), Script::pop3()] {
        let server = MailboxServer::start(script).await;
        server.arrive("Subject: x\n\n");
        let settings = InboxSettings {
            patience: Patience {
                reading: Duration::ZERO,
                ..Patience::default()
            },
            ..settings(&server, Security::Loopback)
        };
        let (mails, inbox) = read(&settings, &[]).await.unwrap();
        assert_eq!((mails, inbox.waiting()), (vec![], 1));
    }
}

#[tokio::test]
async fn a_password_that_cannot_be_said_is_found_before_anything_is() {
    let server = MailboxServer::start(Script::pop3().without_sasl()).await;
    let mut settings = settings(&server, Security::Loopback);
    for password in [None, Some("een\r\nDELE 1"), Some("nul\0")] {
        settings.password = password.map(Into::into);
        assert!(matches!(trouble(&settings).await, Trouble::Login(_)));
    }
    assert_eq!(server.heard().len(), 0);
}

#[tokio::test]
async fn a_mail_that_cannot_be_marked_is_an_error() {
    let script = Script::imap().answer("UID STORE", say("TAG NO quota\r\n"));
    let server = MailboxServer::start(script).await;
    server.arrive("Subject: x\n\n");
    let (mails, inbox) = read(&settings(&server, Security::Loopback), &[])
        .await
        .unwrap();
    let error = inbox.done(&[mails[0].mark.clone()]).await.unwrap_err();
    let expected = "the server refused to mark the mails as seen: quota";
    assert!(error.to_string().ends_with(expected), "{error}");
}
