//! What all connections of a run share: when to end, what has gone wrong so far.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::breakers::Breakers;
use super::connection::{Doors, Place};
use super::exchange::Step;
use super::suspects::{Judgement, Tick};
use super::{Job, Stop, Stopped};
use crate::model::{ClaimedDelivery, Clock, DeliveryKey, EmailAddress, Reply, Revised, Revision};

/// Envelopes in a row that may break a connection behind a message, before none rides any more.
const FALLS: u32 = 3;

/// Mails in a row that a new connection did not help, before no other is opened for such a refusal that says nothing of
/// connections.
const VAIN: u32 = 3;

/// One run over an issue.
pub(super) struct Run<'a> {
    pub(super) job: &'a Job<'a>,
    pub(super) clock: &'a dyn Clock,
    /// Raised from outside.
    stop: &'a Stop,
    /// Raised by a breaker.
    halt: Stop,
    doors: watch::Sender<Doors>,
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
    session: Session,
    /// Whether the relay took anything.
    accepted: bool,
    /// Envelopes in a row that broke a connection when they rode behind a message.
    falls: u32,
}

/// How many messages the relay takes over one connection, as learnt from its refusals.
#[derive(Debug, Default)]
struct Session {
    most: Option<u32>,
    /// Where the newest refusal came that said nothing of connections; twice at the same place it is one of them.
    guess: Option<u32>,
    /// Refusals in a row for which a new connection was opened in vain.
    vain: u32,
    is_news: bool,
}

impl<'a> Run<'a> {
    pub(super) fn new(job: &'a Job<'a>, clock: &'a dyn Clock, stop: &'a Stop) -> Self {
        Self {
            job,
            clock,
            stop,
            halt: Stop::new(),
            doors: watch::Sender::default(),
            notes: Mutex::new(Notes {
                breakers: Breakers::new(job.guard, job.has_successor),
                tick: 0,
                stopped: None,
                losses: HashMap::new(),
                cut_at: None,
                pipelines: false,
                session: Session::default(),
                accepted: false,
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

    /// Takes on what an earlier run learnt of how many messages a connection may carry.
    pub(super) fn remember_session(&self, most: Option<u32>) {
        self.notes().session.most = most;
    }

    /// How many messages a connection may carry, as far as that was learnt.
    pub(super) fn most_messages(&self) -> u32 {
        self.notes().session.most.unwrap_or(u32::MAX)
    }

    /// A new connection took what one that had carried so many messages refused; `said`: since there were so many.
    pub(super) fn learn_session(&self, messages: u32, said: bool) {
        let session = &mut self.notes().session;
        session.vain = 0;
        let certain = said || session.guess == Some(messages);
        session.guess = Some(messages);
        if certain && messages > 0 && session.most.is_none_or(|most| messages < most) {
            session.most = Some(messages);
            session.is_news = true;
        }
    }

    /// A new connection did not help.
    pub(super) fn renewed_in_vain(&self) {
        self.notes().session.vain += 1;
    }

    /// Whether new connections have helped of late.
    pub(super) fn may_renew(&self) -> bool {
        self.notes().session.vain < VAIN
    }

    /// How many messages a connection may carry, if that is news.
    pub(super) fn session_news(&self) -> Option<u32> {
        let session = &mut self.notes().session;
        std::mem::take(&mut session.is_news).then_some(session.most)?
    }

    /// Somebody begins to open a connection, or has ended to.
    pub(super) fn trying(&self, begins: bool) {
        self.doors.send_modify(|doors| match begins {
            true => doors.trying += 1,
            false => doors.trying = doors.trying.saturating_sub(1),
        });
    }

    /// A place for a connection that was opened.
    pub(super) fn opened(&self) -> Place {
        self.doors.send_modify(|doors| doors.open += 1);
        Place(self.doors.clone())
    }

    /// Whether another connection is open; waits for those that somebody tries to open.
    pub(super) async fn is_open_elsewhere(&self) -> bool {
        let mut doors = self.doors.subscribe();
        let known = |doors: &Doors| doors.open > 0 || doors.trying == 0;
        tokio::select! {
            doors = doors.wait_for(known) => doors.is_ok_and(|doors| doors.open > 0),
            () = self.ending() => false,
        }
    }

    /// Whether the relay took anything so far.
    pub(super) fn has_accepted(&self) -> bool {
        self.notes().accepted
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
        let mut notes = self.notes();
        notes.accepted = true;
        notes.breakers.accepted(begun);
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
