//! A clock that is not believed: nothing is sealed or sent by it, unless a server that is asked anyway tells the same time.

use courant::model::{DeliveryState, IssueNumber};
use courant::pipeline::{ClockDoubt, Fault, Wish};
use jiff::SignedDuration;

use crate::support::http::{Answer, HttpServer};
use crate::support::newsletter::Newsletter;
use crate::support::smtp::{Script, SmtpServer, Stage, at};
use crate::support::timed::Timed;

const MONDAY: &str = "2026-12-07T07:00:05Z";
const A_YEAR_AHEAD: &str = "2027-12-20T07:00:05Z";

/// Why a run sealed and sent nothing.
async fn refused(timed: &Timed) -> ClockDoubt {
    let pipeline = timed.open().await;
    let result = pipeline.run(&Wish::Due, &timed.world()).await;
    pipeline.store.close().await;
    match result {
        Err(Fault::Clock(doubt)) => doubt,
        other => panic!("{other:?}"),
    }
}

fn newsletter() -> Newsletter {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    newsletter
}

#[tokio::test(flavor = "multi_thread")]
async fn by_a_clock_of_before_2026_nothing_is_sealed() {
    let timed = Timed::new(newsletter(), "2025-12-29T07:00:05Z");
    let doubt = refused(&timed).await;
    assert_eq!((doubt.sealed, doubt.other), (None, None));
    assert_eq!(timed.newsletter.mailbox().len(), 0);
    timed.set(MONDAY);
    let report = timed.run(&Wish::Due).await;
    assert_eq!(report.issues.len(), 1, "its due time was not spent");
    assert_eq!(report.faults, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_behind_the_newest_issue_is_believed_and_more_is_not() {
    let timed = Timed::new(newsletter(), MONDAY);
    assert_eq!(timed.run(&Wish::Due).await.issues.len(), 1);
    timed.advance(-SignedDuration::from_hours(24));
    assert_eq!(timed.run(&Wish::Due).await.faults, []);
    timed.advance(-SignedDuration::from_secs(1));
    let sealed = refused(&timed).await.sealed.unwrap();
    assert_eq!(
        (sealed.issue, sealed.at),
        (IssueNumber(1), MONDAY.parse().unwrap())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_tells_the_same_time_settles_it() {
    let http = HttpServer::start();
    let feed = |date: &str| {
        let feed = "<rss version=\"2.0\"><channel><title>t</title></channel></rss>";
        Answer::ok("application/rss+xml", feed).header("Date", date)
    };
    let newsletter = newsletter();
    newsletter.append(
        "courant.toml",
        &format!(
            "\n[gather]\nallow = [\"127.0.0.1\"]\n\n[[source]]\nname = \"blog\"\nurl = \"{}\"\n",
            http.url("/feed")
        ),
    );
    http.on("/feed", feed("Mon, 20 Dec 2027 07:00:05 GMT"));
    let timed = Timed::new(newsletter, A_YEAR_AHEAD);
    assert_eq!(timed.run(&Wish::Due).await.issues.len(), 1);
    timed.newsletter.post("tweede", "Het tweede bericht");
    timed.set(MONDAY);
    let (who, said) = refused(&timed).await.other.unwrap();
    assert_eq!(who, "the server of `blog`");
    assert_eq!(said, A_YEAR_AHEAD.parse().unwrap());
    http.on("/feed", feed("Mon, 07 Dec 2026 08:00:06 GMT"));
    refused(&timed).await;
    http.on("/feed", feed("Mon, 07 Dec 2026 08:00:05 GMT"));
    let report = timed.run(&Wish::Due).await;
    assert_eq!(report.issues.len(), 1);
    assert_eq!(report.faults.len(), 1, "{:?}", report.faults);
    assert!(
        report.faults[0].message.contains("378 days"),
        "{:?}",
        report.faults
    );
    assert_eq!(timed.newsletter.mailbox().len(), 2);
    assert_eq!(timed.run(&Wish::Due).await.faults, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_put_off_by_a_clock_ahead_waits_no_year_and_expires_in_due_time() {
    let later = at(Stage::Rcpt).times(2).say("451 4.2.0 try again later");
    let server = SmtpServer::start(Script::new().rule(later)).await;
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.append("courant.toml", "connections = 1\n");
    newsletter.readers(1);
    let timed = Timed::new(newsletter, A_YEAR_AHEAD);
    timed.run(&Wish::Due).await;
    timed.set(MONDAY);
    let pipeline = timed.open().await.with_right_clock(true);
    let report = timed.run_on(pipeline, &Wish::Due).await;
    assert_eq!(server.arrivals(Stage::Rcpt), 2, "it is tried at once");
    assert_eq!(report.issues[0].account.queued, 1);
    timed.advance(SignedDuration::from_hours(96));
    timed.run(&Wish::Due).await;
    let pipeline = timed.open().await;
    let failed = Some(DeliveryState::Failed);
    let rows = pipeline
        .store
        .delivery_list(IssueNumber(1), failed, -1, 10)
        .await;
    pipeline.store.close().await;
    assert_eq!(
        rows.unwrap().len(),
        1,
        "four days after that try it is given up"
    );
}
