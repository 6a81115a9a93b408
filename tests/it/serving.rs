//! What `serve` grants to those who connect, and that a run keeps within what the system grants to it.

use std::process::Stdio;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::http::{Answer, HttpServer};
use crate::support::newsletter::{Ended, Newsletter};
use crate::support::served::{LOG, Served, link};
use crate::support::smtp::{Script, SmtpServer};

/// A newsletter with an issue sent, and the path by which its first reader leaves.
async fn sent() -> (Newsletter, String) {
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.readers(2);
    let run = newsletter.run_beside(&["run"]).await;
    assert_eq!(run.code, 0, "{run:?}");
    let path = link(&server.received()[0]);
    (newsletter, path)
}

/// The program under a limit of descriptors that it cannot raise.
fn limited(
    newsletter: &Newsletter,
    descriptors: usize,
    arguments: &[&str],
) -> std::process::Command {
    let program = newsletter.command(&[]).get_program().to_owned();
    let script = format!("ulimit -n {descriptors}; exec \"$0\" \"$@\"");
    let mut command = newsletter.command_of(std::path::Path::new("/bin/sh"), &["-c", &script]);
    command.arg(program).args(arguments);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_any_kind_leaves_and_one_that_is_too_long_does_not() {
    let (newsletter, path) = sent().await;
    let served = Served::start(&newsletter).await;
    let long = "x".repeat(4 * 1024 + 1);
    let (status, ..) = served.ask("POST", &path, "", &long).await;
    assert_eq!(status, 413);
    for method in ["GET", "HEAD"] {
        let (status, ..) = served.ask(method, &path, "", "").await;
        assert_eq!(status, 200, "{method}");
    }
    let list = newsletter
        .run_beside(&["subscribers", "list", "--json"])
        .await;
    assert!(!list.stdout.contains("unsubscribed"), "{}", list.stdout);
    for body in [
        "",
        "List-Unsubscribe=One-Click",
        "\u{0}{]",
        &"y".repeat(4 * 1024),
    ] {
        let (status, ..) = served.ask("POST", &path, "", body).await;
        assert_eq!(status, 200);
    }
    let list = newsletter
        .run_beside(&["subscribers", "list", "--json"])
        .await;
    assert!(list.stdout.contains("unsubscribed"), "{}", list.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_of_sixteen_kilobytes_is_enough_for_anybody() {
    let (newsletter, _) = sent().await;
    let served = Served::start(&newsletter).await;
    for (octets, status) in [(12_000, 200), (20_000, 431), (70_000, 431)] {
        let mut stream = TcpStream::connect(served.url().trim_start_matches("http://"))
            .await
            .unwrap();
        let asked = format!(
            "GET /feed.xml HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: {}\r\n\r\n",
            "x".repeat(octets)
        );
        // It may be refused before all of it was said.
        let _ = stream.write_all(asked.as_bytes()).await;
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said).await;
        let said = String::from_utf8_lossy(&said);
        assert!(
            said.starts_with(&format!("HTTP/1.1 {status} ")),
            "{octets}: {said}"
        );
    }
}

/// More than there is room for, from many addresses, all saying half a request: who wants to leave comes in beside them.
#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_slow_ones_keeps_nobody_out() {
    let (newsletter, path) = sent().await;
    let served = Served::start(&newsletter).await;
    let to = served.url().trim_start_matches("http://").parse().unwrap();
    let mut slow = Vec::new();
    for number in 0..1_100 {
        let socket = TcpSocket::new_v4().unwrap();
        let from = format!("127.0.{}.{}:0", 1 + number % 5, 1 + number / 5 % 44);
        socket.bind(from.parse().unwrap()).unwrap();
        let mut stream = socket.connect(to).await.unwrap();
        stream
            .write_all(b"GET /feed.xml HTTP/1.1\r\nHo")
            .await
            .unwrap();
        slow.push(stream);
    }
    assert_eq!(served.click(&path).await, 200);
    // The oldest made room; the newest are still waited for.
    let mut first = slow.swap_remove(0);
    assert_eq!(first.read(&mut [0; 1]).await.unwrap_or(0), 0);
    let mut last = slow.pop().unwrap();
    last.write_all(b"st: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut said = Vec::new();
    last.read_to_end(&mut said).await.unwrap();
    assert!(
        said.starts_with(b"HTTP/1.1 200 "),
        "{}",
        String::from_utf8_lossy(&said)
    );
}

/// Without descriptors it pauses, says so on one line, and who waits idly makes room.
#[tokio::test(flavor = "multi_thread")]
async fn without_descriptors_it_says_so_once_and_goes_on() {
    let (newsletter, path) = sent().await;
    let mut command = limited(&newsletter, 48, &["serve", "--listen", "127.0.0.1:0"]);
    let served = Served::start_command(&newsletter, &mut command).await;
    let address = served.url().trim_start_matches("http://").to_owned();
    let mut idle = Vec::new();
    for _ in 0..100 {
        idle.push(TcpStream::connect(&address).await.unwrap());
    }
    assert_eq!(served.click(&path).await, 200);
    let log = newsletter.read(LOG);
    let lines = log
        .lines()
        .filter(|line| line.contains("no connection can be accepted"))
        .count();
    assert!((1..=3).contains(&lines), "{log}");
    assert!(log.len() < 4_000, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_is_whole_and_a_packed_one_is_what_it_was() {
    let (newsletter, _) = sent().await;
    let large: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    std::fs::write(newsletter.path("state/public/groot.png"), &large).unwrap();
    let served = Served::start(&newsletter).await;
    let mut stream = TcpStream::connect(served.url().trim_start_matches("http://"))
        .await
        .unwrap();
    stream
        .write_all(b"GET /groot.png HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut said = Vec::new();
    stream.read_to_end(&mut said).await.unwrap();
    let end = said
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap()
        + 4;
    let head = String::from_utf8_lossy(&said[..end]).to_lowercase();
    assert!(head.contains("content-length: 3000000\r\n"), "{head}");
    assert_eq!(said[end..], large);
    // Asked again, it is the same copy; published anew, another.
    let gzip = "Accept-Encoding: gzip\r\n";
    let tag = |head: &str| {
        head.lines()
            .find(|line| line.starts_with("etag:"))
            .unwrap()
            .to_owned()
    };
    let (_, first, _) = served.ask("GET", "/feed.xml", gzip, "").await;
    let (_, again, _) = served.ask("GET", "/feed.xml", gzip, "").await;
    assert!(first.contains("content-encoding: gzip"), "{first}");
    assert_eq!(tag(&first), tag(&again));
    newsletter.write("new", "<rss/>");
    std::fs::rename(
        newsletter.path("new"),
        newsletter.path("state/public/feed.xml"),
    )
    .unwrap();
    let (_, other, _) = served.ask("GET", "/feed.xml", gzip, "").await;
    assert_ne!(tag(&other), tag(&first));
}

/// Sixty-four sources that keep a run waiting, and descriptors for sixteen questions at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_asks_no_more_at_once_than_it_has_descriptors_for() {
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.readers(2);
    newsletter.append("courant.toml", "\n[gather]\nallow = [\"127.0.0.0/8\"]\n");
    let mut webs = Vec::new();
    for number in 0..64 {
        let path = format!("/{number}.xml");
        let feed = format!(
            "<rss version=\"2.0\"><channel><title>F</title><link>https://f.example/</link><item><guid>{number}</guid>\
             <title>Bericht {number}</title><description>Woorden van {number}.</description></item></channel></rss>"
        );
        // Each is a host of its own, so that none waits for its turn at another's.
        let host: &'static str = Box::leak(format!("127.0.0.{}", 2 + number).into_boxed_str());
        let web = HttpServer::start_at(host);
        web.on(&path, Answer::ok("application/rss+xml", feed.as_bytes()));
        let url = web.url(&path);
        newsletter.append(
            "courant.toml",
            &format!("\n[[source]]\nname = \"s{number}\"\nurl = \"{url}\"\n"),
        );
        webs.push(web);
    }
    let child = limited(&newsletter, 64, &["run"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let run = Ended::after(child).await;
    assert_eq!((run.code, server.received().len()), (0, 2), "{run:?}");
    assert!(!run.stderr.contains("Too many open files"), "{run:?}");
    let asked = webs.iter().filter(|web| !web.requests().is_empty());
    assert_eq!(asked.count(), 64, "{}", run.stderr);
}
