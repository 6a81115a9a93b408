//! The embedded mailbox: a real SMTP server on a loopback port that keeps every message in a Maildir.
//!
//! So that the first run needs no server and no network, and still takes the way that every later mail takes. It listens
//! on 127.0.0.1 alone, serves several connections at once, and says 250 only when the message is durable on disk. It asks
//! for no login and speaks no TLS. Messages that a strict server would refuse (a bare CR or LF, a line over 998 octets)
//! it refuses too.

mod dialogue;
mod maildir;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::{Error, Stop};
use crate::model::{Chance, Security, SmtpRelay};
use dialogue::{Answer, Dialogue};
use maildir::Maildir;

/// Longest line that is read before the connection is given up, in octets.
const MAX_LINE: usize = 64 * 1024;

/// A mailbox that is open for mail.
#[derive(Debug)]
pub struct Mailbox {
    address: SocketAddr,
    closing: Stop,
    server: JoinHandle<()>,
}

impl Mailbox {
    /// Opens the Maildir `dir`, makes it if it is not there, and serves it on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// If the folder cannot be made or no port can be had.
    pub async fn start(dir: &Path, chance: &dyn Chance) -> Result<Self, Error> {
        let fault = |source| Error::Mailbox {
            path: dir.to_owned(),
            source,
        };
        let maildir = Maildir::open(dir, chance).await.map_err(fault)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(fault)?;
        let address = listener.local_addr().map_err(fault)?;
        let closing = Stop::new();
        let server = tokio::spawn(serve(listener, Arc::new(maildir), closing.clone()));
        Ok(Self {
            address,
            closing,
            server,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as a relay that can be sent to.
    pub fn relay(&self) -> SmtpRelay {
        SmtpRelay {
            host: self.address.ip().to_string(),
            port: self.address.port(),
            security: Security::Loopback,
            user: None,
        }
    }

    /// Takes no more connections, finishes the messages that are being received, and closes.
    pub async fn shutdown(mut self) {
        self.closing.stop();
        if let Err(error) = (&mut self.server).await {
            tracing::error!(%error, "the mailbox ended badly");
        }
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.closing.stop();
    }
}

async fn serve(listener: TcpListener, maildir: Arc<Maildir>, closing: Stop) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = closing.stopped() => break,
        };
        match accepted {
            Ok((tcp, peer)) => {
                let attending = attend(tcp, peer, maildir.clone(), closing.clone());
                connections.spawn(async move {
                    if let Err(error) = attending.await {
                        tracing::debug!(%error, "a connection to the mailbox broke");
                    }
                });
            }
            Err(error) => tracing::warn!(%error, "the mailbox could not take a connection"),
        }
        while connections.try_join_next().is_some() {}
    }
    while connections.join_next().await.is_some() {}
}

/// One connection, from greeting to goodbye.
async fn attend(
    tcp: TcpStream,
    peer: SocketAddr,
    maildir: Arc<Maildir>,
    closing: Stop,
) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let mut stream = BufReader::new(tcp);
    let mut dialogue = Dialogue::new(peer.ip());
    stream.write_all(&dialogue.greeting()?).await?;
    let mut line = Vec::new();
    loop {
        line.clear();
        tokio::select! {
            read = read_line(&mut stream, &mut line) => if !read? { return Ok(()) },
            () = closing.stopped(), if !dialogue.is_receiving() => {
                return stream.write_all(b"421 the mailbox closes\r\n").await;
            }
        }
        match dialogue.hear(&line)? {
            Answer::Nothing => {}
            Answer::Say(reply) => stream.write_all(&reply).await?,
            Answer::Close(reply) => return stream.write_all(&reply).await,
            Answer::Keep(letter) => {
                let reply = match maildir.keep(&letter).await {
                    Ok(()) => &b"250 kept\r\n"[..],
                    Err(error) => {
                        tracing::error!(%error, "the mailbox could not keep a message");
                        b"451 the message could not be kept\r\n"
                    }
                };
                stream.write_all(reply).await?;
            }
        }
    }
}

/// Reads up to CRLF; false at the end of the connection. A bare LF ends no line (RFC 5321 §2.3.8).
async fn read_line(stream: &mut BufReader<TcpStream>, line: &mut Vec<u8>) -> io::Result<bool> {
    loop {
        let room = (MAX_LINE - line.len()) as u64;
        if stream.take(room).read_until(b'\n', line).await? == 0 {
            return if room == 0 {
                Err(io::Error::other("a line without end"))
            } else {
                Ok(false)
            };
        }
        if line.ends_with(b"\r\n") {
            return Ok(true);
        }
    }
}
