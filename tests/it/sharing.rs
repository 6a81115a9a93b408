//! Several programs at one SQLite file: they open it at once, and wait for each other's moments.

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection, Executor};

use crate::support::newsletter::{Ended, Newsletter};

async fn connect(newsletter: &Newsletter) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(newsletter.path("state/courant.db"));
    SqliteConnection::connect_with(&options).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_may_make_a_new_database_at_once() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(2);
    // All but the run look only, and any of them may be the first to make and migrate the database.
    let commands: [&[&str]; 6] = [
        &["issues", "list"],
        &["subscribers", "list"],
        &["run"],
        &["plan"],
        &["schedule", "next"],
        &["issues", "list"],
    ];
    let children = commands.map(|arguments| (arguments, newsletter.start(arguments)));
    for (arguments, child) in children {
        let ended = Ended::after(child).await;
        assert_eq!(
            ended.code, 0,
            "{arguments:?}\n{}\n{}",
            ended.stdout, ended.stderr
        );
    }
    assert_eq!(newsletter.mailbox().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_goes_on_beside_a_writer_and_a_run_waits_for_it() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(2);
    assert_eq!(newsletter.run_beside(&["run"]).await.code, 0);
    let mut writer = connect(&newsletter).await;
    writer.execute("BEGIN IMMEDIATE").await.unwrap();
    let looked = newsletter.run_beside(&["issues", "list"]).await;
    assert_eq!(looked.code, 0, "{}\n{}", looked.stdout, looked.stderr);
    newsletter.post("tweede", "Het tweede bericht");
    let mut run = newsletter.start(&["run"]);
    let looked = newsletter.run_beside(&["issues", "account", "1"]).await;
    assert_eq!(looked.code, 0, "{}\n{}", looked.stdout, looked.stderr);
    let waits = run.try_wait().unwrap();
    assert!(waits.is_none(), "it did not wait: {waits:?}");
    writer.execute("ROLLBACK").await.unwrap();
    let ended = Ended::after(run).await;
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(newsletter.mailbox().len(), 4);
    writer.close().await.unwrap();
}
