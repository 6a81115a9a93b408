//! Digests are sent, outcomes recorded.
//!
//! A sealed issue and its outbox come in; messages go to the relay over SMTP, and what became of each is recorded under
//! the claim's fence, in group commits. The promise: a message is offered only after the intent to do so is durable, and
//! nothing counts as sent but what the relay answered with 2yz after the final dot. One bad reader never stops a run; a
//! relay that dislikes all of them does, with everything kept in the queue.

mod asking;
mod blame;
mod breakers;
mod connection;
mod deadlines;
mod desk;
mod dkim;
mod dns;
mod exchange;
mod feeder;
mod headers;
mod inbox;
mod judge;
mod lanes;
mod line;
mod log;
pub mod mailbox;
mod message;
mod offers;
mod outbox;
mod quoted;
mod rate;
mod relay;
mod reply;
mod report;
mod retry;
mod run;
mod stencil;
mod stop;
mod stream;
mod suspects;
mod trial;
mod worker;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::model::{
    BounceLimits, Clock, Digest, EmailAddress, Issue, IssueNumber, Reader, Reply, SealedVariant,
    SubscriberId,
};
use crate::wire;

use connection::{Ask, Envelope};
use desk::Recorder;
use dkim::Signer;
use exchange::Setback;
use feeder::{Feeder, Stock};
use lanes::Lanes;
use line::Line;
use relay::{Door, Trouble};
use run::Run;
use worker::Worker;

pub use deadlines::Deadlines;
pub use dns::{Dns, MailRoute, Published, Unanswered};
pub use lanes::{DomainLimits, REMEMBERED, Slowed};
pub use mailbox::Mailbox;
pub use message::Message;
pub use outbox::{Outbox, OutboxError, Progress, Recorded};
pub use rate::Rate;
pub use relay::RelaySettings;
pub use report::{Expected, Report, Stopped};
pub use retry::next_attempt;
pub use stencil::Stencil;
pub use stop::Stop;
pub use trial::{RelayFound, time_at, try_relay};

/// What is to be sent, and over which relay.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The sealed issue.
    pub issue: &'a Issue,
    /// All variants that its deliveries name.
    pub variants: &'a [SealedVariant],
    /// The relay.
    pub relay: &'a RelaySettings,
    /// Whether another relay is there for what this one leaves.
    pub has_successor: bool,
    /// Whether a message whose reply was lost may be sent again, twice at most; if not, it is held.
    pub resend_unknown: bool,
    /// How many readers may be refused as gone.
    pub guard: ListGuard,
    /// Who is told what comes back; without it, From's address.
    pub return_paths: Option<&'a dyn ReturnPaths>,
}

/// When so many readers are refused as gone that it is hardly true of them.
#[derive(Debug, Clone, Copy)]
pub struct ListGuard {
    /// How many are too many.
    pub limits: BounceLimits,
    /// Readers of the issue.
    pub readers: u64,
    /// Whether all of them are at one domain: then no second domain can be told the same.
    pub one_domain: bool,
}

/// Envelope senders, one a delivery.
pub trait ReturnPaths: fmt::Debug + Sync {
    /// The envelope sender of a delivery that is tried now; `None` for From's address.
    fn of(
        &self,
        issue: IssueNumber,
        subscriber: SubscriberId,
        now: Timestamp,
    ) -> Option<EmailAddress>;
}

/// Why nothing could be sent.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The mailbox cannot be opened or written.
    #[error("the mailbox `{}` cannot be used", path.display())]
    Mailbox {
        /// Its folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The store could not record.
    #[error("the outbox could not be written")]
    Outbox(#[source] OutboxError),
    /// The digest cannot become a message.
    #[error("the message {0}")]
    Message(&'static str),
    /// A DKIM key could not sign.
    #[error("the message could not be signed with the DKIM key")]
    Signing,
    /// The newsletter's address is no URL.
    #[error("`{0}` is not the address of a website")]
    Address(String),
    /// The relay's name, or our own, is no host name.
    #[error("`{0}` is not a host name")]
    ServerName(String),
    /// The extra root is no certificate.
    #[error("the extra root certificate cannot be used: {0}")]
    Root(String),
    /// The relay's address names a user, and there is no password.
    #[error("the relay wants a login as `{0}`, and there is no password")]
    PasswordMissing(String),
    /// The relay could not be reached, or broke off.
    #[error("{0}")]
    Connection(String),
    /// The relay broke off when it had the whole message, so that nobody knows whether it took it.
    #[error("{0}, so that nobody knows whether the mail was taken")]
    Unanswered(String),
    /// TLS or the login failed.
    #[error("{0}")]
    Refused(Stopped),
}

impl From<wire::Error> for Error {
    fn from(error: wire::Error) -> Self {
        match error {
            wire::Error::ServerName(name) => Self::ServerName(name),
            wire::Error::Root(why) => Self::Root(why),
        }
    }
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        match trouble.is_final() {
            Some(reason) => Self::Refused(reason),
            None => Self::Connection(trouble.to_string()),
        }
    }
}

impl Error {
    /// Whether trying again later, with nothing changed, may help.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Mailbox { .. } | Self::Outbox(_) | Self::Connection(_) | Self::Unanswered(_)
        )
    }

    /// Whether another relay may do better, and the message is certain not to have been taken.
    pub fn is_about_the_relay(&self) -> bool {
        match self {
            Self::Connection(_)
            | Self::ServerName(_)
            | Self::Root(_)
            | Self::PasswordMissing(_) => true,
            Self::Refused(reason) => reason.is_about_the_relay(),
            Self::Mailbox { .. }
            | Self::Outbox(_)
            | Self::Message(_)
            | Self::Signing
            | Self::Address(_)
            | Self::Unanswered(_) => false,
        }
    }

    /// Whether somebody must change something first.
    pub fn is_permanent(&self) -> bool {
        !self.is_transient()
    }
}

/// Sends what is queued of an issue, once each, and records what became of it.
///
/// Returns when nothing is left that is due now, or with [`Report::stopped`] when something stopped it. Deliveries that wait
/// for their pace are waited for; those that the relay put off are not: another run takes them.
///
/// # Errors
/// If the job cannot be begun, or the outbox cannot record: then what was in hand is left as it stands in the outbox.
pub async fn deliver<O: Outbox>(
    job: &Job<'_>,
    outbox: &O,
    clock: &dyn Clock,
    stop: &Stop,
    progress: &dyn Progress,
) -> Result<Report, Error> {
    let stencils = stencils(job)?;
    let door = Door::new(job.relay)?;
    let run = Run::new(job, clock, stop);
    let learnt = outbox.paces().await.map_err(Error::Outbox)?;
    run.remember_session(outbox.session().await.map_err(Error::Outbox)?);
    let moment = (clock.now(), Instant::now());
    let lanes = Lanes::new(job.relay, &learnt, job.issue.expires_at, moment);
    let (desk, asks) = asking::open();
    let signer = Signer::new(job.relay.dkim.clone());
    let connections = 0..job.relay.connections.max(1);
    let lines: Vec<_> = connections.map(|_| Line::default()).collect();
    let working = lines.iter().map(|line| {
        let (places, sender, stock) = Stock::new();
        let feeder = Feeder {
            run: &run,
            stencils: &stencils,
            signer: &signer,
            desk: desk.clone(),
            line,
            places,
            door: sender,
        };
        let worker = Worker {
            run: &run,
            door: &door,
            desk: desk.clone(),
            line,
            recorded: None,
            stock,
            connection: None,
            round_trip: Duration::ZERO,
            begun: 0,
            renewal: None,
            again: None,
            retired: false,
        };
        join(feeder.feed(), worker.work())
    });
    // Each is looked at when it has something to do, not all of them when one has.
    let workers: FuturesUnordered<_> = working.collect();
    drop(desk);
    let recorder = Recorder::new(&run, lanes, outbox, progress);
    let (_, mut report) =
        tokio::try_join!(async { Ok(workers.count().await) }, recorder.record(asks))?;
    report.stopped = run.stopped();
    Ok(report)
}

/// Sends one copy outside any outbox, and gives the relay's last word on it, be it yes or no.
///
/// # Errors
/// If the relay could not be reached, secured or logged in to, or broke off before it answered.
pub async fn send_one(
    issue: &Issue,
    digest: &Digest,
    reader: &Reader,
    relay: &RelaySettings,
) -> Result<Reply, Error> {
    let message = Stencil::new(issue, digest)?.signed_copy(reader, &relay.dkim)?;
    let from = &issue.masthead.from;
    let mut connection = Door::new(relay)?.open().await?;
    if !connection.carries(from) {
        return Err(Error::Refused(Stopped::Sender));
    }
    let envelope = Ask {
        envelope: Some(Envelope {
            from,
            to: &reader.address,
            octets: message.octets(),
            smtputf8: from.needs_smtputf8() || reader.address.needs_smtputf8(),
        }),
        data: true,
        ..Ask::default()
    };
    let body = Ask {
        body: Some(&message),
        ..Ask::default()
    };
    let ended = match connection.exchange(envelope).await.envelope {
        Some(Err(setback)) => Err(setback),
        _ => match connection.exchange(body).await.dot {
            Some(ended) => ended,
            None => Err(Setback::Lost(stream::Fault::Closed.to_string())),
        },
    };
    connection.quit().await;
    match ended {
        Ok(reply) | Err(Setback::Refused(_, reply)) => Ok(reply),
        Err(Setback::Lost(cause)) => Err(Error::Connection(cause)),
        Err(Setback::Unknown(cause)) => Err(Error::Unanswered(cause)),
    }
}

fn stencils(job: &Job<'_>) -> Result<HashMap<i64, Stencil>, Error> {
    let encoded = job.variants.iter().map(|variant| {
        let stencil = Stencil::new(job.issue, &variant.digest)?;
        Ok((variant.number, stencil))
    });
    encoded.collect()
}
