//! Opens one connection to a relay as a run would, and sends nothing over it.

use std::time::Duration;

use super::deadlines::Deadlines;
use super::relay::{Door, RelaySettings};
use super::{Error, Stopped};
use crate::model::EmailAddress;

/// How long a relay may take for a step while somebody waits for the answer; a run has the patience of RFC 5321.
const PATIENCE: Duration = Duration::from_secs(30);

/// A relay that was reached, secured and logged in to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayFound {
    /// Whether the connection is under TLS.
    pub secure: bool,
    /// Whether commands may be sent in groups (RFC 2920): then a mail costs one round trip.
    pub pipelining: bool,
    /// The largest message that it takes, in octets, where it names one (RFC 1870).
    pub largest: Option<usize>,
}

/// Reaches a relay, secures the connection, logs in where it has a user, and leaves.
///
/// # Errors
/// Whatever would keep a run from offering it mail from `sender`.
pub async fn try_relay(
    settings: &RelaySettings,
    sender: &EmailAddress,
) -> Result<RelayFound, Error> {
    let ordinary = settings.deadlines;
    let settings = RelaySettings {
        deadlines: Deadlines {
            connect: ordinary.connect.min(PATIENCE),
            greeting: ordinary.greeting.min(PATIENCE),
            command: ordinary.command.min(PATIENCE),
            ..ordinary
        },
        ..settings.clone()
    };
    let connection = Door::new(&settings)?.open().await?;
    let (offers, carries) = (connection.offers(), connection.carries(sender));
    let found = RelayFound {
        secure: connection.is_secure(),
        pipelining: offers.pipelining,
        largest: offers.largest,
    };
    connection.quit().await;
    match carries {
        true => Ok(found),
        false => Err(Error::Refused(Stopped::Sender)),
    }
}
