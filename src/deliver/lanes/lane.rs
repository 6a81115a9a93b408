//! One lane: the mail that shares a pace and a number of places, and waits in line for them.
//!
//! Pure: the caller passes the instant.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::super::rate::{Pace, Rate};
use super::gauge::Gauge;
use super::slowing::Slowing;
use crate::model::{ClaimedDelivery, LearntPace, PerHour};

/// Deliveries that wait on the shelf for one lane: enough for a fast lane to go on while more are claimed.
const SHELF: usize = 512;

/// What a delivery without a slot waits, where nothing is known of how fast its lane goes.
const UNKNOWN: Duration = Duration::from_secs(2);

/// What complaints are held against where a lane has carried nothing yet: one message in ten seconds.
const UNMEASURED: Duration = Duration::from_secs(10);

/// The first wait of a lane that is asked to slow down before its pace could be told.
const HOLD: Duration = Duration::from_secs(1);

/// A delivery that was claimed and waits.
#[derive(Debug)]
pub(super) struct Shelved {
    pub(super) delivery: ClaimedDelivery,
    /// Its place among all that were claimed.
    pub(super) number: u64,
    pub(super) since: Instant,
}

/// The mail for some domains, or all of a relay's.
#[derive(Debug)]
pub(super) struct Lane {
    /// What it goes by: its first domain; `None` for the relay.
    pub(super) name: Option<String>,
    configured: Option<Duration>,
    places: usize,
    under_way: usize,
    pace: Pace,
    gauge: Gauge,
    slowing: Option<Slowing>,
    /// Nothing goes before this: it was asked to wait before its pace meant anything.
    held_until: Option<Instant>,
    /// How often it was.
    held: u32,
    /// Whether the slow-down has changed since it was last asked for.
    changed: bool,
    pub(super) queue: VecDeque<Shelved>,
    /// Deliveries that were put back, and are expected again.
    pub(super) parked: usize,
}

impl Lane {
    pub(super) fn new(name: Option<String>, rate: Option<Rate>, places: Option<usize>) -> Self {
        Self {
            name,
            configured: rate.map(Rate::interval),
            places: places.unwrap_or(usize::MAX),
            under_way: 0,
            pace: Pace::default(),
            gauge: Gauge::new(),
            slowing: None,
            held_until: None,
            held: 0,
            changed: false,
            queue: VecDeque::new(),
            parked: 0,
        }
    }

    /// Time between two messages, where there is a limit.
    pub(super) fn interval(&self) -> Option<Duration> {
        let slowed = self.slowing.as_ref().map(Slowing::interval);
        slowed.max(self.configured)
    }

    /// Whether it was asked to go slower than it is configured.
    pub(super) fn is_slowed(&self) -> bool {
        self.slowing.is_some()
    }

    /// When the next message may go: at once, at an instant, or, with `None`, once another has come to its end.
    pub(super) fn slot(&self, now: Instant) -> Option<Instant> {
        let free = self.under_way < self.places;
        let slot = self.interval().map_or(now, |i| self.pace.slot(i, now));
        let held = self.held_until.map_or(slot, |until| until.max(slot));
        free.then_some(held)
    }

    /// Slots up to an instant; all there are where there is no pace.
    pub(super) fn slots_until(&self, end: Instant, now: Instant) -> usize {
        let Some(interval) = self.interval() else {
            return usize::MAX;
        };
        let first = self.pace.slot(interval, now);
        match end.checked_duration_since(first) {
            None => 0,
            Some(left) => {
                let more = left.as_nanos() / interval.as_nanos().max(1);
                usize::try_from(more).map_or(usize::MAX, |more| more.saturating_add(1))
            }
        }
    }

    /// How many may wait on the shelf for it.
    pub(super) fn shelf(&self, end: Instant, now: Instant) -> usize {
        self.slots_until(end, now).min(SHELF)
    }

    /// How long a message waits that has so many before it, and whether that is certain.
    pub(super) fn wait(&mut self, before: usize, now: Instant) -> (Duration, bool) {
        let before = u32::try_from(before).unwrap_or(u32::MAX);
        match self.interval() {
            Some(interval) => {
                let first = self.pace.slot(interval, now) - now;
                let wait = first.saturating_add(interval.saturating_mul(before));
                (wait, !self.is_slowed())
            }
            None => {
                let measured = self.gauge.interval(now);
                let wait = measured.map_or(UNKNOWN, |i| i.saturating_mul(before));
                (wait.max(UNKNOWN), false)
            }
        }
    }

    /// A message goes now.
    pub(super) fn take(&mut self, now: Instant) {
        self.under_way += 1;
        self.pace.take(self.interval().unwrap_or_default(), now);
    }

    /// A message has come to its end, or did not go after all.
    pub(super) fn free(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// Something was said to a message; `taken`: it was yes.
    pub(super) fn answered(&mut self, taken: bool, now: Instant) {
        self.gauge.note(now);
        if let Some(slowing) = self.slowing.as_mut().filter(|_| taken) {
            slowing.taken();
        }
    }

    /// Time between two messages as measured.
    pub(super) fn measured(&mut self, now: Instant) -> Option<Duration> {
        self.gauge.interval(now)
    }

    /// Waits a moment after a complaint that comes before a pace could be told: longer each time. False once there is one.
    pub(super) fn hold(&mut self, quiet: Duration, now: Instant) -> bool {
        if self.slowing.is_some() || self.configured.is_some() || !self.gauge.is_young(quiet, now) {
            return false;
        }
        // Complaints meanwhile answer what was sent before.
        if self.held_until.is_none_or(|until| until <= now) {
            self.held_until = now.checked_add(HOLD * 2_u32.saturating_pow(self.held.min(4)));
            self.held += 1;
        }
        true
    }

    /// Slows down after a complaint; says the new pace if this is not the complaint of a moment ago.
    pub(super) fn slow(&mut self, measured: Option<Duration>, now: Instant) -> Option<PerHour> {
        let measured = measured.unwrap_or(UNMEASURED);
        match &mut self.slowing {
            Some(slowing) => {
                if !slowing.complained(self.configured, measured, now) {
                    return None;
                }
            }
            None => self.slowing = Some(Slowing::new(self.configured, measured, now)),
        }
        self.changed = true;
        self.pace.rest(now);
        self.interval().map(PerHour::of_interval)
    }

    /// Takes on what an earlier run learnt.
    pub(super) fn remember(&mut self, slowing: Slowing) {
        self.slowing = Some(slowing);
    }

    pub(super) fn configured(&self) -> Option<Duration> {
        self.configured
    }

    /// Lets time pass: a slow-down may let go a little, or be over.
    pub(super) fn pass(&mut self, now: Instant, quiet: Duration) {
        let Some(slowing) = &mut self.slowing else {
            return;
        };
        self.changed |= slowing.pass(now, quiet);
        if slowing.is_over() {
            self.slowing = None;
        }
    }

    /// What there is to be remembered since this was last asked.
    pub(super) fn news(&mut self, noted_at: jiff::Timestamp) -> Option<LearntPace> {
        std::mem::take(&mut self.changed).then(|| LearntPace {
            domain: self.name.clone(),
            pace: self
                .slowing
                .as_ref()
                .map(|slowing| PerHour::of_interval(slowing.interval())),
            noted_at,
        })
    }
}
