//! The doctor's round: everything that the next run will need is asked for now, and nothing is sent.
//!
//! Database, secret and due times here; keys and the sender's domain in DNS; each relay and the inbox up to their login; the
//! page on which readers leave. Each of them gives findings, whatever becomes of the others.

mod logins;
mod names;
mod owners;
mod servers;
mod site;
mod state;

use std::net::SocketAddr;
use std::path::Path;

use futures_util::future::join3;
use serde::Serialize;

use super::{Fault, World};
use crate::config::Config;
use crate::deliver::Dns;
use crate::model::{Diagnostic, Relay};
use crate::store::Store;

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// The newsletter's files.
    Newsletter,
    /// The database.
    Database,
    /// The clock of this machine.
    Clock,
    /// The secret that signs links.
    Secret,
    /// What outlives the database.
    Journal,
    /// A schedule.
    Schedule,
    /// A DKIM key.
    Key,
    /// Who may send in the name of a domain.
    Spf,
    /// What receivers are told to do with mail in the name of a domain that proves nothing.
    Dmarc,
    /// Whether mail to a domain can arrive.
    Mail,
    /// A login at a mail provider.
    Login,
    /// A relay.
    Relay,
    /// The inbox for what comes back.
    Inbox,
    /// The newsletter's address on the web.
    Site,
    /// Whose the files are that runs write.
    Files,
}

impl Subject {
    /// Its name, for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Newsletter => "newsletter",
            Self::Database => "database",
            Self::Clock => "clock",
            Self::Secret => "secret",
            Self::Journal => "journal",
            Self::Schedule => "schedule",
            Self::Key => "key",
            Self::Spf => "SPF",
            Self::Dmarc => "DMARC",
            Self::Mail => "mail",
            Self::Login => "login",
            Self::Relay => "relay",
            Self::Inbox => "inbox",
            Self::Site => "site",
            Self::Files => "files",
        }
    }
}

/// How it stands with what was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Good,
    /// A run will do, and somebody should look.
    Doubtful,
    /// Somebody must change something.
    Faulty,
    /// It is not there, or broken.
    Unavailable,
    /// Whoever knows did not answer.
    Unknown,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Of what.
    pub subject: Subject,
    /// Which of them.
    pub name: String,
    /// How it stands.
    pub health: Health,
    /// What there is to say, in a clause.
    pub said: String,
    /// What is wrong and what to do, where it is not good.
    pub fault: Option<Diagnostic>,
}

impl Finding {
    /// That all is well.
    pub fn good(subject: Subject, name: impl Into<String>, said: impl Into<String>) -> Self {
        Self {
            subject,
            name: name.into(),
            health: Health::Good,
            said: said.into(),
            fault: None,
        }
    }

    /// That something is not.
    pub fn bad(
        subject: Subject,
        name: impl Into<String>,
        health: Health,
        fault: Diagnostic,
    ) -> Self {
        Self {
            subject,
            name: name.into(),
            health,
            said: fault.message.clone(),
            fault: Some(fault),
        }
    }
}

/// Looks at all that a run needs beside the newsletter's files, in the order of [`Subject`]. DNS is asked at `name_server`,
/// or at the system's; `crontab` is the line that makes runs. Writes and sends nothing; logs in at relays and inbox.
///
/// # Errors
/// If the program itself is at fault.
pub async fn examine(
    config: &Config,
    store: Option<&Store>,
    name_server: Option<SocketAddr>,
    crontab: &str,
    world: &World<'_>,
) -> Result<Vec<Finding>, Fault> {
    let now = world.clock.now();
    let mut found = state::database(config, store).await;
    found.extend(state::clock(store, now).await);
    found.push(state::secret(config, store).await);
    // What a broken database does not know says nothing.
    let is_whole = found.iter().all(|finding| finding.health == Health::Good);
    let held_against = store.filter(|_| is_whole);
    found.extend(state::journal(config, held_against).await);
    found.extend(state::schedules(config, store, crontab, now).await);
    found.extend(owners::files(config));
    let leaves = leaves_this_machine(config);
    let names = async {
        if config.delivery.dkim.is_empty() && !leaves {
            return vec![];
        }
        match Dns::new(name_server) {
            Ok(dns) => names::examine(config, &dns, leaves).await,
            Err(why) => vec![names::unanswered(config, &why)],
        }
    };
    let site = async {
        match leaves && config.newsletter.leaving.has_page() {
            true => site::site(config, world).await.map(Some),
            false => Ok(None),
        }
    };
    let (names, (relays, inbox), site) = join3(
        names,
        async {
            let inbox = servers::inbox(config, store, now);
            futures_util::future::join(servers::relays(config, now), inbox).await
        },
        site,
    )
    .await;
    found.extend(names);
    found.extend(logins::examine(config, now));
    found.extend(relays);
    found.extend(inbox);
    found.extend(site?);
    Ok(found)
}

/// Whether any mail goes further than the embedded mailbox.
fn leaves_this_machine(config: &Config) -> bool {
    let mut relays = config.delivery.relays.iter();
    relays.any(|one| one.relay != Relay::Mailbox)
}

/// A path as it stands below the newsletter's folder.
fn shown(config: &Config, path: &Path) -> String {
    let short = path.strip_prefix(&config.root).unwrap_or(path);
    short.display().to_string()
}
