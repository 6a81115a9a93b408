//! Visits over days and weeks: when a source is asked again, and when no more. The clock is set by the test, and the
//! servers' logs say who was asked.

use std::collections::HashSet;

use courant::model::{NotAsked, SourceName};
use courant::pipeline::{RunReport, SourceReport, Wish};
use courant::store::SourceState;
use jiff::{SignedDuration, Timestamp};

use crate::support::http::{Answer, HttpServer};
use crate::support::newsletter::Newsletter;
use crate::support::timed::Timed;

const MONDAY: &str = "2026-11-02T07:00:05Z";

/// A newsletter whose sources are these paths of a server, each named like its path.
struct Visits {
    timed: Timed,
}

fn feed(inside: &str) -> Answer {
    let text = format!(
        "<rss version=\"2.0\" xmlns:sy=\"http://purl.org/rss/1.0/modules/syndication/\"><channel><title>Blog</title>\
         {inside}<item><title>Het eerste</title><link>https://blog.example.nl/een/</link></item></channel></rss>"
    );
    Answer::ok("application/rss+xml", text)
}

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

fn hours(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count)
}

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

impl Visits {
    fn to(sources: &[(&str, String)]) -> Self {
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
        newsletter.readers(1);
        Self {
            timed: Timed::new(newsletter, MONDAY),
        }
    }

    /// One source, `blog`, at `/feed`.
    fn to_blog(server: &HttpServer) -> Self {
        Self::to(&[("blog", server.url("/feed").to_string())])
    }

    fn pass(&self, time: SignedDuration) {
        self.timed.advance(time);
    }

    fn now(&self) -> Timestamp {
        self.timed.now()
    }

    /// A run that makes an issue if there is something new.
    async fn run(&self) -> RunReport {
        self.timed.run(&Wish::Default).await
    }

    /// `courant gather`, with names if there are any.
    async fn gather(&self, names: &[&str]) -> RunReport {
        let named: HashSet<_> = names
            .iter()
            .map(|name| SourceName::parse(name).unwrap())
            .collect();
        let pipeline = self.timed.open().await;
        let report = pipeline.poll(&named, &self.timed.world()).await.unwrap();
        pipeline.store.close().await;
        report
    }

    async fn state(&self, name: &str) -> SourceState {
        let pipeline = self.timed.open().await;
        let name = SourceName::parse(name).unwrap();
        let state = pipeline.store.source_state(&name).await.unwrap().unwrap();
        pipeline.store.close().await;
        state
    }

    /// Polls a moment too early and then when it is due, and says how many minutes that was after now.
    async fn minutes_until_asked(&self, server: &HttpServer) -> i64 {
        let (began, before) = (self.now(), server.requests().len());
        let due = self.state("blog").await.standing.next_due.unwrap();
        self.timed.advance(due.duration_since(began) - minutes(6));
        self.gather(&[]).await;
        assert_eq!(server.requests().len(), before);
        self.pass(minutes(1));
        self.gather(&[]).await;
        assert_eq!(server.requests().len(), before + 1);
        self.now().duration_since(began).as_mins()
    }
}

fn only(report: &RunReport) -> &SourceReport {
    let [source] = &report.sources[..] else {
        panic!("{report:?}");
    };
    source
}

fn paths(server: &HttpServer) -> Vec<String> {
    server
        .requests()
        .into_iter()
        .map(|request| request.path)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn polling_keeps_the_pace_that_server_and_feed_ask_for() {
    let server = HttpServer::start();
    let visits = Visits::to_blog(&server);
    let expires = |at: &str| {
        feed("")
            .header("date", "Mon, 02 Nov 2026 03:00:00 GMT")
            .header("expires", at)
    };
    for (answer, least, most) in [
        // Nobody is polled more than once an hour, and never later than after a day. Five minutes are cron's.
        (feed(""), 55, 58),
        (feed("").header("cache-control", "max-age=60"), 55, 58),
        (feed("").header("cache-control", "max-age=10800"), 175, 178),
        (
            feed("")
                .header("cache-control", "max-age=10800")
                .header("age", "3600"),
            115,
            130,
        ),
        (
            feed("").header("cache-control", "max-age=31536000"),
            1435,
            1450,
        ),
        (
            feed("").header("cache-control", "no-cache, max-age=10800"),
            55,
            70,
        ),
        // The server's clock is wrong; the distance is not.
        (expires("Mon, 02 Nov 2026 06:00:00 GMT"), 175, 178),
        (expires("0"), 55, 58),
        (feed("<ttl>180</ttl>"), 175, 178),
        (
            feed("<ttl>180</ttl>").header("cache-control", "max-age=60"),
            175,
            190,
        ),
        (
            feed(
                "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>6</sy:updateFrequency>",
            ),
            235,
            250,
        ),
    ] {
        server.on("/feed", answer.clone());
        visits.gather(&["blog"]).await;
        let passed = visits.minutes_until_asked(&server).await;
        assert!(
            (least..=most).contains(&passed),
            "{passed} minutes after {answer:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn polling_leaves_a_feed_alone_in_the_hours_that_it_names() {
    let server = HttpServer::start();
    let visits = Visits::to_blog(&server);
    // It is seven; nobody comes from eight to twelve.
    let quiet: String = (8..12).map(|hour| format!("<hour>{hour}</hour>")).collect();
    server.on("/feed", feed(&format!("<skipHours>{quiet}</skipHours>")));
    let report = visits.gather(&[]).await;
    assert_eq!(
        (only(&report).found, only(&report).not_asked.clone()),
        (1, None)
    );
    let due = visits.state("blog").await.standing.next_due;
    assert_eq!(due, Some("2026-11-02T12:00:00Z".parse().unwrap()));
    // On Tuesday nobody comes at all: it is left alone for a day, and not longer.
    server.on("/feed", feed("<skipDays><day>Tuesday</day></skipDays>"));
    visits.timed.set("2026-11-02T23:30:00Z");
    visits.gather(&[]).await;
    let due = visits.state("blog").await.standing.next_due.unwrap();
    assert!(
        due <= visits.now() + days(1) && due > visits.now() + minutes(59),
        "{due}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_readers_waiting_is_held_by_the_servers_promise_and_for_an_hour_at_most() {
    let server = HttpServer::start();
    let visits = Visits::to_blog(&server);
    server.on("/feed", feed("<ttl>1440</ttl>"));
    visits.run().await;
    visits.run().await;
    assert_eq!(
        server.requests().len(),
        2,
        "the wish of a feed is for those who poll"
    );
    server.on(
        "/feed",
        feed("<ttl>1440</ttl>").header("cache-control", "max-age=86400"),
    );
    visits.run().await;
    visits.pass(minutes(50));
    let report = visits.run().await;
    let Some(NotAsked::NotDue { until }) = only(&report).not_asked else {
        panic!("{report:?}");
    };
    assert_eq!((until, report.faults.len()), (visits.now() + minutes(5), 0));
    assert_eq!(server.requests().len(), 3);
    visits.pass(minutes(5));
    visits.run().await;
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_asked_once_a_run_however_many_schedules_it_serves() {
    let server = HttpServer::start();
    let visits = Visits::to_blog(&server);
    server.on("/feed", feed(""));
    let text = visits.timed.newsletter.read("schedules/weekly.toml");
    visits.timed.newsletter.write("schedules/other.toml", &text);
    let report = visits.run().await;
    assert_eq!(report.issues.len() + report.quiet.len(), 2);
    assert_eq!(server.requests().len(), 1);
}

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

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_is_asked_no_more_until_somebody_wants_it() {
    let server = HttpServer::start();
    let visits = Visits::to_blog(&server);
    server.on("/feed", feed(""));
    visits.run().await;
    visits.timed.set("2026-11-03T09:00:00Z");
    server.on("/feed", Answer::status(410));
    let report = visits.run().await;
    assert_eq!(report.faults[0].message, "source `blog`: gone (410)");
    for _ in 0..4 {
        visits.pass(days(7));
        visits.gather(&[]).await;
        let report = visits.run().await;
        let told = &report.faults[0];
        assert_eq!(
            told.message,
            "source `blog`: gone since 3 November 2026, and not asked any more"
        );
        assert!(
            told.hint.as_ref().unwrap().contains("courant gather blog"),
            "{told}"
        );
    }
    assert_eq!(server.requests().len(), 2);
    // Named, it is asked once more, and stays gone.
    visits.gather(&["blog"]).await;
    visits.run().await;
    assert_eq!(server.requests().len(), 3);
    let ended = visits.state("blog").await.standing.ended.unwrap();
    assert_eq!(ended.since, "2026-11-03T09:00:00Z".parse().unwrap());
    // Its address is corrected: that is another beginning.
    server.on("/nieuw", feed(""));
    visits
        .timed
        .newsletter
        .replace("courant.toml", "/feed\"", "/nieuw\"");
    let report = visits.run().await;
    assert_eq!((only(&report).found, report.faults.len()), (1, 0));
    visits.run().await;
    assert_eq!(server.requests_to("/nieuw").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrected_address_that_is_gone_too_is_remembered_as_such() {
    let server = HttpServer::start();
    let visits = Visits::to_blog(&server);
    server.on("/feed", feed(""));
    visits.run().await;
    server.on("/nieuw", Answer::status(410));
    visits
        .timed
        .newsletter
        .replace("courant.toml", "/feed\"", "/nieuw\"");
    for _ in 0..3 {
        visits.run().await;
    }
    assert_eq!(server.requests_to("/nieuw").len(), 1);
    visits
        .timed
        .newsletter
        .replace("courant.toml", "/nieuw\"", "/feed\"");
    visits.run().await;
    assert_eq!(server.requests_to("/feed").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_there_for_three_weeks_ends_a_source() {
    let server = HttpServer::start();
    let visits = Visits::to_blog(&server);
    server.on("/feed", feed(""));
    visits.run().await;
    server.on("/feed", Answer::status(404));
    for day in 0..=21 {
        visits.pass(days(1));
        let report = visits.run().await;
        assert!(only(&report).error.is_some(), "day {day}: {report:?}");
    }
    assert_eq!(server.requests().len(), 1 + 22);
    for _ in 0..3 {
        visits.pass(days(1));
        let report = visits.run().await;
        let message = &report.faults[0].message;
        assert!(message.contains("gone since 3 November 2026"), "{message}");
    }
    assert_eq!(server.requests().len(), 1 + 22);
    let ended = visits.state("blog").await.standing.ended.unwrap();
    assert_eq!(ended.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_404_now_and_then_is_not_the_end() {
    let server = HttpServer::start();
    let visits = Visits::to_blog(&server);
    for day in 0..40 {
        server.on(
            "/feed",
            if day == 20 {
                feed("")
            } else {
                Answer::status(404)
            },
        );
        visits.run().await;
        visits.pass(days(1));
    }
    assert_eq!(server.requests().len(), 40);
    assert_eq!(visits.state("blog").await.standing.ended, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permanent_move_is_adopted_after_a_week_and_a_passing_one_never() {
    for (status, adopted) in [
        (301, true),
        (308, true),
        (302, false),
        (303, false),
        (307, false),
    ] {
        let (server, new) = (HttpServer::start(), HttpServer::start());
        let visits = Visits::to_blog(&server);
        server.on("/feed", Answer::redirect(status, new.url("/nieuw")));
        new.on("/nieuw", feed("").etag("\"1\""));
        for day in 0..=7 {
            let report = visits.run().await;
            let notes = &only(&report).notes;
            let told = match (adopted, day) {
                (true, 0) => Some(format!(
                    "says that it moved for good to {}",
                    new.url("/nieuw")
                )),
                (true, 7) => Some(format!(
                    "moved to {}, which is asked from now on",
                    new.url("/nieuw")
                )),
                _ => None,
            };
            assert_eq!(notes.first(), told.as_ref(), "{status}, day {day}");
            visits.pass(days(1));
        }
        assert_eq!(server.requests().len(), 8);
        for _ in 0..2 {
            visits.run().await;
        }
        let asked = if adopted { 8 } else { 10 };
        assert_eq!(
            (server.requests().len(), new.requests().len()),
            (asked, 10),
            "{status}"
        );
        // The new server's own validators are shown to it once it is asked by itself.
        let last = new.requests().pop().unwrap();
        assert_eq!(last.header("if-none-match").is_some(), adopted);
        assert_eq!(
            visits.state("blog").await.posts,
            1,
            "nothing is new by moving"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_changes_its_mind_begins_anew_and_one_that_fails_is_given_up() {
    let server = HttpServer::start();
    let visits = Visits::to_blog(&server);
    let moved = |path| Answer::redirect(301, path);
    for path in ["/a", "/b"] {
        server.on(path, feed("").etag("\"1\""));
    }
    for day in 0..12 {
        server.on("/feed", moved(if day < 5 { "/a" } else { "/b" }));
        visits.run().await;
        assert_eq!(
            visits.state("blog").await.standing.adopted,
            None,
            "day {day}"
        );
        visits.pass(days(1));
    }
    visits.run().await;
    assert!(visits.state("blog").await.standing.adopted.is_some());
    visits.run().await;
    // The new address ends: the configured one is asked again, without the other's validators.
    server.on("/b", Answer::status(410));
    server.on("/feed", feed("").etag("\"2\""));
    let report = visits.run().await;
    assert!(only(&report).notes[0].ends_with("/b fails: the configured address is asked again"));
    let report = visits.run().await;
    assert_eq!(only(&report).error, None);
    let last = server.requests().pop().unwrap();
    assert_eq!(
        (last.path.as_str(), last.header("if-none-match")),
        ("/feed", None)
    );
    assert_eq!(visits.state("blog").await.standing.ended, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_304_for_ever_is_asked_for_all_of_it_on_the_eighth_day() {
    let server = HttpServer::start();
    let visits = Visits::to_blog(&server);
    server.on("/feed", feed("").etag("W/\"1\"").stubborn());
    visits.run().await;
    let item = "<item><title>Het tweede</title><link>https://blog.example.nl/twee/</link></item>";
    server.on("/feed", feed(item).etag("W/\"1\"").stubborn());
    for day in 1..=16 {
        visits.pass(days(1));
        let report = visits.run().await;
        let last = server.requests().pop().unwrap();
        let whole = day % 8 == 0;
        assert_eq!(
            last.header("if-none-match"),
            (!whole).then_some("W/\"1\""),
            "day {day}"
        );
        assert_eq!(only(&report).new, usize::from(day == 8), "day {day}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_busy_host_keeps_no_other_waiting() {
    let (server, other) = (HttpServer::start(), HttpServer::start_at("127.0.0.2"));
    let mut sources = vec![];
    // A hundred sources of one host that answers nobody before the last source of all was asked.
    for number in 0..100 {
        let path = format!("/{number}");
        server.on(&path, feed("").after("/sein"));
        sources.push((format!("s{number}"), server.url(&path).to_string()));
    }
    server.on("/sein", feed(""));
    other.on(
        "/laatste",
        Answer::redirect(302, server.url_at("localhost", "/sein")),
    );
    sources.push(("laatste".to_owned(), other.url("/laatste").to_string()));
    let sources: Vec<_> = sources
        .iter()
        .map(|(name, url)| (name.as_str(), url.clone()))
        .collect();
    let visits = Visits::to(&sources);
    let report = visits.run().await;
    assert!(report.sources.iter().all(|source| source.error.is_none()));
    assert_eq!(
        paths(&server).iter().position(|path| path == "/sein"),
        Some(2)
    );
}
