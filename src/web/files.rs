//! Published files over HTTP: strong ETag and Last-Modified, 304 for either (RFC 9110 §13), no redirects, packed by
//! what the asker takes.
//!
//! A path is taken apart into plain names before it touches the disk, so that it cannot leave the folder.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response as HttpResponse, StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use super::packing::Packing;

/// How long a reader's program may keep a page or feed without asking again: five minutes.
const CACHE: &str = "public, max-age=300";

/// How long it may keep a picture, whose name is made of what is in it: a year, as good as for ever (RFC 8246).
const CACHE_FOR_EVER: &str = "public, max-age=31536000, immutable";

/// XML of no kind that a browser knows.
const XML: &str = "application/xml; charset=utf-8";

/// A published file.
pub(super) struct PublishedFile {
    bytes: Vec<u8>,
    modified: Option<Timestamp>,
    content_type: &'static str,
    lasting: bool,
}

/// Finds the file of a path; a folder's is its `index.html`.
pub(super) async fn find(public: &Path, path: &str) -> Option<PublishedFile> {
    let mut file = inside(public, path)?;
    if tokio::fs::metadata(&file).await.ok()?.is_dir() {
        file.push("index.html");
    }
    let found = read(&file).await?;
    Some(PublishedFile {
        lasting: file.starts_with(public.join("img")),
        ..found
    })
}

/// Reads a file that is known to be meant for whoever asks.
pub(super) async fn read(file: &Path) -> Option<PublishedFile> {
    let about = tokio::fs::metadata(file).await.ok()?;
    let bytes = tokio::fs::read(file).await.ok()?;
    Some(PublishedFile {
        bytes,
        modified: about.modified().ok().and_then(instant),
        content_type: content_type(file),
        lasting: false,
    })
}

/// The path below the folder, or `None` if it has a part that is not a plain name.
fn inside(public: &Path, path: &str) -> Option<PathBuf> {
    let mut file = public.to_owned();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let name = percent_decoded(part)?;
        let plain = !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
        if !plain {
            return None;
        }
        file.push(name);
    }
    Some(file)
}

/// Undoes percent-encoding (RFC 3986 §2.1); `None` where the result is not UTF-8.
fn percent_decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

fn instant(time: SystemTime) -> Option<Timestamp> {
    let at = Timestamp::try_from(time).ok()?;
    Timestamp::from_second(at.as_second()).ok()
}

/// The type of a file (RSS Advisory Board, RFC 4287 §7, JSON Feed 1.1; OPML has none of its own that is registered).
fn content_type(file: &Path) -> &'static str {
    match file.file_name().and_then(|name| name.to_str()) {
        Some("feed.xml") => return "application/rss+xml; charset=utf-8",
        Some("atom.xml") => return "application/atom+xml; charset=utf-8",
        Some("feed.json") => return "application/feed+json; charset=utf-8",
        _ => {}
    }
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("xml") => XML,
        Some("opml") => "text/x-opml; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("txt") => "text/plain; charset=utf-8",
        Some("json") => "application/json",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("png") => "image/png",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        _ => "application/octet-stream",
    }
}

impl PublishedFile {
    /// The file, or 304 where the asker has it. What is text is packed as the asker likes it best.
    pub(super) fn answer(self, asked: &HeaderMap) -> Response {
        let is_text = !self.content_type.starts_with("image/")
            && self.content_type != "application/octet-stream";
        let packing = match is_text {
            true => Packing::wanted(asked),
            false => Packing::Plain,
        };
        // Two packings are two representations, and a strong tag tells them apart (RFC 9110 §8.8.3.3).
        let hash = blake3::hash(&self.bytes).to_hex();
        let etag = format!("\"{}{}\"", &hash[..32], packing.mark());
        let modified = self.modified.and_then(http_date);
        let fresh = is_fresh(asked, &etag, self.modified);
        let mut response = HttpResponse::new(Body::empty());
        let headers = response.headers_mut();
        put(headers, header::ETAG, &etag);
        let cache = if self.lasting { CACHE_FOR_EVER } else { CACHE };
        put(headers, header::CACHE_CONTROL, cache);
        put(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        put(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        let content_type = match is_feed(self.content_type) {
            true if is_opened_by_a_person(asked) => XML,
            _ => self.content_type,
        };
        if is_text {
            let vary = match is_feed(self.content_type) {
                true => "Accept-Encoding, Sec-Fetch-Dest",
                false => "Accept-Encoding",
            };
            put(headers, header::VARY, vary);
        }
        if let Some(modified) = modified {
            put(headers, header::LAST_MODIFIED, &modified);
        }
        if fresh {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        put(headers, header::CONTENT_TYPE, content_type);
        if let Some(name) = packing.name() {
            put(headers, header::CONTENT_ENCODING, name);
        }
        *response.body_mut() = Body::from(packing.pack(self.bytes));
        response
    }
}

/// RSS and Atom.
fn is_feed(content_type: &str) -> bool {
    ["application/rss+xml", "application/atom+xml"]
        .iter()
        .any(|feed| content_type.starts_with(feed))
}

/// Whether a browser asks for the file to show it (W3C Fetch Metadata §2.1). It shows RSS and Atom by those names as bare
/// text, and without their style sheet.
fn is_opened_by_a_person(asked: &HeaderMap) -> bool {
    asked
        .get("sec-fetch-dest")
        .is_some_and(|destination| destination == "document")
}

/// `If-None-Match` decides alone where it is given (RFC 9110 §13.2.2).
fn is_fresh(asked: &HeaderMap, etag: &str, modified: Option<Timestamp>) -> bool {
    let text = |name| {
        asked
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    if let Some(known) = text(header::IF_NONE_MATCH) {
        let same = |one: &str| one == "*" || one.trim_start_matches("W/") == etag;
        return known.split(',').map(str::trim).any(same);
    }
    match (
        text(header::IF_MODIFIED_SINCE).and_then(parse_http_date),
        modified,
    ) {
        (Some(since), Some(modified)) => modified <= since,
        _ => false,
    }
}

fn http_date(at: Timestamp) -> Option<String> {
    DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()
}

fn parse_http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new()
        .relaxed_weekday(true)
        .parse_timestamp(text)
        .ok()
}

/// Sets a header whose value we made and know to be ASCII.
pub(super) fn put(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leaves_the_folder() {
        let public = Path::new("/srv/public");
        for path in [
            "/../x",
            "/a/../../x",
            "/%2e%2e/x",
            "/a%2Fb",
            "/.git/config",
            "/a%00",
            "/%zz",
            "/a\\b",
        ] {
            assert_eq!(inside(public, path), None, "{path}");
        }
        assert_eq!(
            inside(public, "/issues//1/"),
            Some(PathBuf::from("/srv/public/issues/1"))
        );
        assert_eq!(
            inside(public, "/posts/ge%C3%AFnd"),
            Some(PathBuf::from("/srv/public/posts/geïnd"))
        );
    }

    #[test]
    fn an_etag_decides_before_a_date() {
        let at = Timestamp::from_second(1_790_000_000).unwrap();
        let mut asked = HeaderMap::new();
        put(
            &mut asked,
            header::IF_MODIFIED_SINCE,
            &http_date(at).unwrap(),
        );
        assert!(is_fresh(&asked, "\"a\"", Some(at)));
        put(&mut asked, header::IF_NONE_MATCH, "\"b\", W/\"c\"");
        assert!(!is_fresh(&asked, "\"a\"", Some(at)));
        put(&mut asked, header::IF_NONE_MATCH, "\"b\", W/\"a\"");
        assert!(is_fresh(&asked, "\"a\"", Some(at)));
    }
}
