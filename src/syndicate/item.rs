//! One item of a feed, made of a post or of an issue: the same in every format, fit for XML, with absolute addresses.

use jiff::Timestamp;

use super::text;
use crate::model::{Issue, Language, LedgerEntry, Masthead, Post, Topic, absolute};

/// What a feed says of one post or issue.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Never changes, whatever becomes of title, link and newsletter.
    pub id: String,
    /// Plain text.
    pub title: String,
    /// Where readers find it.
    pub link: String,
    /// Of the author; plain text.
    pub author: Option<String>,
    /// When it was published.
    pub published: Timestamp,
    /// When it came out in a feed of ours; no two items of a feed have the same moment (a remark of W3C's validator).
    pub appeared: Timestamp,
    /// Its language, where that is not the feed's.
    pub language: Option<Language>,
    /// What it is about.
    pub topics: Vec<Topic>,
    /// Plain text; may be empty.
    pub summary: String,
    /// Sanitised; may be empty.
    pub html: String,
    /// The picture that stands for it.
    pub image: Option<ItemImage>,
}

/// A picture of an item.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemImage {
    /// Absolute.
    pub url: String,
    /// Text in its place; may be empty.
    pub alt: String,
    /// Width and height in pixels, where known.
    pub size: Option<(u32, u32)>,
}

impl Item {
    /// The item of a post that an issue carried at `appeared`; `None` for one that is held back since.
    pub fn of_post(masthead: &Masthead, entry: &LedgerEntry, appeared: Timestamp) -> Option<Self> {
        let post = &entry.post;
        if post.hold.is_some() {
            return None;
        }
        let base = &masthead.url;
        let language = post.language.as_ref();
        Some(Self {
            id: id_of(post),
            title: text::legal(&post.title),
            link: text::legal(&post.address(base)),
            author: post.author.as_ref().map(|author| text::legal(&author.name)),
            published: entry.dated(),
            appeared,
            language: language
                .filter(|own| own.primary() != masthead.language.primary())
                .cloned(),
            topics: post.topics.clone(),
            summary: text::legal(&post.summary),
            html: text::with_absolute_addresses(&text::legal(&post.html), base),
            image: picture(post, base),
        })
    }

    /// The item of an issue under a title: its stories, each a heading that links to it.
    pub fn of_issue(issue: &Issue, title: &str, summary: &str) -> Self {
        let base = &issue.masthead.url;
        let lead = issue.posts.first().map(|(_, post)| post);
        let stories = issue.posts.iter().map(|(_, post)| story(post, base));
        let mut topics: Vec<Topic> = Vec::new();
        for topic in issue.posts.iter().flat_map(|(_, post)| &post.topics) {
            if !topics.contains(topic) {
                topics.push(topic.clone());
            }
        }
        // The nonce was drawn at sealing: of two newsletters, or one that begins anew, no two issues share it.
        let mark = blake3::hash(issue.nonce.0.as_bytes()).to_hex();
        Self {
            id: format!("urn:courant:issue:{}:{}", issue.number, &mark[..16]),
            title: text::legal(title),
            link: text::legal(&issue.masthead.issue_page(issue.number)),
            author: None,
            published: issue.sealed_at,
            appeared: issue.sealed_at,
            language: None,
            topics,
            summary: text::legal(summary),
            html: text::legal(&stories.collect::<String>()),
            image: lead.and_then(|post| picture(post, base)),
        }
    }
}

/// A story of an issue as HTML.
fn story(post: &Post, base: &str) -> String {
    let mut html = format!(
        "<h2><a href=\"{}\">{}</a></h2>\n",
        text::escape(&post.address(base)),
        text::escape(&post.title)
    );
    if let Some(author) = &post.author {
        html.push_str(&format!("<p><em>{}</em></p>\n", text::escape(&author.name)));
    }
    if !post.summary.is_empty() {
        html.push_str(&format!("<p>{}</p>\n", text::escape(&post.summary)));
    }
    html
}

/// The publisher's own identifier where it is one in the whole world, else one that is ours: neither title, link nor
/// a new address of the newsletter changes it.
fn id_of(post: &Post) -> String {
    let global = ["http://", "https://", "tag:", "urn:"]
        .iter()
        .any(|scheme| post.identity.starts_with(scheme));
    match global {
        true => text::legal(&post.identity),
        false => format!(
            "urn:courant:{}:{}",
            post.source,
            text::percent_encoded(&post.identity)
        ),
    }
}

fn picture(post: &Post, base: &str) -> Option<ItemImage> {
    let image = post.image.as_ref()?;
    let (address, size) = image.largest();
    Some(ItemImage {
        url: text::legal(&absolute(base, address)),
        alt: text::legal(&image.alt),
        size,
    })
}
