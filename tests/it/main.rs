//! Everything that crosses rooms: one file a behaviour.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod approving;
mod architecture;
mod bounces;
mod breaking;
mod cases;
mod clock;
mod compose;
mod config;
mod crash;
mod deliver;
mod dkim;
mod doctor;
mod doubling;
mod faults;
mod finding;
mod gather;
mod guarding;
mod identity;
mod leaving;
mod line;
mod login;
mod looking;
mod message;
mod on_postgres;
mod pacing;
mod parsing;
mod promise;
mod publishing;
mod reading;
mod relay;
mod relays;
mod retrying;
mod schedule;
mod serving;
mod sharing;
mod sources;
mod store;
mod support;
mod syndicate;
mod visits;
