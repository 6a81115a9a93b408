//! What we read: a feed or page at an address, or a folder.

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{CallToAction, Filters, Language, SourceName, Topic};

/// One `[[source]]` of `courant.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Its name, unique in the file.
    pub name: SourceName,
    /// Where it is.
    pub kind: SourceKind,
    /// Topics given to each of its posts, beside the post's own.
    pub topics: Vec<Topic>,
    /// The language of posts that name none.
    pub language: Option<Language>,
    /// The zone of days and times that a folder's posts name without one.
    pub timezone: TimeZone,
    /// The call to action of posts that bring none with an address.
    pub call_to_action: Option<CallToAction>,
    /// Passed over by runs until it is resumed.
    pub paused: bool,
    /// Where an item has a summary only, its page is fetched for the rest.
    pub full_text: bool,
    /// CSS selector of the text on a post's page; found without one where there is none.
    pub article: Option<String>,
    /// How posts are found on a site that has no feed.
    pub pages: Option<Pages>,
    /// What of it comes in, and under which topics.
    pub filters: Filters,
    /// More new posts at once than this are held for a person to look at; `None` for what its
    /// own pace allows.
    pub hold_above: Option<usize>,
}

/// How posts are found where there is no feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pages {
    /// By links of the page at the source's address: a CSS selector of them, or of what holds them.
    Links(String),
    /// By the site's list of pages (sitemaps.org).
    Sitemap {
        /// Where it is; `None` where the site says so itself or has it in the usual place.
        at: Option<Url>,
        /// How the paths of posts begin; `None` for the path of the source's address.
        below: Option<String>,
    },
}

/// The two kinds of source.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceKind {
    /// A feed (RSS, Atom or JSON Feed) or a page, over HTTP or HTTPS.
    Url(Url),
    /// A folder with `.md`, `.html` and `.txt` posts, as an absolute path.
    Folder(PathBuf),
}

impl Source {
    /// A source with no settings of its own.
    pub fn new(name: SourceName, kind: SourceKind) -> Self {
        Self {
            name,
            kind,
            topics: Vec::new(),
            language: None,
            timezone: TimeZone::UTC,
            call_to_action: None,
            paused: false,
            full_text: false,
            article: None,
            pages: None,
            filters: Filters::default(),
            hold_above: None,
        }
    }

    /// Its place as text: validators belong to it and are sent nowhere else.
    pub fn location(&self) -> String {
        match &self.kind {
            SourceKind::Url(url) => url.to_string(),
            SourceKind::Folder(path) => path.display().to_string(),
        }
    }
}

/// What a server gave us to ask "changed since?" with, returned exactly as received (RFC 9110 §8.8).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Validators {
    /// The `ETag`, weak ones with their `W/`.
    pub etag: Option<String>,
    /// The `Last-Modified` text.
    pub last_modified: Option<String>,
    /// BLAKE3 of the last body, in hex: finds "nothing changed" behind servers without validators.
    pub body_hash: Option<String>,
    /// When they were received; they are dropped after eight days, since some servers answer 304 for ever.
    pub received_at: Option<Timestamp>,
}
