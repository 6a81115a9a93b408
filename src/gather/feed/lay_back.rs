//! Holds what the parser made of a canonical feed against what was read, and lays back what it lost or changed.

use feed_rs::model::{Entry, Feed, FeedType};

use super::canonical;
use super::reading::{Fields, Reading};
use super::repairs::{Repair, Repairs};

/// Lays back fields of the feed itself.
pub(super) fn feed(feed: &mut Feed, reading: &Reading) {
    if !reading.is_atom() {
        feed.feed_type = match reading.kind {
            kind if kind.starts_with("json") => FeedType::JSON,
            "rss10" | "rss11" | "rss090" => FeedType::RSS1,
            _ => FeedType::RSS2,
        };
    }
    feed.language.clone_from(&reading.feed.language);
}

/// Lays back fields of one entry, and notes what the parser had lost.
pub(super) fn entry(entry: &mut Entry, fields: &Fields, repairs: &mut Repairs) {
    for lost in entry_back(entry, fields) {
        repairs.note(Repair::LaidBack, lost);
    }
}

/// The names of the fields that had been lost.
fn entry_back(entry: &mut Entry, fields: &Fields) -> Vec<&'static str> {
    let mut lost = Vec::new();
    let id = fields.id.clone().unwrap_or_default();
    if entry.id != id.trim() {
        lost.push("id");
    }
    entry.id = id;
    for (name, date, ours) in [
        ("published", &mut entry.published, fields.published),
        ("updated", &mut entry.updated, fields.updated),
    ] {
        let ours = ours.and_then(|date| date.to_string().parse().ok());
        if *date != ours {
            lost.push(name);
            *date = ours;
        }
    }
    entry.published = entry.published.or_else(|| {
        let created = fields.created?;
        created.to_string().parse().ok()
    });
    let body = canonical::body_of(fields);
    entry.base = body
        .filter(|body| body.based)
        .map(|body| body.base.to_string());
    entry.language.clone_from(&fields.language);
    if let (Some(content), Some(body)) = (&mut entry.content, body) {
        if content.body.as_deref().map(str::len) < Some(body.value.trim().len() / 2) {
            lost.push("content");
        }
        content.body = Some(body.value.clone());
    }
    if let (Some(text), Some(summary)) = (&mut entry.summary, &fields.summary) {
        text.content.clone_from(&summary.value);
    }
    if let (Some(text), Some(title)) = (&mut entry.title, &fields.title) {
        text.content.clone_from(&title.value);
    }
    lost
}
