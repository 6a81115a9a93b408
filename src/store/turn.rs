//! A sender's turn, in one commit: outcomes (T4), then intents (T3), then the next claims (T2).
//!
//! Everything is compare-and-set under the fence of a claim, so that a sender whose lease has run out records nothing and
//! is granted nothing.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use crate::model::{
    Claim, ClaimedDelivery, DeliveryKey, DeliveryState, Intent, IntentRefusal, IssueNumber,
    Outcome, OutcomeRecord, Reply, SubscriberId, TurnRequest, TurnResult,
};

use super::batch::{Answers, Batch, Taken};
use super::ledger::limit_of;
use super::relays::{self, ANY};
use super::statement::{Row, Value};
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
    /// back. A failure that says the mailbox does not exist suppresses the address. Claims go on by number from where this
    /// store's last claim ended, then, in a transaction of their own, from the start, so retries come after what was not
    /// tried yet. Fewer claims than asked for do not mean that nothing is left: [`Store::outbox_next`] says so.
    ///
    /// Dropped before it ends, it is still committed or undone as a whole.
    pub async fn outbox_turn(
        &self,
        relay: &str,
        request: &TurnRequest,
    ) -> Result<TurnResult, Error> {
        let cursor = self.cursor(request.issue);
        let turn = Turn {
            relay: relay.to_owned(),
            request: request.clone(),
        };
        let turn = Arc::new(turn);
        let mut result = self.turn(&turn, cursor).await?;
        let undecided = undecided(request, &result.granted);
        if !undecided.is_empty() {
            self.decide(&turn, undecided, &mut result).await?;
        }
        let rest = request.claim - result.claimed.len().min(request.claim);
        if rest > 0 && cursor > 0 {
            result
                .claimed
                .extend(self.claim_before(&turn, rest, cursor).await?);
        }
        if let Some(last) = result.claimed.last() {
            self.set_cursor(request.issue, last.claim.key.number + 1);
        }
        Ok(result)
    }

    async fn turn(&self, turn: &Arc<Turn>, cursor: i64) -> Result<TurnResult, Error> {
        let (writing, reading) = (turn.clone(), turn.clone());
        let write = move |batch: &mut Batch| writing.write(batch, cursor);
        self.engine
            .at_once(write, move |steps, answers| reading.read(steps, &answers))
            .await
    }

    /// Decides on intents that were not simply granted.
    async fn decide(
        &self,
        turn: &Arc<Turn>,
        undecided: Vec<Intent>,
        result: &mut TurnResult,
    ) -> Result<(), Error> {
        let (turn, intents) = (turn.clone(), undecided.clone());
        let write = move |batch: &mut Batch| decide_intents(batch, &turn, &intents);
        let read = |step, answers: Answers| standings(answers.rows(step));
        let standings = self.engine.at_once(write, read).await?;
        for Intent { claim, .. } in undecided {
            match standings.get(&claim) {
                Some(DeliveryState::Intent) => result.granted.push(claim),
                Some(DeliveryState::Suppressed) => {
                    result.refused.push((claim, IntentRefusal::Suppressed));
                }
                Some(_) | None => result.refused.push((claim, IntentRefusal::Lost)),
            }
        }
        Ok(())
    }

    /// Claims from the start: what was put back.
    async fn claim_before(
        &self,
        turn: &Arc<Turn>,
        most: usize,
        cursor: i64,
    ) -> Result<Vec<ClaimedDelivery>, Error> {
        let turn = turn.clone();
        let write = move |batch: &mut Batch| claim(batch, &turn, most, 0..cursor);
        let read = |step, answers: Answers| all_claimed(answers.rows(step));
        self.engine.at_once(write, read).await
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

/// What a relay's turn asks for.
struct Turn {
    relay: String,
    request: TurnRequest,
}

/// The steps of a turn that are answered.
struct Steps {
    recorded: Taken,
    granted: Taken,
    claimed: Taken,
    open: Taken,
}

impl Turn {
    fn write(&self, batch: &mut Batch, cursor: i64) -> Steps {
        let request = &self.request;
        insert_attempts(batch, &request.outcomes);
        insert_suppressions(batch, &request.outcomes);
        let recorded = record_outcomes(batch, &request.outcomes);
        relays::count(batch, recorded, &self.relay, &request.outcomes, request.now);
        Steps {
            recorded,
            granted: grant_intents(batch, self),
            claimed: claim(batch, self, request.claim, cursor..i64::MAX),
            open: is_open(batch, request),
        }
    }

    fn read(&self, steps: Steps, answers: &Answers) -> Result<TurnResult, Error> {
        let request = &self.request;
        let outcomes = request.outcomes.iter().zip(answers.effects(steps.recorded));
        let lost = outcomes.filter(|(_, recorded)| !**recorded);
        let intents = request.intents.iter().zip(answers.effects(steps.granted));
        let granted = intents.filter(|(_, granted)| **granted);
        Ok(TurnResult {
            lost_outcomes: lost.map(|(record, _)| record.claim).collect(),
            granted: granted.map(|(intent, _)| intent.claim).collect(),
            refused: Vec::new(),
            claimed: all_claimed(answers.rows(steps.claimed))?,
            overtaken: false,
            withheld: answers.rows(steps.open).is_empty(),
        })
    }
}

/// Records outcomes under their fences. A delivery that is given up without a relay's final no is held where a copy of it
/// may have arrived.
fn record_outcomes(batch: &mut Batch, outcomes: &[OutcomeRecord]) -> Taken {
    batch.each(
        "UPDATE delivery SET
            state = CASE WHEN :state = 'failed' AND :code < 500 AND delivery.unknowns > 0 THEN 'held' ELSE :state END,
            last_at = :at, lease_until = NULL, next_at = :next_at,
            attempts = delivery.attempts + :attempts, unknowns = delivery.unknowns + :unknowns,
            code = CASE WHEN :answered = 1 THEN :code ELSE delivery.code END,
            enhanced = CASE WHEN :answered = 1 THEN :enhanced ELSE delivery.enhanced END,
            reply = CASE WHEN :answered = 1 THEN :reply ELSE delivery.reply END
         {from}
         WHERE delivery.issue = :issue AND delivery.number = :number AND delivery.fence = :fence
            AND delivery.state IN ('claimed', 'intent')",
        &[
            "issue", "number", "fence", "state", "at", "next_at", "attempts", "unknowns", "answered", "code",
            "enhanced", "reply",
        ],
        outcomes.iter().map(change),
    )
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

/// Keeps the tries that did not end in sent, of outcomes that are about to be recorded.
fn insert_attempts(batch: &mut Batch, outcomes: &[OutcomeRecord]) {
    let rows = outcomes.iter().filter_map(|record| {
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
    });
    batch.over(
        "WITH v(issue, number, fence, at, outcome, code, enhanced, reply) AS (VALUES {rows})
         INSERT INTO attempt (issue, number, fence, at, outcome, code, enhanced, reply)
         SELECT v.issue, v.number, v.fence, v.at, v.outcome, v.code, v.enhanced, v.reply
         FROM v JOIN delivery d ON d.issue = v.issue AND d.number = v.number
         WHERE d.fence = v.fence AND d.state IN ('claimed', 'intent')",
        rows.collect(),
    );
}

/// Suppresses the addresses whose mailbox does not exist, of outcomes that are about to be recorded.
fn insert_suppressions(batch: &mut Batch, outcomes: &[OutcomeRecord]) {
    let rows = outcomes.iter().filter_map(|record| {
        let reason = record.outcome.suppression()?;
        Some([
            Value::from(record.claim.key.issue.0),
            record.claim.key.number.into(),
            record.claim.fence.into(),
            reason.as_str().into(),
            record.at.into(),
        ])
    });
    batch.over(
        "WITH v(issue, number, fence, reason, at) AS (VALUES {rows})
         INSERT INTO suppression (address_hash, reason, at, origin)
         SELECT d.address_hash, v.reason, v.at, 'delivery'
         FROM v JOIN delivery d ON d.issue = v.issue AND d.number = v.number
         WHERE d.fence = v.fence AND d.state IN ('claimed', 'intent')
         ON CONFLICT (address_hash) DO NOTHING",
        rows.collect(),
    );
}

/// Grants intents that nothing speaks against: one statement looks and grants, so that nobody slips in between.
fn grant_intents(batch: &mut Batch, turn: &Turn) -> Taken {
    batch.each(
        "UPDATE delivery SET
            state = 'intent', lease_until = :lease_until, last_at = :now, behind = :behind,
            behind_fence = :behind_fence, relay = :relay
         {from}
         WHERE delivery.issue = :issue AND delivery.number = :number AND delivery.fence = :fence
            AND delivery.state = 'claimed' AND delivery.lease_until > :now
            AND NOT EXISTS (SELECT 1 FROM suppression s WHERE s.address_hash = delivery.address_hash)
            AND NOT EXISTS (SELECT 1 FROM issue i WHERE i.number = delivery.issue
                AND (i.standing <> 'open' OR i.done_by <= :now))",
        &["issue", "number", "fence", "now", "lease_until", "behind", "behind_fence", "relay"],
        turn.request.intents.iter().map(|intent| wish(turn, intent)),
    )
}

/// Decides on intents between granted, suppressed and put back, again in one statement.
fn decide_intents(batch: &mut Batch, turn: &Turn, intents: &[Intent]) -> Taken {
    batch.over(
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
        intents.iter().map(|intent| wish(turn, intent)).collect(),
    )
}

fn wish(turn: &Turn, Intent { claim, behind }: &Intent) -> [Value; 8] {
    [
        claim.key.issue.0.into(),
        claim.key.number.into(),
        claim.fence.into(),
        turn.request.now.into(),
        turn.request.lease_until.into(),
        behind.map(|behind| behind.key.number).into(),
        behind.map(|behind| behind.fence).into(),
        turn.relay.as_str().into(),
    ]
}

/// The intents that were not granted at once.
fn undecided(request: &TurnRequest, granted: &[Claim]) -> Vec<Intent> {
    if granted.len() == request.intents.len() {
        return Vec::new();
    }
    let granted: HashSet<&Claim> = granted.iter().collect();
    let intents = request.intents.iter();
    intents
        .filter(|intent| !granted.contains(&intent.claim))
        .copied()
        .collect()
}

/// What became of intents that were decided on.
fn standings(rows: &[Row]) -> Result<HashMap<Claim, DeliveryState>, Error> {
    let standing = |row| {
        Ok((
            claim_of(row)?,
            row.word("state", &DeliveryState::ALL, DeliveryState::as_str)?,
        ))
    };
    rows.iter().map(standing).collect()
}

/// Asks whether the issue still stands open: one row if so.
fn is_open(batch: &mut Batch, request: &TurnRequest) -> Taken {
    batch.over(
        "WITH v(issue, now) AS (VALUES {rows})
         SELECT i.number AS number FROM v JOIN issue i ON i.number = v.issue
         WHERE i.standing = 'open' AND (i.done_by IS NULL OR i.done_by > v.now)",
        vec![[request.issue.0.into(), request.now.into()]],
    )
}

/// Claims for a relay at most `most` due deliveries whose numbers lie in the range, by number.
fn claim(batch: &mut Batch, turn: &Turn, most: usize, numbers: Range<i64>) -> Taken {
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

fn all_claimed(rows: &[Row]) -> Result<Vec<ClaimedDelivery>, Error> {
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

fn claim_of(row: &Row) -> Result<Claim, Error> {
    Ok(Claim {
        key: DeliveryKey {
            issue: IssueNumber(row.number("issue")?),
            number: row.number("number")?,
        },
        fence: row.number("fence")?,
    })
}
