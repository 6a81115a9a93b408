//! Backups put back, in whatever order and however old: nobody has a post twice, and no "no" is lost. On both engines.

use std::collections::BTreeMap;
use std::fs;
use std::process::Child;

use courant::store::StoreTarget;
use secrecy::ExposeSecret;

use crate::crash::engine::{Engine, database_name, leases_run_out};
use crate::support::newsletter::{Ended, Newsletter};
use crate::support::postgres::Postgres;
use crate::support::served::{Served, link};
use crate::support::smtp::{Received, Script, SmtpServer, Stage};

const READERS: usize = 8;

/// Who is left when three have said no.
const REST: usize = READERS - NO.len();

/// What each of them does after the first backup: leaves, is suppressed by an order, and bounces.
const NO: [&str; 3] = [
    "reader0@example.nl",
    "reader1@example.nl",
    "reader2@example.nl",
];

const FILES: [&str; 3] = ["courant.db", "courant.db-wal", "courant.db-shm"];

/// A newsletter of two schedules, what it sent, and where its state is.
struct Play {
    newsletter: Newsletter,
    server: SmtpServer,
    target: StoreTarget,
    /// The server, and the name of the database there.
    postgres: Option<(Postgres, String)>,
    posts: usize,
}

/// The database as it once was.
enum Backup {
    Files(Vec<(&'static str, Vec<u8>)>),
    Database(String),
}

impl Play {
    async fn begin(engine: Engine, more: &str) -> Self {
        let server = SmtpServer::start(Script::new()).await;
        let mut newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
        newsletter.append("courant.toml", more);
        newsletter.readers(READERS);
        let weekly = newsletter.read("schedules/weekly.toml");
        for (name, topic) in [("weekly", "nieuws"), ("monthly", "verkoop")] {
            let schedule = format!("{weekly}topics = [\"{topic}\"]\n");
            newsletter.write(&format!("schedules/{name}.toml"), &schedule);
        }
        let mut play = Self {
            target: Engine::Sqlite.keeps(&mut newsletter).await,
            newsletter,
            server,
            postgres: None,
            posts: 0,
        };
        if engine == Engine::Postgres {
            let postgres = Postgres::of_all_tests("backups on PostgreSQL")
                .await
                .unwrap();
            let name = database_name();
            postgres.create(&name).await;
            play.postgres = Some((postgres, name.clone()));
            play.use_database(&name);
        }
        play
    }

    /// Keeps the database as it is now; no program may be at it.
    async fn backup(&self) -> Backup {
        leases_run_out(&self.target).await;
        let Some((postgres, name)) = &self.postgres else {
            let read = |name| Some((name, fs::read(self.path(name)).ok()?));
            return Backup::Files(FILES.into_iter().filter_map(read).collect());
        };
        let backup = database_name();
        postgres.copy(name, &backup).await;
        Backup::Database(backup)
    }

    /// Puts a database in the place of the one that is used.
    async fn restore(&mut self, backup: &Backup) {
        leases_run_out(&self.target).await;
        match backup {
            Backup::Files(files) => {
                for name in FILES {
                    let _ = fs::remove_file(self.path(name));
                }
                for (name, bytes) in files {
                    fs::write(self.path(name), bytes).unwrap();
                }
            }
            Backup::Database(from) => {
                // A copy of it, so that it can be put back again.
                let name = database_name();
                self.postgres.as_ref().unwrap().0.copy(from, &name).await;
                self.use_database(&name);
            }
        }
    }

    fn use_database(&mut self, name: &str) {
        let (postgres, used) = self.postgres.as_mut().unwrap();
        name.clone_into(used);
        let url = postgres.own_url(name);
        self.newsletter.set("DATABASE_URL", url.expose_secret());
        self.target = StoreTarget::Postgres(url);
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.newsletter.path("state").join(name)
    }

    async fn run(&self) -> Ended {
        self.newsletter.run_beside(&["run"]).await
    }

    /// A further post, in turn of either schedule, and the run that mails it.
    async fn issue(&mut self) -> Vec<Received> {
        let before = self.server.received().len();
        self.post();
        let ended = self.run().await;
        assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
        self.server.received().split_off(before)
    }

    fn post(&mut self) {
        let number = self.posts;
        self.posts += 1;
        let topic = ["nieuws", "verkoop"][number % 2];
        let text = format!(
            "---\ntitle: Bericht {number}\ndate: 2026-11-02\ntopics: [{topic}]\n---\n\nHet woord is woord{number}x, en dat is genoeg.\n"
        );
        self.newsletter
            .write(&format!("posts/bericht{number}.md"), &text);
    }

    async fn succeeds(&self, arguments: &[&str]) -> Ended {
        let ended = self.newsletter.run_beside(arguments).await;
        let said = format!("{arguments:?}\n{}\n{}", ended.stdout, ended.stderr);
        assert_eq!(ended.code, 0, "{said}");
        ended
    }

    /// Nothing is sent before the journal was taken over, and a run says what the database lacks.
    async fn taken_over(&self, says: &[&str]) -> Ended {
        let before = self.server.arrivals(Stage::Mail);
        self.refused(&[&["run"]], says).await;
        let restored = self.succeeds(&["restore", "--replay"]).await;
        let ended = self.run().await;
        assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
        assert_eq!(
            self.server.arrivals(Stage::Mail),
            before,
            "{}",
            ended.stdout
        );
        restored
    }

    async fn refused(&self, commands: &[&[&str]], says: &[&str]) {
        for command in commands {
            let ended = self.newsletter.run_beside(command).await;
            let said = format!("{command:?}\n{}\n{}", ended.stdout, ended.stderr);
            assert_eq!(ended.code, 78, "{said}");
            for words in says {
                assert!(ended.stderr.contains(words), "{words}\n{said}");
            }
        }
    }

    /// Nobody has a post twice, or a Message-ID that another mail has.
    fn nobody_has_a_post_twice(&self) {
        let mut times = BTreeMap::<(String, String), usize>::new();
        for mail in self.server.received() {
            let text = mail.content.replace("=\r\n", "");
            for number in 0..self.posts {
                let word = format!("woord{number}x");
                if text.contains(&word) {
                    *times.entry((mail.to[0].clone(), word)).or_default() += 1;
                }
            }
            let head = text.lines().find(|line| line.starts_with("Message-ID:"));
            let head = head.unwrap().to_owned();
            *times.entry((head, String::new())).or_default() += 1;
        }
        let twice: Vec<_> = times.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "{twice:#?}");
    }

    /// One leaves by the link of a mail, one is suppressed by an order, and of one a report comes back.
    async fn three_say_no(&self, mails: &[Received]) {
        let to = |reader| mails.iter().find(|mail| mail.to[0] == reader).unwrap();
        let served = Served::start(&self.newsletter).await;
        assert_eq!(served.click(&link(to(NO[0]))).await, 200);
        drop(served);
        self.succeeds(&["subscribers", "suppress", NO[1]]).await;
        let path = &to(NO[2]).from;
        let report = format!(
            "Return-Path: <>\nDelivered-To: {path}\nFrom: MAILER-DAEMON@mx.example.nl\nTo: {path}\nSubject: Undelivered\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=\"B\"\n\n--B\n\nNo.\n\n--B\n\
             Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.nl\n\nFinal-Recipient: rfc822; {}\n\
             Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n\n--B--\n",
            NO[2]
        );
        self.newsletter.write("report.eml", &report);
        let read = self.succeeds(&["bounces", "ingest", "report.eml"]).await;
        assert!(read.stdout.contains("suppressed"), "{}", read.stdout);
    }
}

/// Ten issues, then the database of before them; it gives the play with that, and with one of the midst of them.
async fn ten_issues_later(engine: Engine) -> (Play, [Backup; 2]) {
    let setting = "bounces = \"bounces@proef.example\"\n[bounces]\nunsubscribe = \"web\"\n";
    let mut play = Play::begin(engine, setting).await;
    for _ in 0..2 {
        assert_eq!(play.issue().await.len(), READERS);
    }
    let ten_old = play.backup().await;
    let mut mails = Vec::new();
    for _ in 0..5 {
        mails = play.issue().await;
        assert_eq!(mails.len(), READERS);
    }
    play.three_say_no(&mails).await;
    let five_old = play.backup().await;
    for _ in 0..5 {
        assert_eq!(play.issue().await.len(), REST);
    }
    play.restore(&ten_old).await;
    let lost = ["issues 3, 4, 5,", "and 12", "3 readers", "restore --replay"];
    play.refused(&[&["doctor"], &["check"], &["run", "--due"]], &lost)
        .await;
    play.taken_over(&lost).await;
    assert_eq!(play.issue().await.len(), REST);
    play.nobody_has_a_post_twice();
    (play, [ten_old, five_old])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_ten_issues_old_on_postgresql_mails_nobody_again() {
    if Engine::Postgres.is_here("a backup ten issues old").await {
        ten_issues_later(Engine::Postgres).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_ten_issues_old_and_in_every_order_mail_nobody_again() {
    let (mut play, [ten_old, five_old]) = ten_issues_later(Engine::Sqlite).await;
    // A newer one, which was saved before the older one was put back.
    play.restore(&five_old).await;
    play.taken_over(&["issues 8, 9, 10, 11, 12 and 13"]).await;
    assert_eq!(play.issue().await.len(), REST);
    // The oldest once more, and then what was saved behind it.
    play.restore(&ten_old).await;
    play.taken_over(&["issues 3, 4, 5,", "and 14", "3 readers"])
        .await;
    let taken_over = play.backup().await;
    assert_eq!(play.issue().await.len(), REST);
    play.restore(&taken_over).await;
    play.taken_over(&["issue 15"]).await;
    assert_eq!(play.issue().await.len(), REST);
    play.nobody_has_a_post_twice();
    let issues = play.succeeds(&["issues", "list", "--json"]).await;
    let issues: serde_json::Value = serde_json::from_str(&issues.stdout).unwrap();
    assert_eq!(issues[0]["number"], 16, "{issues}");
}

/// The backup was saved after a run was killed in the midst of an issue; of what another run sent since, which was killed as
/// well, only the journal knows.
async fn from_the_midst_of_an_issue(engine: Engine) {
    let setting = "connections = 1\non_unknown = \"hold\"\n";
    let mut play = Play::begin(engine, setting).await;
    play.post();
    play.killed_at(3).await;
    let backup = play.backup().await;
    play.killed_at(6).await;
    let begun = play.server.arrivals(Stage::Mail);
    play.restore(&backup).await;
    let ended = play.taken_over(&["what was sent of issue 1"]).await;
    assert!(ended.stdout.contains("held"), "{}", ended.stdout);
    play.newsletter.run_beside(&["issues", "retry", "1"]).await;
    play.run().await;
    assert_eq!(play.server.arrivals(Stage::Mail), begun);
    assert_eq!(play.issue().await.len(), READERS);
    play.nobody_has_a_post_twice();
}

/// Nobody takes back that a reader left, also where an order or a backup of before kept the address from being mailed.
#[tokio::test(flavor = "multi_thread")]
async fn who_was_suppressed_by_an_order_and_leaves_has_left() {
    let mut play = Play::begin(Engine::Sqlite, "").await;
    let mails = play.issue().await;
    let suppress = ["subscribers", "suppress", NO[0]];
    play.succeeds(&suppress).await;
    let backup = play.backup().await;
    let to = mails.iter().find(|mail| mail.to[0] == NO[0]).unwrap();
    let served = Served::start(&play.newsletter).await;
    assert_eq!(served.click(&link(to)).await, 200);
    drop(served);
    play.restore(&backup).await;
    play.taken_over(&["one reader"]).await;
    let revive = ["subscribers", "revive", NO[0]];
    let revived = play.newsletter.run_beside(&revive).await;
    assert_ne!(revived.code, 0, "{}", revived.stdout);
    assert_eq!(play.issue().await.len(), READERS - 1);
}

/// What is whole of a damaged journal counts, also where its first line is not; the file as it was is kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_journal_beside_an_old_backup_loses_no_more_than_its_line() {
    let mut play = Play::begin(Engine::Sqlite, "").await;
    play.issue().await;
    let backup = play.backup().await;
    let mails = play.issue().await;
    let to = mails.iter().find(|mail| mail.to[0] == NO[0]).unwrap();
    let served = Served::start(&play.newsletter).await;
    assert_eq!(served.click(&link(to)).await, 200);
    drop(served);
    play.issue().await;
    for damage in ["\"version\"", "{\"sent\":{\"issue\":2"] {
        play.restore(&backup).await;
        let path = play.path("journal");
        let text = fs::read_to_string(&path).unwrap();
        let damaged = text.replacen(damage, &damage.to_uppercase(), 1);
        assert_ne!(text, damaged);
        fs::write(&path, &damaged).unwrap();
        let restored = play.taken_over(&["damaged", "restore --replay"]).await;
        for words in ["1 line of it lost", "one reader"] {
            assert!(restored.stdout.contains(words), "{}", restored.stdout);
        }
        let kept = fs::read_dir(play.path("")).unwrap().any(|entry| {
            let path = entry.unwrap().path();
            path.display().to_string().contains("damaged")
                && fs::read_to_string(path).unwrap() == damaged
        });
        assert!(kept, "{damage}");
        assert_eq!(play.issue().await.len(), READERS - 1);
        let doctor = play.newsletter.run_beside(&["doctor"]).await;
        let words = "whole, and the database knows all that it knows";
        assert!(doctor.stdout.contains(words), "{}", doctor.stderr);
    }
    play.nobody_has_a_post_twice();
}

impl Play {
    /// Kills a run at an arrival of a whole message.
    async fn killed_at(&self, arrival: usize) {
        let gate = self.server.hold(Stage::Dot, arrival);
        let mut run: Child = self.newsletter.start(&["run"]);
        gate.reached().await;
        run.kill().unwrap();
        Ended::after(run).await;
        gate.release();
        self.server.alone().await;
        leases_run_out(&self.target).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_between_two_killed_runs_mails_nobody_twice() {
    from_the_midst_of_an_issue(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_between_two_killed_runs_on_postgresql_mails_nobody_twice() {
    if Engine::Postgres
        .is_here("a backup between two killed runs")
        .await
    {
        from_the_midst_of_an_issue(Engine::Postgres).await;
    }
}
