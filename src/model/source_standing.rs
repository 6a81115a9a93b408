//! How a source stands with its server: what several visits taught, and when the next may be.
//!
//! Plain values. The rules that make and read them stand in `gather::standing`; the store keeps them as they are.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::PostId;

/// What was learnt about a source beside its posts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceStanding {
    /// The configured address that all of this is about; corrected, it starts anew.
    pub address: String,
    /// The address that was last read with success: its validators are shown to no other.
    pub read_at: Option<String>,
    /// Who only polls does not ask before.
    pub next_due: Option<Timestamp>,
    /// A run that makes an issue does not ask before.
    pub soonest: Option<Timestamp>,
    /// Failures in a row.
    pub failures: u32,
    /// The first of them.
    pub failing_since: Option<Timestamp>,
    /// Since when, without a success, the server says that nothing is there (404).
    pub missing_since: Option<Timestamp>,
    /// It is not asked any more.
    pub ended: Option<Ending>,
    /// Where permanent redirects lead, as long as they are not believed.
    pub moving: Option<Move>,
    /// The address that is asked in the place of the configured one, since it moved.
    pub adopted: Option<Move>,
    /// How often the feed itself wants to be asked.
    pub pace: Pace,
    /// The host of the site that the feed says it is of.
    pub site: Option<String>,
    /// The posts that the feed showed at its last visit, newest first, and those that it misses since then.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<Shown>,
}

/// A post that a feed shows, or misses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(PostId, bool)", into = "(PostId, bool)")]
pub struct Shown {
    /// Its row.
    pub post: PostId,
    /// It was gone at the last visit while one that had stood behind it was still there.
    pub missed: bool,
}

impl Shown {
    /// One that is there.
    pub fn standing(post: PostId) -> Self {
        Self {
            post,
            missed: false,
        }
    }
}

impl From<(PostId, bool)> for Shown {
    fn from((post, missed): (PostId, bool)) -> Self {
        Self { post, missed }
    }
}

impl From<Shown> for (PostId, bool) {
    fn from(shown: Shown) -> Self {
        (shown.post, shown.missed)
    }
}

/// The end of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// Since when it is gone.
    pub since: Timestamp,
    /// What the server said.
    pub status: u16,
}

/// A permanent redirect (301 or 308, RFC 9110 §15.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// Where to.
    pub to: String,
    /// Since when it is seen, or asked.
    pub since: Timestamp,
}

/// What a feed says of its own pace: RSS 2.0 `ttl`, `skipHours`, `skipDays`; `sy:updatePeriod`, `sy:updateFrequency`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Pace {
    /// Minutes from one visit to the next.
    pub minutes: Option<i64>,
    /// Hours of the day (0 to 23, UTC) without visits.
    pub skip_hours: Vec<i8>,
    /// Days of the week (Monday is 1) without visits, UTC.
    pub skip_days: Vec<i8>,
}

/// Why a source is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// To see whether there is something new.
    Poll,
    /// An issue is to be made, and readers wait for it.
    Issue,
    /// The operator named it.
    Named,
}

/// Why a source was not asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum NotAsked {
    /// Server or feed say that nothing is new before.
    NotDue {
        /// The next visit.
        until: Timestamp,
    },
    /// It failed several times in a row.
    BackingOff {
        /// The next try.
        until: Timestamp,
        /// The first failure.
        since: Timestamp,
    },
    /// Its server asked to be left alone (`Retry-After`).
    Held {
        /// The host.
        host: String,
        /// The end of it.
        until: Timestamp,
    },
    /// It is gone.
    Gone {
        /// Since when.
        since: Timestamp,
    },
}

/// A host that asked to be left alone for a while, with all its sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostHold {
    /// Its name, with the port where that is not the scheme's own.
    pub host: String,
    /// The end of it.
    pub until: Timestamp,
}

/// A line of a source's journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceEvent {
    /// When.
    pub at: Timestamp,
    /// What, in a clause for people.
    pub what: String,
}

/// What one visit leaves in the store beside posts and validators.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Visit {
    /// The source's standing after it.
    pub standing: SourceStanding,
    /// Lines for its journal.
    pub events: Vec<SourceEvent>,
    /// What the server asked for all of its sources.
    pub hold: Option<HostHold>,
}
