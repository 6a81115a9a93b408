//! What `plan` and a dry run say of the caps: how much now, over which relay, and when the rest.

use super::{ended_with, name, newsletter};
use crate::support::smtp::{Script, SmtpServer, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_says_what_the_caps_mean_and_asks_no_relay() {
    let one = SmtpServer::start(Script::new()).await;
    let two = SmtpServer::start(Script::new()).await;
    let newsletter = newsletter(&[&one, &two], 12, "per_day = 4\n");
    for arguments in [&["plan"][..], &["run", "--dry-run"], &["plan", "--save"]] {
        let ended = newsletter.run_beside(arguments).await;
        ended_with(&ended, 0);
        for line in [
            format!("4 mails now over {}\n", name(&one)),
            format!("4 mails now over {}\n", name(&two)),
            "4 mails later, as the relays' caps allow: the last from ".to_owned(),
        ] {
            assert!(ended.stdout.contains(&line), "{line}\n{}", ended.stdout);
        }
        assert!(!ended.stderr.contains("warning"), "{}", ended.stderr);
    }
    assert_eq!(one.arrivals(Stage::Taken), 0);

    // What is sent of it counts, and what waits of it goes before the next issue.
    ended_with(&newsletter.run_beside(&["run"]).await, 0);
    newsletter.post("tweede", "Het tweede bericht");
    let plan = newsletter.run_beside(&["plan"]).await;
    for line in ["12 mails later", "4 mails of older issues first"] {
        assert!(plan.stdout.contains(line), "{line}\n{}", plan.stdout);
    }
    assert!(!plan.stdout.contains("now over"), "{}", plan.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_warns_of_what_comes_too_late() {
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = newsletter(&[&server], 12, "per_day = 5\nexpire = \"30h\"\n");
    let plan = newsletter.run_beside(&["plan"]).await;
    ended_with(&plan, 0);
    let late = "the caps of the relays leave 2 of its mails unsent before it expires";
    assert!(plan.stderr.contains(late), "{}", plan.stderr);
    assert!(
        plan.stdout
            .contains("7 mails later, as the relays' caps allow: 2 of them too late")
    );

    newsletter.append("schedules/weekly.toml", "done_by = \"09:00\"\n");
    let plan = newsletter.run_beside(&["plan"]).await;
    let late = "leave 7 of its mails unsent by its `done_by`";
    assert!(plan.stderr.contains(late), "{}", plan.stderr);
    let json = newsletter.run_beside(&["plan", "--json"]).await;
    let value: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(value[0]["caps"]["later"], 7);
    assert_eq!(value[0]["caps"]["missed"], 2);
}

/// Without a cap nothing is said of any.
#[tokio::test(flavor = "multi_thread")]
async fn without_caps_nothing_is_foretold() {
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = newsletter(&[&server], 12, "");
    let plan = newsletter.run_beside(&["plan"]).await;
    assert!(!plan.stdout.contains("now over"), "{}", plan.stdout);
}
