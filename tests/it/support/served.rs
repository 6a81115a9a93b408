//! `courant serve` or `courant preview` on a newsletter, and what is asked of it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::newsletter::Newsletter;
use super::smtp::Received;

/// Where the program's log goes, in the newsletter's folder.
pub const LOG: &str = "serve.log";

/// `courant serve` on a free port; it is killed when it is dropped.
pub struct Served {
    child: Child,
    address: String,
}

impl Served {
    pub async fn start(newsletter: &Newsletter) -> Self {
        Self::start_with(newsletter, &[]).await
    }

    /// The same, with flags of every command.
    pub async fn start_with(newsletter: &Newsletter, flags: &[&str]) -> Self {
        Self::start_as(
            newsletter,
            &[flags, &["serve", "--listen", "127.0.0.1:0"]].concat(),
        )
        .await
    }

    /// A command that says its address on its first line and answers there.
    pub async fn start_as(newsletter: &Newsletter, arguments: &[&str]) -> Self {
        Self::start_command(newsletter, &mut newsletter.command(arguments)).await
    }

    /// The same, of a command that was made ready otherwise.
    pub async fn start_command(newsletter: &Newsletter, command: &mut Command) -> Self {
        let log = File::create(newsletter.path(LOG)).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let line = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            BufReader::new(stdout).read_line(&mut line).unwrap();
            line
        });
        let line = line.await.unwrap();
        let address = line
            .split("http://")
            .nth(1)
            .unwrap()
            .split('/')
            .next()
            .unwrap()
            .to_owned();
        Self { child, address }
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sends a request and gives the status, the head and the body.
    pub async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> (u16, String, String) {
        let host = format!("Host: {}\r\n{headers}", self.address);
        self.ask_as(method, path, &host, body).await
    }

    /// The same, with all headers given, `Host` too.
    pub async fn ask_as(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> (u16, String, String) {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_lowercase(), body.to_owned())
    }

    /// The program's number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The port that answers.
    pub fn port(&self) -> &str {
        self.address.rsplit(':').next().unwrap()
    }

    /// Waits until a stream of events (WHATWG HTML §9.2) says something, and gives it as it came.
    pub async fn event(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut heard = String::new();
        let mut piece = [0; 1024];
        while !heard.contains("data:") {
            let length = stream.read(&mut piece).await.unwrap();
            assert!(length > 0, "the stream ended:\n{heard}");
            heard += std::str::from_utf8(&piece[..length]).unwrap();
        }
        heard
    }

    /// Sends the program a signal, and gives the code that it ends with.
    pub async fn end_with(mut self, signal: &str) -> Option<i32> {
        let id = self.child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args([signal, &id])
            .status();
        assert!(sent.unwrap().success());
        let waited = tokio::task::spawn_blocking(move || self.child.wait().unwrap().code());
        waited.await.unwrap()
    }

    /// The one-click POST of RFC 8058.
    pub async fn click(&self, path: &str) -> u16 {
        let form = "Content-Type: application/x-www-form-urlencoded\r\n";
        self.ask("POST", path, form, "List-Unsubscribe=One-Click")
            .await
            .0
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The path of the unsubscribe link in a message's header (RFC 2369).
pub fn link(message: &Received) -> String {
    let unfolded = message.content.replace("\r\n ", " ");
    let header = unfolded
        .lines()
        .find(|line| line.starts_with("List-Unsubscribe: "))
        .unwrap();
    assert!(unfolded.contains("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
    let url = header.split(['<', '>']).nth(1).unwrap();
    url.strip_prefix("http://127.0.0.1:8080")
        .unwrap()
        .to_owned()
}
