//! Everything that crosses rooms: one file a behaviour.

#![allow(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "clippy takes the test functions alone for tests, not what they call"
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
