//! Log lines: on stderr, in the form that was asked for, and without addresses, tokens and bodies however much is logged.

use super::Watched;
use crate::support::newsletter::{Newsletter, header};
use crate::support::smtp::{Stage, at};

/// A newsletter whose only post and reader have words that stand nowhere else.
fn telling() -> Newsletter {
    let newsletter = Newsletter::new("mailbox");
    newsletter.write(
        "posts/eerste.md",
        "---\ntitle: Kwikstaartjes\n---\n\nDe zeldzame hagelslagfabriek draait weer.\n",
    );
    newsletter.append(
        "subscribers.toml",
        "[[subscriber]]\nemail = \"wilhelmina@example.nl\"\nname = \"Wilhelmina\"\n",
    );
    newsletter
}

#[test]
fn a_run_that_logs_everything_writes_down_no_address_token_or_body() {
    for arguments in [&["run"][..], &["run", "-vvv", "--log-format", "json"]] {
        let newsletter = telling();
        let mut command = newsletter.command(arguments);
        let output = command.env("RUST_LOG", "trace").output().unwrap();
        assert!(output.status.success());
        let log = String::from_utf8(output.stderr).unwrap();
        assert!(log.contains("sealed an issue"), "{log}");
        assert!(log.contains("w…@example.nl"), "{log}");
        let message = &newsletter.mailbox()[0];
        let link = header(message, "List-Unsubscribe");
        let token = link.trim_matches(['<', '>']).rsplit('/').next().unwrap();
        assert!(token.len() >= 40, "{link}");
        let secret = newsletter.read("state/secret");
        let key = secret.split_whitespace().last().unwrap();
        for word in [
            "wilhelmina",
            "Wilhelmina",
            "hagelslag",
            "Kwikstaart",
            token,
            key,
            "mailin",
            "html5ever",
        ] {
            assert!(!log.contains(word), "the log tells {word:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_repeats_the_address_does_not_bring_it_into_the_log() {
    let watched = Watched::new().await;
    let gone = at(Stage::Rcpt).to("reader1@example.nl");
    let text = "550 5.1.1 <reader1@example.nl>: Recipient address rejected";
    watched.smtp.rule(gone.say(text));
    let run = watched.expect(&["run", "-vvv"], 1).await;
    assert!(
        run.stderr.contains("Recipient address rejected"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("reader1"), "{}", run.stderr);
}

#[test]
fn a_log_line_is_one_json_object_where_that_was_asked_for() {
    let newsletter = telling();
    let ended = newsletter.expect(&["run", "-v", "--log-format", "json", "--json"], 0);
    assert!(!ended.stderr.is_empty());
    for line in ended.stderr.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(
            line["timestamp"].is_string() && line["level"].is_string(),
            "{line}"
        );
    }
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["issues"][0]["account"]["sent"], 1);
}

#[test]
fn without_being_asked_nothing_is_logged_and_a_log_in_a_file_has_no_colours() {
    let newsletter = telling();
    assert_eq!(newsletter.expect(&["run"], 0).stderr, "");
    newsletter.post("tweede", "Het tweede bericht");
    let ended = newsletter.expect(&["-vv", "run"], 0);
    assert!(ended.stderr.contains("sent"), "{}", ended.stderr);
    assert!(!ended.stderr.contains('\u{1b}'), "{}", ended.stderr);
}
