//! Which delivery a report is about, by what only we can have made: nothing else in it is believed.
//!
//! The surest first: the return path names reader and issue; the link to leave names the reader, who could leave by it as
//! well; the Message-ID is a keyed hash of both, and is looked for among what went out of late.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::report::Verdict;
use super::return_path::{LIFETIME, Returned, returned};
use super::{Error, Keys, Purpose, Token, TokenError};
use crate::model::{IssueNumber, Notice, Report, ReportKind, SubscriberId};
use crate::store::Store;

/// Readers that are read at once while a Message-ID is looked for.
const AT_ONCE: i64 = 10_000;

/// Pairs of reader and issue that are tried for the Message-IDs of one reading of the inbox: some two seconds of a core. A
/// list of 100,000 with a mail each day is below it; a stranger, whose made-up id is never found, costs no more than that.
const MOST_TRIED: usize = 20_000_000;

/// What each report proves, if it is of a kind that counts.
pub(super) async fn proofs(
    store: &Store,
    keys: &Keys,
    reports: &[&Report],
    now: Timestamp,
) -> Result<Vec<Result<Returned, Verdict>>, Error> {
    let mut proofs: Vec<_> = reports
        .iter()
        .map(|report| by_return_path(report, keys, now))
        .collect();
    by_links(store, keys, reports, now, &mut proofs).await?;
    by_message_ids(store, keys, reports, now, &mut proofs).await?;
    Ok(proofs)
}

fn by_return_path(report: &Report, keys: &Keys, now: Timestamp) -> Result<Returned, Verdict> {
    match report.kind {
        ReportKind::Notice(notice) => return Err(Verdict::Nothing(notice)),
        ReportKind::Letter(_) => return Err(Verdict::Nothing(Notice::Other)),
        ReportKind::Bounce(_) | ReportKind::Complaint(_) => {}
    }
    let mut fault = TokenError::Malformed;
    for path in &report.paths {
        match returned(path, keys, now) {
            Ok(returned) => return Ok(returned),
            Err(TokenError::Malformed) => {}
            Err(worse) => fault = worse,
        }
    }
    Err(Verdict::Unproven(fault))
}

/// The reports that nothing proves yet, with their places.
fn unproven<'r>(
    reports: &[&'r Report],
    proofs: &[Result<Returned, Verdict>],
) -> Vec<(usize, &'r Report)> {
    let all = reports.iter().copied().enumerate();
    all.filter(|(at, _)| matches!(proofs[*at], Err(Verdict::Unproven(_))))
        .collect()
}

/// A link to leave proves the reader. Of issues it is the one whose Message-ID is there too, else the newest.
async fn by_links(
    store: &Store,
    keys: &Keys,
    reports: &[&Report],
    now: Timestamp,
    proofs: &mut [Result<Returned, Verdict>],
) -> Result<(), Error> {
    let mut readers = Vec::new();
    for (at, report) in unproven(reports, proofs) {
        let mut tokens = report
            .links
            .iter()
            .map(|link| Token::decode(link, Purpose::Unsubscribe, keys, now));
        if let Some(token) = tokens.find_map(Result::ok) {
            readers.push((at, report, token.subscriber));
        }
    }
    let asked: Vec<SubscriberId> = readers.iter().map(|(.., reader)| *reader).collect();
    let issues = store.report_issues(&asked).await?;
    let made = keys.message_ids();
    for (at, report, subscriber) in readers {
        let is_complaint = matches!(report.kind, ReportKind::Complaint(_));
        let issues = issues.get(&subscriber).map_or(&[][..], Vec::as_slice);
        // A bounce comes within days; a complaint when the reader comes across the mail.
        let mut recent = issues
            .iter()
            .filter(|(_, last)| is_complaint || *last + LIFETIME > now)
            .map(|(issue, _)| *issue);
        let ids: Vec<_> = report
            .message_ids
            .iter()
            .filter_map(|id| number(id))
            .collect();
        let is_this = |issue: &IssueNumber| ids.contains(&made(*issue, subscriber));
        let issue = recent.clone().find(is_this).or_else(|| recent.next());
        proofs[at] = match issue {
            Some(issue) => Ok(Returned { subscriber, issue }),
            None if issues.is_empty() => Err(Verdict::NoDelivery),
            None => Err(Verdict::Unproven(TokenError::Expired)),
        };
    }
    Ok(())
}

/// A Message-ID proves both, once it is found: every reader and each issue of the last thirty days is tried, the newest
/// issue first, which a report that has nothing better is worth.
async fn by_message_ids(
    store: &Store,
    keys: &Keys,
    reports: &[&Report],
    now: Timestamp,
    proofs: &mut [Result<Returned, Verdict>],
) -> Result<(), Error> {
    let open = unproven(reports, proofs);
    let mut wanted: HashSet<u128> = open
        .iter()
        .flat_map(|(_, report)| report.message_ids.iter().filter_map(|id| number(id)))
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let made = keys.message_ids();
    let mut found = HashMap::new();
    let mut tried = 0;
    for issue in store.report_issues_since(now - LIFETIME).await? {
        let mut after = SubscriberId(i64::MIN);
        while !wanted.is_empty() && tried < MOST_TRIED {
            let readers = store.report_readers(after, AT_ONCE).await?;
            let Some(last) = readers.last() else {
                break;
            };
            after = *last;
            tried += readers.len();
            for subscriber in readers {
                if let Some(id) = wanted.take(&made(issue, subscriber)) {
                    found.insert(id, Returned { subscriber, issue });
                }
            }
        }
    }
    if tried >= MOST_TRIED {
        tracing::warn!(tried, "reports whose Message-ID was not found are given up");
    }
    for (at, report) in open {
        let mut ids = report.message_ids.iter().filter_map(|id| number(id));
        if let Some(returned) = ids.find_map(|id| found.get(&id)) {
            proofs[at] = Ok(*returned);
        }
    }
    Ok(())
}

/// The left part of a Message-ID as the number that it is, if it has the form of ours.
fn number(id: &str) -> Option<u128> {
    let is_ours = id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    is_ours.then(|| u128::from_str_radix(id, 16).ok()).flatten()
}
