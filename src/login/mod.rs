//! Logins at mail providers by OAuth 2.0 (RFC 6749): who once allowed it need not come back.
//!
//! A login is made by a command, kept as one file under `state/logins`, and used by any run: [`Tokens`] hands out its access
//! token, and gets another where that has ended or was refused, under a lock, so that two programs share one. What it is got
//! with is a secret or a certificate of ours, a service account, or a refresh token that a person's consent gave; a new one of
//! these is on the disk before the old one is given up. No secret, token or assertion is in a message, a log line or an
//! argument.
//!
//! The requests are written here: the crates for them bring a second crypto library and a clock of their own.

mod answer;
mod assertion;
mod browser;
mod certificate;
mod consent;
mod device;
mod error;
mod issuer;
mod kept;
mod request;
mod tokens;

pub use browser::{Browser, Waiting};
pub use certificate::{Certificate, ServiceAccount};
pub use consent::{Grounds, obtain, revoke};
pub use device::{DeviceCode, DeviceLogin};
pub use error::Error;
pub use issuer::{Endpoints, GOOGLE_SCOPE, discover, google, microsoft};
pub use kept::{Access, Client, Grant, KeptLogin, LoginName, Proof, Provider, forget, list, read};
pub use request::Issuer;
pub use tokens::{Tokens, keep};
