//! Root on a newsletter that is another user's: the user's own runs go on.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::newsletter::{Ended, Newsletter, program};

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

/// The program where each user may run it: a checkout can lie in a folder that is closed to others.
struct Reachable(TempDir);

impl Reachable {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let reachable = Self(folder);
        if fs::hard_link(program(), reachable.path()).is_err() {
            fs::copy(program(), reachable.path()).unwrap();
        }
        reachable
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("courant")
    }

    fn run_as(&self, newsletter: &Newsletter, user: u32, arguments: &[&str]) -> Ended {
        let mut command = newsletter.command_of(&self.path(), arguments);
        Ended::of(command.uid(user).gid(user).output().unwrap())
    }
}

#[test]
fn what_root_does_leaves_nothing_that_the_owner_cannot_write() {
    if !is_root() {
        return;
    }
    let program = Reachable::new();
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
        let ended = program.run_as(&newsletter, user, &["run"]);
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
    let program = Reachable::new();
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    give(newsletter.folder(), NOBODY_KNOWN);
    let ended = program.run_as(&newsletter, NOBODY_KNOWN, &["run"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    for name in ["state/courant.db.lock", "state/courant.db"] {
        give(&newsletter.path(name), 0);
        let run = program.run_as(&newsletter, NOBODY_KNOWN, &["run"]);
        assert_eq!(run.code, 73, "{name}: {}", run.stderr);
        assert!(
            run.stderr.contains("root made it; `sudo chown -R"),
            "{}",
            run.stderr
        );
        let doctor = program.run_as(&newsletter, NOBODY_KNOWN, &["doctor"]);
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

#[test]
fn a_state_that_root_once_made_is_given_back_by_the_command_that_is_said() {
    if !is_root() {
        return;
    }
    let program = Reachable::new();
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    give(newsletter.folder(), NOBODY_KNOWN);
    let as_owner = |arguments: &[&str], code: i32| {
        let ended = program.run_as(&newsletter, NOBODY_KNOWN, arguments);
        assert_eq!(ended.code, code, "{arguments:?} {}", ended.stderr);
        ended.stderr
    };
    as_owner(&["-q", "run"], 0);
    let state = newsletter.path("state");
    give(&state, 0);
    // The doctor looks further, and finds the secret too.
    for (arguments, code) in [(&["run"][..], 73), (&["status"], 73), (&["doctor"], 78)] {
        let said = as_owner(arguments, code);
        let command = format!("sudo chown -R {NOBODY_KNOWN}: {}", state.display());
        assert!(said.contains(&command), "{arguments:?} {said}");
    }
    give(&state, NOBODY_KNOWN);
    let secret = state.join("secret");
    give(&secret, 0);
    let said = as_owner(&["run"], 78);
    let command = format!("sudo chown {NOBODY_KNOWN}: {}", secret.display());
    assert!(said.contains(&command), "{said}");
}
