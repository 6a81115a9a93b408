//! From an address to posts: feeds of pages, sites without a feed, whole texts, and the commands that change the sources.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests stop the test that they serve"
)]

mod discovery;
mod editing;
mod full_text;
mod lists;
mod pages;

use courant::gather::Gathered;

use crate::gather::show_all;
use crate::support::http::{Answer, HttpServer};
use crate::support::newsletter::{Ended, Newsletter};

const FEED: &str = include_str!("../fixtures/gather/rss.xml");
const HOME: &str = include_str!("../fixtures/gather/site/wordpress-home.html");
const POST: &str = include_str!("../fixtures/gather/site/wordpress-post.html");
const INDEX: &str = include_str!("../fixtures/gather/site/bedrijf-index.html");
const ITEM: &str = include_str!("../fixtures/gather/site/bedrijf-bericht.html");
const SQUARE: &str = include_str!("../fixtures/gather/site/squarespace-post.html");
const BARE: &str = include_str!("../fixtures/gather/site/zonder-datum.html");
const SITEMAP: &str = include_str!("../fixtures/gather/site/sitemap.xml");
const SHORT: &str = include_str!("../fixtures/gather/site/kort.xml");

/// A newsletter with two readers that may ask this machine, and with these sources beside its folder.
fn newsletter(sources: &str) -> Newsletter {
    let newsletter = Newsletter::new("mailbox");
    newsletter.append(
        "courant.toml",
        &format!("\n[gather]\nallow = [\"127.0.0.0/8\"]\n\n{sources}"),
    );
    newsletter.readers(2);
    newsletter
}

/// A text of a fixture with the server's own address in it.
fn of(server: &HttpServer, text: &str) -> String {
    let address = server.url("/").to_string();
    text.replace("http://SERVER/", &address)
}

fn html(text: impl Into<Vec<u8>>) -> Answer {
    Answer::ok("text/html; charset=utf-8", text)
}

/// What was printed, without the server's port.
fn plain(server: &HttpServer, text: &str) -> String {
    let address = server.url("/").to_string();
    text.replace(&address, "http://SERVER/")
        .replace(address.trim_end_matches('/'), "http://SERVER")
}

fn both(server: &HttpServer, ended: &Ended) -> String {
    plain(server, &format!("{}---\n{}", ended.stdout, ended.stderr))
}

/// Posts as a person would check them, without what hangs on the server's port.
fn shown(server: &HttpServer, gathered: &Gathered) -> String {
    let shown = plain(server, &show_all(gathered));
    let lines = shown
        .lines()
        .filter(|line| !line.starts_with("slug ") && !line.starts_with("identity "));
    lines.collect::<Vec<_>>().join("\n")
}

/// The paths that were asked, in order.
fn asked(server: &HttpServer) -> Vec<String> {
    server
        .requests()
        .into_iter()
        .map(|request| request.path)
        .collect()
}

fn titles(newsletter: &Newsletter, issue: &str) -> Vec<String> {
    let shown = newsletter.json(&["issues", "show", issue]);
    let posts = shown["posts"].as_array().unwrap().iter();
    posts
        .map(|post| post["title"].as_str().unwrap().to_owned())
        .collect()
}
