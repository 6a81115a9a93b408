//! A flag that asks a run to end: whoever holds a copy may raise it, and it is never lowered.
//!
//! A raised flag means: claim nothing more, finish the message in hand, give back the rest.

use tokio::sync::watch;

/// A request to stop, shared by all its copies.
#[derive(Debug, Clone)]
pub struct Stop(watch::Sender<bool>);

impl Stop {
    /// A flag that is not raised.
    pub fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Raises the flag, for every copy.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Whether somebody raised it.
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until somebody raises it.
    pub async fn stopped(&self) {
        let mut receiver = self.0.subscribe();
        // The sender lives as long as `self`, so the wait ends only by the flag.
        let _ = receiver.wait_for(|stopped| *stopped).await;
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_copy_raises_it_for_all() {
        let stop = Stop::new();
        assert!(!stop.is_stopped());
        stop.clone().stop();
        stop.stopped().await;
        assert!(stop.is_stopped());
    }
}
