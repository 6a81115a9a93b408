//! Everything that crosses rooms: one file a behaviour.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy knows the test functions alone as tests, not what they call"
)]

mod architecture;
mod breaking;
mod compose;
mod config;
mod deliver;
mod gather;
mod leaving;
mod line;
mod on_postgres;
mod reading;
mod relay;
mod retrying;
mod schedule;
mod sharing;
mod sources;
mod store;
mod support;
mod syndicate;
