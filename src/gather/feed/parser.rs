//! The feed parser at work on a canonical feed, fresh each time, and caught if it panics.

use std::panic::{AssertUnwindSafe, catch_unwind};

use feed_rs::model::Feed;
use feed_rs::parser;

use super::super::{Error, budget, dates};

/// Parses a canonical feed.
pub(super) fn parse(canonical: &str) -> Result<Feed, Error> {
    budget::spend(canonical.len());
    let parse = || {
        parser::Builder::new()
            .sanitize_content(false)
            // Empty means "none": a made-up identifier would make an edited title a new post.
            .id_generator(|_, _, _| String::new())
            .timestamp_parser(|text| dates::instant(text)?.to_string().parse().ok())
            .build()
            .parse(canonical.as_bytes())
    };
    catch_unwind(AssertUnwindSafe(parse))
        .map_err(|_| Error::Damaged("its text defeats the parser".to_owned()))?
        .map_err(|error| Error::Damaged(error.to_string()))
}
