//! A program that is killed between the database's commit and the journal's line of it: at the seal, between two messages, at
//! the end of a run, while a reader leaves, and while one is taken back, where the journal comes first.
//!
//! The journal is locked by somebody else; the program is killed when it waits for it.

use std::collections::BTreeSet;
use std::fs::{File, read_to_string};
use std::process::Child;

use courant::journal::{Entry, Journal, Known};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::campaign::{Plan, Theatre};
use super::engine::{Engine, leases_run_out};
use super::points::few;
use crate::support::newsletter::{Ended, Newsletter};
use crate::support::served::{Served, link};
use crate::support::smtp::{Received, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_the_journal_has_it_nothing_is_lost() {
    at_each_line(Engine::Sqlite, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_the_journal_has_it_on_postgresql_nothing_is_lost() {
    let what = "kills between database and journal";
    if Engine::Postgres.is_here(what).await {
        at_each_line(Engine::Postgres, false).await;
    }
}

async fn at_each_line(engine: Engine, hold: bool) {
    let plan = Plan {
        connections: 1,
        engine,
        ..few(hold, true)
    };
    let mut theatre = Theatre::new(plan).await;
    // Makes the journal.
    let gathered = theatre.newsletter.run_beside(&["gather"]).await;
    assert_eq!(gathered.code, 0, "{}", gathered.stderr);

    // The seal: the database has the issue, and nobody is sent it before the journal has it too.
    let locked = lock(&theatre.newsletter);
    let run = theatre.newsletter.start(&["run"]);
    kill_waiting(run).await;
    drop(locked);
    assert_eq!(theatre.server.arrivals(Stage::Connect), 0);
    assert!(known(&theatre.newsletter).issues.is_empty());
    theatre.alone().await;
    assert_eq!(theatre.balances().await["queued"], plan.readers);

    // Between two messages; then behind the last of them, when it is told how many had it.
    for (stage, arrival) in [(Stage::Dot, 5), (Stage::Quit, 1)] {
        let gate = theatre.server.hold(stage, arrival);
        let run = theatre.newsletter.start(&["run"]);
        gate.reached().await;
        let locked = lock(&theatre.newsletter);
        gate.release();
        kill_waiting(run).await;
        drop(locked);
        theatre.alone().await;
        theatre.balances().await;
    }
    let verdict = theatre.end().await;
    assert!(verdict.breaches.is_empty(), "{:#?}", verdict.breaches);
    let doubts = if hold { verdict.held } else { verdict.copies };
    assert!(doubts <= 1, "{doubts} in doubt");

    one_leaves_and_one_is_taken_back(&theatre).await;
}

/// Who leaves is answered only when the journal has it; killed before, the database has it. Who is taken back is so only when
/// both have it.
async fn one_leaves_and_one_is_taken_back(theatre: &Theatre) {
    let newsletter = &theatre.newsletter;
    let mails = theatre.server.received();
    let (leaver, other) = (reader_of(&mails[0]), reader_of(&mails[1]));
    let suppress = ["subscribers", "suppress", &other];
    assert_eq!(newsletter.run_beside(&suppress).await.code, 0);

    let served = Served::start(newsletter).await;
    let locked = lock(newsletter);
    let mut stream = TcpStream::connect(served.url().trim_start_matches("http://"))
        .await
        .unwrap();
    let form = "List-Unsubscribe=One-Click";
    let request = format!(
        "POST {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n{form}",
        link(&mails[0]),
        served.port(),
        form.len(),
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    waits(served.id()).await;
    drop(served);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert_eq!(
        String::from_utf8_lossy(&answer),
        "",
        "the journal had nothing yet"
    );
    drop(locked);

    let locked = lock(newsletter);
    kill_waiting(newsletter.start(&["subscribers", "revive", &other])).await;
    drop(locked);
    leases_run_out(&theatre.target).await;
    assert_eq!(
        addresses(newsletter),
        1,
        "the one that was suppressed by an order"
    );
    nobody_of_them_is_mailed(theatre, "tweede", [&leaver, &other]).await;
    assert_eq!(addresses(newsletter), 2);

    // Killed between the journal's line and the commit: what was told is not so, and is told otherwise.
    let journal = Journal::look(&newsletter.path("state/journal"))
        .unwrap()
        .unwrap();
    let address = known(newsletter).suppressed.into_keys();
    let revived = address
        .map(|address| Entry::Revived { address })
        .collect::<Vec<_>>();
    journal.append(&revived).unwrap();
    assert_eq!(addresses(newsletter), 0);
    nobody_of_them_is_mailed(theatre, "derde", [&leaver, &other]).await;
    assert_eq!(addresses(newsletter), 2);
}

/// A further post goes to everybody else, once.
async fn nobody_of_them_is_mailed(theatre: &Theatre, post: &str, who: [&str; 2]) {
    let before = theatre.server.received().len();
    theatre
        .newsletter
        .post(post, &format!("Het bericht {post}"));
    let ended = theatre.newsletter.run_beside(&["run"]).await;
    // Two of the list are refused for good.
    assert!(
        [0, 1].contains(&ended.code),
        "{}\n{}",
        ended.stdout,
        ended.stderr
    );
    let mails = theatre.server.received().split_off(before);
    let got: BTreeSet<String> = mails.iter().map(reader_of).collect();
    assert_eq!(got.len(), mails.len(), "a reader has two");
    assert!(who.into_iter().all(|one| !got.contains(one)), "{got:?}");
    assert_eq!(
        got.len(),
        theatre.plan.readers - who.len(),
        "{}",
        ended.stdout
    );
}

fn reader_of(mail: &Received) -> String {
    mail.to[0].clone()
}

/// What the journal knows.
pub fn known(newsletter: &Newsletter) -> Known {
    let journal = Journal::look(&newsletter.path("state/journal"))
        .unwrap()
        .unwrap();
    Known::of(journal.read(0).unwrap().entries)
}

fn addresses(newsletter: &Newsletter) -> usize {
    known(newsletter).suppressed.len()
}

/// Has every program wait that is to write to the journal.
fn lock(newsletter: &Newsletter) -> File {
    let file = File::open(newsletter.path("state/journal")).unwrap();
    file.lock().unwrap();
    file
}

/// Kills a program when it waits for the journal.
async fn kill_waiting(mut program: Child) {
    waits(program.id()).await;
    assert!(program.try_wait().unwrap().is_none(), "it had ended");
    program.kill().unwrap();
    Ended::after(program).await;
}

/// Waits until a program waits for a lock (proc(5), `/proc/locks`).
async fn waits(program: u32) {
    let waiting = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        words.next() == Some("->") && words.nth(3) == Some(&program.to_string())
    };
    while !read_to_string("/proc/locks").unwrap().lines().any(waiting) {
        let stat = read_to_string(format!("/proc/{program}/stat")).unwrap();
        assert!(!stat.contains(") Z "), "it ended and waited for nothing");
        tokio::task::yield_now().await;
    }
}
