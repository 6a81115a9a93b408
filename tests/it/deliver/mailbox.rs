//! The embedded mailbox.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use courant::deliver::{Mailbox, send_one};
use courant::model::SeededChance;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::world::{address, digest, issue, nth, outbox, reader, run, settings};
use courant::deliver::Stencil;

/// The messages in a Maildir, by name.
fn kept(dir: &Path) -> Vec<String> {
    let mut paths: Vec<_> = std::fs::read_dir(dir.join("new"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let read = paths
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap());
    read.collect()
}

#[tokio::test]
async fn every_reader_of_a_run_finds_one_message() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("state/mailbox");
    let mailbox = Mailbox::start(&dir, &SeededChance::new(1)).await.unwrap();
    let mut settings = settings(mailbox.relay());
    settings.connections = 4;
    let report = run(&settings, &outbox(30)).await;
    assert_eq!((report.sent, report.stopped), (30, None));
    mailbox.shutdown().await;

    let kept = kept(&dir);
    assert_eq!(kept.len(), 30);
    for n in 0..30 {
        let top = format!(
            "Return-Path: <courant@example.nl>\nDelivered-To: {}\n",
            nth(n)
        );
        assert_eq!(
            kept.iter().filter(|m| m.starts_with(&top)).count(),
            1,
            "reader {n}"
        );
    }
    assert_eq!(std::fs::read_dir(dir.join("tmp")).unwrap().count(), 0);
    let file = std::fs::read_dir(dir.join("new"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn the_message_is_kept_as_it_was_sent() {
    let home = tempfile::tempdir().unwrap();
    let mailbox = Mailbox::start(home.path(), &SeededChance::new(1))
        .await
        .unwrap();
    let (issue, settings) = (issue(), settings(mailbox.relay()));
    let digest = digest(&issue, true);
    for to in ["jan@example.nl", "zoë@bücher.example"] {
        let reader = reader(address(to));
        let reply = send_one(&issue, &digest, &reader, &settings).await.unwrap();
        assert_eq!(reply.code, 250);
        let sent = Stencil::new(&issue, &digest).unwrap().message(&reader);
        let top = format!(
            "Return-Path: <courant@example.nl>\nDelivered-To: {}\n",
            reader.address.wire()
        );
        assert!(
            kept(home.path()).contains(&(top + &sent.replace("\r\n", "\n"))),
            "{to}"
        );
    }
}

#[tokio::test]
async fn a_mailbox_opened_again_keeps_what_it_had() {
    let home = tempfile::tempdir().unwrap();
    for opening in 1..=2_u64 {
        let chance = SeededChance::new(opening);
        let mailbox = Mailbox::start(home.path(), &chance).await.unwrap();
        run(&settings(mailbox.relay()), &outbox(3)).await;
        mailbox.shutdown().await;
        assert_eq!(kept(home.path()).len() as u64, 3 * opening);
    }
}

/// Says each text, and gives the last line of the reply to each.
async fn talk(mailbox: &Mailbox, texts: &[&[u8]]) -> Vec<String> {
    let mut stream = BufReader::new(TcpStream::connect(mailbox.address()).await.unwrap());
    let mut replies = Vec::new();
    for text in [&[&b""[..]], texts].concat() {
        stream.write_all(text).await.unwrap();
        let mut line = String::new();
        while line.as_bytes().get(3) != Some(&b' ') {
            line.clear();
            stream.read_line(&mut line).await.unwrap();
        }
        replies.push(line);
    }
    replies
}

#[tokio::test]
async fn it_is_as_strict_as_a_strict_server() {
    let home = tempfile::tempdir().unwrap();
    let mailbox = Mailbox::start(home.path(), &SeededChance::new(1))
        .await
        .unwrap();
    for (message, reply) in [
        (&b"Subject: x\r\n\r\n..dot\r\n.\r\n"[..], "250"),
        // A dot between line ends of which one is bare ends no message (SMTP smuggling).
        (b"x\r\n\r\na\n.\nMAIL FROM:<c@example.nl>\r\n.\r\n", "550"),
        (b"x\r\n\r\na\n.\r\nMAIL FROM:<c@example.nl>\r\n.\r\n", "550"),
        (b"x\r\n\r\na\r\n.\nMAIL FROM:<c@example.nl>\r\n.\r\n", "550"),
        (b"Subject: x\ry\r\n\r\n.\r\n", "550"),
    ] {
        let texts: [&[u8]; 6] = [
            b"EHLO x\r\n",
            b"MAIL FROM:<a@example.nl>\r\n",
            b"RCPT TO:<b@example.nl>\r\n",
            b"DATA\r\n",
            message,
            b"QUIT\r\n",
        ];
        let replies = talk(&mailbox, &texts).await;
        assert!(replies[5].starts_with(reply), "{replies:?}");
        assert!(replies[6].starts_with("221"), "{replies:?}");
    }
    let kept = kept(home.path());
    assert_eq!(kept.len(), 1);
    assert!(kept[0].ends_with("\n\n.dot\n"));
}

/// Another client than lettre: dots, eight bits, an address outside ASCII, several messages on one connection.
const SEND: &str = r#"
import smtplib, sys
with smtplib.SMTP("127.0.0.1", int(sys.argv[1])) as smtp:
    smtp.ehlo("test.example.nl")
    text = "Subject: x\r\n\r\n.dot\r\ncafé\r\n".encode()
    for to in ["jan@example.nl", "zoë@example.nl"]:
        smtp.sendmail("courant@example.nl", [to, "piet@example.nl"], text, ["SMTPUTF8", "BODY=8BITMIME"])
"#;

#[tokio::test(flavor = "multi_thread")]
async fn pythons_smtplib_can_send_to_it() {
    let home = tempfile::tempdir().unwrap();
    let mailbox = Mailbox::start(home.path(), &SeededChance::new(1))
        .await
        .unwrap();
    let port = mailbox.address().port().to_string();
    let sending = tokio::task::spawn_blocking(move || {
        std::process::Command::new("python3")
            .args(["-X", "utf8", "-c", SEND, &port])
            .status()
    });
    let Ok(status) = sending.await.unwrap() else {
        println!("skipped: no python3 here to send with");
        return;
    };
    assert!(status.success());
    let kept = kept(home.path());
    assert_eq!(kept.len(), 4);
    assert!(
        kept.iter()
            .all(|m| m.ends_with("Subject: x\n\n.dot\ncafé\n"))
    );
    assert!(kept[2].contains("Delivered-To: zoë@example.nl\n"));
}

#[tokio::test]
async fn a_message_that_cannot_be_kept_is_not_taken() {
    let home = tempfile::tempdir().unwrap();
    let mailbox = Mailbox::start(home.path(), &SeededChance::new(1))
        .await
        .unwrap();
    std::fs::remove_dir_all(home.path().join("tmp")).unwrap();
    let report = run(&settings(mailbox.relay()), &outbox(2)).await;
    assert_eq!((report.sent, report.deferred), (0, 2));
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_told() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Mailbox::start(&file, &SeededChance::new(1))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("file"), "{error}");
}
