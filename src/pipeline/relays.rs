//! The relays of a run, in order of preference: an issue goes to the first, and what that one leaves to the next.
//!
//! A relay is left when it stops for a reason of its own, or has carried what it may in 24 hours. What one of them may
//! have taken goes to no other: the outbox sees to that. The next run begins with the first relay again.

mod copy;

use std::path::PathBuf;

use jiff::Timestamp;

use super::outbox::RelayOutbox;
use super::report::{Paced, RelayEnd, RelayReport, RunReport, SlowedDown};
use super::sending::{Verp, relay_settings};
use super::tenure::Tenure;
use super::{Fault, Pipeline, World};
use crate::config::{Config, OnUnknown, RelayConfig};
use crate::deliver::{
    self, Expected, Job, ListGuard, Mailbox, RelaySettings, ReturnPaths, Slowed, Stopped,
};
use crate::model::{Issue, Relay, Room, SealedVariant, SmtpRelay};

/// The relays of a run. The embedded mailbox is started when the first issue needs it.
pub(super) struct RunRelays {
    made: Vec<Option<RelaySettings>>,
    /// Those that stopped for a reason that another issue would not change.
    left: Vec<bool>,
    mailbox: Option<(Mailbox, PathBuf)>,
}

/// An issue that is sent, and the right to.
#[derive(Clone, Copy)]
pub(super) struct Parcel<'a> {
    pub(super) issue: &'a Issue,
    pub(super) variants: &'a [SealedVariant],
    /// Readers of the issue.
    pub(super) planned: u64,
    /// Whether all of them are at one domain.
    pub(super) one_domain: bool,
    pub(super) tenure: &'a Tenure,
}

/// What came of handing an issue to the relays.
#[derive(Debug, Default)]
pub(super) struct HandedOver {
    /// The relays that were used, or were of no use, in order.
    pub(super) relays: Vec<RelayReport>,
    /// Why sending stopped, if no relay could take the rest.
    pub(super) stopped: Option<String>,
    /// Whether one of them was reached and would not have our mail.
    pub(super) is_refused: bool,
    /// Deliveries that wait for room at a relay.
    pub(super) waiting: i64,
    /// Whether it stopped since readers were refused as gone by the dozen.
    pub(super) is_flood: bool,
    /// What was slowed down, since a relay asked for it.
    pub(super) slowed: Vec<SlowedDown>,
    /// What was still to go at its pace when the last of them ended.
    pub(super) paced: Option<Paced>,
}

impl HandedOver {
    /// Notes what was slowed down, and what was still to go at its pace.
    fn note_paces(&mut self, slowed: Vec<Slowed>, expected: Option<Expected>) {
        self.slowed.extend(slowed.into_iter().map(slowed_down));
        self.paced = expected.map(|expected| Paced {
            mails: expected.deliveries,
            until: expected.until,
        });
    }
}

/// How one relay came to an end with an issue.
enum Came {
    /// Nothing is left for it.
    Through,
    /// It refused some for what may not be their fault: they are the next relay's.
    LeftSome,
    /// This relay goes no further.
    ToAnEnd(RelayEnd),
    /// No relay goes any further, whichever it is.
    ToAStop(Stopped),
}

impl RunRelays {
    /// Those that were not left, in order; all where all were.
    fn in_order(&self) -> Vec<usize> {
        let all_left = self.left.iter().all(|left| *left);
        let each = self.left.iter().enumerate();
        let usable = each.filter(|(_, left)| all_left || !**left);
        usable.map(|(index, _)| index).collect()
    }

    async fn settings(
        &mut self,
        index: usize,
        config: &Config,
        world: &World<'_>,
    ) -> Result<RelaySettings, Fault> {
        if let Some(settings) = &self.made[index] {
            return Ok(settings.clone());
        }
        let one = &config.delivery.relays[index];
        let relay = match &one.relay {
            Relay::Smtp(relay) => relay.clone(),
            Relay::Mailbox => self.start_mailbox(config, world).await?,
        };
        let settings = relay_settings(config, one, relay, world.clock.now());
        self.made[index] = Some(settings.clone());
        Ok(settings)
    }

    async fn start_mailbox(
        &mut self,
        config: &Config,
        world: &World<'_>,
    ) -> Result<SmtpRelay, Fault> {
        let folder = config.state.join("mailbox");
        let mailbox = Mailbox::start(&folder, world.chance).await?;
        let relay = mailbox.relay();
        self.mailbox = Some((mailbox, folder));
        Ok(relay)
    }

    /// Notes that a relay stopped; one that takes no message of this size may take the next issue's.
    fn stopped(&mut self, index: usize, reason: Stopped) -> Came {
        match reason {
            reason if !reason.is_about_the_relay() => Came::ToAStop(reason),
            Stopped::TooLarge(_) => Came::ToAnEnd(RelayEnd::Stopped {
                reason: reason.to_string(),
            }),
            _ => self.leave(index, reason.to_string()),
        }
    }

    fn leave(&mut self, index: usize, reason: String) -> Came {
        self.left[index] = true;
        Came::ToAnEnd(RelayEnd::Stopped { reason })
    }

    /// Stops the embedded mailbox, if it runs.
    pub(super) async fn close(self, report: &mut RunReport) {
        if let Some((mailbox, folder)) = self.mailbox {
            mailbox.shutdown().await;
            report.mailbox = Some(folder);
        }
    }
}

impl Pipeline {
    /// The relays of this run, none of them started.
    pub(super) fn relays(&self) -> RunRelays {
        let relays = &self.config.delivery.relays;
        RunRelays {
            made: vec![None; relays.len()],
            left: vec![false; relays.len()],
            mailbox: None,
        }
    }

    /// Gives an issue to one relay after the other, until nothing is left that could go now.
    pub(super) async fn hand_over(
        &self,
        parcel: Parcel<'_>,
        relays: &mut RunRelays,
        world: &World<'_>,
    ) -> Result<HandedOver, Fault> {
        let mut handed = HandedOver::default();
        let (mut is_through, mut is_over) = (false, false);
        let order = relays.in_order();
        for (place, index) in order.iter().copied().enumerate() {
            let relay = self.config.delivery.relays[index].relay.name();
            let alone = std::slice::from_ref(&relay);
            if !handed.relays.is_empty() && self.can_go(parcel, alone, world).await? == 0 {
                continue;
            }
            let has_successor = self.is_one_free(&order[place + 1..], world).await?;
            let (sent, came) = self
                .give_to((index, has_successor), parcel, relays, world, &mut handed)
                .await?;
            let mut ended = None;
            match came {
                // The others are asked all the same where they may have something that nobody else is given.
                Came::Through => is_through = true,
                Came::LeftSome => {}
                Came::ToAStop(reason) => {
                    is_over = true;
                    handed.is_flood = matches!(reason, Stopped::Gone { .. });
                    handed.stopped = (reason != Stopped::Asked).then(|| reason.to_string());
                }
                Came::ToAnEnd(end) => {
                    let issue = parcel.issue.number.0;
                    tracing::info!(issue, relay = index + 1, %end, "a relay is given no more");
                    ended = Some(end);
                }
            }
            handed.relays.push(RelayReport { relay, sent, ended });
            if is_over {
                break;
            }
        }
        let full = handed.relays.iter().filter(|one| one.is_full());
        let full: Vec<_> = full.map(|one| one.relay.clone()).collect();
        if !full.is_empty() {
            handed.waiting = self.can_go(parcel, &full, world).await?;
        }
        if !is_through && !is_over && full.len() < handed.relays.len() {
            handed.stopped = reasons(&handed.relays);
        }
        Ok(handed)
    }

    /// Gives an issue to one relay, as far as its caps go; says how many it took. Whether it `has_successor` decides how soon
    /// it is given up.
    async fn give_to(
        &self,
        (index, has_successor): (usize, bool),
        parcel: Parcel<'_>,
        relays: &mut RunRelays,
        world: &World<'_>,
        handed: &mut HandedOver,
    ) -> Result<(u64, Came), Fault> {
        let one = &self.config.delivery.relays[index];
        let bounces = self.config.delivery.bounces.as_ref();
        let verp = bounces.map(|address| Verp {
            address,
            keys: &self.keys,
        });
        let settings = relays.settings(index, &self.config, world).await?;
        let job = Job {
            issue: parcel.issue,
            variants: parcel.variants,
            relay: &settings,
            has_successor,
            resend_unknown: self.config.delivery.on_unknown == OnUnknown::Resend,
            guard: ListGuard {
                limits: self.config.delivery.bounce_limits,
                readers: parcel.planned,
                one_domain: parcel.one_domain,
            },
            return_paths: verp.as_ref().map(|verp| verp as &dyn ReturnPaths),
        };
        let name = one.relay.name();
        let alone = std::slice::from_ref(&name);
        let mut sent = 0;
        loop {
            let room = self.room(one, &name, world).await?;
            let left = room.map(|(room, _)| room.left);
            let (clock, stop) = (world.clock, world.stop);
            let outbox = RelayOutbox::new(&self.store, parcel.tenure, &name, left, clock);
            let done = deliver::deliver(&job, &outbox, clock, stop, world.progress).await;
            let done = match done {
                Ok(done) => done,
                Err(error) if error.is_about_the_relay() && relays.left.len() > 1 => {
                    return Ok((sent, relays.leave(index, error.to_string())));
                }
                Err(error) => return Err(error.into()),
            };
            sent += done.sent;
            handed.note_paces(done.slowed, done.expected);
            if let Some(reason) = done.stopped {
                handed.is_refused |= reason.is_refusal();
                return Ok((sent, relays.stopped(index, reason)));
            }
            if done.left_to_next > 0 {
                return Ok((sent, Came::LeftSome));
            }
            if !outbox.is_cut() || self.can_go(parcel, alone, world).await? == 0 {
                return Ok((sent, Came::Through));
            }
            // Where some did not use their places, or an hour has passed, it goes on.
            if let Some(full) = self.full(one, &name, world).await? {
                return Ok((sent, Came::ToAnEnd(full)));
            }
        }
    }

    /// That a relay carried what it may, if it did.
    async fn full(
        &self,
        one: &RelayConfig,
        name: &str,
        world: &World<'_>,
    ) -> Result<Option<RelayEnd>, Fault> {
        Ok(match self.room(one, name, world).await? {
            Some((Room { most, by, left: 0 }, room_from)) => Some(RelayEnd::Full {
                most,
                by,
                room_from,
            }),
            _ => None,
        })
    }

    /// Whether one of these relays may be given something.
    async fn is_one_free(&self, relays: &[usize], world: &World<'_>) -> Result<bool, Fault> {
        for index in relays {
            let one = &self.config.delivery.relays[*index];
            let room = self.room(one, &one.relay.name(), world).await?;
            if room.is_none_or(|(room, _)| room.left > 0) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What a relay may be given now, and from when on it may be given something; `None` where nothing limits it.
    async fn room(
        &self,
        one: &RelayConfig,
        name: &str,
        world: &World<'_>,
    ) -> Result<Option<(Room, Timestamp)>, Fault> {
        if !one.caps.are_set() {
            return Ok(None);
        }
        let now = world.clock.now();
        let used = self.store.relay_use(name, now).await?;
        let room = one.caps.room(&used, now);
        Ok(room.map(|room| (room, one.caps.room_from(&used, now))))
    }

    /// How many deliveries could go now over one of these relays.
    async fn can_go(
        &self,
        parcel: Parcel<'_>,
        relays: &[String],
        world: &World<'_>,
    ) -> Result<i64, Fault> {
        let (issue, now) = (parcel.issue.number, world.clock.now());
        Ok(self.store.outbox_due(issue, relays, now).await?)
    }
}

fn slowed_down(slowed: Slowed) -> SlowedDown {
    SlowedDown {
        domain: slowed.domain,
        per_hour: slowed.pace,
        said: slowed.reply,
    }
}

/// Why no relay took the rest; the name of each where there are several.
fn reasons(relays: &[RelayReport]) -> Option<String> {
    let each = relays
        .iter()
        .filter_map(|one| Some((&one.relay, one.ended.as_ref()?)));
    match each.clone().count() {
        0 => None,
        1 => each.map(|(_, end)| end.to_string()).next(),
        _ => {
            let named: Vec<_> = each.map(|(name, end)| format!("{name}: {end}")).collect();
            Some(named.join("; "))
        }
    }
}
