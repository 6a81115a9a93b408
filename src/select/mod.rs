//! The choice for an issue, with a reason for every post in or out; and which readers share which variant.
//!
//! Pure: the ledger, the schedule and the readers come in as values. Promises that a post is chosen only if no
//! earlier issue of the schedule carried it, and that no reader is given a post that the reader may have already.

mod choice;
mod readers;

pub use choice::select;
pub use readers::{Entitled, Readership, readership};
