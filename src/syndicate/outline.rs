//! OPML 2.0 of the sources, so that a reader can follow them all in a program of their own.
//!
//! An address that a person must not pass on (it holds a login, or a key in its query) is left out.

use url::Url;

use super::text;
use crate::model::{Masthead, Source, SourceKind};

/// Words in a query's names that mark a key.
const SECRETS: [&str; 8] = [
    "key", "token", "secret", "auth", "pass", "sig", "session", "user",
];

/// Writes the sources as an outline: each feed, and the newsletter's own in the place of its folders.
pub fn outline(masthead: &Masthead, sources: &[Source]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for source in sources {
        let line = match &source.kind {
            SourceKind::Url(url) if is_public(url) => {
                entry(source.name.as_str(), url.as_str(), None)
            }
            SourceKind::Url(_) => continue,
            SourceKind::Folder(_) => {
                let home = format!("{}/", masthead.url);
                entry(&masthead.name, &masthead.feed(), Some(&home))
            }
        };
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<opml version=\"2.0\">\n<head>\n<title>{}</title>\n\
         <ownerName>{}</ownerName>\n</head>\n<body>\n{}</body>\n</opml>\n",
        escaped(&masthead.name),
        escaped(&masthead.name),
        lines.concat()
    )
}

fn entry(name: &str, feed: &str, home: Option<&str>) -> String {
    let name = escaped(name);
    let home = home.map(|home| format!(" htmlUrl=\"{}\"", escaped(home)));
    format!(
        "<outline type=\"rss\" text=\"{name}\" title=\"{name}\" xmlUrl=\"{}\"{}/>\n",
        escaped(feed),
        home.unwrap_or_default()
    )
}

fn is_public(url: &Url) -> bool {
    let secret = |name: &str| {
        let name = name.to_ascii_lowercase();
        SECRETS.iter().any(|word| name.contains(word))
    };
    url.username().is_empty()
        && url.password().is_none()
        && !url.query_pairs().any(|(name, _)| secret(&name))
}

fn escaped(value: &str) -> String {
    text::escape(&text::legal(value))
}
