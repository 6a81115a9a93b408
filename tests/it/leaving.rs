//! A reader leaves by one click: at once, for good, and also while a run is sending.

use crate::support::newsletter::{Ended, Newsletter};
use crate::support::served::{Served, link};
use crate::support::smtp::{Received, Script, SmtpServer, Stage};

async fn run(newsletter: &Newsletter, arguments: &[&str]) -> Ended {
    let child = newsletter.start(arguments);
    let waited = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
    Ended::of(waited.await.unwrap())
}

fn message_for(server: &SmtpServer, reader: &str) -> Received {
    server
        .received()
        .into_iter()
        .find(|message| message.to[0] == reader)
        .unwrap()
}

async fn sent_newsletter(readers: usize) -> (SmtpServer, Newsletter) {
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.append("courant.toml", "connections = 1\n");
    newsletter.readers(readers);
    assert_eq!(run(&newsletter, &["run"]).await.code, 0);
    assert_eq!(server.received().len(), readers);
    (server, newsletter)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_while_a_run_is_sending_is_honoured_for_what_has_not_begun() {
    let (server, newsletter) = sent_newsletter(20).await;
    // Readers are mailed in an order of their own, the same each time: the last one's turn is far away.
    let last = server.received().pop().unwrap();
    let (leaver, path) = (last.to[0].as_str(), link(&last));
    newsletter.post("tweede", "Het tweede bericht");
    let gate = server.hold(Stage::Dot, 20 + 3);
    let sending = newsletter.start(&["run"]);
    gate.reached().await;
    let served = Served::start(&newsletter).await;
    assert_eq!(served.click(&path).await, 200);
    gate.release();
    let waited = tokio::task::spawn_blocking(move || sending.wait_with_output().unwrap());
    let ended = Ended::of(waited.await.unwrap());
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    assert!(
        ended.stdout.contains("19 sent, 0 failed, 1 suppressed"),
        "{}",
        ended.stdout
    );
    assert_eq!(
        server.copies(leaver),
        1,
        "the second issue reached the reader who left"
    );
    assert_eq!(server.received().len(), 20 + 19);

    newsletter.post("derde", "Het derde bericht");
    let next = run(&newsletter, &["run"]).await;
    assert!(
        next.stdout
            .contains("left out: r…@example.nl (unsubscribed)"),
        "{}",
        next.stdout
    );
    assert_eq!(server.copies(leaver), 1);
    assert_eq!(server.received().len(), 20 + 19 + 19);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_asks_and_only_a_post_leaves() {
    let (server, newsletter) = sent_newsletter(2).await;
    let path = link(&message_for(&server, "reader0@example.nl"));
    let served = Served::start(&newsletter).await;
    let (status, head, page) = served.ask("GET", &path, "", "").await;
    assert_eq!(status, 200);
    for header in [
        "cache-control: no-store",
        "referrer-policy: no-referrer",
        "x-robots-tag: noindex",
    ] {
        assert!(head.contains(header), "{header}\n{head}");
    }
    assert!(
        page.contains("<form")
            && page.contains("r…\u{2060}@example.nl")
            && !page.contains("reader0@"),
        "{page}"
    );
    assert_eq!(served.ask("HEAD", &path, "", "").await.0, 200);
    let reader = |state: &str| {
        let list = newsletter.json(&["subscribers", "show", "reader0@example.nl"]);
        list["state"] == state
    };
    assert!(reader("active"), "a GET changed something");

    assert_eq!(served.click(&path).await, 200);
    assert!(reader("unsubscribed"));
    assert_eq!(served.click(&path).await, 200, "it can be repeated");
    let multipart = "Content-Type: multipart/form-data; boundary=b\r\n";
    let body = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
    assert_eq!(served.ask("POST", &path, multipart, body).await.0, 200);
    let (_, _, page) = served.ask("GET", &path, "", "").await;
    assert!(!page.contains("<form"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_cannot_undo_a_leave() {
    let (server, newsletter) = sent_newsletter(1).await;
    let path = link(&message_for(&server, "reader0@example.nl"));
    let served = Served::start(&newsletter).await;
    assert_eq!(served.click(&path).await, 200);
    newsletter.write("subscribers.toml", "");
    run(&newsletter, &["subscribers", "list"]).await;
    newsletter.write(
        "subscribers.toml",
        "[[subscriber]]\nemail = \"READER0@Example.NL\"\n",
    );
    newsletter.post("tweede", "Het tweede bericht");
    let next = run(&newsletter, &["run"]).await;
    assert_eq!(server.received().len(), 1, "{}", next.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_and_forged_links_get_one_and_the_same_answer() {
    let (server, newsletter) = sent_newsletter(1).await;
    let path = link(&message_for(&server, "reader0@example.nl"));
    let served = Served::start(&newsletter).await;
    let mut forged = path.clone().into_bytes();
    let last = forged.len() - 5;
    forged[last] = if forged[last] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).unwrap();
    let mut answers = Vec::new();
    for path in [forged.as_str(), "/unsubscribe/x", "/unsubscribe/%00"] {
        for method in ["GET", "POST"] {
            let (status, _, body) = served.ask(method, path, "", "").await;
            assert_eq!(status, 404, "{method} {path}");
            answers.push(body);
        }
    }
    assert!(
        answers[0].contains("antwoord op die mail"),
        "no way out is told"
    );
    assert!(
        answers.windows(2).all(|pair| pair[0] == pair[1]),
        "the answers differ"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_and_the_archive_are_answered_and_not_twice() {
    let (_server, newsletter) = sent_newsletter(1).await;
    let served = Served::start(&newsletter).await;
    for path in ["/", "/issues/", "/issues/1/", "/feed.xml"] {
        let (status, head, body) = served.ask("GET", path, "", "").await;
        assert_eq!(status, 200, "{path}");
        assert!(!body.is_empty());
        let etag = head
            .lines()
            .find_map(|line| line.strip_prefix("etag: "))
            .unwrap()
            .to_owned();
        let again = served
            .ask("GET", path, &format!("If-None-Match: {etag}\r\n"), "")
            .await;
        assert_eq!((again.0, again.2.as_str()), (304, ""), "{path}");
        let (status, _, body) = served.ask("HEAD", path, "", "").await;
        assert_eq!((status, body.as_str()), (200, ""), "{path}");
    }
    assert_eq!(served.ask("GET", "/../courant.toml", "", "").await.0, 404);
    assert_eq!(served.ask("GET", "/%2e%2e/courant.db", "", "").await.0, 404);
}
