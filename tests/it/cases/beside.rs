//! A web server beside us, which runs as another user: what it may read, and where.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::support::newsletter::{Ended, Newsletter, program};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// All files and folders below a folder, itself among them.
fn below(path: &Path, found: &mut Vec<std::path::PathBuf>) {
    found.push(path.to_owned());
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            below(&entry.unwrap().path(), found);
        }
    }
}

fn is_open(path: &Path) -> bool {
    mode(path) & 0o044 == 0o044 && (!path.is_dir() || mode(path) & 0o011 == 0o011)
}

/// Runs the program as a cron with a careful umask does.
fn run_closed(newsletter: &Newsletter, arguments: &str) -> Ended {
    let line = format!("umask 077; exec '{}' {arguments}", program().display());
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]).current_dir(newsletter.folder());
    Ended::of(shell.output().unwrap())
}

#[test]
fn published_files_can_be_read_by_all_and_nothing_else_in_state_can() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    for arguments in ["plan --save", "preview", "run"] {
        let ended = run_closed(&newsletter, arguments);
        assert_eq!(ended.code, 0, "{arguments}: {}", ended.stderr);
    }
    let state = newsletter.path("state");
    assert_eq!(mode(&state), 0o711);
    let mut published = Vec::new();
    below(&state.join("public"), &mut published);
    assert!(published.len() > 10, "{published:?}");
    let closed: Vec<_> = published.iter().filter(|path| !is_open(path)).collect();
    assert!(closed.is_empty(), "{closed:?}");
    for entry in fs::read_dir(&state).unwrap() {
        let path = entry.unwrap().path();
        let is_private = mode(&path) & 0o077 == 0;
        assert_eq!(is_private, !path.ends_with("public"), "{}", path.display());
    }
}

#[test]
fn a_state_from_before_is_opened_once_and_said() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.write("state/public/alt.html", "x");
    newsletter.write("state/wachtwoord", "x");
    let state = newsletter.path("state");
    let close =
        |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    close(&state.join("public/alt.html"), 0o600);
    close(&state.join("public"), 0o700);
    close(&state.join("wachtwoord"), 0o644);
    close(&state, 0o700);
    let said = newsletter.expect(&["-q", "run"], 0).stderr;
    assert!(said.contains("mode 711"), "{said}");
    assert_eq!(mode(&state), 0o711);
    assert_eq!(mode(&state.join("wachtwoord")), 0o600);
    assert!(is_open(&state.join("public/alt.html")));
    assert!(is_open(&state.join("public")));
    // Who closes it after that means it.
    close(&state, 0o700);
    let said = newsletter.expect(&["-q", "run"], 0).stderr;
    assert_eq!((said.as_str(), mode(&state)), ("", 0o700));
}

#[test]
fn the_published_files_may_lie_elsewhere_and_never_among_what_is_read() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    newsletter.append("courant.toml", "\n[publish]\nfolder = \"www\"\n");
    newsletter.expect(&["run"], 0);
    assert!(newsletter.read("www/feed.xml").contains("<rss"));
    assert!(newsletter.path("www/issues/1/index.html").is_file());
    assert!(!newsletter.path("state/public").exists());
    for folder in [
        ".",
        "posts/www",
        "state",
        "templates",
        "schedules/x/..",
        "/",
    ] {
        let line = format!("folder = \"{folder}\"");
        newsletter.replace("courant.toml", "folder = \"www\"", &line);
        let said = newsletter.expect(&["check"], 78).stderr;
        assert!(said.contains("invalid `folder`"), "{folder}: {said}");
        newsletter.replace("courant.toml", &line, "folder = \"www\"");
    }
}

#[test]
fn what_all_pages_say_is_published_again_when_it_changes() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    newsletter.expect(&["run"], 0);
    newsletter.replace("courant.toml", ":8080", ":8911");
    newsletter.expect(&["run", "--due"], 0);
    for file in ["feed.xml", "atom.xml", "index.html", "robots.txt"] {
        let text = newsletter.read(&format!("state/public/{file}"));
        assert!(text.contains(":8911") && !text.contains(":8080"), "{file}");
    }
    let again = newsletter.json(&["run", "--due"]);
    assert_eq!(again["published"], serde_json::json!([]));
}
