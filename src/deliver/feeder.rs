//! Gets a connection's next message ready while the newest one is under way: claimed (T2), copied, signed.
//!
//! Where the relay takes commands in groups, the intent (T3) is asked for here as well, in line, so that the message's
//! `DATA` can ride behind the dot of the one before. One message waits at the door; a few more do where the relay answers
//! faster than the outbox commits.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use super::asking::{Desk, Grant, Lease};
use super::dkim::Signer;
use super::judge::expired;
use super::line::Line;
use super::message::Message;
use super::run::Run;
use super::suspects::Tick;
use super::{Stencil, Stopped};
use crate::model::{ClaimedDelivery, EmailAddress, Outcome};

/// A delivery with its message, ready to be offered.
pub(super) struct Ready {
    pub(super) delivery: ClaimedDelivery,
    /// The envelope's sender.
    pub(super) sender: EmailAddress,
    pub(super) message: Message,
    /// The intent, where it was granted already.
    pub(super) lease: Option<Lease>,
    /// When its envelope was begun, in the order of all that is said and heard.
    pub(super) begun: Tick,
}

/// Feeds one connection.
pub(super) struct Feeder<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) stencils: &'a HashMap<i64, Stencil>,
    pub(super) signer: &'a Signer,
    pub(super) desk: Desk,
    pub(super) line: &'a Line,
    pub(super) places: Arc<Semaphore>,
    pub(super) door: mpsc::UnboundedSender<Ready>,
}

/// A connection's side of its feeder.
pub(super) struct Stock {
    places: Arc<Semaphore>,
    door: mpsc::UnboundedReceiver<Ready>,
    taken: usize,
    deepened: usize,
}

/// Messages that may wait beside the first one, once a connection has proved fast.
///
/// Each is claimed, so that no other sender can have it meanwhile. So a connection has one, until it has gone through
/// [`PROVED`] messages and waits for the outbox all the same.
const DEEPEST: usize = 3;

/// Messages after which a connection may be fast.
const PROVED: usize = 32;

impl Stock {
    /// A stock for a feeder: its places, the door to bring messages to, and the stock itself.
    pub(super) fn new() -> (Arc<Semaphore>, mpsc::UnboundedSender<Ready>, Self) {
        let places = Arc::new(Semaphore::new(1));
        let (sender, door) = mpsc::unbounded_channel();
        let stock = Self {
            places: places.clone(),
            door,
            taken: 0,
            deepened: 0,
        };
        (places, sender, stock)
    }

    /// The next message, however long it takes.
    pub(super) async fn next(&mut self) -> Option<Ready> {
        let ready = self.door.recv().await;
        self.took(ready)
    }

    /// The next message, if there is one.
    pub(super) fn at_hand(&mut self) -> Option<Ready> {
        let ready = self.door.try_recv().ok();
        self.took(ready)
    }

    /// The next message, if it is as good as there; whoever waits for one again and again gets a deeper stock.
    pub(super) async fn soon(&mut self, patience: Duration) -> Option<Ready> {
        if let Some(ready) = self.at_hand() {
            return Some(ready);
        }
        if self.taken >= PROVED && self.deepened < DEEPEST {
            self.deepened += 1;
            self.places.add_permits(1);
        }
        timeout(patience, self.next()).await.ok().flatten()
    }

    /// Lets nothing more in, and gives what is there.
    pub(super) async fn close(mut self) -> Vec<Ready> {
        self.places.close();
        let mut rest = Vec::new();
        while let Some(ready) = self.door.recv().await {
            rest.push(ready);
        }
        rest
    }

    fn took(&mut self, ready: Option<Ready>) -> Option<Ready> {
        if ready.is_some() {
            self.taken += 1;
            self.places.add_permits(1);
        }
        ready
    }
}

impl Feeder<'_> {
    /// Feeds until there is nothing left to do, the run is ending, or the connection has left.
    pub(super) async fn feed(self) {
        // As many at a time as there may be places: they are signed beside each other.
        let places: FuturesUnordered<_> = (0..=DEEPEST).map(|_| self.fill()).collect();
        places.count().await;
    }

    /// Fills one place after the other.
    async fn fill(&self) {
        while let Ok(place) = self.places.acquire().await
            && let Some(delivery) = self.desk.next().await
        {
            if let Some(message) = self.prepare(&delivery).await
                && self.let_through(delivery, message).await
            {
                place.forget();
            }
        }
    }

    async fn prepare(&self, delivery: &ClaimedDelivery) -> Option<Message> {
        let now = self.run.now();
        if now >= self.run.job.issue.expires_at {
            self.desk.settle(delivery, expired(), now);
            return None;
        }
        let Some(stencil) = self.stencils.get(&delivery.variant) else {
            self.put_back(delivery, Stopped::Variant(delivery.variant));
            return None;
        };
        let signed = self.signer.sign(stencil.copy(&delivery.reader)).await;
        if signed.is_err() {
            self.put_back(delivery, Stopped::Signing);
        }
        signed.ok()
    }

    /// Brings a message to the door, under its intent where that can be asked for ahead; false if it was refused.
    async fn let_through(&self, delivery: ClaimedDelivery, message: Message) -> bool {
        let (claim, ahead) = (delivery.claim, self.run.intends_ahead());
        let mut is_through = false;
        let let_in = |grant| {
            let lease = match grant {
                None => None,
                Some(Grant::Granted(lease)) => Some(lease),
                Some(Grant::Refused(_)) => return,
                Some(Grant::Overtaken) => {
                    let now = self.run.now();
                    return self.desk.settle(&delivery, Outcome::Released(now), now);
                }
            };
            is_through = true;
            // A connection leaves only after its feeder.
            let _ = self.door.send(Ready {
                sender: self.run.sender_of(&delivery),
                delivery,
                message,
                lease,
                begun: 0,
            });
        };
        self.line.enter(&self.desk, claim, ahead, let_in).await;
        is_through
    }

    fn put_back(&self, delivery: &ClaimedDelivery, reason: Stopped) {
        self.run.trip(reason);
        let now = self.run.now();
        self.desk.settle(delivery, Outcome::Released(now), now);
    }
}
