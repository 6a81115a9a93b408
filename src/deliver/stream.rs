//! The stream to the relay, which lets neither side speak out of turn.
//!
//! It counts the replies that are owed and hands up those and nothing beyond them; it refuses to write while bytes wait
//! that nobody asked for, holds a deadline from the last write, or the last reply, to the end of the next one, and
//! remembers whether the last byte of a message has left. After a fault it stays shut: every further call fails with it.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::inbox::Inbox;
use crate::wire::Wire;

/// Most bytes given to the system at once: between two blocks the stream listens whether the relay has spoken.
const BLOCK: usize = 64 * 1024;

/// Most bytes taken from the system at once.
const CHUNK: usize = 4 * 1024;

/// Why a stream was shut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Bytes came that no command had asked for, or a reply of the wrong kind.
    #[error("the relay spoke out of turn")]
    OutOfTurn,
    /// A line over 8 KB or a reply over 100 lines.
    #[error("the relay sent a reply without end")]
    Endless,
    /// No reply as RFC 5321 §4.2 has it.
    #[error("what answers is no mail server")]
    NotSmtp,
    /// The relay closed the connection.
    #[error("the relay closed the connection")]
    Closed,
    /// No whole reply in time.
    #[error("the relay did not answer in time")]
    Silent,
    /// The system says that the connection is broken.
    #[error("the connection broke: {0}")]
    Broken(io::ErrorKind),
}

/// What is written in one go, and what the relay owes for it.
pub(super) struct Speech<'a> {
    pub(super) slices: Vec<IoSlice<'a>>,
    /// Octets at the front that are a message with its final dot, or the rest of one; more than there are slices for, where
    /// the rest comes later.
    pub(super) message: usize,
    /// How long the relay may keep us from writing on.
    pub(super) block: Duration,
    /// How long each reply may take, in order.
    pub(super) owed: Vec<Duration>,
}

/// A wire with its guard.
pub(super) struct GuardedStream {
    wire: Wire,
    inbox: Inbox,
    owed: VecDeque<Duration>,
    /// Octets of the newest message, final dot included, that have not left.
    message_left: Option<usize>,
    fault: Option<Fault>,
    deadline: Pin<Box<Sleep>>,
}

impl GuardedStream {
    /// Guards a wire on which the relay is to greet within `patience`.
    pub(super) fn new(wire: Wire, patience: Duration) -> Self {
        Self {
            owed: VecDeque::from([patience]),
            ..Self::greeted(wire, patience)
        }
    }

    /// Guards a wire whose greeting has been heard: behind `STARTTLS` the client speaks first (RFC 3207 §4.2).
    pub(super) fn greeted(wire: Wire, patience: Duration) -> Self {
        Self {
            wire,
            inbox: Inbox::default(),
            owed: VecDeque::new(),
            message_left: None,
            fault: None,
            deadline: Box::pin(sleep(patience)),
        }
    }

    /// Gives back the wire, for the handshake that follows the reply to `STARTTLS`.
    pub(super) fn into_wire(self) -> Wire {
        self.wire
    }

    /// Whether nobody on the way can read along.
    pub(super) fn is_secure(&self) -> bool {
        self.wire.is_secure()
    }

    /// Whether the last byte of the newest message may have left.
    pub(super) fn message_has_left(&self) -> bool {
        self.message_left == Some(0)
    }

    /// Writes all of it; nothing may have arrived before, nor until the message's last byte has left.
    pub(super) async fn say(&mut self, mut speech: Speech<'_>) -> Result<(), Fault> {
        self.message_left = (speech.message > 0).then_some(speech.message);
        // Lets the runtime look at the network, so that what has arrived unasked is seen before we speak.
        tokio::task::yield_now().await;
        self.wait_from_now(speech.block);
        let mut rest = &mut speech.slices[..];
        let mut begun = false;
        while !rest.is_empty() {
            let listen = !begun || self.message_left.is_some_and(|left| left > 0);
            let written = poll_fn(|cx| self.poll_say(cx, rest, listen)).await?;
            begun = true;
            IoSlice::advance_slices(&mut rest, written);
            self.wait_from_now(speech.block);
        }
        poll_fn(|cx| self.poll_flush(cx)).await?;
        self.owed = VecDeque::from(speech.owed);
        self.wait_for_next();
        Ok(())
    }

    /// Reads one whole reply that is owed.
    pub(super) async fn reply(&mut self) -> Result<String, Fault> {
        poll_fn(|cx| self.poll_reply(cx)).await
    }

    fn poll_reply(&mut self, cx: &mut Context<'_>) -> Poll<Result<String, Fault>> {
        loop {
            self.check()?;
            if self.owed.is_empty() {
                return Poll::Ready(Err(self.shut(Fault::OutOfTurn)));
            }
            match self.inbox.take() {
                Err(fault) => return Poll::Ready(Err(self.shut(fault))),
                Ok(Some(reply)) => return Poll::Ready(self.hand_up(reply)),
                Ok(None) => {}
            }
            match self.poll_wire(cx) {
                Poll::Ready(arrived) => arrived.map_err(|fault| self.shut(fault))?,
                Poll::Pending => ready!(self.poll_deadline(cx))?,
            }
        }
    }

    /// A reply that was owed; more bytes than that are a reason to believe none of them.
    fn hand_up(&mut self, reply: String) -> Result<String, Fault> {
        self.owed.pop_front();
        if self.owed.is_empty() && !self.inbox.is_empty() {
            return Err(self.shut(Fault::OutOfTurn));
        }
        self.wait_for_next();
        Ok(reply)
    }

    /// Takes what has arrived into the inbox.
    fn poll_wire(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        let mut chunk = [0; CHUNK];
        let mut buffer = ReadBuf::new(&mut chunk);
        match ready!(Pin::new(&mut self.wire).poll_read(cx, &mut buffer)) {
            Ok(()) if buffer.filled().is_empty() => Poll::Ready(Err(Fault::Closed)),
            Ok(()) => {
                self.inbox.push(buffer.filled());
                Poll::Ready(Ok(()))
            }
            Err(error) => Poll::Ready(Err(fault_of(&error))),
        }
    }

    /// Writes a block; a relay that speaks while it should `listen` is not listened to again.
    fn poll_say(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
        listen: bool,
    ) -> Poll<Result<usize, Fault>> {
        self.check()?;
        if listen {
            self.hear_nothing(cx)?;
        }
        match poll_block(&mut self.wire, cx, slices) {
            Poll::Ready(Ok(written)) => {
                self.left(written);
                Poll::Ready(Ok(written))
            }
            Poll::Ready(Err(error)) => {
                // TLS may have sent a part of what it reports as failed: then all of it counts as gone.
                if self.wire.is_secure() {
                    self.left(slices.iter().map(|slice| slice.len()).sum());
                }
                Poll::Ready(Err(self.shut(fault_of(&error))))
            }
            Poll::Pending => {
                ready!(self.poll_deadline(cx))?;
                Poll::Pending
            }
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        self.check()?;
        match Pin::new(&mut self.wire).poll_flush(cx) {
            Poll::Ready(Ok(())) => Poll::Ready(Ok(())),
            Poll::Ready(Err(error)) => Poll::Ready(Err(self.shut(fault_of(&error)))),
            Poll::Pending => {
                ready!(self.poll_deadline(cx))?;
                Poll::Pending
            }
        }
    }

    /// Nothing may have arrived, not even the end of the connection, and no reply may be owed.
    fn hear_nothing(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        if !self.inbox.is_empty() || !self.owed.is_empty() {
            return Err(self.shut(Fault::OutOfTurn));
        }
        match self.poll_wire(cx) {
            Poll::Pending => Ok(()),
            Poll::Ready(Ok(())) => Err(self.shut(Fault::OutOfTurn)),
            Poll::Ready(Err(fault)) => Err(self.shut(fault)),
        }
    }

    /// Counts bytes of the message that have left.
    fn left(&mut self, octets: usize) {
        self.message_left = self.message_left.map(|left| left.saturating_sub(octets));
    }

    fn wait_for_next(&mut self) {
        if let Some(patience) = self.owed.front() {
            self.wait_from_now(*patience);
        }
    }

    fn wait_from_now(&mut self, patience: Duration) {
        self.deadline.as_mut().reset(Instant::now() + patience);
    }

    /// Ready, with a fault, once the patience is at its end.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        ready!(self.deadline.as_mut().poll(cx));
        Poll::Ready(Err(self.shut(Fault::Silent)))
    }

    fn shut(&mut self, fault: Fault) -> Fault {
        self.fault.get_or_insert(fault).clone()
    }

    fn check(&self) -> Result<(), Fault> {
        self.fault.clone().map_or(Ok(()), Err)
    }
}

/// Gives the system at most a block, of as many slices as fit.
fn poll_block(
    wire: &mut Wire,
    cx: &mut Context<'_>,
    slices: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    let mut octets = 0;
    let fitting = slices.iter().take_while(|slice| {
        octets += slice.len();
        octets <= BLOCK
    });
    let written = match (fitting.count(), slices.first()) {
        (0, Some(first)) => {
            let block = &first[..first.len().min(BLOCK)];
            ready!(Pin::new(wire).poll_write(cx, block))?
        }
        (fitting, _) => ready!(Pin::new(wire).poll_write_vectored(cx, &slices[..fitting]))?,
    };
    if written == 0 {
        return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
    }
    Poll::Ready(Ok(written))
}

fn fault_of(error: &io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Fault::Closed,
        kind => Fault::Broken(kind),
    }
}
