//! The real clock and the real chance: the one place that asks the system for either.

use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};

use crate::model::{Chance, Clock};

/// The system's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the edge where time comes in")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The system's random numbers.
pub struct SystemChance(SystemRandom);

impl SystemChance {
    /// The system's source, which is asked once here so that a system without one is found at the start.
    #[expect(clippy::disallowed_methods, reason = "the edge where chance comes in")]
    pub fn new() -> Result<Self, ring::error::Unspecified> {
        let random = SystemRandom::new();
        random.fill(&mut [0; 32])?;
        Ok(Self(random))
    }
}

impl Chance for SystemChance {
    fn fill(&self, buffer: &mut [u8]) {
        // Linux blocks until its generator is seeded and then never fails (getrandom(2)); `new` has asked it once.
        while self.0.fill(buffer).is_err() {}
    }
}
