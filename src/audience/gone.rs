//! Judges what a relay said of readers: that there is no such mailbox.
//!
//! One word of one relay on one day is little: a relay that is set up wrongly says it of everybody. It is believed where the
//! relay took at least as many others in the same run; else another issue has to bear it out, days later, by a relay that
//! took mail in between. Of a list of one nobody else can be taken: there the third issue does.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::Error;
use crate::model::{IssueNumber, SubscriberId};
use crate::store::{RelayTook, Store, ToldGone};

/// A relay that was set up wrongly is mended within this time: what is said again afterwards is said anew.
const AGAIN: SignedDuration = SignedDuration::from_hours(3 * 24);

/// How many were believed to be gone, and how many not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Gone {
    /// Suppressed.
    pub believed: i64,
    /// Failed for this issue, and no more.
    pub doubted: i64,
}

/// What a judgement rests on.
#[derive(Debug, Clone, Copy)]
struct Evidence<'a> {
    told: &'a ToldGone,
    /// Of how many the same relay said so in the same run.
    refused: i64,
    took: RelayTook,
    /// What was said of the reader in other issues.
    before: &'a [ToldGone],
    /// Readers of the issue.
    readers: u64,
}

/// Judges what was said of an issue's readers in a run that began at `since`, and does what follows.
pub async fn judge_gone(
    store: &Store,
    issue: IssueNumber,
    readers: u64,
    (since, now): (Timestamp, Timestamp),
) -> Result<Gone, Error> {
    let told = store.gone_told(issue).await?;
    if told.is_empty() {
        return Ok(Gone::default());
    }
    let subscribers: Vec<SubscriberId> = told.iter().map(|one| one.subscriber).collect();
    let before = store.gone_before(issue, &subscribers).await?;
    let first = before.values().flatten().map(|one| one.key.issue);
    let first = first.chain([issue]).min().unwrap_or(issue);
    let mut relays: HashMap<&str, (i64, RelayTook)> = HashMap::new();
    for one in &told {
        if let Some((refused, _)) = relays.get_mut(one.relay.as_str()) {
            *refused += 1;
        } else {
            let took = store.relay_took(&one.relay, issue, since, first).await?;
            relays.insert(&one.relay, (1, took));
        }
    }
    let judged: Vec<_> = told
        .iter()
        .map(|one| {
            let (refused, took) = relays.get(one.relay.as_str()).copied().unwrap_or_default();
            let evidence = Evidence {
                told: one,
                refused,
                took,
                before: before.get(&one.subscriber).map_or(&[], Vec::as_slice),
                readers,
            };
            (one.key, is_believed(evidence))
        })
        .collect();
    store.gone_settle(&judged, now).await?;
    let believed = judged.iter().filter(|(_, believed)| *believed).count();
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    Ok(Gone {
        believed: count(believed),
        doubted: count(judged.len() - believed),
    })
}

fn is_believed(evidence: Evidence<'_>) -> bool {
    let Evidence { told, took, .. } = evidence;
    if took.since > 0 && took.since >= evidence.refused {
        return true;
    }
    let mut old = evidence.before.iter();
    let mut old = old
        .by_ref()
        .filter(|one| told.at.duration_since(one.at) >= AGAIN);
    let took_since = |one: &ToldGone| took.last.is_some_and(|last| last > one.at);
    if evidence.readers <= 1 {
        let issues: HashSet<_> = evidence.before.iter().map(|one| one.key.issue).collect();
        return issues.len() >= 2 && old.next().is_some();
    }
    old.any(took_since)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DeliveryKey;

    fn told(issue: i64, days: i64) -> ToldGone {
        let start: Timestamp = "2026-11-02T08:00:00Z".parse().unwrap();
        ToldGone {
            key: DeliveryKey {
                issue: IssueNumber(issue),
                number: 0,
            },
            subscriber: SubscriberId(1),
            relay: "one".into(),
            at: start + SignedDuration::from_hours(24 * days),
        }
    }

    /// Whether it is believed, of so many refused and taken in this run, with what was said before, and an acceptance so many
    /// days in.
    fn believed(
        refused: i64,
        since: i64,
        before: &[ToldGone],
        last: Option<i64>,
        readers: u64,
    ) -> bool {
        let now = told(9, 20);
        is_believed(Evidence {
            told: &now,
            refused,
            took: RelayTook {
                since,
                last: last.map(|days| told(0, days).at),
            },
            before,
            readers,
        })
    }

    #[test]
    fn a_relay_that_took_as_many_others_is_believed() {
        assert!(believed(1, 1, &[], Some(20), 2));
        assert!(believed(10, 30, &[], Some(20), 40));
        assert!(!believed(2, 1, &[], Some(20), 3), "most of a short list");
        assert!(!believed(10, 0, &[], None, 10), "all of them");
    }

    #[test]
    fn another_issue_days_later_bears_it_out_if_the_relay_took_somebody_since() {
        assert!(believed(2, 0, &[told(3, 17)], Some(18), 2));
        assert!(!believed(2, 0, &[told(3, 18)], Some(19), 2), "too soon");
        assert!(!believed(2, 0, &[told(3, 10)], Some(9), 2), "nobody since");
        assert!(!believed(2, 0, &[told(3, 10)], None, 2));
    }

    #[test]
    fn of_a_list_of_one_the_third_issue_is_believed() {
        assert!(!believed(1, 0, &[], None, 1));
        assert!(!believed(1, 0, &[told(3, 6)], None, 1));
        assert!(believed(1, 0, &[told(3, 6), told(4, 13)], None, 1));
        assert!(!believed(1, 0, &[told(3, 18), told(4, 19)], None, 1));
    }
}
