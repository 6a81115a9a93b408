//! Translates what HTTP says went wrong into what it means: a status into a cause, a library's chain of errors into
//! the one link that a person can act on.

use std::error::Error as StdError;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::Error;

/// How much of a page is looked at, in bytes.
const LOOKED_AT: usize = 256 * 1024;

/// Words on the pages of those who guard sites against robots.
const CHALLENGES: [&str; 12] = [
    "/cdn-cgi/challenge-platform",
    "cf-chl-",
    "<title>just a moment...</title>",
    "attention required! | cloudflare",
    "checking your browser",
    "ddos-guard",
    "_incapsula_resource",
    "px-captcha",
    "g-recaptcha",
    "h-captcha",
    "captcha-delivery.com",
    "making sure you&#39;re not a bot",
];

/// Fine for 2xx, else what the status means.
pub(super) fn of_status(status: StatusCode, headers: &HeaderMap) -> Result<(), Error> {
    let says = |name: &str| headers.get(name).is_some_and(|value| value == "challenge");
    if says("cf-mitigated") || says("x-amzn-waf-action") {
        return Err(Error::BotCheck);
    }
    match status.as_u16() {
        204 | 205 => Err(Error::Empty),
        200..=299 => Ok(()),
        code @ (401 | 407) => Err(Error::Login(code)),
        code @ (403 | 451) => Err(Error::Forbidden(code)),
        404 => Err(Error::Missing),
        410 => Err(Error::Gone),
        429 => Err(Error::TooManyRequests),
        code @ 500..=599 => Err(Error::Server(code)),
        code => Err(Error::Status(code)),
    }
}

/// A refusal whose page shows that a robot check made it; else as it was.
pub(super) fn of_refusal(error: Error, page: &[u8]) -> Error {
    let may_be = matches!(
        error,
        Error::Forbidden(_) | Error::TooManyRequests | Error::Server(503)
    );
    match may_be && is_challenge(&lower(page)) {
        true => Error::BotCheck,
        false => error,
    }
}

/// What a web page in the place of a feed is: a robot check, a login, or just a page.
pub(super) fn of_page(page: &[u8]) -> Error {
    let page = lower(page);
    let has_feed = page.contains("application/rss+xml") || page.contains("application/atom+xml");
    let asks_password = ["type=\"password\"", "type='password'", "type=password"]
        .iter()
        .any(|field| page.contains(field));
    if has_feed {
        Error::WebPage
    } else if asks_password {
        Error::LoginPage
    } else if is_challenge(&page) {
        Error::BotCheck
    } else {
        Error::WebPage
    }
}

fn is_challenge(page: &str) -> bool {
    CHALLENGES.iter().any(|words| page.contains(words))
}

/// The beginning of a page, in lower case.
fn lower(page: &[u8]) -> String {
    let beginning = &page[..page.len().min(LOOKED_AT)];
    String::from_utf8_lossy(beginning).to_ascii_lowercase()
}

/// What an error without an answer means: no secure connection, a broken body, or nobody there.
pub(super) fn of_connection(host: &str, error: &reqwest::Error) -> Error {
    if let Some(tls) = find::<rustls::Error>(error) {
        return Error::Tls {
            host: host.to_owned(),
            why: tls.to_string(),
        };
    }
    if error.is_body() || error.is_decode() {
        return Error::Truncated;
    }
    Error::Unreachable(host.to_owned())
}

/// The first error of the kind in the chain of causes, also inside an I/O error.
pub(super) fn find<'a, E: StdError + 'static>(
    error: &'a (dyn StdError + 'static),
) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(link) = next {
        if let Some(found) = link.downcast_ref::<E>() {
            return Some(found);
        }
        let inside = link
            .downcast_ref::<std::io::Error>()
            .and_then(|io| io.get_ref())
            .map(|inner| inner as &(dyn StdError + 'static));
        next = inside.or_else(|| link.source());
    }
    None
}
