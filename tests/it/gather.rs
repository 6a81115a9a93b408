//! Behaviour of `gather`: sources become posts.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests stop the test that they serve"
)]

mod behaviours;
mod dialects;
mod feeds;
mod fetching;
mod first_user;
mod folders;

use std::fmt::Write as _;
use std::time::Duration;

use courant::gather::{FetchSettings, Fetcher};
use courant::model::{Network, Post, Source, SourceKind, SourceName};
use jiff::Timestamp;

use crate::support::http::HttpServer;

/// The instant at which the tests gather.
pub fn now() -> Timestamp {
    "2026-11-02T12:00:00Z".parse().unwrap()
}

/// A source of the kind, without settings.
pub fn source(kind: SourceKind) -> Source {
    Source::new(SourceName::parse("blog").unwrap(), kind)
}

/// Settings that may reach this machine.
pub fn settings() -> FetchSettings {
    FetchSettings {
        allow: ["127.0.0.0/8", "::1"]
            .into_iter()
            .filter_map(Network::parse)
            .collect(),
        total: Duration::from_secs(20),
        ..FetchSettings::new("courant/test (+https://krant.example.nl)")
    }
}

/// A fetcher that may reach this machine, and trusts the server's certificate, if it has one.
pub fn fetcher(server: &HttpServer) -> Fetcher {
    Fetcher::new(FetchSettings {
        roots: server.certificate().into_iter().collect(),
        ..settings()
    })
    .unwrap()
}

/// A post as a person would check it.
pub fn show(post: &Post) -> String {
    let mut shown = String::new();
    let mut line = |name: &str, value: &str| writeln!(shown, "{name:<10}{value}").unwrap();
    let derived = if post.title_derived {
        "  (derived)"
    } else {
        ""
    };
    line("title", &format!("{}{derived}", post.title));
    line("identity", &post.identity);
    line("alternate", post.alternate.as_deref().unwrap_or("-"));
    line("slug", &post.slug);
    line("link", post.link.as_deref().unwrap_or("-"));
    if let Some(author) = &post.author {
        line("author", &author.name);
        line("bio", author.bio.as_deref().unwrap_or("-"));
        line("photo", author.photo.as_deref().unwrap_or("-"));
    }
    let date = post.published.map(|date| date.to_string());
    line("published", date.as_deref().unwrap_or("-"));
    let language = post.language.as_ref().map_or("-", |tag| tag.as_str());
    line("language", language);
    let topics: Vec<&str> = post.topics.iter().map(|topic| topic.as_str()).collect();
    line("topics", &topics.join(", "));
    line("summary", &post.summary);
    if let Some(image) = &post.image {
        line(
            "image",
            &format!("{} {:?} {:?}", image.url, image.alt, image.size),
        );
    }
    if let Some(call) = &post.call_to_action {
        line(
            "call",
            &format!("{} | {:?} | {:?}", call.text, call.label, call.url),
        );
    }
    if post.lead {
        line("lead", "yes");
    }
    if let Some(hold) = &post.hold {
        line("hold", &format!("{hold:?}"));
    }
    for file in &post.files {
        let name = file.path.file_name().unwrap().to_string_lossy();
        line("file", &format!("{name} as {}", file.name));
    }
    writeln!(shown, "html\n{}", post.html).unwrap();
    shown
}

/// Several posts, and then the faults.
pub fn show_all(gathered: &courant::gather::Gathered) -> String {
    let posts: Vec<String> = gathered.posts.iter().map(show).collect();
    let faults: Vec<String> = gathered.faults.iter().map(ToString::to_string).collect();
    format!("{}\n{}\n", posts.join("\n---\n\n"), faults.join("\n\n"))
        .trim_end()
        .to_owned()
}
