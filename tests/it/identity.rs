//! What is new and what is not, over whole runs: moved sites, floods, filters, and posts that several sources bring.

use courant::model::SourceName;
use courant::pipeline::{Plan, RunReport, SourceReport, Wish};
use jiff::{SignedDuration, Timestamp};

use crate::support::http::{Answer, HttpServer};
use crate::support::newsletter::Newsletter;
use crate::support::timed::Timed;

mod filters;
mod floods;
mod moves;
mod twins;

/// A Wednesday.
const NOW: &str = "2026-11-25T08:00:00Z";

/// One item of a feed.
#[derive(Debug, Clone)]
struct Item {
    guid: String,
    link: String,
    title: String,
    date: Option<Timestamp>,
    topics: Vec<&'static str>,
    author: Option<&'static str>,
    text: String,
}

/// An item of `blog.example.nl`, so many hours old.
fn item(number: i64, hours: i64) -> Item {
    let now: Timestamp = NOW.parse().unwrap();
    Item {
        guid: format!("https://blog.example.nl/?p={number}"),
        link: format!("https://blog.example.nl/2026/bericht-{number}/"),
        title: format!("Bericht nummer {number}"),
        date: Some(now - SignedDuration::from_hours(hours)),
        topics: vec![],
        author: None,
        text: format!("Wat er staat in bericht {number}, en dat is elke keer iets anders."),
    }
}

fn rss(title: &str, items: &[Item]) -> String {
    let items: String = items
        .iter()
        .map(|item| {
            let date = item.date.map_or(String::new(), |date| {
                format!("<pubDate>{}</pubDate>", date.strftime("%a, %d %b %Y %T GMT"))
            });
            let topics = item.topics.iter();
            let topics: String = topics.map(|t| format!("<category>{t}</category>")).collect();
            let author = item.author.map_or(String::new(), |name| {
                format!("<dc:creator>{name}</dc:creator>")
            });
            format!(
                "<item><guid isPermaLink=\"false\">{}</guid><link>{}</link><title>{}</title>{date}{topics}{author}\
                 <content:encoded><![CDATA[<p>{}</p>]]></content:encoded></item>",
                item.guid, item.link, item.title, item.text
            )
        })
        .collect();
    format!(
        "<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
         xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel><title>{title}</title>\
         <link>https://blog.example.nl/</link><description>Een blog.</description>{items}</channel></rss>"
    )
}

/// A newsletter that reads feeds of a loopback server, one for each name.
struct World {
    server: HttpServer,
    timed: Timed,
}

impl World {
    /// `settings` are lines for each source; `first_run` is the schedule's.
    fn new(sources: &[(&str, &str)], first_run: &str) -> Self {
        let server = HttpServer::start();
        let newsletter = Newsletter::new("mailbox");
        let entries: String = sources
            .iter()
            .map(|(name, settings)| {
                let url = server.url(&format!("/{name}"));
                format!("[[source]]\nname = \"{name}\"\nurl = \"{url}\"\n{settings}\n\n")
            })
            .collect();
        newsletter.replace(
            "courant.toml",
            "[[source]]\nname = \"eigen\"\nfolder = \"posts\"\n",
            &format!("{entries}[gather]\nallow = [\"127.0.0.0/8\"]\n"),
        );
        newsletter.replace(
            "schedules/weekly.toml",
            "first_run = \"send\"",
            &format!("first_run = \"{first_run}\""),
        );
        newsletter.readers(2);
        Self {
            server,
            timed: Timed::new(newsletter, NOW),
        }
    }

    /// One feed that was read once, with these items as its baseline.
    async fn blog(items: &[Item]) -> Self {
        let world = Self::new(&[("blog", "")], "baseline");
        world.show("blog", items);
        assert_eq!(world.run().await.sent, Vec::<String>::new());
        world
    }

    /// What a feed shows from now on.
    fn show(&self, name: &str, items: &[Item]) {
        self.show_as(name, &format!("Het {name}"), items);
    }

    fn show_as(&self, name: &str, title: &str, items: &[Item]) {
        let path = format!("/{name}");
        self.server
            .on(&path, Answer::ok("application/rss+xml", rss(title, items)));
    }

    /// A run, an hour after the last.
    async fn run(&self) -> Ran {
        self.timed.advance(SignedDuration::from_hours(1));
        let report = self.timed.run(&Wish::Default).await;
        let pipeline = self.timed.open().await;
        let mut sent = Vec::new();
        for issue in &report.issues {
            let sealed = pipeline.store.issue_load(issue.number).await.unwrap();
            sent.extend(
                sealed
                    .unwrap()
                    .posts
                    .into_iter()
                    .map(|(_, post)| post.title),
            );
        }
        pipeline.store.close().await;
        sent.sort();
        Ran { report, sent }
    }

    /// A plan, a minute after what went before.
    async fn plan(&self) -> Plan {
        self.timed.advance(SignedDuration::from_mins(1));
        let pipeline = self.timed.open().await;
        let schedule = pipeline.config.schedules[0].clone();
        let plan = pipeline.plan(&schedule, &self.timed.world()).await.unwrap();
        pipeline.store.close().await;
        plan
    }

    fn says(&self, arguments: &[&str], code: i32) -> String {
        let ended = self.timed.newsletter.expect(arguments, code);
        format!("{}{}", ended.stdout, ended.stderr)
    }
}

/// What a run said, and the titles that its issues carried, sorted.
struct Ran {
    report: RunReport,
    sent: Vec<String>,
}

impl Ran {
    fn source(&self, name: &str) -> &SourceReport {
        let name = SourceName::parse(name).unwrap();
        let mut sources = self.report.sources.iter();
        sources.find(|source| source.name == name).unwrap()
    }
}

/// The reason that a plan gives for a post of a source.
fn reason<'a>(plan: &'a Plan, source: &str, title: &str) -> &'a str {
    let mut posts = plan.posts.iter();
    let found = posts.find(|post| post.title == title && post.source.as_str() == source);
    &found
        .unwrap_or_else(|| panic!("{title} in {plan:?}"))
        .reason
}
