//! Leave to offer a message (T3): granted where nothing speaks against it, and decided on where something does.
//!
//! The question is whether this reader may be mailed *now*: listed and active, and not suppressed, whatever held when the
//! issue was sealed. Who may not is suppressed, or held where a copy may have arrived before.

use std::collections::{HashMap, HashSet};

use crate::model::{Claim, DeliveryState, Intent, REMOVED, TurnRequest};

use super::super::Error;
use super::super::batch::{Batch, Taken};
use super::super::evidence::offers_setting;
use super::super::statement::{Row, Value};
use super::Turn;
use super::claims::claim_of;

/// The address is suppressed.
macro_rules! suppressed {
    () => {
        "EXISTS (SELECT 1 FROM suppression s WHERE s.address_hash = delivery.address_hash)"
    };
}

/// The reader is on the list: one who was erased is not.
macro_rules! listed {
    () => {
        "EXISTS (SELECT 1 FROM subscriber r WHERE r.id = delivery.subscriber AND r.active = 1)"
    };
}

/// The reader may not be mailed, for no other reason than that the list does not have them.
macro_rules! removed {
    () => {
        concat!(
            "NOT ",
            listed!(),
            " AND NOT ",
            suppressed!(),
            " AND delivery.unknowns = 0"
        )
    };
}

/// Grants intents that nothing speaks against: one statement looks and grants, so that nobody slips in between.
pub(super) fn grant(batch: &mut Batch, turn: &Turn) -> Taken {
    batch.each(
        concat!(
            "UPDATE delivery SET
            state = 'intent', lease_until = :lease_until, last_at = :now, behind = :behind,
            behind_fence = :behind_fence, relay = :relay
         {from}
         WHERE delivery.issue = :issue AND delivery.number = :number AND delivery.fence = :fence
            AND delivery.state = 'claimed' AND delivery.lease_until > :now
            AND ",
            listed!(),
            " AND NOT ",
            suppressed!(),
            " AND NOT EXISTS (SELECT 1 FROM issue i WHERE i.number = delivery.issue
                AND (i.standing <> 'open' OR i.done_by <= :now))"
        ),
        &[
            "issue",
            "number",
            "fence",
            "now",
            "lease_until",
            "behind",
            "behind_fence",
            "relay",
        ],
        turn.request.intents.iter().map(|intent| wish(turn, intent)),
    )
}

/// Counts the intents of an issue, whatever comes of them. The number only grows, so that by it a database is known to be
/// older than what the journal was told; it gives the new one.
pub(super) fn count(batch: &mut Batch, turn: &Turn) -> Taken {
    let more = i64::try_from(turn.request.intents.len()).unwrap_or(i64::MAX);
    let rows = match turn.tells && more > 0 {
        true => vec![[offers_setting(turn.request.issue).into(), more.into()]],
        false => vec![],
    };
    batch.over(
        "WITH v(key, more) AS (VALUES {rows})
         INSERT INTO meta (key, value) SELECT v.key, CAST(v.more AS TEXT) FROM v WHERE v.key IS NOT NULL
         ON CONFLICT (key) DO UPDATE
         SET value = CAST(CAST(meta.value AS BIGINT) + CAST(excluded.value AS BIGINT) AS TEXT)
         RETURNING CAST(value AS BIGINT) AS offers",
        rows,
    )
}

/// Decides on intents between granted, suppressed, held and put back, again in one statement.
pub(super) fn decide(batch: &mut Batch, turn: &Turn, intents: &[Intent]) -> Taken {
    let rows = intents.iter().map(|intent| {
        let [
            issue,
            number,
            fence,
            now,
            lease,
            behind,
            behind_fence,
            relay,
        ] = wish(turn, intent);
        [
            issue,
            number,
            fence,
            now,
            lease,
            behind,
            behind_fence,
            relay,
            REMOVED.into(),
        ]
    });
    batch.over(
        concat!(
            "WITH v(issue, number, fence, now, lease_until, behind, behind_fence, relay, removed) AS (VALUES {rows})
         UPDATE delivery SET
            state = CASE WHEN ",
            listed!(),
            " AND NOT ",
            suppressed!(),
            " THEN CASE WHEN EXISTS (SELECT 1 FROM issue i WHERE i.number = delivery.issue
                        AND (i.standing <> 'open' OR i.done_by <= v.now))
                    THEN 'queued' ELSE 'intent' END
                WHEN delivery.unknowns > 0 THEN 'held' ELSE 'suppressed' END,
            code = CASE WHEN ",
            removed!(),
            " THEN 0 ELSE delivery.code END,
            enhanced = CASE WHEN ",
            removed!(),
            " THEN NULL ELSE delivery.enhanced END,
            reply = CASE WHEN ",
            removed!(),
            " THEN v.removed ELSE delivery.reply END,
            lease_until = v.lease_until, last_at = v.now, behind = v.behind, behind_fence = v.behind_fence,
            relay = v.relay
         FROM v
         WHERE delivery.issue = v.issue AND delivery.number = v.number AND delivery.fence = v.fence
            AND delivery.state = 'claimed' AND delivery.lease_until > v.now
         RETURNING delivery.issue AS issue, delivery.number AS number, delivery.fence AS fence,
            delivery.state AS state"
        ),
        rows.collect(),
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
pub(super) fn undecided(request: &TurnRequest, granted: &[Claim]) -> Vec<Intent> {
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
pub(super) fn standings(rows: &[Row]) -> Result<HashMap<Claim, DeliveryState>, Error> {
    let standing = |row| {
        Ok((
            claim_of(row)?,
            row.word("state", &DeliveryState::ALL, DeliveryState::as_str)?,
        ))
    };
    rows.iter().map(standing).collect()
}
