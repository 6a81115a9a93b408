//! Why a source could not be gathered, in words that an operator can act on.
//!
//! Every `Display` is one lower-case clause that names the cause and not the machinery: "the server wants a login
//! (401)". The caller knows which source it asked for and says so; what only this room knows (a host, a limit, a
//! path) stands in the variant.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use crate::model::HostHold;

/// What kept a source from being gathered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client could not be set up: bad settings of ours or the operator's.
    #[error("the settings for fetching are not usable: {0}")]
    Settings(String),
    /// Neither `http` nor `https`.
    #[error("`{0}:` is not fetched: only http and https are")]
    Scheme(String),
    /// The address, or one that it redirects to, is not on the public internet.
    #[error("the address leads into a private network ({0})")]
    Private(String),
    /// The name has no address.
    #[error("the name `{0}` cannot be found")]
    Unresolved(String),
    /// Nothing answers there, or the connection broke before an answer.
    #[error("`{0}` cannot be reached")]
    Unreachable(String),
    /// The certificate is not valid, or no common protocol.
    #[error("no secure connection to `{host}`: {why}")]
    Tls {
        /// The host asked.
        host: String,
        /// What the TLS library says.
        why: String,
    },
    /// No connection in time.
    #[error("no connection within {}", seconds(.0))]
    SlowConnect(Duration),
    /// The server stopped sending.
    #[error("the server fell silent for {}", seconds(.0))]
    Silent(Duration),
    /// All hops and the body together took too long.
    #[error("no answer within {}", seconds(.0))]
    Timeout(Duration),
    /// 401 or 407.
    #[error("the server wants a login ({0})")]
    Login(u16),
    /// 403 or 451.
    #[error("the server refuses us ({0})")]
    Forbidden(u16),
    /// 404.
    #[error("nothing is there (404)")]
    Missing,
    /// 410: the publisher says that it will not come back (RFC 9110 §15.5.11).
    #[error("gone (410)")]
    Gone,
    /// 429.
    #[error("the server asks us to come back later (429)")]
    TooManyRequests,
    /// 429 or 503 with `Retry-After`: it goes for all sources of the host.
    #[error("the server asks us to come back later ({status})")]
    ComeBack {
        /// 429 or 503.
        status: u16,
        /// The host, with its port where that is not the scheme's own.
        host: String,
        /// The end of it.
        until: Timestamp,
    },
    /// The host asked to be left alone, and was not asked.
    #[error("`{host}` asked us to come back later")]
    Held {
        /// The host, with its port where that is not the scheme's own.
        host: String,
        /// The end of it.
        until: Timestamp,
    },
    /// Any 5xx.
    #[error("the server failed ({0})")]
    Server(u16),
    /// Any other status that brings no document.
    #[error("the server gave an answer without a document ({0})")]
    Status(u16),
    /// More redirects than we follow.
    #[error("more than {0} redirects")]
    TooManyRedirects(usize),
    /// A redirect to where we have been.
    #[error("the redirects run in a circle")]
    RedirectLoop,
    /// A redirect without a usable `Location`.
    #[error("a redirect leads nowhere ({0})")]
    BadRedirect(u16),
    /// A redirect from https to http.
    #[error("a redirect gives up https for http (`{0}`)")]
    Downgrade(Url),
    /// The document, unpacked, is too large.
    #[error("the document is larger than {} MB", .0 / 1_000_000)]
    TooLarge(u64),
    /// A small body that unpacks into a huge one.
    #[error("the document unpacks to more than {0} times its size")]
    Bomb(u64),
    /// References to the document's own entities would make far more of it than was sent.
    #[error("the document's own entities would make more than {} KB of text", .0 / 1_000)]
    Overgrown(usize),
    /// Reading it takes more work than any document that means well.
    #[error("the document takes more work to read than a document may")]
    TooMuchWork,
    /// What it would make of itself is more than it may take, in octets.
    #[error("the document would take more than {} MB of memory to read", .0 / 1_000_000)]
    TooMuchMemory(usize),
    /// The program was asked to end before it was read.
    #[error("asked to end before it was read")]
    Ended,
    /// A `Content-Encoding` we did not ask for.
    #[error("the document is packed with `{0}`, which we did not ask for")]
    Encoding(String),
    /// The connection ended before the document did, or its packing is broken.
    #[error("the document ends early or arrives broken")]
    Truncated,
    /// A 200 without a body.
    #[error("the document is empty")]
    Empty,
    /// A page that wants to see that we are people.
    #[error("a bot check stands before it")]
    BotCheck,
    /// A page that asks for a password where a feed was expected.
    #[error("the server shows a login page")]
    LoginPage,
    /// HTML where a feed was expected.
    #[error("this is a web page, not a feed")]
    WebPage,
    /// A web page that names a feed: one that cannot be read, or that was not asked.
    #[error("this is a web page; its feed is at `{feed}`{}", why.as_ref().map_or(String::new(), |why| format!(": {why}")))]
    FeedElsewhere {
        /// Where it is.
        feed: Box<Url>,
        /// What came of asking for it.
        why: Option<Box<Error>>,
    },
    /// A web page, and no feed for it anywhere.
    #[error("this is a web page{}, and no feed was found for it", titled(.title))]
    NoFeed {
        /// Its title.
        title: Option<String>,
        /// A selector that finds what may be its posts.
        suggestion: Option<String>,
    },
    /// The selector of `posts` finds no link.
    #[error("`{selector}` finds no link on the page")]
    NoLinks {
        /// The selector.
        selector: String,
        /// One that finds some.
        suggestion: Option<String>,
    },
    /// No text of a selector.
    #[error("`{0}` is not a CSS selector")]
    Selector(String),
    /// No sitemap where it should be, or in none of the usual places.
    #[error("{}", match .0 {
        Some(url) => format!("`{url}` is no sitemap"),
        None => "the site has no sitemap in the usual places".to_owned(),
    })]
    NoSitemap(Option<Url>),
    /// The sitemap names no page below the path.
    #[error("the sitemap names no page below `{0}`")]
    NoPages(String),
    /// robots.txt says no (RFC 9309).
    #[error("the site's robots.txt asks programs not to read `{0}`")]
    Robots(String),
    /// robots.txt could not be had, which counts as no for now (RFC 9309 §2.3.1.4).
    #[error("the site's robots.txt cannot be read, so its pages are left alone")]
    RobotsSilent,
    /// A page that nests deeper than a parser should be asked to go.
    #[error("the page nests too deep to be read safely")]
    TooDeep,
    /// The selector of `article` finds nothing on the page.
    #[error("the selector of `article` finds nothing on the page")]
    NotSelected,
    /// A page without running text.
    #[error("no text was found on the page")]
    NoText,
    /// The page says less than the feed.
    #[error("its page has no more text than the feed")]
    Shorter,
    /// The page's text is about something else.
    #[error("the text of its page does not have the words of the summary")]
    OtherText,
    /// No list of subscriptions.
    #[error("this is no OPML")]
    NotOpml,
    /// Neither XML nor JSON, or of no known kind.
    #[error("this is not a feed that we know: {0}")]
    NotAFeed(String),
    /// A feed that cannot be read to its end.
    #[error("the feed is damaged: {0}")]
    Damaged(String),
    /// The folder is missing or may not be read.
    #[error("the folder `{}` cannot be read", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// Whether the same request may well succeed at the next run.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unresolved(_)
                | Self::Unreachable(_)
                | Self::SlowConnect(_)
                | Self::Silent(_)
                | Self::Timeout(_)
                | Self::TooManyRequests
                | Self::ComeBack { .. }
                | Self::Held { .. }
                | Self::Server(_)
                | Self::Truncated
                | Self::Empty
                | Self::RobotsSilent
                | Self::Ended
        ) || matches!(self, Self::FeedElsewhere { why: Some(why), .. } if why.is_transient())
    }

    /// The key of the source's settings that is to blame, where that is not its address.
    pub fn key(&self) -> Option<&'static str> {
        match self {
            Self::NoLinks { .. } | Self::Selector(_) => Some("posts"),
            Self::NoSitemap(_) => Some("sitemap"),
            Self::NoPages(_) => Some("match"),
            _ => None,
        }
    }

    /// Whether a web page came where a feed was expected.
    pub(super) fn is_page(&self) -> bool {
        matches!(self, Self::WebPage)
    }

    /// Whether a document came that is not what was expected.
    pub(super) fn is_about_content(&self) -> bool {
        matches!(self, Self::WebPage | Self::NotAFeed(_) | Self::Damaged(_))
    }

    /// Whether the server says that there is nothing for us: any 4xx but "later".
    pub(super) fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Login(_)
                | Self::Forbidden(_)
                | Self::Missing
                | Self::Gone
                | Self::Status(400..=499)
        )
    }

    /// What the operator may do, where that is not plain.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::Private(address) => Some(format!(
                "if that is meant: `allow = [\"{address}\"]` below `[gather]` in `courant.toml`"
            )),
            Self::BotCheck => Some(
                "ask the publisher to let feed readers through; only the website can do that"
                    .to_owned(),
            ),
            Self::WebPage => Some("look in the page for the address of its feed".to_owned()),
            Self::FeedElsewhere { why: None, .. } => {
                Some("name that address as the source's `url`".to_owned())
            }
            Self::NoFeed { suggestion, .. } => Some(match suggestion {
                Some(selector) => format!(
                    "its posts may be found by the links on the page: `posts = \"{selector}\"` below its `url`; or try `sitemap = true`"
                ),
                None => "if the site lists its pages: `sitemap = true` below its `url`".to_owned(),
            }),
            Self::NoLinks {
                suggestion: Some(selector),
                ..
            } => Some(format!("this one finds some: `posts = \"{selector}\"`")),
            Self::NoPages(_) => {
                Some("`match = \"/…/\"` says how the paths of its posts begin".to_owned())
            }
            Self::TooMuchMemory(_) => Some(
                "if the source is to be trusted with more: `memory` below `[gather]` in `courant.toml`; a document may take half of it"
                    .to_owned(),
            ),
            Self::Robots(_) => Some("ask the publisher, or for the address of a feed".to_owned()),
            _ => None,
        }
    }

    /// What the host asked for all of its sources.
    pub fn hold(&self) -> Option<HostHold> {
        match self {
            Self::ComeBack { host, until, .. } => Some(HostHold {
                host: host.clone(),
                until: *until,
            }),
            _ => None,
        }
    }

    /// Whether the publisher says that the source will not come back.
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::Gone)
    }
}

/// ` (“Title”)`.
fn titled(title: &Option<String>) -> String {
    title
        .as_ref()
        .map_or(String::new(), |title| format!(" (“{title}”)"))
}

/// "60 s", "0.2 s".
fn seconds(duration: &Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}
