//! A newsletter in a temporary folder, and the program run on it as a user runs it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// A newsletter of the test's own.
pub struct Newsletter {
    folder: TempDir,
    environment: BTreeMap<String, String>,
}

/// How the program ended, and what it printed.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Newsletter {
    /// A newsletter with this relay, one folder source with one post, one weekly schedule that sends at its first run,
    /// and no reader.
    pub fn new(relay: &str) -> Self {
        let newsletter = Self::empty();
        newsletter.write(
            "courant.toml",
            &format!(
                "[newsletter]\nname = \"De Proef\"\nlanguage = \"nl\"\nurl = \"http://127.0.0.1:8080\"\n\
                 from = \"De Proef <proef@proef.example>\"\naddress = \"Straat 1, Plaats\"\n\n\
                 [[source]]\nname = \"eigen\"\nfolder = \"posts\"\n\n[delivery]\nrelay = \"{relay}\"\n"
            ),
        );
        newsletter.write(
            "schedules/weekly.toml",
            "cron = \"0 8 * * MON\"\ntimezone = \"Europe/Amsterdam\"\nfirst_run = \"send\"\ndefault = true\n",
        );
        newsletter.write("subscribers.toml", "");
        newsletter.post("eerste", "Het eerste bericht");
        newsletter
    }

    /// A copy of the repository's own newsletter, without what a run makes.
    pub fn of_the_repository() -> Self {
        let newsletter = Self::empty();
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        for name in [
            "courant.toml",
            "subscribers.toml",
            "schedules",
            "posts",
            "templates",
        ] {
            copy(&repository.join(name), &newsletter.path(name));
        }
        newsletter
    }

    fn empty() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            // The feeds of the tests name pictures at places that do not exist; nobody is asked for them.
            environment: BTreeMap::from([(
                "COURANT_GATHER__PICTURES".to_owned(),
                "false".to_owned(),
            )]),
        }
    }

    /// Sets a variable for every command from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// The variables that were set.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// A path inside it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Adds text to a file.
    pub fn append(&self, name: &str, text: &str) {
        let old = fs::read_to_string(self.path(name)).unwrap_or_default();
        self.write(name, &format!("{old}{text}"));
    }

    /// Reads a file.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Replaces text in a file that has it.
    pub fn replace(&self, name: &str, old: &str, new: &str) {
        let text = self.read(name);
        assert!(text.contains(old), "{name} lacks {old:?}");
        self.write(name, &text.replace(old, new));
    }

    /// Adds a post of this slug and title.
    pub fn post(&self, slug: &str, title: &str) {
        let text = format!(
            "---\ntitle: {title}\ndate: 2026-11-02\n---\n\nEen bericht over {title}, met genoeg woorden om te lezen.\n"
        );
        self.write(&format!("posts/{slug}.md"), &text);
    }

    /// Adds readers `reader0@example.nl` and so on.
    pub fn readers(&self, count: usize) {
        let entries: String = (0..count)
            .map(|n| {
                format!(
                    "[[subscriber]]\nemail = \"reader{n}@example.nl\"\nname = \"Lezer {n}\"\n\n"
                )
            })
            .collect();
        self.append("subscribers.toml", &entries);
    }

    /// The program on this newsletter, with no environment of ours but the path.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(&program(), arguments)
    }

    /// The same, of the program at another place.
    pub fn command_of(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.folder())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .envs(&self.environment);
        command.stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        self.short(Ended::of(self.command(arguments).output().unwrap()))
    }

    /// What was said without the newsletter's own place, which is another at each run: commands are told with it.
    fn short(&self, ended: Ended) -> Ended {
        let place = format!(" -c {}", self.folder().display());
        let without = |text: String| text.replace(&format!("{place} "), " ");
        Ended {
            code: ended.code,
            stdout: without(ended.stdout),
            stderr: without(ended.stderr),
        }
    }

    /// Runs the program and demands its code.
    pub fn expect(&self, arguments: &[&str], code: i32) -> Ended {
        let ended = self.run(arguments);
        assert_eq!(
            ended.code, code,
            "courant {arguments:?}\n{}\n{}",
            ended.stdout, ended.stderr
        );
        ended
    }

    /// Starts the program and returns at once.
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Runs the program to its end, without holding up the servers of the test.
    pub async fn run_beside(&self, arguments: &[&str]) -> Ended {
        self.short(Ended::after(self.start(arguments)).await)
    }

    /// What became of an issue's mails.
    pub async fn account(&self, issue: &str) -> serde_json::Value {
        let ended = self
            .run_beside(&["issues", "account", issue, "--json"])
            .await;
        serde_json::from_str(&ended.stdout).unwrap()
    }

    /// What `--json` printed.
    pub fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let ended = self.run(&[arguments, &["--json"]].concat());
        serde_json::from_str(&ended.stdout)
            .unwrap_or_else(|error| panic!("{error}\n{}\n{}", ended.stdout, ended.stderr))
    }

    /// The messages of the embedded mailbox, each whole, in no order.
    pub fn mailbox(&self) -> Vec<String> {
        let folder = self.path("state/mailbox/new");
        let Ok(entries) = fs::read_dir(folder) else {
            return vec![];
        };
        entries
            .map(|entry| String::from_utf8(fs::read(entry.unwrap().path()).unwrap()).unwrap())
            .collect()
    }
}

impl Ended {
    /// Waits for a program without holding up the servers of the test.
    pub async fn after(child: Child) -> Self {
        let waited = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
        Self::of(waited.await.unwrap())
    }

    /// From what a finished process left.
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The program that is tested: the one of this build, unless the variable `COURANT` names another.
#[expect(
    clippy::disallowed_methods,
    reason = "the tests' own environment, not the program's"
)]
pub fn program() -> PathBuf {
    std::env::var_os("COURANT").map_or_else(|| env!("CARGO_BIN_EXE_courant").into(), PathBuf::from)
}

/// The value of a header that stands on one line, of a message as the mailbox keeps it.
pub fn header<'a>(message: &'a str, name: &str) -> &'a str {
    let mut head = message.lines().take_while(|line| !line.is_empty());
    let value = head.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    value.unwrap_or_else(|| panic!("no {name} in\n{message}"))
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}
