//! One file a command: reads what it needs, calls a room, prints.

pub mod bounces;
pub mod check;
pub mod dkim;
pub mod doctor;
pub mod gather;
pub mod help;
pub mod init;
pub mod issues;
pub mod manual;
pub mod parse;
pub mod plan;
pub mod preview;
pub mod proofing;
pub mod relays;
pub mod restore;
pub mod run;
pub mod schedule;
pub mod send_test;
pub mod serve;
pub mod signals;
pub mod sources;
pub mod status;
pub mod subscribers;
pub mod summary;
pub mod telling;
pub mod templates;
