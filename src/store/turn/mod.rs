//! A sender's turn, in one commit: outcomes (T4) and what is known of earlier ones, then intents (T3), then the next
//! claims (T2).
//!
//! Everything is compare-and-set under the fence of a claim, so that a sender whose lease has run out records nothing and
//! is granted nothing.

mod claims;
mod intents;
mod outcomes;

use std::sync::Arc;

use crate::model::{
    ClaimedDelivery, DeliveryState, Intent, IntentRefusal, IssueNumber, TurnRequest, TurnResult,
};

use super::batch::{Answers, Batch, Taken};
use super::{Error, Store, relays};

impl Store {
    /// Records outcomes, grants intents and claims deliveries for a relay, in this order and in one transaction.
    ///
    /// An intent notes the relay; a delivery of which a copy may be about is claimed for the relay that it was offered to
    /// alone. What the relay has now, or may have, is added to its use in this hour.
    ///
    /// An outcome or intent counts only under the newest fence. An intent is granted if its lease has not run out, the reader
    /// is on the list, the address is not suppressed and the issue stands open, and the lease then holds until `lease_until`,
    /// as that of the new claims does. Whose reader is off the list or suppressed is suppressed, or held if a copy may be about. Of an issue that is paused, cancelled or past its deadline nothing is claimed, and an intent puts it
    /// back. A failure that says the mailbox does not exist is noted, for [`Store::gone_told`]. Claims go on by number from where this
    /// store's last claim ended, then, in a transaction of their own, from the start, so retries come after what was not
    /// tried yet. Fewer claims than asked for do not mean that nothing is left: [`Store::outbox_next`] says so.
    ///
    /// Intents that are not simply granted are decided on in a transaction of their own as well. Each transaction is committed or
    /// undone as a whole, also where the turn is dropped meanwhile; what it then left is claimed, and taken back later. The
    /// journal knows how many messages were begun before one of them is.
    pub async fn outbox_turn(
        &self,
        relay: &str,
        request: &TurnRequest,
    ) -> Result<TurnResult, Error> {
        let cursor = self.cursor(request.issue);
        let turn = Turn {
            relay: relay.to_owned(),
            request: request.clone(),
            tells: self.journal.is_some(),
        };
        let turn = Arc::new(turn);
        let (mut result, offers) = self.turn(&turn, cursor).await?;
        if let Some(offers) = offers {
            self.note_offers(request.issue, offers).await?;
        }
        let undecided = intents::undecided(request, &result.granted);
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

    async fn turn(
        &self,
        turn: &Arc<Turn>,
        cursor: i64,
    ) -> Result<(TurnResult, Option<i64>), Error> {
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
        let write = move |batch: &mut Batch| intents::decide(batch, &turn, &intents);
        let read = |step, answers: Answers| intents::standings(answers.rows(step));
        let standings = self.engine.at_once(write, read).await?;
        for Intent { claim, .. } in undecided {
            match standings.get(&claim) {
                Some(DeliveryState::Intent) => result.granted.push(claim),
                Some(DeliveryState::Suppressed | DeliveryState::Held) => {
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
        let write = move |batch: &mut Batch| claims::claim(batch, &turn, most, 0..cursor);
        let read = |step, answers: Answers| claims::all_claimed(answers.rows(step));
        self.engine.at_once(write, read).await
    }

    /// Where to look for work first: behind the last claim, since what lies before it is mostly done.
    fn cursor(&self, issue: IssueNumber) -> i64 {
        let cursors = self.cursors.lock().unwrap_or_else(|e| e.into_inner());
        cursors.get(&issue.0).copied().unwrap_or(0)
    }

    /// Where to look next.
    pub(super) fn set_cursor(&self, issue: IssueNumber, number: i64) {
        let mut cursors = self.cursors.lock().unwrap_or_else(|e| e.into_inner());
        cursors.insert(issue.0, number);
    }
}

/// What a relay's turn asks for.
struct Turn {
    relay: String,
    request: TurnRequest,
    /// Whether there is a journal to be told of the intents.
    tells: bool,
}

/// The steps of a turn that are answered.
struct Steps {
    recorded: Taken,
    granted: Taken,
    offers: Taken,
    claimed: Taken,
    open: Taken,
}

impl Turn {
    fn write(&self, batch: &mut Batch, cursor: i64) -> Steps {
        let request = &self.request;
        outcomes::keep_tries(batch, &request.outcomes);
        outcomes::note_gone(batch, &self.relay, &request.outcomes);
        let recorded = outcomes::record(batch, &request.outcomes);
        outcomes::revise(batch, &request.revisions, request.now);
        relays::count(batch, recorded, &self.relay, &request.outcomes, request.now);
        Steps {
            recorded,
            granted: intents::grant(batch, self),
            offers: intents::count(batch, self),
            claimed: claims::claim(batch, self, request.claim, cursor..i64::MAX),
            open: is_open(batch, request),
        }
    }

    /// What came of it, and how many messages of the issue were begun by now, if more are.
    fn read(&self, steps: Steps, answers: &Answers) -> Result<(TurnResult, Option<i64>), Error> {
        let request = &self.request;
        let outcomes = request.outcomes.iter().zip(answers.effects(steps.recorded));
        let lost = outcomes.filter(|(_, recorded)| !**recorded);
        let intents = request.intents.iter().zip(answers.effects(steps.granted));
        let granted = intents.filter(|(_, granted)| **granted);
        let offers = answers.rows(steps.offers).first();
        let offers = offers.map(|row| row.number("offers")).transpose()?;
        let result = TurnResult {
            lost_outcomes: lost.map(|(record, _)| record.claim).collect(),
            granted: granted.map(|(intent, _)| intent.claim).collect(),
            refused: Vec::new(),
            claimed: claims::all_claimed(answers.rows(steps.claimed))?,
            overtaken: false,
            withheld: answers.rows(steps.open).is_empty(),
        };
        Ok((result, offers))
    }
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
