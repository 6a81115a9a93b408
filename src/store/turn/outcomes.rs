//! What came of messages (T4): recorded under their fences, and what follows from it for the tries and the address.

use jiff::Timestamp;

use crate::model::{DeliveryState, Outcome, OutcomeRecord, Reply, Revised, Revision};

use super::super::batch::{Batch, Taken};
use super::super::statement::Value;

/// Records outcomes under their fences. A delivery that is given up without a relay's final no is held where a copy of it
/// may have arrived.
pub(super) fn record(batch: &mut Batch, outcomes: &[OutcomeRecord]) -> Taken {
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

/// What an outcome changes in its delivery, in the order of the columns of [`record`].
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

/// Revises refusals for good that were recorded, under the fences that they were recorded under.
pub(super) fn revise(batch: &mut Batch, revisions: &[Revision], now: Timestamp) {
    let rows = || {
        revisions.iter().map(|Revision { claim, to }| {
            let (state, word) = match to {
                Revised::Failed => (DeliveryState::Failed, "failed"),
                Revised::Queued => (DeliveryState::Queued, "deferred"),
            };
            let (key, fence) = (claim.key, claim.fence);
            (key.issue.0, key.number, fence, state.as_str(), word)
        })
    };
    batch.each(
        "UPDATE delivery SET state = :state, next_at = :now
         {from}
         WHERE delivery.issue = :issue AND delivery.number = :number AND delivery.fence = :fence
            AND delivery.state IN ('queued', 'failed') AND delivery.code >= 500",
        &["issue", "number", "fence", "state", "now"],
        rows().map(|(issue, number, fence, state, _)| {
            [
                issue.into(),
                number.into(),
                fence.into(),
                state.into(),
                now.into(),
            ]
        }),
    );
    batch.each(
        "UPDATE attempt SET outcome = :outcome
         {from}
         WHERE attempt.issue = :issue AND attempt.number = :number AND attempt.fence = :fence",
        &["issue", "number", "fence", "outcome"],
        rows().map(|(issue, number, fence, _, word)| {
            [issue.into(), number.into(), fence.into(), word.into()]
        }),
    );
}

/// Keeps the tries that did not end in sent, of outcomes that are about to be recorded.
pub(super) fn keep_tries(batch: &mut Batch, outcomes: &[OutcomeRecord]) {
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

/// Notes of whom the relay said that there is no such mailbox, of outcomes that are about to be recorded. Nobody is suppressed
/// for it yet.
pub(super) fn note_gone(batch: &mut Batch, relay: &str, outcomes: &[OutcomeRecord]) {
    let gone = outcomes
        .iter()
        .filter(|record| matches!(record.outcome, Outcome::Failed(_, true)));
    let rows = gone.map(|record| {
        [
            Value::from(record.claim.key.issue.0),
            record.claim.key.number.into(),
            record.claim.fence.into(),
            relay.into(),
            record.at.into(),
        ]
    });
    batch.over(
        "WITH v(issue, number, fence, relay, at) AS (VALUES {rows})
         INSERT INTO told_gone (issue, number, subscriber, relay, at, verdict)
         SELECT d.issue, d.number, d.subscriber, v.relay, v.at, 'open'
         FROM v JOIN delivery d ON d.issue = v.issue AND d.number = v.number
         WHERE d.fence = v.fence AND d.state IN ('claimed', 'intent')
         ON CONFLICT (issue, number) DO UPDATE SET relay = excluded.relay, at = excluded.at, verdict = 'open'",
        rows.collect(),
    );
}
