//! A page's address is enough: its feed is found, told of once, remembered, and found anew when it moves.

use super::{FEED, HOME, INDEX, asked, both, html, newsletter, plain};
use crate::support::http::{Answer, HttpServer};

fn feed() -> Answer {
    Answer::ok("application/rss+xml", FEED).etag("\"1\"")
}

fn source(server: &HttpServer) -> String {
    format!(
        "[[source]]\nname = \"waag\"\nurl = \"{}\"\n",
        server.url("/")
    )
}

#[test]
fn the_feed_of_a_page_is_found_once_and_then_asked_alone() {
    let server = HttpServer::start();
    server.on("/", html(HOME));
    server.on("/feed/", feed());
    let newsletter = newsletter(&source(&server));
    let first = newsletter.expect(&["run"], 0);
    insta::assert_snapshot!("discovery_told", plain(&server, &first.stderr));
    let second = newsletter.expect(&["run"], 0);
    assert_eq!(second.stderr, "");
    assert_eq!(asked(&server), ["/", "/feed/", "/feed/"]);
    // The validators are the feed's own.
    let requests = server.requests_to("/feed/");
    assert_eq!(requests[1].header("if-none-match"), Some("\"1\""));
}

#[test]
fn a_feed_that_moves_with_its_site_is_found_anew() {
    let server = HttpServer::start();
    server.on("/", html(HOME));
    server.on("/feed/", feed());
    let newsletter = newsletter(&source(&server));
    newsletter.expect(&["run"], 0);
    server.on("/feed/", Answer::status(404));
    server.on("/", html(HOME.replace("\"/feed/\"", "\"/nieuw.xml\"")));
    server.on("/nieuw.xml", feed());
    let again = newsletter.expect(&["run"], 0);
    assert!(again.stderr.contains("/nieuw.xml"), "{}", again.stderr);
    assert!(again.stdout.contains("nothing new"), "{}", again.stdout);
    // A feed that fails for a reason that may pass is waited for.
    server.on("/nieuw.xml", Answer::status(503));
    let failed = newsletter.expect(&["run"], 1);
    assert!(
        failed.stderr.contains("the server failed (503)"),
        "{}",
        failed.stderr
    );
    assert_eq!(server.requests_to("/").len(), 2);
}

#[test]
fn the_usual_places_are_asked_where_a_page_names_nothing() {
    let server = HttpServer::start();
    server.on("/", html("<!doctype html><title>Kaal</title><p>Niets"));
    server.on("/atom.xml", feed());
    let newsletter = newsletter("");
    let address = server.url("/").to_string();
    let shown = newsletter.json(&["sources", "test", &address]);
    assert_eq!(shown["found"]["feed"], format!("{address}atom.xml"));
    assert_eq!(asked(&server), ["/", "/feed", "/rss.xml", "/atom.xml"]);
}

#[test]
fn a_page_without_a_feed_says_what_it_is_and_what_can_be_done() {
    let server = HttpServer::start();
    server.on("/nieuws.html", html(INDEX));
    let newsletter = newsletter("");
    let before = newsletter.read("courant.toml");
    let address = server.url("/nieuws.html").to_string();
    let ended = newsletter.expect(&["sources", "add", &address], 65);
    insta::assert_snapshot!("discovery_nothing", both(&server, &ended));
    assert_eq!(newsletter.read("courant.toml"), before);
}

#[test]
fn a_feed_that_is_named_and_cannot_be_read_is_the_cause() {
    let server = HttpServer::start();
    server.on("/", html(HOME));
    server.on("/feed/", Answer::status(401));
    let newsletter = newsletter("");
    let ended = newsletter.expect(&["sources", "test", server.url("/").as_str()], 65);
    insta::assert_snapshot!("discovery_refused", both(&server, &ended));
}

#[test]
fn a_page_in_a_file_says_where_its_feed_is() {
    let newsletter = newsletter("");
    newsletter.write(
        "pagina.html",
        &HOME.replace("\"/feed/\"", "\"https://waag.example/feed/\""),
    );
    let ended = newsletter.expect(&["sources", "test", "pagina.html"], 65);
    assert_eq!(
        ended.stderr,
        "error: `pagina.html`: this is a web page; its feed is at `https://waag.example/feed/`\n\
         hint: name that address as the source's `url`\n"
    );
}

#[test]
fn no_other_feed_takes_the_place_of_one_that_became_a_page() {
    let server = HttpServer::start();
    server.on("/blog/feed", feed());
    server.on("/feed", feed());
    let url = server.url("/blog/feed");
    let newsletter = newsletter(&format!("[[source]]\nname = \"blog\"\nurl = \"{url}\"\n"));
    newsletter.expect(&["run"], 0);
    for (page, said) in [
        (
            "<!doctype html><title>Inloggen</title>",
            "this is a web page, not a feed",
        ),
        (HOME, "this is a web page; its feed is at"),
    ] {
        server.on("/blog/feed", html(page));
        let ended = newsletter.expect(&["run"], 1);
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
    }
    assert_eq!(server.requests().len(), 3);
}
