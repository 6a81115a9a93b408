//! The right to run, kept for as long as the run lasts.
//!
//! Where the run lock is a lease it must be renewed long before it runs out. A pulse beside the run does so, since a slow
//! source or a slow pace may leave the run itself without a word for long; and every turn of the sender asks by the clock,
//! since the pulse stands still while the machine sleeps. Once another run has taken the lock over, it stays lost: nothing
//! more is sealed, claimed or offered, and what was said already is recorded under its own fence.

use std::convert::Infallible;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use crate::model::Clock;
use crate::store::{self, RunLock, Store};

/// How long a run that was killed keeps others out, where locks are leases: as short as a few missed pulses allow.
const LEASE: SignedDuration = SignedDuration::from_mins(10);

/// Between two looks at the clock: a fraction of the third of a lease after which it is renewed.
const PULSE: Duration = Duration::from_secs(60);

/// A run lock that renews itself.
pub(super) struct Tenure {
    lock: RunLock,
    /// When the lock was taken or last renewed; `None` once it is lost.
    renewed_at: Mutex<Option<Timestamp>>,
}

impl Tenure {
    /// Takes the run lock; `None` if another run has it.
    pub(super) async fn begin(
        store: &Store,
        holder: &str,
        now: Timestamp,
    ) -> Result<Option<Self>, store::Error> {
        let lock = store.run_lock(holder, now, end_of_lease(now)).await?;
        Ok(lock.map(|lock| Self {
            lock,
            renewed_at: Mutex::new(Some(now)),
        }))
    }

    /// Whether the run may go on. Renews the lock if a third of its lease has passed.
    pub(super) async fn holds(&self, now: Timestamp) -> Result<bool, store::Error> {
        let mut renewed_at = self.renewed_at.lock().await;
        let Some(at) = *renewed_at else {
            return Ok(false);
        };
        if now.duration_since(at) < LEASE / 3 {
            return Ok(true);
        }
        let renewed = self.lock.renew(end_of_lease(now)).await?;
        *renewed_at = renewed.then_some(now);
        Ok(renewed)
    }

    /// Keeps the lock while it is polled; never ends. A renewal that fails is tried again at the next pulse.
    pub(super) async fn pulse(&self, clock: &dyn Clock) -> Infallible {
        loop {
            tokio::time::sleep(PULSE).await;
            if let Err(error) = self.holds(clock.now()).await {
                tracing::warn!(%error, "the run's lock could not be renewed");
            }
        }
    }

    /// Whether every claim in the database was left by a run that is dead.
    pub(super) fn orphans_are_known(&self) -> bool {
        self.lock.orphans_are_known()
    }

    /// Gives the lock back.
    pub(super) async fn end(self) -> Result<(), store::Error> {
        self.lock.release().await
    }
}

fn end_of_lease(now: Timestamp) -> Timestamp {
    now.saturating_add(LEASE).unwrap_or(Timestamp::MAX)
}
