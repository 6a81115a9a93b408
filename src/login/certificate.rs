//! Keys that sign for us: a certificate's, and a service account's as Google's console hands it out.

use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use ring::signature::RsaKeyPair;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use super::Error;
use crate::wire::not_after;

/// A certificate that proves a client, and its key.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate, in PEM.
    pub certificate: String,
    /// Its key, in PEM.
    pub key: SecretString,
    /// When it ends.
    pub ends: Option<Timestamp>,
}

impl Certificate {
    /// Reads a certificate and its RSA key, in PEM; both may stand in one text.
    ///
    /// # Errors
    /// [`Error::Key`] where one of them is not there or cannot be used.
    pub fn read(certificate: &str, key: &SecretString) -> Result<Self, Error> {
        let der = der_of(certificate)?;
        rsa(key)?;
        let own = pem_of(certificate);
        Ok(Self {
            certificate: own,
            key: key.clone(),
            ends: not_after(&der),
        })
    }
}

/// The certificate alone, without a key that may stand beside it.
fn pem_of(text: &str) -> String {
    let begin = text.find("-----BEGIN CERTIFICATE-----").unwrap_or(0);
    let end = "-----END CERTIFICATE-----";
    let length = text[begin..]
        .find(end)
        .map_or(text.len() - begin, |at| at + end.len());
    format!("{}\n", &text[begin..begin + length])
}

fn der_of(pem: &str) -> Result<CertificateDer<'static>, Error> {
    CertificateDer::from_pem_slice(pem.as_bytes())
        .map_err(|error| Error::Key(format!("the certificate cannot be read: {error}")))
}

/// SHA-256 of a certificate (RFC 7515 §4.1.8).
pub(super) fn thumbprint(pem: &str) -> Result<Vec<u8>, Error> {
    let der = der_of(pem)?;
    Ok(digest(&SHA256, &der).as_ref().to_vec())
}

/// An RSA key that can sign.
pub(super) fn rsa(pem: &SecretString) -> Result<RsaKeyPair, Error> {
    let der = PrivateKeyDer::from_pem_slice(pem.expose_secret().as_bytes());
    // The words of who reads it may hold some of it.
    let der = der.map_err(|_| Error::Key("the key is no private key in PEM form".into()))?;
    let pair = match &der {
        PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
        _ => {
            return Err(Error::Key(
                "the key is not of RSA, which issuers take".into(),
            ));
        }
    };
    pair.map_err(|error| {
        Error::Key(format!(
            "the key cannot be used: it must be of RSA, 2,048 bits or more ({error})"
        ))
    })
}

/// A service account, as Google's console hands it out in a file.
#[derive(Debug)]
pub struct ServiceAccount {
    /// Its address.
    pub email: String,
    /// The number of its key.
    pub key_id: Option<String>,
    /// Its key, in PEM.
    pub key: SecretString,
    /// Where it is asked for tokens.
    pub token: Url,
}

#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    #[serde(default)]
    private_key_id: Option<String>,
    private_key: String,
    token_uri: Url,
}

impl ServiceAccount {
    /// Reads the file.
    ///
    /// # Errors
    /// [`Error::Key`] where it is another file, or its key cannot be used.
    pub fn read(json: &str) -> Result<Self, Error> {
        let file: KeyFile = serde_json::from_str(json).map_err(|error| {
            Error::Key(format!(
                "that is not the key file of a service account (line {}, column {})",
                error.line(),
                error.column()
            ))
        })?;
        let key = SecretString::from(file.private_key);
        rsa(&key)?;
        Ok(Self {
            email: file.client_email,
            key_id: file.private_key_id,
            key,
            token: file.token_uri,
        })
    }
}
