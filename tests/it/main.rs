//! Everything that crosses rooms: one file a behaviour.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod architecture;
mod breaking;
mod compose;
mod config;
mod deliver;
mod faults;
mod gather;
mod leaving;
mod line;
mod schedule;
mod store;
mod support;
mod syndicate;
