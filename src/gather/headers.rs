//! What an answer's headers say about asking again: validators, how long it stays fresh, when to come back.

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::dates;
use crate::model::Validators;

/// Nobody is left alone for longer than a day on his word: a slip in a server's settings is not worth a lost week.
const LONGEST_HOLD: SignedDuration = SignedDuration::from_hours(24);

/// A header as text; bytes beyond ASCII are taken where they are valid UTF-8.
pub(super) fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?;
    std::str::from_utf8(value.as_bytes())
        .ok()
        .map(str::to_owned)
}

/// Both validators, exactly as received (RFC 9110 §13.1.2, §13.1.3).
pub(super) fn conditions(known: &Validators) -> Vec<(HeaderName, HeaderValue)> {
    [
        (header::IF_NONE_MATCH, &known.etag),
        (header::IF_MODIFIED_SINCE, &known.last_modified),
    ]
    .into_iter()
    .filter_map(|(name, value)| {
        let value = HeaderValue::from_bytes(value.as_deref()?.as_bytes()).ok()?;
        Some((name, value))
    })
    .collect()
}

/// What a 304 says anew, over what was known. `received_at` stays: it dates the last whole document, so that a server
/// that answers 304 for ever is asked for one after eight days.
pub(super) fn refreshed(known: &Validators, headers: &HeaderMap) -> Validators {
    Validators {
        etag: text(headers, &header::ETAG).or_else(|| known.etag.clone()),
        last_modified: text(headers, &header::LAST_MODIFIED)
            .or_else(|| known.last_modified.clone()),
        ..known.clone()
    }
}

/// How long the server promises that nothing changes: `max-age` less `Age`, else `Expires` (RFC 9111 §4.2.1). `None`
/// where it promises nothing.
pub(super) fn fresh_for(headers: &HeaderMap, now: Timestamp) -> Option<SignedDuration> {
    let control = all(headers, &header::CACHE_CONTROL).to_ascii_lowercase();
    let mut directives = control.split(',').map(str::trim);
    if directives
        .clone()
        .any(|one| matches!(one, "no-cache" | "no-store"))
    {
        return None;
    }
    let max_age = directives.find_map(|one| one.strip_prefix("max-age="));
    let fresh = match max_age {
        Some(seconds) => {
            let age = text(headers, &header::AGE).and_then(|age| age.trim().parse().ok());
            let seconds: i64 = seconds.trim_matches('"').parse().ok()?;
            SignedDuration::from_secs(seconds.saturating_sub(age.unwrap_or(0)))
        }
        None => from_their_now(headers, &text(headers, &header::EXPIRES)?, now)?,
    };
    fresh.is_positive().then_some(fresh)
}

/// How long the server asks to be left alone: `Retry-After` in seconds or as a date (RFC 9110 §10.2.3), a day at most.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<SignedDuration> {
    let value = text(headers, &header::RETRY_AFTER)?;
    let value = value.trim();
    let pause = match value.bytes().all(|byte| byte.is_ascii_digit()) {
        // Digits beyond an i64 are a very long time.
        true if !value.is_empty() => SignedDuration::from_secs(value.parse().unwrap_or(i64::MAX)),
        _ => from_their_now(headers, value, now)?,
    };
    pause.is_positive().then(|| pause.min(LONGEST_HOLD))
}

/// From the server's own clock to a date that it gives: its clock may be wrong, the distance is not.
fn from_their_now(headers: &HeaderMap, date: &str, now: Timestamp) -> Option<SignedDuration> {
    let theirs = text(headers, &header::DATE).and_then(|date| dates::instant(&date));
    Some(dates::instant(date)?.duration_since(theirs.unwrap_or(now)))
}

/// All values of a header that is a list.
fn all(headers: &HeaderMap, name: &HeaderName) -> String {
    let values = headers.get_all(name).iter();
    let values: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
    values.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect()
    }

    fn now() -> Timestamp {
        "2026-11-02T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn freshness_is_max_age_less_age_else_expires() {
        let control = header::CACHE_CONTROL;
        let expires = "Mon, 02 Nov 2026 15:00:00 GMT";
        for (pairs, seconds) in [
            (vec![(control.clone(), "public, max-age=600")], Some(600)),
            (
                vec![(control.clone(), "Max-Age=600"), (header::AGE, "500")],
                Some(100),
            ),
            (
                vec![(control.clone(), "max-age=600"), (header::AGE, "900")],
                None,
            ),
            (
                vec![(control.clone(), "max-age=600"), (header::EXPIRES, expires)],
                Some(600),
            ),
            (vec![(control.clone(), "no-cache, max-age=600")], None),
            (vec![(control.clone(), "max-age=weinig")], None),
            (vec![(header::EXPIRES, expires)], Some(3 * 3600)),
            (
                vec![
                    (header::EXPIRES, expires),
                    (header::DATE, "Mon, 02 Nov 2026 14:00:00 GMT"),
                ],
                Some(3600),
            ),
            (vec![(header::EXPIRES, "0")], None),
            (vec![], None),
        ] {
            let found = fresh_for(&headers(&pairs), now()).map(|span| span.as_secs());
            assert_eq!(found, seconds, "{pairs:?}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_a_day_at_most() {
        for (value, seconds) in [
            ("120", Some(120)),
            (" 120 ", Some(120)),
            ("Mon, 02 Nov 2026 12:05:00 GMT", Some(300)),
            ("Sun, 01 Nov 2026 12:05:00 GMT", None),
            ("999999999999999999999", Some(86_400)),
            ("0", None),
            ("-5", None),
            ("", None),
            ("straks", None),
        ] {
            let found = retry_after(&headers(&[(header::RETRY_AFTER, value)]), now());
            assert_eq!(found.map(|span| span.as_secs()), seconds, "{value}");
        }
    }
}
