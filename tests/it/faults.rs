//! Bad input, as a person makes it: what touches everybody stops the program before anything is fetched or sent; what
//! touches one reader, post or source is named, and the rest goes out.

mod commands;
mod going_on;
mod logs;
mod machine;
mod stopping;

use std::fs;

use crate::support::http::{Answer, HttpServer};
use crate::support::newsletter::{Ended, Newsletter};
use crate::support::smtp::{Script, SmtpServer, Stage};

const FEED: &str = r#"<?xml version="1.0"?><rss version="2.0"><channel><title>Elders</title>
<link>http://elders.example/</link><description>d</description>
<item><title>Een bericht van elders</title><link>http://elders.example/1</link><guid>elders-1</guid>
<description>Met genoeg woorden om te lezen.</description></item></channel></rss>"#;

/// A newsletter with two readers, a folder and a feed, between a feed's server and a relay that see all that it does.
struct Watched {
    newsletter: Newsletter,
    http: HttpServer,
    smtp: SmtpServer,
}

impl Watched {
    async fn new() -> Self {
        let http = HttpServer::start();
        http.on("/feed.xml", Answer::ok("application/rss+xml", FEED));
        let smtp = SmtpServer::start(Script::new()).await;
        let newsletter = Newsletter::new(&format!("smtp://{}", smtp.address()));
        newsletter.append(
            "courant.toml",
            &format!(
                "\n[gather]\nallow = [\"127.0.0.1\"]\n\n[[source]]\nname = \"elders\"\nurl = \"{}\"\n",
                http.url("/feed.xml")
            ),
        );
        newsletter.readers(2);
        Self {
            newsletter,
            http,
            smtp,
        }
    }

    /// What was asked of the feed's server and of the relay so far.
    fn seen(&self) -> (usize, usize) {
        (
            self.http.requests().len(),
            self.smtp.arrivals(Stage::Connect),
        )
    }

    /// Runs the program and demands its code.
    async fn expect(&self, arguments: &[&str], code: i32) -> Ended {
        expect(&self.newsletter, arguments, code).await
    }

    /// Runs the program, which must refuse with this code and leave feed and relay alone; what it said on stderr.
    async fn refused(&self, arguments: &[&str], code: i32) -> String {
        let before = self.seen();
        let ended = self.expect(arguments, code).await;
        assert_eq!(self.seen(), before, "{arguments:?} fetched or sent");
        assert_eq!(ended.stdout, "", "{arguments:?}");
        self.plain(&ended.stderr)
    }

    /// A text without what differs from test to test.
    fn plain(&self, text: &str) -> String {
        plain(&self.newsletter, text)
            .replace(&self.http.url("/").to_string(), "http://feed/")
            .replace(&self.smtp.address().to_string(), "RELAY")
    }

    /// Puts a link that leads nowhere in the place of a file or folder.
    fn dangle(&self, name: &str) {
        let path = self.newsletter.path(name);
        if path.is_dir() {
            fs::remove_dir_all(&path).unwrap();
        } else {
            let _ = fs::remove_file(&path);
        }
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink("nowhere", path).unwrap();
    }
}

/// Runs the program without holding up the servers of the test, and demands its code.
async fn expect(newsletter: &Newsletter, arguments: &[&str], code: i32) -> Ended {
    let child = newsletter.start(arguments);
    let waited = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
    let ended = Ended::of(waited.await.unwrap());
    assert_eq!(
        ended.code, code,
        "courant {arguments:?}\n{}\n{}",
        ended.stdout, ended.stderr
    );
    ended
}

/// A text without the newsletter's folder, which commands are told with.
fn plain(newsletter: &Newsletter, text: &str) -> String {
    let folder = newsletter.folder().display().to_string();
    text.replace(&format!(" -c {folder} "), " ")
        .replace(&folder, "NEWSLETTER")
}
