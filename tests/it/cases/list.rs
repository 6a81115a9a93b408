//! Who is taken out of `subscribers.toml` is not mailed any more, whatever was sealed before; a file that is gone, empty or much
//! shorter by a slip takes nobody off, and nothing is sent until a person says that it is right.

use serde_json::json;
use sqlx::{Connection, Executor, SqliteConnection};

use crate::support::newsletter::{Ended, Newsletter};
use crate::support::smtp::{Script, SmtpServer, Stage, at};

async fn expect(newsletter: &Newsletter, arguments: &[&str], code: i32) -> Ended {
    let ended = newsletter.run_beside(arguments).await;
    assert_eq!(
        ended.code, code,
        "{arguments:?}\n{}\n{}",
        ended.stdout, ended.stderr
    );
    ended
}

/// Takes a reader's entry out of the file.
fn take_out(newsletter: &Newsletter, number: usize) {
    let entry = format!(
        "[[subscriber]]\nemail = \"reader{number}@example.nl\"\nname = \"Lezer {number}\"\n\n"
    );
    newsletter.replace("subscribers.toml", &entry, "");
}

/// As if what the relay has carried had been carried so many hours earlier.
async fn carried_earlier(newsletter: &Newsletter, hours: i64) {
    let url = format!("sqlite://{}", newsletter.path("state/courant.db").display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    let text = sqlx::query("UPDATE relay_use SET hour = hour - $1").bind(hours);
    database.execute(text).await.unwrap();
    database.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_taken_out_of_the_file_is_not_mailed_by_a_later_try() {
    let later = at(Stage::Rcpt).times(3).say("451 4.2.0 try again later");
    let server = SmtpServer::start(Script::new().rule(later)).await;
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.append("courant.toml", "connections = 1\n");
    newsletter.readers(3);
    expect(&newsletter, &["run"], 1).await;
    take_out(&newsletter, 1);
    expect(&newsletter, &["issues", "retry", "1"], 0).await;
    expect(&newsletter, &["run", "--due"], 0).await;
    assert_eq!(server.copies("reader1@example.nl"), 0);
    assert_eq!(server.received().len(), 2);
    let account = newsletter.account("1").await;
    let expected = json!([
        {"state": "sent", "cause": "taken by the relay", "deliveries": 2},
        {"state": "suppressed", "cause": "removed", "deliveries": 1},
    ]);
    assert_eq!(account["causes"], expected);
    assert_eq!(account["balances"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_taken_out_of_the_file_is_not_mailed_when_a_cap_gives_way() {
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.append("courant.toml", "connections = 1\nper_day = 3\n");
    newsletter.readers(6);
    expect(&newsletter, &["run"], 0).await;
    assert_eq!(server.received().len(), 3);
    let unsent = (0..6).find(|n| server.copies(&format!("reader{n}@example.nl")) == 0);
    let unsent = unsent.unwrap();
    take_out(&newsletter, unsent);
    carried_earlier(&newsletter, 26).await;
    expect(&newsletter, &["run", "--due"], 0).await;
    assert_eq!(server.copies(&format!("reader{unsent}@example.nl")), 0);
    assert_eq!(server.received().len(), 5);
}

/// A newsletter of which an issue is half sent: one mail was put off, and is due again.
async fn half_sent(readers: usize) -> (SmtpServer, Newsletter) {
    let later = at(Stage::Rcpt).times(1).say("451 4.2.0 try again later");
    let server = SmtpServer::start(Script::new().rule(later)).await;
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.append("courant.toml", "connections = 1\n");
    newsletter.readers(readers);
    expect(&newsletter, &["run"], 1).await;
    expect(&newsletter, &["issues", "retry", "1"], 0).await;
    newsletter.post("tweede", "Het tweede bericht");
    (server, newsletter)
}

/// Every command that a run would mislead says the same, with the same code, and nothing is sent.
async fn refused(server: &SmtpServer, newsletter: &Newsletter, code: i32, words: &str) {
    let sent = server.received().len();
    for arguments in [&["-q", "run"][..], &["run", "--due"], &["check"], &["plan"]] {
        let ended = expect(newsletter, arguments, code).await;
        assert!(
            ended.stderr.contains(words),
            "{arguments:?}\n{}",
            ended.stderr
        );
    }
    assert_eq!(server.received().len(), sent);
}

async fn active(newsletter: &Newsletter) -> usize {
    let listed = newsletter
        .run_beside(&["subscribers", "list", "--json"])
        .await;
    let readers: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    let readers = readers.as_array().unwrap().iter();
    readers.filter(|reader| reader["state"] == "active").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_gone_or_empty_takes_nobody_off() {
    let (server, newsletter) = half_sent(4).await;
    let file = newsletter.read("subscribers.toml");
    let (path, aside) = (
        newsletter.path("subscribers.toml"),
        newsletter.path("aside"),
    );
    std::fs::rename(&path, &aside).unwrap();
    let accept = "courant subscribers accept --gone 4";
    refused(&server, &newsletter, 66, accept).await;
    assert_eq!(active(&newsletter).await, 4);
    newsletter.write("subscribers.toml", "# nobody\n");
    refused(&server, &newsletter, 65, accept).await;
    newsletter.write("subscribers.toml", "[[subscriber]\n");
    refused(&server, &newsletter, 65, "subscribers.toml").await;
    // Put right again, it goes on as if nothing had been.
    newsletter.write("subscribers.toml", &file);
    expect(&newsletter, &["run"], 0).await;
    assert_eq!(server.received().len(), 4 + 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_shrank_is_accepted_with_the_number_that_was_printed() {
    let (server, newsletter) = half_sent(30).await;
    for number in 0..9 {
        take_out(&newsletter, number);
    }
    // Nine of thirty: people tidy up.
    expect(&newsletter, &["run"], 0).await;
    let sent = server.received().len();
    assert!((29 + 21..=30 + 21).contains(&sent), "{sent}");
    for number in 9..19 {
        take_out(&newsletter, number);
    }
    newsletter.post("derde", "Het derde bericht");
    refused(&server, &newsletter, 65, "10 of the 21 readers").await;
    let accept = async |gone: &str, code| {
        expect(
            &newsletter,
            &["subscribers", "accept", "--gone", gone],
            code,
        )
        .await
    };
    let other = accept("11", 65).await;
    assert!(
        other.stderr.contains("accept --gone 10"),
        "{}",
        other.stderr
    );
    refused(
        &server,
        &newsletter,
        65,
        "courant subscribers accept --gone 10",
    )
    .await;
    accept("10", 0).await;
    assert_eq!(server.received().len(), sent, "it only accepts");
    expect(&newsletter, &["run"], 0).await;
    assert_eq!(server.received().len(), sent + 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slip_in_an_entry_takes_nobody_off_what_was_sealed() {
    let (server, newsletter) = half_sent(3).await;
    newsletter.replace("subscribers.toml", "name = ", "nam = ");
    expect(&newsletter, &["run", "--due"], 1).await;
    assert_eq!(
        server.received().len(),
        3,
        "the one that was put off as well"
    );
    assert_eq!(newsletter.account("1").await["sent"], 3);
}

#[test]
fn a_topic_or_schedule_that_nobody_knows_is_a_warning() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.append(
        "subscribers.toml",
        "[[subscriber]]\nemail = \"jan@example.nl\"\ntopics = [\"kaas\"]\nschedules = [\"maandelijks\"]\n",
    );
    let check = newsletter.expect(&["check"], 0);
    for words in [
        "unknown topic `kaas`",
        "unknown schedule `maandelijks`",
        "subscribers.toml:",
    ] {
        assert!(check.stderr.contains(words), "{}", check.stderr);
    }
    let run = newsletter.expect(&["run"], 0);
    assert_eq!(run.stderr, "", "a run does not say it each time");
}

/// As long as a run sends, hours at a slow pace, the file is looked at.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_taken_out_while_a_run_sends_is_not_mailed() {
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.append("courant.toml", "connections = 1\n");
    newsletter.readers(12);
    let gate = server.hold(Stage::Dot, 2);
    let run = newsletter.start(&["run"]);
    gate.reached().await;
    let url = format!("sqlite://{}", newsletter.path("state/courant.db").display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    let text = "SELECT s.address FROM delivery d JOIN subscriber s ON s.id = d.subscriber
        WHERE d.state IN ('queued', 'claimed') ORDER BY d.number DESC LIMIT 1";
    let last: String = sqlx::query_scalar(text)
        .fetch_one(&mut database)
        .await
        .unwrap();
    let number = last.trim_start_matches("reader").split('@').next().unwrap();
    take_out(&newsletter, number.parse().unwrap());
    let text = "SELECT COUNT(*) FROM subscriber WHERE active = 1";
    // The old program never looks: then the run's end is awaited, and what it sent counts.
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(100));
    for _ in 0..600 {
        let listed: i64 = sqlx::query_scalar(text)
            .fetch_one(&mut database)
            .await
            .unwrap();
        if listed < 12 {
            break;
        }
        looks.tick().await;
    }
    database.close().await.unwrap();
    gate.release();
    let ended = Ended::after(run).await;
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(server.copies(&last), 0);
    assert_eq!(server.received().len(), 11);
}
