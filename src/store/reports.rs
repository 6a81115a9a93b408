//! What came back: reports, each once, with the suppressions that follow from them.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::journal::{Entry, Suppressed};
use crate::model::{EmailAddress, IssueNumber, Reader, SubscriberId, SuppressionReason};

use super::report_rules::{ReportRules, TooMany, count_soft, suppression, too_many};
use super::statement::{Row, Value};
use super::suppressions::{REQUEST, newer_reason_counts};
use super::transaction::{TRIES, Transaction};
use super::{Error, Store};

/// Issue and reader: which delivery a report is about.
type Key = (SubscriberId, IssueNumber);

/// Addresses that reports suppressed, and why.
type Added = HashMap<String, SuppressionReason>;

/// The kinds of report that are kept, as the database's CHECK lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reported {
    /// There is no such mailbox: suppresses.
    Hard,
    /// Passing: counted, and suppresses when there are enough.
    Soft,
    /// Says nothing about the reader.
    Policy,
    /// Called spam: suppresses.
    Complaint,
}

impl Reported {
    const ALL: [Self; 4] = [Self::Hard, Self::Soft, Self::Policy, Self::Complaint];

    fn as_str(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
            Self::Policy => "policy",
            Self::Complaint => "complaint",
        }
    }
}

/// A report to keep.
#[derive(Debug, Clone, PartialEq)]
pub struct NewReport {
    /// Who.
    pub subscriber: SubscriberId,
    /// Which issue.
    pub issue: IssueNumber,
    /// The delivery's own address, hashed.
    pub address_hash: String,
    /// What it says.
    pub kind: Reported,
    /// The enhanced status, if one was told.
    pub status: Option<String>,
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportSaved {
    /// It was there before.
    Repeated,
    /// Kept, and no more.
    Kept,
    /// So many soft ones in a row by now.
    Counted(i64),
    /// The address is suppressed; the flag says whether this report did it.
    Suppressed(SuppressionReason, bool),
}

/// A delivery that a report may be about.
#[derive(Debug, Clone, PartialEq)]
pub struct Reportable {
    /// Where it went.
    pub address: EmailAddress,
    /// The same, hashed.
    pub address_hash: String,
}

impl Store {
    /// The deliveries among these that there are.
    pub async fn report_subjects(
        &self,
        keys: &[(SubscriberId, IssueNumber)],
    ) -> Result<HashMap<(SubscriberId, IssueNumber), Reportable>, Error> {
        let asked: Vec<_> = keys
            .iter()
            .map(|(subscriber, issue)| [Value::from(subscriber.0), issue.0.into()])
            .collect();
        let mut tx = self.engine.begin_read().await?;
        let rows = tx
            .over(
                "WITH v(subscriber, issue) AS (VALUES {rows})
                 SELECT d.subscriber AS subscriber, d.issue AS issue, d.reader AS reader, d.address_hash AS address_hash
                 FROM v JOIN delivery d ON d.subscriber = v.subscriber AND d.issue = v.issue",
                &asked,
            )
            .await?;
        rows.iter()
            .map(|row| {
                let reader: Reader = row.json("reader")?;
                let subject = Reportable {
                    address: reader.address,
                    address_hash: row.text("address_hash")?,
                };
                Ok((key_of(row)?, subject))
            })
            .collect()
    }

    /// Keeps reports, each once, and suppresses what they ask for: all of it in one transaction, or none where it would
    /// suppress too many. With `keep` false nothing is kept, and what would have become of each is told.
    pub async fn report_save(
        &self,
        reports: &[NewReport],
        rules: &ReportRules,
        keep: bool,
    ) -> Result<Result<Vec<ReportSaved>, TooMany>, Error> {
        let mut tries = 0;
        loop {
            let mut tx = self.engine.begin_write().await?;
            let saved = save(&mut tx, reports, rules).await;
            // What is not committed is undone.
            let saved = match saved {
                Ok(Ok(saved)) if keep => match tx.commit().await {
                    Ok(()) => {
                        self.tell(suppressions(reports, &saved, rules.now)).await?;
                        Ok(Ok(saved))
                    }
                    Err(error) => Err(error),
                },
                other => other,
            };
            tries += 1;
            match saved {
                Err(Error::Conflict(_)) if tries < TRIES => {}
                saved => return saved,
            }
        }
    }

    /// Which of these addresses are readers', by [`EmailAddress::key`].
    pub async fn subscriber_known(&self, keys: &[String]) -> Result<HashSet<String>, Error> {
        let asked: Vec<_> = keys.iter().map(|key| [key.as_str().into()]).collect();
        let mut tx = self.engine.begin_read().await?;
        let rows = tx
            .over(
                "WITH v(address_key) AS (VALUES {rows})
                 SELECT s.address_key AS address_key
                 FROM v JOIN subscriber s ON s.address_key = v.address_key",
                &asked,
            )
            .await?;
        rows.iter().map(|row| row.text("address_key")).collect()
    }
}

/// What the journal is told: the addresses that these reports suppressed.
fn suppressions(reports: &[NewReport], saved: &[ReportSaved], at: Timestamp) -> Vec<Entry> {
    let suppressed = reports.iter().zip(saved).filter_map(|(report, saved)| {
        let ReportSaved::Suppressed(reason, true) = *saved else {
            return None;
        };
        Some(Entry::Suppressed(Suppressed {
            address: report.address_hash.clone(),
            reason,
            at,
        }))
    });
    suppressed.collect()
}

async fn save(
    tx: &mut Transaction,
    reports: &[NewReport],
    rules: &ReportRules,
) -> Result<Result<Vec<ReportSaved>, TooMany>, Error> {
    let mut fresh = insert(tx, reports, rules.now).await?;
    let counts = count_soft(tx, reports, rules).await?;
    let asked: Vec<Option<SuppressionReason>> = reports
        .iter()
        .map(|report| suppression(report, &counts, rules))
        .collect();
    let mut added = suppress(tx, reports, &asked, &fresh, rules.now).await?;
    mark(tx, reports, &asked, &added).await?;
    if !added.is_empty()
        && let Some(too_many) = too_many(tx, rules).await?
    {
        return Ok(Err(too_many));
    }
    let saved = reports.iter().zip(asked).map(|(report, asked)| {
        // The first of several that are the same is the one that counts.
        if !fresh.remove(&whole_key(report)) {
            return ReportSaved::Repeated;
        }
        match asked {
            Some(reason) => ReportSaved::Suppressed(reason, take(&mut added, report, reason)),
            None if report.kind == Reported::Soft => {
                ReportSaved::Counted(counts.get(&report.subscriber).map_or(0, |c| c.total))
            }
            None => ReportSaved::Kept,
        }
    });
    Ok(Ok(saved.collect()))
}

/// Takes out the address of a report, if it was suppressed for what that asks.
fn take(added: &mut Added, report: &NewReport, asked: SuppressionReason) -> bool {
    let is_why = added.get(&report.address_hash) == Some(&asked);
    is_why && added.remove(&report.address_hash).is_some()
}

fn whole_key(report: &NewReport) -> (Key, Reported) {
    ((report.subscriber, report.issue), report.kind)
}

/// Keeps what is new, and says which that is.
async fn insert(
    tx: &mut Transaction,
    reports: &[NewReport],
    now: Timestamp,
) -> Result<HashSet<(Key, Reported)>, Error> {
    let rows: Vec<_> = reports
        .iter()
        .map(|report| {
            [
                Value::from(report.subscriber.0),
                report.issue.0.into(),
                report.kind.as_str().into(),
                now.into(),
                report.status.clone().into(),
                false.into(),
            ]
        })
        .collect();
    let rows = tx
        .over(
            "INSERT INTO report (subscriber, issue, kind, at, status, suppressed) VALUES {rows}
             ON CONFLICT (subscriber, issue, kind) DO NOTHING
             RETURNING subscriber, issue, kind",
            &rows,
        )
        .await?;
    rows.iter()
        .map(|row| {
            let kind = row.word("kind", &Reported::ALL, Reported::as_str)?;
            Ok((key_of(row)?, kind))
        })
        .collect()
}

/// Suppresses what fresh reports ask for, and says which addresses are so for that now, and why. Of several reasons a
/// reader's own no counts.
async fn suppress(
    tx: &mut Transaction,
    reports: &[NewReport],
    asked: &[Option<SuppressionReason>],
    fresh: &HashSet<(Key, Reported)>,
    now: Timestamp,
) -> Result<Added, Error> {
    let mut wanted: HashMap<&str, SuppressionReason> = HashMap::new();
    for (report, reason) in reports.iter().zip(asked) {
        let Some(reason) = reason.filter(|_| fresh.contains(&whole_key(report))) else {
            continue;
        };
        let counts = wanted.entry(&report.address_hash).or_insert(reason);
        if reason.is_final() && !counts.is_final() {
            *counts = reason;
        }
    }
    let rows: Vec<_> = wanted
        .iter()
        .map(|(address, reason)| {
            [
                Value::from(*address),
                reason.as_str().into(),
                now.into(),
                REQUEST.into(),
            ]
        })
        .collect();
    let rows = tx
        .over(
            concat!(
                "INSERT INTO suppression (address_hash, reason, at, origin) VALUES {rows}
                 ON CONFLICT (address_hash) DO ",
                newer_reason_counts!(),
                " RETURNING address_hash"
            ),
            &rows,
        )
        .await?;
    let added = rows.iter().map(|row| {
        let address = row.text("address_hash")?;
        let reason = wanted[address.as_str()];
        Ok((address, reason))
    });
    added.collect()
}

/// Marks the reports that suppressed an address, one for each.
async fn mark(
    tx: &mut Transaction,
    reports: &[NewReport],
    asked: &[Option<SuppressionReason>],
    added: &Added,
) -> Result<(), Error> {
    let mut left = added.clone();
    let rows: Vec<_> = reports
        .iter()
        .zip(asked)
        .filter(|(report, asked)| asked.is_some_and(|asked| take(&mut left, report, asked)))
        .map(|(report, _)| {
            [
                Value::from(report.subscriber.0),
                report.issue.0.into(),
                report.kind.as_str().into(),
            ]
        })
        .collect();
    tx.over(
        "WITH v(subscriber, issue, kind) AS (VALUES {rows})
         UPDATE report SET suppressed = 1 FROM v
         WHERE report.subscriber = v.subscriber AND report.issue = v.issue AND report.kind = v.kind",
        &rows,
    )
    .await?;
    Ok(())
}

fn key_of(row: &Row) -> Result<Key, Error> {
    Ok((
        SubscriberId(row.number("subscriber")?),
        IssueNumber(row.number("issue")?),
    ))
}
