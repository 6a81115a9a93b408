//! A relay that fails leaves the rest to the next, and each reader gets one mail.

use courant::pipeline::Wish;
use jiff::SignedDuration;

use super::{ended_with, everyone_has_one, name, newsletter, only, shares, timed};
use crate::support::newsletter::Newsletter;
use crate::support::smtp::{Script, SmtpServer, Stage, at};

const READERS: usize = 12;

/// Runs with a first server that fails so after it took `took` mails; the second takes the rest, and it is said why.
async fn fails_over(script: Script, took: usize, why: &str, change: impl FnOnce(&mut Newsletter)) {
    let one = SmtpServer::start(script).await;
    let two = SmtpServer::start(Script::new()).await;
    let mut newsletter = newsletter(&[&one, &two], READERS, "");
    change(&mut newsletter);
    let ended = newsletter.run_beside(&["run"]).await;
    ended_with(&ended, 0);
    assert_eq!(one.received().len(), took, "{why}");
    assert_eq!(two.received().len(), READERS - took, "{why}");
    everyone_has_one(&[&one, &two], READERS);
    let said = "a relay stopped while issue 1 was sent: ";
    for part in [said, &name(&one), why] {
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
    assert!(
        ended
            .stdout
            .contains(&format!("  {} over {}\n", READERS - took, name(&two))),
        "{}",
        ended.stdout
    );
    // All is done: the next run says nothing to either.
    let taken = [&one, &two].map(|server| server.arrivals(Stage::Taken));
    ended_with(&newsletter.run_beside(&["run"]).await, 0);
    assert_eq!(
        [&one, &two].map(|server| server.arrivals(Stage::Taken)),
        taken
    );
}

fn as_it_is(_: &mut Newsletter) {}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_down() {
    let down = Script::new().rule(at(Stage::Connect));
    fails_over(down, 0, "three connections in a row failed", as_it_is).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_goes_down_on_the_way() {
    let down = || Script::new().rule(at(Stage::Mail).skip(5));
    fails_over(down(), 5, "three connections in a row failed", as_it_is).await;
    let pipelining = down().offers(&["PIPELINING", "8BITMIME", "SMTPUTF8"]);
    fails_over(pipelining, 5, "three connections in a row failed", as_it_is).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_whose_tls_fails() {
    fails_over(
        Script::new(),
        0,
        "TLS with the relay failed",
        |newsletter| {
            newsletter.replace("courant.toml", "[\"smtp://", "[\"smtps://");
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_refuses_the_login() {
    let script = Script::new().login("jan", "een ander wachtwoord", &["PLAIN"]);
    fails_over(script, 0, "refused the login: 535", |newsletter| {
        let first = "[\"smtp://127";
        newsletter.replace("courant.toml", first, "[\"smtp://jan@127");
        newsletter.set("COURANT_DELIVERY__PASSWORD", "geheim");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_takes_no_message_of_this_size() {
    let small = Script::new().offers(&["SIZE 1000", "SMTPUTF8"]);
    fails_over(small, 0, "at most 1000 octets", as_it_is).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_with_a_root_certificate_that_is_none() {
    let sound = Script::new();
    fails_over(sound, 0, "root certificate cannot be used", |newsletter| {
        let text = newsletter.read("courant.toml");
        let first = text.split('"').find(|part| part.starts_with("smtp://"));
        let first = format!("\"{}\"", first.unwrap());
        let table = format!("{{ url = {first}, tls_root = \"root.pem\" }}");
        newsletter.write(
            "root.pem",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        );
        newsletter.replace("courant.toml", &first, &table);
    })
    .await;
}

/// Whom the first put off waits for the next try, and the second is not asked for them before.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_refuses_for_policy() {
    let policy = at(Stage::Rcpt).times(20).say("451 4.7.1 too much today");
    let one = SmtpServer::start(Script::new().rule(policy)).await;
    let two = SmtpServer::start(Script::new()).await;
    let timed = timed(&[&one, &two], 60, "slow_down = false\n");
    let first = timed.run(&Wish::Due).await;
    let issue = only(&first);
    assert_eq!((issue.account.sent, issue.account.queued), (40, 20));
    assert_eq!((&issue.stopped, issue.waiting), (&None, 0));
    assert_eq!(shares(issue), [(&*name(&one), 0), (&*name(&two), 40)]);

    // The next run begins with the first relay again.
    timed.advance(SignedDuration::from_mins(1));
    let second = timed.run(&Wish::Due).await;
    assert_eq!(shares(only(&second)), [(&*name(&one), 20)]);
    assert_eq!(only(&second).account.sent, 60);
    everyone_has_one(&[&one, &two], 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_them() {
    let one = SmtpServer::start(Script::new().rule(at(Stage::Connect))).await;
    let two = SmtpServer::start(Script::new()).await;
    let newsletter = newsletter(&[&one, &two], READERS, "");
    let plain = format!("\"smtp://{}", two.address());
    let secure = format!("\"smtps://{}", two.address());
    newsletter.replace("courant.toml", &plain, &secure);
    let ended = newsletter.run_beside(&["run"]).await;
    ended_with(&ended, 69);
    for why in [
        format!("sending issue 1 stopped: {}: three", name(&one)),
        format!("{}: TLS with the relay failed", name(&two)),
    ] {
        assert!(ended.stderr.contains(&why), "{why}\n{}", ended.stderr);
    }
    let account = newsletter.account("1").await;
    assert_eq!(
        (&account["queued"], &account["balances"]),
        (&12.into(), &true.into())
    );
    one.rule(at(Stage::Connect).raw("220 here again\r\n"));
    ended_with(&newsletter.run_beside(&["run"]).await, 0);
    everyone_has_one(&[&one, &two], READERS);
}

/// What is asked to stop stops, and no other relay is tried.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_asked_to_end_asks_no_other_relay() {
    let one = SmtpServer::start(Script::new()).await;
    let two = SmtpServer::start(Script::new()).await;
    let newsletter = newsletter(&[&one, &two], READERS, "");
    let gate = one.hold(Stage::Dot, 3);
    let run = newsletter.start(&["run"]);
    gate.reached().await;
    let id = run.id().to_string();
    let kill = std::process::Command::new("kill")
        .args(["-TERM", &id])
        .status();
    assert!(kill.unwrap().success());
    gate.release();
    let ended = crate::support::newsletter::Ended::after(run).await;
    ended_with(&ended, 0);
    assert_eq!(two.arrivals(Stage::Taken), 0);
    ended_with(&newsletter.run_beside(&["run"]).await, 0);
    everyone_has_one(&[&one, &two], READERS);
    assert_eq!(two.arrivals(Stage::Taken), 0);
}

/// In one run over several issues, a relay that stopped is not tried for the next issue.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_stopped_is_not_asked_for_the_next_issue_of_the_run() {
    let one = SmtpServer::start(Script::new().rule(at(Stage::Connect))).await;
    let two = SmtpServer::start(Script::new()).await;
    let timed = timed(&[&one, &two], 3, "");
    timed.newsletter.write(
        "schedules/zomer.toml",
        "cron = \"0 8 * * *\"\ntimezone = \"Europe/Amsterdam\"\nfirst_run = \"send\"\ndefault = true\n",
    );
    timed.newsletter.append(
        "subscribers.toml",
        "[[subscriber]]\nemail = \"zomer@example.nl\"\nschedules = [\"zomer\"]\n",
    );
    let report = timed.run(&Wish::Default).await;
    let sent: Vec<_> = report.issues.iter().map(|i| i.account.sent).collect();
    assert_eq!(sent.iter().sum::<i64>(), 4, "{report:?}");
    assert_eq!(sent.len(), 2);
    assert_eq!(one.arrivals(Stage::Taken), 3, "it was asked again");
    assert_eq!(two.received().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_mail_goes_over_the_first_that_answers_or_the_one_that_is_named() {
    let one = SmtpServer::start(Script::new().rule(at(Stage::Connect))).await;
    let two = SmtpServer::start(Script::new()).await;
    let newsletter = newsletter(&[&one, &two], 1, "");
    let test = async |more: &[&str]| {
        let arguments = [&["send-test", "ik@example.nl"], more].concat();
        newsletter.run_beside(&arguments).await
    };
    let ended = test(&[]).await;
    ended_with(&ended, 0);
    assert_eq!(two.copies("ik@example.nl"), 1);
    let said = format!("the relay {} said 250", name(&two));
    assert!(ended.stdout.contains(&said), "{}", ended.stdout);
    assert!(
        ended
            .stderr
            .contains(&format!("the relay `{}` could not be used", name(&one))),
        "{}",
        ended.stderr
    );
    ended_with(&test(&["--relay", &name(&two)]).await, 0);
    assert_eq!(two.copies("ik@example.nl"), 2);
    let refused = test(&["--relay", &name(&one)]).await;
    ended_with(&refused, 69);
    let unknown = test(&["--relay", "elders"]).await;
    ended_with(&unknown, 66);
    assert!(unknown.stderr.contains(&format!("`{}`", name(&two))));
    assert_eq!(two.received().len(), 2);

    // Where the first broke off behind the whole message, no other is given it.
    let unsure = at(Stage::Dot).stored();
    one.rule(unsure);
    one.rule(at(Stage::Connect).raw("220 here again\r\n"));
    let unanswered = test(&[]).await;
    ended_with(&unanswered, 69);
    assert!(
        unanswered.stderr.contains("nobody knows"),
        "{}",
        unanswered.stderr
    );
    assert_eq!((one.received().len(), two.received().len()), (1, 2));
}
