//! The entries of the journal, and what all of them together say.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{
    Edition, IssueNumber, Likeness, PostId, ScheduleName, SourceName, SuppressionReason,
};

/// The form of the entries; a higher number is a newer program's.
pub(super) const VERSION: u32 = 1;

/// A line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Entry {
    /// The first line.
    Journal {
        /// Of the entries.
        version: u32,
        /// Tells it from another journal of the same newsletter.
        id: String,
        /// Fingerprint of the secret that its hashes are made with.
        secret: String,
    },
    /// An issue was sealed.
    Issue(SealedIssue),
    /// So many readers had an issue.
    Sent {
        /// The issue.
        issue: IssueNumber,
        /// How many.
        sent: i64,
    },
    /// So many messages of an issue were begun, tries counted each.
    Offered {
        /// The issue.
        issue: IssueNumber,
        /// How many.
        offers: i64,
    },
    /// An address is never to be mailed.
    Suppressed(Suppressed),
    /// What kept an address from being mailed is taken back.
    Revived {
        /// Its keyed hash.
        address: String,
    },
    /// An older database took over what stands before this, and holds what may have been sent.
    Replayed {
        /// Tells it from another time.
        id: String,
    },
}

/// A sealed issue, as far as nobody may ever get it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SealedIssue {
    /// Its number.
    pub number: IssueNumber,
    /// Its schedule.
    pub schedule: ScheduleName,
    /// Which edition.
    pub edition: Edition,
    /// The newest due time that its schedule has served with it.
    pub served: Option<Timestamp>,
    /// When it was sealed.
    pub sealed_at: Timestamp,
    /// When its deliveries are given up.
    pub expires_at: Timestamp,
    /// The subject of its first variant.
    pub subject: String,
    /// Its posts, in order.
    pub posts: Vec<SealedPost>,
}

/// By what a post is known again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SealedPost {
    /// Its row.
    pub id: PostId,
    /// Its source.
    pub source: SourceName,
    /// What made it this post.
    pub identity: String,
    /// The name of its page.
    pub slug: String,
    /// Every name that it has gone by.
    pub names: Vec<String>,
    /// As its source said.
    pub published: Option<Timestamp>,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// What it is recognised by beside its names.
    pub likeness: Likeness,
}

/// An address that is never to be mailed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppressed {
    /// Its keyed hash.
    pub address: String,
    /// Why.
    pub reason: SuppressionReason,
    /// Since when.
    pub at: Timestamp,
}

/// What entries say together, the later ones over the earlier.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Known {
    /// Sealed issues.
    pub issues: BTreeMap<IssueNumber, SealedIssue>,
    /// How many readers had each issue.
    pub sent: BTreeMap<IssueNumber, i64>,
    /// How many messages of each issue were begun.
    pub offers: BTreeMap<IssueNumber, i64>,
    /// Who is never to be mailed, by address.
    pub suppressed: HashMap<String, Suppressed>,
    /// Whether anything was taken back.
    pub revived: bool,
    /// The last time that an older database took it over.
    pub replayed: Option<String>,
}

impl Entry {
    /// Whether it says how far something is, and a newer one may take its place.
    pub(super) fn is_note(&self) -> bool {
        matches!(self, Self::Offered { .. })
    }

    /// Whether it says how far something is of which the other says the same.
    pub(super) fn is_newer_than(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Offered { issue, offers },
                Self::Offered {
                    issue: same,
                    offers: before,
                },
            ) => issue == same && offers >= before,
            _ => false,
        }
    }
}

impl Known {
    /// What these entries say.
    pub fn of(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut known = Self::default();
        for entry in entries {
            match entry {
                Entry::Journal { .. } => {}
                Entry::Issue(issue) => {
                    known.issues.insert(issue.number, issue);
                }
                Entry::Sent { issue, sent } => {
                    let most = known.sent.entry(issue).or_default();
                    *most = sent.max(*most);
                }
                Entry::Offered { issue, offers } => {
                    let most = known.offers.entry(issue).or_default();
                    *most = offers.max(*most);
                }
                Entry::Replayed { id } => {
                    known.sent.clear();
                    known.offers.clear();
                    known.replayed = Some(id);
                }
                Entry::Suppressed(one) => {
                    if known.lacks(&one) || !known.suppressed[&one.address].reason.is_final() {
                        known.suppressed.insert(one.address.clone(), one);
                    }
                }
                Entry::Revived { address } => {
                    known.suppressed.remove(&address);
                    known.revived = true;
                }
            }
        }
        known
    }

    /// Whether they do not say so of an address, or less of it: a reader's own no is more than what may be taken back.
    pub fn lacks(&self, one: &Suppressed) -> bool {
        let told = self.suppressed.get(&one.address);
        told.is_none_or(|told| one.reason.is_final() && !told.reason.is_final())
    }

    /// Whether they tell of issues or addresses, not only of how far issues were sent.
    pub fn has_news(&self) -> bool {
        self.revived || !self.issues.is_empty() || !self.suppressed.is_empty()
    }
}
