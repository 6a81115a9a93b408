//! Visits over days and weeks: when a source is asked again, and when no more. The clock is set by the test, and the
//! servers' logs say who was asked.

mod ending;
mod failing;
mod polling;

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
