//! The connections' side of the desk: what they ask of the recorder, and what it answers.
//!
//! A connection waits for a delivery and for leave to offer its message (T3); an outcome (T4) and a complaint it just hands
//! in. What one connection says is heard in the order in which it was said.

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::lanes::Complaint;
use super::log::log;
use crate::model::{
    ClaimedDelivery, Clock, Intent, IntentRefusal, Outcome, OutcomeRecord, Revision,
};

/// Opens a desk: the connections' side, to be cloned for each, and the recorder's.
pub(super) fn open() -> (Desk, Asks) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Desk(sender), Asks(receiver))
}

/// A connection's side of the desk.
#[derive(Clone)]
pub(super) struct Desk(mpsc::UnboundedSender<Ask>);

/// The recorder's side of the desk.
pub(super) struct Asks(pub(super) mpsc::UnboundedReceiver<Ask>);

/// What is asked.
pub(super) enum Ask {
    Next(oneshot::Sender<ClaimedDelivery>),
    Intend(Intent, oneshot::Sender<Grant>),
    Settle(OutcomeRecord, Option<Receipt>),
    /// Heard after the outcomes that it is about.
    Revise(Vec<Revision>),
    Complain(Complaint),
}

/// Who is told that an outcome is recorded.
pub(super) struct Receipt {
    pub(super) done: oneshot::Sender<()>,
    /// Whether a message waits for it.
    pub(super) awaited: bool,
}

/// The answer to an intent.
pub(super) enum Grant {
    Granted(Lease),
    Refused(IntentRefusal),
    /// Nobody looked at it: the delivery is still ours to give back.
    Overtaken,
}

/// How long a granted intent may be used.
pub(super) struct Lease {
    pub(super) granted_at: Timestamp,
    pub(super) since: Instant,
    pub(super) length: SignedDuration,
}

impl Lease {
    /// Whether less than half of it has passed, by both clocks: the one that steps, and the one that stands still while
    /// the machine sleeps.
    pub(super) fn is_fresh(&self, clock: &dyn Clock) -> bool {
        let ticked = SignedDuration::try_from(self.since.elapsed()).unwrap_or(SignedDuration::MAX);
        let passed = clock.now().duration_since(self.granted_at).max(ticked);
        passed < self.length / 2
    }
}

impl Desk {
    /// The next delivery, or `None` if there is none now or the run is ending.
    pub(super) async fn next(&self) -> Option<ClaimedDelivery> {
        let (answer, delivery) = oneshot::channel();
        self.0.send(Ask::Next(answer)).ok()?;
        delivery.await.ok()
    }

    /// Asks for leave to offer the message (T3); answered when the intent is durable.
    pub(super) async fn intend(&self, intent: Intent) -> Grant {
        let (answer, grant) = oneshot::channel();
        // A recorder that is gone grants nothing.
        let _ = self.0.send(Ask::Intend(intent, answer));
        grant.await.unwrap_or(Grant::Refused(IntentRefusal::Lost))
    }

    /// Hands in an outcome (T4), without waiting for its commit.
    pub(super) fn settle(&self, delivery: &ClaimedDelivery, outcome: Outcome, at: Timestamp) {
        self.hand_in(delivery, outcome, at, None);
    }

    /// Hands in an outcome (T4); the receiver hears of its commit, which comes sooner where it is `awaited`.
    pub(super) fn record(
        &self,
        delivery: &ClaimedDelivery,
        outcome: Outcome,
        at: Timestamp,
        awaited: bool,
    ) -> oneshot::Receiver<()> {
        let (done, recorded) = oneshot::channel();
        self.hand_in(delivery, outcome, at, Some(Receipt { done, awaited }));
        recorded
    }

    /// Hands in what became known of outcomes that were handed in before.
    pub(super) fn revise(&self, revisions: Vec<Revision>) {
        if !revisions.is_empty() {
            let _ = self.0.send(Ask::Revise(revisions));
        }
    }

    /// Hands on that the relay wants fewer messages; heard before what is handed in afterwards.
    pub(super) fn complain(&self, complaint: Option<Complaint>) {
        if let Some(complaint) = complaint {
            let _ = self.0.send(Ask::Complain(complaint));
        }
    }

    fn hand_in(
        &self,
        delivery: &ClaimedDelivery,
        outcome: Outcome,
        at: Timestamp,
        receipt: Option<Receipt>,
    ) {
        log(delivery, &outcome);
        let claim = delivery.claim;
        let record = OutcomeRecord { claim, outcome, at };
        let _ = self.0.send(Ask::Settle(record, receipt));
    }
}
