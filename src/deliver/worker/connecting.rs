//! How a connection comes about: the one at hand, or a new one, if a message may be offered over it now.
//!
//! A relay takes so many messages over one connection, and so many connections at the same time. Where it refuses the next
//! message, a new connection is tried before anything is said of the reader; where it refuses one more connection while
//! another is open, this worker goes home, and the others go on.

use std::time::Duration;

use tokio::time::sleep;

use super::Worker;
use crate::deliver::Stopped;
use crate::deliver::blame::{is_of_session, may_be_of_session};
use crate::deliver::connection::Connection;
use crate::deliver::exchange::Step;
use crate::deliver::feeder::Ready;
use crate::deliver::lanes::Complaint;
use crate::deliver::relay::Trouble;
use crate::model::{Outcome, Reply};

/// Pauses before a relay is asked again that took mail a moment ago and now has too many connections: it may not have
/// noticed yet that we closed one.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
];

/// A connection that was given up since it may have carried too many messages.
pub(in crate::deliver) struct Renewal {
    messages: u32,
    /// Whether the relay spoke of connections.
    said: bool,
}

impl Worker<'_> {
    /// The connection at hand, or a new one, if this message may be offered over it now.
    pub(super) async fn connection_for(&mut self, next: &Ready) -> Result<Connection, Outcome> {
        if self.run.is_ending() || !self.is_fresh(next) {
            return Err(self.released());
        }
        let connection = self.connect().await?;
        if let Some(largest) = connection.exceeded(next.message.octets()) {
            self.run.trip(Stopped::TooLarge(largest));
            self.keep(connection);
            return Err(self.released());
        }
        Ok(connection)
    }

    async fn connect(&mut self) -> Result<Connection, Outcome> {
        if let Some(connection) = self.connection.take() {
            if connection.messages() < self.most_messages() {
                return Ok(connection);
            }
            connection.quit().await;
        }
        self.run.trying(true);
        let opened = tokio::select! {
            opened = self.open() => Some(opened),
            () = self.run.ending() => None,
        };
        self.run.trying(false);
        let Some(opened) = opened else {
            return Err(self.released());
        };
        match opened {
            Ok(connection) if connection.carries(self.run.sender()) => {
                self.run.relay_pipelines(connection.pipelines());
                Ok(connection)
            }
            Ok(_) => {
                self.run.trip(Stopped::Sender);
                Err(self.released())
            }
            // One more is too many: those that are open carry all.
            Err(trouble) if trouble.is_final().is_none() && self.run.is_open_elsewhere().await => {
                self.retired = true;
                Err(self.released())
            }
            Err(trouble) => {
                self.failed(&trouble);
                Err(self.released())
            }
        }
    }

    async fn open(&self) -> Result<Connection, Trouble> {
        let mut pauses = PAUSES.iter();
        loop {
            match self.door.open().await {
                Ok(mut connection) => {
                    connection.takes(self.run.opened());
                    return Ok(connection);
                }
                Err(Trouble::HungUp(reply)) if self.run.has_accepted() => match pauses.next() {
                    Some(pause) => sleep(*pause).await,
                    None => return Err(Trouble::HungUp(reply)),
                },
                Err(trouble) => return Err(trouble),
            }
        }
    }

    /// Messages after which a connection is closed: as configured, or fewer where the relay takes fewer.
    pub(super) fn most_messages(&self) -> u32 {
        self.door.most_messages().min(self.run.most_messages())
    }

    /// Gives the connection up where the refusal may be about it; then the same mail is to be offered over a new one.
    pub(super) async fn renews(&mut self, step: Step, reply: &Reply) -> bool {
        let named = !matches!(step, Step::Mail | Step::Rset);
        let said = is_of_session(reply);
        let may_help = match step {
            // A message that was said whole is said again only where the reply asks for that.
            Step::Dot => said,
            _ => may_be_of_session(reply, named) && (said || self.run.may_renew()),
        };
        let worn = |connection: &mut Connection| may_help && connection.taken() > 0;
        let Some(connection) = self.connection.take_if(worn) else {
            return false;
        };
        let messages = connection.messages().saturating_sub(1);
        self.renewal = Some(Renewal { messages, said });
        connection.quit().await;
        true
    }

    /// The relay hung up on a connection that had carried so many messages.
    pub(super) fn worn_out(&mut self, messages: u32, reply: &Reply) {
        let said = is_of_session(reply);
        self.renewal = Some(Renewal { messages, said });
    }

    /// Notes whether a new connection helped, if one was opened for that.
    pub(super) fn renewed(&mut self, well: bool) {
        if let Some(Renewal { messages, said }) = self.renewal.take() {
            match well {
                true => self.run.learn_session(messages, said),
                false => self.run.renewed_in_vain(),
            }
        }
    }

    fn failed(&self, trouble: &Trouble) {
        if let Trouble::HungUp(reply) = trouble {
            self.desk.complain(Complaint::of_greeting(reply));
        }
        match trouble.is_final() {
            Some(reason) => self.run.trip(reason),
            None => self.run.connection_failed(&trouble.to_string()),
        }
    }

    pub(super) fn keep(&mut self, connection: Connection) {
        self.connection = connection.is_open().then_some(connection);
    }
}
