//! Taking deliveries (T2).

use std::ops::Range;

use crate::model::{Claim, ClaimedDelivery, DeliveryKey, IssueNumber, SubscriberId};

use super::super::Error;
use super::super::batch::{Batch, Taken};
use super::super::ledger::limit_of;
use super::super::relays::ANY;
use super::super::statement::{Row, Value};
use super::Turn;

/// Claims for a relay at most `most` due deliveries whose numbers lie in the range, by number.
pub(super) fn claim(batch: &mut Batch, turn: &Turn, most: usize, numbers: Range<i64>) -> Taken {
    let request = &turn.request;
    let row = [
        Value::from(request.issue.0),
        request.now.into(),
        numbers.start.into(),
        numbers.end.into(),
        limit_of(most).into(),
        request.lease_until.into(),
        turn.relay.as_str().into(),
        ANY.into(),
    ];
    batch.over(
        "WITH v(issue, now, low, below, most, lease_until, relay, anywhere) AS (VALUES {rows}),
         due(number) AS MATERIALIZED (
            SELECT d.number FROM delivery d
            WHERE d.issue = (SELECT issue FROM v) AND d.state = 'queued' AND d.next_at <= (SELECT now FROM v)
                AND d.number >= (SELECT low FROM v) AND d.number < (SELECT below FROM v)
                AND (d.unknowns = 0 OR d.relay IN (SELECT relay FROM v UNION ALL SELECT anywhere FROM v))
                AND EXISTS (SELECT 1 FROM issue i, v WHERE i.number = v.issue AND i.standing = 'open'
                    AND (i.done_by IS NULL OR i.done_by > v.now))
            ORDER BY d.number LIMIT (SELECT most FROM v)
         )
         UPDATE delivery SET state = 'claimed', fence = delivery.fence + 1,
            lease_until = (SELECT lease_until FROM v)
         WHERE delivery.issue = (SELECT issue FROM v) AND delivery.number IN (SELECT due.number FROM due)
            AND delivery.state = 'queued'
         RETURNING delivery.issue AS issue, delivery.number AS number, delivery.fence AS fence,
            delivery.subscriber AS subscriber, delivery.variant AS variant, delivery.reader AS reader,
            delivery.attempts AS attempts, delivery.unknowns AS unknowns",
        if most == 0 { vec![] } else { vec![row] },
    )
}

pub(super) fn all_claimed(rows: &[Row]) -> Result<Vec<ClaimedDelivery>, Error> {
    let mut claimed = rows.iter().map(claimed).collect::<Result<Vec<_>, _>>()?;
    claimed.sort_by_key(|delivery| delivery.claim.key);
    Ok(claimed)
}

fn claimed(row: &Row) -> Result<ClaimedDelivery, Error> {
    Ok(ClaimedDelivery {
        claim: claim_of(row)?,
        subscriber: SubscriberId(row.number("subscriber")?),
        variant: row.number("variant")?,
        reader: row.json("reader")?,
        attempts: row.count("attempts")?,
        unknowns: row.count("unknowns")?,
    })
}

pub(super) fn claim_of(row: &Row) -> Result<Claim, Error> {
    Ok(Claim {
        key: DeliveryKey {
            issue: IssueNumber(row.number("issue")?),
            number: row.number("number")?,
        },
        fence: row.number("fence")?,
    })
}
