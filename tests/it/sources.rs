//! Feeds over HTTP, asked again and again by whole runs: what is known is not fetched, and nothing is sent twice.

use crate::support::http::{Answer, HttpServer};
use crate::support::newsletter::{Ended, Newsletter};

const RSS: &str = include_str!("../fixtures/gather/rss.xml");
const ATOM: &str = include_str!("../fixtures/gather/atom.xml");
const JSON: &str = include_str!("../fixtures/gather/feed.json");

/// The feeds by path, each with the type, the validators and the text that its server gives.
const FEEDS: [(&str, &str, &str, Option<&str>, &str); 3] = [
    (
        "/feed",
        "application/rss+xml",
        "W/\"5f-3a\"",
        Some("Mon, 02 Nov 2026 07:45:12 GMT"),
        RSS,
    ),
    (
        "/atom.xml",
        "application/atom+xml",
        "\"abc--gzip\"",
        None,
        ATOM,
    ),
    (
        "/feed.json",
        "application/feed+json",
        "",
        Some("Sun, 01 Nov 2026 17:00:00 GMT"),
        JSON,
    ),
];

/// A newsletter with two readers and these sources in place of its folder.
fn newsletter(sources: &[(&str, String)]) -> Newsletter {
    let newsletter = Newsletter::new("mailbox");
    let entries: String = sources
        .iter()
        .map(|(name, url)| format!("[[source]]\nname = \"{name}\"\nurl = \"{url}\"\n\n"))
        .collect();
    newsletter.replace(
        "courant.toml",
        "[[source]]\nname = \"eigen\"\nfolder = \"posts\"\n",
        &format!("{entries}[gather]\nallow = [\"127.0.0.0/8\"]\n"),
    );
    newsletter.readers(2);
    newsletter
}

/// A newsletter with one feed, whose first issue is out.
fn running(server: &HttpServer, feed: &str) -> Newsletter {
    server.on("/feed", Answer::ok("application/rss+xml", feed));
    let newsletter = newsletter(&[("blog", server.url("/feed").to_string())]);
    newsletter.expect(&["run"], 0);
    newsletter
}

/// A feed with an item for each guid, link and title; without a date, since these runs go by the real clock, and what is
/// older than a month would be held one day.
fn feed(items: &[(&str, &str, &str)]) -> String {
    let items: String = items
        .iter()
        .map(|(guid, link, title)| {
            format!(
                "<item><guid isPermaLink=\"false\">{guid}</guid><link>{link}</link><title>{title}</title>\
                 <description>Wat er staat onder {title}.</description></item>"
            )
        })
        .collect();
    format!(
        "<rss version=\"2.0\"><channel><title>Blog</title><link>https://blog.example.nl/</link>\
         <description>Een blog.</description>{items}</channel></rss>"
    )
}

const FIRST: (&str, &str, &str) = ("g1", "https://blog.example.nl/een/", "Het eerste");
const SECOND: (&str, &str, &str) = ("g2", "https://blog.example.nl/twee/", "Het tweede");

fn titles(newsletter: &Newsletter, issue: &str) -> Vec<String> {
    let shown = newsletter.json(&["issues", "show", issue]);
    let posts = shown["posts"].as_array().unwrap().iter();
    posts
        .map(|post| post["title"].as_str().unwrap().to_owned())
        .collect()
}

fn issues(newsletter: &Newsletter) -> usize {
    let list = newsletter.json(&["issues", "list"]);
    list.as_array().unwrap().len()
}

fn answer(feed: usize, text: &str) -> Answer {
    let (_, content_type, etag, date, _) = FEEDS[feed];
    let answer = Answer::ok(content_type, text);
    let answer = match etag {
        "" => answer,
        etag => answer.etag(etag),
    };
    match date {
        Some(date) => answer.last_modified(date),
        None => answer,
    }
}

#[test]
fn each_kind_of_feed_is_asked_twice_and_sent_once() {
    let server = HttpServer::start();
    for (n, (path, _, _, _, text)) in FEEDS.into_iter().enumerate() {
        server.on(path, answer(n, text));
    }
    let newsletter = newsletter(&FEEDS.map(|(path, ..)| {
        let name = path.trim_matches('/').split('.').next_back().unwrap();
        (name, server.url(path).to_string())
    }));
    newsletter.expect(&["run"], 0);
    assert_eq!(titles(&newsletter, "1").len(), 3 + 2 + 2);
    assert_eq!(newsletter.mailbox().len(), 2);

    let second = newsletter.json(&["run"]);
    for source in second["sources"].as_array().unwrap() {
        assert_eq!(source["unchanged"], true, "{source}");
        assert_eq!(source["error"], serde_json::Value::Null, "{source}");
    }
    assert_eq!(newsletter.mailbox().len(), 2, "{second}");
    for (path, _, etag, date, _) in FEEDS {
        let requests = server.requests_to(path);
        let [first, second] = &requests[..] else {
            panic!("{path} was asked {} times", requests.len());
        };
        let conditions = ["if-none-match", "if-modified-since"];
        assert_eq!(conditions.map(|name| first.header(name)), [None, None]);
        let etag = (!etag.is_empty()).then_some(etag);
        assert_eq!(conditions.map(|name| second.header(name)), [etag, date]);
    }

    let item = "<item><title>Nieuw aan de balie</title><guid>https://loket.example.nl/nieuw/</guid>\
                <description>Er is iets bij gekomen.</description></item></channel>";
    let grown = RSS.replace("</channel>", item);
    server.on(
        "/feed",
        Answer::ok("application/rss+xml", grown).etag("\"6\""),
    );
    newsletter.expect(&["run"], 0);
    assert_eq!(titles(&newsletter, "2"), ["Nieuw aan de balie"]);
    assert_eq!(newsletter.mailbox().len(), 4);
}

#[test]
fn a_source_is_told_who_asks_and_nothing_else() {
    let server = HttpServer::start();
    let text = feed(&[FIRST]);
    server.on(
        "/feed",
        Answer::redirect(302, server.url("/elsewhere")).header("set-cookie", "a=b; Path=/"),
    );
    server.on(
        "/elsewhere",
        Answer::ok("application/rss+xml", text).header("set-cookie", "c=d"),
    );
    let newsletter = newsletter(&[("blog", server.url("/feed").to_string())]);
    newsletter.expect(&["run"], 0);
    newsletter.expect(&["run"], 0);
    let requests = server.requests();
    assert_eq!(requests.len(), 4);
    let ours = format!(
        "courant/{} (+http://127.0.0.1:8080; 2 subscribers)",
        env!("CARGO_PKG_VERSION")
    );
    for request in requests {
        assert_eq!(request.method, "GET");
        assert_eq!(request.header("user-agent"), Some(ours.as_str()));
        for name in ["referer", "cookie", "authorization", "from"] {
            assert_eq!(request.header(name), None, "{name}");
        }
    }
    newsletter.replace(
        "courant.toml",
        "[gather]",
        "[gather]\nuser_agent = \"Proef/1 (redactie@proef.example)\"",
    );
    newsletter.expect(&["run"], 0);
    let last = server.requests().pop().unwrap();
    assert_eq!(
        last.header("user-agent"),
        Some("Proef/1 (redactie@proef.example)")
    );
}

#[test]
fn what_a_publisher_changes_afterwards_is_not_sent_again() {
    let server = HttpServer::start();
    let newsletter = running(&server, &feed(&[FIRST, SECOND]));
    assert_eq!(newsletter.mailbox().len(), 2);
    let (guid, link, title) = FIRST;
    for changed in [
        // An edited title.
        (guid, link, "Het eerste, verbeterd"),
        // Another guid with the same link: a blog that moved to other software.
        ("https://blog.example.nl/?p=1", link, title),
        // The same guid with another link.
        (guid, "https://blog.example.nl/2026/een/", title),
        // Another scheme, and what a newsletter service adds.
        ("g9", "http://blog.example.nl/een/?utm_source=rss", title),
    ] {
        for first in [changed, FIRST] {
            server.on(
                "/feed",
                Answer::ok("application/rss+xml", feed(&[first, SECOND])),
            );
            let again = newsletter.expect(&["run"], 0);
            assert!(
                again.stdout.contains("nothing new, nothing sent"),
                "{changed:?}\n{}",
                again.stdout
            );
        }
    }
    // One that drops out of the feed and comes back.
    for items in [&[SECOND][..], &[FIRST, SECOND]] {
        server.on("/feed", Answer::ok("application/rss+xml", feed(items)));
        newsletter.expect(&["run"], 0);
    }
    assert_eq!((issues(&newsletter), newsletter.mailbox().len()), (1, 2));
}

#[test]
fn a_feed_that_moves_brings_what_is_new_and_nothing_again() {
    let server = HttpServer::start();
    let newsletter = running(&server, &feed(&[FIRST]));
    server.on("/feed", Answer::redirect(301, server.url("/nieuw/feed")));
    let moved = |items: &[_], etag| Answer::ok("application/rss+xml", feed(items)).etag(etag);
    server.on("/nieuw/feed", moved(&[FIRST], "\"1\""));
    newsletter.expect(&["run"], 0);
    assert_eq!((issues(&newsletter), newsletter.mailbox().len()), (1, 2));
    server.on("/nieuw/feed", moved(&[FIRST, SECOND], "\"2\""));
    newsletter.expect(&["run"], 0);
    assert_eq!(titles(&newsletter, "2"), ["Het tweede"]);
}

#[test]
fn a_source_whose_address_is_corrected_stays_the_source_it_was() {
    let server = HttpServer::start();
    server.on("/feed", Answer::ok("application/rss+xml", feed(&[FIRST])));
    let newsletter = newsletter(&[("blog", server.url("/feed").to_string())]);
    newsletter.replace("schedules/weekly.toml", "\"send\"", "\"baseline\"");
    newsletter.expect(&["run"], 0);
    assert_eq!(newsletter.mailbox().len(), 0);
    // What came out meanwhile is in the feed at its new address: it is new, not part of a first sight.
    server.on(
        "/nieuw/feed",
        Answer::ok("application/rss+xml", feed(&[FIRST, SECOND])),
    );
    newsletter.replace("courant.toml", "/feed\"", "/nieuw/feed\"");
    newsletter.expect(&["run"], 0);
    assert_eq!(titles(&newsletter, "1"), ["Het tweede"]);
    // Another feed under the old name is at its first sight.
    let (_, _, title) = FIRST;
    let other = ("x1", "https://ander.example.nl/1", title);
    server.on("/ander", Answer::ok("application/rss+xml", feed(&[other])));
    newsletter.replace("courant.toml", "/nieuw/feed\"", "/ander\"");
    newsletter.expect(&["run"], 0);
    assert_eq!(issues(&newsletter), 1);
}

/// Checks that a run reports these sources and no other.
fn reports(ended: &Ended, sources: &[&str], others: &[&str]) {
    for (names, expected) in [(sources, true), (others, false)] {
        for name in names {
            let reported = ended.stderr.contains(&format!("source `{name}`: "));
            assert_eq!(reported, expected, "{name}\n{}", ended.stderr);
        }
    }
}

#[test]
fn a_source_that_fails_does_not_stop_the_others() {
    let server = HttpServer::start();
    server.on("/goed", Answer::ok("application/rss+xml", feed(&[FIRST])));
    server.on("/breekt", answer(0, RSS).cut_after(200));
    server.on(
        "/pagina",
        Answer::ok("text/html", "<!doctype html><p>Hallo"),
    );
    server.on("/ziek", Answer::status(500));
    let names = ["breekt", "pagina", "goed", "ziek", "weg"];
    let newsletter =
        newsletter(&names.map(|name| (name, server.url(&format!("/{name}")).to_string())));
    let ended = newsletter.expect(&["run"], 1);
    assert_eq!(newsletter.mailbox().len(), 2);
    reports(&ended, &["breekt", "pagina", "ziek", "weg"], &["goed"]);
    // One comes back, and what it has is new.
    server.on("/weg", Answer::ok("application/rss+xml", feed(&[SECOND])));
    let ended = newsletter.expect(&["run"], 1);
    reports(&ended, &["breekt", "pagina", "ziek"], &["goed", "weg"]);
    assert_eq!(titles(&newsletter, "2"), ["Het tweede"]);
}

#[test]
fn a_source_that_hangs_is_given_up_and_the_others_go_out() {
    let server = HttpServer::start();
    server.on("/hangt", Answer::hang());
    server.on("/stil", answer(0, RSS).silent_after(200));
    let names = ["hangt", "stil"];
    let newsletter =
        newsletter(&names.map(|name| (name, server.url(&format!("/{name}")).to_string())));
    // The program waits for the servers as long as this; the good source is a folder, which cannot be late.
    newsletter.replace("courant.toml", "[gather]", "[gather]\ntimeout = \"1s\"");
    newsletter.append(
        "courant.toml",
        "\n[[source]]\nname = \"eigen\"\nfolder = \"posts\"\n",
    );
    let ended = newsletter.expect(&["run"], 1);
    reports(&ended, &names, &["eigen"]);
    assert!(
        ended.stderr.contains("no answer within 1 s"),
        "{}",
        ended.stderr
    );
    assert_eq!(titles(&newsletter, "1"), ["Het eerste bericht"]);
    assert_eq!(newsletter.mailbox().len(), 2);
}

#[test]
fn the_list_says_how_each_source_fares_and_why_in_words() {
    let (server, busy) = (HttpServer::start(), HttpServer::start());
    server.on(
        "/goed",
        Answer::ok("application/rss+xml", feed(&[FIRST, SECOND])),
    );
    server.on("/weg", Answer::status(410));
    server.on("/login", Answer::status(401));
    server.on("/verhuisd", Answer::redirect(301, server.url("/goed")));
    busy.on("/druk", Answer::status(429).header("retry-after", "3600"));
    let here = ["goed", "weg", "login", "verhuisd"];
    let mut sources: Vec<_> = here
        .iter()
        .map(|name| (*name, server.url(&format!("/{name}")).to_string()))
        .collect();
    sources.push(("druk", busy.url("/druk").to_string()));
    let newsletter = newsletter(&sources);
    newsletter.expect(&["gather"], 1);
    newsletter.append(
        "courant.toml",
        "\n[[source]]\nname = \"nieuw\"\nfolder = \"posts\"\n",
    );

    let list = newsletter.json(&["sources", "list"]);
    let of = |name: &str| {
        let list = list.as_array().unwrap().iter();
        list.clone()
            .find(|source| source["name"] == name)
            .unwrap()
            .clone()
    };
    for (name, state) in [
        ("goed", "ok"),
        ("weg", "gone"),
        ("login", "backing_off"),
        ("verhuisd", "ok"),
        ("druk", "held"),
        ("nieuw", "new"),
    ] {
        assert_eq!(of(name)["state"], state, "{}", of(name));
    }
    // Posts without a date that were there at the first time say nothing of the pace.
    assert_eq!(of("goed")["posts_a_month"], 0.0);
    assert_eq!(of("verhuisd")["moved_to"], server.url("/goed").as_str());
    assert_eq!(
        of("weg")["journal"][0]["what"],
        "gone (410): not asked any more"
    );
    assert_eq!(of("weg")["next_due"], serde_json::Value::Null);
    assert!(of("druk")["next_due"].is_string());

    let shown = newsletter.expect(&["sources", "list"], 0).stdout;
    for words in [
        "weg: gone since ",
        "login: the server wants a login (401), since ",
        "asked us to come back later",
        "verhuisd: moved to http://127.0.0.1:",
        "backing off",
        "not asked",
    ] {
        assert!(shown.contains(words), "{words}\n{shown}");
    }
    // The address comes last, so that a terminal of 80 columns cuts nothing else.
    let place = shown.lines().next().unwrap().find("where").unwrap();
    assert!(place < 70, "{shown}");
}

#[test]
fn a_source_that_is_named_is_asked_although_it_is_not_due() {
    let server = HttpServer::start();
    server.on("/feed", Answer::ok("application/rss+xml", feed(&[FIRST])));
    let newsletter = newsletter(&[("blog", server.url("/feed").to_string())]);
    let first = newsletter.expect(&["gather"], 0).stdout;
    assert_eq!(first, "blog: 1 new of 1 post\n");
    let again = newsletter.expect(&["gather"], 0).stdout;
    assert!(again.starts_with("blog: not due before "), "{again}");
    assert_eq!(
        newsletter.expect(&["gather", "blog"], 0).stdout,
        "blog: unchanged\n"
    );
    assert_eq!(server.requests().len(), 2);
    let unknown = newsletter.expect(&["gather", "blok"], 66);
    assert!(
        unknown.stderr.contains("there is no source `blok`"),
        "{}",
        unknown.stderr
    );
    assert!(unknown.stderr.contains("known sources: `blog`"));
    // What was gathered goes out with the next issue, and nothing was sent before.
    assert_eq!(newsletter.mailbox().len(), 0);
    newsletter.expect(&["run"], 0);
    assert_eq!(titles(&newsletter, "1"), ["Het eerste"]);
}
