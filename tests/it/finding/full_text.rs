//! The whole text of a post whose feed gives a summary only: taken from its page where that agrees, once.

use courant::gather::{Gathered, gather};
use courant::model::SourceKind;

use super::{POST, SHORT, asked, html, newsletter, of, shown};
use crate::gather::{fetcher, now, source};
use crate::support::http::{Answer, HttpServer};

const PAGE: &str = "/2026/11/jonge-kaas/";

fn served(page: Answer) -> HttpServer {
    let server = HttpServer::start();
    server.on(
        "/kort.xml",
        Answer::ok("application/rss+xml", of(&server, SHORT)),
    );
    server.on(PAGE, page);
    server
}

async fn gathered(server: &HttpServer) -> Gathered {
    let mut source = source(SourceKind::Url(server.url("/kort.xml")));
    source.full_text = true;
    gather(&source, None, &fetcher(server), now())
        .await
        .unwrap()
}

#[tokio::test]
async fn the_text_is_the_pages_and_the_rest_stays_the_feeds() {
    let server = served(html(POST));
    let gathered = gathered(&server).await;
    insta::assert_snapshot!("full_text_taken", shown(&server, &gathered));
}

#[tokio::test]
async fn a_page_that_says_less_or_something_else_or_nothing_leaves_the_summary() {
    let other = POST
        .replace("Op de markt van Wilgersluis ligt jonge kaas naast oude, en bijna iedereen wijst de oude aan.", "")
        .replace("oude", "andere");
    let bare = "<!doctype html><title>x</title><article><p>Op de markt van Wilgersluis ligt jonge kaas, meer staat er niet.</p></article>";
    for (page, cause) in [
        (html(other), "does not have the words of the summary"),
        (html(bare), "has no more text than the feed"),
        (
            html("<!doctype html><title>Inloggen</title>"),
            "no text was found on the page",
        ),
        (html("<div>".repeat(400)), "nests too deep"),
        (Answer::status(403), "the server refuses us (403)"),
    ] {
        let server = served(page);
        let gathered = gathered(&server).await;
        let faults: Vec<String> = gathered.faults.iter().map(ToString::to_string).collect();
        assert!(
            faults.len() == 1 && faults[0].contains(cause),
            "{cause}: {faults:?}"
        );
        assert_eq!(gathered.posts[0].html, served_summary().await, "{cause}");
    }
}

/// The post's text as the feed alone gives it.
async fn served_summary() -> String {
    let server = served(html(POST));
    let source = source(SourceKind::Url(server.url("/kort.xml")));
    let gathered = gather(&source, None, &fetcher(&server), now())
        .await
        .unwrap();
    gathered.posts[0].html.clone()
}

#[test]
fn a_page_is_read_once_and_the_ledger_keeps_its_text() {
    let server = served(html(POST));
    let url = server.url("/kort.xml");
    let newsletter = newsletter(&format!(
        "[[source]]\nname = \"waag\"\nurl = \"{url}\"\nfull_text = true\n"
    ));
    newsletter.replace("schedules/weekly.toml", "\"send\"", "\"baseline\"");
    newsletter.expect(&["run"], 0);
    let again = newsletter.json(&["run"]);
    let waag = &again["sources"][1];
    assert_eq!(
        (&waag["new"], &waag["changed"]),
        (&0.into(), &0.into()),
        "{again}"
    );
    assert_eq!(
        asked(&server),
        ["/kort.xml", "/robots.txt", PAGE, "/kort.xml"]
    );
    // An edited title is an edited post: its page is read again, and its text is not lost.
    let edited = of(
        &server,
        &SHORT.replace("blind geproefd", "met de ogen dicht"),
    );
    server.on("/kort.xml", Answer::ok("application/rss+xml", edited));
    let edited = newsletter.json(&["run"]);
    assert_eq!(edited["sources"][1]["changed"], 1, "{edited}");
    assert_eq!(server.requests_to(PAGE).len(), 2);
}

#[test]
fn robots_txt_is_asked_for_pages_and_not_for_the_feed() {
    let server = served(html(POST));
    server.on(
        "/robots.txt",
        Answer::ok("text/plain", "User-agent: *\nDisallow: /"),
    );
    let url = server.url("/kort.xml");
    let newsletter = newsletter(&format!(
        "[[source]]\nname = \"waag\"\nurl = \"{url}\"\nfull_text = true\n"
    ));
    let ended = newsletter.expect(&["run"], 0);
    assert_eq!(asked(&server), ["/kort.xml", "/robots.txt"]);
    assert!(
        ended
            .stderr
            .contains("`Jonge kaas, blind geproefd` keeps its summary: the site's robots.txt asks"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_page_that_fails_is_asked_again_although_the_feed_does_not_change() {
    let server = served(Answer::status(503));
    let feed = Answer::ok("application/rss+xml", of(&server, SHORT)).etag("\"1\"");
    server.on("/kort.xml", feed);
    let url = server.url("/kort.xml");
    let newsletter = newsletter(&format!(
        "[[source]]\nname = \"waag\"\nurl = \"{url}\"\nfull_text = true\n"
    ));
    newsletter.expect(&["run"], 0);
    server.on(PAGE, html(POST));
    let second = newsletter.json(&["run"]);
    assert_eq!(second["sources"][1]["changed"], 1, "{second}");
    let third = newsletter.json(&["run"]);
    assert_eq!(third["sources"][1]["unchanged"], true, "{third}");
    assert_eq!(server.requests_to(PAGE).len(), 2);
}
