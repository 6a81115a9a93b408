//! The listener: one task a connection, limits on their number and on the time and size of what they say and take, and an
//! orderly end.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, sleep};

use super::crowd::{Answering, Crowd, Place};
use super::files::Measured;

/// How much is granted to those who connect.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections in all.
    pub connections: usize,
    /// Connections from one address; of IPv6 from one network of 64 bits.
    pub of_one_address: usize,
    /// How long a client may take over the headers of a request, and between two requests.
    pub headers: Duration,
    /// How long a client may take nothing of what it is answered.
    pub taking: Duration,
    /// How long a connection may last in all, so that nobody takes a little for ever.
    pub lasting: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1_000,
            of_one_address: 50,
            headers: Duration::from_secs(10),
            taking: Duration::from_secs(30),
            lasting: Duration::from_mins(10),
        }
    }
}

/// Octets of a request's head: browsers send up to 4 KB. More is answered with 431 (RFC 6585 §5).
const HEAD: usize = 16 * 1024;

/// How long open connections may take to finish after the end was asked for.
const FINISH: Duration = Duration::from_secs(5);

/// How long nobody is let in when the system has no descriptor for one more.
const PAUSE: Duration = Duration::from_millis(250);

/// The same, where a connection is closing to make room.
const PAUSE_FOR_ROOM: Duration = Duration::from_millis(10);

/// How long it is not said again that there is none.
const QUIET: Duration = Duration::from_mins(1);

/// Why serving did not begin.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken or not ours.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        cause: std::io::Error,
    },
}

/// A listener that is bound and not yet answering.
pub struct Server {
    listener: TcpListener,
    limits: Limits,
}

impl Server {
    /// Binds the address; port 0 takes a free one.
    pub async fn bind(address: SocketAddr) -> Result<Self, ServeError> {
        let listener = TcpListener::bind(address).await;
        listener
            .map(|listener| Self {
                listener,
                limits: Limits::default(),
            })
            .map_err(|cause| ServeError::Listen { address, cause })
    }

    /// The same server with other limits.
    #[must_use]
    pub fn within(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The address that answers.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }

    /// Answers until `end` comes, then lets open connections finish for at most five seconds.
    pub async fn run(self, routes: Router, end: impl Future<Output = ()>) {
        let crowd = Crowd::new(self.limits.connections, self.limits.of_one_address);
        let mut connections = JoinSet::new();
        let mut end = std::pin::pin!(end);
        let mut said = None;
        loop {
            tokio::select! {
                () = &mut end => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        if let Some(place) = crowd.enter(peer.ip()) {
                            connections.spawn(answer(stream, place, routes.clone(), self.limits));
                        }
                    }
                    Err(error) => {
                        // Said once a minute, however often it is tried; who waits idly makes room.
                        let now = Instant::now();
                        if said.is_none_or(|said| now - said > QUIET) {
                            tracing::warn!(%error, "no connection can be accepted for now");
                            said = Some(now);
                        }
                        let pause = match crowd.dismiss_one() {
                            true => PAUSE_FOR_ROOM,
                            false => PAUSE,
                        };
                        tokio::select! {
                            () = &mut end => break,
                            () = sleep(pause) => {}
                        }
                    }
                },
                Some(_) = connections.join_next() => {}
            }
        }
        let finish = async { while connections.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(FINISH, finish).await;
    }
}

async fn answer(stream: TcpStream, place: Place, routes: Router, limits: Limits) {
    let place = Arc::new(place);
    let (marked, routes) = (place.clone(), TowerToHyperService::new(routes));
    let service = service_fn(move |request: Request<Incoming>| {
        let answering = marked.answering();
        let answered = routes.call(request);
        async move {
            answered
                .await
                .map(|response| response.map(|body| until_sent(body, answering)))
        }
    });
    let stream = Taken::new(stream, limits.taking, place.clone());
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.headers)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        ended = connection => if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        },
        () = place.given_up() => tracing::debug!("a connection made room for another"),
        () = sleep(limits.lasting) => tracing::debug!("a connection lasted too long"),
    }
}

/// The same body, with a mark that lasts until the last of it was handed on.
fn until_sent(body: Body, answering: Answering) -> Body {
    use futures_util::StreamExt as _;
    use hyper::body::Body as _;

    // What is whole goes out at once, with its length.
    if body
        .size_hint()
        .exact()
        .is_some_and(|length| length <= HEAD as u64)
    {
        return body;
    }
    let length = body.size_hint().exact();
    let pieces = body.into_data_stream().map(move |piece| {
        let _ = &answering;
        piece
    });
    let pieces = Body::from_stream(pieces);
    match length {
        Some(length) => Body::new(Measured { pieces, length }),
        None => pieces,
    }
}

/// A connection whose client must go on taking what it is told.
struct Taken {
    stream: TcpStream,
    place: Arc<Place>,
    patience: Duration,
    /// Runs while something waits to be taken.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Taken {
    fn new(stream: TcpStream, patience: Duration, place: Arc<Place>) -> Self {
        Self {
            stream,
            place,
            patience,
            waiting: None,
        }
    }

    /// Lets a write wait for no longer than the client is granted.
    fn bounded<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            if self.waiting.take().is_some() {
                self.place.stalls(false);
            }
            return written;
        }
        if self.waiting.is_none() {
            self.place.stalls(true);
        }
        let patience = self.patience;
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + patience)));
        ready!(waiting.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Taken {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Taken {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.bounded(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.bounded(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.bounded(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
