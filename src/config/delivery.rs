//! `[delivery]`: over which relays, how long it is tried, and what happens with what comes back.

use std::path::Path;

use jiff::SignedDuration;

use super::domains::{self, DomainLimits};
use super::environment::Environment;
use super::relays::read_rate;
use super::section::Section;
use super::value::Value;
use super::{RelayConfig, dkim, relays};
use crate::model::{BounceLimits, DkimKey, EmailAddress, Relay};

/// Four days: the span most mail servers retry, so that we give up when they would.
const EXPIRE: SignedDuration = SignedDuration::from_hours(96);

/// Longest local part of the bounce address: the other 52 of 64 octets are for `+` and a token (RFC 5321 §4.5.3.1.1).
const LONGEST_BOUNCES: usize = 12;

/// What to do about a bounce address that cannot be used.
const BOUNCES_HINT: &str =
    "such as `bounces@example.org`, where mail to `bounces+ANYTHING@example.org` arrives too";

/// Soft bounces in a row before a reader is suppressed, unless told.
const SOFT_BOUNCES: u32 = 5;

/// More soft bounces than anybody waits for.
const MOST_SOFT_BOUNCES: u32 = 1_000;

/// The span that soft bounces must cover, unless told: a server that is down for days costs nobody.
const SOFT_SPAN: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Percent of the readers that may be suppressed within an hour, unless told: more is a fault elsewhere.
const BOUNCE_SHARE: u32 = 5;

/// Readers that may always be suppressed within an hour: of a short list, a few are a large part.
const BOUNCES_ALWAYS: u64 = 10;

/// How mail is handed over.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Where to, in order of preference; at least one, and no two of one name.
    pub relays: Vec<RelayConfig>,
    /// What some recipient domains take; each domain stands in one of them.
    pub domains: Vec<DomainLimits>,
    /// Whether to slow down when the relay asks for it.
    pub slow_down: bool,
    /// What to do when a connection breaks before the relay's answer.
    pub on_unknown: OnUnknown,
    /// A delivery older than this is given up.
    pub expire: SignedDuration,
    /// The keys that every message is signed with.
    pub dkim: Vec<DkimKey>,
    /// Where what comes back is sent to: each mail's return path is this with a token.
    pub bounces: Option<EmailAddress>,
    /// When reports suppress a reader.
    pub bounce_limits: BounceLimits,
}

impl Delivery {
    /// The names of the relays, in order of preference.
    pub fn relay_names(&self) -> Vec<String> {
        let names = self.relays.iter().map(|one| one.relay.name());
        names.collect()
    }

    /// The place of the relay that goes by a name, or is the only one at a host.
    pub fn relay_named(&self, name: &str) -> Option<usize> {
        let at = |fits: &dyn Fn(&Relay) -> bool| {
            let mut places = (0..self.relays.len()).filter(|at| fits(&self.relays[*at].relay));
            places.next().filter(|_| places.next().is_none())
        };
        let name = name.to_ascii_lowercase();
        let is_host = |relay: &Relay| matches!(relay, Relay::Smtp(relay) if relay.host == name);
        at(&|relay| relay.name().to_ascii_lowercase() == name).or_else(|| at(&is_host))
    }
}

/// What to do when a connection breaks between the end of a message and the relay's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnUnknown {
    /// Send it again: a reader may get an issue twice.
    #[default]
    Resend,
    /// Stop and report: a reader may miss an issue.
    Hold,
}

/// Reads the section; files are relative to `root`.
pub(super) fn read(
    mut section: Section<'_>,
    root: &Path,
    environment: &Environment,
    from: Option<&EmailAddress>,
) -> Option<Delivery> {
    let relays = relays::read(&mut section, root, environment);
    let slow_down = section.or("slow_down", true, Value::boolean);
    let domains = domains::read(section.sections("domains"), read_rate);
    let on_unknown = section.or("on_unknown", OnUnknown::default(), |v| {
        v.choice(&[("resend", OnUnknown::Resend), ("hold", OnUnknown::Hold)])
    });
    let expire = section.or("expire", EXPIRE, Value::duration);
    let bounces = section.optional("bounces", |v| v.parse_or_hint(parse_bounces, BOUNCES_HINT));
    let soft = section.or("soft_bounces", SOFT_BOUNCES, |v| {
        v.whole(1..=MOST_SOFT_BOUNCES)
    });
    let span = section.or("soft_bounces_over", SOFT_SPAN, Value::duration);
    let share = section.or("bounces_at_most", BOUNCE_SHARE, |v| v.whole(1..=100));
    let dkim = dkim::read(section.sections("dkim"), root, from);
    section.finish();
    Some(Delivery {
        relays: relays?,
        domains: domains?,
        slow_down: slow_down?,
        on_unknown: on_unknown?,
        expire: expire?,
        dkim: dkim?,
        bounces,
        bounce_limits: BounceLimits {
            soft: soft?,
            span: span?,
            share: share?,
            always: BOUNCES_ALWAYS,
        },
    })
}

/// An address with room for a token in its local part.
fn parse_bounces(text: &str) -> Result<EmailAddress, &'static str> {
    let address = EmailAddress::parse(text).map_err(|_| "not an e-mail address")?;
    if address.needs_smtputf8() {
        return Err("the part before the @ must be plain letters and digits");
    }
    if address.local().len() > LONGEST_BOUNCES {
        return Err("the part before the @ is longer than 12 characters, so that no token fits");
    }
    Ok(address)
}
