//! Reads what came back: delivery reports, complaints and answers become facts.
//!
//! Pure: a mail's bytes come in, a [`Report`](crate::model::Report) goes out. Nothing in it is believed here: the facts
//! of a mail and those that a provider tells by other doors are judged in one place, `audience::report`. What a server
//! sends is taken as it comes; a mail that cannot be made out is no report.

mod class;
mod fields;
mod inbox;
mod letter;
mod plain;
mod read;

pub use inbox::split;
pub use read::read;
