//! Reports are judged, whatever door they came in by: believed by what only we can have made, and each once.
//!
//! A mailbox that is gone and a complaint suppress at once; passing trouble does when it happened to enough issues in a
//! row. Reports that would suppress a large part of the list at once are believed by nobody: nothing is saved, and the
//! operator is told.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::letter::letters;
use super::proof::proofs;
use super::return_path::Returned;
use super::{Error, Keys, TokenError};
use crate::model::{
    Bounce, BounceClass, BounceLimits, EmailAddress, IssueNumber, Notice, Report, ReportKind,
    SubscriberId, SuppressionReason,
};
use crate::store::{NewReport, ReportRules, ReportSaved, Reportable, Reported, Store, TooMany};

/// Servers give up after five days at the latest (RFC 5321 §4.5.4.1): a mail of which nothing came back by then arrived.
const SETTLED: SignedDuration = SignedDuration::from_hours(5 * 24);

/// Suppressions by reports within this span are counted together: reports also come one a call.
const WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// What became of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The reader of the delivery that its token proves.
    pub reader: Option<EmailAddress>,
    /// That delivery's issue.
    pub issue: Option<IssueNumber>,
    /// Whether what failed for good is a mailbox behind the reader's own, to which that one hands on its mail: the reader's
    /// is there, so the bounce is soft.
    pub behind: bool,
    /// What was done.
    pub verdict: Verdict,
}

/// What was done about a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It counts as nothing.
    Nothing(Notice),
    /// No token proves it.
    Unproven(TokenError),
    /// A letter that asks to leave without a token, in the name of a reader: anybody can write that.
    Asked,
    /// Its token is genuine, and there is no such reader any more.
    NoReader,
    /// Its token is genuine, and there is no such delivery.
    NoDelivery,
    /// Its token is genuine, and it names another reader.
    OtherReader,
    /// It was there before.
    Repeated,
    /// Kept; it says nothing about the reader.
    Kept,
    /// Kept; so many issues in a row have bounced.
    Counted(i64),
    /// The reader is suppressed; the flag says whether this report did it.
    Suppressed(SuppressionReason, bool),
}

/// How reports are to be judged.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// When they suppress, and when they are too many.
    pub limits: BounceLimits,
    /// When it is.
    pub now: Timestamp,
    /// Whether too many are believed all the same: the operator has looked.
    pub however_many: bool,
    /// Whether nothing is saved, and what would become of each is told.
    pub trial: bool,
}

/// Judges reports, and does what follows: all of it, or nothing where it would suppress too many. Who asks to leave by a
/// token has left in either case.
pub async fn report(
    store: &Store,
    keys: &Keys,
    reports: &[&Report],
    terms: Terms,
) -> Result<Result<Vec<Judged>, TooMany>, Error> {
    let claims = proofs(store, keys, reports, terms.now).await?;
    let mut letters = letters(store, keys, reports, terms).await?;
    let asked: Vec<_> = claims
        .iter()
        .flatten()
        .map(|c| (c.subscriber, c.issue))
        .collect();
    let subjects = store.report_subjects(&asked).await?;
    let others = others(store, reports).await?;
    let mut new = Vec::new();
    let mut judged: Vec<Judged> = Vec::with_capacity(reports.len());
    let mut places = Vec::new();
    for (at, (report, claim)) in reports.iter().zip(claims).enumerate() {
        let one = match claim {
            Err(verdict) => letters.remove(&at).unwrap_or(Judged {
                reader: None,
                issue: None,
                behind: false,
                verdict,
            }),
            Ok(claim) => admit(report, claim, &subjects, &others, |admitted| {
                places.push(judged.len());
                new.push(admitted);
            }),
        };
        judged.push(one);
    }
    let saved = store.report_save(&new, &rules(terms), !terms.trial).await?;
    let saved = match saved {
        Ok(saved) => saved,
        Err(too_many) => return Ok(Err(too_many)),
    };
    for (place, saved) in places.into_iter().zip(saved) {
        if let Some(one) = judged.get_mut(place) {
            one.verdict = verdict(saved);
            if !terms.trial {
                log(one);
            }
        }
    }
    Ok(Ok(judged))
}

fn log(judged: &Judged) {
    if let Judged {
        reader: Some(reader),
        issue: Some(issue),
        verdict: Verdict::Suppressed(reason, true),
        ..
    } = judged
    {
        let reason = reason.as_str();
        tracing::info!(subscriber = %reader.masked(), issue = issue.0, reason, "a report suppressed a reader");
    }
}

fn rules(terms: Terms) -> ReportRules {
    let Terms { limits, now, .. } = terms;
    ReportRules {
        soft: limits.soft.into(),
        span: i64::try_from(limits.span.as_millis()).unwrap_or(i64::MAX),
        settled: now - SETTLED,
        since: now - WINDOW,
        guard: (!terms.however_many).then_some(limits),
        now,
    }
}

/// The readers among all whom the reports name.
async fn others(store: &Store, reports: &[&Report]) -> Result<HashSet<String>, Error> {
    let named = reports.iter().flat_map(|report| &report.recipients);
    let named: Vec<String> = named.map(EmailAddress::key).collect();
    Ok(store.subscriber_known(&named).await?)
}

/// Hands on the report to keep, if its delivery is there and it does not name another reader instead.
///
/// Whom it names beside that does not matter: mail is forwarded.
fn admit(
    report: &Report,
    claim: Returned,
    subjects: &HashMap<(SubscriberId, IssueNumber), Reportable>,
    others: &HashSet<String>,
    admit: impl FnOnce(NewReport),
) -> Judged {
    let Some(subject) = subjects.get(&(claim.subscriber, claim.issue)) else {
        return Judged {
            reader: None,
            issue: Some(claim.issue),
            behind: false,
            verdict: Verdict::NoDelivery,
        };
    };
    let own = subject.address.key();
    let named: Vec<String> = report.recipients.iter().map(EmailAddress::key).collect();
    let is_other = !named.contains(&own) && named.iter().any(|key| others.contains(key));
    let behind = is_behind(report, &subject.address);
    let kind = kind_of(&report.kind).filter(|_| !is_other);
    let verdict = match kind {
        Some((kind, status)) => {
            let kind = match behind {
                true => Reported::Soft,
                false => kind,
            };
            admit(NewReport {
                subscriber: claim.subscriber,
                issue: claim.issue,
                address_hash: subject.address_hash.clone(),
                kind,
                status,
            });
            Verdict::Kept
        }
        None => Verdict::OtherReader,
    };
    Judged {
        reader: Some(subject.address.clone()),
        issue: Some(claim.issue),
        behind: behind && !is_other,
        verdict,
    }
}

/// Whether another mailbox than the reader's own is gone: the member of an alias, or where mail is forwarded to.
fn is_behind(report: &Report, own: &EmailAddress) -> bool {
    let is_hard =
        matches!(&report.kind, ReportKind::Bounce(bounce) if bounce.class == BounceClass::Hard);
    let is_own = |failed: &EmailAddress| mailbox(failed) == mailbox(own);
    is_hard && !report.failed.is_empty() && !report.failed.iter().any(is_own)
}

/// The mailbox of an address, whatever its detail (RFC 5233 §1).
fn mailbox(address: &EmailAddress) -> String {
    let key = address.key();
    match key.rsplit_once('@') {
        Some((local, domain)) => {
            let local = local.split('+').next().unwrap_or(local);
            format!("{local}@{domain}")
        }
        None => key,
    }
}

fn kind_of(kind: &ReportKind) -> Option<(Reported, Option<String>)> {
    match kind {
        ReportKind::Bounce(Bounce { class, status }) => {
            let kind = match class {
                BounceClass::Hard => Reported::Hard,
                BounceClass::Soft => Reported::Soft,
                BounceClass::Policy => Reported::Policy,
            };
            Some((kind, status.clone()))
        }
        ReportKind::Complaint(_) => Some((Reported::Complaint, None)),
        ReportKind::Letter(_) | ReportKind::Notice(_) => None,
    }
}

fn verdict(saved: ReportSaved) -> Verdict {
    match saved {
        ReportSaved::Repeated => Verdict::Repeated,
        ReportSaved::Kept => Verdict::Kept,
        ReportSaved::Counted(count) => Verdict::Counted(count),
        ReportSaved::Suppressed(reason, first) => Verdict::Suppressed(reason, first),
    }
}
