//! Gets a connection's next message ready while the newest one is under way: claimed (T2), copied, signed.
//!
//! Where the relay takes commands in groups and an unknown may be sent again, the intent (T3) is asked for here as well,
//! so that the message's `DATA` can ride behind the dot of the one before. At most one message waits at the door.

use std::collections::HashMap;

use tokio::sync::mpsc;

use super::desk::{Desk, Grant, Lease};
use super::dkim::Signer;
use super::judge::expired;
use super::message::Message;
use super::run::Run;
use super::{Stencil, Stopped};
use crate::model::{ClaimedDelivery, Outcome};

/// A delivery with its message, ready to be offered.
pub(super) struct Ready {
    pub(super) delivery: ClaimedDelivery,
    pub(super) message: Message,
    /// The intent, where it was granted already.
    pub(super) lease: Option<Lease>,
}

/// Feeds one connection.
pub(super) struct Feeder<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) stencils: &'a HashMap<i64, Stencil>,
    pub(super) signer: &'a Signer,
    pub(super) desk: Desk,
    pub(super) door: mpsc::Sender<Ready>,
}

impl Feeder<'_> {
    /// Feeds until there is nothing left to do, the run is ending, or the connection has left.
    pub(super) async fn feed(self) {
        while let Ok(place) = self.door.reserve().await
            && self.run.slot().await
            && let Some(delivery) = self.desk.next().await
        {
            if let Some(ready) = self.prepare(delivery).await {
                place.send(ready);
            }
        }
    }

    async fn prepare(&self, delivery: ClaimedDelivery) -> Option<Ready> {
        let now = self.run.now();
        if now >= self.run.job.issue.expires_at {
            self.desk.settle(&delivery, expired(), now);
            return None;
        }
        let Some(stencil) = self.stencils.get(&delivery.variant) else {
            let missing = Stopped::Variant(delivery.variant);
            return self.put_back(&delivery, missing);
        };
        let Ok(message) = self.signer.sign(stencil.copy(&delivery.reader)).await else {
            return self.put_back(&delivery, Stopped::Signing);
        };
        let lease = match self.run.intends_ahead() {
            false => None,
            true => match self.desk.intend(delivery.claim).await {
                Grant::Granted(lease) => Some(lease),
                Grant::Refused(_) => return None,
                Grant::Overtaken => {
                    let now = self.run.now();
                    self.desk.settle(&delivery, Outcome::Released(now), now);
                    return None;
                }
            },
        };
        Some(Ready {
            delivery,
            message,
            lease,
        })
    }

    fn put_back(&self, delivery: &ClaimedDelivery, reason: Stopped) -> Option<Ready> {
        self.run.trip(reason);
        let now = self.run.now();
        self.desk.settle(delivery, Outcome::Released(now), now);
        None
    }
}
