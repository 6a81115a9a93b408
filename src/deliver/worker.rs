//! One connection's way through its deliveries: the protocol from claim (T2) to outcome (T4).
//!
//! `MAIL` and `RCPT` cost nothing and are never unknown; the intent (T3) is durable before `DATA`, and `DATA` is said only
//! while less than half of the lease has passed; what comes of it is handed in under the claim's fence.

use std::collections::HashMap;

use super::connection::{Connection, Setback, Step};
use super::desk::{Desk, Grant};
use super::judge::{Circumstances, expired, judge};
use super::relay::{Door, Trouble};
use super::reply::is_permanent;
use super::run::Run;
use super::{Stencil, Stopped};
use crate::model::{ClaimedDelivery, Outcome, Reply};

/// A sender with at most one open connection.
pub(super) struct Worker<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) door: &'a Door<'a>,
    pub(super) stencils: &'a HashMap<i64, Stencil>,
    pub(super) desk: Desk,
    pub(super) connection: Option<Connection>,
}

impl Worker<'_> {
    /// Delivers until there is nothing left to do or the run is ending.
    pub(super) async fn work(mut self) {
        while self.run.slot().await
            && let Some(delivery) = self.desk.next().await
        {
            if let Some(outcome) = self.attempt(&delivery).await {
                log(&delivery, &outcome);
                self.desk.settle(delivery.claim, outcome, self.run.now());
            }
        }
        drop(self.desk);
        if let Some(connection) = self.connection {
            connection.quit().await;
        }
    }

    /// One attempt; `None` if the intent was refused, which is recorded already.
    async fn attempt(&mut self, delivery: &ClaimedDelivery) -> Option<Outcome> {
        if self.run.now() >= self.run.job.issue.expires_at {
            return Some(expired());
        }
        let Some(stencil) = self.stencils.get(&delivery.variant) else {
            self.run.trip(Stopped::Variant(delivery.variant));
            return Some(self.released());
        };
        let mut connection = match self.envelope(delivery).await {
            Ok(connection) => connection,
            Err(outcome) => return Some(outcome),
        };
        match self.desk.intend(delivery.claim).await {
            Grant::Granted(lease) if lease.is_fresh(self.run.clock) && !self.run.is_halted() => {}
            Grant::Granted(_) | Grant::Overtaken => {
                self.keep(connection);
                return Some(self.released());
            }
            Grant::Refused(_) => {
                self.keep(connection);
                return None;
            }
        }
        let message = stencil.message(&delivery.reader);
        let ended = self.data(&mut connection, &message).await;
        self.keep(connection);
        Some(match ended {
            Ok(reply) => self.sent(reply),
            Err(setback) => self.judged(delivery, setback),
        })
    }

    /// An open connection on which the relay has accepted the envelope.
    async fn envelope(&mut self, delivery: &ClaimedDelivery) -> Result<Connection, Outcome> {
        let from = &self.run.job.issue.masthead.from;
        loop {
            let mut connection = self.connect().await?;
            let used = connection.is_used();
            let ended = tokio::select! {
                ended = connection.envelope(from, &delivery.reader.address) => ended,
                () = self.run.out_of_time() => Err(connection.cut()),
            };
            match ended {
                Ok(()) => return Ok(connection),
                // Relays close connections that idle or have carried much; a new one is all it takes.
                Err(Setback::Lost(_)) if used && !self.run.is_ending() => {}
                Err(setback) => {
                    self.keep(connection);
                    return Err(self.judged(delivery, setback));
                }
            }
        }
    }

    /// The connection at hand, or a new one.
    async fn connect(&mut self) -> Result<Connection, Outcome> {
        if let Some(connection) = self.connection.take() {
            return Ok(connection);
        }
        let opened = tokio::select! {
            opened = self.door.open() => opened,
            () = self.run.ending() => return Err(self.released()),
        };
        match opened {
            Ok(connection) if connection.carries(&self.run.job.issue.masthead.from) => {
                Ok(connection)
            }
            Ok(_) => {
                self.run.trip(Stopped::Sender);
                Err(self.released())
            }
            Err(trouble) => {
                self.failed(&trouble);
                Err(self.released())
            }
        }
    }

    async fn data(&self, connection: &mut Connection, message: &str) -> Result<Reply, Setback> {
        tokio::select! {
            ended = connection.data(message) => ended,
            () = self.run.out_of_time() => Err(connection.cut()),
        }
    }

    fn failed(&self, trouble: &Trouble) {
        match trouble.is_final() {
            Some(reason) => self.run.trip(reason),
            None => self.run.connection_failed(&trouble.to_string()),
        }
    }

    fn keep(&mut self, connection: Connection) {
        self.connection = connection.is_open().then_some(connection);
    }

    fn sent(&self, reply: Reply) -> Outcome {
        self.run.answered(&reply);
        Outcome::Sent(reply)
    }

    fn released(&self) -> Outcome {
        Outcome::Released(self.run.now())
    }

    /// Tells the breakers, then decides.
    fn judged(&self, delivery: &ClaimedDelivery, setback: Setback) -> Outcome {
        let mut losses = 0;
        match &setback {
            Setback::Refused(Step::Mail, reply) if is_permanent(reply) => {
                self.run.sender_refused(reply);
            }
            Setback::Refused(_, reply) => self.run.answered(reply),
            Setback::Lost(cause) => {
                losses = self.run.lost(delivery.claim.key);
                self.run.connection_failed(cause);
            }
            Setback::Unknown(cause) => self.run.connection_failed(cause),
        }
        let about = Circumstances {
            now: self.run.now(),
            expires_at: self.run.job.issue.expires_at,
            resend_unknown: self.run.job.resend_unknown,
            losses,
        };
        judge(delivery, setback, about)
    }
}

/// What the relay said: many name the address that they refuse.
fn without_addresses(text: &str) -> String {
    let words = text
        .split(' ')
        .map(|word| if word.contains('@') { "…" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// One line a delivery: no whole address, no token, no body.
fn log(delivery: &ClaimedDelivery, outcome: &Outcome) {
    let key = delivery.claim.key;
    let to = delivery.reader.address.masked();
    let (issue, number) = (key.issue.0, key.number);
    match outcome {
        Outcome::Sent(reply) => {
            tracing::debug!(issue, delivery = number, to, code = reply.code, "sent");
        }
        Outcome::Failed(reply, gone) => tracing::info!(
            issue,
            delivery = number,
            to,
            code = reply.code,
            status = reply.enhanced,
            text = without_addresses(&reply.text),
            gone,
            "refused for good"
        ),
        Outcome::Deferred(reply, at) => tracing::info!(
            issue,
            delivery = number,
            to,
            code = reply.code,
            status = reply.enhanced,
            text = without_addresses(&reply.text),
            %at,
            "refused for now"
        ),
        Outcome::Released(_) => tracing::info!(issue, delivery = number, to, "put back"),
        Outcome::UnknownRetry(_) => tracing::warn!(
            issue,
            delivery = number,
            to,
            "the connection broke before the reply: it will be sent again"
        ),
        Outcome::UnknownHeld => tracing::warn!(
            issue,
            delivery = number,
            to,
            "the connection broke before the reply: it is held"
        ),
    }
}
