//! What came back: a report about one delivery, read from a mail or told by a provider, before anybody believes it.

use jiff::SignedDuration;
use serde::Serialize;

use super::EmailAddress;

/// A report, whatever door it came in by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The addresses that may be a return path of ours: a report is worth what the token in one of them proves.
    pub paths: Vec<String>,
    /// Words of the returned mail's `List-Unsubscribe` that may be a token of ours.
    pub links: Vec<String>,
    /// Left parts of the returned mail's Message-ID that may be ours.
    pub message_ids: Vec<String>,
    /// Whom it names, if it does. Anybody can write this.
    pub recipients: Vec<EmailAddress>,
    /// Of these, whose mailbox it was that failed, where that is told apart: one behind the reader's own may.
    pub failed: Vec<EmailAddress>,
    /// What it says.
    pub kind: ReportKind,
}

/// What a report says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportKind {
    /// The mail did not arrive.
    Bounce(Bounce),
    /// The reader called it spam (RFC 5965); the word is its feedback type.
    Complaint(String),
    /// A mail that a person wrote, or a mail program for one: it may be a wish to leave.
    Letter(Letter),
    /// Anything that counts as nothing.
    Notice(Notice),
}

/// A person's mail. Whoever writes it is named by the report, and proves nothing by that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Letter {
    /// The words of its subject that may be a token: mail programs pass on the subject of a link.
    pub tokens: Vec<String>,
    /// Its subject says that somebody wants to leave, and no more.
    pub asks_to_leave: bool,
}

/// A mail that did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounce {
    /// What it is worth.
    pub class: BounceClass,
    /// The enhanced status (RFC 3463), if one was told.
    pub status: Option<String>,
}

/// What a bounce is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BounceClass {
    /// There is no such mailbox.
    Hard,
    /// Full, switched off, unreachable, or nobody says why: counted.
    Soft,
    /// We, or this mail, are not wanted: says nothing about the reader.
    Policy,
}

/// What counts as nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Notice {
    /// Not there yet; the server goes on trying.
    Delayed,
    /// It arrived, or was passed on.
    Arrived,
    /// It was opened or deleted (RFC 8098).
    Receipt,
    /// Out of office, and the like (RFC 3834).
    AutoReply,
    /// Feedback that is no complaint, such as `not-spam`.
    Feedback,
    /// No report and no letter.
    Other,
}

/// When reports suppress a reader, and when they are too many to be true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BounceLimits {
    /// Issues in a row that bounced for a passing reason.
    pub soft: u32,
    /// The span that these must cover at least, from the first to the last mail.
    pub span: SignedDuration,
    /// The share of the readers, in percent, that may be suppressed within an hour.
    pub share: u32,
    /// So many readers may always be suppressed: of a short list, a few are a large part.
    pub always: u64,
}

impl BounceLimits {
    /// Whether so many suppressions within an hour are too many for a list of `readers`: a fault elsewhere, and not theirs.
    pub fn is_flood(&self, suppressions: u64, readers: u64) -> bool {
        suppressions > self.always
            && suppressions.saturating_mul(100) > readers.saturating_mul(self.share.into())
    }
}
