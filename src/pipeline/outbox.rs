//! The outbox as the sender of one relay sees it: for as long as the run holds its lock, and as far as the relay's caps go.
//!
//! A delivery takes one of the relay's places when it is claimed. It gives the place back when it comes to an end without
//! the relay having the message; so never more are under way than the caps allow.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::SignedDuration;

use super::tenure::Tenure;
use crate::deliver::{self, Outbox, OutboxError};
use crate::model::{Clock, LearntPace, OutcomeRecord, TurnRequest, TurnResult};
use crate::store::Store;

/// How long the store keeps what was learnt of a relay's paces: as long as the sender believes it.
const PACES_KEPT: SignedDuration = deliver::REMEMBERED;

/// How long it is believed that a relay takes so many messages over one connection; then it is tried anew, which costs one
/// connection more.
const SESSION_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The outbox for one relay.
pub(super) struct RelayOutbox<'a> {
    store: &'a Store,
    tenure: &'a Tenure,
    /// The relay's name, under which its paces are kept as well.
    relay: &'a str,
    places: Mutex<Places>,
    clock: &'a dyn Clock,
}

/// How many deliveries may still be claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Places {
    /// `None` where there is no cap.
    left: Option<u64>,
    /// Whether the newest claim was cut short for want of places.
    cut: bool,
}

impl<'a> RelayOutbox<'a> {
    /// An outbox that gives out at most `places` deliveries.
    pub(super) fn new(
        store: &'a Store,
        tenure: &'a Tenure,
        relay: &'a str,
        places: Option<u64>,
        clock: &'a dyn Clock,
    ) -> Self {
        Self {
            store,
            tenure,
            relay,
            places: Mutex::new(Places {
                left: places,
                cut: false,
            }),
            clock,
        }
    }

    /// Whether the sender ended for want of places, and not of deliveries.
    pub(super) fn is_cut(&self) -> bool {
        self.places().cut
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outbox for RelayOutbox<'_> {
    async fn turn(&self, request: TurnRequest) -> Result<TurnResult, OutboxError> {
        if !self.tenure.holds(request.now).await? {
            let outcomes_alone = TurnRequest {
                intents: vec![],
                claim: 0,
                ..request
            };
            let recorded = self.store.outbox_turn(self.relay, &outcomes_alone).await?;
            return Ok(TurnResult {
                overtaken: true,
                ..recorded
            });
        }
        let claim = self.places().claimable(request.claim, &request.outcomes);
        let request = TurnRequest { claim, ..request };
        let result = self.store.outbox_turn(self.relay, &request).await?;
        self.places().note(&result);
        Ok(result)
    }

    async fn paces(&self) -> Result<Vec<LearntPace>, OutboxError> {
        Ok(self.store.pace_list(self.relay).await?)
    }

    async fn session(&self) -> Result<Option<u32>, OutboxError> {
        let since = self.clock.now().saturating_sub(SESSION_KEPT)?;
        Ok(self.store.relay_session(self.relay, since).await?)
    }

    async fn keep_session(&self, messages: u32) -> Result<(), OutboxError> {
        let now = self.clock.now();
        let kept = self.store.relay_session_save(self.relay, messages, now);
        Ok(kept.await?)
    }

    async fn keep_paces(&self, learnt: Vec<LearntPace>) -> Result<(), OutboxError> {
        let forget = self.clock.now().saturating_sub(PACES_KEPT)?;
        self.store.pace_save(self.relay, &learnt, forget).await?;
        Ok(())
    }
}

impl Places {
    /// Takes back the places of what ended without the relay having it, and says how many deliveries may be claimed.
    fn claimable(&mut self, wanted: usize, outcomes: &[OutcomeRecord]) -> usize {
        let Some(left) = &mut self.left else {
            return wanted;
        };
        let ended = outcomes.iter().filter(|one| !one.outcome.was_carried());
        *left += ended.count() as u64;
        let allowed = usize::try_from(*left).map_or(wanted, |left| wanted.min(left));
        if wanted > 0 {
            self.cut = allowed < wanted;
        }
        allowed
    }

    /// Notes what came of a turn.
    fn note(&mut self, result: &TurnResult) {
        if let Some(left) = &mut self.left {
            *left =
                (*left + result.refused.len() as u64).saturating_sub(result.claimed.len() as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::{
        Claim, ClaimedDelivery, DeliveryKey, EmailAddress, IntentRefusal, IssueNumber, Outcome,
        Reader, Reply, SubscriberId,
    };

    fn claim() -> Claim {
        Claim {
            key: DeliveryKey {
                issue: IssueNumber(1),
                number: 0,
            },
            fence: 1,
        }
    }

    fn claimed(number: usize) -> TurnResult {
        let delivery = ClaimedDelivery {
            claim: claim(),
            subscriber: SubscriberId(1),
            variant: 0,
            reader: Reader {
                address: EmailAddress::parse("jan@example.nl").unwrap(),
                name: None,
                greeting: String::new(),
                since: String::new(),
                unsubscribe_token: String::new(),
                message_id: String::new(),
            },
            attempts: 0,
            unknowns: 0,
        };
        TurnResult {
            claimed: vec![delivery; number],
            ..TurnResult::default()
        }
    }

    fn ended(outcome: Outcome) -> [OutcomeRecord; 1] {
        [OutcomeRecord {
            claim: claim(),
            outcome,
            at: Timestamp::UNIX_EPOCH,
        }]
    }

    fn reply() -> Reply {
        Reply {
            code: 250,
            enhanced: None,
            text: String::new(),
        }
    }

    #[test]
    fn no_more_are_claimed_than_there_are_places() {
        let mut places = Places {
            left: Some(5),
            cut: false,
        };
        assert_eq!(places.claimable(4, &[]), 4);
        places.note(&claimed(4));
        assert!(!places.cut);
        assert_eq!(places.claimable(4, &[]), 1);
        places.note(&claimed(1));
        assert!(places.cut);
        assert_eq!(places.claimable(4, &[]), 0);
    }

    #[test]
    fn a_place_comes_back_from_what_the_relay_has_not() {
        let now = Timestamp::UNIX_EPOCH;
        for (outcome, back) in [
            (Outcome::Sent(reply()), 0),
            (Outcome::UnknownRetry(now), 0),
            (Outcome::UnknownHeld, 0),
            (Outcome::Failed(reply(), true), 1),
            (Outcome::Deferred(reply(), now), 1),
            (Outcome::Released(now), 1),
        ] {
            let mut places = Places {
                left: Some(0),
                cut: false,
            };
            assert_eq!(
                places.claimable(4, &ended(outcome.clone())),
                back,
                "{outcome:?}"
            );
        }
        let mut places = Places {
            left: Some(0),
            cut: false,
        };
        places.note(&TurnResult {
            refused: vec![(claim(), IntentRefusal::Suppressed)],
            ..TurnResult::default()
        });
        assert_eq!(places.left, Some(1));
    }

    #[test]
    fn without_a_cap_nothing_is_counted() {
        let mut places = Places {
            left: None,
            cut: false,
        };
        assert_eq!(places.claimable(400, &[]), 400);
        places.note(&claimed(400));
        assert!(!places.cut);
    }
}
