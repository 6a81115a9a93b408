//! The message itself, whole.

use std::io::Write;
use std::process::{Command, Stdio};

use courant::deliver::Stencil;
use courant::model::{Digest, DkimKey, DkimSecret, EmailAddress, Reader};

use super::world::{address, digest, issue, reader};

fn message(html: bool) -> String {
    let issue = issue();
    let stencil = Stencil::new(&issue, &digest(&issue, html)).unwrap();
    stencil.message(&reader(address("jan@example.nl")))
}

#[test]
fn a_whole_message() {
    insta::assert_snapshot!("message", message(true).replace("\r\n", "\n"));
}

#[test]
fn text_alone_has_one_part() {
    let message = message(false);
    assert!(message.contains("Content-Type: text/plain; charset=utf-8\r\n"));
    assert!(!message.contains("multipart"));
    assert!(message.contains("\r\n\r\nPlus: de klant die nee zei\r\n"));
}

#[test]
fn the_same_copy_has_the_same_bytes() {
    assert_eq!(message(true), message(true));
}

/// What somebody wrote to break something.
fn tricks() -> [String; 10] {
    let issue = issue();
    [
        "\r\n.\r\nMAIL FROM:<evil@example.nl>\r\n".to_owned(),
        "Jan\r\nBcc: all@example.nl".to_owned(),
        "\0\u{1b}[31m\u{202e}".to_owned(),
        "é".repeat(3_000),
        "x".repeat(3_000),
        format!("--=_{}--", issue.nonce.0),
        "<script>'\"&".to_owned(),
        "=?utf-8?q?=0D=0ABcc:_x?=".to_owned(),
        ".\n..\n. \nFrom x\n".to_owned(),
        "=".repeat(200),
    ]
}

/// Names, subjects and texts that somebody made to break something.
fn hostile() -> Vec<(Digest, Reader)> {
    let issue = issue();
    let mut cases = Vec::new();
    for trick in tricks() {
        let mut digest = digest(&issue, true);
        digest.subject.clone_from(&trick);
        digest.text = format!("{trick}\n{}{trick}", digest.text);
        digest.html = digest.html.map(|html| format!("{trick}\n{html}{trick}"));
        let reader = Reader {
            name: Some(trick.clone()),
            greeting: trick.clone(),
            since: trick.clone(),
            ..reader(EmailAddress::parse("jan@bücher.example").unwrap())
        };
        cases.push((digest, reader));
    }
    cases
}

#[test]
fn hostile_names_and_texts_break_no_rule() {
    let issue = issue();
    let plain = Stencil::new(&issue, &digest(&issue, true)).unwrap();
    let headers = |message: &str| {
        let head = message.split_once("\r\n\r\n").unwrap().0.to_owned();
        let names = head.split("\r\n").filter(|line| !line.starts_with(' '));
        names
            .map(|line| line.split(':').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let ordinary = headers(&plain.message(&reader(address("jan@example.nl"))));
    for (digest, reader) in hostile() {
        let message = Stencil::new(&issue, &digest).unwrap().message(&reader);
        assert!(message.is_ascii());
        assert!(!message.replace("\r\n", "").contains(['\r', '\n', '\0']));
        for line in message.split("\r\n") {
            assert!(line.len() <= 998 && !line.starts_with('.'), "{line}");
        }
        assert_eq!(headers(&message), ordinary);
    }
}

/// The faults that a relay or a mail program could trip over.
fn assert_sound(message: &str) {
    assert!(!message.replace("\r\n", "").contains(['\r', '\n', '\0']));
    for line in message.split("\r\n") {
        assert!(line.len() <= 998 && !line.starts_with('.'), "{line}");
    }
    let (head, _) = message.split_once("\r\n\r\n").unwrap();
    let lines = head.split("\r\n").filter(|line| !line.starts_with(' '));
    let mut names: Vec<_> = lines
        .map(|line| line.split_once(':').unwrap().0.to_ascii_lowercase())
        .collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "a header stands twice in {head}");
    for name in [
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "mime-version",
    ] {
        assert!(names.iter().any(|other| other == name), "{name}: {head}");
    }
}

#[test]
fn a_thousand_messages_with_hostile_titles_and_names_are_sound() {
    let issue = issue();
    let secret = DkimSecret::from_pem(&DkimSecret::ed25519_pem(&[7; 32])).unwrap();
    let keys = [DkimKey::new("example.nl".into(), "s".into(), secret)];
    let mut count = 0;
    for title in tricks() {
        let mut digest = digest(&issue, true);
        digest.subject.clone_from(&title);
        digest.html = digest.html.map(|html| format!("<h1>{title}</h1>\n{html}"));
        let stencil = Stencil::new(&issue, &digest).unwrap();
        for name in tricks() {
            for greeting in tricks() {
                let reader = Reader {
                    name: Some(name.clone()),
                    greeting: greeting.clone(),
                    ..reader(address("jan@example.nl"))
                };
                let message = stencil.signed_copy(&reader, &keys).unwrap();
                let octets = message.octets();
                let message = message.to_string();
                assert_eq!(message.len(), octets);
                assert!(message.is_ascii());
                assert_sound(&message);
                count += 1;
            }
        }
    }
    assert_eq!(count, 1_000);
}

/// Parses with Python's `email`, which tells every defect, and prints what a reader would see.
const READ: &str = r#"
import sys, email, email.policy
while size := int(sys.stdin.buffer.readline()):
    message = email.message_from_bytes(sys.stdin.buffer.read(size), policy=email.policy.default)
    defects = []
    for part in message.walk():
        defects += part.defects
        for name, value in part.items():
            defects += getattr(value, "defects", ())
    to = message["to"].addresses[0]
    print("defects", defects)
    print("to", to.display_name, "|", to.addr_spec)
    print("subject", message["subject"])
    print("parts", [p.get_content_type() for p in message.walk()])
    print(message.get_body(("plain",)).get_content())
    print(message.get_body(("html",)).get_content())
"#;

/// What Python reads, or `None` where there is no Python.
fn read_by_python(messages: &[String]) -> Option<String> {
    let spawned = Command::new("python3")
        .args(["-X", "utf8", "-c", READ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut python) = spawned else {
        println!("skipped: no python3 here to read the messages with");
        return None;
    };
    let mut stdin = python.stdin.take().unwrap();
    let input: String = messages
        .iter()
        .map(|message| format!("{}\n{message}", message.len()))
        .collect();
    let writing = std::thread::spawn(move || stdin.write_all((input + "0\n").as_bytes()));
    let output = python.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn python_reads_it_without_defects() {
    if let Some(read) = read_by_python(&[message(true)]) {
        insta::assert_snapshot!("message_as_python_reads_it", read);
    }
}

#[test]
fn python_reads_hostile_messages_without_defects() {
    let issue = issue();
    let copy = |(digest, reader)| Stencil::new(&issue, &digest).unwrap().message(&reader);
    let messages: Vec<String> = hostile().into_iter().map(copy).collect();
    if let Some(read) = read_by_python(&messages) {
        let good = |line: &str| read.lines().filter(|l| l.ends_with(line)).count();
        assert_eq!(good("defects []"), messages.len(), "{read}");
        assert_eq!(
            good("| jan@xn--bcher-kva.example"),
            messages.len(),
            "{read}"
        );
    }
}
