//! Sources over HTTP as cases need them: a feed for each name, and the program run on a newsletter that reads them.

use serde_json::Value;

use crate::support::http::{Answer, HttpServer};
use crate::support::newsletter::Newsletter;

/// One item of a feed.
#[derive(Debug, Clone)]
pub struct Item {
    pub guid: Option<String>,
    pub link: String,
    pub title: String,
    pub date: Option<&'static str>,
    pub text: String,
}

/// A feed that says it is of the site.
pub fn rss(site: &str, items: &[Item]) -> String {
    let items: String = items
        .iter()
        .map(|item| {
            let guid = item.guid.as_ref().map_or(String::new(), |guid| {
                format!("<guid isPermaLink=\"false\">{guid}</guid>")
            });
            let date = item
                .date
                .map_or(String::new(), |date| format!("<pubDate>{date}</pubDate>"));
            format!(
                "<item><title>{}</title><link>{}</link>{guid}{date}\
                 <content:encoded><![CDATA[<p>{}</p>]]></content:encoded></item>",
                item.title, item.link, item.text
            )
        })
        .collect();
    format!(
        "<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel>\
         <title>{site}</title><link>{site}</link><description>d</description>{items}</channel></rss>"
    )
}

/// A newsletter that reads feeds of a loopback server, one for each name.
pub struct Reading {
    pub server: HttpServer,
    pub newsletter: Newsletter,
    names: Vec<String>,
}

impl Reading {
    /// Sends at its first run what the sources show; they stand in `courant.toml` in this order.
    pub fn new(sources: &[&str]) -> Self {
        let reading = Self {
            server: HttpServer::start(),
            newsletter: Newsletter::new("mailbox"),
            names: sources.iter().map(|name| (*name).to_owned()).collect(),
        };
        let entries: String = sources
            .iter()
            .map(|name| reading.entry(name, reading.server.url(&format!("/{name}")).as_str()))
            .collect();
        reading.newsletter.replace(
            "courant.toml",
            "[[source]]\nname = \"eigen\"\nfolder = \"posts\"\n",
            &format!("{entries}[gather]\nallow = [\"127.0.0.0/8\"]\n"),
        );
        reading.newsletter.readers(1);
        reading
    }

    fn entry(&self, name: &str, url: &str) -> String {
        format!("[[source]]\nname = \"{name}\"\nurl = \"{url}\"\n\n")
    }

    /// What a feed shows from now on.
    pub fn show(&self, name: &str, site: &str, items: &[Item]) {
        let answer = Answer::ok("application/rss+xml", rss(site, items));
        self.server.on(&format!("/{name}"), answer);
    }

    /// Asks every source, whatever its pace.
    pub fn gather(&self) {
        let names = self.names.iter().map(String::as_str);
        let arguments: Vec<&str> = std::iter::once("gather").chain(names).collect();
        let ended = self.newsletter.run(&arguments);
        assert!(matches!(ended.code, 0 | 1 | 69), "{ended:?}");
    }

    /// What the next issue would be made of, post by post, each with a reason.
    pub fn plan(&self) -> Vec<Value> {
        let plan = self.newsletter.json(&["plan"]);
        plan[0]["posts"].as_array().unwrap().clone()
    }

    /// The titles that the next issue would carry, newest first.
    pub fn planned(&self) -> Vec<String> {
        let posts = self.plan().into_iter();
        let carried = posts.filter(|post| post["carried"] == true);
        carried
            .map(|post| post["title"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Makes an issue, if there is one to make, and gives the titles that it carried, sorted.
    pub fn issue(&self) -> Vec<String> {
        let mut titles = self.planned();
        self.newsletter.run(&["-q", "run"]);
        titles.sort();
        titles
    }
}
