//! One connection's way through its deliveries: the protocol from a message that is ready to its outcome (T4).
//!
//! `MAIL` and `RCPT` are never unknown; `DATA` is said only under an intent (T3) that is durable and while less than half
//! of its lease has passed; what comes of it is handed in under the claim's fence. Where the relay takes commands in
//! groups, the next message is offered behind the dot of this one, and ended once the outcome of this one is durable: so a
//! crash leaves one message a connection in doubt.

mod connecting;

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use super::asking::{Desk, Grant};
use super::blame::is_gone;
use super::connection::{Ask, Connection, Envelope};
use super::exchange::{Setback, Step, Verdict};
use super::feeder::{Ready, Stock};
use super::judge::{Circumstances, judge};
use super::lanes::Complaint;
use super::line::Line;
use super::relay::Door;
use super::run::Run;
use super::suspects::Tick;
use crate::model::{Outcome, Reply};
use connecting::Renewal;

/// How long a relay that waits for a message is kept waiting for the next one to be ready: some commits of the outbox,
/// and less than the round trip that is saved.
const SOON: Duration = Duration::from_millis(20);

/// How long an outcome may take to be recorded before the next message is said meanwhile, all but its end: that costs a
/// write more, and with a relay nearby a write is as dear as all else about a message.
const PATIENCE: Duration = Duration::from_millis(5);

/// A relay that takes longer than this to answer is far away: to it the next message is always said meanwhile.
const FAR: Duration = Duration::from_millis(12);

/// A sender with at most one open connection.
pub(super) struct Worker<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) door: &'a Door<'a>,
    pub(super) desk: Desk,
    pub(super) line: &'a Line,
    /// Hears that the newest outcome, and so all before it, is durable.
    pub(super) recorded: Option<oneshot::Receiver<()>>,
    pub(super) stock: Stock,
    pub(super) connection: Option<Connection>,
    /// How long the relay took for the newest exchange.
    pub(super) round_trip: Duration,
    /// When the newest exchange was begun, in the order of all that is said and heard.
    pub(super) begun: Tick,
    pub(super) renewal: Option<Renewal>,
    /// The message that is to be offered again, over a new connection.
    pub(super) again: Option<Ready>,
    /// Whether the relay has no room for this connection.
    pub(super) retired: bool,
}

impl Worker<'_> {
    /// Delivers until there is nothing left to do or the run is ending.
    pub(super) async fn work(mut self) {
        // The message that the relay waits for.
        let mut hand = None;
        loop {
            hand = match hand.take() {
                Some(this) => self.hand_over(this).await,
                None => match self.next().await {
                    Some(next) => self.offer(next).await,
                    None => break,
                },
            };
        }
        self.leave().await;
    }

    /// Says an envelope, and what is needed for the relay to wait for its message; `None` if it came to an end.
    async fn offer(&mut self, mut next: Ready) -> Option<Ready> {
        loop {
            let mut connection = match self.connection_for(&next).await {
                Ok(connection) => connection,
                Err(outcome) => return self.settle(next, outcome),
            };
            let (used, worn) = (connection.is_used(), connection.taken() > 0);
            let messages = connection.messages();
            let ask = self.ask(None, &next);
            let verdict = self.exchange(&mut connection, ask).await;
            self.keep(connection);
            next.begun = self.begun;
            match verdict.envelope.unwrap_or(Ok(())) {
                // Relays close connections that idle or have carried much; a new one is all it takes.
                Err(Setback::Lost(_)) if used && !self.run.is_ending() => {
                    if let Some((_, reply)) = verdict.hung_up.filter(|_| worn) {
                        self.worn_out(messages, &reply);
                    }
                }
                answer => return self.answered(next, answer).await,
            }
        }
    }

    /// Gives the relay the message that it waits for, and offers the next one behind it where that is possible.
    async fn hand_over(&mut self, this: Ready) -> Option<Ready> {
        let recorded = self.is_recorded(&this).await;
        let Some(mut connection) = self.connection.take() else {
            let outcome = self.released();
            return self.settle(this, outcome);
        };
        if !recorded || self.run.is_halted() || !self.is_fresh(&this) {
            // Closed without a word: the relay forgets the message that it never got (RFC 5321 §4.1.1.4).
            drop(connection);
            let outcome = self.released();
            return self.settle(this, outcome);
        }
        let mut next = match self.may_ride(&connection) {
            true => self.soon().await,
            false => None,
        };
        let rides = next.as_ref().filter(|next| self.fits(&connection, next));
        let ask = match rides {
            Some(next) => self.ask(Some(&this), next),
            None => Ask {
                body: Some(&this.message),
                ..Ask::default()
            },
        };
        let (messages, verdict) = (
            connection.messages(),
            self.exchange(&mut connection, ask).await,
        );
        self.keep(connection);
        if let Some(next) = &mut next {
            next.begun = self.begun;
        }
        if let (Some(Ok(_)), Some(envelope)) = (&verdict.dot, &verdict.envelope) {
            self.run.rode(!matches!(envelope, Err(Setback::Lost(_))));
            if let Some((_, reply)) = &verdict.hung_up {
                self.worn_out(messages, reply);
            }
        }
        if let (Some(Err(Setback::Refused(step, reply))), None) = (&verdict.dot, &next)
            && self.renews(*step, reply).await
        {
            self.again = Some(this);
            return None;
        }
        let outcome = match verdict.dot {
            Some(Ok(reply)) => self.sent(reply, this.begun),
            Some(Err(setback)) => self.judged(&this, setback),
            None => self.released(),
        };
        let follows = matches!(verdict.envelope, Some(Ok(())))
            && next.as_ref().is_some_and(|next| next.lease.is_some());
        self.come_to(this, outcome, follows);
        match verdict.envelope {
            None => match next {
                Some(next) => self.offer(next).await,
                None => None,
            },
            // Whatever broke the connection, it was not this message.
            Some(Err(Setback::Lost(_))) => self.offer(next?).await,
            Some(answer) => self.answered(next?, answer).await,
        }
    }

    /// Waits until all outcomes before are durable; false if the outbox is gone. Where that takes long, or the relay is far
    /// away, this message is said meanwhile, all but its end.
    async fn is_recorded(&mut self, this: &Ready) -> bool {
        let Some(mut recorded) = self.recorded.take() else {
            return true;
        };
        let patience = match self.round_trip > FAR {
            true => Duration::ZERO,
            false => PATIENCE,
        };
        if let Ok(told) = timeout(patience, &mut recorded).await {
            return told.is_ok();
        }
        let is_due = !self.run.is_ending() && self.is_fresh(this);
        if let Some(mut connection) = self.connection.take_if(|_| is_due) {
            tokio::select! {
                () = connection.begin(&this.message) => {}
                () = self.run.out_of_time() => {}
            }
            self.keep(connection);
        }
        recorded.await.is_ok()
    }

    /// What the relay said to an envelope, and to `DATA` if that was asked: says it if not.
    async fn answered(&mut self, next: Ready, answer: Result<(), Setback>) -> Option<Ready> {
        if let Err(setback) = answer {
            return self.set_back(next, setback).await;
        }
        self.renewed(true);
        if next.lease.is_some() {
            return Some(next);
        }
        let next = self.intend(next).await?;
        let Some(mut connection) = self.connection.take() else {
            let outcome = self.released();
            return self.settle(next, outcome);
        };
        if self.run.is_halted() || !self.is_fresh(&next) {
            self.keep(connection);
            let outcome = self.released();
            return self.settle(next, outcome);
        }
        let data = Ask {
            data: true,
            ..Ask::default()
        };
        let verdict = self.exchange(&mut connection, data).await;
        self.keep(connection);
        match verdict.envelope.unwrap_or(Ok(())) {
            Ok(()) => Some(next),
            Err(setback) => self.set_back(next, setback).await,
        }
    }

    /// A message came to nothing before it was said: it is offered again where a new connection may help, else judged.
    async fn set_back(&mut self, next: Ready, setback: Setback) -> Option<Ready> {
        if let Setback::Refused(step, reply) = &setback
            && self.renews(*step, reply).await
        {
            self.again = Some(next);
            return None;
        }
        self.renewed(false);
        let outcome = self.judged(&next, setback);
        self.settle(next, outcome)
    }

    /// The message under its intent; `None` if that was refused.
    async fn intend(&mut self, next: Ready) -> Option<Ready> {
        match self.line.intend(&self.desk, next.delivery.claim).await {
            Grant::Granted(lease) => Some(Ready {
                lease: Some(lease),
                ..next
            }),
            Grant::Refused(_) => None,
            Grant::Overtaken => {
                let outcome = self.released();
                self.settle(next, outcome)
            }
        }
    }

    /// The next message, if it is as good as there: under its intent where that is asked for ahead.
    async fn soon(&mut self) -> Option<Ready> {
        let next = self.stock.soon(SOON).await?;
        match next.lease.is_none() && self.run.intends_ahead() {
            true => self.intend(next).await,
            false => Some(next),
        }
    }

    /// The next message, however long it takes; a connection that lies idle meanwhile is closed.
    async fn next(&mut self) -> Option<Ready> {
        if self.retired {
            return None;
        }
        if let Some(ready) = self.again.take().or_else(|| self.stock.at_hand()) {
            return Some(ready);
        }
        let idle = self.door.deadlines().idle;
        tokio::select! {
            ready = self.stock.next() => return ready,
            () = sleep(idle), if self.connection.is_some() => {}
        }
        if let Some(connection) = self.connection.take() {
            connection.quit().await;
        }
        self.stock.next().await
    }

    /// Whether another envelope may follow on this connection in the same breath.
    fn may_ride(&self, connection: &Connection) -> bool {
        connection.pipelines()
            && connection.messages() < self.most_messages()
            && self.run.may_ride()
            && !self.run.is_ending()
    }

    /// Whether a message may be offered over this connection now: else it is seen to later.
    fn fits(&self, connection: &Connection, next: &Ready) -> bool {
        connection.exceeded(next.message.octets()).is_none() && self.is_fresh(next)
    }

    /// Whether less than half of its lease has passed, where it has one.
    fn is_fresh(&self, ready: &Ready) -> bool {
        let lease = ready.lease.as_ref();
        lease.is_none_or(|lease| lease.is_fresh(self.run.clock))
    }

    /// An envelope, behind a message where there is one; with `DATA` where its intent is granted.
    fn ask<'b>(&self, this: Option<&'b Ready>, next: &'b Ready) -> Ask<'b>
    where
        Self: 'b,
    {
        Ask {
            body: this.map(|this| &this.message),
            envelope: Some(Envelope {
                from: &next.sender,
                to: &next.delivery.reader.address,
                octets: next.message.octets(),
                smtputf8: self.run.sender().needs_smtputf8()
                    || next.delivery.reader.address.needs_smtputf8(),
            }),
            data: next.lease.is_some(),
        }
    }

    async fn exchange(&mut self, connection: &mut Connection, ask: Ask<'_>) -> Verdict {
        let (used, begun) = (connection.is_used(), Instant::now());
        self.begun = self.run.tick();
        let ended = tokio::select! {
            verdict = connection.exchange(ask) => Some(verdict),
            () = self.run.out_of_time() => None,
        };
        let verdict = ended.unwrap_or_else(|| connection.cut());
        self.round_trip = begun.elapsed();
        if let Some((step, reply)) = &verdict.hung_up {
            let to = ask.envelope.map(|envelope| envelope.to);
            let complaint = Complaint::of_hanging_up(*step, reply, used, to);
            self.desk.complain(complaint);
        }
        verdict
    }

    /// Puts back what waits at the door, and says goodbye once all outcomes are durable: killed before, it would leave the last
    /// message in doubt, and the relay that heard the goodbye knows of none.
    async fn leave(mut self) {
        let again = self.again.take();
        for ready in self.stock.close().await.into_iter().chain(again) {
            let outcome = Outcome::Released(self.run.now());
            self.desk.settle(&ready.delivery, outcome, self.run.now());
        }
        drop(self.desk);
        if let Some(recorded) = self.recorded {
            // An outbox that is gone ends the run.
            let _ = recorded.await;
        }
        if let Some(connection) = self.connection {
            connection.quit().await;
        }
    }

    fn settle(&mut self, ready: Ready, outcome: Outcome) -> Option<Ready> {
        self.come_to(ready, outcome, false);
        None
    }

    /// Hands in what came of a message; where another one waits for it, it is recorded at once.
    fn come_to(&mut self, ready: Ready, outcome: Outcome, awaited: bool) {
        let Ready { delivery, .. } = ready;
        self.line.resolved(delivery.claim);
        let now = self.run.now();
        self.recorded = Some(self.desk.record(&delivery, outcome, now, awaited));
        // What this answer says of earlier ones.
        self.desk.revise(self.run.revisions());
    }

    fn sent(&self, reply: Reply, begun: Tick) -> Outcome {
        self.run.accepted(begun);
        Outcome::Sent(reply)
    }

    fn released(&self) -> Outcome {
        Outcome::Released(self.run.now())
    }

    /// Tells the breakers, then decides.
    fn judged(&self, ready: &Ready, setback: Setback) -> Outcome {
        let mut losses = 0;
        match &setback {
            Setback::Refused(step, reply) => {
                let to = &ready.delivery.reader.address;
                let complaint = Complaint::of_refusal(*step, reply, to);
                self.desk.complain(complaint);
                match *step != Step::Mail && is_gone(reply) {
                    true => self.run.gone(reply),
                    false => self.run.refused(*step, reply, &ready.delivery),
                }
            }
            Setback::Lost(cause) => {
                losses = self.run.lost(ready.delivery.claim.key);
                self.run.connection_failed(cause);
            }
            Setback::Unknown(cause) => self.run.connection_failed(cause),
        }
        let about = Circumstances {
            now: self.run.now(),
            expires_at: self.run.job.issue.expires_at,
            resend_unknown: self.run.job.resend_unknown,
            losses,
            refuses_us: self.run.is_refused(),
        };
        judge(&ready.delivery, setback, about)
    }
}
