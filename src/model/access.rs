//! Access tokens: what a mail server takes in the place of a password, for an hour or so (RFC 6749 §1.4).

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use secrecy::SecretString;

/// Hands out access tokens that the server has not refused yet.
pub trait AccessTokens: Debug + Send + Sync {
    /// A token that is good for some minutes at least, and another than the one that a server refused.
    fn token<'a>(
        &'a self,
        refused: Option<&'a SecretString>,
    ) -> Pin<Box<dyn Future<Output = Result<SecretString, NoAccess>> + Send + 'a>>;
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct NoAccess {
    /// What happened, and what to do.
    pub cause: String,
    /// Whether it may be there later without anybody's doing.
    pub is_transient: bool,
}
