//! A login as it is kept: one file of JSON under `state/logins`, for its owner alone, written whole.

use std::fmt;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::Error;
use super::issuer::Endpoints;

/// Longest name: it becomes a file's.
const LONGEST: usize = 40;

/// The name of a login, which becomes that of a file: small letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LoginName(String);

impl LoginName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`Error::Name`] where it is none.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        match !text.is_empty() && text.len() <= LONGEST && text.chars().all(fits) {
            true => Ok(Self(text.to_owned())),
            false => Err(Error::Name(text.to_owned())),
        }
    }

    /// Its file in the folder of logins.
    pub(super) fn file(&self, folder: &Path) -> PathBuf {
        folder.join(&self.0)
    }
}

impl fmt::Display for LoginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who issues the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Microsoft Entra ID, for Exchange Online.
    Microsoft,
    /// Google, for Gmail and Workspace.
    Google,
    /// Any other that OpenID Connect's discovery describes.
    Oidc,
}

/// A login.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeptLogin {
    /// Who issues its tokens.
    pub provider: Provider,
    /// Whose mailbox it opens.
    pub user: String,
    /// Where the issuer is asked.
    pub endpoints: Endpoints,
    /// What the issuer knows us as.
    pub client: Client,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// What tokens are got with.
    pub grant: Grant,
    /// The newest token.
    pub access: Option<Access>,
    /// When it was made.
    pub made: Timestamp,
    /// The root certificate of an issuer's private authority, in PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_root: Option<String>,
}

/// What an issuer knows us as.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Client {
    /// The name it gave us.
    pub id: String,
    /// How we prove that we are it.
    pub proof: Proof,
}

/// How a client proves who it is (RFC 6749 §2.3).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Not at all: a public client.
    Nothing,
    /// By a secret.
    Secret {
        /// The secret.
        #[serde(with = "secret")]
        secret: SecretString,
        /// When it ends, if somebody said so.
        ends: Option<Timestamp>,
    },
    /// By what is signed with a certificate's key (RFC 7523 §2.2).
    Certificate {
        /// The certificate, in PEM.
        certificate: String,
        /// Its key, in PEM.
        #[serde(with = "secret")]
        key: SecretString,
        /// When the certificate ends.
        ends: Option<Timestamp>,
    },
}

/// What tokens are got with.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// The client's own proof (RFC 6749 §4.4): nobody has to come back.
    ClientCredentials,
    /// A service account that may act for a user (RFC 7523 §2.1).
    ServiceAccount {
        /// Its address.
        email: String,
        /// The number of its key.
        key_id: Option<String>,
        /// Its key, in PEM.
        #[serde(with = "secret")]
        key: SecretString,
    },
    /// What a person's consent gave (RFC 6749 §6).
    Refresh {
        /// The newest refresh token.
        #[serde(with = "secret")]
        token: SecretString,
        /// The one before, until the newest has been of use.
        #[serde(
            default,
            with = "secret::option",
            skip_serializing_if = "Option::is_none"
        )]
        before: Option<SecretString>,
    },
}

/// An access token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Access {
    /// The token.
    #[serde(with = "secret")]
    pub token: SecretString,
    /// When it ends.
    pub ends: Timestamp,
}

impl KeptLogin {
    /// What its tokens are got with, in words.
    pub fn by(&self) -> &'static str {
        match (&self.grant, &self.client.proof) {
            (Grant::ServiceAccount { .. }, _) => "a service account",
            (Grant::Refresh { .. }, _) => "a person's consent",
            (Grant::ClientCredentials, Proof::Certificate { .. }) => "the client's certificate",
            (Grant::ClientCredentials, _) => "the client's secret",
        }
    }

    /// When somebody has to do something for it to go on, where that is known: its secret or certificate ends.
    pub fn ends(&self) -> Option<Timestamp> {
        match self.client.proof {
            Proof::Secret { ends, .. } | Proof::Certificate { ends, .. } => ends,
            Proof::Nothing => None,
        }
    }
}

/// Reads a login.
///
/// # Errors
/// [`Error::Missing`] where there is none; where its file cannot be read, is damaged, or is open to others.
pub fn read(folder: &Path, name: &LoginName) -> Result<KeptLogin, Error> {
    let path = name.file(folder);
    let cannot = |cause| Error::File {
        verb: "read",
        path: path.clone(),
        cause,
    };
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(Error::Missing(name.to_string()));
        }
        Err(error) => return Err(cannot(error)),
    };
    if fs::metadata(&path).map_err(cannot)?.permissions().mode() & 0o077 != 0 {
        return Err(Error::Exposed(path));
    }
    // The words of the parser may quote what stands there.
    serde_json::from_slice(&bytes).map_err(|error| Error::Damaged {
        path,
        why: format!("line {}, column {}", error.line(), error.column()),
    })
}

/// Makes the folder of logins, for its owner alone.
pub(super) fn make_folder(folder: &Path) -> Result<(), Error> {
    let mut made = fs::DirBuilder::new();
    let made = made.recursive(true).mode(0o700).create(folder);
    made.map_err(|cause| Error::File {
        verb: "write",
        path: folder.to_owned(),
        cause,
    })
}

/// Writes a login whole, so that whoever reads it finds the old one or this one, also after a crash.
///
/// # Errors
/// Where it cannot be written; then the old one stands.
pub(super) fn write(folder: &Path, name: &LoginName, login: &KeptLogin) -> Result<(), Error> {
    let path = name.file(folder);
    let cannot = |cause| Error::File {
        verb: "write",
        path: path.clone(),
        cause,
    };
    let mut text = serde_json::to_vec_pretty(login).map_err(|error| cannot(error.into()))?;
    text.push(b'\n');
    // Who writes holds the lock, so the draft is nobody else's; one that a killed program left is written over.
    let draft = path.with_extension("draft");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&draft).map_err(cannot)?;
    file.write_all(&text).map_err(cannot)?;
    file.sync_all().map_err(cannot)?;
    fs::rename(&draft, &path).map_err(cannot)?;
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(cannot)
}

/// The names of all logins, in order.
///
/// # Errors
/// Where the folder cannot be read; none there is none.
pub fn list(folder: &Path) -> Result<Vec<LoginName>, Error> {
    let cannot = |cause| Error::File {
        verb: "read",
        path: folder.to_owned(),
        cause,
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(cannot(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        // Drafts and locks have an ending, and so no name of a login.
        let file = entry.map_err(cannot)?.file_name();
        names.extend(file.to_str().and_then(|name| LoginName::parse(name).ok()));
    }
    names.sort();
    Ok(names)
}

/// Removes a login's file and what was beside it.
///
/// # Errors
/// Where it cannot be removed.
pub fn forget(folder: &Path, name: &LoginName) -> Result<(), Error> {
    let path = name.file(folder);
    for ending in ["draft", "lock"] {
        // A lock that is gone is made anew; nobody misses a draft.
        let _ = fs::remove_file(path.with_extension(ending));
    }
    fs::remove_file(&path).map_err(|cause| Error::File {
        verb: "remove",
        path,
        cause,
    })
}

/// Secrets in the file, and nowhere else.
mod secret {
    use secrecy::{ExposeSecret as _, SecretString};
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        secret: &SecretString,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_str(secret.expose_secret())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<SecretString, D::Error> {
        String::deserialize(from).map(SecretString::from)
    }

    pub(super) mod option {
        use secrecy::ExposeSecret as _;
        use serde::Deserialize as _;

        use super::{Deserializer, SecretString, Serializer};

        pub(in super::super) fn serialize<S: Serializer>(
            secret: &Option<SecretString>,
            to: S,
        ) -> Result<S::Ok, S::Error> {
            match secret {
                Some(secret) => to.serialize_some(secret.expose_secret()),
                None => to.serialize_none(),
            }
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            from: D,
        ) -> Result<Option<SecretString>, D::Error> {
            Ok(Option::<String>::deserialize(from)?.map(SecretString::from))
        }
    }
}
