//! A DKIM key: who vouches for a message, under which name in DNS, and what that name must say there.
//!
//! RSA (RFC 6376) and Ed25519 (RFC 8463); read from PEM. Nothing here prints a secret.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{Ed25519KeyPair, KeyPair as _, RsaKeyPair};

/// What stands before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410 §7).
const ED25519_PKCS8: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// The algorithm "RSA" in a public key of its own kind (RFC 8017 §A.1): the object's number, and no parameters.
const RSA_ALGORITHM: [u8; 15] = [
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];

/// Longest string in a DNS record (RFC 1035 §3.3.14).
const LONGEST_STRING: usize = 255;

/// A key and the place in DNS where its public half stands; clones share the secret.
#[derive(Debug, Clone)]
pub struct DkimKey {
    /// Who vouches: From's domain or one above it, in ASCII.
    pub domain: String,
    /// The name below `_domainkey` of that domain.
    pub selector: String,
    secret: Arc<DkimSecret>,
}

/// A private key.
pub enum DkimSecret {
    /// RSA, of 2,048 bits or more.
    Rsa(RsaKeyPair),
    /// Ed25519, which few receivers check yet.
    Ed25519(Ed25519KeyPair),
}

/// Why a text is no key to sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DkimKeyError {
    /// No private key in PEM form.
    #[error("holds no private key in PEM form")]
    Pem,
    /// Encrypted, so that a passphrase would be needed.
    #[error("holds a key that is locked with a passphrase")]
    Locked,
    /// Another kind of key, or one that is too short or broken.
    #[error("holds neither an RSA key of 2,048 to 4,096 bits nor an Ed25519 key")]
    Kind,
}

impl DkimKey {
    /// A key for a domain under a selector.
    pub fn new(domain: String, selector: String, secret: DkimSecret) -> Self {
        Self {
            domain,
            selector,
            secret: Arc::new(secret),
        }
    }

    /// The private key.
    pub fn secret(&self) -> &DkimSecret {
        &self.secret
    }

    /// Whether signing with it takes long.
    pub fn is_rsa(&self) -> bool {
        matches!(*self.secret, DkimSecret::Rsa(_))
    }

    /// Its name in a signature (RFC 6376 §3.3, RFC 8463 §3).
    pub fn algorithm(&self) -> &'static str {
        match *self.secret {
            DkimSecret::Rsa(_) => "rsa-sha256",
            DkimSecret::Ed25519(_) => "ed25519-sha256",
        }
    }

    /// The name of its DNS record.
    pub fn record_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }
}

impl DkimSecret {
    /// Reads a key in PEM form: PKCS #8, or PKCS #1 for RSA.
    pub fn from_pem(pem: &str) -> Result<Self, DkimKeyError> {
        if pem.contains("BEGIN ENCRYPTED PRIVATE KEY") || pem.contains("Proc-Type: 4,ENCRYPTED") {
            return Err(DkimKeyError::Locked);
        }
        let pair = if let Some(der) = pem_block(pem, "PRIVATE KEY") {
            if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der) {
                return Ok(Self::Ed25519(pair));
            }
            RsaKeyPair::from_pkcs8(&der)
        } else if let Some(der) = pem_block(pem, "RSA PRIVATE KEY") {
            RsaKeyPair::from_der(&der)
        } else {
            return Err(DkimKeyError::Pem);
        };
        pair.map(Self::Rsa).map_err(|_| DkimKeyError::Kind)
    }

    /// An Ed25519 key of 32 random bytes, in PEM form.
    pub fn ed25519_pem(seed: &[u8; 32]) -> String {
        let mut der = ED25519_PKCS8.to_vec();
        der.extend_from_slice(seed);
        let key = STANDARD.encode(der);
        format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n")
    }

    /// The text of the DNS record of its public half (RFC 6376 §3.6.1).
    pub fn record(&self) -> String {
        match self {
            Self::Rsa(pair) => {
                let key = STANDARD.encode(rsa_public_key(pair.public().as_ref()));
                format!("v=DKIM1; k=rsa; p={key}")
            }
            Self::Ed25519(pair) => {
                let key = STANDARD.encode(pair.public_key().as_ref());
                format!("v=DKIM1; k=ed25519; p={key}")
            }
        }
    }

    /// The record as a line of a zone file has it: in strings of at most 255 octets.
    pub fn record_strings(&self) -> String {
        let record = self.record();
        let strings: Vec<String> = record
            .as_bytes()
            .chunks(LONGEST_STRING)
            .map(|string| format!("\"{}\"", String::from_utf8_lossy(string)))
            .collect();
        strings.join(" ")
    }

    /// Whether a record in DNS names this key: the same `p=`, whatever else it says.
    pub fn matches(&self, record: &str) -> bool {
        let p = |record: &str| {
            let mut tags = record.split(';').filter_map(|tag| tag.split_once('='));
            let found = tags.find(|(name, _)| name.trim() == "p");
            found.map(|(_, value)| value.split_whitespace().collect::<String>())
        };
        p(record).is_some_and(|key| !key.is_empty() && Some(key) == p(&self.record()))
    }
}

/// The bytes of the first block with this label (RFC 7468).
fn pem_block(text: &str, label: &str) -> Option<Vec<u8>> {
    let (begin, end) = (
        format!("-----BEGIN {label}-----"),
        format!("-----END {label}-----"),
    );
    let (_, rest) = text.split_once(&begin)?;
    let (inner, _) = rest.split_once(&end)?;
    STANDARD
        .decode(inner.split_whitespace().collect::<String>())
        .ok()
}

/// A public key with its algorithm (RFC 5280 §4.1.2.7), as every record in DNS has it.
fn rsa_public_key(key: &[u8]) -> Vec<u8> {
    let mut bits = vec![0];
    bits.extend_from_slice(key);
    let mut inner = RSA_ALGORITHM.to_vec();
    inner.extend(der(0x03, &bits));
    der(0x30, &inner)
}

/// A value with its tag and length (X.690 §8.1.3).
fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = value.len().to_be_bytes();
    let length = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    match length {
        [] => out.push(0),
        [short] if *short < 0x80 => out.push(*short),
        long => {
            out.push(0x80 | u8::try_from(long.len()).unwrap_or(0x7f));
            out.extend_from_slice(long);
        }
    }
    out.extend_from_slice(value);
    out
}

impl fmt::Debug for DkimSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsa(_) => "Rsa(…)",
            Self::Ed25519(_) => "Ed25519(…)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ed25519_key_is_made_read_and_published() {
        // RFC 8463 §A.2: the key of the standard's example.
        let seed = STANDARD
            .decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
            .unwrap();
        let pem = DkimSecret::ed25519_pem(seed.as_slice().try_into().unwrap());
        let secret = DkimSecret::from_pem(&pem).unwrap();
        let record = secret.record();
        assert_eq!(
            record,
            "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
        );
        assert!(
            secret.matches(
                "k=ed25519; p= 11qYAYKxCrfVS/7TyWQH Ohg"
                    .replace("Ohg", "Og7hcvPapiMlrwIaaPcHURo=")
                    .as_str()
            )
        );
        assert!(!secret.matches("v=DKIM1; k=ed25519; p="));
        assert!(!secret.matches("v=spf1 -all"));
        assert!(!format!("{secret:?}").contains("nWGx"));
    }

    #[test]
    fn what_is_no_key_is_told_apart() {
        let locked =
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n";
        let strange = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
        for (text, why) in [
            ("", DkimKeyError::Pem),
            (
                "-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n",
                DkimKeyError::Pem,
            ),
            (locked, DkimKeyError::Locked),
            (strange, DkimKeyError::Kind),
        ] {
            assert_eq!(DkimSecret::from_pem(text).unwrap_err(), why, "{text}");
        }
    }
}
