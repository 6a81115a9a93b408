//! What fails, what is refused, and what is put off: asked at growing pauses, and nothing of it lost.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn retry_after_holds_the_whole_host_within_a_run_and_over_runs() {
    for (status, value, span) in [
        (429, "7200", hours(2)),
        (503, "Mon, 02 Nov 2026 09:00:05 GMT", hours(2)),
        (429, "31536000", days(1)),
    ] {
        let (server, other) = (HttpServer::start(), HttpServer::start());
        let busy = Answer::status(status).header("retry-after", value);
        server.on("/druk", busy.after("/a"));
        for path in ["/a", "/b", "/c"] {
            server.on(path, feed("").after("/druk"));
        }
        other.on("/elders", feed(""));
        let visits = Visits::to(&[
            ("druk", server.url("/druk").to_string()),
            ("a", server.url("/a").to_string()),
            ("b", server.url("/b").to_string()),
            ("elders", other.url("/elders").to_string()),
        ]);
        let report = visits.run().await;
        // Two are asked at once; who waits behind them is left alone, in this run and in those that follow.
        let mut asked = paths(&server);
        asked.sort();
        assert_eq!(asked[..], ["/a", "/druk"], "{status} {value}");
        let held = |report: &RunReport, name: &str| {
            let sources = report.sources.iter();
            let source = sources
                .clone()
                .find(|source| source.name.as_str() == name)
                .unwrap();
            matches!(&source.not_asked, Some(NotAsked::Held { until, .. }) if *until == visits_end(span))
        };
        assert!(held(&report, "b"), "{report:?}");
        let names: Vec<_> = report
            .sources
            .iter()
            .map(|source| source.name.as_str())
            .collect();
        assert_eq!(
            names,
            ["druk", "a", "b", "elders"],
            "in the configuration's order"
        );
        visits.pass(span - minutes(1));
        let report = visits.run().await;
        visits.gather(&["a"]).await;
        assert!(
            ["druk", "a", "b"].iter().all(|name| held(&report, name)),
            "{report:?}"
        );
        assert_eq!((server.requests().len(), other.requests().len()), (2, 2));
        visits.pass(minutes(2));
        server.on("/druk", feed(""));
        let report = visits.run().await;
        assert!(
            report.sources.iter().all(|source| source.error.is_none()),
            "{report:?}"
        );
        assert_eq!(server.requests().len(), 5);
    }
}

fn visits_end(span: SignedDuration) -> Timestamp {
    MONDAY.parse::<Timestamp>().unwrap() + span
}

#[tokio::test(flavor = "multi_thread")]
async fn without_retry_after_a_refusal_is_the_sources_own() {
    for answer in [
        Answer::status(429),
        Answer::status(503).header("retry-after", "gisteren"),
        Answer::status(503).header("retry-after", "0"),
        Answer::status(500).header("retry-after", "7200"),
    ] {
        let server = HttpServer::start();
        server.on("/a", answer);
        server.on("/b", feed("").after("/a"));
        let visits = Visits::to(&[
            ("a", server.url("/a").to_string()),
            ("b", server.url("/b").to_string()),
        ]);
        visits.run().await;
        visits.run().await;
        assert_eq!(server.requests().len(), 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_asked_at_growing_pauses_and_keeps_what_it_had() {
    let server = HttpServer::start();
    let visits = Visits::to_blog(&server);
    server.on("/feed", feed("").etag("\"1\""));
    visits.run().await;
    server.on("/feed", Answer::status(500));
    visits.gather(&["blog"]).await;
    let mut pauses = vec![];
    for _ in 0..6 {
        pauses.push(visits.minutes_until_asked(&server).await);
    }
    for (pause, doubled) in pauses.iter().zip([60, 120, 240, 480, 960, 1440]) {
        let longest = doubled + doubled / 10;
        assert!((doubled - 5..=longest).contains(pause), "{pauses:?}");
    }
    let state = visits.state("blog").await;
    assert_eq!((state.standing.failures, state.posts), (7, 1));
    assert_eq!(state.last_error.as_deref(), Some("the server failed (500)"));
    // A success ends it, and what was known before is still asked with.
    server.on("/feed", feed("").etag("\"1\""));
    let report = visits.gather(&["blog"]).await;
    assert!(only(&report).unchanged, "{report:?}");
    assert_eq!(only(&report).notes, ["it answers again"]);
    let last = server.requests().pop().unwrap();
    assert_eq!(last.header("if-none-match"), Some("\"1\""));
    let state = visits.state("blog").await;
    assert_eq!((state.standing.failures, state.last_error), (0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_readers_waiting_forgives_one_failure_and_then_asks_once_an_hour() {
    let server = HttpServer::start();
    let visits = Visits::to_blog(&server);
    server.on("/feed", Answer::status(500));
    for (pass, asked) in [(0, 1), (0, 2), (0, 2), (50, 2), (5, 3), (50, 3), (5, 4)] {
        visits.pass(minutes(pass));
        let report = visits.run().await;
        assert_eq!(server.requests().len(), asked);
        let told = report.faults[0].to_string();
        assert!(
            told.contains("source `blog`: the server failed (500)"),
            "{told}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_in_the_place_of_a_feed_leaves_the_old_state() {
    let server = HttpServer::start();
    let visits = Visits::to_blog(&server);
    server.on("/feed", feed("").etag("\"1\""));
    visits.run().await;
    let before = visits.state("blog").await;
    for (answer, said) in [
        (
            Answer::ok("text/html", "<!doctype html><p>Hallo"),
            "this is a web page, not a feed",
        ),
        (
            Answer::ok("text/html", "<html><input type=password>"),
            "the server shows a login page",
        ),
        (
            Answer::ok("text/html", "<html><b class=g-recaptcha>"),
            "a bot check stands before it",
        ),
        (Answer::ok("text/xml", ""), "the document is empty"),
        (
            feed("").cut_after(60),
            "the document ends early or arrives broken",
        ),
        (Answer::status(401), "the server wants a login (401)"),
    ] {
        server.on("/feed", answer.clone().etag("\"2\""));
        visits.gather(&["blog"]).await;
        let state = visits.state("blog").await;
        assert_eq!(state.last_error.as_deref(), Some(said));
        assert_eq!(state.validators, before.validators, "{answer:?}");
        let last = server.requests().pop().unwrap();
        assert_eq!(last.header("if-none-match"), Some("\"1\""));
    }
}
