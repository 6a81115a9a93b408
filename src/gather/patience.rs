//! How long one source may keep us: each silence is bounded, and so is all the time that its servers took together.
//!
//! Time that we spend waiting for a turn or for room is ours, not the server's, and does not count.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::Error;

/// What is left of it.
pub(super) struct Patience {
    idle: Duration,
    total: Duration,
    left: Duration,
}

impl Patience {
    /// With a bound for each wait and one for all together.
    pub(super) fn new(idle: Duration, total: Duration) -> Self {
        Self {
            idle,
            total,
            left: total,
        }
    }

    /// Waits for a server; [`Error::Silent`] or [`Error::Timeout`] where it takes too long.
    pub(super) async fn within<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Error> {
        let began = Instant::now();
        let result = timeout(self.left.min(self.idle), work).await;
        let too_long = match self.left <= self.idle {
            true => Error::Timeout(self.total),
            false => Error::Silent(self.idle),
        };
        self.left = self.left.saturating_sub(began.elapsed());
        result.map_err(|_| too_long)
    }
}
