//! The hops of one fetch: where it is, where it was, and how far the way was permanent.

use reqwest::header::{self, HeaderMap};
use url::Url;

use super::links::MAX_ADDRESS;
use super::{Error, headers};

/// More hops than this are a loop or a maze.
const MAX_REDIRECTS: usize = 5;

/// Addresses in the order in which they were asked; never empty.
pub(super) struct Trail {
    visited: Vec<Url>,
    here: Url,
    /// How many hops from the first on were permanent, with no other between them.
    permanent: usize,
}

impl Trail {
    pub(super) fn from(url: &Url) -> Self {
        Self {
            visited: vec![url.clone()],
            here: url.clone(),
            permanent: 0,
        }
    }

    /// The address to ask now.
    pub(super) fn here(&self) -> &Url {
        &self.here
    }

    /// Where the permanent hops lead (301 and 308, RFC 9110 §15.4), if the first was one.
    pub(super) fn moved(&self) -> Option<&Url> {
        self.visited
            .get(self.permanent)
            .filter(|_| self.permanent > 0)
    }

    /// Goes where a redirect points; refuses circles, mazes, and the way from https down to http.
    pub(super) fn follow(&mut self, status: u16, headers: &HeaderMap) -> Result<(), Error> {
        let nowhere = Error::BadRedirect(status);
        let Some(location) = headers::text(headers, &header::LOCATION) else {
            return Err(nowhere);
        };
        let mut next = self.here.join(location.trim()).map_err(|_| nowhere)?;
        next.set_fragment(None);
        if next.as_str().len() > MAX_ADDRESS {
            return Err(Error::BadRedirect(status));
        }
        if self.here.scheme() == "https" && next.scheme() == "http" {
            return Err(Error::Downgrade(next));
        }
        if self.visited.contains(&next) {
            return Err(Error::RedirectLoop);
        }
        if self.visited.len() > MAX_REDIRECTS {
            return Err(Error::TooManyRedirects(MAX_REDIRECTS));
        }
        if matches!(status, 301 | 308) && self.permanent + 1 == self.visited.len() {
            self.permanent += 1;
        }
        self.visited.push(next.clone());
        self.here = next;
        Ok(())
    }
}
