//! What lies on the shelf no longer than it should, and when it is expected again.

use std::collections::VecDeque;

use tokio::time::Instant;

use super::lane::Shelved;
use super::{HORIZON, Lanes};
use crate::model::ClaimedDelivery;

/// A delivery to put back into the queue.
#[derive(Debug)]
pub(in crate::deliver) struct PutBack {
    pub(in crate::deliver) delivery: ClaimedDelivery,
    /// When to expect it again; `None`: at once, and it may be claimed by anybody.
    pub(in crate::deliver) due: Option<Instant>,
}

impl Lanes {
    /// Takes from the shelf what would lie there for long.
    pub(in crate::deliver) fn overdue(&mut self, now: Instant) -> Vec<PutBack> {
        self.pass(now);
        let end = now + HORIZON.min(self.stale);
        let mut back = Vec::new();
        for (number, lane) in self.lanes.iter_mut().enumerate() {
            let keep = lane.shelf(end, now);
            if lane.queue.len() <= keep {
                continue;
            }
            for late in lane.queue.split_off(keep) {
                let wait = lane.wait(keep + lane.parked, now);
                let key = late.delivery.claim.key;
                let due = self.parking.park((key.number, number), wait, now);
                lane.parked += 1;
                back.push(PutBack {
                    delivery: late.delivery,
                    due: Some(due),
                });
            }
        }
        let spare = self.len().saturating_sub(self.relay.slots_until(end, now));
        for _ in 0..spare {
            back.extend(self.take_last());
        }
        while let Some(stale) = self.take_stale(now) {
            back.push(stale);
        }
        back
    }

    /// The delivery that was claimed last.
    fn take_last(&mut self) -> Option<PutBack> {
        let open = std::iter::once(&mut self.open);
        let queues = open.chain(self.lanes.iter_mut().map(|lane| &mut lane.queue));
        let newest = queues.max_by_key(|queue| queue.back().map(|one| one.number))?;
        let delivery = newest.pop_back()?.delivery;
        Some(PutBack {
            delivery,
            due: None,
        })
    }

    /// A delivery whose claim has lain for so long that it had better be made anew.
    fn take_stale(&mut self, now: Instant) -> Option<PutBack> {
        let stale = self.stale;
        let open = std::iter::once(&mut self.open);
        let mut queues = open.chain(self.lanes.iter_mut().map(|lane| &mut lane.queue));
        let old = |queue: &&mut VecDeque<Shelved>| {
            let front = queue.front();
            front.is_some_and(|one| now.saturating_duration_since(one.since) >= stale)
        };
        let delivery = queues.find(old)?.pop_front()?.delivery;
        Some(PutBack {
            delivery,
            due: None,
        })
    }

    /// Whether something that was put back is expected by now; each time is told once.
    pub(in crate::deliver) fn is_expected(&mut self, now: Instant) -> bool {
        let mut expected = false;
        while let Some(lane) = self.parking.leave(now) {
            let lane = &mut self.lanes[lane];
            lane.parked = lane.parked.saturating_sub(1);
            expected = true;
        }
        expected
    }

    /// Expects nothing of what was put back any more.
    pub(in crate::deliver) fn expect_nothing(&mut self) {
        self.parking.clear();
        for lane in &mut self.lanes {
            lane.parked = 0;
        }
    }

    /// How many were put back and are expected, and when the last of them is.
    pub(in crate::deliver) fn expected(&self) -> Option<(usize, Instant)> {
        self.parking.expected()
    }
}
