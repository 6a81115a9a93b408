//! The inbox that a newsletter names: read by `bounces ingest`, and by each run before it chooses anybody.

use super::{SETTING, come_back, mail_to};
use crate::support::mailbox::{Act, MailboxServer, Script, say};
use crate::support::newsletter::Newsletter;
use crate::support::smtp::{Certificate, Script as SmtpScript, SmtpServer};

/// A newsletter with three readers whose first issue went out, and what it reads from then on.
async fn sent(inbox: &MailboxServer, certificate: Option<Certificate>) -> (SmtpServer, Newsletter) {
    let server = SmtpServer::start(SmtpScript::new()).await;
    let mut newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.append("courant.toml", SETTING);
    let section = format!("\n[bounces]\ninbox = \"{}\"\n", inbox.url());
    newsletter.append("courant.toml", &section);
    if let Some(certificate) = certificate {
        let root = String::from_utf8(certificate.pem()).unwrap();
        newsletter.write("root.pem", &root);
        newsletter.append("courant.toml", "tls_root = \"root.pem\"\n");
    }
    newsletter.set("COURANT_BOUNCES__PASSWORD", "geheim");
    newsletter.readers(3);
    let run = newsletter.run_beside(&["run"]).await;
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    (server, newsletter)
}

fn bounce(server: &SmtpServer, reader: usize) -> String {
    let mail = mail_to(server, &format!("reader{reader}@example.nl"));
    come_back("postfix-unknown-user", &mail)
}

fn scripts() -> [Script; 4] {
    let certificate = Certificate::for_loopback();
    [
        Script::imap(),
        Script::pop3(),
        Script::imap().starttls(&certificate),
        Script::pop3().implicit_tls(&certificate),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn ingest_without_an_argument_reads_the_inbox_once() {
    for script in [Script::imap(), Script::pop3()] {
        let inbox = MailboxServer::start(script).await;
        let (server, newsletter) = sent(&inbox, None).await;
        inbox.arrive(&bounce(&server, 1));
        inbox.arrive("To: x\nSubject: hallo\n\nEen mens.\n");
        let dry = ["bounces", "ingest", "--dry-run"];
        for arguments in [&dry[..], &dry[..2]] {
            let ended = newsletter.run_beside(arguments).await;
            let words = "hard bounce 5.1.1, r…@example.nl, issue 1: suppressed (bounced)";
            assert!(
                ended.stdout.contains(words),
                "{}\n{}",
                ended.stdout,
                ended.stderr
            );
            assert_eq!(ended.stdout.matches(": counts as nothing").count(), 1);
        }
        let again = newsletter.run_beside(&dry[..2]).await;
        assert_eq!((again.code, again.stdout.as_str()), (0, ""));
        inbox.arrive(&bounce(&server, 2));
        let third = newsletter.run_beside(&dry[..2]).await;
        assert_eq!(third.stdout.lines().count(), 1, "{}", third.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_reads_its_inbox_before_it_chooses_readers() {
    for script in scripts() {
        let certificate = script.certificate();
        let inbox = MailboxServer::start(script).await;
        let (server, newsletter) = sent(&inbox, certificate).await;
        inbox.arrive(&bounce(&server, 1));
        newsletter.post("tweede", "Het tweede bericht");
        let run = newsletter.run_beside(&["run"]).await;
        assert_eq!(run.code, 0, "{}", run.stderr);
        let words = "Inbox: 1 message read, 1 reader suppressed\n";
        assert!(run.stdout.contains(words), "{}", run.stdout);
        assert!(run.stdout.contains("left out: r…@example.nl (bounced)"));
        assert_eq!(server.copies("reader1@example.nl"), 1);
        assert_eq!(server.copies("reader0@example.nl"), 2);
        // A second run finds nothing that is new to it.
        let run = newsletter.run_beside(&["run"]).await;
        assert!(!run.stdout.contains("Inbox"), "{}", run.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_that_fails_is_a_warning_and_the_issue_goes_out() {
    let faults = [
        (
            "GREETING",
            Act::SayAndDrop(String::new()),
            "closed the connection",
        ),
        (
            "AUTHENTICATE",
            say("TAG NO geheim\r\n"),
            "refused the login",
        ),
        (
            "SELECT",
            say("TAG NO gone\r\n"),
            "to open the folder `INBOX`: gone",
        ),
        (
            "UID FETCH",
            say("* 1 FETCH (UID 1 BODY[]<0> {4294967296}\r\n"),
            "more than was asked for",
        ),
        (
            "UID STORE",
            say("TAG NO full\r\n"),
            "to mark the mails as seen: full",
        ),
    ];
    for (command, act, words) in faults {
        // The first run is answered well; it has nothing to fetch and to mark.
        let skip = usize::from(!command.starts_with("UID"));
        let inbox = MailboxServer::start(Script::imap().answer_after(command, skip, act)).await;
        let (server, newsletter) = sent(&inbox, None).await;
        inbox.arrive(&bounce(&server, 1));
        newsletter.post("tweede", "Het tweede bericht");
        let run = newsletter.run_beside(&["run"]).await;
        assert_eq!(run.code, 0, "{}", run.stderr);
        let warning = "warning: cannot read the inbox of bounces@";
        assert!(run.stderr.starts_with(warning), "{command}: {}", run.stderr);
        assert!(run.stderr.contains(words), "{command}: {}", run.stderr);
        assert!(!run.stderr.contains("geheim"), "{}", run.stderr);
        assert_eq!(server.copies("reader0@example.nl"), 2);
        // Marked or not: what was saved was saved once, and what was not waits.
        let saved = command == "UID STORE";
        let copies = if saved { 1 } else { 2 };
        assert_eq!(server.copies("reader1@example.nl"), copies, "{command}");
        inbox.behave();
        let later = newsletter.run_beside(&["bounces", "ingest"]).await;
        let done = if saved {
            "was dealt with before"
        } else {
            "suppressed (bounced)"
        };
        assert!(
            later.stdout.contains(done),
            "{command}: {}{}",
            later.stdout,
            later.stderr
        );
        assert_eq!(inbox.seen(), [1]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_bounces_ingest_cannot_read_is_told_with_its_code() {
    let inbox = MailboxServer::start(Script::pop3()).await;
    let (_server, newsletter) = sent(&inbox, None).await;
    drop(inbox);
    let ended = newsletter.run_beside(&["bounces", "ingest"]).await;
    assert_eq!(ended.code, 69, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("it cannot be reached"),
        "{}",
        ended.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_in_the_inbox_is_a_warning_of_the_run_and_nothing_is_marked() {
    let inbox = MailboxServer::start(Script::imap()).await;
    let (server, newsletter) = sent(&inbox, None).await;
    newsletter.append(
        "subscribers.toml",
        &(3..13)
            .map(|n| format!("[[subscriber]]\nemail = \"reader{n}@example.nl\"\n"))
            .collect::<String>(),
    );
    newsletter.post("tweede", "Het tweede bericht");
    newsletter.run_beside(&["run"]).await;
    for reader in 0..11 {
        inbox.arrive(&bounce(&server, reader));
    }
    newsletter.post("derde", "Het derde bericht");
    let run = newsletter.run_beside(&["run"]).await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    let words = "warning: 11 of 13 readers would be suppressed by reports within an hour";
    assert!(run.stderr.starts_with(words), "{}", run.stderr);
    let told = run.stderr.lines().filter(|line| line.contains("suppress"));
    assert_eq!(told.count(), 2, "once, and what to do: {}", run.stderr);
    assert_eq!(server.copies("reader1@example.nl"), 3);
    assert_eq!(inbox.seen(), [0; 0]);
    let ingested = newsletter.run_beside(&["bounces", "ingest", "--yes"]).await;
    assert_eq!(ingested.stdout.matches("suppressed (bounced)").count(), 11);
    assert_eq!(inbox.seen().len(), 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn however_much_is_logged_no_password_is() {
    for script in [
        Script::imap(),
        Script::imap().without_sasl(),
        Script::pop3(),
        Script::pop3().without_sasl(),
        Script::imap().answer_after("AUTHENTICATE", 1, say("TAG NO geheim\r\n")),
        Script::imap().xoauth2().at_once(),
        Script::pop3().xoauth2(),
    ] {
        let by_token = script.offers_xoauth2();
        let inbox = MailboxServer::start(script).await;
        let (server, mut newsletter) = sent(&inbox, None).await;
        if by_token {
            newsletter.append("courant.toml", "login = \"xoauth2\"\n");
        }
        inbox.arrive(&bounce(&server, 1));
        newsletter.post("tweede", "Het tweede bericht");
        newsletter.set("RUST_LOG", "trace");
        let run = newsletter.run_beside(&["run", "-vvv"]).await;
        assert!(run.stderr.contains(" INFO "), "{}", run.stderr);
        for word in [
            "geheim",
            "AGJvdW5jZXMAZ2VoZWlt",
            "Z2VoZWlt",
            "Z2VoZWltAQE",
            "reader1@",
        ] {
            assert!(!run.stderr.contains(word), "{word}: {}", run.stderr);
        }
        if by_token {
            assert_eq!(inbox.heard_of("PLAIN"), 1, "before it was asked for");
            assert_eq!(server.copies("reader1@example.nl"), 1);
        }
    }
}

/// The token has run out: told with the server's reason, and in no line with the token.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ran_out_is_told_with_the_servers_reason() {
    for script in [Script::imap().xoauth2(), Script::pop3().xoauth2()] {
        let inbox = MailboxServer::start(script).await;
        let (server, mut newsletter) = sent(&inbox, None).await;
        newsletter.append("courant.toml", "login = \"xoauth2\"\n");
        newsletter.set("COURANT_BOUNCES__PASSWORD", "verlopen");
        newsletter.set("RUST_LOG", "trace");
        newsletter.post("tweede", "Het tweede bericht");
        let run = newsletter.run_beside(&["run", "-vvv"]).await;
        assert_eq!(run.code, 0, "{}", run.stderr);
        for words in [
            "warning: cannot read the inbox of bounces@",
            "refused the login: ",
            "\"status\":\"400\"",
        ] {
            assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
        }
        for word in ["verlopen", "dmVybG9wZW4", "2ZXJsb3Blbg"] {
            assert!(!run.stderr.contains(word), "{word}: {}", run.stderr);
        }
        assert_eq!(server.copies("reader0@example.nl"), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_mails_are_read_at_a_time_and_the_rest_waits() {
    let inbox = MailboxServer::start(Script::imap()).await;
    let (_server, newsletter) = sent(&inbox, None).await;
    for n in 0..1_001 {
        let subject = if n % 100 == 0 { "unsubscribe" } else { "hallo" };
        inbox.arrive(&format!("From: reader1@example.nl\nSubject: {subject}\n\n"));
    }
    let run = newsletter.run_beside(&["run"]).await;
    let words = "Inbox: 1000 messages read, 0 readers suppressed, 1 waiting for the next run";
    assert!(run.stdout.contains(words), "{}", run.stdout);
    let words = "without their token: `message 1`, `message 101`, `message 201`, `message 301`, `message 401`, 5 more";
    assert!(run.stderr.contains(words), "{}", run.stderr);
    assert_eq!(inbox.seen(), (1..=1_000).collect::<Vec<u32>>());
    let ended = newsletter.run_beside(&["bounces", "ingest"]).await;
    assert!(
        ended
            .stdout
            .starts_with("message 1001: letter: asks to leave"),
        "{}",
        ended.stdout
    );
}
