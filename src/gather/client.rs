//! The HTTP client as this room wants it: our TLS, our resolver, no redirects, no Referer, no proxy, no cookies.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

use super::Error;
use super::fetch::FetchSettings;
use super::guard::{Guard, GuardedResolver};
use super::unpack::ACCEPTED;

/// Feeds first; a page is taken too, so that we can say that it is one.
const ACCEPT: &str = "application/atom+xml, application/rss+xml, application/feed+json, application/json;q=0.8, \
                      application/xml;q=0.8, text/xml;q=0.8, text/html;q=0.5, */*;q=0.1";

/// A connection is kept for the next source of the same host, not longer: a thousand idle ones hold a lot of memory.
const KEPT: Duration = Duration::from_secs(2);

/// Sets the client up; [`Error::Settings`] where the settings are not usable.
pub(super) fn make(settings: &FetchSettings, guard: &Arc<Guard>) -> Result<Client, Error> {
    Client::builder()
        .tls_backend_preconfigured(tls(&settings.roots)?)
        .dns_resolver(GuardedResolver(Arc::clone(guard)))
        .redirect(Policy::none())
        .referer(false)
        .no_proxy()
        .default_headers(HeaderMap::from_iter([
            (header::ACCEPT, HeaderValue::from_static(ACCEPT)),
            (header::ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED)),
        ]))
        .connect_timeout(settings.connect)
        .pool_idle_timeout(KEPT)
        .pool_max_idle_per_host(1)
        .build()
        .map_err(|error| Error::Settings(error.to_string()))
}

/// TLS by `ring`, trusting Mozilla's list and the operator's own.
fn tls(extra_roots: &[Vec<u8>]) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    for root in extra_roots {
        roots
            .add(CertificateDer::from(root.clone()))
            .map_err(|error| Error::Settings(error.to_string()))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Settings(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
