//! Readers leave by mail: the link of a mail that was sent becomes a mail as a mail program writes one, and counts.

use courant::audience::{self, Purpose, Terms, Token, TokenError, Verdict};
use courant::bounces::read;
use courant::model::SuppressionReason;
use courant::pipeline::Wish;
use jiff::SignedDuration;

use super::inbox::{ingest, said, state};
use super::{SETTING, come_back, mail_to};
use crate::support::mailbox::{MailboxServer, Script};
use crate::support::newsletter::Newsletter;
use crate::support::smtp::{Received, Script as SmtpScript, SmtpServer, Stage};
use crate::support::timed::Timed;

pub(super) const LEFT: &str = "suppressed (unsubscribed)";

/// A newsletter with these settings whose first issue went out to so many readers.
pub(super) async fn sent(readers: usize, url: &str, settings: &str) -> (SmtpServer, Newsletter) {
    let server = SmtpServer::start(SmtpScript::new()).await;
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.replace("courant.toml", "http://127.0.0.1:8080", url);
    newsletter.append("courant.toml", SETTING);
    newsletter.append("courant.toml", settings);
    newsletter.readers(readers);
    let run = newsletter.run_beside(&["run"]).await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(server.received().len(), readers);
    (server, newsletter)
}

pub(super) const HERE: &str = "http://127.0.0.1:8080";
pub(super) const PUBLIC: &str = "https://nieuws.proef.example";

/// The ways out that a mail's header offers.
pub(super) fn ways(mail: &Received) -> Vec<String> {
    let unfolded = mail.content.replace("\r\n ", " ");
    let mut lines = unfolded.lines();
    let header = lines.find_map(|line| line.strip_prefix("List-Unsubscribe: "));
    let ways = header.unwrap().split(", ");
    ways.map(|way| way.trim_matches(['<', '>']).to_owned())
        .collect()
}

pub(super) fn mailto(mail: &Received) -> String {
    let mut ways = ways(mail).into_iter();
    ways.find(|way| way.starts_with("mailto:")).unwrap()
}

/// The mail that a mail program writes for a link: to whom, with which subject.
pub(super) fn letter(link: &str) -> (String, String) {
    let (to, subject) = link
        .strip_prefix("mailto:")
        .unwrap()
        .split_once("?subject=")
        .unwrap();
    (to.to_owned(), subject.replace("%20", " "))
}

pub(super) fn written(from: &str, (to, subject): &(String, String), more: &str) -> String {
    format!("From: {from}\nTo: <{to}>\nSubject: {subject}\n{more}\nUitgeschreven.\n")
}

/// The mail by which the reader of a mail leaves.
pub(super) fn leaving(mail: &Received) -> String {
    written(&mail.to[0], &letter(&mailto(mail)), "")
}

/// The text of a mail with its quoted-printable undone.
pub(super) fn plain(mail: &Received) -> String {
    mail.content.replace("=\r\n", "").replace("=3D", "=")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_in_the_maildir_leaves_the_reader_out_of_the_next_issue() {
    let (server, newsletter) = sent(3, HERE, "[bounces]\ninbox = \"inbox\"\n").await;
    for folder in ["new", "cur", "tmp"] {
        std::fs::create_dir_all(newsletter.path("inbox").join(folder)).unwrap();
    }
    let mail = mail_to(&server, "reader1@example.nl");
    newsletter.write("inbox/new/1795417207.M1P2.mx", &leaving(&mail));
    let dry = newsletter.expect(&["bounces", "ingest", "--dry-run"], 0);
    let line = format!("1795417207.M1P2.mx: letter, r…@example.nl: {LEFT}\n");
    assert_eq!(dry.stdout, format!("{line}Nothing was saved.\n"));
    assert_eq!(state(&newsletter, "reader1@example.nl"), "active");
    assert_eq!(newsletter.expect(&["bounces", "ingest"], 0).stdout, line);
    assert_eq!(state(&newsletter, "reader1@example.nl"), "unsubscribed");
    let again = ingest(&newsletter, &leaving(&mail), &["-"]).stdout;
    assert!(
        again.contains("the reader was suppressed before"),
        "{again}"
    );

    newsletter.post("tweede", "Het tweede bericht");
    let next = newsletter.run_beside(&["run"]).await;
    let left_out = "left out: r…@example.nl (unsubscribed)";
    assert!(next.stdout.contains(left_out), "{}", next.stdout);
    assert_eq!(server.copies("reader1@example.nl"), 1);
    assert_eq!(server.copies("reader0@example.nl"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_on_a_server_is_read_by_the_run_that_it_concerns() {
    for script in [Script::imap(), Script::pop3()] {
        let inbox = MailboxServer::start(script).await;
        let (server, mut newsletter) = sent(2, HERE, "").await;
        let settings = format!("[bounces]\ninbox = \"{}\"\n", inbox.url());
        newsletter.append("courant.toml", &settings);
        newsletter.set("COURANT_BOUNCES__PASSWORD", "geheim");
        inbox.arrive(&leaving(&mail_to(&server, "reader0@example.nl")));
        inbox.arrive("From: reader1@example.nl\nTo: x@y.example\nSubject: Afmelden\n\n");
        newsletter.post("tweede", "Het tweede bericht");
        let run = newsletter.run_beside(&["run"]).await;
        assert_eq!(run.code, 0, "{}", run.stderr);
        let words = "Inbox: 2 messages read, 1 reader suppressed";
        assert!(run.stdout.contains(words), "{}", run.stdout);
        let asked = "warning: in the inbox readers ask to leave without their token: `message ";
        assert!(run.stderr.contains(asked), "{}", run.stderr);
        assert_eq!(server.copies("reader0@example.nl"), 1);
        assert_eq!(server.copies("reader1@example.nl"), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_surviving_token_is_enough_whoever_writes_and_however_it_arrives() {
    let (server, newsletter) = sent(4, HERE, "").await;
    let letter_of = |n: usize| letter(&mailto(&mail_to(&server, &format!("reader{n}@example.nl"))));
    let (to, subject) = letter_of(0);
    // A server that writes addresses in small letters; a mail program that makes its own subject.
    let small = written("reader0@example.nl", &(to.to_lowercase(), subject), "");
    let other = written(
        "iemand@elders.example",
        &(letter_of(1).0, "Re: weg!".into()),
        "",
    );
    let (_, subject) = letter_of(2);
    let folded = subject.replace(' ', "\n ");
    let subject_alone = written("x@y.example", &("bounces@proef.example".into(), folded), "");
    let (_, subject) = letter_of(3);
    let list = format!("Reply-To: x@y.example\nX-Original-To: {}\n", letter_of(3).0);
    let forwarded = written(
        "x@y.example",
        &("baas@elders.example".into(), subject),
        &list,
    );
    for (mail, n) in [small, other, subject_alone, forwarded].iter().zip(0..) {
        let said = said(&newsletter, mail);
        assert!(said.contains(LEFT), "{mail}\n{said}");
        let reader = format!("reader{n}@example.nl");
        assert_eq!(state(&newsletter, &reader), "unsubscribed", "{mail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_token_proves_and_what_no_person_wrote_makes_nobody_leave() {
    let (server, newsletter) = sent(1, HERE, "").await;
    let (foreign, _) = sent(1, HERE, "").await;
    let mail = mail_to(&server, "reader0@example.nl");
    let (to, subject) = letter(&mailto(&mail));
    let reader = "reader0@example.nl";
    let bounces = "bounces@proef.example".to_owned();
    let forged = |text: &str| {
        let (start, end) = text.split_at(text.len() - 18);
        format!(
            "{start}{}{}",
            if end.starts_with('A') { "B" } else { "A" },
            &end[1..]
        )
    };
    let returned = format!(
        "From: MAILER-DAEMON@mx.example\nTo: {to}\nSubject: Undelivered Mail Returned to Sender\n\n\
         <{to}>: 550 5.1.1 no such user\n--- Below this line is a copy of the message.\n\n{}",
        leaving(&mail)
    );
    let report = come_back("postfix-unknown-user", &mail).replace(&mail.from, &to);
    let attached = format!(
        "From: {reader}\nTo: {bounces}\nSubject: Fwd: zie bijlage\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: message/rfc822\n\n{}\n--B--\n",
        leaving(&mail)
    );
    let whole = (to.clone(), subject.clone());
    for (mail, words) in [
        (leaving(&foreign.received()[0]), "its token is forged"),
        (
            written(reader, &(bounces.clone(), forged(&subject)), ""),
            "its token is forged",
        ),
        // A return path is no way out, and an answer to it is an answer.
        (
            written(reader, &(mail.from.clone(), "Re: De Proef".into()), ""),
            "letter: counts as nothing",
        ),
        (
            written(reader, &whole, "Auto-Submitted: auto-replied\n"),
            "automatic reply",
        ),
        (
            written(reader, &whole, "Auto-Submitted: auto-generated\n"),
            "automatic reply",
        ),
        (
            written(reader, &whole, "Precedence: auto_reply\n"),
            "automatic reply",
        ),
        (
            written(
                reader,
                &(to.clone(), "Out of office: tot maandag".into()),
                "",
            ),
            "automatic reply",
        ),
        (returned, "its token is forged"),
        (report, "its token is forged"),
        (attached, "letter: counts as nothing"),
        // Anybody can write a reader's name.
        (
            written(reader, &(bounces.clone(), "Unsubscribe".into()), ""),
            "asks to leave without a token",
        ),
        (
            written(reader, &(bounces.clone(), "AFMELDEN.".into()), ""),
            "asks to leave without a token",
        ),
        (
            written(
                "vreemd@example.nl",
                &(bounces.clone(), "Uitschrijven".into()),
                "",
            ),
            "letter: counts as nothing",
        ),
        (
            written(reader, &(bounces, "Uitschrijven van de cursus".into()), ""),
            "letter: counts as nothing",
        ),
    ] {
        let said = said(&newsletter, &mail);
        assert!(said.contains(words), "{mail}\n{said}");
        assert!(!said.contains("reader0"), "{said}");
        assert_eq!(state(&newsletter, reader), "active", "{mail}");
    }
    assert!(said(&newsletter, &leaving(&mail)).contains(LEFT));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_old_revoked_or_of_nobody_counts_no_more() {
    let server = SmtpServer::start(SmtpScript::new()).await;
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.append("courant.toml", SETTING);
    newsletter.readers(1);
    let timed = Timed::new(newsletter, "2026-11-23T07:00:05Z");
    timed.run(&Wish::Default).await;
    let pipeline = timed.open().await;
    let page = pipeline
        .store
        .subscriber_list(None, 10, true)
        .await
        .unwrap();
    let id = page[0].id;
    let good = Token {
        purpose: Purpose::Unsubscribe,
        subscriber: id,
        epoch: page[0].epoch,
        expires_at: None,
    };
    let terms = Terms {
        limits: pipeline.config.delivery.bounce_limits,
        now: timed.now(),
        however_many: false,
        trial: false,
    };
    let judge = async |token: Token| {
        let token = token.encode(&pipeline.keys);
        let mail = format!("From: x@y.example\nTo: bounces+{token}@proef.example\n\nweg\n");
        let report = read(mail.as_bytes()).unwrap();
        let judged = audience::report(&pipeline.store, &pipeline.keys, &[&report], terms).await;
        judged.unwrap().unwrap().remove(0).verdict
    };
    let past = timed.now() - SignedDuration::from_secs(1);
    for (token, expected) in [
        (
            Token {
                expires_at: Some(past),
                ..good
            },
            Verdict::Unproven(TokenError::Expired),
        ),
        (
            Token {
                epoch: good.epoch + 1,
                ..good
            },
            Verdict::NoReader,
        ),
        (
            Token {
                subscriber: courant::model::SubscriberId(id.0 ^ 1),
                ..good
            },
            Verdict::NoReader,
        ),
        (
            Token {
                purpose: Purpose::Preferences,
                ..good
            },
            Verdict::Unproven(TokenError::Forged),
        ),
        (
            good,
            Verdict::Suppressed(SuppressionReason::Unsubscribed, true),
        ),
        (
            good,
            Verdict::Suppressed(SuppressionReason::Unsubscribed, false),
        ),
    ] {
        assert_eq!(judge(token).await, expected, "{token:?}");
    }
    pipeline.store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_while_a_run_is_sending_is_honoured_for_what_has_not_begun() {
    let (server, newsletter) = sent(20, HERE, "").await;
    newsletter.replace(
        "courant.toml",
        "[delivery]\n",
        "[delivery]\nconnections = 1\n",
    );
    newsletter.post("tweede", "Het tweede bericht");
    let gate = server.hold(Stage::Dot, 20 + 3);
    let sending = newsletter.start(&["run"]);
    gate.reached().await;
    let begun: Vec<String> = server.received()[20..]
        .iter()
        .map(|m| m.to[0].clone())
        .collect();
    // Far from the end of the line, and not the one at the gate.
    let order: Vec<Received> = server.received();
    let leaver = order[..20]
        .iter()
        .rev()
        .find(|m| !begun.contains(&m.to[0]))
        .unwrap();
    let letter = leaving(leaver);
    let at_gate = server
        .heard()
        .into_iter()
        .rev()
        .find(|h| h.line.starts_with("RCPT"))
        .unwrap();
    assert!(!at_gate.line.contains(&leaver.to[0]), "{}", at_gate.line);
    assert!(said(&newsletter, &letter).contains(LEFT));
    gate.release();
    let ended = crate::support::newsletter::Ended::after(sending).await;
    assert!(
        ended.stdout.contains("19 sent, 0 failed, 1 suppressed"),
        "{}\n{}",
        ended.stdout,
        ended.stderr
    );
    assert_eq!(server.copies(&leaver.to[0]), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_bounces_keeps_nobody_from_leaving() {
    let (server, newsletter) = sent(13, HERE, "").await;
    let mut mbox = String::new();
    for n in 0..12 {
        let mail = mail_to(&server, &format!("reader{n}@example.nl"));
        let text = match n {
            11 => leaving(&mail),
            _ => come_back("postfix-unknown-user", &mail),
        };
        mbox += &format!("From x@y Mon Nov 23 08:00:07 2026\n{text}\n");
    }
    let flood = ingest(&newsletter, &mbox, &[]);
    assert_eq!(flood.code, 75);
    let words = "nothing was done with these 11 messages";
    assert!(flood.stderr.contains(words), "{}", flood.stderr);
    assert_eq!(state(&newsletter, "reader0@example.nl"), "active");
    assert_eq!(state(&newsletter, "reader11@example.nl"), "unsubscribed");
}
