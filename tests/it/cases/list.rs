//! Who is taken out of `subscribers.toml`: not mailed any more, whatever was sealed before.

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
