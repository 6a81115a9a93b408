//! How lanes learn from the relay's replies, and from what an earlier run learnt.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::super::reply::line;
use super::slowing::Slowing;
use super::{Complaint, Lanes};
use crate::model::{LearntPace, PerHour};

/// A lane that was slowed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slowed {
    /// The domain that the lane goes by, in ASCII; `None` for the relay as a whole.
    pub domain: Option<String>,
    /// Its pace from then on.
    pub pace: PerHour,
    /// What the relay said, as one line.
    pub reply: String,
}

impl Lanes {
    /// Takes on what an earlier run learnt, as far as it still counts.
    pub(super) fn remember(&mut self, learnt: &LearntPace, moment: (Timestamp, Instant)) {
        let Some(pace) = learnt.pace else { return };
        let configured = match &learnt.domain {
            None => self.relay.configured(),
            Some(domain) => {
                let lane = self.by_domain.get(domain);
                lane.and_then(|lane| self.lanes[*lane].configured())
            }
        };
        let (interval, noted_at) = (pace.interval(), learnt.noted_at);
        let Some(slowing) = Slowing::remembered(interval, noted_at, configured, moment) else {
            return;
        };
        match &learnt.domain {
            None => self.relay.remember(slowing),
            Some(domain) => {
                let lane = self.lane_for(domain);
                self.lanes[lane].remember(slowing);
            }
        }
    }

    /// Slows what a complaint is about: the domain, the relay, and the relay too where many domains complain.
    pub(in crate::deliver) fn complained(
        &mut self,
        complaint: &Complaint,
        now: Instant,
    ) -> Vec<Slowed> {
        let mut slowed = Vec::new();
        if !self.slows_down {
            return slowed;
        }
        self.pass(now);
        let mut relay = complaint.relay;
        let reply = line(&complaint.reply);
        if let Some(domain) = &complaint.domain {
            relay |= self.witness.complained(domain);
            let known = self.by_domain.contains_key(domain);
            let lane = self.lane_for(domain);
            let measured = match known {
                true => self.lanes[lane].measured(now),
                false => self.share_of(domain, now),
            };
            let lane = &mut self.lanes[lane];
            slowed.extend(lane.slow(measured, now).map(|pace| Slowed {
                domain: lane.name.clone(),
                pace,
                reply: reply.clone(),
            }));
        }
        // Two of them in the first seconds say little about a pace of many minutes.
        let hangs_up = complaint.relay && complaint.reply.code == 421;
        if relay && !(hangs_up && self.relay.hold(self.quiet, now)) {
            let measured = self.relay.measured(now);
            slowed.extend(self.relay.slow(measured, now).map(|pace| Slowed {
                domain: None,
                pace,
                reply,
            }));
        }
        slowed
    }

    /// The time between two messages for a domain that was not looked at, by its share of those that went last.
    fn share_of(&mut self, domain: &str, now: Instant) -> Option<Duration> {
        let (its, all) = self.witness.share_of(domain);
        let all_lanes = self.relay.measured(now)?;
        Some(all_lanes * all / its.max(1))
    }

    /// What is to be remembered since this was last asked.
    pub(in crate::deliver) fn news(&mut self, clock: Timestamp) -> Vec<LearntPace> {
        let relay = std::iter::once(&mut self.relay);
        let lanes = relay.chain(&mut self.lanes);
        lanes.filter_map(|lane| lane.news(clock)).collect()
    }
}
