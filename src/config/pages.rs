//! The keys of a `[[source]]` that tell how its posts are found and read on pages: `posts`, `sitemap`, `match`, and where
//! they make no sense.
//!
//! What a CSS selector may be is for `gather` to say, which reads them; see [`super::Setting::Posts`].

use toml::de::DeValue;

use super::newsletter::parse_http;
use super::section::Section;
use super::value::Value;
use crate::model::Pages;

/// Keys that mean nothing for a folder.
const OF_ADDRESSES: [&str; 5] = ["posts", "sitemap", "match", "article", "full_text"];

/// Reads how posts are found; `Some(None)` for a feed, `None` where a fault was reported.
pub(super) fn read(section: &mut Section<'_>) -> Option<Option<Pages>> {
    let posts = section.get("posts");
    let sitemap = section.get("sitemap");
    let below = section.get("match");
    if let (Some(_), Some(sitemap)) = (&posts, &sitemap) {
        let hint = "`posts` names links on the page, `sitemap` asks the site for its pages";
        sitemap.report(
            "a source has `posts` or `sitemap`, not both",
            Some(hint.to_owned()),
        );
        return None;
    }
    if let (Some(below), None) = (&below, &sitemap) {
        let hint = "it tells which pages of a `sitemap` are posts; `posts` is a selector already";
        below.report("`match` needs `sitemap`", Some(hint.to_owned()));
        return None;
    }
    if let Some(posts) = posts {
        return Some(Some(Pages::Links(posts.line_of_text()?)));
    }
    let Some(sitemap) = sitemap else {
        return Some(None);
    };
    let below = match below {
        Some(below) => Some(below.parse_or_hint(parse_below, "write it as `/blog/`")?),
        None => None,
    };
    read_sitemap(&sitemap, below)
}

/// `true`, `false`, or the sitemap's own address.
fn read_sitemap(value: &Value<'_>, below: Option<String>) -> Option<Option<Pages>> {
    match value.raw() {
        DeValue::Boolean(true) => Some(Some(Pages::Sitemap { at: None, below })),
        DeValue::Boolean(false) => Some(None),
        DeValue::String(_) => {
            let at = value.parse(parse_http)?;
            Some(Some(Pages::Sitemap {
                at: Some(at),
                below,
            }))
        }
        _ => {
            value.report_type("`true` or the address of the sitemap", None);
            None
        }
    }
}

fn parse_below(text: &str) -> Result<String, &'static str> {
    match text.starts_with('/') && !text.contains(char::is_whitespace) {
        true => Ok(text.to_owned()),
        false => Err("the beginning of a path, from its first `/`"),
    }
}

/// A folder has files, not pages.
pub(super) fn refuse_in_folder(section: &mut Section<'_>) {
    for key in OF_ADDRESSES {
        if let Some(value) = section.get(key) {
            value.report(
                format!("`{key}` is for a source with `url`, not for a folder"),
                None,
            );
        }
    }
}
