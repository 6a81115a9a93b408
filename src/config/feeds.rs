//! `[feeds]`: what the feeds hold, and which hub hears of news.

use url::Url;

use super::newsletter::parse_http;
use super::section::Section;

/// The feeds that are published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feeds {
    /// What stands in them.
    pub items: FeedItems,
    /// The WebSub hub that is named in each feed and told of each change.
    pub hub: Option<Url>,
}

/// What the newsletter's feeds hold. Feeds of topics always hold posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedItems {
    /// Each post by itself.
    Posts,
    /// Each issue as one item, in the place of its posts.
    Issues,
    /// Posts, and issues in feeds of their own below `issues/`.
    Both,
}

/// Reads `[feeds]`.
pub(super) fn read(mut section: Section<'_>) -> Option<Feeds> {
    let items = section.or("items", FeedItems::Posts, |value| {
        value.choice(&[
            ("posts", FeedItems::Posts),
            ("issues", FeedItems::Issues),
            ("both", FeedItems::Both),
        ])
    });
    let hub = section.optional("hub", |value| value.parse(parse_http));
    section.finish();
    Some(Feeds { items: items?, hub })
}
