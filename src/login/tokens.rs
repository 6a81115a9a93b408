//! Hands out the access token of a login that is kept, and gets another where that has ended or was refused.
//!
//! Two programs share one refresh: it is done under a lock on a file beside the login's, and who waited for the lock looks at
//! what the other one brought. What came is on the disk before it is used.

use std::fs;
use std::future::Future;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::Instant;

use super::Error;
use super::consent::{Grounds, obtain};
use super::kept::{Grant, KeptLogin, LoginName, make_folder, read, write};
use super::request::Issuer;
use crate::model::{AccessTokens, NoAccess};

/// A token that ends sooner is not begun with: a mail may take as long, and clocks differ.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// The tokens of one login.
#[derive(Debug)]
pub struct Tokens {
    folder: PathBuf,
    name: LoginName,
    /// What time it was, and since when.
    now: Timestamp,
    begun: Instant,
}

impl Tokens {
    /// The tokens of a login in the folder of logins. Reads nothing yet.
    pub fn new(folder: &Path, name: LoginName, now: Timestamp) -> Self {
        Self {
            folder: folder.to_owned(),
            name,
            now,
            begun: Instant::now(),
        }
    }

    /// A token, from the file or from the issuer.
    ///
    /// # Errors
    /// Where there is no login of this name, its file cannot be used, or the issuer gives no token.
    pub async fn get(&self, refused: Option<&SecretString>) -> Result<SecretString, Error> {
        if let Some(token) = usable(&read(&self.folder, &self.name)?, refused, self.now()) {
            return Ok(token);
        }
        let _lock = self.lock().await?;
        let mut login = read(&self.folder, &self.name)?;
        if let Some(token) = usable(&login, refused, self.now()) {
            return Ok(token);
        }
        let renewed = self.renew(&mut login).await;
        let access = login.access.as_ref();
        match (renewed, access) {
            (Ok(()), Some(access)) => Ok(access.token.clone()),
            // The issuer is away, and the token not over yet.
            (Err(error), Some(access))
                if error.is_transient()
                    && access.ends > self.now()
                    && !is(&access.token, refused) =>
            {
                Ok(access.token.clone())
            }
            (Err(error), _) => Err(error),
            (Ok(()), None) => Err(Error::Missing(self.name.to_string())),
        }
    }

    /// Gets a new token and keeps it. Where the newest refresh token is not taken, the one before is tried: the newest may
    /// have been lost on its way back to the issuer's own memory.
    async fn renew(&self, login: &mut KeptLogin) -> Result<(), Error> {
        let issuer = Issuer::new(login.tls_root.as_deref())?;
        let mut obtained = obtain(&issuer, login, &Grounds::Granted, self.now()).await;
        if let (
            Err(error),
            Grant::Refresh {
                before: Some(before),
                ..
            },
        ) = (&obtained, &login.grant)
            && error.is_ended_grant()
        {
            let mut older = login.clone();
            older.grant = Grant::Refresh {
                token: before.clone(),
                before: None,
            };
            if obtain(&issuer, &mut older, &Grounds::Granted, self.now())
                .await
                .is_ok()
            {
                *login = older;
                obtained = Ok(());
            }
        }
        obtained?;
        write(&self.folder, &self.name, login)
    }

    fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.begun.elapsed()).unwrap_or_default();
        self.now.checked_add(passed).unwrap_or(self.now)
    }

    /// Waits until nobody else asks the issuer for this login: for as long as a request may take.
    async fn lock(&self) -> Result<fs::File, Error> {
        let path = self.name.file(&self.folder).with_extension("lock");
        lock(path).await
    }
}

impl AccessTokens for Tokens {
    fn token<'a>(
        &'a self,
        refused: Option<&'a SecretString>,
    ) -> Pin<Box<dyn Future<Output = Result<SecretString, NoAccess>> + Send + 'a>> {
        Box::pin(async move {
            self.get(refused).await.map_err(|error| NoAccess {
                is_transient: error.is_transient(),
                cause: in_words(&self.name, &error),
            })
        })
    }
}

/// What happened to a login, and what to do.
fn in_words(name: &LoginName, error: &Error) -> String {
    match error {
        Error::Missing(_) => format!("there is no login `{name}`; `courant login` makes one"),
        error if error.is_ended_grant() => {
            format!(
                "the login `{name}` has ended or was withdrawn: {error}; make it anew by `courant login`"
            )
        }
        error => format!("no token for the login `{name}`: {error}"),
    }
}

/// Keeps a new login, in the place of an older one of its name.
///
/// # Errors
/// Where it cannot be written.
pub async fn keep(folder: &Path, name: &LoginName, login: &KeptLogin) -> Result<(), Error> {
    make_folder(folder)?;
    let _lock = lock(name.file(folder).with_extension("lock")).await?;
    write(folder, name, login)
}

/// Holds a file's lock for as long as what is returned lives.
async fn lock(path: PathBuf) -> Result<fs::File, Error> {
    let place = path.clone();
    let cannot = move |cause| Error::File {
        verb: "lock",
        path: place,
        cause,
    };
    let locked = tokio::task::spawn_blocking(move || {
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path)?;
        file.lock()?;
        Ok(file)
    });
    locked
        .await
        .unwrap_or_else(|error| Err(std::io::Error::other(error)))
        .map_err(cannot)
}

/// The token that is kept, if it is good for long enough and is not the one that was refused.
fn usable(
    login: &KeptLogin,
    refused: Option<&SecretString>,
    now: Timestamp,
) -> Option<SecretString> {
    let access = login.access.as_ref()?;
    let is_fresh = access.ends.duration_since(now) > MARGIN;
    (is_fresh && !is(&access.token, refused)).then(|| access.token.clone())
}

fn is(token: &SecretString, other: Option<&SecretString>) -> bool {
    other.is_some_and(|other| other.expose_secret() == token.expose_secret())
}
