//! A letter that came to the inbox: a reader who leaves by mail, or a person who says something else.
//!
//! As on the web, the token alone decides, whoever the mail seems to be from; a forwarded issue lets its holder do no more.
//! Automatic answers and bounces are no letters, so they make nobody leave. A wish without a token is for the operator: the
//! name of a sender is anybody's to write.

use std::collections::HashMap;

use super::leave::{Departure, leave, reader_of};
use super::report::{Judged, Terms, Verdict};
use super::return_path::{returned, token_in};
use super::{Error, Keys, Purpose, Token, TokenError};
use crate::model::{Letter, Notice, Report, ReportKind, Subscriber, SuppressionReason};
use crate::store::Store;

/// What becomes of the letters among reports, by their place.
pub(super) async fn letters(
    store: &Store,
    keys: &Keys,
    reports: &[&Report],
    terms: Terms,
) -> Result<HashMap<usize, Judged>, Error> {
    let mut judged = HashMap::new();
    for (at, report) in reports.iter().enumerate() {
        if let ReportKind::Letter(letter) = &report.kind {
            judged.insert(at, judge(store, keys, report, letter, terms).await?);
        }
    }
    Ok(judged)
}

async fn judge(
    store: &Store,
    keys: &Keys,
    report: &Report,
    letter: &Letter,
    terms: Terms,
) -> Result<Judged, Error> {
    let mut fault = None;
    for token in tokens(report, letter) {
        match Token::decode(token, Purpose::Unsubscribe, keys, terms.now) {
            Ok(_) => match departed(store, keys, token, terms).await? {
                Some((reader, first)) => {
                    return Ok(Judged {
                        reader: Some(reader.address),
                        issue: None,
                        behind: false,
                        verdict: Verdict::Suppressed(SuppressionReason::Unsubscribed, first),
                    });
                }
                None => fault = Some(Verdict::NoReader),
            },
            Err(TokenError::Malformed) => {}
            Err(error) => fault = fault.or(Some(Verdict::Unproven(error))),
        }
    }
    // An answer to a mail goes to its return path: a genuine one is no forged way out.
    let answers = report
        .paths
        .iter()
        .any(|path| returned(path, keys, terms.now).is_ok());
    let verdict = match fault {
        Some(Verdict::Unproven(_)) if answers => Verdict::Nothing(Notice::Other),
        Some(fault) => fault,
        None if letter.asks_to_leave => asked(store, report).await?,
        None => Verdict::Nothing(Notice::Other),
    };
    Ok(Judged {
        reader: None,
        issue: None,
        behind: false,
        verdict,
    })
}

/// What may be a token: behind the `+` of where it was sent to, or in its subject.
fn tokens<'a>(report: &'a Report, letter: &'a Letter) -> impl Iterator<Item = &'a str> {
    let paths = report.paths.iter().filter_map(|path| token_in(path));
    paths.chain(letter.tokens.iter().map(String::as_str))
}

/// The reader who leaves, and whether that is news; in a trial nobody does.
async fn departed(
    store: &Store,
    keys: &Keys,
    token: &str,
    terms: Terms,
) -> Result<Option<(Subscriber, bool)>, Error> {
    if terms.trial {
        let reader = reader_of(store, keys, token, terms.now).await?;
        return Ok(reader.map(|reader| {
            let first = reader.suppressed.is_none();
            (reader, first)
        }));
    }
    Ok(match leave(store, keys, token, terms.now).await? {
        Departure::Left {
            subscriber,
            first_time,
        } => Some((*subscriber, first_time)),
        Departure::Unknown => None,
    })
}

/// A wish without a token counts for the operator alone, and only in the name of somebody who is listed.
async fn asked(store: &Store, report: &Report) -> Result<Verdict, Error> {
    let named: Vec<String> = report.recipients.iter().map(|a| a.key()).collect();
    let known = store.subscriber_known(&named).await?;
    Ok(match known.is_empty() {
        true => Verdict::Nothing(Notice::Other),
        false => Verdict::Asked,
    })
}
