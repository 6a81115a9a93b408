//! Reads what came back: delivery reports, complaints and answers become facts.
//!
//! Pure: a mail's bytes come in, a [`Report`](crate::model::Report) goes out. Nothing in it is believed here: the facts
//! of a mail and those that a provider tells by other doors are judged in one place, `audience::report`. What a server
//! sends is taken as it comes; a mail that cannot be made out is no report.

mod class;
mod complaint;
mod fields;
mod inbox;
mod letter;
mod parts;
mod plain;
mod read;
mod status;
mod traces;
mod words;

use crate::model::{EmailAddress, ReportKind};

pub use inbox::split;
pub use read::read;

/// What a mail says, and of whom.
#[derive(Debug)]
struct Said {
    kind: ReportKind,
    /// Whom it names.
    recipients: Vec<EmailAddress>,
    /// Of these, who cannot be reached, where that is told apart.
    failed: Vec<EmailAddress>,
}

impl Said {
    fn about_nobody(kind: ReportKind) -> Self {
        Self {
            kind,
            recipients: vec![],
            failed: vec![],
        }
    }
}
