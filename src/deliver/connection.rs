//! A dialogue with the relay (RFC 5321), for many messages one after the other, with PIPELINING (RFC 2920) where it is
//! offered: a message's dot, the next envelope and its `DATA` are then one write, and their replies are counted.
//!
//! Every exchange ends in what it was for each of its two messages: done, refused, or the connection lost, and then
//! always with the knowledge whether the last byte of a message may have left. `MAIL`, `RCPT` and the final dot need 2yz,
//! `DATA` needs 3yz; anything else is out of turn, and nothing that a relay says afterwards is believed.

use std::io::IoSlice;
use std::time::Duration;

use lettre::transport::smtp::commands::{Data, Mail, Quit, Rcpt, Rset};
use lettre::transport::smtp::extension::{MailBodyParameter, MailParameter};

use tokio::sync::watch;

use super::deadlines::Deadlines;
use super::exchange::{Setback, Step, Transcript, Verdict};
use super::message::Message;
use super::offers::Offers;
use super::reply::{parse, reply};
use super::stream::{GuardedStream, Speech};
use crate::model::{EmailAddress, Reply};

/// Ends a message (RFC 5321 §4.1.1.4).
const DOT: &[u8] = b".\r\n";

/// Who sends to whom, and how much.
#[derive(Debug, Clone, Copy)]
pub(super) struct Envelope<'a> {
    pub(super) from: &'a EmailAddress,
    pub(super) to: &'a EmailAddress,
    /// Octets of the message (RFC 1870 §3).
    pub(super) octets: usize,
    /// Whether an address in envelope or message is not ASCII (RFC 6531).
    pub(super) smtputf8: bool,
}

/// What to say in one exchange, in this order.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ask<'a> {
    /// The message whose `DATA` was answered with "go on".
    pub(super) body: Option<&'a Message>,
    /// The next message's envelope.
    pub(super) envelope: Option<Envelope<'a>>,
    /// `DATA` for the newest envelope.
    pub(super) data: bool,
}

/// An open connection, ready for envelopes.
pub(super) struct Connection {
    stream: GuardedStream,
    offers: Offers,
    deadlines: Deadlines,
    state: State,
    transcript: Transcript,
    /// Whether all of the message that the relay waits for has been said but its end.
    begun: bool,
    /// Messages that were offered on it.
    messages: u32,
    /// Messages that the relay took on it.
    taken: u32,
    place: Option<Place>,
}

/// A place among the connections that are open.
pub(super) struct Place(pub(super) watch::Sender<Doors>);

/// How many connections there are, over all of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Doors {
    /// That are open.
    pub(super) open: usize,
    /// That somebody tries to open.
    pub(super) trying: usize,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0
            .send_modify(|doors| doors.open = doors.open.saturating_sub(1));
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    /// An envelope is open that leads nowhere: `RSET` comes first.
    Stale,
    /// The relay waits for a message.
    Receiving,
    Closed,
}

impl Connection {
    pub(super) fn new(stream: GuardedStream, offers: Offers, deadlines: Deadlines) -> Self {
        Self {
            stream,
            offers,
            deadlines,
            state: State::Ready,
            transcript: Transcript::default(),
            begun: false,
            messages: 0,
            taken: 0,
            place: None,
        }
    }

    /// Counts it among those that are open, for as long as it is.
    pub(super) fn takes(&mut self, place: Place) {
        self.place = Some(place);
    }

    /// How many messages the relay took on it.
    pub(super) fn taken(&self) -> u32 {
        self.taken
    }

    /// Whether another message may be tried on it.
    pub(super) fn is_open(&self) -> bool {
        self.state != State::Closed
    }

    /// Whether a message was offered on it before, so that the relay may by now have closed it for idleness.
    pub(super) fn is_used(&self) -> bool {
        self.messages > 0
    }

    /// What the relay offers.
    pub(super) fn offers(&self) -> Offers {
        self.offers
    }

    /// Whether nobody on the way can read along.
    pub(super) fn is_secure(&self) -> bool {
        self.stream.is_secure()
    }

    /// How many messages were offered on it.
    pub(super) fn messages(&self) -> u32 {
        self.messages
    }

    /// Whether commands may be sent in groups.
    pub(super) fn pipelines(&self) -> bool {
        self.offers.pipelining
    }

    /// Whether the relay can carry the address: a local part that is not ASCII needs SMTPUTF8 (RFC 6531).
    pub(super) fn carries(&self, address: &EmailAddress) -> bool {
        self.offers.smtputf8 || !address.needs_smtputf8()
    }

    /// The largest message that the relay takes, where this one is larger (RFC 1870 §6.3).
    pub(super) fn exceeded(&self, octets: usize) -> Option<usize> {
        self.offers.largest.filter(|largest| octets > *largest)
    }

    /// Says a message whose `DATA` was answered with "go on", all but its end: that comes with the exchange which has it as
    /// its body. A relay that is never told the end has no message (RFC 5321 §4.1.1.4). What goes wrong is told by that
    /// exchange.
    pub(super) async fn begin(&mut self, message: &Message) {
        let mut slices = Vec::with_capacity(32);
        message.slices(&mut slices);
        let speech = Speech {
            slices,
            message: message.octets() + DOT.len(),
            block: self.deadlines.block,
            owed: Vec::new(),
        };
        // Cut off half-way, it is of no more use.
        self.state = State::Closed;
        // A stream that failed stays shut.
        let _ = self.stream.say(speech).await;
        self.state = State::Receiving;
        self.begun = true;
    }

    /// Says what is asked and hears every answer.
    ///
    /// A message has CRLF line ends and no line that opens with a dot, as a stencil makes it. With PIPELINING all of it
    /// is one write; without, each step waits for the reply to the one before.
    pub(super) async fn exchange(&mut self, ask: Ask<'_>) -> Verdict {
        self.transcript = Transcript::default();
        if let Some(envelope) = ask.envelope
            && !self.carries(envelope.to)
        {
            let alone = Ask {
                envelope: None,
                data: false,
                ..ask
            };
            self.hold(alone).await;
            return Verdict {
                envelope: Some(Err(Setback::Refused(Step::Rcpt, no_smtputf8()))),
                ..self.verdict()
            };
        }
        self.hold(ask).await;
        self.verdict()
    }

    /// Says what an exchange that was cut off is worth. The connection is of no more use.
    pub(super) fn cut(&mut self) -> Verdict {
        self.transcript.broke("the run was asked to stop".into());
        self.verdict()
    }

    /// `QUIT` (RFC 5321 §4.1.1.10): a courtesy, whose answer changes nothing.
    pub(super) async fn quit(mut self) {
        if matches!(self.state, State::Ready | State::Stale) {
            let goodbye = Quit.to_string();
            let speech = Speech {
                slices: vec![IoSlice::new(goodbye.as_bytes())],
                message: 0,
                block: self.deadlines.quit,
                owed: vec![self.deadlines.quit],
            };
            if self.stream.say(speech).await.is_ok() {
                let _ = self.stream.reply().await;
            }
        }
    }

    async fn hold(&mut self, ask: Ask<'_>) {
        let commands = self.commands(ask);
        let groups: Vec<&[(Step, String)]> = match self.offers.pipelining {
            true => vec![&commands[..]],
            false => commands.chunks(1).collect(),
        };
        for group in groups {
            // Without PIPELINING, a step that was refused has none behind it.
            if group.is_empty() || !self.transcript.goes_on() {
                return;
            }
            if !self.converse(ask.body, group).await {
                return;
            }
        }
    }

    /// The steps of an ask, each with the text of its command; the message itself stands elsewhere.
    fn commands(&self, ask: Ask<'_>) -> Vec<(Step, String)> {
        let mut commands = Vec::with_capacity(4);
        if ask.body.is_some() {
            commands.push((Step::Dot, String::new()));
        }
        if let Some(envelope) = ask.envelope {
            if self.state == State::Stale {
                commands.push((Step::Rset, Rset.to_string()));
            }
            // The addresses were parsed when they came in; lettre's own parser knows fewer forms.
            let path =
                |a: &EmailAddress| lettre::Address::new_dangerous(a.local(), a.ascii_domain());
            let mail = Mail::new(Some(path(envelope.from)), self.parameters(envelope));
            commands.push((Step::Mail, mail.to_string()));
            let rcpt = Rcpt::new(path(envelope.to), Vec::new());
            commands.push((Step::Rcpt, rcpt.to_string()));
        }
        if ask.data {
            commands.push((Step::Data, Data.to_string()));
        }
        commands
    }

    fn parameters(&self, envelope: Envelope<'_>) -> Vec<MailParameter> {
        let mut parameters = Vec::new();
        if self.offers.size {
            parameters.push(MailParameter::Size(envelope.octets));
        }
        if envelope.smtputf8 {
            parameters.push(MailParameter::SmtpUtfEight);
            if self.offers.eight_bit {
                parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
            }
        }
        parameters
    }

    /// One write and the replies to it; false if there is nothing more to be said on this connection.
    async fn converse(&mut self, body: Option<&Message>, group: &[(Step, String)]) -> bool {
        let body = body.filter(|_| group.iter().any(|(step, _)| *step == Step::Dot));
        let mut slices = Vec::with_capacity(32);
        let mut message = 0;
        if let Some(body) = body {
            message = DOT.len();
            if !std::mem::take(&mut self.begun) {
                body.slices(&mut slices);
                message += body.octets();
            }
            slices.push(IoSlice::new(DOT));
        }
        let commands = group.iter().filter(|(step, _)| *step != Step::Dot);
        slices.extend(commands.map(|(_, command)| IoSlice::new(command.as_bytes())));
        let speech = Speech {
            slices,
            message,
            block: self.deadlines.block,
            owed: group.iter().map(|(step, _)| self.patience(*step)).collect(),
        };
        self.transcript.asked(group.iter().map(|(step, _)| *step));
        let said = self.stream.say(speech).await;
        if message > 0 && self.stream.message_has_left() {
            self.transcript.message_has_left();
        }
        if let Err(fault) = said {
            self.transcript.shut(&fault);
            return false;
        }
        for _ in group {
            match self.stream.reply().await {
                Ok(text) => {
                    if !self.transcript.heard(parse(&text)) {
                        return false;
                    }
                }
                Err(fault) => {
                    self.transcript.shut(&fault);
                    return false;
                }
            }
        }
        true
    }

    fn patience(&self, step: Step) -> Duration {
        match step {
            Step::Dot => self.deadlines.dot,
            Step::Data => self.deadlines.data,
            Step::Rset | Step::Mail | Step::Rcpt => self.deadlines.command,
        }
    }

    /// Reads the transcript, and what it leaves of the connection.
    fn verdict(&mut self) -> Verdict {
        // A write that was cut off may have sent the message's end all the same.
        if self.stream.message_has_left() && self.transcript.has_message() {
            self.transcript.message_has_left();
        }
        let verdict = self.transcript.verdict();
        self.taken += u32::from(matches!(verdict.dot, Some(Ok(_))));
        if self.transcript.has_envelope()
            && !matches!(verdict.envelope, Some(Err(Setback::Lost(_))))
        {
            self.messages += 1;
        }
        if self.transcript.is_broken() {
            self.place = None;
        }
        self.state = match self.transcript.is_broken() {
            true => State::Closed,
            false if self.transcript.goes_on_with_data() => State::Receiving,
            false if self.transcript.left_open() => State::Stale,
            false if self.transcript.is_empty() => self.state,
            false => State::Ready,
        };
        verdict
    }
}

/// Said in the relay's place (RFC 6531 §3.5), for the one reader whose address it cannot carry.
fn no_smtputf8() -> Reply {
    reply(
        553,
        ["5.6.7 the relay does not offer SMTPUTF8, which this address needs"],
    )
}
