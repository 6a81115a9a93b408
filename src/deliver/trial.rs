//! Opens one connection to a relay as a run would, and sends nothing over it; or only hears what time it is there.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;

use super::deadlines::Deadlines;
use super::relay::{Door, RelaySettings};
use super::{Error, Stopped};
use crate::model::EmailAddress;

/// How long a relay may take for a step while somebody waits for the answer; a run has the patience of RFC 5321.
const PATIENCE: Duration = Duration::from_secs(30);

/// The words of a date with the name of its day and the zone: `Mon, 7 Dec 2026 12:00:05 +0000`.
const DATE_WORDS: usize = 6;

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
    let settings = impatient(settings);
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

/// What time it is at a relay: Exim, Sendmail and Exchange say so in their greeting. `None` where it says nothing of the kind,
/// or cannot be reached.
pub async fn time_at(settings: &RelaySettings) -> Option<Timestamp> {
    let settings = impatient(settings);
    let greeting = Door::new(&settings).ok()?.greeting().await.ok()?;
    time_in(&greeting)
}

/// A date and time in the form of a mail (RFC 5322 §3.3), wherever it stands in a greeting.
fn time_in(greeting: &str) -> Option<Timestamp> {
    let words: Vec<&str> = greeting.split_whitespace().collect();
    let dates = words.windows(DATE_WORDS).map(|words| words.join(" "));
    dates
        .filter_map(|date| rfc2822::parse(&date).ok())
        .map(|date| date.timestamp())
        .next()
}

fn impatient(settings: &RelaySettings) -> RelaySettings {
    let ordinary = settings.deadlines;
    RelaySettings {
        deadlines: Deadlines {
            connect: ordinary.connect.min(PATIENCE),
            greeting: ordinary.greeting.min(PATIENCE),
            command: ordinary.command.min(PATIENCE),
            ..ordinary
        },
        ..settings.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_found_in_greetings_that_tell_it() {
        let noon = Some("2026-12-07T12:00:05Z".parse().unwrap());
        for (greeting, expected) in [
            (
                "220 mx.example.nl ESMTP Exim 4.96 Mon, 07 Dec 2026 13:00:05 +0100\r\n",
                noon,
            ),
            (
                "220 mx ESMTP Sendmail 8.17.1/8.17.1; Mon, 7 Dec 2026 12:00:05 GMT",
                noon,
            ),
            (
                "220 AM0.outlook.example Microsoft ESMTP MAIL Service ready at Mon, 7 Dec 2026 12:00:05 +0000 [08DE]",
                noon,
            ),
            (
                "220-mx.example.nl\r\n220 ready Mon, 7 Dec 2026 12:00:05 +0000",
                noon,
            ),
            ("220 mail.example.nl ESMTP Postfix (Debian)", None),
            ("220 mx.example.nl ESMTP 7 Dec 2026", None),
            ("", None),
        ] {
            assert_eq!(time_in(greeting), expected, "{greeting}");
        }
    }
}
