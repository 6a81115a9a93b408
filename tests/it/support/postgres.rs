//! A PostgreSQL server of the test's own: a fresh one in a temporary folder, on a spare loopback port, gone when dropped.
//!
//! Made of Debian's programs, and never as root: a test that runs as root hands them to an ordinary user. Where the programs
//! are missing the test says so on one line and passes, unless `COURANT_REQUIRE_PROGRAMS=1`.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic wherever it stands"
)]

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection, Executor, PgConnection};
use tempfile::TempDir;

use super::programs::not_run;

/// Where Debian puts the programs, a folder a version.
const VERSIONS: &str = "/usr/lib/postgresql";

/// Whom root hands the server to, in order of preference.
const USERS: [&str; 2] = ["postgres", "nobody"];

/// Another process may take the spare port first.
const TRIES: usize = 5;

/// A running server; dropping it stops it and removes all it wrote.
pub struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    user: Option<(u32, u32)>,
    port: u16,
}

impl Postgres {
    /// Starts a server, or says on one line that `what` was not run.
    pub async fn start(what: &str) -> Option<Self> {
        let Some(programs) = newest_programs() else {
            not_run(&format!("PostgreSQL programs under {VERSIONS}"), what);
            return None;
        };
        let folder = TempDir::new().unwrap();
        let user = ordinary_user(folder.path());
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let mut server = Self {
            folder,
            programs,
            user,
            port: 0,
        };
        server.initialise();
        for _ in 0..TRIES {
            server.port = spare_port().await;
            if server.launch().status.success() {
                return Some(server);
            }
        }
        let log = fs::read_to_string(server.folder.path().join("log")).unwrap_or_default();
        panic!("PostgreSQL did not start: {log}");
    }

    /// The address of a database on this server.
    pub fn url(&self, database: &str) -> SecretString {
        format!("postgres://courant@127.0.0.1:{}/{database}", self.port).into()
    }

    /// Makes a database on this server, and gives its address.
    pub async fn create(&self, database: &str) -> SecretString {
        let mut connection = PgConnection::connect(self.url("postgres").expose_secret())
            .await
            .unwrap();
        let text = format!("CREATE DATABASE {database}");
        connection.execute(sqlx::AssertSqlSafe(text)).await.unwrap();
        connection.close().await.unwrap();
        self.url(database)
    }

    fn initialise(&self) {
        let arguments = ["-A", "trust", "-U", "courant", "-E", "UTF8", "-N"];
        let output = self.run(
            "initdb",
            &[&["--locale=C", "-D", "data"], &arguments[..]].concat(),
        );
        assert!(output.status.success(), "initdb: {output:?}");
    }

    fn launch(&self) -> Output {
        let folder = self.folder.path().display();
        let options = format!(
            "-p {} -c fsync=off -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}",
            self.port
        );
        self.run(
            "pg_ctl",
            &["start", "-w", "-D", "data", "-l", "log", "-o", &options],
        )
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(self.programs.join(program));
        command.args(arguments).current_dir(self.folder.path());
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command.output().unwrap()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.run("pg_ctl", &["stop", "-w", "-m", "immediate", "-D", "data"]);
    }
}

fn newest_programs() -> Option<PathBuf> {
    let mut versions: Vec<u32> = fs::read_dir(VERSIONS)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    versions.sort_unstable();
    versions
        .into_iter()
        .rev()
        .map(|version| Path::new(VERSIONS).join(version.to_string()).join("bin"))
        .find(|programs| programs.join("initdb").exists())
}

/// The user and group to run as, if we are root: the owner of a folder that we have just made tells.
fn ordinary_user(folder: &Path) -> Option<(u32, u32)> {
    if fs::metadata(folder).unwrap().uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    USERS.iter().find_map(|name| {
        let line = users
            .lines()
            .find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    })
}

async fn spare_port() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}
