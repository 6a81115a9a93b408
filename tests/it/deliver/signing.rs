//! DKIM: what another implementation says of our signatures.

use std::io::Write;
use std::process::{Command, Stdio};

use courant::model::{DkimKey, DkimSecret};

use super::outbox::MemoryOutbox;
use super::world::{address, nth, outbox, reader, run, settings};
use crate::support::programs::{not_run, python};
use crate::support::smtp::{Script, SmtpServer};

/// A key that signs nothing but tests.
const RSA: &str = include_str!("../../fixtures/deliver/dkim-rsa-of-tests.pem");

fn keys() -> Vec<DkimKey> {
    let key = |selector: &str, pem: &str| {
        let secret = DkimSecret::from_pem(pem).unwrap();
        DkimKey::new("example.nl".into(), selector.into(), secret)
    };
    vec![
        key("rsa2026", RSA),
        key("ed2026", &DkimSecret::ed25519_pem(&[7; 32])),
    ]
}

/// Reads keys and messages, and says of each message which of its signatures dkimpy finds good.
const VERIFY: &str = r#"
import sys, dkim
read = sys.stdin.buffer
records = {}
for _ in range(int(read.readline())):
    name, record = read.readline().rstrip(b"\n").split(b" ", 1)
    records[name + b"."] = record
while size := int(read.readline()):
    message = read.read(size)
    verifier = dkim.DKIM(message)
    count = len([name for name, _ in verifier.headers if name.lower() == b"dkim-signature"])
    good = []
    for at in range(count):
        try:
            ok = dkim.DKIM(message).verify(idx=at, dnsfunc=lambda name, timeout=5: records.get(name if isinstance(name, bytes) else name.encode()))
        except dkim.DKIMException as error:
            ok = False
        good.append("good" if ok else "bad")
    print(" ".join(good))
"#;

/// What dkimpy says of each message, or `None` where there is no dkimpy.
fn verify(messages: &[String]) -> Option<Vec<String>> {
    let Some(python) = python("dkim, nacl") else {
        not_run("dkimpy and PyNaCl", "verifying signatures");
        return None;
    };
    let mut python = Command::new(python)
        .args(["-c", VERIFY])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let keys = keys();
    let mut input = format!("{}\n", keys.len());
    for key in &keys {
        input += &format!("{} {}\n", key.record_name(), key.secret().record());
    }
    for message in messages {
        input += &format!("{}\n{message}", message.len());
    }
    input += "0\n";
    let mut stdin = python.stdin.take().unwrap();
    let writing = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = python.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    Some(said.lines().map(str::to_owned).collect())
}

/// Two messages as a relay got them: HTML with text, and text alone.
async fn received() -> Vec<String> {
    let server = SmtpServer::start(Script::new().offers(&["PIPELINING", "SIZE"])).await;
    let outbox: MemoryOutbox = outbox(2);
    outbox.set(1, |row| row.reader = reader(address("jan@bücher.example")));
    let mut settings = settings(server.relay());
    settings.dkim = keys().into();
    assert_eq!(run(&settings, &outbox).await.sent, 2);
    let received = server.received();
    for message in &received {
        // What SIZE promised is what came, signatures and all.
        assert_eq!(
            message.parameters,
            format!("SIZE={}", message.content.len())
        );
    }
    received
        .into_iter()
        .map(|message| message.content)
        .collect()
}

#[tokio::test]
async fn dkimpy_verifies_what_a_relay_gets_and_nothing_that_was_altered() {
    let whole = received().await;
    let altered = |from: &str, to: &str| {
        let altered = whole[0].replacen(from, to, 1);
        assert_ne!(altered, whole[0], "{from}");
        altered
    };
    let changes = [
        // The body, each signed header, and a second one of a kind.
        altered(
            "quoted-printable\r\n\r\nPlus",
            "quoted-printable\r\n\r\nMin",
        ),
        altered("To: ", "To: x"),
        altered("\r\nSubject: ", "\r\nSubject: x"),
        altered("List-Unsubscribe: <https", "List-Unsubscribe: <http"),
        altered("Post: List-Unsubscribe=One", "Post: List-Unsubscribe=Two"),
        altered("multipart/alternative", "multipart/mixed"),
        altered("\r\nSubject: ", "\r\nSubject: een andere\r\nSubject: "),
        altered("\r\nFrom: ", "\r\nFrom: evil@example.nl\r\nFrom: "),
        altered(
            "\r\nReply-To: ",
            "\r\nReply-To: evil@example.nl\r\nReply-To: ",
        ),
    ];
    let harmless = [
        // What relays do on the way (RFC 6376 §3.4.2, §3.4.4).
        altered(
            "DKIM-Signature: ",
            "Received: from x by y; today\r\nDKIM-Signature: ",
        ),
        altered("\r\nSubject: ", "\r\nSUBJECT:   "),
        format!("{}\r\n\r\n", whole[0]),
    ];
    let messages: Vec<String> = whole
        .iter()
        .chain(&harmless)
        .chain(&changes)
        .cloned()
        .collect();
    let Some(said) = verify(&messages) else {
        return;
    };
    assert_eq!(said.len(), messages.len());
    let good = whole.len() + harmless.len();
    for (at, said) in said.iter().enumerate() {
        let wanted = if at < good { "good good" } else { "bad bad" };
        assert_eq!(said, wanted, "{at}: {}", messages[at]);
    }
}

#[tokio::test]
async fn each_signature_covers_every_header_that_matters() {
    let message = received().await.remove(0);
    let signatures: Vec<&str> = message.split("DKIM-Signature: ").skip(1).collect();
    assert_eq!(signatures.len(), 2);
    assert!(
        message.starts_with("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.nl;")
    );
    let unfolded = signatures[0]
        .split("\r\n ")
        .collect::<String>()
        .replace(' ', "");
    let names = unfolded
        .split("h=")
        .nth(1)
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    for name in [
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "reply-to",
        "mime-version",
        "content-type",
        "list-id",
        "list-unsubscribe",
        "list-unsubscribe-post",
        "feedback-id",
    ] {
        let listed = names.split(':').filter(|listed| *listed == name).count();
        assert_eq!(listed, 2, "{name} in {names}");
    }
    assert!(
        message
            .split("\r\n")
            .all(|line| line.len() <= 998 && !line.starts_with('.'))
    );
    assert!(message.contains(&nth(0)));
}
