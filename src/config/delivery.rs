//! `[delivery]`: over which relay, how fast, and where its password comes from.
//!
//! The password is never a setting: it comes from `COURANT_DELIVERY__PASSWORD`, else from `password_file`, else from
//! the credentials that systemd passes (`$CREDENTIALS_DIRECTORY/delivery-password`).

use std::path::Path;

use jiff::SignedDuration;
use secrecy::SecretString;

use super::dkim;
use super::domains::{self, DomainLimits};
use super::environment::Environment;
use super::files::{read_text, why};
use super::section::Section;
use super::value::Value;
use crate::model::{BounceLimits, DkimKey, EmailAddress, Login, Relay, SmtpRelay};
use crate::schedule::parse_duration;

/// Four days: the span most mail servers retry, so that we give up when they would.
const EXPIRE: SignedDuration = SignedDuration::from_hours(96);

/// Connections to a relay at once, unless told: few enough for a small provider's limit.
const CONNECTIONS: u32 = 4;

/// More connections than any relay asks for.
const MOST_CONNECTIONS: u32 = 256;

/// Messages over one connection, unless told: below the 1,000 at which many relays hang up.
const MESSAGES: u32 = 500;

/// More messages than any relay takes over one connection.
const MOST_MESSAGES: u32 = 1_000_000;

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

/// Percent of the readers that reports may suppress within an hour, unless told: more is a fault elsewhere.
const BOUNCE_SHARE: u32 = 10;

/// The name of the credential that systemd passes.
const CREDENTIAL: &str = "delivery-password";

/// Permission bits by which others than the owner may read a file.
#[cfg(unix)]
const READABLE_BY_OTHERS: u32 = 0o044;

/// How mail is handed over.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Where to.
    pub relay: Relay,
    /// The password of the relay's user; always there if the relay has a user.
    pub password: Option<SecretString>,
    /// At most this many messages in this span.
    pub rate: Option<(u32, SignedDuration)>,
    /// What some recipient domains take; each domain stands in one of them.
    pub domains: Vec<DomainLimits>,
    /// Whether to slow down when the relay asks for it.
    pub slow_down: bool,
    /// Connections at once, from 1.
    pub connections: usize,
    /// What to do when a connection breaks before the relay's answer.
    pub on_unknown: OnUnknown,
    /// A delivery older than this is given up.
    pub expire: SignedDuration,
    /// How to log in; `None` is as the relay offers, PLAIN first.
    pub login: Option<Login>,
    /// Messages over one connection, from 1.
    pub messages_per_connection: u32,
    /// The keys that every message is signed with.
    pub dkim: Vec<DkimKey>,
    /// Where what comes back is sent to: each mail's return path is this with a token.
    pub bounces: Option<EmailAddress>,
    /// When reports suppress a reader.
    pub bounce_limits: BounceLimits,
    /// The name to greet with (EHLO) in the place of the machine's.
    pub hello: Option<String>,
    /// The root certificate of a relay's private authority, in PEM form.
    pub tls_root: Option<Vec<u8>>,
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
    section.refuse(
        "password",
        "a password does not belong in this file",
        "put it alone in a file and name that with `password_file`, or set COURANT_DELIVERY__PASSWORD",
    );
    let password = read_password(&mut section, root, environment);
    let relay = section.or("relay", Relay::Mailbox, |v| read_relay(v, &password));
    let rate = section.or("rate", None, read_rate);
    let slow_down = section.or("slow_down", true, Value::boolean);
    let domains = domains::read(section.sections("domains"), read_rate);
    let connections = section.or("connections", CONNECTIONS, |v| {
        v.whole(1..=MOST_CONNECTIONS)
    });
    let messages = section.or("messages_per_connection", MESSAGES, |v| {
        v.whole(1..=MOST_MESSAGES)
    });
    let login = section.or("login", None, |v| {
        let login = v.choice(&[
            ("plain", Login::Plain),
            ("login", Login::Login),
            ("xoauth2", Login::Xoauth2),
        ])?;
        Some(Some(login))
    });
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
    let hello = section.optional("hello", |v| v.parse(parse_hello));
    let tls_root = section.optional("tls_root", |v| read_certificate(v, root));
    let dkim = dkim::read(section.sections("dkim"), root, from);
    section.finish();
    Some(Delivery {
        relay: relay?,
        password: password.into_secret(),
        rate: rate?,
        domains: domains?,
        slow_down: slow_down?,
        connections: usize::try_from(connections?).ok()?,
        on_unknown: on_unknown?,
        expire: expire?,
        login: login?,
        messages_per_connection: messages?,
        dkim: dkim?,
        bounces,
        bounce_limits: BounceLimits {
            soft: soft?,
            span: span?,
            share: share?,
        },
        hello,
        tls_root,
    })
}

/// What was found of the password.
enum Password {
    Found(SecretString),
    /// Looked for in vain.
    Absent,
    /// A file was named and is of no use: that was reported.
    Faulty,
}

impl Password {
    fn into_secret(self) -> Option<SecretString> {
        match self {
            Self::Found(secret) => Some(secret),
            Self::Absent | Self::Faulty => None,
        }
    }
}

fn read_password(section: &mut Section<'_>, root: &Path, environment: &Environment) -> Password {
    let named = section.get("password_file");
    if let Some(secret) = environment.password() {
        return Password::Found(secret);
    }
    if let Some(value) = named {
        return read_password_file(&value, root).map_or(Password::Faulty, Password::Found);
    }
    let credential = environment.get("CREDENTIALS_DIRECTORY").and_then(|folder| {
        let path = Path::new(folder).join(CREDENTIAL);
        std::fs::read_to_string(path).ok()
    });
    match credential.as_deref().map(str::trim_end) {
        None | Some("") => Password::Absent,
        Some(secret) => Password::Found(SecretString::from(secret)),
    }
}

fn read_password_file(value: &Value<'_>, root: &Path) -> Option<SecretString> {
    let typed = value.line_of_text()?;
    let path = root.join(&typed);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            value.report(
                format!(
                    "cannot read the password file `{typed}`: {}",
                    why(&path, &error)
                ),
                None,
            );
            return None;
        }
    };
    warn_if_open(value, &path, &typed, "the password file");
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        value.report(format!("the password file `{typed}` is empty"), None);
        return None;
    }
    Some(SecretString::from(secret))
}

#[cfg(unix)]
pub(super) fn warn_if_open(value: &Value<'_>, path: &Path, typed: &str, what: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let open = std::fs::metadata(path)
        .is_ok_and(|data| data.permissions().mode() & READABLE_BY_OTHERS != 0);
    if open {
        value.warn(
            format!("other users can read {what} `{typed}`"),
            format!("`chmod 600 {typed}`"),
        );
    }
}

#[cfg(not(unix))]
pub(super) fn warn_if_open(_value: &Value<'_>, _path: &Path, _typed: &str, _what: &str) {}

/// A relay, and a password if it has a user.
fn read_relay(value: &Value<'_>, password: &Password) -> Option<Relay> {
    let relay = value.parse(Relay::parse)?;
    if let Relay::Smtp(SmtpRelay {
        user: Some(user), ..
    }) = &relay
        && matches!(password, Password::Absent)
    {
        let hint = "set `password_file` to a file that holds it, or COURANT_DELIVERY__PASSWORD";
        value.report(
            format!("the password of `{user}` at this relay is missing"),
            Some(hint.to_owned()),
        );
        return None;
    }
    Some(relay)
}

fn read_rate(value: &Value<'_>) -> Option<Option<(u32, SignedDuration)>> {
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

/// A domain name or an address literal (RFC 5321 §4.1.1.1).
fn parse_hello(text: &str) -> Result<String, &'static str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '[' | ']' | ':');
    if !text.is_empty() && text.chars().all(fits) {
        Ok(text.to_owned())
    } else {
        Err("write the name of this machine, such as `news.example.org`")
    }
}

fn read_certificate(value: &Value<'_>, root: &Path) -> Option<Vec<u8>> {
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
