//! `preview --eml` writes what the relay would get: the same bytes, but for what must not be real.

use std::fs;
use std::process::Command;

use crate::support::newsletter::{Newsletter, header};
use crate::support::programs::not_run;
use crate::support::smtp::{Script, SmtpServer};

/// What Python's `email` finds wrong with a message, and what it reads in it.
const READ: &str = r#"
import email, email.policy, json, sys
message = email.message_from_bytes(open(sys.argv[1], "rb").read(), policy=email.policy.default)
defects = [repr(d) for part in message.walk() for d in part.defects]
for name, value in message.items():
    defects += [name + ": " + repr(d) for d in value.defects]
parts = {p.get_content_type(): p.get_content() for p in message.walk() if not p.is_multipart()}
print(json.dumps({"defects": defects, "to": str(message["To"]), "subject": str(message["Subject"]), "parts": parts}))
"#;

/// The message with what differs between a preview and a delivery made alike.
fn alike(message: &str) -> String {
    let unfolded = message.replace("=\r\n", "");
    let boundary = unfolded.split("boundary=\"").nth(1).unwrap();
    let boundary = boundary.split('"').next().unwrap();
    let link = header(message, "List-Unsubscribe");
    let token = link.rsplit('/').next().unwrap().trim_end_matches('>');
    let (id, date) = (header(message, "Message-ID"), header(message, "Date"));
    [
        (boundary, "BOUNDARY"),
        (token, "TOKEN"),
        (id, "ID"),
        (date, "DATE"),
    ]
    .into_iter()
    .fold(unfolded.clone(), |text, (old, new)| text.replace(old, new))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_message_is_the_one_that_the_relay_gets() {
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.append(
        "subscribers.toml",
        "[[subscriber]]\nemail = \"zoe@example.nl\"\nname = \"Zoë\"\nsince = 2026-09-01\n",
    );
    let arguments = ["preview", "--eml", "--reader", "ZOE@example.nl"];
    let shown = newsletter.run_beside(&arguments).await;
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    assert!(server.received().is_empty());
    let ran = newsletter.run_beside(&["run"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let sent = &server.received()[0].content;
    assert_eq!(alike(&shown.stdout), alike(sent));
    assert_eq!(shown.stdout.len(), sent.len());
    for name in ["Message-ID", "List-Unsubscribe"] {
        assert_ne!(
            header(&shown.stdout, name),
            header(sent, name),
            "{name} is real"
        );
    }
}

#[test]
fn a_mail_program_reads_it_without_a_complaint() {
    let newsletter = Newsletter::of_the_repository();
    let zoe = ["--reader", "zoe@cafe-reunie.example"];
    let lotte = ["--reader", "lotte@bücher.example"];
    let made_up: [&str; 0] = [];
    for (reader, to, kinds) in [
        (&zoe[..], "Zoë <zoe@cafe-reunie.example>", 2),
        (&lotte[..], "Lotte <lotte@xn--bcher-kva.example>", 1),
        (&made_up[..], "lezer@voorbeeld.example", 2),
    ] {
        let arguments = [&["preview", "weekly", "--eml", "mail.eml"], reader].concat();
        let ended = newsletter.expect(&arguments, 0);
        assert_eq!(ended.stdout, "mail.eml\n");
        let mut python = Command::new("python3");
        python.args(["-c", READ]).arg(newsletter.path("mail.eml"));
        let Ok(output) = python.output() else {
            not_run("python3", "reading the message of a preview");
            return;
        };
        let said = String::from_utf8_lossy(&output.stderr);
        let read: serde_json::Value = serde_json::from_slice(&output.stdout).expect(&said);
        assert_eq!(read["defects"], serde_json::json!([]), "{to}");
        assert_eq!(read["to"], to);
        assert_eq!(read["parts"].as_object().unwrap().len(), kinds, "{to}");
        let text = read["parts"]["text/plain"].as_str().unwrap();
        assert!(text.contains("Het Volle Pond") && text.contains("unsubscribe/preview-"));
    }
    assert!(!newsletter.path("state/mailbox").exists());
}

#[test]
fn where_there_is_no_message_none_is_written() {
    let newsletter = Newsletter::new("mailbox");
    let ended = newsletter.expect(&["preview", "--eml"], 66);
    assert_eq!(ended.stdout, "");
    newsletter.readers(1);
    let ended = newsletter.expect(&["preview", "--eml", "--reader", "wie@example.nl"], 66);
    assert!(
        ended.stderr.contains("`wie@example.nl` is not on the list"),
        "{}",
        ended.stderr
    );
    newsletter.append(
        "subscribers.toml",
        "[[subscriber]]\nemail = \"maand@example.nl\"\ntopics = [\"tuin\"]\n",
    );
    let ended = newsletter.expect(&["preview", "--eml", "--reader", "maand@example.nl"], 66);
    assert!(
        ended
            .stderr
            .contains("`maand@example.nl` would get nothing"),
        "{}",
        ended.stderr
    );
    fs::create_dir(newsletter.path("map")).unwrap();
    newsletter.expect(&["preview", "--eml", "map"], 73);
    newsletter.expect(&["preview", "--reader", "reader0@example.nl"], 2);
}
