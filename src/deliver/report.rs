//! What a run did, and why it stopped early if it did.

use jiff::Timestamp;

use super::lanes::Slowed;
use crate::model::{Outcome, OutcomeRecord, Revised};

/// Counts of what was recorded by one run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// The relay said 250.
    pub sent: u64,
    /// Refused for good, or expired.
    pub failed: u64,
    /// Back in the queue: the relay said "later", or an unknown that may be sent again.
    pub deferred: u64,
    /// Readers who had left when their turn came.
    pub suppressed: u64,
    /// Unknown, and stopped.
    pub held: u64,
    /// Back in the queue untouched.
    pub released: u64,
    /// Back in the queue until their pace has room for them; each time counts.
    pub paced: u64,
    /// Deliveries that another sender had taken over: not ours to record.
    pub lost: u64,
    /// Lanes that were slowed down, as they were slowed last.
    pub slowed: Vec<Slowed>,
    /// Refused by this relay, for what may not be the readers' fault, and left to the next one.
    pub left_to_next: u64,
    /// What was still to go at its pace when the run ended.
    pub expected: Option<Expected>,
    /// Why the run stopped before the queue was empty.
    pub stopped: Option<Stopped>,
}

impl Report {
    pub(super) fn count(&mut self, record: &OutcomeRecord) {
        match &record.outcome {
            Outcome::Released(again) if *again > record.at => self.paced += 1,
            Outcome::Sent(_) => self.sent += 1,
            Outcome::Failed(..) => self.failed += 1,
            Outcome::Deferred(..) | Outcome::UnknownRetry(_) => self.deferred += 1,
            Outcome::Released(_) => self.released += 1,
            Outcome::UnknownHeld => self.held += 1,
        }
    }

    /// Corrects the counts: the refusal had been counted as put off, or as failed where it is taken back.
    pub(super) fn revise(&mut self, to: Revised) {
        match to {
            Revised::Failed => {
                self.failed += 1;
                self.deferred = self.deferred.saturating_sub(1);
            }
            Revised::Queued => {}
        }
    }

    pub(super) fn slow(&mut self, slowed: Slowed) {
        self.slowed.retain(|before| before.domain != slowed.domain);
        self.slowed.push(slowed);
    }
}

/// Deliveries that wait for their pace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// How many.
    pub deliveries: usize,
    /// When about the last of them has its turn.
    pub until: Timestamp,
}

/// Why a run stopped before the queue was empty. Everything that was not sent stays queued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// Somebody asked for it.
    #[error("it was asked to stop")]
    Asked,
    /// Another run took over.
    #[error("another run took over")]
    Overtaken,
    /// Three connection failures in a row.
    #[error("three connections in a row failed: {0}")]
    Connection(String),
    /// TLS is missing or failed.
    #[error("{0}")]
    Tls(String),
    /// The login failed.
    #[error("{0}")]
    Login(String),
    /// The relay said the same to several readers, or of us: no reader is the cause.
    #[error("the relay refuses us, and not single readers ({readers} were told the same): {reply}")]
    RefusesUs {
        /// How many were told so.
        readers: usize,
        /// What it said of the last of them.
        reply: String,
    },
    /// The relay refused the envelope's sender.
    #[error("the relay refuses us as a sender: {0}")]
    SenderRefused(String),
    /// 20 of the last 100 recipients were refused for policy.
    #[error("the relay refuses too many readers for its policy: {0}")]
    Policy(String),
    /// More readers were refused as gone than a list can lose at once: a fault elsewhere.
    #[error("the relay says of {gone} of {readers} readers that they do not exist: {reply}")]
    Gone {
        /// Refused as gone, within an hour.
        gone: u64,
        /// Readers of the issue.
        readers: u64,
        /// What the relay said of the last of them.
        reply: String,
    },
    /// The relay refused everybody for its policy, and another one is there.
    #[error("the relay refused {refusals} mails in a row for its policy: {reply}")]
    AllRefused {
        /// How many.
        refusals: usize,
        /// What it said of the last of them.
        reply: String,
    },
    /// A delivery names a variant that was not given.
    #[error("variant {0} of the issue is missing")]
    Variant(i64),
    /// The relay takes no message of this size.
    #[error("the relay takes messages of at most {0} octets, and this one is larger")]
    TooLarge(usize),
    /// A message could not be signed.
    #[error("a message could not be signed with the DKIM key")]
    Signing,
    /// The relay cannot carry From's address.
    #[error("the relay does not offer SMTPUTF8, which the address in From needs")]
    Sender,
}

impl Stopped {
    /// Whether another relay may do better.
    pub fn is_about_the_relay(&self) -> bool {
        match self {
            Self::Connection(_)
            | Self::Tls(_)
            | Self::Login(_)
            | Self::RefusesUs { .. }
            | Self::SenderRefused(_)
            | Self::Policy(_)
            | Self::AllRefused { .. }
            | Self::TooLarge(_)
            | Self::Sender => true,
            // Whether so many readers are gone is for a person to say, not for another relay.
            Self::Asked
            | Self::Overtaken
            | Self::Gone { .. }
            | Self::Variant(_)
            | Self::Signing => false,
        }
    }

    /// Whether the relay was reached and will not have our mail: something must change there, or in what we ask of it.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Login(_)
                | Self::RefusesUs { .. }
                | Self::SenderRefused(_)
                | Self::Policy(_)
                | Self::AllRefused { .. }
        )
    }

    /// Whether trying again later, with nothing changed, may help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Asked | Self::Overtaken | Self::Connection(_))
    }
}
