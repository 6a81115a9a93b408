//! `sources add`, `pause`, `resume` and `remove`: `courant.toml` before and after, as a person keeps it.

use std::fs;

use super::{FEED, HOME, both, html, newsletter, plain};
use crate::support::http::{Answer, HttpServer};
use crate::support::newsletter::Newsletter;

/// A file with everything that a careless program would lose.
const KEPT: &str = "# The newsletter of the weigh house.\n\n[newsletter]\nname = \"De Proef\"  # short\nlanguage = \"nl\"\n\
    url = \"http://127.0.0.1:8080\"\nfrom = \"De Proef <proef@proef.example>\"\naddress = \"Straat 1, Plaats\"\n\n\
    # What we write.\n[[source]]\nname = \"eigen\"\nfolder = \"posts\"\n\n# Read since 2024; ask Jan.\n[[source]]\n\
    name = \"blog\"\nurl = \"https://blog.example/feed\"   # was /rss\ntopics = [\n  \"kaas\",  # mostly\n]\n\n\
    # Sources end here.\n\n[gather]\nallow = [\"127.0.0.0/8\"]\n\n# To a mailbox on this machine.\n[delivery]\nrelay = \"mailbox\"\n";

fn kept() -> Newsletter {
    let newsletter = newsletter("");
    newsletter.write("courant.toml", KEPT);
    newsletter
}

/// The lines that differ, as `diff` would mark them.
fn differences(before: &str, after: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - same;
    let tail = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take(rest)
        .take_while(|(a, b)| a == b)
        .count();
    let marked = |mark: &str, lines: &[&str]| -> Vec<String> {
        lines
            .iter()
            .map(|line| format!("{mark} {line}").trim_end().to_owned())
            .collect()
    };
    [
        marked(" ", &old[same.saturating_sub(2)..same]),
        marked("-", &old[same..old.len() - tail]),
        marked("+", &new[same..new.len() - tail]),
        marked(
            " ",
            &old[old.len() - tail..(old.len() - tail + 2).min(old.len())],
        ),
    ]
    .concat()
    .join("\n")
}

#[test]
fn a_source_is_added_behind_the_others_and_shown() {
    let server = HttpServer::start();
    server.on("/", html(HOME));
    server.on("/feed/", Answer::ok("application/rss+xml", FEED));
    let newsletter = kept();
    let address = server.url("/").to_string();
    let command = ["sources", "add", &address, "--topic", "balie"];
    let dry = newsletter.expect(&[&command[..], &["--dry-run"]].concat(), 0);
    assert!(
        dry.stdout.contains("would be added to courant.toml"),
        "{}",
        dry.stdout
    );
    assert_eq!(newsletter.read("courant.toml"), KEPT);
    let ended = newsletter.expect(&command, 0);
    let after = newsletter.read("courant.toml");
    let shown = format!(
        "{}\n===\n{}",
        both(&server, &ended),
        plain(&server, &differences(KEPT, &after))
    );
    insta::assert_snapshot!("editing_add", shown);
    let again = newsletter.expect(&command, 65);
    assert!(
        again
            .stderr
            .contains("is read already, as source `het-loket`"),
        "{}",
        again.stderr
    );
    assert_eq!(newsletter.read("courant.toml"), after);
}

#[test]
fn pausing_resuming_and_removing_touch_only_their_source() {
    let newsletter = kept();
    let mut shown = String::new();
    let mut before = KEPT.to_owned();
    for command in ["pause", "resume", "remove"] {
        let ended = newsletter.expect(&["sources", command, "blog"], 0);
        let after = newsletter.read("courant.toml");
        shown.push_str(&format!(
            "## {command}\n{}{}\n\n",
            ended.stdout,
            differences(&before, &after)
        ));
        before = after;
    }
    insta::assert_snapshot!("editing_changes", shown);
}

#[test]
fn a_paused_source_is_passed_over_and_its_ledger_stays() {
    let server = HttpServer::start();
    server.on("/feed", Answer::ok("application/rss+xml", FEED));
    let url = server.url("/feed");
    let newsletter = newsletter(&format!("[[source]]\nname = \"blog\"\nurl = \"{url}\"\n"));
    newsletter.expect(&["run"], 0);
    newsletter.expect(&["sources", "pause", "blog"], 0);
    let report = newsletter.json(&["run"]);
    assert_eq!(report["sources"].as_array().unwrap().len(), 1);
    assert_eq!(server.requests().len(), 1);
    assert_eq!(newsletter.json(&["sources", "list"])[1]["state"], "paused");
    newsletter.expect(&["sources", "resume", "blog"], 0);
    newsletter.expect(&["run"], 0);
    assert_eq!(server.requests().len(), 2);
    let removed = newsletter.json(&["sources", "remove", "blog"]);
    assert_eq!(removed["posts_in_ledger"], 3);
    assert_eq!(
        newsletter
            .json(&["sources", "list"])
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_file_that_is_broken_or_would_be_is_left_as_it_is() {
    let newsletter = kept();
    let mut shown = String::new();
    let broken = KEPT.replace(
        "[[source]]\nname = \"eigen\"",
        "[[source]\nname = \"eigen\"",
    );
    newsletter.write("courant.toml", &broken);
    shown.push_str(&newsletter.expect(&["sources", "pause", "blog"], 78).stderr);
    assert_eq!(newsletter.read("courant.toml"), broken);
    newsletter.write("courant.toml", KEPT);
    shown.push_str(
        &newsletter
            .expect(&["sources", "remove", "blogg"], 66)
            .stderr,
    );
    shown.push_str(
        &newsletter
            .expect(&["sources", "add", "geen adres"], 2)
            .stderr,
    );
    shown.push_str(
        &newsletter
            .expect(
                &["sources", "add", "https://x.example", "--posts", "h2 >"],
                2,
            )
            .stderr,
    );
    assert_eq!(newsletter.read("courant.toml"), KEPT);
    insta::assert_snapshot!("editing_faults", shown);
}

#[cfg(unix)]
#[test]
fn the_file_keeps_its_permissions_and_a_link_stays_a_link() {
    use std::os::unix::fs::PermissionsExt as _;
    let newsletter = kept();
    let real = newsletter.path("echt.toml");
    fs::rename(newsletter.path("courant.toml"), &real).unwrap();
    std::os::unix::fs::symlink("echt.toml", newsletter.path("courant.toml")).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    newsletter.expect(&["sources", "pause", "blog"], 0);
    assert!(newsletter.path("courant.toml").is_symlink());
    assert!(newsletter.read("echt.toml").contains("paused = true"));
    assert_eq!(
        fs::metadata(&real).unwrap().permissions().mode() & 0o777,
        0o640
    );
    let left: Vec<_> = fs::read_dir(newsletter.folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().ends_with('~')),
        "{left:?}"
    );
}
