//! A clock that was wrong once: a year ahead, it may not keep the newsletter silent for a year; far behind, it may not expire
//! what it sealed.

use sqlx::{Connection, Executor, SqliteConnection};

use crate::support::newsletter::{Ended, Newsletter};
use crate::support::smtp::{Script, SmtpServer, Stage, at};

/// Runs of every minute, a first issue, and a post for the next one.
async fn sent_once() -> (SmtpServer, Newsletter) {
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.replace("schedules/weekly.toml", "0 8 * * MON", "* * * * *");
    newsletter.readers(2);
    expect(&newsletter, &["run"], 0).await;
    newsletter.post("tweede", "Het tweede bericht");
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

/// Changes the database as another clock would have written it; a statement about what it does not have changes nothing.
async fn rewrite(newsletter: &Newsletter, statements: &[&'static str]) {
    let url = format!("sqlite://{}", newsletter.path("state/courant.db").display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    for statement in statements {
        let done = database.execute(*statement).await;
        assert!(
            done.is_ok() || statement.contains("first_try_at"),
            "{done:?}"
        );
    }
    database.close().await.unwrap();
}

const SERVED_IN_A_YEAR: &str = "UPDATE schedule SET first_run_at = first_run_at + 31536000000,
    last_run_at = last_run_at + 31536000000, last_due = last_run_at + 31536000000";

const SEALED_IN_A_YEAR: &str = "UPDATE issue SET sealed_at = sealed_at + 31536000000,
    expires_at = expires_at + 31536000000";

const SEEN_IN_A_YEAR: &str = "UPDATE post SET first_seen = first_seen + 31536000000";

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_of_a_year_ahead_is_said_aloud_until_somebody_says_which_clock_is_right() {
    let (server, newsletter) = sent_once().await;
    rewrite(
        &newsletter,
        &[SERVED_IN_A_YEAR, SEALED_IN_A_YEAR, SEEN_IN_A_YEAR],
    )
    .await;
    for arguments in [
        &["-q", "run", "--due"][..],
        &["run"],
        &["gather"],
        &["plan", "--save"],
    ] {
        let refused = expect(&newsletter, arguments, 75).await;
        assert!(
            refused.stderr.contains("issue 1 of `weekly`"),
            "{}",
            refused.stderr
        );
        assert!(
            refused.stderr.contains("365 days later"),
            "{}",
            refused.stderr
        );
        assert!(
            refused.stderr.contains("--clock-is-right"),
            "{}",
            refused.stderr
        );
    }
    assert_eq!(server.received().len(), 2, "nothing was sent meanwhile");
    let right = expect(&newsletter, &["-q", "run", "--due", "--clock-is-right"], 0).await;
    assert!(right.stderr.contains("ahead once"), "{}", right.stderr);
    assert_eq!(server.received().len(), 4);
    newsletter.post("derde", "Het derde bericht");
    let on = expect(&newsletter, &["-q", "run"], 0).await;
    assert_eq!(on.stderr, "", "it is said once");
    assert_eq!(server.received().len(), 6);
}

/// The default of a schedule: what is there at its first run is old, and that run was a year ahead.
#[tokio::test(flavor = "multi_thread")]
async fn a_due_time_served_a_year_ahead_is_not_believed() {
    let (server, newsletter) = sent_once().await;
    newsletter.replace("schedules/weekly.toml", "first_run = \"send\"\n", "");
    // So that this minute is due again.
    let earlier = "UPDATE issue SET sealed_at = sealed_at - 3600000";
    rewrite(&newsletter, &[SERVED_IN_A_YEAR, SEEN_IN_A_YEAR, earlier]).await;
    let on = expect(&newsletter, &["-q", "run", "--due"], 0).await;
    assert_eq!(server.received().len(), 4, "{}", on.stderr);
    assert_eq!(on.stderr.matches("ahead once").count(), 1, "{}", on.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_clock_of_years_ago_sealed_is_still_tried() {
    let later = at(Stage::Rcpt).times(1).say("451 4.2.0 try again later");
    let server = SmtpServer::start(Script::new().rule(later)).await;
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.append("courant.toml", "connections = 1\n");
    newsletter.readers(2);
    expect(&newsletter, &["run"], 1).await;
    expect(&newsletter, &["issues", "retry", "1"], 0).await;
    let long_ago = "UPDATE issue SET sealed_at = sealed_at - 315360000000, expires_at = expires_at - 315360000000";
    rewrite(
        &newsletter,
        &[long_ago, "UPDATE issue SET first_try_at = NULL"],
    )
    .await;
    expect(&newsletter, &["run", "--due"], 0).await;
    assert_eq!(newsletter.account("1").await["sent"], 2);
    assert_eq!(server.received().len(), 2);
}
