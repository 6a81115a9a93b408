//! The desk at which all connections meet the outbox: one recorder gathers what they ask into group commits.
//!
//! A connection asks for a delivery, for leave to offer its message (T3), and hands in what came of it (T4). It waits for
//! the first two alone; so the outcome of one message and the intent of the next share a commit. While one turn is being
//! committed, the next one gathers: the longer a commit takes, the more it carries.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until};

use super::asking::{Ask, Asks, Grant, Lease, Receipt};
use super::lanes::Lanes;
use super::log::log_slowed;
use super::run::Run;
use super::{Error, Expected, Outbox, Progress, Recorded, Report, Stopped};
use crate::model::{
    ClaimedDelivery, Intent, IntentRefusal, Outcome, OutcomeRecord, Revision, TurnRequest,
    TurnResult,
};

/// How long outcomes that nobody waits for may wait for an intent or a claim to share their commit: less than a commit
/// takes.
const LINGER: Duration = Duration::from_millis(1);

/// How often a turn lets everybody else speak before it begins, as long as they have something to say.
const ROUNDS: usize = 4;

/// Deliveries claimed at once, for each connection: enough for few claims, few enough that a lease is not slept through.
const CLAIMS: usize = 4;

/// A delivery that was put back is due this much earlier than it is claimed again, so that the clock that the outbox goes by
/// has got there too.
const EARLY: Duration = Duration::from_secs(1);

/// Gathers, commits and answers.
pub(super) struct Recorder<'a, O> {
    run: &'a Run<'a>,
    outbox: &'a O,
    progress: &'a dyn Progress,
    lanes: Lanes,
    outcomes: Vec<OutcomeRecord>,
    /// What became known of outcomes that were handed in.
    revisions: Vec<Revision>,
    receipts: Vec<Receipt>,
    intents: Vec<(Intent, oneshot::Sender<Grant>)>,
    waiting: Vec<oneshot::Sender<ClaimedDelivery>>,
    /// The last claim brought less than was asked for, and nothing was put back since.
    dry: bool,
    /// Something that was put back should be there by now, and was not claimed yet.
    expecting: bool,
    /// Deliveries that were handed out and have not come to an end.
    out: usize,
    /// Answers that are worth a turn where turns follow each other without a pause: a quarter of the connections waits, each
    /// for an outcome and an intent.
    company: usize,
    report: Report,
}

impl<'a, O: Outbox> Recorder<'a, O> {
    pub(super) fn new(
        run: &'a Run<'a>,
        lanes: Lanes,
        outbox: &'a O,
        progress: &'a dyn Progress,
    ) -> Self {
        Self {
            run,
            outbox,
            progress,
            lanes,
            outcomes: Vec::new(),
            revisions: Vec::new(),
            receipts: Vec::new(),
            intents: Vec::new(),
            waiting: Vec::new(),
            dry: false,
            expecting: false,
            out: 0,
            company: run.job.relay.connections / 2,
            report: Report::default(),
        }
    }

    /// Serves until every connection has left, then gives back what nobody took.
    pub(super) async fn record(mut self, mut asks: Asks) -> Result<Report, Error> {
        loop {
            // Whoever spoke while the last turn was being committed: then the outbox is what all wait for.
            let is_busy = !asks.0.is_empty();
            let wake = self.wake();
            tokio::select! {
                ask = asks.0.recv() => match ask {
                    Some(ask) => self.take(ask),
                    None => break,
                },
                () = self.run.ending(), if !self.waiting.is_empty() => {}
                () = until(wake), if wake.is_some() => {}
            }
            self.gather(&mut asks, is_busy).await;
            self.serve();
            if self.has_work() {
                self.turn().await?;
            }
            self.keep_paces().await?;
        }
        self.give_back();
        self.report.left_to_next = self.run.close();
        self.revisions.extend(self.run.revisions());
        if self.has_work() {
            self.turn().await?;
        }
        Ok(self.report)
    }

    /// When to look again at what waits for its turn, if nothing is heard before.
    fn wake(&self) -> Option<Instant> {
        let now = Instant::now();
        if !self.outcomes.is_empty() || self.is_wanting() {
            return Some(now);
        }
        if self.waiting.is_empty() {
            return self.lanes.stale_at();
        }
        let claim = self.lanes.wake_to_claim(now).filter(|_| !self.dry);
        self.lanes.wake(now).into_iter().chain(claim).min()
    }

    /// Collects what all have to say that are not waiting for the network. A turn for which nobody waits has time for
    /// company, and so has one for few where turns follow each other without a pause: fewer of them carry more.
    async fn gather(&mut self, asks: &mut Asks, is_busy: bool) {
        let mut linger = std::pin::pin!(sleep(LINGER));
        loop {
            self.hear(asks).await;
            let has_company = !is_busy || self.asked() >= self.company;
            if (self.is_awaited() && has_company) || !self.has_work() {
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
                self.lanes.settled(&record, Instant::now());
                self.outcomes.push(record);
                self.receipts.extend(receipt);
            }
            Ask::Complain(complaint) => {
                for slowed in self.lanes.complained(&complaint, Instant::now()) {
                    log_slowed(self.run.job.issue.number, &slowed);
                    self.report.slow(slowed);
                }
            }
            Ask::Revise(revisions) => self.revisions.extend(revisions),
            Ask::Intend(intent, answer) => self.intents.push((intent, answer)),
            Ask::Next(answer) => {
                self.waiting.push(answer);
                self.serve();
            }
        }
    }

    /// Hands out whatever has its turn. Sends home whoever waits when the run is ending, or when nothing is left that could
    /// still be put back or is expected again.
    fn serve(&mut self) {
        if self.run.is_ending() {
            self.waiting.clear();
        }
        let now = Instant::now();
        if self.lanes.is_expected(now) {
            self.dry = false;
            self.expecting = true;
        }
        while let Some(answer) = self.waiting.pop() {
            let Some(delivery) = self.lanes.next(now) else {
                self.waiting.push(answer);
                break;
            };
            match answer.send(delivery) {
                Ok(()) => self.out += 1,
                Err(delivery) => self.lanes.untaken(delivery, now),
            }
        }
        self.put_back(now);
        if self.dry && self.out == 0 && self.lanes.is_done() {
            self.waiting.clear();
        }
    }

    /// Gives back what would lie on the shelf for long: until its turn is expected, or to whoever claims it first.
    fn put_back(&mut self, now: Instant) {
        let at = self.run.now();
        for back in self.lanes.overdue(now) {
            let next = match back.due {
                Some(due) => self.again(at, due - now),
                None => {
                    self.dry = false;
                    at
                }
            };
            self.outcomes.push(OutcomeRecord {
                claim: back.delivery.claim,
                outcome: Outcome::Released(next),
                at,
            });
        }
    }

    /// From when on a delivery may be claimed that is expected after so long; before its issue expires in any case.
    fn again(&self, at: Timestamp, wait: Duration) -> Timestamp {
        let wait = wait - EARLY.min(wait / 2);
        let next = at.checked_add(wait).unwrap_or(Timestamp::MAX);
        next.min(self.run.job.issue.expires_at).max(at)
    }

    /// How many answers are waited for.
    fn asked(&self) -> usize {
        self.intents.len() + self.receipts.iter().filter(|one| one.awaited).count()
    }

    fn has_work(&self) -> bool {
        self.is_awaited() || !self.outcomes.is_empty() || !self.revisions.is_empty()
    }

    /// Whether somebody waits for the next turn.
    fn is_awaited(&self) -> bool {
        let awaited = self.receipts.iter().any(|receipt| receipt.awaited);
        self.is_wanting() || awaited || !self.intents.is_empty()
    }

    /// Whether somebody waits for a delivery, and there may be some to claim.
    fn is_wanting(&self) -> bool {
        !self.waiting.is_empty() && self.claims() > 0
    }

    /// One group commit: outcomes, intents and the next claims.
    async fn turn(&mut self) -> Result<(), Error> {
        let (now, since) = (self.run.now(), Instant::now());
        let lease = self.run.job.relay.lease;
        let revisions = self.newest_revisions();
        let request = TurnRequest {
            issue: self.run.job.issue.number,
            outcomes: std::mem::take(&mut self.outcomes),
            revisions: revisions.clone(),
            intents: self.intents.iter().map(|(intent, _)| *intent).collect(),
            claim: self.claims(),
            now,
            lease_until: now.saturating_add(lease).unwrap_or(Timestamp::MAX),
        };
        let (outcomes, claim) = (request.outcomes.clone(), request.claim);
        let result = self.outbox.turn(request).await.map_err(Error::Outbox)?;
        self.report_outcomes(&outcomes, &result);
        revisions.iter().for_each(|one| self.report.revise(one.to));
        if result.overtaken {
            self.run.trip(Stopped::Overtaken);
        }
        if result.withheld {
            self.run.withhold();
        }
        for receipt in self.receipts.drain(..) {
            // A connection that has left waits for nothing.
            let _ = receipt.done.send(());
        }
        self.answer_intents(&result, now, since);
        if claim > 0 {
            self.dry = result.claimed.len() < claim;
            if std::mem::take(&mut self.expecting) && result.claimed.is_empty() {
                // Somebody holds it all back: the operator, a deadline, another sender. A later run looks again.
                self.lanes.expect_nothing();
            }
        }
        for delivery in result.claimed {
            self.lanes.put(delivery, since);
        }
        self.serve();
        Ok(())
    }

    /// The revisions to record, of several for one delivery the newest.
    fn newest_revisions(&mut self) -> Vec<Revision> {
        let mut newest: Vec<Revision> = Vec::new();
        for one in std::mem::take(&mut self.revisions) {
            newest.retain(|before| before.claim != one.claim);
            newest.push(one);
        }
        newest
    }

    /// How many deliveries to claim in this turn: a batch, as soon as nothing might be left that may go now, and no more than
    /// the relay's pace takes.
    fn claims(&self) -> usize {
        if self.run.is_ending() || self.dry {
            return 0;
        }
        let now = Instant::now();
        let connections = self.run.job.relay.connections.max(1);
        match self.lanes.ready(now) < connections {
            true => (connections * CLAIMS).min(self.lanes.room(now)),
            false => 0,
        }
    }

    /// Keeps for the next run what was learnt of the relay: its paces, and how much a connection carries.
    async fn keep_paces(&mut self) -> Result<(), Error> {
        if let Some(messages) = self.run.session_news() {
            let kept = self.outbox.keep_session(messages).await;
            kept.map_err(Error::Outbox)?;
        }
        let news = self.lanes.news(self.run.now());
        if news.is_empty() {
            return Ok(());
        }
        let kept = self.outbox.keep_paces(news).await;
        kept.map_err(Error::Outbox)
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
                self.report.count(record);
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
                self.lanes.ended(&claim);
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
        let (at, now) = (self.run.now(), Instant::now());
        self.report.expected = self.lanes.expected().map(|(deliveries, last)| Expected {
            deliveries,
            until: self.again(at, last.saturating_duration_since(now)),
        });
        self.outcomes.extend(
            self.lanes
                .drain()
                .into_iter()
                .map(|delivery| OutcomeRecord {
                    claim: delivery.claim,
                    outcome: Outcome::Released(at),
                    at,
                }),
        );
    }
}

/// Waits for an instant, if there is one.
async fn until(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
