//! What the program says when something is wrong: commands that work as pasted, one code for one cause, JSON where it was
//! asked for, and nothing lost on a full disk.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::dns::Zone;
use crate::support::newsletter::{Ended, Newsletter, program};

/// Runs the program in a folder, with what it says as it says it.
fn run_in(newsletter: &Newsletter, folder: &Path, arguments: &[&str]) -> Ended {
    let mut command = newsletter.command(arguments);
    Ended::of(command.current_dir(folder).output().unwrap())
}

/// The commands of a text that stand in backticks.
fn commands(text: &str) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    let commands = quoted.filter(|command| command.starts_with("courant "));
    commands.map(str::to_owned).collect()
}

/// Pastes a command into a shell that is somewhere else.
fn paste(command: &str) -> Ended {
    let program = program();
    let line = command.replacen("courant", &format!("'{}'", program.display()), 1);
    let mut shell = Command::new("sh");
    Ended::of(shell.args(["-c", &line]).current_dir("/").output().unwrap())
}

#[test]
fn a_command_in_a_hint_works_from_any_folder() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    // A folder that a shell would take apart.
    let awkward = newsletter.path("jan's krant; met $spatie");
    for name in [
        "courant.toml",
        "subscribers.toml",
        "schedules/weekly.toml",
        "posts/eerste.md",
    ] {
        let text = newsletter.read(name);
        newsletter.write(&format!("jan's krant; met $spatie/{name}"), &text);
    }
    let (here, there) = (newsletter.folder(), awkward.to_str().unwrap());
    let relative = there.strip_prefix("/").unwrap();
    let file = "jan's krant; met $spatie/courant.toml";
    let wanted = ["preview", "--reader", "niemand@proef.example", "--eml", "-"];
    let cases: [(&Path, &[&str]); 5] = [
        (&awkward, &[]),
        (&awkward, &["-c", ""]),
        (&awkward, &["-c", there]),
        (Path::new("/"), &["-c", relative]),
        (here, &["-c", file]),
    ];
    for (folder, arguments) in cases {
        let ended = run_in(&newsletter, folder, &[arguments, &wanted].concat());
        let found = commands(&ended.stderr);
        assert!(!found.is_empty(), "{}", ended.stderr);
        for command in found {
            let pasted = paste(&command);
            assert_eq!(pasted.code, 0, "{command}\n{}", pasted.stderr);
        }
    }
    // Also those that stand in a room's words, and in JSON.
    newsletter.replace(
        "courant.toml",
        "url = \"http://127.0.0.1:8080\"",
        "url = \"http://krant.proef.example\"",
    );
    let warned = run_in(&newsletter, here, &["--json", "check"]);
    let found: serde_json::Value = serde_json::from_str(&warned.stdout).unwrap();
    let hints = found["faults"].to_string();
    let wanted = format!("courant -c {} serve", here.display());
    assert!(hints.contains(&wanted), "{hints}");
}

#[test]
fn a_newsletter_that_is_not_there_is_made_there_by_the_command_of_the_hint() {
    let newsletter = Newsletter::new("mailbox");
    for (path, made) in [
        ("nieuw/krant $x", "nieuw/krant $x"),
        ("./-streep/courant.toml", "-streep"),
    ] {
        let ended = run_in(&newsletter, newsletter.folder(), &["-c", path, "check"]);
        assert_eq!(ended.code, 78, "{}", ended.stderr);
        let found = commands(&ended.stderr);
        assert_eq!(found.len(), 1, "{}", ended.stderr);
        let pasted = paste(&found[0]);
        assert_eq!(pasted.code, 0, "{} {}", found[0], pasted.stderr);
        assert!(newsletter.path(made).join("courant.toml").is_file());
    }
}

#[test]
fn an_empty_name_of_the_newsletter_is_the_folder_one_is_in() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    let mut command = newsletter.command(&["check"]);
    command.env("COURANT_CONFIG", "");
    let folder = newsletter.folder();
    let ended = Ended::of(command.current_dir(folder).output().unwrap());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

#[test]
fn one_cause_has_one_code_in_every_command() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    newsletter.expect(&["-q", "run"], 0);
    let state = newsletter.path("state");
    let (secret, database) = (state.join("secret"), state.join("courant.db"));
    let away = newsletter.path("away");
    type Cause<'a> = (&'a str, &'a Path, fn(&Path), i32);
    let causes: [Cause<'_>; 5] = [
        ("no secret", &secret, |_| (), 78),
        (
            "a secret that cannot be read",
            &secret,
            |path| std::fs::create_dir(path).unwrap(),
            78,
        ),
        ("no database", &database, |_| (), 78),
        (
            "a file that is no database",
            &database,
            |path| std::fs::write(path, "nothing of ours".repeat(99)).unwrap(),
            69,
        ),
        (
            "a state that is no folder",
            &state,
            |path| std::fs::write(path, "").unwrap(),
            73,
        ),
    ];
    for (cause, path, spoil, code) in causes {
        std::fs::rename(path, &away).unwrap();
        spoil(path);
        for arguments in [
            &["run"][..],
            &["gather"],
            &["status"],
            &["sources", "list"],
            &["issues", "list"],
        ] {
            let ended = newsletter.run(&[&["--json"], arguments].concat());
            assert_eq!(ended.code, code, "{cause} {arguments:?} {}", ended.stderr);
            for line in ended.stderr.lines() {
                let fault = serde_json::from_str::<serde_json::Value>(line);
                assert!(fault.is_ok(), "{cause} {arguments:?} {line}");
            }
        }
        match path.is_dir() {
            true => std::fs::remove_dir_all(path).unwrap(),
            false => drop(std::fs::remove_file(path)),
        }
        std::fs::rename(&away, path).unwrap();
    }
    newsletter.expect(&["check"], 0);
}

#[test]
fn what_became_of_an_order_is_json_too() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    newsletter.expect(&["-q", "run"], 0);
    for (order, key, value) in [
        ("suppress", "before", serde_json::Value::Null),
        ("suppress", "before", "manual".into()),
        ("revive", "needed", true.into()),
        ("revive", "needed", false.into()),
    ] {
        let address = "reader0@example.nl";
        let arguments = ["--json", "subscribers", order, address, "--reason", "proef"];
        let ended = newsletter.expect(&arguments, 0);
        let told: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!((&told["address"], &told[key]), (&address.into(), &value));
    }
}

#[test]
fn what_a_full_disk_does_not_take_is_not_done() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    for arguments in [
        &["check"][..],
        &["--json", "check"],
        &["--help"],
        &["completions", "bash"],
        &["sources", "export"],
        &["preview", "--eml", "-"],
    ] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let ended = newsletter.command(arguments).stdout(full).output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(73), "{arguments:?} {said}");
        assert!(
            said.contains("cannot write to stdout"),
            "{arguments:?} {said}"
        );
    }
    // A reader that went away wanted no more.
    let mut child = newsletter
        .command(&["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), &b""[..]));
}

#[test]
fn what_is_not_there_has_one_code_and_is_said_in_json_where_that_was_asked_for() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    newsletter.expect(&["-q", "run"], 0);
    for (arguments, code) in [
        (&["run", "nergens"][..], 66),
        (&["sources", "pause", "nergens"], 66),
        (&["sources", "review", "nergens"], 66),
        (&["gather", "nergens"], 66),
        (&["issues", "show", "9"], 66),
        (&["templates", "fields", "nergens"], 66),
        (
            &["send-test", "jan@proef.example", "--relay", "nergens"],
            66,
        ),
        // Nothing is new after the run.
        (&["send-test", "jan@proef.example"], 66),
        (&["preview", "--eml", "-"], 66),
        (&["onzin"], 2),
        (&["-c", "nergens", "check"], 78),
    ] {
        let ended = newsletter.run(&[&["--json"], arguments].concat());
        assert_eq!(ended.code, code, "{arguments:?} {}", ended.stderr);
        let text = match ended.stderr.is_empty() {
            // `check` gives its faults as data.
            true => continue,
            false => ended.stderr.trim_end(),
        };
        for line in text.lines() {
            let fault: serde_json::Value = serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("{arguments:?}: {error}\n{text}"));
            assert_eq!(fault["severity"], "error", "{arguments:?}");
            assert!(fault["message"].is_string(), "{arguments:?}");
        }
    }
}

#[test]
fn a_zone_by_its_distance_a_strange_language_and_a_variable_are_told_as_they_are() {
    let mut newsletter = Newsletter::new("mailbox");
    newsletter.replace(
        "courant.toml",
        "[[source]]",
        "timezone = \"GMT+1\"\n[[source]]",
    );
    let said = newsletter.expect(&["check"], 78).stderr;
    assert!(said.contains("`Etc/GMT-1` is +1 hours"), "{said}");
    newsletter.replace("courant.toml", "GMT+1", "UTC");
    newsletter.replace("courant.toml", "language = \"nl\"", "language = \"de\"");
    let said = newsletter.expect(&["check"], 0).stderr;
    assert!(
        said.contains("no words in `de`") && said.contains("language = \"de\""),
        "{said}"
    );
    newsletter.set("DATABASE_URL", "mysql://jan:geheim@db/x");
    let said = newsletter.expect(&["check"], 78).stderr;
    assert!(
        said.contains("DATABASE_URL") && !said.contains("geheim"),
        "{said}"
    );
}

#[test]
fn a_key_is_looked_for_in_dns_before_the_newsletter_signs_with_it() {
    let newsletter = Newsletter::new("mailbox");
    let arguments = ["dkim", "generate", "--algorithm", "ed25519"];
    let made = newsletter.json(&arguments);
    let text = |key: &str| made[key].as_str().unwrap().to_owned();
    let zone = Zone::default().txt(&text("name"), &text("record"));
    let server = zone.serve().to_string();
    let check = ["dkim", "check", "--name-server", &server];
    let said = newsletter.expect(&check, 0).stdout;
    assert!(said.contains("DNS has this key"), "{said}");
    let server = Zone::default().serve().to_string();
    let check = ["dkim", "check", "--name-server", &server];
    newsletter.expect(&check, 78);
}
