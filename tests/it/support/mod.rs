//! Real servers on loopback, scripted: what the tests talk to.

pub mod dns;
pub mod http;
pub mod issuer;
pub mod mailbox;
pub mod newsletter;
pub mod polled;
pub mod postgres;
pub mod programs;
pub mod served;
pub mod smtp;
pub mod timed;
