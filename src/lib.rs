//! Courant: from new posts to one good mail.
//!
//! The rooms stand in a corridor, and data walks one way: `gather → select → (sealed issue) → compose → deliver`, with
//! `syndicate` beside. ARCHITECTURE.md is the map; `pipeline` alone knows the order of the rooms.

pub mod audience;
pub mod bounces;
pub mod cli;
pub mod compose;
pub mod config;
pub mod deliver;
pub mod gather;
pub mod inbox;
pub mod journal;
pub mod login;
pub mod model;
pub mod pictures;
pub mod pipeline;
pub mod schedule;
pub mod select;
pub mod store;
pub mod syndicate;
pub mod web;
mod wire;
