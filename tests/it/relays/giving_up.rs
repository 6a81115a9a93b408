//! For how long a relay is given up: at once where it refuses everybody, for one issue where that is too large, and never for
//! good while nobody else is left.

use courant::pipeline::Wish;

use super::{name, newsletter, only, shares, timed};
use crate::support::newsletter::Newsletter;
use crate::support::smtp::{Script, SmtpServer, Stage, at};

/// Readers at as many domains.
fn add(newsletter: &Newsletter, domains: std::ops::Range<usize>) {
    let entry = |n| format!("[[subscriber]]\nemail = \"r@d{n}.example\"\n");
    let entries: String = domains.map(entry).collect();
    newsletter.append("subscribers.toml", &entries);
}

/// A second schedule, which is served after the weekly one, with one reader of its own, who wants text.
fn add_schedule(newsletter: &Newsletter) {
    newsletter.write(
        "schedules/zomer.toml",
        "cron = \"0 8 * * *\"\ntimezone = \"Europe/Amsterdam\"\nfirst_run = \"send\"\ndefault = true\n",
    );
    newsletter.append(
        "subscribers.toml",
        "[[subscriber]]\nemail = \"zomer@example.nl\"\nschedules = [\"zomer\"]\nformat = \"text\"\n",
    );
}

/// By slowing down it would take the run many minutes to come to twenty refusals.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_refuses_everybody() {
    let pipelining = ["PIPELINING", "8BITMIME", "SMTPUTF8"];
    let suspended = || Script::new().rule(at(Stage::Rcpt).say("451 4.7.1 account suspended"));
    let stranger = Script::new().rule(at(Stage::Mail).say("451 4.7.0 not today"));
    for (script, said) in [
        (suspended(), "5 mails in a row for its policy: 451 4.7.1"),
        (suspended().offers(&pipelining), "5 mails in a row"),
        (stranger, "3 mails in a row for its policy: 451 4.7.0"),
    ] {
        let one = SmtpServer::start(script).await;
        let two = SmtpServer::start(Script::new()).await;
        let newsletter = newsletter(&[&one, &two], 0, "");
        newsletter.replace("courant.toml", "connections = 1", "connections = 8");
        add(&newsletter, 0..40);
        let ended = newsletter.run_beside(&["run"]).await;
        let account = newsletter.account("1").await;
        let put_off = account["queued"].as_u64().unwrap();
        assert!((3..20).contains(&put_off), "{account}");
        assert_eq!(account["sent"], 40 - put_off, "{account}");
        assert_eq!(
            (one.received().len(), two.received().len() as u64),
            (0, 40 - put_off)
        );
        assert!(ended.stderr.contains(said), "{said}: {}", ended.stderr);
        assert!(ended.stderr.contains(&name(&one)), "{}", ended.stderr);
    }
}

/// Whoever has no place left is no successor: the first is given up after twenty refusals, as if it were alone.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_refuses_everybody_while_the_other_has_carried_its_share() {
    let one = SmtpServer::start(Script::new()).await;
    let two = SmtpServer::start(Script::new()).await;
    let timed = timed(&[&one, &two], 0, "slow_down = false\n");
    let full = format!("{{ url = \"smtp://{}\", per_day = 1 }}", two.address());
    let plain = format!("\"smtp://{}\"", two.address());
    timed.newsletter.replace("courant.toml", &plain, &full);
    add(&timed.newsletter, 0..1);
    one.rule(at(Stage::Connect).times(3));
    let first = timed.run(&Wish::Due).await;
    assert_eq!(shares(only(&first))[1], (&*name(&two), 1));

    add(&timed.newsletter, 1..30);
    one.rule(at(Stage::Rcpt).times(19).say("451 4.7.1 account suspended"));
    timed.newsletter.post("tweede", "Het tweede bericht");
    let second = timed.run(&Wish::Default).await;
    let issue = only(&second);
    assert_eq!(
        (issue.account.sent, issue.account.queued),
        (11, 19),
        "{issue:?}"
    );
    assert_eq!(
        (shares(issue), &issue.stopped),
        (vec![(&*name(&one), 11)], &None)
    );
}

/// A message that is too large says nothing of the next issue's.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_took_no_message_of_that_size_is_asked_for_the_next_issue_of_the_run() {
    const MOST: usize = 6_000;
    let small = Script::new().offers(&["SIZE 6000", "8BITMIME", "SMTPUTF8"]);
    let one = SmtpServer::start(small).await;
    let two = SmtpServer::start(Script::new()).await;
    let timed = timed(&[&one, &two], 3, "");
    add_schedule(&timed.newsletter);
    let report = timed.run(&Wish::Default).await;
    let [weekly, summer] = &report.issues[..] else {
        panic!("{report:?}");
    };
    assert_eq!(shares(weekly), [(&*name(&one), 0), (&*name(&two), 3)]);
    assert_eq!(shares(summer), [(&*name(&one), 1)]);
    assert!(two.received()[0].content.len() > MOST);
    assert!(one.received()[0].content.len() < MOST);
}

/// When all were left, the next issue of the run asks them all again.
#[tokio::test(flavor = "multi_thread")]
async fn when_all_were_left_all_are_asked_for_the_next_issue_of_the_run() {
    let down_at_first = || Script::new().rule(at(Stage::Connect).times(3));
    let one = SmtpServer::start(down_at_first()).await;
    let two = SmtpServer::start(down_at_first()).await;
    let timed = timed(&[&one, &two], 3, "");
    add_schedule(&timed.newsletter);
    let report = timed.run(&Wish::Default).await;
    let [weekly, summer] = &report.issues[..] else {
        panic!("{report:?}");
    };
    assert_eq!((weekly.account.queued, weekly.account.sent), (3, 0));
    assert!(weekly.stopped.is_some(), "{weekly:?}");
    assert_eq!(shares(summer), [(&*name(&one), 1)]);
    assert_eq!(summer.stopped, None);
}

/// Whether so many readers are gone is for a person to say, and not for another relay.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_knows_nobody_is_no_reason_to_ask_another() {
    let nobody = at(Stage::Rcpt).say("550 5.1.1 no such user here");
    let one = SmtpServer::start(Script::new().rule(nobody)).await;
    let two = SmtpServer::start(Script::new()).await;
    let timed = timed(&[&one, &two], 40, "");
    let report = timed.run(&Wish::Due).await;
    let issue = only(&report);
    assert_eq!(
        (issue.account.queued, issue.taken_back),
        (40, 11),
        "{issue:?}"
    );
    assert_eq!(shares(issue), [(&*name(&one), 0)]);
    assert_eq!(two.arrivals(Stage::Taken), 0);
}
