//! Every command as a user meets it: its help, its `--json`, before the first run, beside a run, and in a pipe.

use std::collections::BTreeMap;
use std::process::Stdio;

use serde_json::Value;

use super::{FEED, Watched, expect};
use crate::support::http::Answer;
use crate::support::newsletter::{Ended, Newsletter};
use crate::support::smtp::Stage;

/// Every command, as it is typed.
const COMMANDS: [&[&str]; 46] = [
    &[],
    &["init"],
    &["check"],
    &["status"],
    &["gather"],
    &["plan"],
    &["preview"],
    &["run"],
    &["send-test"],
    &["issues"],
    &["issues", "list"],
    &["issues", "show"],
    &["issues", "account"],
    &["issues", "retry"],
    &["issues", "pause"],
    &["issues", "resume"],
    &["issues", "cancel"],
    &["bounces"],
    &["bounces", "ingest"],
    &["help"],
    &["subscribers"],
    &["subscribers", "list"],
    &["subscribers", "show"],
    &["subscribers", "accept"],
    &["subscribers", "suppress"],
    &["subscribers", "revive"],
    &["sources"],
    &["sources", "list"],
    &["sources", "test"],
    &["sources", "add"],
    &["sources", "pause"],
    &["sources", "resume"],
    &["sources", "remove"],
    &["sources", "import"],
    &["sources", "export"],
    &["dkim"],
    &["dkim", "generate"],
    &["dkim", "check"],
    &["schedule"],
    &["schedule", "list"],
    &["schedule", "next"],
    &["schedule", "explain"],
    &["restore"],
    &["serve"],
    &["completions"],
    &["man"],
];

/// Those that only look.
const LOOKING: [&[&str]; 15] = [
    &["check"],
    &["status"],
    &["plan"],
    &["preview"],
    &["run", "--dry-run"],
    &["issues", "list"],
    &["issues", "show", "1"],
    &["issues", "account", "1"],
    &["issues", "account", "1", "--list", "queued"],
    &["subscribers", "list"],
    &["subscribers", "show", "reader1@example.nl"],
    &["sources", "list"],
    &["schedule", "list"],
    &["schedule", "next"],
    &["schedule", "explain"],
];

#[test]
fn every_command_explains_itself() {
    let newsletter = Newsletter::new("mailbox");
    let mut shown = String::new();
    for command in COMMANDS {
        let long = newsletter.expect(&[command, &["--help"]].concat(), 0);
        assert_eq!(long.stderr, "");
        // What applies to every command is shown once.
        let own = long.stdout.split("\nOptions of every command:");
        let text = if command.is_empty() {
            long.stdout.as_str()
        } else {
            own.into_iter().next().unwrap()
        };
        shown.push_str(&format!("## courant {}\n\n{text}\n", command.join(" ")));
    }
    insta::assert_snapshot!("help", shown);
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_neither_waits_for_a_run_nor_disturbs_it() {
    let watched = Watched::new().await;
    let gate = watched.smtp.hold(Stage::Dot, 1);
    let run = watched.newsletter.start(&["run"]);
    gate.reached().await;
    for arguments in LOOKING {
        watched.expect(arguments, 0).await;
    }
    gate.release();
    let run = tokio::task::spawn_blocking(|| run.wait_with_output().unwrap());
    let run = Ended::of(run.await.unwrap());
    assert_eq!(run.code, 0, "{}\n{}", run.stdout, run.stderr);
    assert_eq!(watched.smtp.received().len(), 2);
}

#[test]
fn a_plan_brings_no_reader_into_the_database() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(3);
    for arguments in [&["plan"][..], &["preview"], &["run", "--dry-run"]] {
        newsletter.expect(arguments, 0);
    }
    newsletter.expect(&["send-test", "jan@example.nl"], 0);
    let report = newsletter.json(&["run"]);
    assert_eq!(report["readers"]["added"], 3, "{report}");
}

#[test]
fn before_the_first_run_lists_are_empty_and_make_nothing() {
    let newsletter = Newsletter::new("mailbox");
    let said = |arguments: &[&str]| newsletter.expect(arguments, 0).stdout;
    assert_eq!(said(&["issues", "list"]), "No issue was sealed yet.\n");
    assert!(said(&["subscribers", "list"]).starts_with("No subscriber yet"));
    let sources = said(&["sources", "list"]);
    assert!(
        sources.contains("new") && sources.contains("never"),
        "{sources}"
    );
    assert_eq!(said(&["issues", "list", "--json"]), "[]\n");
    newsletter.readers(1);
    assert!(said(&["subscribers", "show", "reader0@example.nl"]).contains("No mail yet."));
    assert!(!newsletter.path("state").exists());
}

#[test]
fn nothing_to_send_is_said_as_data_too() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    newsletter.expect(&["run"], 0);
    let ended = newsletter.expect(&["send-test", "a@b.nl", "--json"], 66);
    let fault: Value = serde_json::from_str(&ended.stderr).unwrap();
    assert!(
        fault["message"]
            .as_str()
            .unwrap()
            .contains("nothing is new")
    );
    let preview = newsletter.json(&["preview"]);
    assert_eq!(preview[0]["variants"], Value::Array(vec![]));
    let again = newsletter.json(&["run"]);
    assert_eq!(again["quiet"][0]["reason"], "nothing_new");
}

#[tokio::test(flavor = "multi_thread")]
async fn json_keeps_its_keys() {
    let watched = Watched::new().await;
    let gone = crate::support::smtp::at(Stage::Rcpt).to("reader1@example.nl");
    watched.smtp.rule(gone.say("550 5.1.1 no such user"));
    watched
        .newsletter
        .write("posts/kapot.md", "---\ntitle: \"x\n---\n");
    let feed = watched.http.url("/feed.xml").to_string();
    let other = format!("{feed}?x");
    let second = Answer::ok("application/rss+xml", FEED);
    watched.http.on("/feed.xml?x", second);
    let list = "<opml><body><outline text='A' xmlUrl='https://a.example/feed'/></body></opml>";
    watched.newsletter.write("lijst.opml", list);
    let commands: [(&[&str], i32); 27] = [
        (&["check"], 65),
        (&["plan"], 1),
        (&["plan", "--save"], 1),
        (&["preview"], 1),
        (&["send-test", "jan@example.nl"], 1),
        (&["run", "--dry-run"], 1),
        (&["run"], 1),
        (&["gather"], 1),
        (&["status"], 0),
        (&["issues", "list"], 0),
        (&["issues", "show", "1"], 0),
        (&["issues", "account", "1", "--list", "failed"], 0),
        (&["issues", "retry", "1"], 0),
        (&["issues", "pause", "1"], 0),
        (&["issues", "resume", "1"], 0),
        (&["subscribers", "list"], 0),
        (&["subscribers", "show", "reader1@example.nl"], 0),
        (&["sources", "list"], 0),
        (&["sources", "review", "eigen"], 0),
        (&["sources", "test", &feed], 0),
        (&["sources", "add", &other, "--dry-run"], 0),
        (&["sources", "import", "lijst.opml", "--dry-run"], 0),
        (&["sources", "pause", "eigen"], 0),
        (&["sources", "resume", "eigen"], 0),
        (&["schedule", "list"], 0),
        (&["schedule", "next"], 0),
        (&["schedule", "explain"], 0),
    ];
    let mut shown = String::new();
    for (arguments, code) in commands {
        let ended = watched
            .expect(&[arguments, &["--json"]].concat(), code)
            .await;
        let value: Value = serde_json::from_str(&ended.stdout).unwrap();
        let mut keys = BTreeMap::new();
        shape("", &value, &mut keys);
        shown.push_str(&format!("## courant {} --json\n", arguments.join(" ")));
        for (path, kind) in keys {
            shown.push_str(&format!("{path}: {kind}\n"));
        }
        shown.push('\n');
    }
    insta::assert_snapshot!("json_keys", watched.plain(&shown));
}

/// Each path of a JSON value with its type.
fn shape(path: &str, value: &Value, keys: &mut BTreeMap<String, &'static str>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(items) => {
            for item in items {
                shape(&format!("{path}[]"), item, keys);
            }
            "list"
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                shape(&format!("{path}.{key}"), field, keys);
            }
            "object"
        }
    };
    // A value that is there tells more than one that is not.
    let known = keys.entry(path.to_owned()).or_insert(kind);
    if *known == "null" {
        *known = kind;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_stdout_that_goes_away_ends_nothing_in_panic() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.expect(&["run"], 0);
    for arguments in LOOKING {
        let mut command = newsletter.command(
            &arguments
                .iter()
                .map(|word| match *word {
                    "reader1@example.nl" => "reader0@example.nl",
                    word => word,
                })
                .collect::<Vec<_>>(),
        );
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!stderr.contains("panicked"), "{arguments:?}\n{stderr}");
        assert!(
            output.status.code().is_some(),
            "{arguments:?} died of a signal"
        );
    }
}

#[test]
fn what_init_says_to_type_next_works_as_it_stands() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.write("elders/.keep", "");
    for (arguments, folder) in [
        (&["init", "mijn krant"][..], "."),
        (&["-c", "krant", "init"], "."),
        (&["init"], "elders"),
    ] {
        let mut command = newsletter.command(arguments);
        let said = Ended::of(
            command
                .current_dir(newsletter.path(folder))
                .output()
                .unwrap(),
        );
        assert_eq!(said.code, 0, "{}", said.stderr);
        let next = said.stdout.split("What to type next:\n").nth(1).unwrap();
        let typed: Vec<&str> = next
            .lines()
            .map(|line| line.trim().split("  ").next().unwrap())
            .collect();
        assert_eq!(typed.len(), 2, "{next}");
        for line in typed {
            let program = crate::support::newsletter::program();
            let line = line.replacen("courant", program.to_str().unwrap(), 1);
            let mut shell = std::process::Command::new("sh");
            shell
                .args(["-c", &line])
                .current_dir(newsletter.path(folder));
            let ended = Ended::of(shell.env_clear().output().unwrap());
            assert_eq!(ended.code, 0, "{line}\n{}", ended.stderr);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newsletter_elsewhere_is_named_in_every_command_that_is_advised() {
    let watched = Watched::new().await;
    let folder = watched.newsletter.folder().display().to_string();
    let outside = Newsletter::new("mailbox");
    let run = expect(&outside, &["-c", &folder, "run"], 0).await;
    assert!(
        run.stdout
            .contains(&format!("courant -c {folder} issues account 1")),
        "{}",
        run.stdout
    );
    let file = format!("{folder}/courant.toml");
    expect(&outside, &["-c", &file, "issues", "account", "1"], 0).await;
}
