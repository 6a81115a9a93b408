//! Whom to believe that they are the server that was meant.
//!
//! Elsewhere: whom the web's roots vouch for under the server's name, whom the operator's own root vouches for, and a
//! certificate that is byte for byte the operator's, whatever name it bears and whether or not it calls itself an
//! authority: whoever has its key is who was meant. On this machine: whoever answers.

use std::io;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore,
    SignatureScheme,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::certificate::Names;
use super::{Wire, is_here};

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

/// What TLS needs to know: whom to expect and whom to trust.
#[derive(Clone)]
pub(crate) struct Trust {
    name: ServerName<'static>,
    elsewhere: Arc<ClientConfig>,
    here: Arc<ClientConfig>,
}

impl Trust {
    /// Trusts the web's roots, and those of `extra_root` (PEM), for a server called `host`.
    pub(crate) fn new(host: &str, extra_root: Option<&[u8]>) -> Result<Self, Error> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Error::ServerName(host.to_owned()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let named = Named::new(extra_root, &provider)?;
        Ok(Self {
            name,
            elsewhere: config(&provider, Arc::new(named))?,
            here: config(&provider, Arc::new(Anybody(provider.clone())))?,
        })
    }

    /// Shakes hands over an open connection.
    pub(crate) async fn secure(&self, tcp: TcpStream) -> io::Result<Wire> {
        let config = match is_here(&tcp) {
            true => &self.here,
            false => &self.elsewhere,
        };
        self.shake_hands(tcp, config).await
    }

    async fn shake_hands(&self, tcp: TcpStream, config: &Arc<ClientConfig>) -> io::Result<Wire> {
        let connector = TlsConnector::from(config.clone());
        let stream = connector.connect(self.name.clone(), tcp).await;
        Ok(Wire::Tls(Box::new(stream.map_err(in_words)?)))
    }
}

/// TLS for servers elsewhere: trusts the web's roots, and those of `extra_root` (PEM).
pub(crate) fn tls_config(extra_root: Option<&[u8]>) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let named = Named::new(extra_root, &provider)?;
    config(&provider, Arc::new(named)).map(Arc::unwrap_or_clone)
}

fn config(
    provider: &Arc<CryptoProvider>,
    verifier: Arc<dyn ServerCertVerifier>,
) -> Result<Arc<ClientConfig>, Error> {
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::Root(e.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// What a handshake failed for: our own reason where it was the certificate.
fn in_words(error: io::Error) -> io::Error {
    let found = error.get_ref().and_then(|e| e.downcast_ref());
    match found {
        Some(rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(own)))) => {
            io::Error::other(own.to_string())
        }
        _ => error,
    }
}

/// A certificate for which nobody vouches.
#[derive(Debug, thiserror::Error)]
#[error(
    "its certificate{names} is vouched for by nobody who is known here{reason}; if that server is the right one, save \
     its certificate, or that of its authority, to a file and name it beside the server's address: `tls_root = \"FILE.pem\"`"
)]
struct Unvouched {
    names: String,
    reason: String,
}

/// Trusts certificates that known authorities have signed for the server's name, and those of the operator's own.
#[derive(Debug)]
struct Named {
    ordinary: Arc<WebPkiServerVerifier>,
    own: Vec<CertificateDer<'static>>,
}

impl Named {
    fn new(extra_root: Option<&[u8]>, provider: &Arc<CryptoProvider>) -> Result<Self, Error> {
        let cannot = |e: String| Error::Root(e);
        let mut roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        let own = extra_root.into_iter();
        let own = own.flat_map(CertificateDer::pem_slice_iter);
        let own: Vec<_> = own
            .collect::<Result<_, _>>()
            .map_err(|e| cannot(e.to_string()))?;
        for certificate in &own {
            let added = roots.add(certificate.clone());
            added.map_err(|e| cannot(e.to_string()))?;
        }
        let ordinary =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        Ok(Self {
            ordinary: ordinary.build().map_err(|e| cannot(e.to_string()))?,
            own,
        })
    }
}

impl ServerCertVerifier for Named {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.own.iter().any(|own| own == end_entity) {
            return Ok(ServerCertVerified::assertion());
        }
        let judged = self.ordinary.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        judged.map_err(|error| {
            let reason = match &error {
                rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => String::new(),
                // What a certificate that vouches for itself fails for: it calls itself an authority, or has no version 3.
                rustls::Error::InvalidCertificate(CertificateError::Other(why)) => {
                    format!(" ({why})")
                }
                _ => return error,
            };
            let unvouched = Unvouched {
                names: Names::of(end_entity).map_or_else(String::new, |names| names.to_string()),
                reason,
            };
            let own = OtherError(Arc::new(unvouched));
            rustls::Error::InvalidCertificate(CertificateError::Other(own))
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.ordinary.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.ordinary.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.ordinary.supported_verify_schemes()
    }
}

/// Trusts whoever answers, with any certificate or key: TLS is spoken since the server wants it, and proves nothing.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
    use rustls::ServerConfig;
    use rustls::pki_types::PrivateKeyDer;
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    /// A certificate with its key, for the name that it bears.
    struct Made(rcgen::Certificate, KeyPair);

    fn params(name: &str, is_authority: bool) -> CertificateParams {
        let mut params = CertificateParams::new(vec![name.replace(' ', "-")]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        if is_authority {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        params
    }

    fn self_signed(name: &str, is_authority: bool) -> Made {
        let key = KeyPair::generate().unwrap();
        let made = params(name, is_authority).self_signed(&key).unwrap();
        Made(made, key)
    }

    /// Whether a server with this certificate is believed, by the rules of elsewhere or by those of its address.
    async fn believed(server: &Made, host: &str, root: Option<&Made>, elsewhere: bool) -> String {
        let key = PrivateKeyDer::try_from(server.1.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![server.0.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            let (tcp, _) = listener.accept().await.unwrap();
            let _ = TlsAcceptor::from(Arc::new(config)).accept(tcp).await;
        });
        let root = root.map(|root| root.0.pem());
        let trust = Trust::new(host, root.as_ref().map(String::as_bytes)).unwrap();
        let tcp = TcpStream::connect(address).await.unwrap();
        assert!(is_here(&tcp));
        let shaken = match elsewhere {
            true => trust.shake_hands(tcp, &trust.elsewhere).await,
            false => trust.secure(tcp).await,
        };
        serving.await.unwrap();
        shaken.map_or_else(|error| error.to_string(), |_| "yes".to_owned())
    }

    #[tokio::test]
    async fn elsewhere_a_stranger_is_not_believed_and_it_is_said_who_issued_it() {
        let authority = self_signed("Kantoor CA", true);
        let key = KeyPair::generate().unwrap();
        let signer = params("Kantoor CA", true);
        let issuer = Issuer::from_params(&signer, &authority.1);
        let issued = params("mail.lan", false);
        let issued = issued.signed_by(&key, &issuer).unwrap();
        let issued = Made(issued, key);
        let said = believed(&issued, "mail.lan", None, true).await;
        for part in ["for \"mail.lan\"", "by \"Kantoor CA\"", "`tls_root = "] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert_eq!(
            believed(&issued, "mail.lan", Some(&authority), true).await,
            "yes"
        );
        let other = believed(&issued, "post.lan", Some(&authority), true).await;
        assert!(other.contains("not valid for name"), "{other}");
        for is_authority in [false, true] {
            let stranger = self_signed("mail.lan", is_authority);
            let said = believed(&stranger, "mail.lan", None, true).await;
            for part in ["that server itself", "`tls_root = "] {
                assert!(said.contains(part), "{part}: {said}");
            }
            let others = believed(&stranger, "mail.lan", Some(&authority), true).await;
            assert!(others.contains("`tls_root = "), "{others}");
        }
    }

    #[tokio::test]
    async fn a_certificate_that_is_named_byte_for_byte_is_believed() {
        for is_authority in [false, true] {
            for host in ["mail.lan", "10.0.0.7"] {
                let own = self_signed("mail.lan", is_authority);
                assert_eq!(believed(&own, host, Some(&own), true).await, "yes");
            }
        }
    }

    /// The address tells: under whatever name this machine was reached.
    #[tokio::test]
    async fn on_this_machine_no_certificate_is_asked_for() {
        let stranger = self_signed("debian", true);
        let other = self_signed("debian", false);
        for host in ["localhost", "127.0.0.1", "mail.example.nl"] {
            for root in [None, Some(&other)] {
                assert_eq!(believed(&stranger, host, root, false).await, "yes");
            }
        }
    }
}
