//! The head of a page: what a browser's tab, a search engine and a shared link show.
//!
//! In go a newsletter and what a page is about; out come its title, picture and feeds.

use serde::Serialize;

use super::prose::cut;
use crate::model::{Image, Masthead, Post, absolute};

/// Letters of a page's title at most.
const TAB_LETTERS: usize = 70;

/// Side of the newsletter's `icon.png`, in pixels.
const SIGN_SIDE: u32 = 512;

/// The head of a page.
#[derive(Debug, Default, Serialize)]
pub(super) struct Page {
    /// For a browser's tab: what the page is about, and whose it is if there is room.
    pub title: String,
    /// What the page is about alone.
    pub name: String,
    pub description: Option<String>,
    pub canonical: Option<String>,
    pub image: Option<PageImage>,
    /// The day it bears, of an article.
    pub published: Option<String>,
    pub feeds: PageFeeds,
    /// About one reader or no page at all: not to be indexed.
    pub private: bool,
    /// An article, not a place.
    pub article: bool,
}

/// What a shared link shows.
#[derive(Debug, Serialize)]
pub(super) struct PageImage {
    pub url: String,
    pub alt: String,
    /// In pixels of the file, where known.
    pub width: Option<u32>,
    pub height: Option<u32>,
}

/// The feeds that a page points to.
#[derive(Debug, Default, Serialize)]
pub(super) struct PageFeeds {
    pub title: String,
    pub rss: String,
    pub atom: String,
    pub json: String,
}

/// The feeds below a folder of the newsletter's, such as `/topics/verkoop`.
pub(super) fn feeds(masthead: &Masthead, title: &str, folder: &str) -> PageFeeds {
    let at = |file| format!("{}{folder}/{file}", masthead.url);
    PageFeeds {
        title: title.to_owned(),
        rss: at("feed.xml"),
        atom: at("atom.xml"),
        json: at("feed.json"),
    }
}

/// What a page is about and whose it is, in no more letters than a search engine shows.
pub(super) fn tab_title(about: &str, whose: &str) -> String {
    let whole = format!("{about} · {whose}");
    match whole.chars().count() <= TAB_LETTERS {
        true => whole,
        false => cut(about, TAB_LETTERS),
    }
}

pub(super) fn own_feeds(masthead: &Masthead) -> PageFeeds {
    feeds(masthead, &masthead.name, "")
}

/// The newsletter's sign, for a page that has no picture of its own.
pub(super) fn sign(masthead: &Masthead) -> Option<PageImage> {
    Some(PageImage {
        url: format!("{}/icon.png", masthead.url),
        alt: masthead.name.clone(),
        width: Some(SIGN_SIDE),
        height: Some(SIGN_SIDE),
    })
}

/// The post's picture, as large as there is.
pub(super) fn shared(image: &Image, post: &Post, base: &str) -> Option<PageImage> {
    let (address, size) = image.largest();
    let alt = match image.alt.trim() {
        "" => &post.title,
        alt => alt,
    };
    Some(PageImage {
        url: absolute(base, address),
        alt: alt.to_owned(),
        width: size.map(|size| size.0),
        height: size.map(|size| size.1),
    })
}
