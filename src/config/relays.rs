//! `relay` of `[delivery]`: over which relays mail goes, in order of preference, and how each of them is treated.
//!
//! One address, a list of addresses, or tables `[[delivery.relay]]`; what a table does not say is as `[delivery]` says. The
//! password is never a setting: it comes from a relay's own `password_credential` or `password_file`; else from
//! `COURANT_DELIVERY__PASSWORD`, from what `[delivery]` names in the same way, or from the credential of systemd's that is
//! called `delivery-password`.

use std::path::Path;

use jiff::SignedDuration;
use secrecy::SecretString;

use super::environment::Environment;
use super::files::read_text;
use super::password::{self, Password};
use super::section::Section;
use super::value::Value;
use crate::model::{Caps, Login, Relay, SmtpRelay, WarmUp};
use crate::schedule::parse_duration;

/// Connections to a relay at once, unless told: few enough for a small provider's limit.
const CONNECTIONS: u32 = 4;

/// More connections than any relay asks for.
const MOST_CONNECTIONS: u32 = 256;

/// Messages over one connection, unless told: below the 1,000 at which many relays hang up.
const MESSAGES: u32 = 500;

/// More messages than any relay takes over one connection.
const MOST_MESSAGES: u32 = 1_000_000;

/// A day's messages beyond which no cap is worth counting.
const MOST_A_DAY: u32 = 1_000_000_000;

/// A warm-up as it is unless told: what providers advise for an address that nobody has had mail from.
const WARM_UP: WarmUp = WarmUp {
    first_day: 50,
    factor: 2.0,
    until: 20_000,
};

/// The bounds of a warm-up's factor: less grows too slowly to end, more is no warm-up.
const FACTORS: std::ops::RangeInclusive<f64> = 1.1..=10.0;

/// A relay, and how it is treated.
#[derive(Debug, Clone)]
pub struct RelayConfig {
    /// Where it is.
    pub relay: Relay,
    /// The password of the relay's user; always there if the relay has a user.
    pub password: Option<SecretString>,
    /// How to log in; `None` is as the relay offers, PLAIN first.
    pub login: Option<Login>,
    /// The login of `courant login` whose access token stands in the password's place.
    pub oauth: Option<String>,
    /// At most this many messages in this span.
    pub rate: Option<(u32, SignedDuration)>,
    /// Connections at once, from 1.
    pub connections: usize,
    /// Messages over one connection, from 1.
    pub messages_per_connection: u32,
    /// How many messages it may be given in 24 hours.
    pub caps: Caps,
    /// The name to greet with (EHLO) in the place of the machine's.
    pub hello: Option<String>,
    /// The root certificate of a relay's private authority, in PEM form.
    pub tls_root: Option<Vec<u8>>,
}

/// Reads the relays and what `[delivery]` says of all of them; files are relative to `root`.
pub(super) fn read(
    section: &mut Section<'_>,
    root: &Path,
    environment: &Environment,
) -> Option<Vec<RelayConfig>> {
    let shared = password::read(section, root, environment);
    let value = section.get("relay");
    let ordinary = RelayConfig {
        relay: Relay::Mailbox,
        password: None,
        login: None,
        oauth: None,
        rate: None,
        connections: usize::try_from(CONNECTIONS).unwrap_or(1),
        messages_per_connection: MESSAGES,
        caps: Caps::default(),
        hello: None,
        tls_root: None,
    };
    let general = read_manner(section, root, &ordinary);
    let Some(value) = value else {
        return general.map(|general| vec![general]);
    };
    // All are read, so that the faults of all are found.
    let items = value.items();
    let read: Vec<_> = items
        .iter()
        .map(|item| {
            let reading = Reading {
                root,
                environment,
                shared: &shared,
                general: general.as_ref().unwrap_or(&ordinary),
            };
            Some((reading.relay(item)?, item))
        })
        .collect();
    let relays: Vec<_> = read.into_iter().collect::<Option<_>>()?;
    general?;
    if relays.is_empty() {
        let hint = "write `mailbox`, or an address such as `smtps://user@host`";
        value.report("`relay` names no relay", Some(hint.to_owned()));
        return None;
    }
    if !fit_together(&relays) {
        return None;
    }
    warn_of_strange_pairs(&relays);
    Some(relays.into_iter().map(|(named, _)| named.config).collect())
}

/// A relay as it was read.
struct Named {
    config: RelayConfig,
    /// Whether its password is the one that all share.
    shares_password: bool,
}

/// What the relays of a list have in common.
struct Reading<'r> {
    root: &'r Path,
    environment: &'r Environment,
    shared: &'r Password,
    general: &'r RelayConfig,
}

impl Reading<'_> {
    /// An address, or a table with one.
    fn relay(&self, value: &Value<'_>) -> Option<Named> {
        let Some(mut section) = Section::of(value, "[[delivery.relay]]") else {
            return self.with_password(value, None, self.general.clone());
        };
        section.refuse_secret("password", password::MISPLACED, password::MISPLACED_HINT);
        let url = section.required("url", |v| Some(*v));
        let own = password::read_own(&mut section, self.root, self.environment);
        let config = read_manner(&mut section, self.root, self.general);
        section.finish();
        self.with_password(&url?, own, config?)
    }

    /// The relay at this address, with its own password or the shared one.
    fn with_password(
        &self,
        url: &Value<'_>,
        own: Option<Password>,
        config: RelayConfig,
    ) -> Option<Named> {
        let relay = url.parse(Relay::parse)?;
        let shares_password = own.is_none();
        let password = own.as_ref().unwrap_or(self.shared);
        let user = match &relay {
            Relay::Smtp(SmtpRelay { user, .. }) => user.as_ref(),
            Relay::Mailbox => None,
        };
        let secret = match (user, password) {
            (None, _) => None,
            // Its tokens are the secret.
            (Some(_), _) if config.oauth.is_some() => None,
            (Some(_), Password::Found(secret)) => Some(secret.clone()),
            (Some(user), Password::Absent) => {
                let hint =
                    "set `password_file` to a file that holds it, or COURANT_DELIVERY__PASSWORD";
                url.report(
                    format!("the password of `{user}` at this relay is missing"),
                    Some(hint.to_owned()),
                );
                return None;
            }
            (Some(_), Password::Faulty) => return None,
        };
        let config = RelayConfig {
            relay,
            password: secret,
            ..config
        };
        Some(Named {
            config,
            shares_password,
        })
    }
}

/// How relays are treated, or one of them; what the section does not say is as before.
fn read_manner(
    section: &mut Section<'_>,
    root: &Path,
    before: &RelayConfig,
) -> Option<RelayConfig> {
    let rate = section.or("rate", before.rate, |v| read_rate(v));
    let connections = section.or("connections", before.connections, |v| {
        usize::try_from(v.whole(1..=MOST_CONNECTIONS)?).ok()
    });
    let messages = section.or(
        "messages_per_connection",
        before.messages_per_connection,
        |v| v.whole(1..=MOST_MESSAGES),
    );
    let login = section.or("login", before.login, |v| read_login(v).map(Some));
    let oauth = section.or("oauth", before.oauth.clone(), |v| read_oauth(v).map(Some));
    let per_day = section.or("per_day", before.caps.per_day, |v| {
        v.whole(1..=MOST_A_DAY).map(Some)
    });
    let warm_up = section.or("warm_up", before.caps.warm_up, read_warm_up);
    let hello = section.or("hello", before.hello.clone(), |v| {
        v.parse(parse_hello).map(Some)
    });
    let tls_root = section.or("tls_root", before.tls_root.clone(), |v| {
        read_certificate(v, root).map(Some)
    });
    Some(RelayConfig {
        rate: rate?,
        connections: connections?,
        messages_per_connection: messages?,
        login: login?,
        oauth: oauth?,
        caps: Caps {
            per_day: per_day?,
            warm_up: warm_up?,
        },
        hello: hello?,
        tls_root: tls_root?,
        ..before.clone()
    })
}

/// The name of a login that `courant login` made: small letters, digits and hyphens.
pub(super) fn read_oauth(value: &Value<'_>) -> Option<String> {
    let hint = "it is the NAME of `courant login microsoft NAME` or its like";
    value.parse_or_hint(
        |text| {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            match !text.is_empty() && text.len() <= 40 && text.chars().all(fits) {
                true => Ok(text.to_owned()),
                false => Err("not the name of a login"),
            }
        },
        hint,
    )
}

/// How to log in.
pub(super) fn read_login(value: &Value<'_>) -> Option<Login> {
    value.choice(&[
        ("plain", Login::Plain),
        ("login", Login::Login),
        ("xoauth2", Login::Xoauth2),
        ("oauthbearer", Login::OauthBearer),
    ])
}

/// `true`, `false`, or a table.
fn read_warm_up(value: &Value<'_>) -> Option<Option<WarmUp>> {
    let Some(mut section) = Section::of(value, "warm_up") else {
        return value.boolean().map(|wanted| wanted.then_some(WARM_UP));
    };
    let first_day = section.or("first_day", WARM_UP.first_day, |v| v.whole(1..=MOST_A_DAY));
    let factor = section.or("factor", WARM_UP.factor, |v| v.number(FACTORS));
    let until = section.or("until", WARM_UP.until, |v| v.whole(1..=MOST_A_DAY));
    section.finish();
    Some(Some(WarmUp {
        first_day: first_day?,
        factor: factor?,
        until: until?,
    }))
}

/// The mailbox stands alone, and no account is named twice: each counts by itself.
fn fit_together(relays: &[(Named, &Value<'_>)]) -> bool {
    let mut fit = true;
    for (index, (named, value)) in relays.iter().enumerate() {
        let relay = &named.config.relay;
        if relays.len() > 1 && *relay == Relay::Mailbox {
            let hint = "it takes every mail: name it alone, or take it out";
            value.report(
                "the mailbox is no relay among others",
                Some(hint.to_owned()),
            );
            fit = false;
        }
        let name = relay.name();
        let mut earlier = relays[..index].iter();
        if earlier.any(|(other, _)| other.config.relay.name() == name) {
            let hint = "what it carries is counted by this name: take one of them out";
            value.report(format!("`{name}` is named twice"), Some(hint.to_owned()));
            fit = false;
        }
    }
    fit
}

/// Two that may be one, or that should not share a password.
fn warn_of_strange_pairs(relays: &[(Named, &Value<'_>)]) {
    for (index, (named, value)) in relays.iter().enumerate() {
        let Relay::Smtp(this) = &named.config.relay else {
            continue;
        };
        let earlier = relays[..index].iter().filter_map(|(other, _)| {
            let Relay::Smtp(relay) = &other.config.relay else {
                return None;
            };
            Some((other, relay))
        });
        for (other, relay) in earlier {
            let same_user = this.user.is_some() && relay.user == this.user;
            if relay.host == this.host && same_user {
                if named.config.caps.are_set() || other.config.caps.are_set() {
                    let hint = "each is counted by itself: give each its part of what the account may carry";
                    value.warn(
                        format!("the account at `{}` is named under two ports", this.host),
                        hint.to_owned(),
                    );
                }
            } else if named.shares_password
                && other.shares_password
                && this.user.is_some()
                && relay.user.is_some()
                && relay.host != this.host
            {
                value.warn(
                    format!(
                        "`{}` and `{}` are given the same password",
                        relay.host, this.host
                    ),
                    "write `[[delivery.relay]]` tables, each with a `password_file` of its own"
                        .to_owned(),
                );
            }
        }
    }
}

/// A rate, or none.
pub(super) fn read_rate(value: &Value<'_>) -> Option<Option<(u32, SignedDuration)>> {
    value.parse_or_hint(parse_rate, "write it as `100/min`")
}

/// `100/min`: a count and a unit of time.
fn parse_rate(text: &str) -> Result<Option<(u32, SignedDuration)>, &'static str> {
    const FAULT: &str = "not a rate";
    let (count, unit) = text.split_once('/').ok_or(FAULT)?;
    let count: u32 = count.trim().parse().map_err(|_| FAULT)?;
    let per = parse_duration(&format!("1 {}", unit.trim())).map_err(|_| FAULT)?;
    if count == 0 {
        return Err("a rate of 0 would send nothing");
    }
    Ok(Some((count, per)))
}

/// A domain name or an address literal (RFC 5321 §4.1.1.1).
fn parse_hello(text: &str) -> Result<String, &'static str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '[' | ']' | ':');
    if !text.is_empty() && text.chars().all(fits) {
        Ok(text.to_owned())
    } else {
        Err("write the name of this machine, such as `news.example.org`")
    }
}

pub(super) fn read_certificate(value: &Value<'_>, root: &Path) -> Option<Vec<u8>> {
    let typed = value.line_of_text()?;
    let path = root.join(&typed);
    match read_text(&path, Path::new(&typed)) {
        Ok(text) if text.contains("BEGIN CERTIFICATE") => Some(text.into_bytes()),
        Ok(_) => {
            value.report(format!("`{typed}` holds no certificate in PEM form"), None);
            None
        }
        Err(fault) => {
            value.report(fault.message, fault.hint);
            None
        }
    }
}
