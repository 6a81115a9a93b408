//! What the sender needs of a store, and what it tells while it works.

use std::future::Future;

use crate::model::{Claim, LearntPace, OutcomeRecord, TurnRequest, TurnResult};

/// Whatever kept the store from recording.
pub type OutboxError = Box<dyn std::error::Error + Send + Sync>;

/// The store that the sender needs: one group commit, and what was learnt of the relay's paces.
pub trait Outbox: Send + Sync {
    /// Records outcomes (T4), grants intents (T3) and claims deliveries (T2), in this order, in one durable transaction.
    /// One that has lost its right to send records the outcomes and says [`TurnResult::overtaken`]: the run then ends.
    ///
    /// # Errors
    /// If nothing of it was recorded; the run then ends.
    fn turn(
        &self,
        request: TurnRequest,
    ) -> impl Future<Output = Result<TurnResult, OutboxError>> + Send;

    /// What earlier runs learnt of this relay; an outbox that does not remember any has nothing.
    ///
    /// # Errors
    /// If it cannot be read; nothing is sent then.
    fn paces(&self) -> impl Future<Output = Result<Vec<LearntPace>, OutboxError>> + Send {
        async { Ok(Vec::new()) }
    }

    /// How many messages this relay takes over one connection, as an earlier run learnt; an outbox that does not remember it
    /// has nothing.
    ///
    /// # Errors
    /// If it cannot be read; nothing is sent then.
    fn session(&self) -> impl Future<Output = Result<Option<u32>, OutboxError>> + Send {
        async { Ok(None) }
    }

    /// Keeps how many messages the relay takes over one connection; an outbox that does not remember forgets it.
    ///
    /// # Errors
    /// If it was not kept; the run then ends.
    fn keep_session(&self, _messages: u32) -> impl Future<Output = Result<(), OutboxError>> + Send {
        async { Ok(()) }
    }

    /// Keeps what has changed of the paces, a few times a minute at most; an outbox that does not remember forgets it.
    ///
    /// # Errors
    /// If nothing of it was kept; the run then ends.
    fn keep_paces(
        &self,
        _learnt: Vec<LearntPace>,
    ) -> impl Future<Output = Result<(), OutboxError>> + Send {
        async { Ok(()) }
    }
}

/// Something that was recorded of a delivery.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Recorded<'a> {
    /// What came of an attempt.
    Outcome(&'a OutcomeRecord),
    /// The reader had left: nothing was offered.
    Suppressed(Claim),
}

/// Is told of everything that was recorded, in that order; must not block.
pub trait Progress: Send + Sync {
    /// One delivery, one outcome, durable.
    fn recorded(&self, what: Recorded<'_>);
}

/// Tells nobody.
impl Progress for () {
    fn recorded(&self, _: Recorded<'_>) {}
}
