//! The stream that lettre talks through, and that lets neither side speak out of turn.
//!
//! It hands up one reply for each command that was announced and nothing beyond it, refuses to write while bytes wait
//! that nobody asked for, holds one deadline from the last write to the end of the reply, and remembers whether the last
//! byte of a message has left. After a fault it stays shut: every further call fails with the same fault.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::inbox::Inbox;
use super::wire::Wire;

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

/// What the connection tells the stream before each command, and asks it afterwards.
#[derive(Debug, Clone, Default)]
pub(super) struct Turn(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    patience: Duration,
    announced: bool,
    owed: usize,
    message: Option<Message>,
    fault: Option<Fault>,
    last_reply: Vec<u8>,
}

/// A message under way.
#[derive(Debug, Clone, Copy)]
struct Message {
    left: usize,
    patience_after: Duration,
}

impl Turn {
    /// Announces a command: one reply is owed, within `patience` of the last write.
    pub(super) fn command(&self, patience: Duration) {
        let mut state = self.state();
        state.patience = patience;
        state.announced = true;
        state.owed += 1;
        state.message = None;
    }

    /// Announces a message of `octets` with its final dot; `dot` is the patience once all of it has left.
    pub(super) fn message(&self, octets: usize, block: Duration, dot: Duration) {
        self.command(block);
        self.state().message = Some(Message {
            left: octets,
            patience_after: dot,
        });
    }

    /// Whether the last byte of the announced message may have left.
    pub(super) fn message_has_left(&self) -> bool {
        self.state().message.is_some_and(|m| m.left == 0)
    }

    /// Why the stream was shut, if it was.
    pub(super) fn fault(&self) -> Option<Fault> {
        self.state().fault.clone()
    }

    /// The lines of the newest reply.
    pub(super) fn last_reply(&self) -> String {
        String::from_utf8_lossy(&self.state().last_reply).into_owned()
    }

    fn shut(&self, fault: Fault) -> Fault {
        self.state().fault.get_or_insert(fault).clone()
    }

    /// Counts written bytes; gives the patience from now on.
    fn wrote(&self, octets: usize) -> Duration {
        let mut state = self.state();
        if let Some(message) = &mut state.message {
            message.left = message.left.saturating_sub(octets);
            if message.left == 0 {
                return message.patience_after;
            }
        }
        state.patience
    }

    /// The patience of a command that was announced since the last call.
    fn newly_announced(&self) -> Option<Duration> {
        let mut state = self.state();
        std::mem::take(&mut state.announced).then_some(state.patience)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A wire with its guard.
pub(super) struct GuardedStream {
    wire: Wire,
    peer: SocketAddr,
    turn: Turn,
    inbox: Inbox,
    handed: io::Cursor<Vec<u8>>,
    deadline: Pin<Box<Sleep>>,
}

impl GuardedStream {
    /// Guards a wire on which the relay is to greet within `patience`; `arrived` are bytes that count as received.
    pub(super) fn new(
        wire: Wire,
        peer: SocketAddr,
        turn: Turn,
        arrived: &[u8],
        patience: Duration,
    ) -> Self {
        turn.command(patience);
        Self {
            wire,
            peer,
            turn,
            inbox: Inbox::with(arrived),
            handed: io::Cursor::default(),
            deadline: Box::pin(sleep(patience)),
        }
    }

    /// Gives back the wire, for the handshake that follows the reply to `STARTTLS`.
    pub(super) fn into_wire(self) -> Wire {
        self.wire
    }

    /// Reads one whole reply.
    pub(super) async fn reply(&mut self) -> Result<Vec<u8>, Fault> {
        std::future::poll_fn(|cx| self.poll_reply(cx)).await
    }

    fn poll_reply(&mut self, cx: &mut Context<'_>) -> Poll<Result<Vec<u8>, Fault>> {
        loop {
            self.check()?;
            if self.turn.state().owed == 0 {
                return Poll::Ready(Err(self.turn.shut(Fault::OutOfTurn)));
            }
            match self.inbox.take() {
                Err(fault) => return Poll::Ready(Err(self.turn.shut(fault))),
                Ok(Some(reply)) => return Poll::Ready(self.hand_up(reply)),
                Ok(None) => {}
            }
            match self.poll_wire(cx) {
                Poll::Ready(arrived) => arrived.map_err(|fault| self.turn.shut(fault))?,
                Poll::Pending => ready!(self.poll_deadline(cx))?,
            }
        }
    }

    /// A reply that was owed; more bytes than that are a reason to believe none of them.
    fn hand_up(&mut self, reply: Vec<u8>) -> Result<Vec<u8>, Fault> {
        let mut state = self.turn.state();
        state.owed -= 1;
        if state.owed == 0 && !self.inbox.is_empty() {
            drop(state);
            return Err(self.turn.shut(Fault::OutOfTurn));
        }
        state.last_reply.clone_from(&reply);
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

    /// Ready, with a fault, once the patience is at its end.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        ready!(self.deadline.as_mut().poll(cx));
        Poll::Ready(Err(self.turn.shut(Fault::Silent)))
    }

    /// Before a write nothing may have arrived, not even the end of the connection.
    fn listen(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        self.check()?;
        if let Some(patience) = self.turn.newly_announced() {
            self.deadline.as_mut().reset(Instant::now() + patience);
        }
        let unread = self.handed.position() < self.handed.get_ref().len() as u64;
        if unread || !self.inbox.is_empty() {
            return Err(self.turn.shut(Fault::OutOfTurn));
        }
        match self.poll_wire(cx) {
            Poll::Pending => Ok(()),
            Poll::Ready(Ok(())) => Err(self.turn.shut(Fault::OutOfTurn)),
            Poll::Ready(Err(fault)) => Err(self.turn.shut(fault)),
        }
    }

    fn check(&self) -> Result<(), Fault> {
        self.turn.fault().map_or(Ok(()), Err)
    }
}

fn fault_of(error: &io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Fault::Closed,
        kind => Fault::Broken(kind),
    }
}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        Self::other(fault)
    }
}

impl AsyncRead for GuardedStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.handed.position() >= this.handed.get_ref().len() as u64 {
            this.handed = io::Cursor::new(ready!(this.poll_reply(cx))?);
        }
        Pin::new(&mut this.handed).poll_read(cx, buf)
    }
}

impl AsyncWrite for GuardedStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.listen(cx)?;
        let block = &buf[..buf.len().min(BLOCK)];
        match Pin::new(&mut this.wire).poll_write(cx, block) {
            Poll::Ready(Ok(written)) => {
                let patience = this.turn.wrote(written);
                this.deadline.as_mut().reset(Instant::now() + patience);
                Poll::Ready(Ok(written))
            }
            Poll::Ready(Err(error)) => {
                // TLS may have sent a part of what it reports as failed: then all of it counts as gone.
                if this.wire.is_secure() {
                    this.turn.wrote(block.len());
                }
                Poll::Ready(Err(this.turn.shut(fault_of(&error)).into()))
            }
            Poll::Pending => {
                ready!(this.poll_deadline(cx))?;
                Poll::Pending
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.check()?;
        match Pin::new(&mut this.wire).poll_flush(cx) {
            Poll::Ready(Ok(())) => Poll::Ready(Ok(())),
            Poll::Ready(Err(error)) => Poll::Ready(Err(this.turn.shut(fault_of(&error)).into())),
            Poll::Pending => {
                ready!(this.poll_deadline(cx))?;
                Poll::Pending
            }
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().wire).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for GuardedStream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl fmt::Debug for GuardedStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardedStream")
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}
