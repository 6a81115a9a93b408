//! Root on a newsletter that is another user's: the user's own runs go on.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;

use crate::support::newsletter::{Ended, Newsletter};

/// A user whom no system knows by a name, as in a container.
const NOBODY_KNOWN: u32 = 54_321;

/// Debian's own user of mail programs and web servers, who has a name everywhere.
const KNOWN: u32 = 2;

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn is_root() -> bool {
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if !is_root {
        eprintln!("skipped: only root can become somebody else");
    }
    is_root
}

fn give(path: &Path, user: u32) {
    chown(path, Some(user), Some(user)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path(), user);
        }
    }
}

/// What in a folder is not this user's.
fn strange(path: &Path, user: u32) -> Vec<String> {
    let mut found = Vec::new();
    if fs::symlink_metadata(path).unwrap().uid() != user {
        found.push(path.display().to_string());
    }
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            found.extend(strange(&entry.unwrap().path(), user));
        }
    }
    found
}

fn run_as(newsletter: &Newsletter, user: u32, arguments: &[&str]) -> Ended {
    let mut command = newsletter.command(arguments);
    Ended::of(command.uid(user).gid(user).output().unwrap())
}

#[test]
fn what_root_does_leaves_nothing_that_the_owner_cannot_write() {
    if !is_root() {
        return;
    }
    for user in [NOBODY_KNOWN, KNOWN] {
        let newsletter = Newsletter::new("mailbox");
        newsletter.readers(1);
        give(newsletter.folder(), user);
        let said = newsletter.expect(&["run"], 0).stderr;
        assert!(said.contains("started as root: goes on as"), "{said}");
        let left = strange(newsletter.folder(), user);
        assert!(left.is_empty(), "{left:?}");
        newsletter.post("tweede", "Het tweede bericht");
        give(&newsletter.path("posts"), user);
        // With nothing to say to cron.
        let quiet = newsletter.expect(&["-q", "issues", "list"], 0);
        assert_eq!((&*quiet.stdout, &*quiet.stderr), ("", ""));
        newsletter.expect(&["sources", "pause", "eigen"], 0);
        newsletter.expect(&["sources", "resume", "eigen"], 0);
        let ended = run_as(&newsletter, user, &["run"]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert_eq!(newsletter.mailbox().len(), 2);
        let left = strange(newsletter.folder(), user);
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn a_file_that_root_left_is_named_and_how_to_give_it_back() {
    if !is_root() {
        return;
    }
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    give(newsletter.folder(), NOBODY_KNOWN);
    let ended = run_as(&newsletter, NOBODY_KNOWN, &["run"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    for name in ["state/courant.db.lock", "state/courant.db"] {
        give(&newsletter.path(name), 0);
        let run = run_as(&newsletter, NOBODY_KNOWN, &["run"]);
        assert_eq!(run.code, 73, "{name}: {}", run.stderr);
        assert!(
            run.stderr.contains("root made it; `sudo chown -R"),
            "{}",
            run.stderr
        );
        let doctor = run_as(&newsletter, NOBODY_KNOWN, &["doctor"]);
        assert_eq!(doctor.code, 73, "{name}: {}", doctor.stderr);
        let state = newsletter.path("state");
        let way = format!("`chown -R --reference={0} {0}`", state.display());
        assert!(
            doctor.stderr.contains(&format!("`{name}`")),
            "{}",
            doctor.stderr
        );
        assert!(doctor.stderr.contains(&way), "{}", doctor.stderr);
        give(&newsletter.path(name), NOBODY_KNOWN);
    }
}
