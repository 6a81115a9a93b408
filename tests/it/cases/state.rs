//! Database, secret and journal belong together: one that is new, old or somebody else's beside the others mails nobody.

use std::fs;
use std::path::Path;

use secrecy::ExposeSecret;
use sqlx::{Connection, Executor, PgConnection, Row, SqliteConnection};

use crate::support::newsletter::{Ended, Newsletter, header};
use crate::support::postgres::Postgres;
use crate::support::served::Served;
use crate::support::smtp::{Script, SmtpServer, Stage, at};

/// The reader who leaves.
const LEFT: &str = "reader0@example.nl";

/// A newsletter with three readers whose first issue was sent, and where one has left.
async fn left() -> Newsletter {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(3);
    began(&newsletter).await;
    leave(&newsletter).await;
    newsletter
}

async fn began(newsletter: &Newsletter) {
    let ended = newsletter.run_beside(&["run"]).await;
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(newsletter.mailbox().len(), 3);
}

/// The reader leaves by the link of the first mail.
async fn leave(newsletter: &Newsletter) {
    let mails = newsletter.mailbox();
    let mail = mails.iter().find(|mail| header(mail, "To").contains(LEFT));
    let token = mail.unwrap().split("/unsubscribe/").nth(1).unwrap();
    let token = &token[..51];
    let served = Served::start(newsletter).await;
    assert_eq!(served.click(&format!("/unsubscribe/{token}")).await, 200);
}

/// Each command refuses the database, and nobody is mailed.
async fn refused(newsletter: &Newsletter, commands: &[&[&str]]) -> Ended {
    let before = newsletter.mailbox().len();
    let mut said = None;
    for command in commands {
        let ended = newsletter.run_beside(command).await;
        assert_eq!(
            ended.code, 78,
            "{command:?}\n{}\n{}",
            ended.stdout, ended.stderr
        );
        assert_eq!(newsletter.mailbox().len(), before, "{command:?}");
        said = Some(ended);
    }
    said.unwrap()
}

const READ_AND_RUN: [&[&str]; 4] = [&["doctor"], &["check"], &["run", "--due"], &["run"]];

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_beside_a_used_secret_is_refused() {
    let mut newsletter = left().await;
    newsletter.set("DATABASE_URL", "sqlite:state/other.db");
    let ended = refused(&newsletter, &READ_AND_RUN).await;
    assert!(ended.stderr.contains("DATABASE_URL"), "{}", ended.stderr);
    assert!(!newsletter.path("state/other.db").exists());
    newsletter.set("DATABASE_URL", "");
    for name in ["courant.db", "courant.db-wal", "courant.db-shm"] {
        let _ = fs::remove_file(newsletter.path("state").join(name));
    }
    let ended = refused(&newsletter, &READ_AND_RUN).await;
    assert!(
        ended.stderr.contains("restore --replay"),
        "{}",
        ended.stderr
    );
    assert!(!newsletter.path("state/courant.db").exists());
    // A file that is there and has no table is as empty.
    newsletter.write("state/courant.db", "");
    refused(&newsletter, &[&["run"]]).await;

    // Who says so begins with it: what the journal knows counts, so that who left has left.
    let ended = newsletter.run_beside(&["run", "--new-database"]).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(newsletter.mailbox().len(), 3, "{}", ended.stdout);
    newsletter.post("tweede", "Het tweede bericht");
    let ended = newsletter.run_beside(&["run"]).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(newsletter.mailbox().len(), 5, "{}", ended.stdout);
    assert_eq!(copies(&newsletter, LEFT), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_journal_the_secret_alone_tells() {
    let newsletter = left().await;
    for name in ["courant.db", "courant.db-wal", "courant.db-shm", "journal"] {
        let _ = fs::remove_file(newsletter.path("state").join(name));
    }
    let ended = refused(&newsletter, &[&["doctor"], &["run"]]).await;
    assert!(ended.stderr.contains("--new-database"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_run_that_was_killed_before_its_database_goes_on() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(3);
    began(&newsletter).await;
    // As it stood between secret and store.
    let secret = newsletter.read("state/secret");
    let fresh = Newsletter::new("mailbox");
    fresh.readers(3);
    fresh.write("state/secret", &format!("{secret}not-used-yet\n"));
    close(&fresh.path("state/secret"));
    began(&fresh).await;
    assert!(!fresh.read("state/secret").contains("not-used-yet"));
    // The same secret without that word was used with another database.
    let moved = Newsletter::new("mailbox");
    moved.readers(3);
    moved.write("state/secret", &secret);
    close(&moved.path("state/secret"));
    refused(&moved, &[&["run"]]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_is_anothers_or_damaged_is_refused() {
    let [ours, theirs] = [left().await, left().await];
    let journal = ours.read("state/journal");
    ours.write("state/journal", &theirs.read("state/journal"));
    let ended = refused(&ours, &[&["doctor"], &["run"]]).await;
    assert!(ended.stderr.contains("another secret"), "{}", ended.stderr);
    ours.write(
        "state/journal",
        &journal.replace("\"weekly\"", "\"weekli\""),
    );
    // What was damaged where no run looks again is for the doctor.
    refused(&ours, &[&["doctor"]]).await;
    // One that is lost begins anew.
    fs::remove_file(ours.path("state/journal")).unwrap();
    let ended = ours.run_beside(&["run"]).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let begun = ours.read("state/journal");
    assert!(begun.contains("unsubscribed"), "{begun}");
    // And so does that of a newsletter which had none, without its secret it is none of anybody's.
    fs::remove_file(ours.path("state/secret")).unwrap();
    fs::remove_file(ours.path("state/courant.db")).unwrap();
    refused(&ours, &[&["run"], &["run", "--new-database"]]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_of_another_program_is_left_alone() {
    let mut newsletter = Newsletter::new("mailbox");
    newsletter.readers(3);
    let path = newsletter.path("theirs.db");
    let url = format!("sqlite://{}?mode=rwc", path.display());
    let mut theirs = SqliteConnection::connect(&url).await.unwrap();
    theirs
        .execute("CREATE TABLE customer (id INTEGER)")
        .await
        .unwrap();
    theirs.close().await.unwrap();
    let before = fs::read(&path).unwrap();
    newsletter.set("DATABASE_URL", "sqlite:theirs.db");
    let ended = refused(&newsletter, &READ_AND_RUN).await;
    assert!(ended.stderr.contains("`customer`"), "{}", ended.stderr);
    assert_eq!(fs::read(&path).unwrap(), before);
    assert!(!newsletter.path("state/secret").exists());
    newsletter.set("DATABASE_URL", "");
    newsletter.append("courant.toml", "[store]\nurl = \"sqlite:theirs.db\"\n");
    began(&newsletter).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_program_that_counts_its_migrations_as_we_do_is_refused() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(3);
    let path = newsletter.path("theirs.db");
    let url = format!("sqlite://{}?mode=rwc", path.display());
    let mut theirs = SqliteConnection::connect(&url).await.unwrap();
    for statement in [
        "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL,
            installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum BLOB NOT NULL,
            execution_time BIGINT NOT NULL)",
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (1, 'users', 1, x'00', 1)",
    ] {
        theirs.execute(statement).await.unwrap();
    }
    theirs.close().await.unwrap();
    newsletter.append("courant.toml", "[store]\nurl = \"sqlite:theirs.db\"\n");
    refused(
        &newsletter,
        &[&["check"], &["run"], &["run", "--new-database"]],
    )
    .await;
}

/// What was still queued when the backup was made went out since.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_from_the_midst_of_an_issue_mails_nobody_twice() {
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.readers(3);
    let later = at(Stage::Rcpt).to(LEFT).times(1);
    server.rule(later.say("451 4.2.0 later"));
    let run = async || newsletter.run_beside(&["run"]).await;
    run().await;
    assert_eq!(server.received().len(), 2);
    let database = newsletter.path("state/courant.db");
    let backup = fs::read(&database).unwrap();
    newsletter.run_beside(&["issues", "retry", "1"]).await;
    run().await;
    assert_eq!(server.received().len(), 3);
    fs::write(&database, backup).unwrap();

    newsletter.run_beside(&["issues", "retry", "1"]).await;
    let ended = run().await;
    assert_eq!(server.received().len(), 3, "{}", ended.stdout);
    assert_eq!(ended.code, 78, "{}", ended.stderr);
    let said = "what was sent of issue 1";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
    let ended = newsletter.run_beside(&["restore", "--replay"]).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("1 mail is held"), "{}", ended.stdout);
    newsletter.run_beside(&["issues", "retry", "1"]).await;
    run().await;
    assert_eq!(server.received().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgresql_the_same_holds() {
    let Some(server) = Postgres::of_all_tests("state on PostgreSQL").await else {
        return;
    };
    let address = async |name| server.create(name).await.expose_secret().to_owned();

    // An old secret beside an empty database, which stays empty.
    let mut newsletter = left().await;
    let empty = address("state_empty").await;
    newsletter.set("DATABASE_URL", &empty);
    refused(&newsletter, &[&["doctor"], &["run"]]).await;
    assert_eq!(tables(&empty).await, 0);

    // Another program's, beside no secret.
    let theirs = address("state_theirs").await;
    let mut connection = PgConnection::connect(&theirs).await.unwrap();
    connection
        .execute("CREATE TABLE customer (id INT)")
        .await
        .unwrap();
    connection.close().await.unwrap();
    let mut newsletter = Newsletter::new("mailbox");
    newsletter.readers(3);
    newsletter.set("DATABASE_URL", &theirs);
    refused(&newsletter, &[&["check"], &["run"]]).await;
    assert_eq!(tables(&theirs).await, 1);
}

fn copies(newsletter: &Newsletter, reader: &str) -> usize {
    let mails = newsletter.mailbox();
    let to = mails
        .iter()
        .filter(|mail| header(mail, "To").contains(reader));
    to.count()
}

async fn tables(address: &str) -> i64 {
    let mut connection = PgConnection::connect(address).await.unwrap();
    let text = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'public'";
    let row = connection.fetch_one(text).await.unwrap();
    connection.close().await.unwrap();
    row.get(0)
}

fn close(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
