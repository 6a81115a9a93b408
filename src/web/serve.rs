//! The listener: one task a connection, a limit on the time for headers, and an orderly end.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// How long a client may take over the headers of a request; `axum::serve` alone has no such limit.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long open connections may take to finish after the end was asked for.
const FINISH: Duration = Duration::from_secs(5);

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
}

impl Server {
    /// Binds the address; port 0 takes a free one.
    pub async fn bind(address: SocketAddr) -> Result<Self, ServeError> {
        let listener = TcpListener::bind(address).await;
        listener
            .map(|listener| Self { listener })
            .map_err(|cause| ServeError::Listen { address, cause })
    }

    /// The address that answers.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }

    /// Answers until `end` comes, then lets open connections finish for at most five seconds.
    pub async fn run(self, routes: Router, end: impl Future<Output = ()>) {
        let mut connections = JoinSet::new();
        let mut end = std::pin::pin!(end);
        loop {
            tokio::select! {
                () = &mut end => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => drop(connections.spawn(answer(stream, routes.clone()))),
                    Err(error) => tracing::warn!(%error, "a connection could not be accepted"),
                },
                Some(_) = connections.join_next() => {}
            }
        }
        let finish = async { while connections.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(FINISH, finish).await;
    }
}

async fn answer(stream: tokio::net::TcpStream, routes: Router) {
    let service = TowerToHyperService::new(routes);
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection ended early");
    }
}
