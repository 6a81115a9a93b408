//! What cron mails of `-q run --due`: each thing once, again when it changes, and its end; never the same for days.

use sqlx::{Connection as _, Executor as _, SqliteConnection};

use crate::support::newsletter::{Ended, Newsletter};
use crate::support::smtp::{Script, SmtpServer, Stage, at};

/// A newsletter that sends over one connection to a server with this script.
async fn sending(script: Script, readers: usize) -> (SmtpServer, Newsletter) {
    let server = SmtpServer::start(script).await;
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.append("courant.toml", "connections = 1\n");
    newsletter.readers(readers);
    (server, newsletter)
}

/// One start by cron: its code, and all that it printed.
async fn tick(newsletter: &Newsletter) -> (i32, String) {
    let Ended {
        code,
        stdout,
        stderr,
    } = newsletter.run_beside(&["-q", "run", "--due"]).await;
    (code, stdout + &stderr)
}

/// Changes the database as time would.
async fn alter(newsletter: &Newsletter, text: &str) {
    let url = format!("sqlite://{}", newsletter.path("state/courant.db").display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    let changed = database.execute(sqlx::AssertSqlSafe(text.to_owned())).await;
    assert!(changed.unwrap().rows_affected() > 0, "{text}");
    database.close().await.unwrap();
}

/// What was told is as many hours older.
fn hours_pass(newsletter: &Newsletter, hours: i64) {
    let text = newsletter.read("state/alerts.json");
    let mut told: serde_json::Value = serde_json::from_str(&text).unwrap();
    for episode in told.as_object_mut().unwrap().values_mut() {
        for key in ["since", "told_at"] {
            let at: jiff::Timestamp = episode[key].as_str().unwrap().parse().unwrap();
            let earlier = at - jiff::SignedDuration::from_hours(hours);
            episode[key] = earlier.to_string().into();
        }
    }
    newsletter.write("state/alerts.json", &told.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_waits_for_its_next_try_is_told_once_and_its_end() {
    let full = at(Stage::Rcpt).to("reader1@example.nl").times(1);
    let script = Script::new().rule(full.say("452 4.2.2 mailbox full"));
    let (server, newsletter) = sending(script, 3).await;
    let first = newsletter.run_beside(&["-q", "run"]).await;
    assert_eq!((first.code, &*first.stdout), (1, ""));
    assert!(first.stderr.contains("1 queued"), "{}", first.stderr);
    for _ in 0..2 {
        assert_eq!(tick(&newsletter).await, (0, String::new()));
    }
    newsletter.run_beside(&["issues", "retry", "1"]).await;
    let end = "note: issue 1 is done: 3 sent, 0 failed, 0 suppressed, 0 held, 0 queued\n";
    assert_eq!(tick(&newsletter).await, (0, end.to_owned()));
    assert_eq!(server.received().len(), 3);
    assert_eq!(tick(&newsletter).await, (0, String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_while_others_wait_is_told() {
    let full = at(Stage::Rcpt).to("reader1@example.nl");
    let grey = at(Stage::Rcpt).to("reader2@example.nl").times(1);
    let script = Script::new()
        .rule(full.say("452 4.2.2 mailbox full"))
        .rule(grey.say("451 4.7.1 greylisted"));
    let (server, newsletter) = sending(script, 4).await;
    assert_eq!(newsletter.run_beside(&["-q", "run"]).await.code, 1);
    assert_eq!(tick(&newsletter).await, (0, String::new()));
    server.rule(
        at(Stage::Rcpt)
            .to("reader2@example.nl")
            .say("550 5.2.1 off"),
    );
    newsletter.run_beside(&["issues", "retry", "1"]).await;
    let (code, told) = tick(&newsletter).await;
    assert_eq!(code, 1, "{told}");
    assert!(
        told.contains("2 sent, 1 failed, 0 suppressed, 0 held, 1 queued"),
        "{told}"
    );
    assert_eq!(tick(&newsletter).await, (0, String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_that_was_missed_is_told() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    // Its time is far away on nearly every day.
    newsletter.replace("schedules/weekly.toml", "0 8 * * MON", "0 8 1 1 *");
    newsletter.append("schedules/weekly.toml", "max_lateness = \"1 min\"\n");
    newsletter.expect(&["run"], 0);
    assert_eq!(tick(&newsletter).await, (0, String::new()), "older than it");
    let forget = "UPDATE schedule SET last_due = 1500000000000, first_run_at = 1500000000000";
    alter(&newsletter, forget).await;
    let (code, told) = tick(&newsletter).await;
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("was passed over"), "{told}");
    assert_eq!(tick(&newsletter).await, (0, String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_where_nobody_is_left_is_told() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(3);
    newsletter.expect(&["run"], 0);
    alter(
        &newsletter,
        "INSERT INTO suppression (address_hash, reason, at, origin)
         SELECT address_hash, CASE WHEN address LIKE 'reader0@%' THEN 'unsubscribed' ELSE 'complained' END, 1, 'request'
         FROM subscriber",
    )
    .await;
    newsletter.post("tweede", "Het tweede bericht");
    let quiet = newsletter.expect(&["-q", "run"], 1);
    let words = "none of 3 readers is left: 2 complained, 1 unsubscribed";
    assert!(quiet.stderr.contains(words), "{}", quiet.stderr);
    assert_eq!(newsletter.expect(&["-q", "run"], 1).stderr, "");
    // Somebody who reads along is told each time.
    let read = newsletter.expect(&["run"], 1);
    assert!(read.stdout.contains(words), "{}", read.stdout);
    newsletter.append(
        "subscribers.toml",
        "[[subscriber]]\nemail = \"nieuw@example.nl\"\n",
    );
    let over = newsletter.expect(&["-q", "run"], 0);
    assert!(
        over.stderr.starts_with("note: this is over: "),
        "{}",
        over.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_fails_for_a_week_is_told() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.append(
        "courant.toml",
        "[gather]\nallow = [\"127.0.0.1\"]\n\n[[source]]\nname = \"blog\"\nurl = \"http://127.0.0.1:1/feed\"\n",
    );
    newsletter.readers(1);
    let first = newsletter.expect(&["-q", "run"], 1);
    assert!(first.stderr.contains("source `blog`"), "{}", first.stderr);
    let gather = ["-q", "gather", "blog"];
    assert_eq!(newsletter.expect(&gather, 1).stderr, "", "told already");
    alter(
        &newsletter,
        "UPDATE source SET standing = json_set(standing, '$.failing_since', '2026-01-02T03:04:05Z')
         WHERE name = 'blog'",
    )
    .await;
    let week = newsletter.expect(&gather, 1);
    assert!(
        week.stderr.contains(", since 2 January 2026"),
        "{}",
        week.stderr
    );
    assert_eq!(newsletter.expect(&gather, 1).stderr, "");
    newsletter.write("posts/feed.xml", "");
    newsletter.replace(
        "courant.toml",
        "url = \"http://127.0.0.1:1/feed\"",
        "folder = \"posts\"",
    );
    let over = newsletter.expect(&gather, 0);
    assert!(
        over.stderr.starts_with("note: this is over: source `blog`"),
        "{}",
        over.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_for_an_hour_then_daily_and_its_end() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    newsletter.expect(&["run"], 0);
    let sound = newsletter.read("subscribers.toml");
    newsletter.append("subscribers.toml", "[[suscriber]]\nemail = \"a@b.nl\"\n");
    let (code, first) = tick(&newsletter).await;
    assert_eq!(code, 65);
    assert!(first.contains("suscriber"), "{first}");
    assert_eq!(tick(&newsletter).await, (65, first.clone()));
    hours_pass(&newsletter, 2);
    assert_eq!(tick(&newsletter).await, (65, String::new()));
    hours_pass(&newsletter, 24);
    assert_eq!(tick(&newsletter).await, (65, first.clone()));
    assert_eq!(tick(&newsletter).await, (65, String::new()));
    // Who looks is told at any time.
    let read = newsletter.expect(&["run", "--due"], 65);
    assert_eq!(read.stderr, first);
    // A change is news; so is the end.
    newsletter.write("subscribers.toml", "[[subscriber]\n");
    let (code, other) = tick(&newsletter).await;
    assert_eq!((code, other.is_empty()), (65, false));
    newsletter.write("subscribers.toml", &sound);
    let (code, over) = tick(&newsletter).await;
    assert_eq!(code, 0);
    assert!(over.starts_with("note: this is over: "), "{over}");
    assert_eq!(tick(&newsletter).await, (0, String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_takes_nothing_is_told_for_an_hour_and_its_end() {
    let (server, newsletter) = sending(Script::new(), 2).await;
    let relay = format!("smtp://{}", server.address());
    newsletter.replace("courant.toml", &relay, "smtp://127.0.0.1:1");
    let first = newsletter.run_beside(&["-q", "run"]).await;
    assert_eq!(first.code, 69);
    assert!(
        first.stderr.contains("sending issue 1 stopped"),
        "{}",
        first.stderr
    );
    let (code, told) = tick(&newsletter).await;
    assert_eq!(code, 69);
    assert!(told.contains("sending issue 1 stopped"), "{told}");
    hours_pass(&newsletter, 2);
    assert_eq!(tick(&newsletter).await, (69, String::new()));
    newsletter.replace("courant.toml", "smtp://127.0.0.1:1", &relay);
    let (code, over) = tick(&newsletter).await;
    assert_eq!(code, 0);
    assert!(over.contains("note: issue 1 is done: 2 sent"), "{over}");
    assert!(
        over.contains("note: this is over: sending issue 1 stopped"),
        "{over}"
    );
}
