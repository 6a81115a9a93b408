//! The lanes that claimed deliveries wait in for their turn: one for the relay as a whole, and one for each group of domains
//! that has a limit, or was asked to go slower.
//!
//! Pure: the caller passes instants. Whatever has its turn is handed out in the order of the claims; a domain that must wait
//! holds up nobody else. What would wait for long is put back into the queue until its turn is expected, so that little is
//! claimed; the pace does not move for that. Where there is no lane, no domain is looked at.

mod adapting;
mod clearing;
mod complaint;
mod gauge;
mod lane;
mod parking;
mod slowing;
mod witness;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

pub use adapting::Slowed;
pub(super) use complaint::Complaint;
pub use slowing::REMEMBERED;

use super::RelaySettings;
use super::rate::Rate;
use crate::model::{Claim, ClaimedDelivery, LearntPace, Outcome, OutcomeRecord};
use lane::{Lane, Shelved};
use parking::Parking;
use witness::Witness;

/// The longest that a delivery is meant to wait on the shelf.
const HORIZON: Duration = Duration::from_secs(60);

/// The limits of some recipient domains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainLimits {
    /// The domains that share them, in ASCII and lower case; at least one.
    pub domains: Vec<String>,
    /// Messages in a span, over all connections.
    pub rate: Option<Rate>,
    /// Messages under way at the same time; at least 1.
    pub connections: Option<usize>,
}

/// All lanes, and all that waits in them.
pub(super) struct Lanes {
    relay: Lane,
    /// What waits for the relay alone.
    open: VecDeque<Shelved>,
    lanes: Vec<Lane>,
    by_domain: HashMap<String, usize>,
    /// The lanes of deliveries that were handed out and have one.
    under_way: HashMap<Claim, usize>,
    parking: Parking,
    witness: Witness,
    /// Whether complaints slow anything.
    slows_down: bool,
    /// How long nobody must complain before a slowed pace rises.
    quiet: Duration,
    /// The longest that anything may lie on the shelf.
    stale: Duration,
    claimed: u64,
}

impl Lanes {
    /// The lanes of a relay, with what an earlier run learnt of it, for an issue that expires; `clock` and `now` are the same
    /// moment.
    pub(super) fn new(
        relay: &RelaySettings,
        learnt: &[LearntPace],
        expires_at: Timestamp,
        (clock, now): (Timestamp, Instant),
    ) -> Self {
        let left = expires_at.duration_since(clock).max(SignedDuration::ZERO);
        let end = now.checked_add(left.unsigned_abs());
        let mut lanes = Self {
            relay: Lane::new(None, relay.rate, None),
            open: VecDeque::new(),
            lanes: Vec::new(),
            by_domain: HashMap::new(),
            under_way: HashMap::new(),
            parking: Parking::new(now, end),
            witness: Witness::default(),
            slows_down: relay.slow_down,
            quiet: relay.quiet,
            stale: quarter(relay.lease),
            claimed: 0,
        };
        for limits in &relay.domains {
            lanes.open_lane(&limits.domains, limits.rate, limits.connections);
        }
        if relay.slow_down {
            for one in learnt {
                lanes.remember(one, (clock, now));
            }
        }
        lanes
    }

    fn open_lane(
        &mut self,
        domains: &[String],
        rate: Option<Rate>,
        places: Option<usize>,
    ) -> usize {
        let lane = self.lanes.len();
        let name = domains.first().cloned();
        self.lanes.push(Lane::new(name, rate, places));
        let domains = domains.iter().cloned();
        self.by_domain.extend(domains.map(|domain| (domain, lane)));
        lane
    }

    /// The lane of a domain; one is opened where there is none, and what waits for the relay alone moves into it.
    fn lane_for(&mut self, domain: &str) -> usize {
        if let Some(lane) = self.by_domain.get(domain) {
            return *lane;
        }
        let lane = self.open_lane(&[domain.to_owned()], None, None);
        let (its, others): (VecDeque<_>, _) = std::mem::take(&mut self.open)
            .into_iter()
            .partition(|one: &Shelved| one.delivery.reader.address.ascii_domain() == domain);
        self.open = others;
        self.lanes[lane].queue = its;
        lane
    }

    /// Lays a claimed delivery on the shelf.
    pub(super) fn put(&mut self, delivery: ClaimedDelivery, now: Instant) {
        self.claimed += 1;
        let number = self.claimed;
        if let Some(lane) = self.parking.came(delivery.claim.key.number) {
            let lane = &mut self.lanes[lane];
            lane.parked = lane.parked.saturating_sub(1);
        }
        let lane = self.lane_of(&delivery);
        self.queue(lane).push_back(Shelved {
            delivery,
            number,
            since: now,
        });
    }

    fn lane_of(&self, delivery: &ClaimedDelivery) -> Option<usize> {
        if self.by_domain.is_empty() {
            return None;
        }
        let domain = delivery.reader.address.ascii_domain();
        self.by_domain.get(domain).copied()
    }

    fn queue(&mut self, lane: Option<usize>) -> &mut VecDeque<Shelved> {
        match lane {
            Some(lane) => &mut self.lanes[lane].queue,
            None => &mut self.open,
        }
    }

    /// The delivery whose turn it is, the one that was claimed first if there are several; it goes now.
    pub(super) fn next(&mut self, now: Instant) -> Option<ClaimedDelivery> {
        self.pass(now);
        if self.relay.slot(now).is_none_or(|slot| slot > now) {
            return None;
        }
        let lane = self.first(now)?;
        let Shelved { delivery, .. } = self.queue(lane).pop_front()?;
        self.relay.take(now);
        if let Some(lane) = lane {
            self.lanes[lane].take(now);
            self.under_way.insert(delivery.claim, lane);
        }
        if self.slows_down {
            self.witness.went(delivery.reader.address.ascii_domain());
        }
        Some(delivery)
    }

    /// Where the first delivery stands whose lane has room for it; `Some(None)` is outside of all lanes.
    fn first(&self, now: Instant) -> Option<Option<usize>> {
        let open = self.open.front().map(|one| (one.number, None));
        let lanes = self.lanes.iter().enumerate().filter_map(|(lane, it)| {
            let number = it.queue.front()?.number;
            let admitted = it.slot(now).is_some_and(|slot| slot <= now);
            admitted.then_some((number, Some(lane)))
        });
        let first = open.into_iter().chain(lanes).min_by_key(|one| one.0);
        first.map(|(_, lane)| lane)
    }

    /// Lays back what nobody took.
    pub(super) fn untaken(&mut self, delivery: ClaimedDelivery, now: Instant) {
        self.ended(&delivery.claim);
        let lane = self.lane_of(&delivery);
        self.queue(lane).push_front(Shelved {
            delivery,
            number: 0,
            since: now,
        });
    }

    /// A delivery that was handed out has come to its end.
    pub(super) fn settled(&mut self, record: &OutcomeRecord, now: Instant) {
        let lane = self.ended(&record.claim);
        let taken = matches!(record.outcome, Outcome::Sent(_));
        if !taken && !matches!(record.outcome, Outcome::Failed(..) | Outcome::Deferred(..)) {
            return;
        }
        self.witness.answered();
        self.relay.answered(taken, now);
        if let Some(lane) = lane {
            self.lanes[lane].answered(taken, now);
        }
    }

    /// Frees the place of a delivery; says which lane it has.
    pub(super) fn ended(&mut self, claim: &Claim) -> Option<usize> {
        self.relay.free();
        if self.under_way.is_empty() {
            return None;
        }
        let lane = self.under_way.remove(claim)?;
        self.lanes[lane].free();
        Some(lane)
    }

    fn pass(&mut self, now: Instant) {
        self.relay.pass(now, self.quiet);
        for lane in &mut self.lanes {
            lane.pass(now, self.quiet);
        }
    }

    /// How many more deliveries the relay's pace can take within the time that one may lie on the shelf.
    pub(super) fn room(&self, now: Instant) -> usize {
        let end = now + HORIZON.min(self.stale);
        let slots = self.relay.slots_until(end, now);
        slots.saturating_sub(self.len())
    }

    /// How many could go now if the relay took all.
    pub(super) fn ready(&self, now: Instant) -> usize {
        let lanes = self.lanes.iter().filter(|lane| {
            !lane.queue.is_empty() && lane.slot(now).is_some_and(|slot| slot <= now)
        });
        self.open.len() + lanes.count()
    }

    /// How many wait on the shelf.
    pub(super) fn len(&self) -> usize {
        let lanes = self.lanes.iter().map(|lane| lane.queue.len());
        self.open.len() + lanes.sum::<usize>()
    }

    /// Whether nothing waits on the shelf, and nothing that was put back is expected.
    pub(super) fn is_done(&self) -> bool {
        self.len() == 0 && self.parking.expected().is_none()
    }

    /// When to look again, if nothing happens before: a turn comes, something is expected, or has lain for too long.
    pub(super) fn wake(&self, now: Instant) -> Option<Instant> {
        let relay = self.relay.slot(now).unwrap_or(now);
        let open = (!self.open.is_empty()).then_some(relay);
        let lanes = self.lanes.iter().filter(|lane| !lane.queue.is_empty());
        let slots = lanes.filter_map(|lane| lane.slot(now).map(|slot| slot.max(relay)));
        let all = open.into_iter().chain(slots).chain(self.stale_at());
        all.chain(self.parking.next()).min()
    }

    /// When the first has lain on the shelf for too long.
    pub(super) fn stale_at(&self) -> Option<Instant> {
        let queues = std::iter::once(&self.open).chain(self.lanes.iter().map(|lane| &lane.queue));
        let oldest = queues
            .filter_map(|queue| queue.front())
            .map(|one| one.since);
        oldest.min().and_then(|since| since.checked_add(self.stale))
    }

    /// When the relay's pace has room for a claim, where it has none now and nothing lies on the shelf.
    pub(super) fn wake_to_claim(&self, now: Instant) -> Option<Instant> {
        let slot = self.relay.slot(now).filter(|_| self.len() == 0)?;
        slot.checked_sub(HORIZON.min(self.stale))
    }

    /// Empties the shelf.
    pub(super) fn drain(&mut self) -> Vec<ClaimedDelivery> {
        let open = std::iter::once(&mut self.open);
        let queues = open.chain(self.lanes.iter_mut().map(|lane| &mut lane.queue));
        let all = queues.flat_map(std::mem::take);
        all.map(|one| one.delivery).collect()
    }
}

/// A quarter of a lease: so nothing is handed out whose lease is about to run out.
fn quarter(lease: SignedDuration) -> Duration {
    lease.unsigned_abs() / 4
}

#[cfg(test)]
mod tests;
