//! The order of one connection's messages: each is ended only when the outcomes of all before it are recorded.
//!
//! The outbox is told of it with each intent (T3), so that of what a dead sender leaves under an intent one message a
//! connection is in doubt, the first in line, however many were asked for ahead of their turn.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync;

use super::asking::{Desk, Grant};
use crate::model::{Claim, Intent};

/// A connection's line.
#[derive(Default)]
pub(super) struct Line {
    /// One asks at a time, so that messages stand at the door as they stand in line.
    turnstile: sync::Mutex<()>,
    places: Mutex<Places>,
}

#[derive(Default)]
struct Places {
    /// The newest that has its intent.
    last: Option<Claim>,
    /// The newest that was let through without its intent, until it asks or comes to an end.
    bare: Option<Claim>,
}

impl Line {
    /// Takes the place behind all others: `ahead`, it asks for its intent at once, unless one before it still has to ask;
    /// else it will ask when its turn comes, and there is no grant. Then it is `let_in`, before anybody else may come.
    pub(super) async fn enter(
        &self,
        desk: &Desk,
        claim: Claim,
        ahead: bool,
        let_in: impl FnOnce(Option<Grant>),
    ) {
        let _turn = self.turnstile.lock().await;
        let grant = if ahead && self.places().bare.is_none() {
            Some(self.ask(desk, claim).await)
        } else {
            self.places().bare = Some(claim);
            None
        };
        let_in(grant);
    }

    /// Asks for leave to offer the message (T3) whose turn has come.
    pub(super) async fn intend(&self, desk: &Desk, claim: Claim) -> Grant {
        let _turn = self.turnstile.lock().await;
        self.resolved(claim);
        self.ask(desk, claim).await
    }

    /// Notes that one needs no intent any more.
    pub(super) fn resolved(&self, claim: Claim) {
        let mut places = self.places();
        places.bare = places.bare.filter(|bare| *bare != claim);
    }

    /// Asks behind all that have their intent.
    async fn ask(&self, desk: &Desk, claim: Claim) -> Grant {
        let behind = self.places().last;
        let grant = desk.intend(Intent { claim, behind }).await;
        if let Grant::Granted(_) = grant {
            self.places().last = Some(claim);
        }
        grant
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
