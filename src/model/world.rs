//! Time and chance, passed in as values: the program never asks the system for either by itself.

use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};

/// Says what time it is.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// Gives bytes that nobody can foresee.
pub trait Chance: Send + Sync {
    /// Fills the buffer.
    fn fill(&self, buffer: &mut [u8]);

    /// A positive 63-bit number, for an application-made identifier.
    fn identifier(&self) -> i64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        (i64::from_be_bytes(bytes) & i64::MAX).max(1)
    }
}

/// A clock that stands still until it is told to move: for tests and previews.
#[derive(Debug)]
pub struct FixedClock(Mutex<Timestamp>);

impl FixedClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }

    /// Moves the clock, forward or back.
    pub fn advance(&self, by: SignedDuration) {
        let mut now = self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        *now += by;
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Chance that repeats itself: the BLAKE3 output stream of a seed. For tests and previews.
pub struct SeededChance(Mutex<blake3::OutputReader>);

impl SeededChance {
    /// A stream of bytes that depends on the seed alone.
    pub fn new(seed: u64) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_be_bytes());
        Self(Mutex::new(hasher.finalize_xof()))
    }
}

impl Chance for SeededChance {
    fn fill(&self, buffer: &mut [u8]) {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .fill(buffer);
    }
}
