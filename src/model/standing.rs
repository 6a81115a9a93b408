//! Where a post of the ledger stands: open to issues, or kept out of them with a reason that a person can read.
//!
//! Whatever its standing, its row stays in the ledger, so that it is never taken for new again.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{FilteredBy, PostId};

/// Whether issues may carry a post, and if not, why.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Standing {
    /// Issues may carry it.
    #[default]
    Open,
    /// It came in a flood, and waits for a person to let it in or drop it.
    Quarantined {
        /// Since when.
        at: Timestamp,
        /// What tripped the brake.
        why: Flood,
    },
    /// A person dropped it: it was seen, and is never sent.
    Dropped {
        /// Since when.
        at: Timestamp,
    },
    /// Its source's filters passed it over when it was first seen.
    Filtered {
        /// Which of them.
        by: FilteredBy,
    },
    /// Another source brought the same post; that one stands for both.
    Joined(Joined),
}

impl Standing {
    /// The word that the store keeps.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Quarantined { .. } => "quarantined",
            Self::Dropped { .. } => "dropped",
            Self::Filtered { .. } => "filtered",
            Self::Joined(_) => "joined",
        }
    }

    /// The post that stands for this one, if another does.
    pub fn joined_to(&self) -> Option<PostId> {
        match self {
            Self::Joined(joined) => Some(joined.to),
            _ => None,
        }
    }
}

/// What tripped the flood brake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "flood", rename_all = "snake_case")]
pub enum Flood {
    /// More at once than a source brings by itself.
    AtOnce {
        /// How many.
        posts: usize,
    },
    /// All of them older than anything new is.
    AllOld {
        /// How many.
        posts: usize,
        /// Older than so many days.
        days: i64,
    },
}

impl Flood {
    /// How many posts came in it.
    pub fn posts(self) -> usize {
        match self {
            Self::AtOnce { posts } | Self::AllOld { posts, .. } => posts,
        }
    }
}

impl fmt::Display for Flood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtOnce { posts } => write!(f, "{posts} posts came at once"),
            Self::AllOld { posts: 1, days } => {
                write!(f, "1 post came that is older than {days} days")
            }
            Self::AllOld { posts, days } => {
                write!(f, "{posts} posts came, all older than {days} days")
            }
        }
    }
}

/// How a post was joined to that of another source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// The post that stays.
    pub to: PostId,
    /// How they were known to be one.
    pub because: JoinReason,
    /// What readers call the place where the joined post is, such as its feed's title.
    pub place: Option<String>,
}

/// What shows that posts of two sources are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinReason {
    /// Their guids are one name that means the same everywhere.
    SameGuid,
    /// Their links lead to one address.
    SameLink,
    /// They say the same, or nearly so.
    SameText,
}

impl JoinReason {
    /// In words, before "as".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SameGuid => "the same guid",
            Self::SameLink => "the same canonical link",
            Self::SameText => "the same text",
        }
    }
}

/// Where else a post is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlsoAt {
    /// The other source.
    pub source: super::SourceName,
    /// What readers call it.
    pub place: Option<String>,
    /// The post's address there.
    pub link: Option<String>,
}

/// What a post is recognised by beside its identities: made of what it says, kept in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Likeness {
    /// Its canonical link without `www.` and a slash at its end, where the source gives it to no other post.
    pub link: Option<String>,
    /// Of its title, without case, accents and marks.
    pub title: String,
    /// Of the words of its text; `None` where there are too few to tell it from another.
    pub text: Option<String>,
    /// SimHash of its text's shingles, 64 bits; near texts differ in few of them. `None` for short texts.
    pub sketch: Option<i64>,
    /// Words of its whole text; 0 where the source gives a summary only.
    pub words: i64,
}
