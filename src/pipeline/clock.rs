//! Whether the clock of this machine is believed, and what becomes of what it wrote down while it was ahead.
//!
//! A machine that starts without its battery or its network stands in 1970, or where it was switched off. By such a clock
//! nothing is gathered, sealed or sent: it would spend due times and expiries, and when posts were seen. It is believed again if a server that a run asks anyway
//! tells the same time, or a person says that it is right.

use jiff::{SignedDuration, Timestamp};

use super::sending::relay_settings;
use super::tenure::Tenure;
use super::{Fault, Pipeline, World};
use crate::deliver;
use crate::model::{Diagnostic, Relay, SourceKind};
use crate::store::{ClockEvidence, SealedLast};

/// The first instant of 2026 (UTC): this program is no older.
const EARLIEST: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// How far a clock may be set back without a word: a day is more than any zone, and than what clocks drift.
const APART: SignedDuration = SignedDuration::from_hours(24);

/// How well a server's time must agree with ours.
const AGREES: SignedDuration = SignedDuration::from_hours(1);

/// So many sources are asked for the time: one that does not answer proves nothing, and a whole list would be many.
const ASKED: usize = 3;

/// A clock that is not believed.
#[derive(Debug, Clone, PartialEq)]
pub struct ClockDoubt {
    /// What it shows.
    pub now: Timestamp,
    /// The issue that was sealed later than that; none where it stands before this program was written.
    pub sealed: Option<SealedLast>,
    /// Who was asked for the time, and said another.
    pub other: Option<(String, Timestamp)>,
}

impl Pipeline {
    /// Takes the run lock, by a clock that is believed; sets right what it wrote down while it was ahead. `None`: another run
    /// has the lock.
    pub(super) async fn begin_run(
        &self,
        world: &World<'_>,
        faults: &mut Vec<Diagnostic>,
    ) -> Result<Option<Tenure>, Fault> {
        let now = world.clock.now();
        let evidence = self.store.clock_evidence().await?;
        if let Some(doubt) = doubt(&evidence, now).filter(|_| !self.clock_is_right) {
            self.ask_others(doubt, now).await?;
        }
        let limit = latest(now);
        let ahead = |at: Option<Timestamp>| at.filter(|at| *at > limit);
        if ahead(evidence.lease).is_some() {
            self.store.lease_forget(limit).await?;
        }
        let Some(tenure) = self.begin(world).await? else {
            return Ok(None);
        };
        let sealed = evidence.sealed.map(|sealed| sealed.at);
        if let Some(newest) = ahead(sealed.max(evidence.other)) {
            self.store.clock_set_right(limit, now).await?;
            faults.push(set_right_words(newest, now));
        }
        Ok(Some(tenure))
    }

    /// Dispels a doubt if a source's server or a relay elsewhere tells the time that this clock shows.
    async fn ask_others(&self, doubt: ClockDoubt, now: Timestamp) -> Result<(), Fault> {
        let mut other = None;
        let web = self.config.sources.iter().filter(|source| !source.paused);
        let urls = web.filter_map(|source| match &source.kind {
            SourceKind::Url(url) => Some((source, url)),
            SourceKind::Folder(_) => None,
        });
        for (source, url) in urls.take(ASKED) {
            let said = self.fetcher.time_at(url).await.ok().flatten();
            match said {
                Some(said) if agrees(said, now) => return Ok(()),
                said => {
                    other =
                        other.or(said.map(|at| (format!("the server of `{}`", source.name), at)))
                }
            }
        }
        for one in &self.config.delivery.relays {
            let Relay::Smtp(relay) = &one.relay else {
                continue;
            };
            // A mail server on this very machine has this very clock.
            if relay.is_here() {
                continue;
            }
            let settings = relay_settings(&self.config, one, relay.clone(), now);
            match deliver::time_at(&settings).await {
                Some(said) if agrees(said, now) => return Ok(()),
                said => {
                    other =
                        other.or(said.map(|at| (format!("the relay `{}`", one.relay.name()), at)))
                }
            }
        }
        Err(Fault::Clock(ClockDoubt { other, ..doubt }))
    }
}

/// Why a clock that shows `now` is not believed, if so.
pub(super) fn doubt(evidence: &ClockEvidence, now: Timestamp) -> Option<ClockDoubt> {
    let sealed = evidence.sealed.clone();
    let sealed = sealed.filter(|sealed| sealed.at > latest(now));
    (now < EARLIEST || sealed.is_some()).then_some(ClockDoubt {
        now,
        sealed,
        other: None,
    })
}

/// The latest instant that can have been written down by a clock as right as one that shows `now`.
fn latest(now: Timestamp) -> Timestamp {
    now.saturating_add(APART).unwrap_or(Timestamp::MAX)
}

fn agrees(said: Timestamp, now: Timestamp) -> bool {
    said.duration_since(now).abs() <= AGREES
}

/// A clock that is not believed, in words.
pub fn clock_fault(doubt: &ClockDoubt) -> Diagnostic {
    let shows = moment(doubt.now);
    let against = match &doubt.sealed {
        Some(SealedLast {
            issue,
            schedule,
            at,
        }) => format!(
            "but issue {issue} of `{schedule}` was sealed at {}, {} later: one of the two is wrong",
            moment(*at),
            in_days(at.duration_since(doubt.now))
        ),
        None => "which is before this program was written".to_owned(),
    };
    let other = match &doubt.other {
        Some((who, at)) => format!("; {who} says {}", moment(*at)),
        None => String::new(),
    };
    Diagnostic::error(format!(
        "the clock of this machine says {shows}, {against}{other}; nothing is gathered, sealed or sent"
    ))
    .hint(
        "set the clock; if it is right as it is, `courant run --clock-is-right` says so, once: what lies ahead of it is then \
         taken for a slip of an earlier clock",
    )
}

fn set_right_words(newest: Timestamp, now: Timestamp) -> Diagnostic {
    Diagnostic::warning(format!(
        "the clock of this machine was ahead once, by up to {}: the newest of what was written down is of {}; all of that \
         counts as just past from now on",
        in_days(newest.duration_since(now)),
        moment(newest)
    ))
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

fn in_days(span: SignedDuration) -> String {
    // To the nearest.
    match (span.as_hours() + 12) / 24 {
        1 => "a day".to_owned(),
        days => format!("{days} days"),
    }
}
