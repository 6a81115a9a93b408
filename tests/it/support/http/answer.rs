//! What a scripted HTTP server says, and in what manner: most of it is wrong on purpose.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::find;

/// What the server says to one request.
#[derive(Debug, Clone)]
pub struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) manner: Manner,
    /// Says 304 to whoever asks "changed since?", whatever he has.
    pub(super) stubborn: bool,
}

/// How an answer goes out.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Manner {
    Whole,
    /// The body alone, as it stands: it brings a head of its own, or none.
    Raw,
    /// So many bytes of the head, then silence.
    HeadUpTo(usize),
    /// The head, then the body again and again.
    Endless,
    /// The head, then the body byte by byte, each a moment after the other.
    Trickle,
    /// Whole, after somebody has asked for this path.
    After(String),
    /// Nothing at all, until the server is dropped.
    Hang,
    /// The head and so many bytes of the body, then silence.
    SilentAfter(usize),
    /// The head and so many bytes of the body, then the connection closes.
    CutAfter(usize),
}

impl Answer {
    /// 200 with a body.
    pub fn ok(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::status(200)
            .header("content-type", content_type)
            .body(body)
    }

    /// A status with an empty body.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            manner: Manner::Whole,
            stubborn: false,
        }
    }

    /// What stands here and nothing else: head, body, or neither.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            manner: Manner::Raw,
            ..Self::status(200).body(bytes)
        }
    }

    /// A redirect: 301, 302, 303, 307 or 308.
    pub fn redirect(status: u16, location: impl AsRef<str>) -> Self {
        Self::status(status).header("location", location.as_ref())
    }

    /// Accepts the request and never answers it.
    pub fn hang() -> Self {
        Self {
            manner: Manner::Hang,
            ..Self::status(200)
        }
    }

    /// Replaces the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Gives an `ETag` (with its quotes, and `W/` where weak); a request that brings it back gets 304.
    pub fn etag(self, etag: &str) -> Self {
        self.header("etag", etag)
    }

    /// Gives a `Last-Modified`; a request that brings it back, and no `ETag` applies, gets 304.
    pub fn last_modified(self, date: &str) -> Self {
        self.header("last-modified", date)
    }

    /// Packs the body with gzip.
    pub fn gzip(self) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&self.body).unwrap();
        let packed = encoder.finish().unwrap();
        self.header("content-encoding", "gzip").body(packed)
    }

    /// A body that is packed already.
    pub fn packed(self, encoding: &str, body: impl Into<Vec<u8>>) -> Self {
        self.header("content-encoding", encoding).body(body)
    }

    /// Sends the head and so many bytes of the body, then nothing more, and keeps the connection open.
    pub fn silent_after(mut self, bytes: usize) -> Self {
        self.manner = Manner::SilentAfter(bytes);
        self
    }

    /// Sends the head and so many bytes of the body, then closes.
    pub fn cut_after(mut self, bytes: usize) -> Self {
        self.manner = Manner::CutAfter(bytes);
        self
    }

    /// The same with another status.
    pub fn refused(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Sends so many bytes of its head, then nothing more.
    pub fn head_up_to(mut self, bytes: usize) -> Self {
        self.manner = Manner::HeadUpTo(bytes);
        self
    }

    /// Repeats the body until the client has had enough.
    pub fn endless(mut self) -> Self {
        self.manner = Manner::Endless;
        self
    }

    /// Sends the body byte by byte.
    pub fn trickle(mut self) -> Self {
        self.manner = Manner::Trickle;
        self
    }

    /// Waits until somebody asked for this path.
    pub fn after(mut self, path: &str) -> Self {
        self.manner = Manner::After(path.to_owned());
        self
    }

    /// Says 304 to whoever asks "changed since?", whatever he has.
    pub fn stubborn(mut self) -> Self {
        self.stubborn = true;
        self
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }
}
