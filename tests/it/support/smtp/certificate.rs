//! A certificate of the test's own, for a server on this machine.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// A self-signed certificate with its key.
#[derive(Debug, Clone)]
pub struct Certificate {
    pem: String,
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

impl Certificate {
    /// One for `127.0.0.1` and `localhost`.
    pub fn for_loopback() -> Self {
        Self::for_names(&["127.0.0.1", "localhost"])
    }

    /// One for other names.
    pub fn for_names(names: &[&str]) -> Self {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        Self {
            pem: made.cert.pem(),
            certificate: made.cert.der().clone(),
            key: made.signing_key.serialize_der(),
        }
    }

    /// The certificate as a client's extra root.
    pub fn pem(&self) -> Vec<u8> {
        self.pem.clone().into_bytes()
    }

    pub fn acceptor(&self) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::try_from(self.key.clone()).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}
