//! A dialogue with the relay (RFC 5321), step by step over lettre's low level, for many messages one after the other.
//!
//! Every step ends in what it was: done, refused, or the connection lost, and then always with the knowledge whether the
//! last byte of a message may have left. `MAIL`, `RCPT` and the final dot need 2yz, `DATA` needs 3yz; anything else is out
//! of turn, and nothing that a relay says afterwards is believed.

use std::fmt;
use std::time::Duration;

use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{MailBodyParameter, MailParameter};

use super::deadlines::Deadlines;
use super::offers::Offers;
use super::reply::{is_done, is_go_on, reply};
use super::stream::{Fault, Turn};
use crate::model::{EmailAddress, Reply};

/// A command of the dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Mail,
    Rcpt,
    Data,
    Dot,
}

/// What kept a step from being done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Setback {
    /// The relay said no; it is certain that the message was not taken.
    Refused(Step, Reply),
    /// The connection is gone, and the last byte of the message had not left: not taken.
    Lost(String),
    /// The connection is gone after the last byte had left: nobody knows.
    Unknown(String),
}

/// An open connection, ready for envelopes.
pub(super) struct Connection {
    smtp: AsyncSmtpConnection,
    turn: Turn,
    offers: Offers,
    deadlines: Deadlines,
    state: State,
    /// Whether a message went through it before.
    used: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    /// An envelope is open that leads nowhere: `RSET` comes first.
    Stale,
    Closed,
}

impl Connection {
    pub(super) fn new(
        smtp: AsyncSmtpConnection,
        turn: Turn,
        offers: Offers,
        deadlines: Deadlines,
    ) -> Self {
        Self {
            smtp,
            turn,
            offers,
            deadlines,
            state: State::Ready,
            used: false,
        }
    }

    /// Whether another message may be tried on it.
    pub(super) fn is_open(&self) -> bool {
        self.state != State::Closed
    }

    /// Whether a dialogue on it has ended well before, so that the relay may by now have closed it for idleness.
    pub(super) fn is_used(&self) -> bool {
        self.used
    }

    /// Whether the relay can carry the address: a local part that is not ASCII needs SMTPUTF8 (RFC 6531).
    pub(super) fn carries(&self, address: &EmailAddress) -> bool {
        self.offers.smtputf8 || !address.needs_smtputf8()
    }

    /// `MAIL` and `RCPT` (RFC 5321 §4.1.1.2, §4.1.1.3), after `RSET` where the last envelope was left open.
    pub(super) async fn envelope(
        &mut self,
        from: &EmailAddress,
        to: &EmailAddress,
    ) -> Result<(), Setback> {
        if !self.carries(to) {
            return Err(Setback::Refused(Step::Rcpt, no_smtputf8()));
        }
        let international = from.needs_smtputf8() || to.needs_smtputf8();
        if self.state == State::Stale {
            self.reset().await?;
        }
        let mut parameters = Vec::new();
        if international {
            parameters.push(MailParameter::SmtpUtfEight);
            if self.offers.eight_bit {
                parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
            }
        }
        // The addresses were parsed when they came in; lettre's own parser knows fewer forms.
        let path = |a: &EmailAddress| lettre::Address::new_dangerous(a.local(), a.ascii_domain());
        let patience = self.deadlines.command;
        let answer = self
            .command(Mail::new(Some(path(from)), parameters), patience)
            .await?;
        self.demand(Step::Mail, answer)?;
        let answer = self
            .command(Rcpt::new(path(to), Vec::new()), patience)
            .await?;
        self.demand(Step::Rcpt, answer)?;
        self.state = State::Stale;
        Ok(())
    }

    /// `DATA`, the message and the final dot (RFC 5321 §4.1.1.4).
    ///
    /// The message has CRLF line ends and no line that opens with a dot, as a stencil makes it.
    pub(super) async fn data(&mut self, message: &str) -> Result<Reply, Setback> {
        debug_assert!(message.ends_with("\r\n") && !message.contains("\r\n."));
        let answer = self.command(Data, self.deadlines.data).await?;
        self.demand(Step::Data, answer)?;
        let stuffed = Stuffed(message);
        self.turn
            .message(stuffed.len(), self.deadlines.block, self.deadlines.dot);
        let answer = self.say(stuffed).await?;
        self.demand(Step::Dot, answer.clone())?;
        self.state = State::Ready;
        self.used = true;
        Ok(answer)
    }

    /// Says what a message is worth whose sending was cut off: lost or unknown. The connection is of no more use.
    pub(super) fn cut(&mut self) -> Setback {
        self.gone("the run was asked to stop".to_owned())
    }

    /// `QUIT` (RFC 5321 §4.1.1.10): a courtesy, whose answer changes nothing.
    pub(super) async fn quit(mut self) {
        if self.is_open() {
            self.turn.command(self.deadlines.quit);
            let _ = self.smtp.quit().await;
        }
    }

    async fn reset(&mut self) -> Result<(), Setback> {
        let answer = self.command(Rset, self.deadlines.command).await?;
        if !is_done(&answer) {
            return Err(self.gone(Fault::OutOfTurn.to_string()));
        }
        self.state = State::Ready;
        Ok(())
    }

    async fn command(
        &mut self,
        command: impl fmt::Display,
        patience: Duration,
    ) -> Result<Reply, Setback> {
        self.turn.command(patience);
        self.say(command).await
    }

    /// Says what was announced, and makes a reply of what lettre gives: its errors are replies too, or faults.
    async fn say(&mut self, command: impl fmt::Display) -> Result<Reply, Setback> {
        // Lets the runtime look at the network, so that what has arrived unasked is seen before we speak.
        tokio::task::yield_now().await;
        let answer = self.smtp.command(command).await;
        heard(&self.turn, answer).map_err(|cause| self.gone(cause))
    }

    /// Passes the reply that the step needs; tells a refusal from a relay that has lost the thread.
    fn demand(&mut self, step: Step, reply: Reply) -> Result<(), Setback> {
        let wanted = match step {
            Step::Data => is_go_on(&reply),
            _ => is_done(&reply),
        };
        if wanted {
            return Ok(());
        }
        if reply.code < 400 {
            return Err(self.gone(Fault::OutOfTurn.to_string()));
        }
        self.used = true;
        if reply.code == 421 {
            // RFC 5321 §3.8: the relay is about to hang up, whatever was asked.
            if step != Step::Dot {
                return Err(self.gone(super::reply::line(&reply)));
            }
            self.state = State::Closed;
        } else {
            self.state = match step {
                Step::Dot => State::Ready,
                _ => State::Stale,
            };
        }
        Err(Setback::Refused(step, reply))
    }

    fn gone(&mut self, cause: String) -> Setback {
        self.state = State::Closed;
        if self.turn.message_has_left() {
            Setback::Unknown(cause)
        } else {
            Setback::Lost(cause)
        }
    }
}

/// The newest reply, or why there is none.
pub(super) fn heard<T>(
    turn: &Turn,
    answer: Result<T, lettre::transport::smtp::Error>,
) -> Result<Reply, String> {
    if let Some(fault) = turn.fault() {
        return Err(fault.to_string());
    }
    match answer {
        Ok(_) => {}
        Err(error) if error.status().is_some() => {}
        Err(error) => return Err(error.to_string()),
    }
    let text = turn.last_reply();
    let code = text.get(..3).and_then(|code| code.parse().ok());
    let lines = text.lines().filter_map(|line| line.get(4..));
    Ok(reply(code.unwrap_or(0), lines))
}

/// Said in the relay's place (RFC 6531 §3.5), for the one reader whose address it cannot carry.
fn no_smtputf8() -> Reply {
    reply(
        553,
        ["5.6.7 the relay does not offer SMTPUTF8, which this address needs"],
    )
}

/// A message and its final dot as one "command".
struct Stuffed<'a>(&'a str);

/// Ends a message (RFC 5321 §4.1.1.4).
const DOT: &str = ".\r\n";

impl Stuffed<'_> {
    fn len(&self) -> usize {
        self.0.len() + DOT.len()
    }
}

impl fmt::Display for Stuffed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)?;
        f.write_str(DOT)
    }
}
