//! How a connection comes about: the one at hand, or a new one, if a message may be offered over it now.

use super::Worker;
use crate::deliver::Stopped;
use crate::deliver::connection::Connection;
use crate::deliver::feeder::Ready;
use crate::deliver::lanes::Complaint;
use crate::deliver::relay::Trouble;
use crate::model::Outcome;

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
            if connection.messages() < self.door.most_messages() {
                return Ok(connection);
            }
            connection.quit().await;
        }
        let opened = tokio::select! {
            opened = self.door.open() => opened,
            () = self.run.ending() => return Err(self.released()),
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
            Err(trouble) => {
                self.failed(&trouble);
                Err(self.released())
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
