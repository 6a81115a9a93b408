//! Fetching, against a scripted server on loopback.

use std::time::Duration;

use courant::gather::{Error, FetchSettings, Fetcher, Gathered, gather};
use courant::model::{SourceKind, Validators};
use jiff::SignedDuration;
use url::Url;

use super::{fetcher, now, settings, source};
use crate::support::http::{Answer, HttpServer};

const RSS: &str = include_str!("../../fixtures/gather/rss.xml");
const ATOM: &str = include_str!("../../fixtures/gather/atom.xml");
const JSON: &str = include_str!("../../fixtures/gather/feed.json");
const RSS_TYPE: &str = "application/rss+xml; charset=UTF-8";

async fn fetch(url: Url, known: Option<&Validators>, fetcher: &Fetcher) -> Result<Gathered, Error> {
    gather(&source(SourceKind::Url(url)), known, fetcher, now()).await
}

/// What one request gives, with settings for this machine.
async fn once(server: &HttpServer, path: &str) -> Result<Gathered, Error> {
    fetch(server.url(path), None, &fetcher(server)).await
}

async fn failure(answer: Answer) -> Error {
    let server = HttpServer::start();
    server.on("/feed", answer);
    once(&server, "/feed").await.unwrap_err()
}

#[tokio::test]
async fn each_kind_of_feed_is_gathered_once_and_then_unchanged() {
    for (content_type, document, posts) in [
        (RSS_TYPE, RSS, 3),
        ("application/atom+xml", ATOM, 2),
        ("application/feed+json", JSON, 2),
    ] {
        let server = HttpServer::start();
        server.on(
            "/feed",
            Answer::ok(content_type, document).etag("\"v1\"").gzip(),
        );
        let fetcher = fetcher(&server);
        let first = fetch(server.url("/feed"), None, &fetcher).await.unwrap();
        assert_eq!(first.posts.len(), posts);
        let second = fetch(server.url("/feed"), first.validators.as_ref(), &fetcher)
            .await
            .unwrap();
        assert!(second.unchanged && second.posts.is_empty());
        assert_eq!(second.validators, first.validators);
    }
}

#[tokio::test]
async fn validators_go_back_as_they_came_weak_ones_too() {
    let server = HttpServer::start();
    let date = "Sun, 1 nov 2026 22:00:00 CET";
    server.on(
        "/feed",
        Answer::ok(RSS_TYPE, RSS)
            .etag("W/\"1-é\"")
            .last_modified(date),
    );
    let fetcher = fetcher(&server);
    let first = fetch(server.url("/feed"), None, &fetcher).await.unwrap();
    let known = first.validators.unwrap();
    assert_eq!(known.received_at, Some(now()));
    fetch(server.url("/feed"), Some(&known), &fetcher)
        .await
        .unwrap();
    let requests = server.requests();
    assert_eq!(requests[0].header("if-none-match"), None);
    assert_eq!(requests[1].header("if-none-match"), Some("W/\"1-é\""));
    assert_eq!(requests[1].header("if-modified-since"), Some(date));
}

#[tokio::test]
async fn a_304_refreshes_the_validators_but_not_their_age() {
    let server = HttpServer::start();
    server.on("/feed", Answer::status(304).etag("\"v2\""));
    let known = Validators {
        etag: Some("\"v1\"".into()),
        last_modified: Some("gisteren".into()),
        body_hash: Some("abc".into()),
        received_at: Some(now() - SignedDuration::from_hours(20)),
    };
    let gathered = fetch(server.url("/feed"), Some(&known), &fetcher(&server))
        .await
        .unwrap();
    let fresh = gathered.validators.unwrap();
    assert!(gathered.unchanged);
    assert_eq!(fresh.etag.as_deref(), Some("\"v2\""));
    assert_eq!(
        Validators {
            etag: known.etag.clone(),
            ..fresh
        },
        known
    );
}

#[tokio::test]
async fn after_eight_days_the_whole_document_is_asked_for() {
    let server = HttpServer::start();
    server.on("/feed", Answer::ok(RSS_TYPE, RSS).etag("\"v1\""));
    let known = Validators {
        etag: Some("\"v1\"".into()),
        received_at: Some(now() - SignedDuration::from_hours(8 * 24)),
        ..Validators::default()
    };
    let gathered = fetch(server.url("/feed"), Some(&known), &fetcher(&server))
        .await
        .unwrap();
    assert_eq!(server.requests()[0].header("if-none-match"), None);
    assert_eq!(gathered.posts.len(), 3);
}

#[tokio::test]
async fn without_validators_the_hash_of_the_body_says_unchanged() {
    let server = HttpServer::start();
    let edited = RSS.replace("vorige stuk", "stuk ervoor");
    server.on_each(
        "/feed",
        vec![
            Answer::ok(RSS_TYPE, RSS),
            Answer::ok(RSS_TYPE, RSS).gzip(),
            Answer::ok(RSS_TYPE, edited),
        ],
    );
    let fetcher = fetcher(&server);
    let first = fetch(server.url("/feed"), None, &fetcher).await.unwrap();
    let second = fetch(server.url("/feed"), first.validators.as_ref(), &fetcher)
        .await
        .unwrap();
    assert!(second.unchanged);
    let third = fetch(server.url("/feed"), second.validators.as_ref(), &fetcher)
        .await
        .unwrap();
    assert!(!third.unchanged);
    assert_eq!(third.posts.len(), 3);
}

#[tokio::test]
async fn the_request_says_who_asks_and_nothing_else() {
    let server = HttpServer::start();
    server.on(
        "/feed",
        Answer::redirect(302, "/echt").header("set-cookie", "spoor=1"),
    );
    server.on("/echt", Answer::ok(RSS_TYPE, RSS));
    once(&server, "/feed").await.unwrap();
    let request = &server.requests_to("/echt")[0];
    assert_eq!(request.method, "GET");
    assert_eq!(
        request.header("user-agent"),
        Some("courant/test (+https://krant.example.nl)")
    );
    assert_eq!(
        request.header("accept-encoding"),
        Some("gzip, br, zstd, deflate")
    );
    let mut names: Vec<String> = request
        .headers
        .iter()
        .map(|(name, _)| name.to_lowercase())
        .collect();
    names.sort();
    assert_eq!(names, ["accept", "accept-encoding", "host", "user-agent"]);
}

#[tokio::test]
async fn redirects_are_followed_and_relative_addresses_follow_them() {
    let server = HttpServer::start();
    server.on("/feed", Answer::redirect(301, "/a/"));
    server.on("/a/", Answer::redirect(307, "../b/feed.xml#deel"));
    let item = "<item><title>x</title><link>los.html</link></item>";
    server.on(
        "/b/feed.xml",
        Answer::ok(
            RSS_TYPE,
            format!("<rss version=\"2.0\"><channel>{item}</channel></rss>"),
        ),
    );
    let gathered = once(&server, "/feed").await.unwrap();
    assert_eq!(
        gathered.posts[0].link.as_deref(),
        Some(server.url("/b/los.html").as_str())
    );
}

#[tokio::test]
async fn redirects_in_a_circle_or_without_end_are_given_up() {
    let server = HttpServer::start();
    server.on("/a", Answer::redirect(302, "/b"));
    server.on("/b", Answer::redirect(302, "/a"));
    assert!(matches!(
        once(&server, "/a").await,
        Err(Error::RedirectLoop)
    ));
    for hop in 0..9 {
        server.on(
            &format!("/{hop}"),
            Answer::redirect(302, format!("/{}", hop + 1)),
        );
    }
    assert!(matches!(
        once(&server, "/0").await,
        Err(Error::TooManyRedirects(5))
    ));
    assert_eq!(server.requests_to("/5").len(), 1);
    assert!(server.requests_to("/6").is_empty());
    server.on("/nergens", Answer::status(302));
    assert!(matches!(
        once(&server, "/nergens").await,
        Err(Error::BadRedirect(302))
    ));
}

#[tokio::test]
async fn validators_of_one_server_are_not_shown_to_another() {
    let (one, other) = (HttpServer::start(), HttpServer::start());
    one.on(
        "/feed",
        Answer::redirect(302, other.url_at("localhost", "/feed")),
    );
    other.on("/feed", Answer::ok(RSS_TYPE, RSS).etag("\"geheim\""));
    let fetcher = fetcher(&one);
    let first = fetch(one.url("/feed"), None, &fetcher).await.unwrap();
    let known = first.validators.unwrap();
    assert_eq!(known.etag, None);
    let tagged = Validators {
        etag: Some("\"oud\"".into()),
        ..known
    };
    let second = fetch(one.url("/feed"), Some(&tagged), &fetcher)
        .await
        .unwrap();
    assert!(second.unchanged, "by the hash of the body");
    assert_eq!(one.requests()[1].header("if-none-match"), Some("\"oud\""));
    assert_eq!(other.requests()[1].header("if-none-match"), None);
}

#[tokio::test]
async fn private_addresses_are_refused_however_they_are_written() {
    let server = HttpServer::start();
    server.on("/feed", Answer::ok(RSS_TYPE, RSS));
    let port = server.url("/").port().unwrap();
    let outside = Fetcher::new(FetchSettings::new("courant/test")).unwrap();
    for host in [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "017700000001",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "10.0.0.1",
        "169.254.169.254",
        "[fe80::1]",
        "[fd00::1]",
    ] {
        let url = Url::parse(&format!("http://{host}:{port}/feed")).unwrap();
        let error = fetch(url, None, &outside).await.unwrap_err();
        assert!(matches!(error, Error::Private(_)), "{host}: {error}");
        assert!(!error.is_transient());
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_redirect_into_a_private_network_is_refused() {
    let server = HttpServer::start();
    for (path, target) in [
        ("/a", "http://10.0.0.1/"),
        ("/b", "http://[::ffff:10.0.0.1]/"),
        ("/c", "file:///etc/passwd"),
    ] {
        server.on(path, Answer::redirect(302, target));
        let error = once(&server, path).await.unwrap_err();
        assert!(
            matches!(error, Error::Private(_) | Error::Scheme(_)),
            "{error}"
        );
    }
}

#[tokio::test]
async fn tls_is_checked_and_not_given_up_for_http() {
    let (safe, plain) = (HttpServer::start_tls(), HttpServer::start());
    safe.on("/feed", Answer::ok(RSS_TYPE, RSS));
    safe.on("/omlaag", Answer::redirect(301, plain.url("/feed")));
    plain.on(
        "/omhoog",
        Answer::redirect(301, safe.url_at("localhost", "/feed")),
    );
    let trusting = fetcher(&safe);
    assert_eq!(
        fetch(safe.url("/feed"), None, &trusting)
            .await
            .unwrap()
            .posts
            .len(),
        3
    );
    assert_eq!(
        fetch(plain.url("/omhoog"), None, &trusting)
            .await
            .unwrap()
            .posts
            .len(),
        3
    );
    let down = fetch(safe.url("/omlaag"), None, &trusting)
        .await
        .unwrap_err();
    assert!(matches!(down, Error::Downgrade(_)), "{down}");
    let strange = fetch(safe.url("/feed"), None, &fetcher(&plain))
        .await
        .unwrap_err();
    assert!(matches!(strange, Error::Tls { .. }), "{strange}");
    assert!(plain.requests_to("/feed").is_empty());
}

#[tokio::test]
async fn each_refusal_has_its_cause() {
    for (status, said, transient) in [
        (401, "the server wants a login (401)", false),
        (403, "the server refuses us (403)", false),
        (404, "nothing is there (404)", false),
        (410, "gone (410)", false),
        (429, "the server asks us to come back later (429)", true),
        (500, "the server failed (500)", true),
        (503, "the server failed (503)", true),
        (204, "the document is empty", true),
        (
            304,
            "the server gave an answer without a document (304)",
            false,
        ),
        (
            418,
            "the server gave an answer without a document (418)",
            false,
        ),
    ] {
        let error = failure(Answer::status(status)).await;
        assert_eq!(error.to_string(), said);
        assert_eq!(error.is_transient(), transient, "{status}");
        assert_eq!(error.is_permanent(), status == 410);
    }
}

#[tokio::test]
async fn a_page_and_an_empty_answer_are_no_feed() {
    let page = failure(Answer::ok(
        "text/html",
        "<!doctype html><title>Inloggen</title>",
    ))
    .await;
    assert_eq!(
        page.to_string(),
        "this is a web page (“Inloggen”), and no feed was found for it"
    );
    let empty = failure(Answer::ok(RSS_TYPE, "\n")).await;
    assert!(matches!(empty, Error::Empty));
    let packed = failure(Answer::ok(RSS_TYPE, RSS).header("content-encoding", "compress")).await;
    assert!(matches!(packed, Error::Encoding(name) if name == "compress"));
}

#[tokio::test]
async fn a_bomb_and_an_endless_document_are_stopped() {
    let bomb = failure(Answer::ok(RSS_TYPE, vec![b' '; 30_000_000]).gzip()).await;
    assert!(matches!(bomb, Error::Bomb(_)), "{bomb}");
    let large: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let large = failure(Answer::ok(RSS_TYPE, large)).await;
    assert_eq!(large.to_string(), "the document is larger than 10 MB");
}

#[tokio::test]
async fn a_document_that_breaks_off_is_not_taken_for_whole() {
    let cut = failure(Answer::ok(RSS_TYPE, RSS).cut_after(900)).await;
    assert!(matches!(cut, Error::Truncated), "{cut}");
    let packed = failure(Answer::ok(RSS_TYPE, RSS).gzip().cut_after(300)).await;
    assert!(matches!(packed, Error::Truncated), "{packed}");
    assert!(cut.is_transient() && packed.is_transient());
}

#[tokio::test]
async fn a_slow_server_is_left_in_time() {
    let server = HttpServer::start();
    server.on("/stil", Answer::hang());
    server.on("/halverwege", Answer::ok(RSS_TYPE, RSS).silent_after(500));
    let with = |idle, total| {
        let millis = Duration::from_millis;
        let settings = FetchSettings {
            idle: millis(idle),
            total: millis(total),
            ..settings()
        };
        Fetcher::new(settings).unwrap()
    };
    for path in ["/stil", "/halverwege"] {
        let silent = fetch(server.url(path), None, &with(100, 60_000))
            .await
            .unwrap_err();
        assert_eq!(silent.to_string(), "the server fell silent for 0.1 s");
        let slow = fetch(server.url(path), None, &with(60_000, 200))
            .await
            .unwrap_err();
        assert_eq!(slow.to_string(), "no answer within 0.2 s");
        assert!(silent.is_transient() && slow.is_transient());
    }
}

#[tokio::test]
async fn nobody_there_and_no_such_name() {
    let server = HttpServer::start();
    let settings = fetcher(&server);
    let gone = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let url = Url::parse(&format!("http://127.0.0.1:{gone}/")).unwrap();
    let nobody = fetch(url, None, &settings).await.unwrap_err();
    assert_eq!(nobody.to_string(), "`127.0.0.1` cannot be reached");
    let url = Url::parse("http://bestaat-niet.invalid/").unwrap();
    let nowhere = fetch(url, None, &settings).await.unwrap_err();
    assert_eq!(
        nowhere.to_string(),
        "the name `bestaat-niet.invalid` cannot be found"
    );
    assert!(nobody.is_transient() && nowhere.is_transient());
}
