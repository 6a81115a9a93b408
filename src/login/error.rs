//! Why a login cannot be made or used.

use std::path::PathBuf;

/// What went wrong with a login. None of it holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not a name for a login.
    #[error("`{0}` is no name for a login: small letters, digits and hyphens, at most 40")]
    Name(String),
    /// Its file cannot be read or written.
    #[error("cannot {verb} `{}`: {cause}", path.display())]
    File {
        /// `read`, `write`, `lock` or `remove`.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// Its file is not what was written.
    #[error("`{}` is no login any more: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where it breaks off.
        why: String,
    },
    /// Its file can be read by others.
    #[error("other users can read `{}`: `chmod 600` it", .0.display())]
    Exposed(PathBuf),
    /// No login of this name.
    #[error("there is no login `{0}`")]
    Missing(String),
    /// An address of the issuer that is not to be trusted with a secret.
    #[error("`{0}` is not an https address")]
    Insecure(String),
    /// A key or certificate of ours that cannot be used.
    #[error("{0}")]
    Key(String),
    /// The issuer did not answer.
    #[error("{host} does not answer: {cause}")]
    Unreachable {
        /// The issuer's host.
        host: String,
        /// What the connection failed for.
        cause: String,
    },
    /// The issuer's answer is none that the protocol knows: a page of HTML, a fault of its own.
    #[error("{host} answers {status} with something else than it should: {said}")]
    Strange {
        /// The issuer's host.
        host: String,
        /// Status of HTTP.
        status: u16,
        /// The beginning of it.
        said: String,
    },
    /// The issuer says no (RFC 6749 §5.2).
    #[error("{host} says no: {said}")]
    Refused {
        /// The issuer's host.
        host: String,
        /// Its word for it: `invalid_grant`, `invalid_client`.
        code: String,
        /// That, and what it says to people.
        said: String,
    },
    /// Who was asked for consent did not give it in time, or gave it to something else.
    #[error("{0}")]
    NoConsent(String),
}

impl Error {
    /// Whether it may pass without anybody's doing.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Strange { status, .. } => *status >= 500 || *status == 429 || *status == 200,
            Self::Refused { code, .. } => {
                matches!(
                    code.as_str(),
                    "temporarily_unavailable" | "server_error" | "slow_down"
                )
            }
            _ => false,
        }
    }

    /// Whether what was granted has ended or was withdrawn (RFC 6749 §5.2).
    pub fn is_ended_grant(&self) -> bool {
        matches!(self, Self::Refused { code, .. }
            if matches!(code.as_str(), "invalid_grant" | "interaction_required" | "consent_required"))
    }

    /// Whether it may be our clock that is wrong: the issuer refuses what we signed.
    pub(super) fn may_be_the_clock(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if matches!(code.as_str(), "invalid_client" | "invalid_grant"))
    }
}
