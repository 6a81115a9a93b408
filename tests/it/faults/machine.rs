//! The machine fails under a run: no room on the disk, a database that another program holds, a clock that jumps.
//!
//! Whatever was asked of the relay before, everybody ends in one state by name, and nobody gets more than the promise says.

use std::process::{Command, Stdio};

use courant::pipeline::Wish;
use jiff::SignedDuration;
use sqlx::{Connection as _, Executor as _, SqliteConnection};

use crate::crash::campaign::{Plan, Theatre, reader};
use crate::crash::engine::Engine;
use crate::crash::scene::Scene;
use crate::support::newsletter::{Ended, Newsletter};
use crate::support::smtp::{Script, SmtpServer, Stage};
use crate::support::timed::Timed;

/// A few readers over one connection, and nobody who kills.
const CALM: Plan = Plan {
    seed: 1,
    readers: 40,
    connections: 1,
    kills: 0,
    hold: false,
    pipelining: true,
    scene: Scene::Plain,
    engine: Engine::Sqlite,
};

/// Bytes by which the room grows from run to run.
const STEP: u64 = 32 * 1024;

/// The program where no file may grow beyond so many bytes: as on a full disk, a write fails, and the program lives on.
fn with_room(newsletter: &Newsletter, bytes: u64) -> Command {
    let run = newsletter.command(&["run"]);
    let mut limited = Command::new("/bin/bash");
    // bash counts in blocks of 1,024 bytes; without the trap the system would end the program at the first such write.
    let script = format!(
        "trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"",
        bytes / 1024
    );
    limited
        .args(["-c", &script])
        .arg(run.get_program())
        .args(run.get_args())
        .current_dir(newsletter.folder())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .envs(newsletter.environment())
        .stdin(Stdio::null());
    limited
}

/// The room grows from nothing until a run gets through, so that the disk is full at each step once.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_at_any_step_loses_nobody() {
    for hold in [false, true] {
        let mut theatre = Theatre::new(Plan { hold, ..CALM }).await;
        let (mut before, mut sending, mut room) = (0, 0, STEP);
        loop {
            let command = with_room(&theatre.newsletter, room);
            let ended = output(command).await;
            theatre.server.alone().await;
            let said = format!(
                "{room} bytes, {}\n{}\n{}",
                ended.code, ended.stdout, ended.stderr
            );
            if ended.code == 0 || (ended.code == 1 && ended.stderr.is_empty()) {
                break;
            }
            assert!([69, 73].contains(&ended.code), "{said}");
            assert!(ended.stderr.starts_with("error: "), "{said}");
            match theatre.server.received().len() {
                0 => before += 1,
                _ => sending += 1,
            }
            theatre.balances().await;
            room += STEP;
        }
        let verdict = theatre.end().await;
        println!(
            "hold {hold}: full {before} times before sending, {sending} times while sending: {verdict:?}"
        );
        assert!(verdict.breaches.is_empty(), "{:#?}", verdict.breaches);
        assert!(
            before > 0 && sending > 0,
            "{before} before sending, {sending} while sending"
        );
    }
}

async fn output(mut command: Command) -> Ended {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    Ended::after(command.spawn().unwrap()).await
}

/// Another program that writes to the database.
async fn other(newsletter: &Newsletter) -> SqliteConnection {
    let url = format!("sqlite://{}", newsletter.path("state/courant.db").display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    connection.execute("BEGIN IMMEDIATE").await.unwrap();
    connection
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_locked_for_a_moment_is_waited_for() {
    let mut theatre = Theatre::new(CALM).await;
    let gate = theatre.server.hold(Stage::Dot, 5);
    let run = theatre.newsletter.start(&["run"]);
    gate.reached().await;
    let mut other = other(&theatre.newsletter).await;
    gate.release();
    // The relay has the message; that it has is not recorded until the other program is done.
    theatre.server.reached(Stage::Answered, 5).await;
    let account = theatre.newsletter.account("1").await;
    assert!(account["sent"].as_i64().unwrap() < 5, "{account}");
    other.execute("ROLLBACK").await.unwrap();
    let ended = Ended::after(run).await;
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    let verdict = theatre.end().await;
    assert!(verdict.breaches.is_empty(), "{:#?}", verdict.breaches);
    assert_eq!(theatre.server.received().len(), CALM.readers);
}

/// Waits as long as the program does: ten seconds.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_stays_locked_ends_the_run_and_leaves_one_in_doubt() {
    for_each_mode(async |hold| {
        let mut theatre = Theatre::new(Plan { hold, ..CALM }).await;
        let gate = theatre.server.hold(Stage::Dot, 5);
        let run = theatre.newsletter.start(&["run"]);
        gate.reached().await;
        let mut other = other(&theatre.newsletter).await;
        gate.release();
        let ended = Ended::after(run).await;
        assert_eq!(ended.code, 69, "{}\n{}", ended.stdout, ended.stderr);
        assert!(
            ended.stderr.contains("locked by another process"),
            "{}",
            ended.stderr
        );
        theatre.server.alone().await;
        assert_eq!(
            theatre.server.received().len(),
            5,
            "one was ended without the record of the one before"
        );
        // A run that finds it locked sends nothing and says to try again.
        let next = theatre.newsletter.run_beside(&["run"]).await;
        assert_eq!(next.code, 75, "{}\n{}", next.stdout, next.stderr);
        assert_eq!(theatre.server.received().len(), 5);
        other.execute("ROLLBACK").await.unwrap();
        let verdict = theatre.end().await;
        assert!(verdict.breaches.is_empty(), "{:#?}", verdict.breaches);
        let (copies, held) = if hold { (0, 1) } else { (1, 0) };
        assert_eq!(
            (verdict.copies, verdict.held),
            (copies, held),
            "hold {hold}"
        );
    })
    .await;
}

async fn for_each_mode(check: impl AsyncFn(bool)) {
    tokio::join!(check(false), check(true));
}

/// The clock jumps while the fifth of forty messages is under way, and later jumps back to where it was.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_loses_nobody_and_makes_no_copy() {
    for hours in [-26, -1, 1, 26] {
        let server = SmtpServer::start(Script::new().offers(&["PIPELINING"])).await;
        let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
        newsletter.append("courant.toml", "connections = 2\n");
        newsletter.readers(CALM.readers);
        let timed = Timed::new(newsletter, "2026-11-23T08:00:00Z");
        let gate = server.hold(Stage::Dot, 5);
        let run = async { timed.run(&Wish::Due).await };
        let jump = async {
            gate.reached().await;
            timed.advance(SignedDuration::from_hours(hours));
            gate.release();
        };
        let (report, ()) = tokio::join!(run, jump);
        let account = report.issues[0].account;
        assert_eq!(account.held + account.failed, 0, "{hours} h: {account:?}");
        // Whatever the clock says, an issue is not made a second time, and what is left goes out.
        for set in [
            "2026-11-23T08:10:00Z",
            "2026-11-23T07:00:00Z",
            "2026-11-23T08:20:00Z",
        ] {
            timed.set(set);
            timed.run(&Wish::Due).await;
        }
        server.alone().await;
        for number in 0..CALM.readers {
            assert_eq!(
                server.copies(&reader(number)),
                1,
                "{hours} h: reader {number}"
            );
        }
        let pipeline = timed.open().await;
        let issues = pipeline.store.issue_list().await.unwrap();
        pipeline.store.close().await;
        assert_eq!(issues.len(), 1, "{hours} h");
    }
}
