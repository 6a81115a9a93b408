//! The whole line: one command on the repository's own newsletter, with no server and no network.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::newsletter::{Newsletter, header};

/// Addresses of the active readers who want the schedule, as the program lists them.
fn entitled(newsletter: &Newsletter, schedule: &str) -> BTreeSet<String> {
    let list = newsletter.json(&["subscribers", "list"]);
    let wants = |reader: &&serde_json::Value| {
        let schedules = reader["schedules"].as_array().unwrap();
        reader["state"] == "active"
            && (schedules.is_empty() || schedules.iter().any(|name| name == schedule))
    };
    list.as_array()
        .unwrap()
        .iter()
        .filter(wants)
        .map(|r| r["address"].as_str().unwrap().to_owned())
        .collect()
}

/// How many messages each recipient has.
fn recipients(newsletter: &Newsletter) -> BTreeMap<String, usize> {
    let mut count = BTreeMap::new();
    for message in newsletter.mailbox() {
        *count
            .entry(header(&message, "Delivered-To").to_owned())
            .or_default() += 1;
    }
    count
}

#[test]
fn the_first_command_does_the_whole_job_and_the_second_sends_nothing() {
    let newsletter = Newsletter::of_the_repository();
    let first = newsletter.expect(&["run"], 0);
    assert!(
        first.stdout.contains("Issue 1 of weekly"),
        "{}",
        first.stdout
    );
    let readers = entitled(&newsletter, "weekly");
    assert!(readers.len() >= 8, "{readers:?}");
    let got = recipients(&newsletter);
    assert_eq!(got.len(), readers.len(), "{got:?}");
    assert!(got.values().all(|count| *count == 1), "{got:?}");
    for file in [
        "feed.xml",
        "index.html",
        "issues/index.html",
        "issues/1/index.html",
    ] {
        assert!(
            newsletter.path("state/public").join(file).is_file(),
            "{file}"
        );
    }

    let second = newsletter.expect(&["run"], 0);
    assert!(second.stdout.contains("nothing new"), "{}", second.stdout);
    assert_eq!(recipients(&newsletter), got);
}

#[test]
fn a_post_that_is_added_goes_out_alone_and_once() {
    let newsletter = Newsletter::of_the_repository();
    newsletter.expect(&["run"], 0);
    let before = newsletter.mailbox();
    newsletter.write(
        "posts/nieuw.md",
        "---\ntitle: Een heel nieuw bericht\ntopics: [verkoop, sales]\n---\n\nDit stond er gisteren nog niet.\n",
    );
    newsletter.expect(&["run"], 0);
    let shown = newsletter.json(&["issues", "show", "2"]);
    let posts = shown["posts"].as_array().unwrap();
    assert_eq!(posts.len(), 1);
    assert_eq!(posts[0]["title"], "Een heel nieuw bericht");
    let new: Vec<String> = newsletter
        .mailbox()
        .into_iter()
        .filter(|m| !before.contains(m))
        .collect();
    let got: BTreeSet<&str> = new
        .iter()
        .map(|message| header(message, "Delivered-To"))
        .collect();
    assert_eq!(got.len(), new.len(), "a reader got it twice");
    assert_eq!(new.len() as i64, shown["account"]["sent"].as_i64().unwrap());
    assert!(!new.is_empty());
}

#[test]
fn a_post_reaches_a_reader_of_two_schedules_once() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.write(
        "schedules/monthly.toml",
        "cron = \"@monthly\"\ntimezone = \"Europe/Amsterdam\"\nfirst_run = \"send\"\n",
    );
    newsletter.append(
        "subscribers.toml",
        "[[subscriber]]\nemail = \"both@example.nl\"\nschedules = [\"weekly\", \"monthly\"]\n\n\
         [[subscriber]]\nemail = \"month@example.nl\"\nschedules = [\"monthly\"]\n",
    );
    newsletter.expect(&["run", "weekly"], 0);
    newsletter.post("tweede", "Het tweede bericht");
    newsletter.expect(&["run", "monthly"], 0);
    let messages = newsletter.mailbox();
    let about = |reader: &str, post: &str| {
        let mine = messages
            .iter()
            .filter(|message| header(message, "Delivered-To").contains(reader));
        mine.filter(|message| message.contains(&format!("Het {post} bericht")))
            .count()
    };
    assert_eq!((about("both", "eerste"), about("both", "tweede")), (1, 1));
    assert_eq!((about("month", "eerste"), about("month", "tweede")), (1, 1));
}

#[test]
fn every_post_has_a_reason_in_the_plan() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    newsletter.expect(&["run"], 0);
    newsletter.replace(
        "schedules/weekly.toml",
        "default = true",
        "default = true\nmax_posts = 1\ntopics = [\"team\"]",
    );
    let write = |slug: &str, extra: &str| {
        newsletter.write(
            &format!("posts/{slug}.md"),
            &format!("---\ntitle: {slug}\n{extra}---\n\nTekst van {slug}.\n"),
        );
    };
    write("outside", "topics: [tuin]\n");
    write("draft", "topics: [team]\ndraft: true\n");
    write("ahead", "topics: [team]\ndate: 2999-01-01\n");
    write("newer", "topics: [team]\ndate: 2026-11-03\n");
    write("older", "topics: [team]\ndate: 2026-11-01\n");
    let plan = newsletter.json(&["plan"]);
    let reasons: BTreeMap<&str, &str> = plan[0]["posts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|post| {
            (
                post["title"].as_str().unwrap(),
                post["reason"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = BTreeMap::from([
        ("Het eerste bericht", "carried by issue 1"),
        ("outside", "outside the topics"),
        ("draft", "held: a draft"),
        ("ahead", "held until 2999-01-01"),
        ("newer", "new"),
        ("older", "over `max_posts` (1); waits for the next issue"),
    ]);
    assert_eq!(reasons, expected);
}

#[test]
fn a_baseline_schedule_marks_what_exists_and_sends_what_comes() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(2);
    newsletter.replace(
        "schedules/weekly.toml",
        "first_run = \"send\"",
        "first_run = \"baseline\"",
    );
    let first = newsletter.expect(&["run"], 0);
    assert!(
        first.stdout.contains("1 post marked as seen"),
        "{}",
        first.stdout
    );
    assert!(newsletter.mailbox().is_empty());
    newsletter.post("tweede", "Het tweede bericht");
    newsletter.expect(&["run"], 0);
    let messages = newsletter.mailbox();
    assert_eq!(messages.len(), 2);
    assert!(
        messages
            .iter()
            .all(|m| m.contains("Het tweede bericht") && !m.contains("Het eerste bericht"))
    );
}

#[test]
fn a_dry_run_and_a_plan_leave_no_trace_that_a_run_would_see() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    let dry = newsletter.expect(&["run", "--dry-run"], 0);
    assert!(dry.stdout.contains("nothing was saved"), "{}", dry.stdout);
    newsletter.expect(&["plan"], 0);
    newsletter.expect(&["preview"], 0);
    assert!(newsletter.mailbox().is_empty());
    assert!(!newsletter.path("state/public").exists());
    newsletter.expect(&["run"], 0);
    assert_eq!(newsletter.mailbox().len(), 1);
}

#[test]
fn init_makes_a_directory_that_runs_at_once() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.expect(&["init", "fresh"], 0);
    newsletter.expect(&["-c", "fresh", "check"], 0);
    newsletter.expect(&["-c", "fresh", "run"], 0);
    assert_eq!(
        std::fs::read_dir(newsletter.path("fresh/state/mailbox/new"))
            .unwrap()
            .count(),
        1
    );
    newsletter.expect(&["init", "fresh"], 73);
}

#[test]
fn a_source_that_is_renamed_or_moved_sends_nothing_again() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    newsletter.expect(&["run"], 0);
    newsletter.replace("courant.toml", "name = \"eigen\"", "name = \"stukken\"");
    newsletter.expect(&["run"], 0);
    std::fs::rename(newsletter.path("posts"), newsletter.path("texts")).unwrap();
    newsletter.replace("courant.toml", "folder = \"posts\"", "folder = \"texts\"");
    newsletter.expect(&["run"], 0);
    assert_eq!(newsletter.mailbox().len(), 1);
}

#[test]
fn a_post_that_leaves_its_folder_before_it_went_out_stays_home() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    newsletter.append("schedules/weekly.toml", "max_posts = 1\n");
    newsletter.write(
        "posts/ouder.md",
        "---\ntitle: Ouder\ndate: 2026-10-01\n---\n\nEen ouder bericht.\n",
    );
    newsletter.expect(&["run"], 0);
    std::fs::remove_file(newsletter.path("posts/ouder.md")).unwrap();
    let plan = newsletter.json(&["plan"]);
    let reason = plan[0]["posts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|post| post["title"] == "Ouder")
        .unwrap();
    assert_eq!(reason["reason"], "withdrawn: its source has it no longer");
    newsletter.expect(&["run"], 0);
    assert_eq!(newsletter.mailbox().len(), 1);
}
