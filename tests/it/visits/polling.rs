//! When a source that answers is asked again: as server and feed wish, and as readers wait.

use super::*;

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
    // Whoever was first: at most two of the busy host had been asked by then.
    let before = paths(&server).iter().position(|path| path == "/sein");
    assert!(before.is_some_and(|before| before <= 2), "{before:?}");
}
