//! The first command that anybody types.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use crate::support::newsletter::{Ended, Newsletter, program};

#[test]
fn the_list_is_closed_to_others_and_what_must_change_is_named() {
    let newsletter = Newsletter::new("mailbox");
    let made = newsletter.expect(&["init", "nieuw"], 0).stdout;
    let list = fs::metadata(newsletter.path("nieuw/subscribers.toml")).unwrap();
    assert_eq!(list.permissions().mode() & 0o777, 0o600);
    for place in [
        "nieuw/courant.toml:7 ",
        "nieuw/subscribers.toml:4 ",
        "nieuw/posts/welcome.md:2 ",
    ] {
        assert!(made.contains(place), "{place}\n{made}");
    }
    newsletter.expect(&["--yes", "init", "ander"], 0);
}

/// Runs a command on a terminal of its own (util-linux's `script`) and types these lines.
fn on_a_terminal(newsletter: &Newsletter, line: &str, typed: &str) -> Ended {
    let mut script = Command::new("script")
        .args(["-qec", line, "/dev/null"])
        .current_dir(newsletter.folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = script.stdin.take().unwrap();
    input.write_all(typed.as_bytes()).unwrap();
    drop(input);
    Ended::of(script.wait_with_output().unwrap())
}

#[test]
fn on_a_terminal_it_asks_and_takes_no_nonsense() {
    if !std::path::Path::new("/usr/bin/script").exists() {
        eprintln!("skipped: there is no `script`");
        return;
    }
    let newsletter = Newsletter::new("mailbox");
    let typed = "De \"Proef\"\nnergens\nhttps://nieuws.proef.nl\nredactie@proef.nl\nEurope/Amsterdam\nStraat 1, Plaats\n";
    let line = format!("'{}' init nieuw", program().display());
    let ended = on_a_terminal(&newsletter, &line, typed);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    assert!(
        ended.stdout.contains("That will not do"),
        "{}",
        ended.stdout
    );
    let text = newsletter.read("nieuw/courant.toml");
    for part in [
        "https://nieuws.proef.nl",
        "<redactie@proef.nl>",
        "Europe/Amsterdam",
        "Straat 1, Plaats",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(
        !ended.stdout.contains("courant.toml:7 "),
        "{}",
        ended.stdout
    );
    newsletter.expect(&["-c", "nieuw", "check"], 0);
    let line = format!("'{}' init --yes stil", program().display());
    let ended = on_a_terminal(&newsletter, &line, "");
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    assert!(
        newsletter
            .read("stil/courant.toml")
            .contains("My newsletter")
    );
}
