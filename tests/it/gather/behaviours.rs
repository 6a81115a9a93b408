//! Servers that misbehave, each in its own way: what we say of it, what we ask for, and what we leave alone.
//!
//! Beside `fetching`, which shows the ordinary ways. Each behaviour is held against the server's log of requests.

use std::time::Duration;

use courant::gather::{Error, FetchSettings, Fetcher, Gathered, gather};
use courant::model::{SourceKind, Validators};
use url::Url;

use super::{fetcher, now, settings, source};
use crate::support::http::{Answer, HttpServer};

const RSS: &str = include_str!("../../fixtures/gather/rss.xml");
const RSS_TYPE: &str = "application/rss+xml";

/// Forty million times the letter a, by brotli.
const BROTLI_BOMB: &str = "cbffff3ff825c2e2b14020f7fe8fffff7ff04b00c4611180eefd1fffffffe0970088c30200ddfb3ffeffffc12f0110\
                           870500baf77ff99f25865f02200e0b0074a3c400";

async fn fetch(url: Url, known: Option<&Validators>, fetcher: &Fetcher) -> Result<Gathered, Error> {
    gather(&source(SourceKind::Url(url)), known, fetcher, now()).await
}

/// What a server with this one answer makes of us; it was asked once.
async fn answered(answer: Answer) -> Result<Gathered, Error> {
    let server = HttpServer::start();
    server.on("/feed", answer);
    let gathered = fetch(server.url("/feed"), None, &fetcher(&server)).await;
    assert_eq!(server.requests().len(), 1);
    gathered
}

async fn said(answer: Answer) -> String {
    answered(answer).await.unwrap_err().to_string()
}

fn page(body: &str) -> Answer {
    let text =
        format!("<!DOCTYPE html><html><head><title>x</title></head><body>{body}</body></html>");
    Answer::ok("text/html", text)
}

#[tokio::test]
async fn an_etag_that_changes_under_the_same_text_is_nothing_new() {
    let server = HttpServer::start();
    let answer = |etag| Answer::ok(RSS_TYPE, RSS).etag(etag);
    server.on_each(
        "/feed",
        vec![answer("\"1\""), answer("\"2\""), answer("\"2\"")],
    );
    let fetcher = fetcher(&server);
    let mut known = None;
    for (unchanged, asked) in [(false, None), (true, Some("\"1\"")), (true, Some("\"2\""))] {
        let gathered = fetch(server.url("/feed"), known.as_ref(), &fetcher)
            .await
            .unwrap();
        assert_eq!(gathered.unchanged, unchanged);
        known = gathered.validators;
        let requests = server.requests();
        assert_eq!(requests.last().unwrap().header("if-none-match"), asked);
    }
}

#[tokio::test]
async fn a_304_that_nobody_asked_for_brings_nothing() {
    let server = HttpServer::start();
    server.on("/feed", Answer::status(304).etag("\"1\""));
    let error = fetch(server.url("/feed"), None, &fetcher(&server))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Status(304)), "{error}");
    // Behind a redirect to another server the conditions were not sent either.
    let other = HttpServer::start();
    server.on(
        "/weg",
        Answer::redirect(302, other.url_at("localhost", "/feed")),
    );
    other.on("/feed", Answer::status(304));
    let known = Validators {
        etag: Some("\"1\"".to_owned()),
        received_at: Some(now()),
        ..Validators::default()
    };
    let error = fetch(server.url("/weg"), Some(&known), &fetcher(&server))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Status(304)), "{error}");
    assert_eq!(
        server.requests_to("/weg")[0].header("if-none-match"),
        Some("\"1\"")
    );
    assert_eq!(other.requests()[0].header("if-none-match"), None);
}

#[tokio::test]
async fn a_page_in_the_place_of_a_feed_is_called_what_it_is() {
    let login = page("<form><input name=u><input type=\"password\" name=p></form>");
    assert_eq!(said(login).await, "the server shows a login page");
    let server = HttpServer::start();
    server.on("/feed", Answer::redirect(302, "/login?next=/feed"));
    server.on("/login?next=/feed", page("<input type='password'>"));
    let error = fetch(server.url("/feed"), None, &fetcher(&server))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::LoginPage), "{error}");
    // A page that is none of these may lead to a feed: the usual places are asked, and named when nothing is there.
    let server = HttpServer::start();
    server.on("/feed", page("<p>Hallo"));
    let error = fetch(server.url("/feed"), None, &fetcher(&server))
        .await
        .unwrap_err();
    assert!(
        error.to_string().starts_with("this is a web page"),
        "{error}"
    );
    assert!(server.requests().len() > 1);
    // A page with a password field somewhere, that names its feed, is that page.
    let both = "<link rel=alternate type=\"application/rss+xml\" href=/rss><input type=password>";
    server.on("/feed", page(both));
    server.on("/rss", Answer::ok(RSS_TYPE, RSS));
    let gathered = fetch(server.url("/feed"), None, &fetcher(&server)).await;
    assert!(!gathered.unwrap().posts.is_empty());
}

#[tokio::test]
async fn a_robot_check_is_called_what_it_is() {
    let check = "<script src=/cdn-cgi/challenge-platform/h/b.js></script>";
    let refused = |status| {
        Answer::status(status)
            .header("content-type", "text/html")
            .body(check)
    };
    for answer in [
        page(check),
        page("<div class=g-recaptcha></div>"),
        refused(403),
        refused(503),
        refused(429),
        refused(403).gzip(),
        Answer::status(403).header("cf-mitigated", "challenge"),
        Answer::status(202).header("x-amzn-waf-action", "challenge"),
    ] {
        let error = answered(answer.clone()).await.unwrap_err();
        assert!(matches!(error, Error::BotCheck), "{answer:?}: {error}");
        assert!(!error.is_transient());
        assert_eq!(error.to_string(), "a bot check stands before it");
    }
    // A refusal that is none.
    assert_eq!(
        said(Answer::status(403).body("Nee.")).await,
        "the server refuses us (403)"
    );
    assert_eq!(
        said(Answer::status(500).body(check)).await,
        "the server failed (500)"
    );
}

#[tokio::test]
async fn a_document_of_less_than_it_says_is_cut() {
    let chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n<rss version=\"2.0\"><channel>";
    let short = Answer::ok(RSS_TYPE, RSS).header("content-length", &(RSS.len() + 10).to_string());
    for answer in [
        Answer::raw(chunked),
        short,
        Answer::ok(RSS_TYPE, RSS).gzip().cut_after(500),
    ] {
        let error = answered(answer.clone()).await.unwrap_err();
        assert!(matches!(error, Error::Truncated), "{error}");
        assert!(error.is_transient());
    }
}

#[tokio::test]
async fn old_and_sloppy_servers_are_understood() {
    let mut chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in RSS.as_bytes().chunks(77) {
        chunked.extend(format!("{:x};x=y\r\n", chunk.len()).into_bytes());
        chunked.extend([chunk, b"\r\n"].concat());
    }
    chunked.extend(b"0\r\nx-trailer: y\r\n\r\n");
    let length = RSS.len();
    let answers = [
        Answer::raw(chunked),
        Answer::raw(format!("HTTP/1.0 200 OK\r\n\r\n{RSS}")),
        Answer::raw(format!(
            "HTTP/1.1 200\r\nContent-Length: {length}\r\nConnection: keep-alive\r\n\r\n{RSS}HTTP/1.1 200 OK\r\n"
        )),
        Answer::raw(format!(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{RSS}"
        )),
        Answer::ok("", RSS),
        Answer::ok("text/plain", RSS).header("content-encoding", ""),
    ];
    for answer in answers {
        let gathered = answered(answer.clone()).await;
        assert_eq!(gathered.unwrap().posts.len(), 3, "{answer:?}");
    }
}

#[tokio::test]
async fn what_is_no_http_is_nobody_there() {
    for bytes in [
        "",
        "220 mail.example.nl ESMTP\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "<rss/>",
    ] {
        let error = answered(Answer::raw(bytes)).await.unwrap_err();
        assert!(matches!(error, Error::Unreachable(_)), "{bytes}: {error}");
        assert!(error.is_transient());
    }
}

#[tokio::test]
async fn bombs_of_every_packing_are_stopped() {
    let hex: Vec<u8> = (0..BROTLI_BOMB.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&BROTLI_BOMB[at..at + 2], 16).unwrap())
        .collect();
    let zstd = zstd::encode_all(&vec![b'a'; 40_000_000][..], 3).unwrap();
    let gzip = Answer::ok(RSS_TYPE, vec![b'a'; 40_000_000]).gzip();
    for (name, answer) in [
        ("br", Answer::ok(RSS_TYPE, "").packed("br", hex)),
        ("zstd", Answer::ok(RSS_TYPE, "").packed("zstd", zstd)),
        ("gzip", gzip.clone()),
        // A refusal's page is unpacked to see who refuses, and no further.
        ("gzip of a refusal", gzip.refused(403)),
    ] {
        let error = answered(answer).await.unwrap_err();
        match name {
            "gzip of a refusal" => assert!(matches!(error, Error::Forbidden(403)), "{error}"),
            _ => assert!(matches!(error, Error::Bomb(_)), "{name}: {error}"),
        }
    }
}

#[tokio::test]
async fn a_body_without_an_end_is_left_when_it_is_too_large() {
    let text: Vec<u8> = (0..20_000_u32).flat_map(u32::to_le_bytes).collect();
    let error = answered(Answer::ok(RSS_TYPE, text).endless())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::TooLarge(10_000_000)), "{error}");
    let refused = Answer::status(403).body("Nee. ".repeat(1000)).endless();
    assert_eq!(said(refused).await, "the server refuses us (403)");
}

#[tokio::test]
async fn slow_heads_and_slow_bodies_are_left_in_time() {
    let server = HttpServer::start();
    server.on("/hoofd", Answer::ok(RSS_TYPE, RSS).head_up_to(20));
    server.on("/druppel", Answer::ok(RSS_TYPE, RSS).trickle());
    let millis = Duration::from_millis;
    let with = |idle, total| {
        Fetcher::new(FetchSettings {
            idle: millis(idle),
            total: millis(total),
            ..settings()
        })
        .unwrap()
    };
    let error = fetch(server.url("/hoofd"), None, &with(100, 60_000))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Silent(_)), "{error}");
    // Never silent, and never done.
    let error = fetch(server.url("/druppel"), None, &with(60_000, 300))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Timeout(_)), "{error}");
    let error = fetch(server.url("/druppel"), None, &with(10_000, 300))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "no answer within 0.3 s");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_wrong_charset_in_the_header_spoils_nothing() {
    let item = "<item><title>Eén café: ’s avonds</title><link>https://a.example/</link></item>";
    let feed =
        format!("<?xml version=\"1.0\"?><rss version=\"2.0\"><channel>{item}</channel></rss>");
    for content_type in [
        "text/xml; charset=iso-8859-1",
        "text/xml; charset=klingon",
        "text/xml;charset=",
    ] {
        let gathered = answered(Answer::ok(content_type, feed.as_str()))
            .await
            .unwrap();
        assert_eq!(
            gathered.posts[0].title, "Eén café: ’s avonds",
            "{content_type}"
        );
    }
    let latin: Vec<u8> = feed
        .replace('’', "'")
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    let gathered = answered(Answer::ok("text/xml; charset=iso-8859-1", latin))
        .await
        .unwrap();
    assert_eq!(gathered.posts[0].title, "Eén café: 's avonds");
}

#[tokio::test]
async fn a_redirect_into_a_private_network_is_refused_in_every_spelling() {
    let (server, inside) = (HttpServer::start(), HttpServer::start_at("127.0.0.2"));
    inside.on("/feed", Answer::ok(RSS_TYPE, RSS));
    let port = inside.url("/").port().unwrap();
    // Only the first server's own address is allowed.
    let fetcher = Fetcher::new(FetchSettings {
        allow: vec![courant::model::Network::parse("127.0.0.1").unwrap()],
        ..settings()
    })
    .unwrap();
    for host in [
        "127.0.0.2",
        "127.2",
        "2130706434",
        "0x7f000002",
        "0x7f.0.0.2",
        "017700000002",
        "[::ffff:127.0.0.2]",
        "[::ffff:7f00:2]",
        "[64:ff9b::127.0.0.2]",
        "[2002:7f00:2::]",
        "①②⑦.⓪.⓪.②",
        "127.0.0.2.",
        "[::127.0.0.2]",
        "user:pass@127.0.0.2",
    ] {
        for status in [301, 302, 307] {
            server.on(
                "/feed",
                Answer::redirect(status, format!("http://{host}:{port}/feed")),
            );
            let error = fetch(server.url("/feed"), None, &fetcher)
                .await
                .unwrap_err();
            assert!(matches!(error, Error::Private(_)), "{host}: {error}");
        }
    }
    server.on("/feed", Answer::redirect(302, "//127.0.0.2/"));
    let error = fetch(server.url("/feed"), None, &fetcher)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Private(_)), "{error}");
    for other in [
        "file:///etc/passwd",
        "gopher://127.0.0.2/",
        "ftp://127.0.0.2/",
        "data:text/xml,<rss/>",
    ] {
        server.on("/feed", Answer::redirect(302, other));
        let error = fetch(server.url("/feed"), None, &fetcher)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Scheme(_)), "{other}: {error}");
    }
    assert!(inside.requests().is_empty());
}

#[tokio::test]
async fn a_permanent_way_is_told_from_one_for_now() {
    for (hops, moved) in [
        (&[301][..], Some("/1")),
        (&[308, 301], Some("/2")),
        (&[301, 302], Some("/1")),
        (&[301, 307, 301], Some("/1")),
        (&[302], None),
        (&[303, 301], None),
        (&[307], None),
    ] {
        let server = HttpServer::start();
        for (number, status) in hops.iter().enumerate() {
            server.on(
                &format!("/{number}"),
                Answer::redirect(*status, format!("/{}", number + 1)),
            );
        }
        server.on(&format!("/{}", hops.len()), Answer::ok(RSS_TYPE, RSS));
        let gathered = fetch(server.url("/0"), None, &fetcher(&server))
            .await
            .unwrap();
        assert_eq!(
            gathered.moved,
            moved.map(|path| server.url(path)),
            "{hops:?}"
        );
        assert_eq!(server.requests().len(), hops.len() + 1);
    }
}

#[tokio::test]
async fn no_more_than_two_requests_go_to_a_host_and_the_third_waits_for_nobody_else() {
    let other = HttpServer::start();
    for number in 0..6 {
        other.on(
            &format!("/{number}"),
            Answer::ok(RSS_TYPE, RSS).after("/sein"),
        );
    }
    other.on("/sein", Answer::ok(RSS_TYPE, RSS));
    let fetcher = fetcher(&other);
    let asked: Vec<_> = (0..6)
        .map(|number| {
            let (url, fetcher) = (other.url(&format!("/{number}")), fetcher.clone());
            tokio::spawn(async move { fetch(url, None, &fetcher).await })
        })
        .collect();
    let elsewhere = other.url_at("localhost", "/sein");
    other.arrived(2).await;
    // Under another name it is another host: it is asked at once, and opens the gate.
    fetch(elsewhere, None, &fetcher).await.unwrap();
    for one in asked {
        one.await.unwrap().unwrap();
    }
    let log: Vec<String> = other
        .requests()
        .into_iter()
        .map(|request| request.path)
        .collect();
    assert_eq!(log.len(), 7);
    assert_eq!(
        log.iter().position(|path| path == "/sein"),
        Some(2),
        "{log:?}"
    );
}
