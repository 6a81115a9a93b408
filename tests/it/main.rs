//! Everything that crosses rooms: one file a behaviour.

mod compose;
mod config;
mod deliver;
mod gather;
mod schedule;
mod store;
mod support;
mod syndicate;
