//! What is gone, and what has moved.

use super::*;

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
