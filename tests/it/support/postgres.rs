//! A PostgreSQL server for the tests: in a temporary folder, on a spare loopback port, a fresh database for each test.
//!
//! A server takes longer to start than a test to run, so there is one for all tests that the same program started: `cargo
//! test`, or a runner that gives each test a process of its own. It ends when that program has, however that ends. Made of
//! Debian's programs, and never as root: a test that runs as root hands them to an ordinary user. Where the programs are
//! missing the test says so on one line and passes, unless `COURANT_REQUIRE_PROGRAMS=1`.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic wherever it stands"
)]
#![expect(
    clippy::disallowed_methods,
    clippy::zombie_processes,
    reason = "started on a thread of its own, by a process that ends before its watcher"
)]

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::{CommandExt, parent_id};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection, Executor, PgConnection};

use super::programs::not_run;

/// Where Debian puts the programs, a folder a version.
const VERSIONS: &str = "/usr/lib/postgresql";

/// Whom root hands the server to, in order of preference.
const USERS: [&str; 2] = ["postgres", "nobody"];

/// Another process may take the spare port first.
const TRIES: usize = 5;

/// Who ends the server: waits for the program that started the tests, whose number is `$1`.
const WATCH: &str =
    "tail --pid=\"$1\" -f /dev/null; \"$2/pg_ctl\" stop -m immediate -D data; rm -rf \"$3\"";

/// A running server.
pub struct Postgres {
    folder: PathBuf,
    programs: PathBuf,
    user: Option<(u32, u32)>,
    port: u16,
}

impl Postgres {
    /// The server, which the first that asks starts; or says on one line that `what` was not run.
    pub async fn of_all_tests(what: &str) -> Option<Self> {
        let Some(programs) = newest_programs() else {
            not_run(&format!("PostgreSQL programs under {VERSIONS}"), what);
            return None;
        };
        let starter = tokio::task::spawn_blocking(|| Self::found_or_started(programs));
        Some(starter.await.unwrap())
    }

    fn found_or_started(programs: PathBuf) -> Self {
        let folder = std::env::temp_dir().join(format!("courant-postgres-{}", parent_id()));
        fs::create_dir_all(&folder).unwrap();
        let user = ordinary_user(&folder);
        let lock = fs::File::create(folder.join("lock")).unwrap();
        lock.lock().unwrap();
        let mut server = Self {
            folder,
            programs,
            user,
            port: 0,
        };
        let port = server.folder.join("port");
        let known = fs::read_to_string(&port).ok();
        server.port = known.and_then(|port| port.parse().ok()).unwrap_or(0);
        if server.port != 0 && TcpStream::connect(("127.0.0.1", server.port)).is_ok() {
            return server;
        }
        server.start();
        fs::write(port, server.port.to_string()).unwrap();
        server
    }

    fn start(&mut self) {
        // What a program of the same number left, if the machine went down under it.
        let _ = fs::remove_dir_all(self.folder.join("data"));
        if let Some((uid, gid)) = self.user {
            chown(&self.folder, Some(uid), Some(gid)).unwrap();
        }
        self.initialise();
        for _ in 0..TRIES {
            self.port = spare_port();
            if self.launch().status.success() {
                self.watch();
                return;
            }
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        panic!("PostgreSQL did not start: {log}");
    }

    /// The address of a database on this server.
    pub fn url(&self, database: &str) -> SecretString {
        format!("postgres://courant@127.0.0.1:{}/{database}", self.port).into()
    }

    /// The address of a database that was made for this process under a name.
    pub fn own_url(&self, name: &str) -> SecretString {
        self.url(&own(name))
    }

    /// Makes a database on this server for this process, whose name begins so, and gives its address.
    pub async fn create(&self, name: &str) -> SecretString {
        self.make(&own(name), "").await
    }

    /// Makes a database as another one is now, which nobody is connected to, and gives its address.
    pub async fn copy(&self, from: &str, to: &str) -> SecretString {
        let like = format!(" TEMPLATE {}", own(from));
        self.make(&own(to), &like).await
    }

    async fn make(&self, database: &str, like: &str) -> SecretString {
        let mut connection = PgConnection::connect(self.url("postgres").expose_secret())
            .await
            .unwrap();
        let text = format!("CREATE DATABASE {database}{like}");
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
        let folder = self.folder.display();
        let options = format!(
            "-p {} -c fsync=off -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}",
            self.port
        );
        self.run(
            "pg_ctl",
            &["start", "-w", "-D", "data", "-l", "log", "-o", &options],
        )
    }

    /// Leaves somebody behind who ends the server.
    fn watch(&self) {
        let mut watcher = self.command(Path::new("sh"));
        watcher
            .args(["-c", WATCH, "watch", &parent_id().to_string()])
            .args([&self.programs, &self.folder])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Else an interrupt at the terminal ends the watcher, and the server stays.
            .process_group(0);
        watcher.spawn().unwrap();
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let mut command = self.command(&self.programs.join(program));
        command.args(arguments).output().unwrap()
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder);
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }
}

/// The name of a database of this process; PostgreSQL cuts names at 63 bytes.
fn own(name: &str) -> String {
    format!("{}_{}", &name[..name.len().min(50)], std::process::id())
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

fn spare_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
