//! Published files over HTTP: strong ETag and Last-Modified, 304 for either (RFC 9110 §13), no redirects, packed by
//! what the asker takes. A file is read while it is taken, and packed once.
//!
//! A path is taken apart into plain names before it touches the disk, so that it cannot leave the folder.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::SystemTime;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, HeaderValue, Response as HttpResponse, StatusCode, header};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use tokio::io::AsyncReadExt as _;

use super::packing::Packing;
use super::shelf::{LARGEST, Shelf, Stamp};

/// How long a reader's program may keep a page or feed without asking again: five minutes.
const CACHE: &str = "public, max-age=300";

/// How long it may keep a picture, whose name is made of what is in it: a year, as good as for ever (RFC 8246).
const CACHE_FOR_EVER: &str = "public, max-age=31536000, immutable";

/// XML of no kind that a browser knows.
const XML: &str = "application/xml; charset=utf-8";

/// Octets of a file that goes out in one piece; a larger one is read while it is taken.
const WHOLE: u64 = 64 * 1024;

/// Octets of it that are read at a time: a client that takes nothing holds two or three times as much.
const PIECE: u64 = 16 * 1024;

/// A published file, as it was when it was asked for.
pub(super) struct PublishedFile {
    path: PathBuf,
    stamp: Stamp,
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

/// Looks at a file that is known to be meant for whoever asks; at nothing that is no file.
pub(super) async fn read(file: &Path) -> Option<PublishedFile> {
    let about = tokio::fs::metadata(file).await.ok()?;
    about.is_file().then(|| PublishedFile {
        path: file.to_owned(),
        stamp: Stamp::of(&about),
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
    /// The file, or 304 where the asker has it. What is text is packed as the asker likes it best; `None` where it is gone by
    /// now.
    pub(super) async fn answer(self, asked: &HeaderMap, shelf: &Shelf) -> Option<Response> {
        let is_text = !self.content_type.starts_with("image/")
            && self.content_type != "application/octet-stream";
        let packing = match is_text && self.stamp.length <= LARGEST {
            true => Packing::wanted(asked),
            false => Packing::Plain,
        };
        // Two packings are two representations, and a strong tag tells them apart (RFC 9110 §8.8.3.3).
        let hash = shelf.hash(&self.path, self.stamp).await?;
        let etag = format!("\"{hash}{}\"", packing.mark());
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
            return Some(response);
        }
        put(headers, header::CONTENT_TYPE, content_type);
        if let Some(name) = packing.name() {
            put(headers, header::CONTENT_ENCODING, name);
        }
        *response.body_mut() = match packing {
            Packing::Plain => self.body().await?,
            packing => Body::from(shelf.packed(&self.path, &etag, packing).await?),
        };
        Some(response)
    }

    /// The file as it is: whole where it is small, else piece by piece, so that a slow client holds one piece of it.
    async fn body(&self) -> Option<Body> {
        let mut file = tokio::fs::File::open(&self.path).await.ok()?;
        let length = file.metadata().await.ok()?.len();
        if length <= WHOLE {
            let mut bytes = Vec::new();
            file.take(WHOLE).read_to_end(&mut bytes).await.ok()?;
            return Some(Body::from(bytes));
        }
        file.set_max_buf_size(usize::try_from(PIECE).unwrap_or(usize::MAX));
        let pieces =
            futures_util::stream::try_unfold((file, length), |(mut file, left)| async move {
                if left == 0 {
                    return Ok(None);
                }
                let mut piece = vec![0; usize::try_from(left.min(PIECE)).unwrap_or(0)];
                file.read_exact(&mut piece).await?;
                let left = left - piece.len() as u64;
                Ok::<_, std::io::Error>(Some((piece, (file, left))))
            });
        Some(Body::new(Measured {
            pieces: Body::from_stream(pieces),
            length,
        }))
    }
}

/// A body whose length is known ahead.
pub(super) struct Measured {
    pub(super) pieces: Body,
    pub(super) length: u64,
}

impl HttpBody for Measured {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.pieces).poll_frame(cx)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
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
