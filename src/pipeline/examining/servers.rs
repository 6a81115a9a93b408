//! The servers that a run talks to, each asked as a run would.

use std::collections::HashSet;

use futures_util::future::join_all;
use jiff::Timestamp;

use super::super::returning::{inbox_fault, inbox_settings};
use super::super::sending::relay_settings;
use super::{Finding, Health, Subject, shown};
use crate::config::{self, Config, RelayConfig, Setting};
use crate::deliver::{self, RelayFound, Stopped, try_relay};
use crate::inbox::{Inbox, InboxSettings};
use crate::model::{Diagnostic, InboxPlace, Relay, SmtpRelay};
use crate::store::Store;

/// Each relay, all at the same time.
pub(super) async fn relays(config: &Config, now: Timestamp) -> Vec<Finding> {
    let relays = config.delivery.relays.iter().enumerate();
    join_all(relays.map(|(index, one)| of_relay(config, index, one, now))).await
}

async fn of_relay(config: &Config, index: usize, one: &RelayConfig, now: Timestamp) -> Finding {
    let (subject, name) = (Subject::Relay, one.relay.name());
    let relay = match &one.relay {
        Relay::Smtp(relay) => relay.clone(),
        Relay::Mailbox => {
            let said = "every mail stays on this machine, in `state/mailbox`";
            return Finding::good(subject, name, said);
        }
    };
    let settings = relay_settings(config, one, relay.clone(), now);
    let error = match try_relay(&settings, &config.newsletter.from).await {
        Ok(found) => return Finding::good(subject, name, in_words(&relay, found)),
        Err(error) => error,
    };
    let health = match &error {
        deliver::Error::Connection(_) => Health::Unavailable,
        _ => Health::Faulty,
    };
    let fault = Diagnostic::error(format!("the relay `{name}`: {error}"));
    let fault = match advice(&error) {
        Some(hint) => fault.hint(hint),
        None => fault,
    };
    let fault = config::point(config, fault, Setting::Relay(index));
    Finding::bad(subject, name, health, fault)
}

/// What to do about a relay that cannot be used.
fn advice(error: &deliver::Error) -> Option<&'static str> {
    Some(match error {
        deliver::Error::Connection(_) => {
            "are host and port right, and does a firewall let this machine out? many providers close port 25"
        }
        deliver::Error::Refused(Stopped::Tls(_)) => {
            "`smtps://` is for TLS from the first byte, mostly on port 465, `smtp://` for STARTTLS, mostly on 587; \
             `tls_root` names the certificate of an authority of your own"
        }
        deliver::Error::Refused(Stopped::Login(_)) => {
            "the user stands in the relay's address, the password in COURANT_DELIVERY__PASSWORD or `password_file`; \
             `login` says how"
        }
        _ => return None,
    })
}

fn in_words(relay: &SmtpRelay, found: RelayFound) -> String {
    let mut words = vec![match found.secure {
        true => "under TLS".to_owned(),
        false => "without TLS, on this machine".to_owned(),
    }];
    if let Some(user) = &relay.user {
        words.push(format!("logged in as {user}"));
    }
    words.push(match found.pipelining {
        true => "takes commands in groups".to_owned(),
        false => "takes one command at a time".to_owned(),
    });
    if let Some(largest) = found.largest {
        let largest = u64::try_from(largest).unwrap_or(u64::MAX);
        words.push(format!("mails of up to {}", megabytes(largest)));
    }
    words.join(", ")
}

/// Octets as people say them.
pub(super) fn megabytes(octets: u64) -> String {
    match octets {
        0..1_000_000 => format!("{} kB", octets.div_ceil(1_000)),
        1_000_000..10_000_000 => {
            let tenths = octets / 100_000;
            format!("{}.{} MB", tenths / 10, tenths % 10)
        }
        _ => format!("{} MB", octets / 1_000_000),
    }
}

/// The inbox, if there is one.
pub(super) async fn inbox(
    config: &Config,
    store: Option<&Store>,
    now: Timestamp,
) -> Option<Finding> {
    let subject = Subject::Inbox;
    let Some(place) = &config.bounces.inbox else {
        let said = "mails are piped into `courant bounces ingest -`";
        return (config.bounces.piped).then(|| Finding::good(subject, "-", said));
    };
    let name = match place {
        InboxPlace::Path(path) => shown(config, path),
        InboxPlace::Server(server) => server.to_string(),
    };
    let settings = inbox_settings(config, place.clone(), now);
    Some(match waiting(&settings, store).await {
        Ok(said) => Finding::good(subject, name, said),
        Err(error) => {
            let health = match error.is_transient() {
                true => Health::Unavailable,
                false => Health::Faulty,
            };
            let fault = Diagnostic::error(inbox_fault(&error))
                .hint("what came back waits there, and runs go on without it");
            let fault = config::point(config, fault, Setting::Inbox);
            Finding::bad(subject, name, health, fault)
        }
    })
}

/// Opens the inbox and leaves it as it is; says how much waits there.
async fn waiting(
    settings: &InboxSettings,
    store: Option<&Store>,
) -> Result<String, crate::inbox::Error> {
    let known = match (settings.memory(), store) {
        // Without its memory all mails look new, and nothing worse.
        (Some(memory), Some(store)) => store.inbox_known(&memory).await.unwrap_or_default(),
        _ => HashSet::new(),
    };
    let opened = Inbox::open(settings, &known).await?;
    let count = opened.waiting();
    opened.done(&[]).await?;
    Ok(match (&settings.place, count) {
        (InboxPlace::Path(_), _) => "can be read".to_owned(),
        (_, 0) => "logged in; nothing waits there".to_owned(),
        (_, 1) => "logged in; one mail waits for the next run".to_owned(),
        (_, many) => format!("logged in; {many} mails wait for the next run"),
    })
}
