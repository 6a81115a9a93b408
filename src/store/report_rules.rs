//! When reports suppress a reader, and when they would suppress too many to be true.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::model::{BounceLimits, SubscriberId, SuppressionReason};

use super::Error;
use super::reports::{NewReport, Reported};
use super::statement::{Statement, Value};
use super::transaction::Transaction;

/// By what reports are judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReportRules {
    /// Soft reports of issues in a row that suppress.
    pub soft: i64,
    /// Milliseconds that these must span at least.
    pub span: i64,
    /// A mail that was sent before this and of which nothing came back has arrived: it ends the row.
    pub settled: Timestamp,
    /// Suppressions by reports since then are counted together.
    pub since: Timestamp,
    /// How many of these are too many; without it, none are.
    pub guard: Option<BounceLimits>,
    /// Now.
    pub now: Timestamp,
}

/// Reports that would suppress too many: nothing was saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    /// Suppressions within the hour, these included.
    pub suppressions: i64,
    /// Readers that are listed.
    pub readers: i64,
}

/// The soft reports of issues in a row.
pub(super) struct Soft {
    pub(super) total: i64,
    span: i64,
}

/// What a report asks for: the reason to suppress its address, if there is one.
pub(super) fn suppression(
    report: &NewReport,
    counts: &HashMap<SubscriberId, Soft>,
    rules: &ReportRules,
) -> Option<SuppressionReason> {
    match report.kind {
        Reported::Hard => Some(SuppressionReason::Bounced),
        Reported::Complaint => Some(SuppressionReason::Complained),
        Reported::Soft => {
            let soft = counts.get(&report.subscriber)?;
            let enough = soft.total >= rules.soft && soft.span >= rules.span;
            enough.then_some(SuppressionReason::Bounced)
        }
        Reported::Policy => None,
    }
}

/// The soft reports of each reader since the last issue that arrived, these included.
pub(super) async fn count_soft(
    tx: &mut Transaction,
    reports: &[NewReport],
    rules: &ReportRules,
) -> Result<HashMap<SubscriberId, Soft>, Error> {
    let soft = reports.iter().filter(|r| r.kind == Reported::Soft);
    let readers: HashSet<i64> = soft.map(|report| report.subscriber.0).collect();
    let rows: Vec<_> = readers
        .into_iter()
        .map(|reader| [Value::from(reader), rules.settled.into()])
        .collect();
    let rows = tx
        .over(
            "WITH v(subscriber, settled) AS (VALUES {rows})
             SELECT v.subscriber AS subscriber, COUNT(*) AS total,
                COALESCE(MAX(d.last_at) - MIN(d.last_at), 0) AS span
             FROM v
             JOIN report r ON r.subscriber = v.subscriber AND r.kind = 'soft'
             JOIN delivery d ON d.subscriber = r.subscriber AND d.issue = r.issue
             WHERE NOT EXISTS (
                SELECT 1 FROM delivery g
                WHERE g.subscriber = r.subscriber AND g.issue > r.issue AND g.state = 'sent'
                    AND g.last_at <= v.settled
                    AND NOT EXISTS (SELECT 1 FROM report b WHERE b.subscriber = g.subscriber AND b.issue = g.issue))
             GROUP BY v.subscriber",
            &rows,
        )
        .await?;
    rows.iter()
        .map(|row| {
            let soft = Soft {
                total: row.number("total")?,
                span: row.number("span")?,
            };
            Ok((SubscriberId(row.number("subscriber")?), soft))
        })
        .collect()
}

/// How many reports have suppressed of late, where that is too many.
pub(super) async fn too_many(
    tx: &mut Transaction,
    rules: &ReportRules,
) -> Result<Option<TooMany>, Error> {
    let row = tx
        .row(
            Statement::new(
                "SELECT (SELECT COUNT(*) FROM report WHERE suppressed = 1 AND at > $1) AS suppressions,
                    (SELECT COUNT(*) FROM subscriber WHERE active = 1) AS readers",
            )
            .with(rules.since),
        )
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let (suppressions, readers) = (row.number("suppressions")?, row.number("readers")?);
    let whole = |number: i64| u64::try_from(number).unwrap_or(0);
    let guard = rules.guard.as_ref();
    let many = guard.is_some_and(|limits| limits.is_flood(whole(suppressions), whole(readers)));
    Ok(many.then_some(TooMany {
        suppressions,
        readers,
    }))
}
