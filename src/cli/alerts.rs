//! What an operator hears under `--quiet`, where cron mails whatever is printed: each thing once, again when it changes,
//! and its end.
//!
//! Comes in: what a command has to tell, as [`Alert`]s. Goes out: those that are news. What was told when is a
//! [`Memory`], kept in a small file below `state`, so that it also serves a run that never came to open its database.
//! Where it cannot be kept, everything is told.

mod kept;

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::print::clock;
use crate::model::Diagnostic;
pub use kept::Kept;

/// How long a refusal is told at every tick: whoever is at work sees it, and a fault of minutes mends itself.
const AT_FIRST: SignedDuration = SignedDuration::from_hours(1);

/// How often it is told after that, until it ends. A minute less than a day, so that a daily tick is never just too early.
const THEN_EVERY: SignedDuration = SignedDuration::from_mins(24 * 60 - 1);

/// Different states of one thing that are known again: more are a thing that says something else at each tick.
const STATES: usize = 50;

/// Characters of a state that count.
const LONGEST: usize = 300;

/// How a thing is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// It happened in this run: told, and not remembered.
    Event,
    /// It lasts: told once, and when it changes.
    Lasting,
    /// It keeps mail from going out: told at each tick of the first hour, then once a day.
    Refusal,
}

/// One thing to tell.
#[derive(Debug, Clone)]
pub struct Alert {
    manner: Manner,
    /// The same in every run that has to tell of this thing.
    about: String,
    /// What, where it differs, makes the thing a changed one.
    state: String,
    fault: Diagnostic,
}

impl Alert {
    /// What happened now.
    pub fn event(fault: Diagnostic) -> Self {
        Self::new(Manner::Event, "", fault)
    }

    /// What lasts.
    pub fn lasting(about: impl Into<String>, fault: Diagnostic) -> Self {
        Self::new(Manner::Lasting, about, fault)
    }

    /// What keeps mail from going out.
    pub fn refusal(about: impl Into<String>, fault: Diagnostic) -> Self {
        Self::new(Manner::Refusal, about, fault)
    }

    fn new(manner: Manner, about: impl Into<String>, fault: Diagnostic) -> Self {
        Self {
            manner,
            about: about.into(),
            state: state_of(&fault.message),
            fault,
        }
    }

    /// The same, changed only where this is.
    #[must_use]
    pub fn in_state(self, state: impl Into<String>) -> Self {
        Self {
            state: state.into(),
            ..self
        }
    }

    /// What it is about.
    pub fn about(&self) -> &str {
        &self.about
    }

    /// What is shown.
    pub fn into_fault(self) -> Diagnostic {
        self.fault
    }
}

/// A message without its figures: a count or a time that moves on makes no news.
fn state_of(message: &str) -> String {
    let mut state = String::new();
    for c in message.chars().take(LONGEST) {
        match c.is_ascii_digit() {
            true if state.ends_with('#') => {}
            true => state.push('#'),
            false => state.push(c),
        }
    }
    state
}

/// What was told, by what it is about.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Memory(BTreeMap<String, Episode>);

/// A thing that lasts, from the first time that it was told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Episode {
    since: Timestamp,
    told_at: Timestamp,
    /// Each state that was told: one that comes back is no news.
    states: Vec<String>,
    /// The newest message.
    told: String,
}

/// A thing that was told and is not over, for people and `--json`.
#[derive(Debug, Serialize)]
pub struct Told {
    /// What it is about.
    pub about: String,
    /// When it was told first.
    pub since: Timestamp,
    /// What was told last.
    pub message: String,
}

impl Memory {
    /// All that was told and is not over.
    pub fn told(&self) -> Vec<Told> {
        let told = self.0.iter().map(|(about, episode)| Told {
            about: about.clone(),
            since: episode.since,
            message: episode.told.clone(),
        });
        told.collect()
    }

    /// The alerts that are news now, in their order; all are remembered.
    pub fn news(&mut self, alerts: Vec<Alert>, now: Timestamp) -> Vec<Diagnostic> {
        // A clock that was ahead when they were told says nothing of how long ago that was.
        self.0
            .retain(|_, episode| episode.told_at.max(episode.since) <= now);
        let reminded: BTreeSet<String> = self
            .0
            .iter()
            .filter(|(_, episode)| episode.is_told_again(now))
            .map(|(about, _)| about.clone())
            .collect();
        let alerts = alerts.into_iter();
        let news = alerts.filter_map(|alert| {
            let Alert {
                manner,
                about,
                state,
                fault,
            } = alert;
            let again = manner == Manner::Refusal && reminded.contains(&about);
            let is_news = match manner {
                Manner::Event => true,
                Manner::Lasting | Manner::Refusal => {
                    let episode = self.0.entry(about).or_insert_with(|| Episode::new(now));
                    let is_news = episode.learn(state) || again;
                    if is_news {
                        episode.told_at = now;
                        episode.told.clone_from(&fault.message);
                    }
                    is_news
                }
            };
            is_news.then_some(fault)
        });
        news.collect()
    }

    /// What all that is remembered is about.
    pub fn subjects(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    /// Forgets a thing.
    pub fn forget(&mut self, about: &str) {
        self.0.remove(about);
    }

    /// Forgets a thing that is over, and says so.
    pub fn over(&mut self, about: &str, zone: &TimeZone) -> Option<String> {
        let Episode { since, told, .. } = self.0.remove(about)?;
        let since = clock(since, zone);
        Some(format!("this is over: {told} (since {since})"))
    }

    /// Forgets the states of a thing that none of these alerts is in.
    pub fn keep_only(&mut self, about: &str, alerts: &[Alert]) {
        let Some(episode) = self.0.get_mut(about) else {
            return;
        };
        let is_told = |state: &String| alerts.iter().any(|a| a.about == about && a.state == *state);
        episode.states.retain(is_told);
        if episode.states.is_empty() {
            self.0.remove(about);
        }
    }
}

impl Episode {
    fn new(now: Timestamp) -> Self {
        Self {
            since: now,
            told_at: now,
            states: vec![],
            told: String::new(),
        }
    }

    /// Whether a refusal is told although nothing has changed.
    fn is_told_again(&self, now: Timestamp) -> bool {
        now.duration_since(self.since) < AT_FIRST || now.duration_since(self.told_at) >= THEN_EVERY
    }

    /// Remembers a state; true if it was not known.
    fn learn(&mut self, state: String) -> bool {
        let is_new = !self.states.contains(&state);
        if is_new {
            if self.states.len() == STATES {
                self.states.remove(0);
            }
            self.states.push(state);
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        let start: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        start + SignedDuration::from_mins(minutes)
    }

    /// What is told of these alerts at a time.
    fn told(memory: &mut Memory, minutes: i64, alerts: &[Alert]) -> Vec<String> {
        let news = memory.news(alerts.to_vec(), at(minutes));
        news.into_iter().map(|fault| fault.message).collect()
    }

    fn refusal(message: &str) -> Alert {
        Alert::refusal("run", Diagnostic::error(message))
    }

    fn lasting(message: &str) -> Alert {
        Alert::lasting("readers", Diagnostic::error(message))
    }

    #[test]
    fn what_lasts_is_told_once_and_when_it_changes() {
        let mut memory = Memory::default();
        let one = [lasting("entry 3 has no address")];
        assert_eq!(told(&mut memory, 0, &one).len(), 1);
        assert_eq!(told(&mut memory, 5, &one), [""; 0]);
        assert_eq!(told(&mut memory, 3 * 24 * 60, &one), [""; 0]);
        // A figure that moves is no change; other words are, once.
        assert_eq!(
            told(&mut memory, 10, &[lasting("entry 14 has no address")]),
            [""; 0]
        );
        let two = [one[0].clone(), lasting("`jan` is no address")];
        assert_eq!(told(&mut memory, 15, &two), ["`jan` is no address"]);
        assert_eq!(told(&mut memory, 20, &two), [""; 0]);
        assert_eq!(told(&mut memory, 25, &one), [""; 0]);
    }

    #[test]
    fn a_refusal_is_told_for_an_hour_and_then_daily() {
        let mut memory = Memory::default();
        let ticks = (0..4 * 24 * 12).map(|tick| tick * 5);
        let told: Vec<i64> = ticks
            .filter(|minutes| !told(&mut memory, *minutes, &[refusal("no relay")]).is_empty())
            .collect();
        let first_hour: Vec<i64> = (0..12).map(|tick| tick * 5).collect();
        assert_eq!(told[..12], first_hour);
        let days = [55 + 1440, 55 + 2 * 1440, 55 + 3 * 1440];
        assert_eq!(told[12..], days);
    }

    #[test]
    fn all_faults_of_a_refusal_are_told_again_together() {
        let mut memory = Memory::default();
        let both = [refusal("one"), refusal("other")];
        for (minutes, count) in [(0, 2), (30, 2), (60, 0), (30 + 1440, 2), (35 + 1440, 0)] {
            assert_eq!(told(&mut memory, minutes, &both).len(), count, "{minutes}");
        }
    }

    #[test]
    fn what_is_over_is_told_with_its_begin_and_news_again_when_it_comes_back() {
        let mut memory = Memory::default();
        told(&mut memory, 0, &[refusal("no relay")]);
        assert_eq!(memory.subjects(), ["run"]);
        let over = memory.over("run", &TimeZone::UTC).unwrap();
        assert_eq!(over, "this is over: no relay (since 2026-11-23 08:00 UTC)");
        assert!(memory.over("run", &TimeZone::UTC).is_none());
        assert_eq!(told(&mut memory, 300, &[refusal("no relay")]).len(), 1);
    }

    #[test]
    fn an_event_is_told_whenever_it_happens() {
        let mut memory = Memory::default();
        let missed = [Alert::event(Diagnostic::warning("missed"))];
        for minutes in [0, 5] {
            assert_eq!(told(&mut memory, minutes, &missed), ["missed"]);
        }
        assert_eq!(memory, Memory::default());
    }

    #[test]
    fn a_clock_that_was_ahead_silences_nothing() {
        let mut memory = Memory::default();
        let a_year = 365 * 24 * 60;
        told(&mut memory, a_year, &[refusal("no relay")]);
        told(&mut memory, a_year + 90, &[refusal("no relay")]);
        for minutes in [0, 5] {
            assert_eq!(
                told(&mut memory, minutes, &[refusal("no relay")]).len(),
                1,
                "{minutes}"
            );
        }
    }

    #[test]
    fn states_that_are_gone_are_forgotten() {
        let mut memory = Memory::default();
        let (one, other) = (lasting("one"), lasting("other"));
        told(&mut memory, 0, &[one.clone(), other.clone()]);
        memory.keep_only("readers", std::slice::from_ref(&one));
        assert_eq!(told(&mut memory, 5, &[one, other]), ["other"]);
        memory.keep_only("readers", &[]);
        assert_eq!(memory, Memory::default());
    }
}
