//! A sender's turn, in one commit: outcomes (T4), then intents (T3), then the next claims (T2).
//!
//! Everything is compare-and-set under the fence of a claim, so that a sender whose lease has run out records nothing and
//! is granted nothing.

use std::collections::{HashMap, HashSet};

use crate::model::{
    Claim, ClaimedDelivery, DeliveryKey, DeliveryState, Intent, IntentRefusal, IssueNumber,
    Outcome, OutcomeRecord, Reply, SubscriberId, TurnRequest, TurnResult,
};

use super::ledger::limit_of;
use super::relays::{self, ANY};
use super::statement::{Row, Statement, Value};
use super::transaction::{Transaction, transact};
use super::{Error, Store};

impl Store {
    /// Records outcomes, grants intents and claims deliveries for a relay, in this order and in one transaction.
    ///
    /// An intent notes the relay; a delivery of which a copy may be about is claimed for the relay that it was offered to
    /// alone. What the relay has now, or may have, is added to its use in this hour.
    ///
    /// An outcome or intent counts only under the newest fence. An intent is granted if its lease has not run out, the
    /// address is not suppressed and the issue stands open, and the lease then holds until `lease_until`, as that of the
    /// new claims does. Of an issue that is paused, cancelled or past its deadline nothing is claimed, and an intent puts it
    /// back. A failure
    /// that says the mailbox does not exist suppresses the address. Claims go on by number from where this store's last
    /// claim ended, then from the start, so retries come after what was not tried yet. Fewer claims than asked for do not
    /// mean that nothing is left: [`Store::outbox_next`] says so.
    ///
    /// A turn is a chain of short waits for the engine. It goes on by itself, on whichever thread is free, so that no link
    /// of it waits behind what the caller's task does meanwhile; dropped, it is still committed or undone as a whole.
    pub async fn outbox_turn(
        &self,
        relay: &str,
        request: &TurnRequest,
    ) -> Result<TurnResult, Error> {
        let cursor = self.cursor(request.issue);
        let (store, task, relay) = (self.clone(), request.clone(), relay.to_owned());
        let turning = tokio::spawn(async move {
            let result: Result<TurnResult, Error> =
                transact!(store, tx => turn(tx, &relay, &task, cursor).await);
            result
        });
        let result = turning
            .await
            .map_err(|_| Error::from(sqlx::Error::WorkerCrashed))??;
        if let Some(last) = result.claimed.last() {
            self.set_cursor(request.issue, last.claim.key.number + 1);
        }
        Ok(result)
    }

    /// Where to look for work first: behind the last claim, since what lies before it is mostly done.
    fn cursor(&self, issue: IssueNumber) -> i64 {
        let cursors = self.cursors.lock().unwrap_or_else(|e| e.into_inner());
        cursors.get(&issue.0).copied().unwrap_or(0)
    }

    fn set_cursor(&self, issue: IssueNumber, number: i64) {
        let mut cursors = self.cursors.lock().unwrap_or_else(|e| e.into_inner());
        cursors.insert(issue.0, number);
    }
}

async fn turn(
    tx: &mut Transaction,
    relay: &str,
    request: &TurnRequest,
    cursor: i64,
) -> Result<TurnResult, Error> {
    let lost_outcomes = record_outcomes(tx, &request.outcomes).await?;
    let carried = carried(&request.outcomes, &lost_outcomes);
    relays::add(tx, relay, carried, request.now).await?;
    let (granted, refused) = grant_intents(tx, relay, request).await?;
    let mut claimed = claim(tx, relay, request, request.claim, cursor, i64::MAX).await?;
    if claimed.len() < request.claim && cursor > 0 {
        let rest = request.claim - claimed.len();
        claimed.extend(claim(tx, relay, request, rest, 0, cursor).await?);
    }
    Ok(TurnResult {
        lost_outcomes,
        granted,
        refused,
        claimed,
        overtaken: false,
    })
}

/// How many messages the relay has, or may have; what another sender took over was counted when it did.
fn carried(outcomes: &[OutcomeRecord], lost: &[Claim]) -> i64 {
    let carried = outcomes
        .iter()
        .filter(|record| record.outcome.was_carried() && !lost.contains(&record.claim));
    i64::try_from(carried.count()).unwrap_or(i64::MAX)
}

/// Records outcomes under their fences and gives back the claims that have lost theirs. A delivery that is given up without
/// a relay's final no is held where a copy of it may have arrived.
async fn record_outcomes(
    tx: &mut Transaction,
    outcomes: &[OutcomeRecord],
) -> Result<Vec<Claim>, Error> {
    let rows: Vec<_> = outcomes.iter().map(change).collect();
    let recorded = tx
        .over(
            "WITH v(issue, number, fence, state, at, next_at, attempts, unknowns, answered, code, enhanced, reply)
                AS (VALUES {rows})
             UPDATE delivery SET
                state = CASE WHEN v.state = 'failed' AND v.code < 500 AND delivery.unknowns > 0 THEN 'held'
                    ELSE v.state END,
                last_at = v.at, lease_until = NULL, next_at = v.next_at,
                attempts = delivery.attempts + v.attempts, unknowns = delivery.unknowns + v.unknowns,
                code = CASE WHEN v.answered = 1 THEN v.code ELSE delivery.code END,
                enhanced = CASE WHEN v.answered = 1 THEN v.enhanced ELSE delivery.enhanced END,
                reply = CASE WHEN v.answered = 1 THEN v.reply ELSE delivery.reply END
             FROM v
             WHERE delivery.issue = v.issue AND delivery.number = v.number AND delivery.fence = v.fence
                AND delivery.state IN ('claimed', 'intent')
             RETURNING delivery.issue AS issue, delivery.number AS number, delivery.fence AS fence",
            &rows,
        )
        .await?;
    let recorded: HashSet<Claim> = recorded.iter().map(claim_of).collect::<Result<_, _>>()?;
    let (kept, lost): (Vec<_>, Vec<_>) = outcomes
        .iter()
        .partition(|record| recorded.contains(&record.claim));
    insert_attempts(tx, &kept).await?;
    insert_suppressions(tx, &kept).await?;
    Ok(lost.into_iter().map(|record| record.claim).collect())
}

/// What an outcome changes in its delivery, in the order of the columns of `record_outcomes`.
fn change(record: &OutcomeRecord) -> [Value; 12] {
    let (state, next_at, attempts, unknowns, answered) = match &record.outcome {
        Outcome::Sent(_) => (DeliveryState::Sent, record.at, 1, 0, true),
        Outcome::Failed(..) => (DeliveryState::Failed, record.at, 1, 0, true),
        Outcome::Deferred(_, next) => (DeliveryState::Queued, *next, 1, 0, true),
        Outcome::Released(next) => (DeliveryState::Queued, *next, 0, 0, false),
        Outcome::UnknownRetry(next) => (DeliveryState::Queued, *next, 0, 1, true),
        Outcome::UnknownHeld => (DeliveryState::Held, record.at, 0, 1, true),
    };
    let [code, enhanced, text] = reply(&record.outcome);
    [
        record.claim.key.issue.0.into(),
        record.claim.key.number.into(),
        record.claim.fence.into(),
        state.as_str().into(),
        record.at.into(),
        next_at.into(),
        attempts.into(),
        unknowns.into(),
        answered.into(),
        code,
        enhanced,
        text,
    ]
}

/// Code, enhanced code and text of what the relay said, empty where it said nothing.
fn reply(outcome: &Outcome) -> [Value; 3] {
    let reply: Option<&Reply> = match outcome {
        Outcome::Sent(reply) | Outcome::Failed(reply, _) | Outcome::Deferred(reply, _) => {
            Some(reply)
        }
        Outcome::Released(_) | Outcome::UnknownRetry(_) | Outcome::UnknownHeld => None,
    };
    [
        reply.map(|reply| i64::from(reply.code)).into(),
        reply.and_then(|reply| reply.enhanced.clone()).into(),
        reply.map(|reply| reply.text.clone()).into(),
    ]
}

/// Keeps the tries that did not end in sent.
async fn insert_attempts(tx: &mut Transaction, kept: &[&OutcomeRecord]) -> Result<(), Error> {
    let rows: Vec<_> = kept
        .iter()
        .filter_map(|record| {
            let word = match record.outcome {
                Outcome::Failed(..) => "failed",
                Outcome::Deferred(..) => "deferred",
                Outcome::UnknownRetry(_) | Outcome::UnknownHeld => "unknown",
                Outcome::Sent(_) | Outcome::Released(_) => return None,
            };
            let [code, enhanced, text] = reply(&record.outcome);
            Some([
                record.claim.key.issue.0.into(),
                record.claim.key.number.into(),
                record.claim.fence.into(),
                record.at.into(),
                word.into(),
                code,
                enhanced,
                text,
            ])
        })
        .collect();
    tx.over(
        "INSERT INTO attempt (issue, number, fence, at, outcome, code, enhanced, reply) VALUES {rows}",
        &rows,
    )
    .await?;
    Ok(())
}

/// Suppresses the addresses whose mailbox does not exist.
async fn insert_suppressions(tx: &mut Transaction, kept: &[&OutcomeRecord]) -> Result<(), Error> {
    let rows: Vec<_> = kept
        .iter()
        .filter_map(|record| {
            let reason = record.outcome.suppression()?;
            Some([
                Value::from(record.claim.key.issue.0),
                record.claim.key.number.into(),
                reason.as_str().into(),
                record.at.into(),
            ])
        })
        .collect();
    tx.over(
        "WITH v(issue, number, reason, at) AS (VALUES {rows})
         INSERT INTO suppression (address_hash, reason, at, origin)
         SELECT d.address_hash, v.reason, v.at, 'delivery'
         FROM v JOIN delivery d ON d.issue = v.issue AND d.number = v.number
         WHERE d.state = 'failed'
         ON CONFLICT (address_hash) DO NOTHING",
        &rows,
    )
    .await?;
    Ok(())
}

/// Grants intents: one statement decides between granted, suppressed and put back, so that nobody slips in
/// between.
async fn grant_intents(
    tx: &mut Transaction,
    relay: &str,
    request: &TurnRequest,
) -> Result<(Vec<Claim>, Vec<(Claim, IntentRefusal)>), Error> {
    let rows: Vec<_> = request
        .intents
        .iter()
        .map(|Intent { claim, behind }| {
            [
                Value::from(claim.key.issue.0),
                claim.key.number.into(),
                claim.fence.into(),
                request.now.into(),
                request.lease_until.into(),
                behind.map(|behind| behind.key.number).into(),
                behind.map(|behind| behind.fence).into(),
                relay.into(),
            ]
        })
        .collect();
    let decided = tx
        .over(
            "WITH v(issue, number, fence, now, lease_until, behind, behind_fence, relay) AS (VALUES {rows})
             UPDATE delivery SET
                state = CASE WHEN EXISTS (SELECT 1 FROM suppression s WHERE s.address_hash = delivery.address_hash)
                        THEN 'suppressed'
                    WHEN EXISTS (SELECT 1 FROM issue i WHERE i.number = delivery.issue
                            AND (i.standing <> 'open' OR i.done_by <= v.now))
                        THEN 'queued'
                    ELSE 'intent' END,
                lease_until = v.lease_until, last_at = v.now, behind = v.behind, behind_fence = v.behind_fence,
                relay = v.relay
             FROM v
             WHERE delivery.issue = v.issue AND delivery.number = v.number AND delivery.fence = v.fence
                AND delivery.state = 'claimed' AND delivery.lease_until > v.now
             RETURNING delivery.issue AS issue, delivery.number AS number, delivery.fence AS fence,
                delivery.state AS state",
            &rows,
        )
        .await?;
    let mut standing = HashMap::new();
    for row in &decided {
        let state = row.word("state", &DeliveryState::ALL, DeliveryState::as_str)?;
        standing.insert(claim_of(row)?, state);
    }
    let mut granted = Vec::new();
    let mut refused = Vec::new();
    for Intent { claim, .. } in &request.intents {
        match standing.get(claim) {
            Some(DeliveryState::Intent) => granted.push(*claim),
            Some(DeliveryState::Suppressed) => refused.push((*claim, IntentRefusal::Suppressed)),
            Some(_) | None => refused.push((*claim, IntentRefusal::Lost)),
        }
    }
    Ok((granted, refused))
}

/// Claims at most `most` due deliveries with numbers from `from` up to but not including `below`, by number.
async fn claim(
    tx: &mut Transaction,
    relay: &str,
    request: &TurnRequest,
    most: usize,
    from: i64,
    below: i64,
) -> Result<Vec<ClaimedDelivery>, Error> {
    if most == 0 {
        return Ok(Vec::new());
    }
    let rows = tx
        .rows(
            Statement::new(
                "WITH due(number) AS MATERIALIZED (
                    SELECT number FROM delivery
                    WHERE issue = $1 AND state = 'queued' AND next_at <= $2 AND number >= $3 AND number < $4
                        AND (unknowns = 0 OR relay IN ($7, $8))
                        AND EXISTS (SELECT 1 FROM issue i WHERE i.number = $1 AND i.standing = 'open'
                            AND (i.done_by IS NULL OR i.done_by > $2))
                    ORDER BY number LIMIT $5
                 )
                 UPDATE delivery SET state = 'claimed', fence = delivery.fence + 1, lease_until = $6
                 FROM due
                 WHERE delivery.issue = $1 AND delivery.number = due.number AND delivery.state = 'queued'
                 RETURNING delivery.issue AS issue, delivery.number AS number, delivery.fence AS fence,
                    delivery.subscriber AS subscriber, delivery.variant AS variant, delivery.reader AS reader,
                    delivery.attempts AS attempts, delivery.unknowns AS unknowns",
            )
            .with(request.issue.0)
            .with(request.now)
            .with(from)
            .with(below)
            .with(limit_of(most))
            .with(request.lease_until)
            .with(relay)
            .with(ANY),
        )
        .await?;
    let claimed = rows.iter().map(claimed).collect::<Result<Vec<_>, _>>();
    let mut claimed = claimed?;
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

fn claim_of(row: &Row) -> Result<Claim, Error> {
    Ok(Claim {
        key: DeliveryKey {
            issue: IssueNumber(row.number("issue")?),
            number: row.number("number")?,
        },
        fence: row.number("fence")?,
    })
}
