//! `courant serve` on a newsletter, and what its readers ask of it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

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
        let arguments = [flags, &["serve", "--listen", "127.0.0.1:0"]].concat();
        let log = File::create(newsletter.path(LOG)).unwrap();
        let mut child = newsletter
            .command(&arguments)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
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

    /// Sends a request and gives the status, the head and the body.
    pub async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> (u16, String, String) {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            self.address,
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
