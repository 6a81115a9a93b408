//! What all connections of a run share: when to end, what has gone wrong so far.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::time::{Instant, sleep_until};

use super::breakers::Breakers;
use super::exchange::Step;
use super::suspects::{Judgement, Tick};
use super::{Job, Stop, Stopped};
use crate::model::{
    ClaimedDelivery, Clock, DeliveryKey, EmailAddress, Reply, Revised, Revision,
};

/// Envelopes in a row that may break a connection behind a message, before none rides any more.
const FALLS: u32 = 3;

/// One run over an issue.
pub(super) struct Run<'a> {
    pub(super) job: &'a Job<'a>,
    pub(super) clock: &'a dyn Clock,
    /// Raised from outside.
    stop: &'a Stop,
    /// Raised by a breaker.
    halt: Stop,
    notes: Mutex<Notes>,
}

struct Notes {
    breakers: Breakers,
    /// Rises with everything that is said or heard.
    tick: Tick,
    stopped: Option<Stopped>,
    losses: HashMap<DeliveryKey, u32>,
    cut_at: Option<Instant>,
    pipelines: bool,
    /// Envelopes in a row that broke a connection when they rode behind a message.
    falls: u32,
}

impl<'a> Run<'a> {
    pub(super) fn new(job: &'a Job<'a>, clock: &'a dyn Clock, stop: &'a Stop) -> Self {
        Self {
            job,
            clock,
            stop,
            halt: Stop::new(),
            notes: Mutex::new(Notes {
                breakers: Breakers::new(job.guard, job.has_successor),
                tick: 0,
                stopped: None,
                losses: HashMap::new(),
                cut_at: None,
                pipelines: false,
                falls: 0,
            }),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whose mail it is.
    pub(super) fn sender(&self) -> &'a EmailAddress {
        &self.job.issue.masthead.from
    }

    /// The envelope's sender of a delivery.
    pub(super) fn sender_of(&self, delivery: &ClaimedDelivery) -> EmailAddress {
        let own = self
            .job
            .return_paths
            .and_then(|paths| paths.of(self.job.issue.number, delivery.subscriber, self.now()));
        own.unwrap_or_else(|| self.sender().clone())
    }

    /// Notes whether the relay takes commands in groups.
    pub(super) fn relay_pipelines(&self, pipelines: bool) {
        self.notes().pipelines = pipelines;
    }

    /// Notes whether an envelope behind a message was answered.
    pub(super) fn rode(&self, well: bool) {
        let mut notes = self.notes();
        notes.falls = if well { 0 } else { notes.falls + 1 };
    }

    /// Whether envelopes may ride behind messages: not at a relay that loses what comes behind a dot.
    pub(super) fn may_ride(&self) -> bool {
        self.notes().falls < FALLS
    }

    /// Whether the intent is asked for before the envelope is said, so that `DATA` can ride with it.
    pub(super) fn intends_ahead(&self) -> bool {
        self.notes().pipelines
    }

    /// Whether nothing more is to be claimed.
    pub(super) fn is_ending(&self) -> bool {
        self.stop.is_stopped() || self.is_halted()
    }

    /// Whether a breaker has tripped, so that not even a message in hand is to be begun.
    pub(super) fn is_halted(&self) -> bool {
        self.halt.is_stopped()
    }

    /// Waits until nothing more is to be claimed.
    pub(super) async fn ending(&self) {
        tokio::select! {
            () = self.stop.stopped() => {}
            () = self.halt.stopped() => {}
        }
    }

    /// Waits until the message in hand, too, has had its time after a request to stop.
    pub(super) async fn out_of_time(&self) {
        self.stop.stopped().await;
        let cut_at = *self
            .notes()
            .cut_at
            .get_or_insert_with(|| Instant::now() + self.job.relay.deadlines.stop);
        sleep_until(cut_at).await;
    }

    /// Ends the run for a reason; the first one counts.
    pub(super) fn trip(&self, reason: Stopped) {
        // The report says it to people.
        tracing::info!(issue = self.job.issue.number.0, %reason, "sending stops");
        self.notes().stopped.get_or_insert(reason);
        self.halt.stop();
    }

    /// Begins no message any more, since the issue is withheld: not even what stands under its intent.
    pub(super) fn withhold(&self) {
        self.halt.stop();
    }

    /// A connection could not be opened or was lost.
    pub(super) fn connection_failed(&self, cause: &str) {
        // A connection that was cut because the run must end says nothing about the relay.
        if !self.stop.is_stopped() {
            let tripped = self.notes().breakers.connection_failed(cause);
            self.trip_if(tripped);
        }
    }

    /// A place in the order of all that is said and heard.
    pub(super) fn tick(&self) -> Tick {
        let mut notes = self.notes();
        notes.tick += 1;
        notes.tick
    }

    /// The relay took a message that was `begun` to be said then.
    pub(super) fn accepted(&self, begun: Tick) {
        self.notes().breakers.accepted(begun);
    }

    /// The relay refused a delivery, for now or for good.
    pub(super) fn refused(&self, step: Step, reply: &Reply, delivery: &ClaimedDelivery) {
        // At `MAIL` no reader has been named.
        let to = Some(&delivery.reader.address).filter(|_| step != Step::Mail);
        let (claim, heard) = (delivery.claim, self.tick());
        let tripped = self.notes().breakers.refused(reply, claim, to, heard);
        self.trip_if(tripped);
    }

    /// Nobody is left to send to; says how many are left to the next relay.
    pub(super) fn close(&self) -> u64 {
        if self.is_ending() {
            return 0;
        }
        let is_next = self.job.has_successor;
        let (tripped, left) = {
            let mut notes = self.notes();
            let tripped = notes.breakers.close(is_next);
            (tripped, notes.breakers.pending())
        };
        self.trip_if(tripped);
        left
    }

    /// What became known of refusals that were recorded.
    pub(super) fn revisions(&self) -> Vec<Revision> {
        let judged = self.notes().breakers.judged().into_iter();
        let revised = judged.map(|(claim, judgement)| Revision {
            claim,
            to: match judgement {
                Judgement::Reader => Revised::Failed,
                Judgement::Us => Revised::Queued,
            },
        });
        revised.collect()
    }

    /// Whether the relay is known to refuse us, and not single readers.
    pub(super) fn is_refused(&self) -> bool {
        let notes = self.notes();
        notes.stopped.as_ref().is_some_and(Stopped::is_refusal)
    }

    /// The relay said that there is no such reader.
    pub(super) fn gone(&self, reply: &Reply) {
        let now = self.now();
        let tripped = self.notes().breakers.gone(reply, now);
        self.trip_if(tripped);
    }

    fn trip_if(&self, reason: Option<Stopped>) {
        if let Some(reason) = reason
            && !self.is_halted()
        {
            self.trip(reason);
        }
    }

    /// Counts a connection lost under a delivery; gives the number so far.
    pub(super) fn lost(&self, key: DeliveryKey) -> u32 {
        let mut notes = self.notes();
        let losses = notes.losses.entry(key).or_default();
        *losses += 1;
        *losses
    }

    /// Why the run ended before its queue did.
    pub(super) fn stopped(&self) -> Option<Stopped> {
        let tripped = self.notes().stopped.clone();
        tripped.or_else(|| self.stop.is_stopped().then_some(Stopped::Asked))
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
