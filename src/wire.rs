//! A way to a mail server, whichever way the mail goes: TCP, plain or under TLS.
//!
//! Certificates are always checked, against the web's roots and one more that the operator may name.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Why nobody can be trusted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The server's name is no host name.
    #[error("`{0}` is not a host name")]
    ServerName(String),
    /// The extra root is no certificate.
    #[error("the extra root certificate cannot be used: {0}")]
    Root(String),
}

/// An open way to a server.
#[derive(Debug)]
pub(crate) enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What TLS needs to know: whom to expect and whom to trust.
#[derive(Clone)]
pub(crate) struct Trust {
    name: ServerName<'static>,
    config: Arc<ClientConfig>,
}

impl Trust {
    /// Trusts the web's roots, and those of `extra_root` (PEM), for a server called `host`.
    pub(crate) fn new(host: &str, extra_root: Option<&[u8]>) -> Result<Self, Error> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Error::ServerName(host.to_owned()))?;
        let mut roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        for certificate in extra_root
            .into_iter()
            .flat_map(CertificateDer::pem_slice_iter)
        {
            let certificate = certificate.map_err(|e| Error::Root(e.to_string()))?;
            roots
                .add(certificate)
                .map_err(|e| Error::Root(e.to_string()))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| Error::Root(e.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            name,
            config: Arc::new(config),
        })
    }

    /// Shakes hands over an open connection.
    pub(crate) async fn secure(&self, tcp: TcpStream) -> io::Result<Wire> {
        let connector = TlsConnector::from(self.config.clone());
        let stream = connector.connect(self.name.clone(), tcp).await?;
        Ok(Wire::Tls(Box::new(stream)))
    }
}

impl Wire {
    /// Whether nobody on the way can read along.
    pub(crate) fn is_secure(&self) -> bool {
        matches!(self, Self::Tls(_))
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
