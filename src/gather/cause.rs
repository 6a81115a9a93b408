//! Translates what HTTP says went wrong into what it means: a status into a cause, a library's chain of errors into
//! the one link that a person can act on.

use std::error::Error as StdError;

use reqwest::StatusCode;

use super::Error;

/// Fine for 2xx, else what the status means.
pub(super) fn of_status(status: StatusCode) -> Result<(), Error> {
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
