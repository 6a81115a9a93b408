//! Everything that crosses rooms: one file a behaviour.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod architecture;
mod breaking;
mod compose;
mod config;
mod deliver;
mod gather;
mod leaving;
mod line;
mod reading;
mod schedule;
mod store;
mod support;
mod syndicate;
