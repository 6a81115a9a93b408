//! A saved plan goes out exactly as it was, or not at all; and a schedule that wants approval waits for it.

use courant::pipeline::{Quiet, Wish};
use jiff::SignedDuration;

use crate::support::newsletter::{Ended, Newsletter, header};
use crate::support::served::{Served, link};
use crate::support::smtp::{Script, SmtpServer, Stage, at};
use crate::support::timed::Timed;

async fn sending(readers: usize) -> (SmtpServer, Newsletter) {
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.readers(readers);
    (server, newsletter)
}

async fn expect(newsletter: &Newsletter, arguments: &[&str], code: i32) -> Ended {
    let ended = newsletter.run_beside(arguments).await;
    assert_eq!(
        ended.code, code,
        "{arguments:?}\n{}\n{}",
        ended.stdout, ended.stderr
    );
    ended
}

/// Saves the plan and gives its name.
async fn saved(newsletter: &Newsletter) -> String {
    let said = expect(newsletter, &["plan", "--save", "--json"], 0)
        .await
        .stdout;
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    said[0]["saved"]["plan"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_goes_out_as_it_was_though_more_was_written_since() {
    let (server, newsletter) = sending(3).await;
    let shown = expect(&newsletter, &["plan", "--save"], 0).await.stdout;
    assert!(
        shown.contains("3        example.nl") && shown.contains("run --plan"),
        "{shown}"
    );
    let plan = saved(&newsletter).await;
    assert!(server.received().is_empty());
    assert!(
        newsletter
            .path(&format!("state/plans/{plan}.json"))
            .exists()
    );

    newsletter.post("tweede", "Het tweede bericht");
    newsletter.post("eerste", "Een andere titel");
    expect(&newsletter, &["gather", "eigen"], 0).await;
    expect(&newsletter, &["run", "--plan", &plan], 0).await;
    let received = server.received();
    assert_eq!(received.len(), 3);
    for message in &received {
        let text = message.content.replace("=\r\n", "");
        assert!(text.contains("Het eerste bericht"), "{text}");
        assert!(
            !text.contains("Het tweede") && !text.contains("Een andere"),
            "{text}"
        );
    }
    let again = expect(&newsletter, &["run", "--plan", &plan], 65).await;
    assert!(
        again.stderr.contains("went out with issue 1"),
        "{}",
        again.stderr
    );
    assert_eq!(server.received().len(), 3);
    expect(&newsletter, &["run"], 0).await;
    assert_eq!(
        server.received().len(),
        6,
        "the second post goes out with the next issue"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_no_longer_holds_is_refused_by_name_and_nothing_is_sealed() {
    let (server, newsletter) = sending(2).await;
    let plan = saved(&newsletter).await;
    let before = newsletter.read("subscribers.toml");
    let refused = async |because: &str| {
        let refused = expect(&newsletter, &["run", "--plan", &plan], 65).await;
        assert!(
            refused.stderr.contains(because),
            "{because}\n{}",
            refused.stderr
        );
    };
    newsletter.append(
        "subscribers.toml",
        "[[subscriber]]\nemail = \"nieuw@example.nl\"\n",
    );
    refused("readers who were not planned: n…@example.nl").await;
    let fewer = before.replace(
        "[[subscriber]]\nemail = \"reader1@example.nl\"\nname = \"Lezer 1\"\n",
        "",
    );
    newsletter.write("subscribers.toml", &fewer);
    refused("would get nothing, though they did not leave: 1").await;
    newsletter.write("subscribers.toml", &before);
    newsletter.replace(
        "courant.toml",
        "De Proef\"\nlanguage",
        "De Test\"\nlanguage",
    );
    refused("what `courant.toml` or the schedule says of the newsletter").await;
    newsletter.replace(
        "courant.toml",
        "De Test\"\nlanguage",
        "De Proef\"\nlanguage",
    );
    newsletter.append("schedules/weekly.toml", "subject = \"Iets anders\"\n");
    refused("the digest in nl as html").await;
    newsletter.replace("schedules/weekly.toml", "subject = \"Iets anders\"\n", "");

    assert!(server.received().is_empty());
    let issues = expect(&newsletter, &["issues", "list", "--json"], 0).await;
    assert_eq!(issues.stdout, "[]\n");
    expect(&newsletter, &["run", "--plan", &plan], 0).await;
    assert_eq!(server.received().len(), 2, "it holds again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_is_unknown_or_altered_is_not_sent() {
    let (server, newsletter) = sending(1).await;
    let plan = saved(&newsletter).await;
    for unknown in ["0123456789abcdef", "../plans/x", ""] {
        expect(&newsletter, &["run", "--plan", unknown], 66).await;
    }
    newsletter.replace(
        &format!("state/plans/{plan}.json"),
        "Het eerste",
        "Het tiende",
    );
    let altered = expect(&newsletter, &["run", "--plan", &plan], 65).await;
    assert!(altered.stderr.contains("was altered"), "{}", altered.stderr);
    assert!(server.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_left_since_the_plan_gets_nothing_and_the_plan_holds() {
    let (server, newsletter) = sending(2).await;
    expect(&newsletter, &["run"], 0).await;
    newsletter.post("tweede", "Het tweede bericht");
    let plan = saved(&newsletter).await;
    let first = server.received().remove(0);
    let served = Served::start(&newsletter).await;
    assert_eq!(served.click(&link(&first)).await, 200);
    let run = expect(&newsletter, &["run", "--plan", &plan], 0).await;
    assert!(
        run.stdout
            .contains("left out: r…@example.nl (unsubscribed)"),
        "{}",
        run.stdout
    );
    assert_eq!(server.received().len(), 3);
    assert_eq!(server.copies(&first.to[0]), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_that_wants_approval_stops_at_the_plan_and_asks() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(2);
    newsletter.replace(
        "courant.toml",
        "address =",
        "operator = \"baas@proef.example\"\naddress =",
    );
    newsletter.append("schedules/weekly.toml", "approve = true\n");
    let timed = Timed::new(newsletter, "2026-11-23T07:00:05Z");
    let asked = timed.run(&Wish::Due).await;
    assert!(
        asked.issues.is_empty() && asked.plans.len() == 1,
        "{asked:?}"
    );
    let plan = asked.plans[0].plan.clone();
    assert!(matches!(&asked.quiet[0].why, Quiet::AwaitsApproval { plan: this } if *this == plan));
    let mailbox = timed.newsletter.mailbox();
    assert_eq!(mailbox.len(), 1, "no reader got anything");
    assert_eq!(header(&mailbox[0], "Delivered-To"), "baas@proef.example");
    let root = timed.newsletter.folder().canonicalize().unwrap();
    let command = format!("courant -c {} run --plan {plan}", root.display());
    let whole = mailbox[0].replace("=\n", "").replace("=\r\n", "");
    assert!(whole.contains(&command), "{command}\n{whole}");

    // The due time is served: nobody is asked twice.
    timed.advance(SignedDuration::from_mins(5));
    assert!(timed.run(&Wish::Due).await.plans.is_empty());
    timed.set("2026-11-24T10:00:00Z");
    let pipeline = timed.open().await;
    let sent = pipeline.run_plan(&plan, &timed.world()).await.unwrap();
    pipeline.store.close().await;
    assert_eq!(sent.issues[0].account.sent, 2, "{sent:?}");
    assert_eq!(timed.newsletter.mailbox().len(), 3);
    let issue = timed.newsletter.run(&["issues", "show", "1"]).stdout;
    assert!(
        issue.contains("2026-11-23T08:00"),
        "the edition is the due time's: {issue}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_who_could_not_be_asked_is_asked_by_the_next_run() {
    let server = SmtpServer::start(
        Script::new().rule(
            at(Stage::Rcpt)
                .to("baas@proef.example")
                .times(1)
                .say("451 4.3.0 later"),
        ),
    )
    .await;
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.readers(1);
    newsletter.replace(
        "courant.toml",
        "address =",
        "operator = \"baas@proef.example\"\naddress =",
    );
    newsletter.append("schedules/weekly.toml", "approve = true\n");
    let timed = Timed::new(newsletter, "2026-11-23T07:00:05Z");
    let failed = timed.run(&Wish::Due).await;
    assert!(
        failed.faults[0].message.contains("could not be asked"),
        "{failed:?}"
    );
    assert_eq!(server.received().len(), 0);
    let asked = timed.run(&Wish::Due).await;
    assert_eq!(asked.plans[0].asked.as_deref(), Some("b…@proef.example"));
    assert_eq!(server.received().len(), 1);
}

#[test]
fn approval_needs_somebody_to_ask() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.append("schedules/weekly.toml", "approve = true\n");
    let refused = newsletter.expect(&["run"], 78);
    for words in [
        "there is nobody to ask for approval",
        "weekly.toml:5:11",
        "`operator = ",
    ] {
        assert!(
            refused.stderr.contains(words),
            "{words}\n{}",
            refused.stderr
        );
    }
}
