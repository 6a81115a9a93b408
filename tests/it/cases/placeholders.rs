//! What `init` writes to be replaced goes to no reader, unless the newsletter is being tried.

use crate::support::newsletter::Newsletter;
use crate::support::smtp::{Script, SmtpServer};

/// A relay that is not this machine, and that no test reaches.
const ELSEWHERE: &str = "smtp://mail.krant.nl:587";

/// What `courant init` makes, with a relay elsewhere.
fn started() -> Newsletter {
    let newsletter = Newsletter::new("mailbox");
    for name in ["courant.toml", "subscribers.toml", "schedules", "posts"] {
        let path = newsletter.path(name);
        match path.is_dir() {
            true => std::fs::remove_dir_all(path).unwrap(),
            false => std::fs::remove_file(path).unwrap(),
        }
    }
    let yes = newsletter.run(&["init", "--yes"]);
    if yes.code != 0 {
        // A program that asks nothing knows no such flag.
        newsletter.expect(&["init"], 0);
    }
    let relay = format!("\"{ELSEWHERE}\"");
    newsletter.replace("courant.toml", "\"mailbox\"", &relay);
    newsletter
}

/// All but the relay as it should be.
fn mended(newsletter: &Newsletter) {
    let text = newsletter.read("courant.toml");
    let lines = text.lines().map(|line| match line.split_once(" = ") {
        Some(("url", _)) => "url = \"https://krant.nl\"",
        Some(("from", _)) => "from = \"Krant <post@krant.nl>\"",
        Some(("address", _)) => "address = \"Kade 1, 1234 AB Stad\"",
        _ => line,
    });
    let text: Vec<&str> = lines.collect();
    newsletter.write("courant.toml", &text.join("\n"));
    newsletter.replace("subscribers.toml", "reader@example.org", "jan@lezers.nl");
    newsletter.write(
        "posts/welcome.md",
        "---\ntitle: Welkom\n---\n\nEen eerste bericht voor lezers.\n",
    );
}

#[test]
fn what_init_wrote_is_refused_where_a_relay_takes_it_away() {
    let newsletter = started();
    let check = newsletter.expect(&["check"], 78);
    for line in [
        "url = ",
        "from = ",
        "address = ",
        "email = ",
        "This is the first post of your newsletter.",
    ] {
        let shown = check
            .stderr
            .lines()
            .any(|shown| shown.contains(" | ") && shown.contains(line));
        assert!(shown, "{line}\n{}", check.stderr);
    }
    assert!(check.stderr.matches("^^").count() >= 5, "{}", check.stderr);
    assert!(
        check.stderr.contains("posts/welcome.md:5:1"),
        "{}",
        check.stderr
    );
    let run = newsletter.expect(&["run"], 78);
    assert_eq!(run.stderr, check.stderr);
    let test = newsletter.expect(&["send-test", "ik@lezers.nl"], 78);
    assert_eq!(test.stderr, check.stderr);
    assert!(!newsletter.path("state/courant.db").exists());
    mended(&newsletter);
    newsletter.expect(&["check"], 0);
}

#[test]
fn each_of_them_alone_is_refused() {
    for (key, value, reserved) in [
        ("url", "https://www.example.com/krant", true),
        ("url", "http://localhost:8080", true),
        ("url", "http://[::1]:8080", true),
        ("url", "https://krant.test", true),
        ("url", "https://example.nl", false),
        ("from", "post@krant.example", true),
        ("from", "Krant <post@sub.example.org>", true),
        ("from", "post@localhost.localdomain", true),
        ("reply_to", "ik@example.net", true),
        ("reply_to", "ik@example.nl", false),
    ] {
        let newsletter = started();
        mended(&newsletter);
        let text = newsletter.read("courant.toml");
        let others = text
            .lines()
            .filter(|line| !line.starts_with(&format!("{key} = ")));
        let text: Vec<&str> = others.collect();
        let line = format!("[newsletter]\n{key} = \"{value}\"");
        newsletter.write(
            "courant.toml",
            &text.join("\n").replace("[newsletter]", &line),
        );
        let check = newsletter.expect(&["check"], if reserved { 78 } else { 0 });
        let shown = format!("{key} = \"{value}\"");
        assert_eq!(check.stderr.contains(&shown), reserved, "{}", check.stderr);
    }
}

#[test]
fn a_relay_on_this_machine_takes_them() {
    let newsletter = started();
    for relay in ["mailbox", "smtp://localhost:2525", "smtp://127.0.0.1:25"] {
        let text = newsletter.read("courant.toml");
        let lines = text.lines().map(|line| match line.starts_with("relay = ") {
            true => format!("relay = \"{relay}\""),
            false => line.to_owned(),
        });
        let text: Vec<String> = lines.collect();
        newsletter.write("courant.toml", &text.join("\n"));
        newsletter.expect(&["check"], 0);
    }
}

#[test]
fn a_trial_is_let_through() {
    let newsletter = started();
    newsletter.replace(
        "courant.toml",
        "[newsletter]\n",
        "[newsletter]\ntest = true\n",
    );
    newsletter.expect(&["check"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_marks_its_subjects_and_mails_the_first_twenty() {
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.replace(
        "courant.toml",
        "[newsletter]\n",
        "[newsletter]\ntest = true\n",
    );
    newsletter.readers(30);
    let run = newsletter.run_beside(&["run"]).await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    newsletter.post("tweede", "Het tweede bericht");
    let run = newsletter.run_beside(&["run"]).await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    let received = server.received();
    assert_eq!(received.len(), 40);
    for n in 0..30 {
        let copies = if n < 20 { 2 } else { 0 };
        assert_eq!(
            server.copies(&format!("reader{n}@example.nl")),
            copies,
            "{n}"
        );
    }
    for mail in received {
        assert!(
            mail.content.contains("\r\nSubject: [test] "),
            "{}",
            mail.content
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_sends_nothing_of_an_issue_for_everybody() {
    use crate::support::smtp::{Stage, at};
    let full = at(Stage::Rcpt).to("reader1@example.nl").times(1);
    let script = Script::new().rule(full.say("452 4.2.2 mailbox full"));
    let server = SmtpServer::start(script).await;
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.readers(3);
    newsletter.run_beside(&["run"]).await;
    newsletter.replace(
        "courant.toml",
        "[newsletter]\n",
        "[newsletter]\ntest = true\n",
    );
    newsletter.run_beside(&["issues", "retry", "1"]).await;
    let held = newsletter.run_beside(&["run", "--due"]).await;
    assert_eq!(
        (held.code, server.received().len()),
        (1, 2),
        "{}",
        held.stderr
    );
    assert!(
        held.stderr
            .contains("issue 1 was sealed for all its readers"),
        "{}",
        held.stderr
    );
    newsletter.replace("courant.toml", "test = true\n", "");
    let run = newsletter.run_beside(&["run", "--due"]).await;
    assert_eq!(
        (run.code, server.received().len()),
        (0, 3),
        "{}",
        run.stderr
    );
}
