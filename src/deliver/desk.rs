//! The desk at which all connections meet the outbox: one recorder gathers what they ask into group commits.
//!
//! A connection asks for a delivery, for leave to offer its message (T3), and hands in what came of it (T4). It waits for
//! the first two alone; so the outcome of one message and the intent of the next share a commit. While one turn is being
//! committed, the next one gathers: the longer a commit takes, the more it carries.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

use super::log::log;
use super::run::Run;
use super::{Error, Outbox, Progress, Recorded, Report, Stopped};
use crate::model::{
    ClaimedDelivery, Clock, Intent, IntentRefusal, Outcome, OutcomeRecord, TurnRequest, TurnResult,
};

/// How long outcomes that nobody waits for may wait for an intent or a claim to share their commit: less than a commit
/// takes.
const LINGER: Duration = Duration::from_millis(1);

/// How often a turn lets everybody else speak before it begins, as long as they have something to say.
const ROUNDS: usize = 4;

/// Deliveries claimed at once, for each connection: enough for few claims, few enough that a lease is not slept through.
const CLAIMS: usize = 4;

/// Opens a desk: the connections' side, to be cloned for each, and the recorder's.
pub(super) fn open() -> (Desk, Asks) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Desk(sender), Asks(receiver))
}

/// A connection's side of the desk.
#[derive(Clone)]
pub(super) struct Desk(mpsc::UnboundedSender<Ask>);

/// The recorder's side of the desk.
pub(super) struct Asks(mpsc::UnboundedReceiver<Ask>);

enum Ask {
    Next(oneshot::Sender<ClaimedDelivery>),
    Intend(Intent, oneshot::Sender<Grant>),
    Settle(OutcomeRecord, Option<Receipt>),
}

/// Who is told that an outcome is recorded.
struct Receipt {
    done: oneshot::Sender<()>,
    /// Whether a message waits for it.
    awaited: bool,
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
    granted_at: Timestamp,
    since: Instant,
    length: SignedDuration,
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

/// Gathers, commits and answers.
pub(super) struct Recorder<'a, O> {
    run: &'a Run<'a>,
    outbox: &'a O,
    progress: &'a dyn Progress,
    shelf: VecDeque<ClaimedDelivery>,
    outcomes: Vec<OutcomeRecord>,
    receipts: Vec<Receipt>,
    intents: Vec<(Intent, oneshot::Sender<Grant>)>,
    waiting: Vec<oneshot::Sender<ClaimedDelivery>>,
    /// The last claim brought less than was asked for, and nothing was put back since.
    dry: bool,
    /// Deliveries that were handed out and have not come to an end.
    out: usize,
    report: Report,
}

impl<'a, O: Outbox> Recorder<'a, O> {
    pub(super) fn new(run: &'a Run<'a>, outbox: &'a O, progress: &'a dyn Progress) -> Self {
        Self {
            run,
            outbox,
            progress,
            shelf: VecDeque::new(),
            outcomes: Vec::new(),
            receipts: Vec::new(),
            intents: Vec::new(),
            waiting: Vec::new(),
            dry: false,
            out: 0,
            report: Report::default(),
        }
    }

    /// Serves until every connection has left, then gives back what nobody took.
    pub(super) async fn record(mut self, mut asks: Asks) -> Result<Report, Error> {
        loop {
            tokio::select! {
                ask = asks.0.recv() => match ask {
                    Some(ask) => self.take(ask),
                    None => break,
                },
                () = self.run.ending(), if !self.waiting.is_empty() => {}
            }
            self.gather(&mut asks).await;
            self.serve();
            if self.has_work() {
                self.turn().await?;
            }
        }
        self.give_back();
        if self.has_work() {
            self.turn().await?;
        }
        Ok(self.report)
    }

    /// Collects what all have to say that are not waiting for the network. A turn for which nobody waits has time for
    /// company.
    async fn gather(&mut self, asks: &mut Asks) {
        let mut linger = std::pin::pin!(sleep(LINGER));
        loop {
            self.hear(asks).await;
            if self.is_awaited() || !self.has_work() {
                return;
            }
            tokio::select! {
                biased;
                ask = asks.0.recv() => match ask {
                    Some(ask) => self.take(ask),
                    None => return,
                },
                () = &mut linger => return,
            }
        }
    }

    async fn hear(&mut self, asks: &mut Asks) {
        for _ in 0..ROUNDS {
            tokio::task::yield_now().await;
            let mut silent = true;
            while let Ok(ask) = asks.0.try_recv() {
                self.take(ask);
                silent = false;
            }
            if silent {
                return;
            }
        }
    }

    fn take(&mut self, ask: Ask) {
        match ask {
            Ask::Settle(record, receipt) => {
                self.out = self.out.saturating_sub(1);
                // What is put back is there to be claimed again.
                let now = matches!(
                    record.outcome,
                    Outcome::Released(_) | Outcome::UnknownRetry(_)
                );
                self.dry &= !now;
                self.outcomes.push(record);
                self.receipts.extend(receipt);
            }
            Ask::Intend(intent, answer) => self.intents.push((intent, answer)),
            Ask::Next(answer) => {
                self.waiting.push(answer);
                self.serve();
            }
        }
    }

    /// Hands out what lies on the shelf. Sends home whoever waits when the run is ending, or when nothing is left that
    /// could still be put back.
    fn serve(&mut self) {
        if self.run.is_ending() {
            self.waiting.clear();
        }
        while let Some(delivery) = self.shelf.pop_front() {
            let Some(answer) = self.waiting.pop() else {
                return self.shelf.push_front(delivery);
            };
            match answer.send(delivery) {
                Ok(()) => self.out += 1,
                Err(delivery) => self.shelf.push_front(delivery),
            }
        }
        if self.dry && self.out == 0 {
            self.waiting.clear();
        }
    }

    fn has_work(&self) -> bool {
        self.is_awaited() || !self.outcomes.is_empty()
    }

    /// Whether somebody waits for the next turn.
    fn is_awaited(&self) -> bool {
        let wanting = !self.waiting.is_empty() && !self.dry;
        let awaited = self.receipts.iter().any(|receipt| receipt.awaited);
        wanting || awaited || !self.intents.is_empty()
    }

    /// One group commit: outcomes, intents and the next claims.
    async fn turn(&mut self) -> Result<(), Error> {
        let (now, since) = (self.run.now(), Instant::now());
        let lease = self.run.job.relay.lease;
        let request = TurnRequest {
            issue: self.run.job.issue.number,
            outcomes: std::mem::take(&mut self.outcomes),
            intents: self.intents.iter().map(|(intent, _)| *intent).collect(),
            claim: self.claims(),
            now,
            lease_until: now.saturating_add(lease).unwrap_or(Timestamp::MAX),
        };
        let (outcomes, claim) = (request.outcomes.clone(), request.claim);
        let result = self.outbox.turn(request).await.map_err(Error::Outbox)?;
        self.report_outcomes(&outcomes, &result);
        if result.overtaken {
            self.run.trip(Stopped::Overtaken);
        }
        for receipt in self.receipts.drain(..) {
            // A connection that has left waits for nothing.
            let _ = receipt.done.send(());
        }
        self.answer_intents(&result, now, since);
        if claim > 0 {
            self.dry = result.claimed.len() < claim;
        }
        self.shelf.extend(result.claimed);
        self.serve();
        Ok(())
    }

    /// How many deliveries to claim in this turn: a batch, as soon as the shelf could run empty.
    fn claims(&self) -> usize {
        let connections = self.run.job.relay.connections.max(1);
        if self.run.is_ending() || self.dry || self.shelf.len() >= connections {
            return 0;
        }
        let paced = self.run.job.relay.rate.map_or(usize::MAX, |rate| {
            // What the pace allows within a quarter of the lease.
            let quarter = self.run.job.relay.lease.as_secs_f64() / 4.0;
            (quarter / rate.interval().as_secs_f64()) as usize
        });
        (connections * CLAIMS).min(paced).max(1)
    }

    fn report_outcomes(&mut self, outcomes: &[OutcomeRecord], result: &TurnResult) {
        for record in outcomes {
            if result.lost_outcomes.contains(&record.claim) {
                tracing::warn!(
                    issue = record.claim.key.issue.0,
                    delivery = record.claim.key.number,
                    "an outcome came too late: another sender has the delivery"
                );
                self.report.lost += 1;
            } else {
                self.report.count(&record.outcome);
                self.progress.recorded(Recorded::Outcome(record));
            }
        }
    }

    fn answer_intents(&mut self, result: &TurnResult, granted_at: Timestamp, since: Instant) {
        let length = self.run.job.relay.lease;
        for (Intent { claim, .. }, answer) in std::mem::take(&mut self.intents) {
            let grant = if result.overtaken {
                Grant::Overtaken
            } else if result.granted.contains(&claim) {
                Grant::Granted(Lease {
                    granted_at,
                    since,
                    length,
                })
            } else {
                let refusal = result.refused.iter().find(|(refused, _)| *refused == claim);
                Grant::Refused(refusal.map_or(IntentRefusal::Lost, |(_, why)| *why))
            };
            if let Grant::Refused(_) = grant {
                self.out = self.out.saturating_sub(1);
            }
            match grant {
                Grant::Refused(IntentRefusal::Suppressed) => {
                    self.report.suppressed += 1;
                    self.progress.recorded(Recorded::Suppressed(claim));
                }
                Grant::Refused(IntentRefusal::Lost) => self.report.lost += 1,
                Grant::Granted(_) | Grant::Overtaken => {}
            }
            let _ = answer.send(grant);
        }
    }

    /// Puts what lies on the shelf back into the queue.
    fn give_back(&mut self) {
        let at = self.run.now();
        self.outcomes
            .extend(self.shelf.drain(..).map(|delivery| OutcomeRecord {
                claim: delivery.claim,
                outcome: Outcome::Released(at),
                at,
            }));
    }
}
