//! Who receives, and by what right.

use std::path::PathBuf;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{EmailAddress, Format, Language, ScheduleName, SubscriberId, Topic};

/// One `[[subscriber]]` of `subscribers.toml`, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct SubscriberEntry {
    /// The address.
    pub address: EmailAddress,
    /// How to greet.
    pub name: Option<String>,
    /// The language of the digest; none = the newsletter's.
    pub language: Option<Language>,
    /// Topics wanted; empty = all.
    pub topics: Vec<Topic>,
    /// Schedules wanted; empty = those marked as default.
    pub schedules: Vec<ScheduleName>,
    /// HTML or text only.
    pub format: Format,
    /// The day of sign-up, shown in the footer.
    pub since: Option<Date>,
    /// Free fields for templates.
    pub data: Map<String, Value>,
    /// The line of the file, from 1.
    pub line: usize,
}

/// `subscribers.toml` as it was read: who stands in it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ListFile {
    /// As the user knows it.
    pub name: PathBuf,
    /// There is no such file.
    pub missing: bool,
    /// Sound entries in the file's order, each address once.
    pub entries: Vec<SubscriberEntry>,
    /// Addresses of entries with a fault: left out of what is made now, and not gone from the list.
    pub unsound: Vec<EmailAddress>,
}

/// Where a subscriber came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// `subscribers.toml`: leaves when the entry leaves.
    File,
    /// Signed up or imported: kept in the store alone.
    Store,
}

/// A subscriber as the store knows one.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscriber {
    /// Made by the program at first sight, kept for ever.
    pub id: SubscriberId,
    /// The address.
    pub address: EmailAddress,
    /// How to greet.
    pub name: Option<String>,
    /// The language of the digest; none = the newsletter's.
    pub language: Option<Language>,
    /// Topics wanted; empty = all.
    pub topics: Vec<Topic>,
    /// Schedules wanted; empty = those marked as default.
    pub schedules: Vec<ScheduleName>,
    /// HTML or text only.
    pub format: Format,
    /// The day of sign-up.
    pub since: Option<Date>,
    /// Free fields for templates.
    pub data: Map<String, Value>,
    /// Raised to revoke every token made before.
    pub epoch: u32,
    /// File or store.
    pub origin: Origin,
    /// Still listed (a file's entry that was removed is not).
    pub active: bool,
    /// Why the address may not be mailed, if so.
    pub suppressed: Option<SuppressionReason>,
}

/// Why an address is never to be mailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SuppressionReason {
    /// The reader left.
    Unsubscribed,
    /// The mailbox does not exist.
    Bounced,
    /// The reader called it spam.
    Complained,
    /// The operator said so.
    Manual,
}

impl SuppressionReason {
    /// All reasons, as the database's CHECK lists them.
    pub const ALL: [Self; 4] = [
        Self::Unsubscribed,
        Self::Bounced,
        Self::Complained,
        Self::Manual,
    ];

    /// Whether it is the reader's own no, which nobody takes back.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Unsubscribed | Self::Complained)
    }

    /// The word used in the database and in `--json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unsubscribed => "unsubscribed",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
            Self::Manual => "manual",
        }
    }
}
