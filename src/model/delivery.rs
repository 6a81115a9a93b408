//! One issue to one subscriber: its states, its claims, and what came of each attempt.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{EmailAddress, IssueNumber, SubscriberId};

/// A delivery's key: its issue and its number within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct DeliveryKey {
    /// The issue.
    pub issue: IssueNumber,
    /// From 0.
    pub number: i64,
}

/// The reader's own fields of a delivery, frozen when the issue is sealed, so that copies are identical.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reader {
    /// Where it goes.
    pub address: EmailAddress,
    /// How to greet, plain text.
    pub name: Option<String>,
    /// The greeting line in the variant's language, plain text.
    pub greeting: String,
    /// The day of sign-up in the variant's language, or the words in its place, plain text.
    pub since: String,
    /// The token of the unsubscribe link.
    pub unsubscribe_token: String,
    /// Left part of the Message-ID: a keyed hash of issue and subscriber.
    pub message_id: String,
}

/// Where a delivery stands. `claimed` and `intent` are counted as queued until an outcome is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// Waits for its turn or its next try.
    Queued,
    /// Taken by a sender; no message data has been offered.
    Claimed,
    /// The sender was about to offer the message data (T3).
    Intent,
    /// The relay said 250.
    Sent,
    /// The relay refused for good, or the issue expired.
    Failed,
    /// Left, bounced or was taken off the list before sending began.
    Suppressed,
    /// We do not know, and stopped.
    Held,
}

impl DeliveryState {
    /// All states, as the database's CHECK lists them.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Claimed,
        Self::Intent,
        Self::Sent,
        Self::Failed,
        Self::Suppressed,
        Self::Held,
    ];

    /// The word used in the database and in `--json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Claimed => "claimed",
            Self::Intent => "intent",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Suppressed => "suppressed",
            Self::Held => "held",
        }
    }
}

/// Whether an issue's deliveries may be sent: the operator's word, which every claim and intent asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IssueStanding {
    /// They may.
    #[default]
    Open,
    /// Not until it is resumed.
    Paused,
    /// Never again.
    Cancelled,
}

impl IssueStanding {
    /// All standings, as the database's CHECK lists them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Paused, Self::Cancelled];

    /// The word used in the database and in `--json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Paused => "paused",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A sender's right to one delivery: only the newest fence may record anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Claim {
    /// Which delivery.
    pub key: DeliveryKey,
    /// Rises at each claim.
    pub fence: i64,
}

/// A delivery that was claimed (T2).
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedDelivery {
    /// The right to it.
    pub claim: Claim,
    /// Who.
    pub subscriber: SubscriberId,
    /// Which variant.
    pub variant: i64,
    /// The reader's fields.
    pub reader: Reader,
    /// Attempts that ended with an outcome before this one.
    pub attempts: u32,
    /// Times the connection or program broke between the end of a message and its 250.
    pub unknowns: u32,
}

/// A sender's wish to offer the message data (T3).
///
/// The intents of one connection stand in line: a message is ended only when the outcomes of all before it are recorded. So
/// of the intents that a dead sender leaves, the first of each line alone may have been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intent {
    /// The right to it.
    pub claim: Claim,
    /// The one before it on its connection, if there was one.
    pub behind: Option<Claim>,
}

/// Why an intent was not granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntentRefusal {
    /// The reader left, or is off the list, since: the delivery is now suppressed, or held if a copy may be about.
    Suppressed,
    /// The fence is old or the lease has run out: somebody else has it; or the issue was paused or
    /// cancelled, and it is queued again.
    Lost,
}

/// How servers say that strangers have to come twice.
const GREYLISTING: [&str; 12] = [
    "greylist",
    "graylist",
    "grey-list",
    "gray-list",
    "grey list",
    "gray list",
    "greymilter",
    "first time",
    "first contact",
    "not seen before",
    "come back in",
    "retry in",
];

/// What the relay said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Three digits; 0 where the connection broke before a reply.
    pub code: u16,
    /// Enhanced status (RFC 3463), such as `5.1.1`.
    pub enhanced: Option<String>,
    /// The text, at most 500 characters, with addresses and controls removed.
    pub text: String,
}

impl Reply {
    /// Whether a refusal for now says that strangers have to come twice, which is no complaint about us.
    pub fn is_greylisting(&self) -> bool {
        let text = self.text.to_ascii_lowercase();
        (400..500).contains(&self.code) && GREYLISTING.iter().any(|words| text.contains(words))
    }
}

/// What came of one attempt (T4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// 250 after the final dot.
    Sent(Reply),
    /// Refused for good; the second value says whether the mailbox does not exist, by the relay's word.
    Failed(Reply, bool),
    /// Refused for now; try again at this instant.
    Deferred(Reply, Timestamp),
    /// Not offered (breaker, SIGTERM, connection lost before `DATA`): back to the queue at this instant, no attempt counted.
    Released(Timestamp),
    /// The connection broke between the end of the message and its reply, and the copy may be sent again.
    UnknownRetry(Timestamp),
    /// The same, and it may not.
    UnknownHeld,
}

/// An outcome to record under a fence.
#[derive(Debug, Clone, PartialEq)]
pub struct OutcomeRecord {
    /// The right to record it.
    pub claim: Claim,
    /// What came of it.
    pub outcome: Outcome,
    /// When.
    pub at: Timestamp,
}

/// What is known later of a refusal for good that was recorded as put off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision {
    /// Under which it was recorded; a newer one forbids it.
    pub claim: Claim,
    /// Where the delivery stands now.
    pub to: Revised,
}

/// Where a delivery stands after a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revised {
    /// Failed: the refusal was the reader's.
    Failed,
    /// Queued again and due: the refusal was not the reader's.
    Queued,
}

/// One group commit of the sender: outcomes, revisions, intents and the next claims in one transaction, in this order.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnRequest {
    /// The issue.
    pub issue: IssueNumber,
    /// Outcomes to record.
    pub outcomes: Vec<OutcomeRecord>,
    /// Outcomes to revise.
    pub revisions: Vec<Revision>,
    /// Intents to grant.
    pub intents: Vec<Intent>,
    /// How many more deliveries to claim.
    pub claim: usize,
    /// The instant of the turn.
    pub now: Timestamp,
    /// When the claims of this turn run out.
    pub lease_until: Timestamp,
}

/// What a turn did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TurnResult {
    /// Claims whose outcome was refused since their fence is old.
    pub lost_outcomes: Vec<Claim>,
    /// Intents that were granted: only these may send `DATA`.
    pub granted: Vec<Claim>,
    /// Intents that were refused, and why.
    pub refused: Vec<(Claim, IntentRefusal)>,
    /// Newly claimed deliveries.
    pub claimed: Vec<ClaimedDelivery>,
    /// The sender has lost its right to send: outcomes were recorded, and neither intents nor claims looked at.
    pub overtaken: bool,
    /// The issue is paused or cancelled, or its deadline has passed: no message of it may begin any more.
    pub withheld: bool,
}

/// An issue's account: what was planned, and where each of it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Account {
    /// Deliveries sealed with the issue.
    pub planned: i64,
    /// The relay said 250.
    pub sent: i64,
    /// Refused for good.
    pub failed: i64,
    /// Left, bounced or was taken off the list before sending began.
    pub suppressed: i64,
    /// Unknown, and stopped.
    pub held: i64,
    /// Still being tried.
    pub queued: i64,
}

impl Account {
    /// Whether planned = sent + failed + suppressed + held + queued.
    pub fn balances(&self) -> bool {
        self.planned == self.found()
    }

    /// Deliveries that are in one of the five states.
    pub fn found(&self) -> i64 {
        self.sent + self.failed + self.suppressed + self.held + self.queued
    }
}

impl Outcome {
    /// Whether the relay has the message, or may have it: then it counts against its caps.
    pub fn was_carried(&self) -> bool {
        matches!(
            self,
            Self::Sent(_) | Self::UnknownRetry(_) | Self::UnknownHeld
        )
    }
}
