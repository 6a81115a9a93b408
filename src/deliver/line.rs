//! The order of one connection's messages: each is ended only when the outcomes of all before it are recorded.
//!
//! The outbox is told of it with each intent (T3), so that of what a dead sender leaves under an intent one message a
//! connection is in doubt, the first in line, however many were asked for ahead of their turn.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::desk::{Desk, Grant};
use crate::model::{Claim, Intent};

/// A connection's line.
#[derive(Default)]
pub(super) struct Line(Mutex<Places>);

#[derive(Default)]
struct Places {
    /// The newest that has its intent.
    last: Option<Claim>,
    /// The newest that was let through without its intent, until it has one or came to an end.
    bare: Option<Claim>,
}

impl Line {
    /// Whether the next one may be asked for ahead: not past one that still has to ask.
    pub(super) fn is_open(&self) -> bool {
        self.places().bare.is_none()
    }

    /// Lets one through that will ask when its turn comes.
    pub(super) fn pass_bare(&self, claim: Claim) {
        self.places().bare = Some(claim);
    }

    /// Asks for leave to offer the message (T3), behind all that have it.
    pub(super) async fn intend(&self, desk: &Desk, claim: Claim) -> Grant {
        let behind = self.places().last;
        let grant = desk.intend(Intent { claim, behind }).await;
        if let Grant::Granted(_) = grant {
            self.places().last = Some(claim);
        }
        self.resolved(claim);
        grant
    }

    /// Notes that one needs no intent any more.
    pub(super) fn resolved(&self, claim: Claim) {
        let mut places = self.places();
        places.bare = places.bare.filter(|bare| *bare != claim);
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
