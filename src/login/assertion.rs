//! What we sign for an issuer: JSON Web Tokens (RFC 7519) as assertions (RFC 7523).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::Error;
use super::certificate::{rsa, thumbprint};

/// How long an assertion is good for: issuers take ten minutes and an hour; what is said at once needs less.
const LIFETIME: i64 = 300;

/// How far issuers' clocks may be behind ours.
const SLACK: i64 = 60;

/// How it is signed (RFC 7518 §3.3, §3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signature {
    /// What every issuer takes.
    Rs256,
    /// What Microsoft asks for.
    Ps256,
}

/// A client that says who it is (RFC 7523 §3), by its certificate.
pub(super) fn of_client(
    id: &str,
    audience: &str,
    (certificate, key): (&str, &SecretString),
    signature: Signature,
    now: Timestamp,
) -> Result<SecretString, Error> {
    let print = URL_SAFE_NO_PAD.encode(thumbprint(certificate)?);
    let head = json!({ "typ": "JWT", "x5t#S256": print });
    let claims = json!({ "iss": id, "sub": id, "aud": audience });
    sign(head, claims, key, signature, now)
}

/// A service account that acts for a user.
pub(super) fn of_account(
    (email, user): (&str, &str),
    audience: &str,
    scopes: &str,
    (key_id, key): (Option<&str>, &SecretString),
    now: Timestamp,
) -> Result<SecretString, Error> {
    let head = match key_id {
        Some(id) => json!({ "typ": "JWT", "kid": id }),
        None => json!({ "typ": "JWT" }),
    };
    let claims = json!({ "iss": email, "sub": user, "aud": audience, "scope": scopes });
    sign(head, claims, key, Signature::Rs256, now)
}

/// Completes and signs one, in the compact form (RFC 7515 §3.1).
fn sign(
    mut head: Value,
    mut claims: Value,
    key: &SecretString,
    signature: Signature,
    now: Timestamp,
) -> Result<SecretString, Error> {
    let (name, encoding): (_, &dyn RsaEncoding) = match signature {
        Signature::Rs256 => ("RS256", &RSA_PKCS1_SHA256),
        Signature::Ps256 => ("PS256", &RSA_PSS_SHA256),
    };
    let second = now.as_second();
    head["alg"] = json!(name);
    claims["iat"] = json!(second - SLACK);
    claims["nbf"] = json!(second - SLACK);
    claims["exp"] = json!(second + LIFETIME);
    // Never the same twice (RFC 7519 §4.1.7): one who asks again later says another instant.
    let unique = format!("{claims} {}", now.as_nanosecond());
    claims["jti"] = json!(blake3::keyed_hash(&[0; 32], unique.as_bytes()).to_hex()[..32]);
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&head), part(&claims));
    let pair = rsa(key)?;
    let mut signed = vec![0; pair.public().modulus_len()];
    pair.sign(encoding, &blinding(), text.as_bytes(), &mut signed)
        .map_err(|_| Error::Key("the key does not sign".into()))?;
    Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signed)).into())
}

/// What keeps a signature's time from telling the key, and salts it: nothing that has to be the same twice.
#[expect(clippy::disallowed_methods, reason = "an assertion is told once")]
fn blinding() -> SystemRandom {
    SystemRandom::new()
}
