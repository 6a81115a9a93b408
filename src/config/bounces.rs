//! `[bounces]`: where what comes back is read, and where the password of that inbox comes from.
//!
//! As for the relay, the password is never a setting: it comes from `COURANT_BOUNCES__PASSWORD`, else from
//! `password_file`, else from the credentials that systemd passes (`$CREDENTIALS_DIRECTORY/bounces-password`).

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::delivery::{read_certificate, read_password_file};
use super::environment::Environment;
use super::section::Section;
use super::value::Value;
use crate::model::{EmailAddress, InboxError, InboxPlace, MailServer};

/// The name of the credential that systemd passes.
const CREDENTIAL: &str = "bounces-password";

/// What an inbox may be.
const INBOX_HINT: &str = "write the path of a Maildir, `imaps://user@host/INBOX` or `pop3s://user@host`; \
     an `@` within the user is `%40`";

/// Where what comes back is read.
#[derive(Debug, Clone, Default)]
pub struct Bounces {
    /// The inbox, if it is to be read by runs and by `bounces ingest` without being named.
    pub inbox: Option<InboxPlace>,
    /// The password of the inbox's user; always there if the inbox is on a server.
    pub password: Option<SecretString>,
    /// The root certificate of a server's private authority, in PEM form.
    pub tls_root: Option<Vec<u8>>,
}

/// Reads the section; files are relative to `root`. `address` is what reports are sent to, where `[delivery]` could be
/// read.
pub(super) fn read(
    mut section: Section<'_>,
    root: &Path,
    environment: &Environment,
    address: Option<Option<&EmailAddress>>,
) -> Option<Bounces> {
    section.refuse(
        "password",
        "a password does not belong in this file",
        "put it alone in a file and name that with `password_file`, or set COURANT_BOUNCES__PASSWORD",
    );
    let password = read_password(&mut section, root, environment);
    let inbox = section.or("inbox", None, |v| {
        let place = read_inbox(v, root)?;
        if matches!(address, Some(None)) {
            v.warn(
                "nothing in this inbox will be believed: mails have no return path of their own",
                "set `bounces` in `[delivery]` to the address whose mail arrives here".to_owned(),
            );
        }
        if let (InboxPlace::Server(server), Ok(None)) = (&place, &password) {
            let hint = "set `password_file` to a file that holds it, or COURANT_BOUNCES__PASSWORD";
            v.report(
                format!("the password of `{}` at this inbox is missing", server.user),
                Some(hint.to_owned()),
            );
            return None;
        }
        Some(Some(place))
    });
    let tls_root = section.optional("tls_root", |v| read_certificate(v, root));
    section.finish();
    Some(Bounces {
        inbox: inbox?,
        password: password.ok()?,
        tls_root,
    })
}

/// A file that was named and is of no use: that was reported.
struct Faulty;

fn read_password(
    section: &mut Section<'_>,
    root: &Path,
    environment: &Environment,
) -> Result<Option<SecretString>, Faulty> {
    let named = section.get("password_file");
    if let Some(secret) = environment.inbox_password() {
        return Ok(Some(secret));
    }
    if let Some(value) = named {
        return read_password_file(&value, root).map(Some).ok_or(Faulty);
    }
    let credential = environment.get("CREDENTIALS_DIRECTORY").and_then(|folder| {
        let path = Path::new(folder).join(CREDENTIAL);
        std::fs::read_to_string(path).ok()
    });
    let secret = credential.as_deref().map(str::trim_end);
    Ok(secret
        .filter(|secret| !secret.is_empty())
        .map(SecretString::from))
}

/// A path, or the address of a mailbox.
fn read_inbox(value: &Value<'_>, root: &Path) -> Option<InboxPlace> {
    let typed = value.line_of_text()?;
    if !typed.contains("://") {
        return Some(InboxPlace::Path(root.join(PathBuf::from(typed))));
    }
    match MailServer::parse(&typed) {
        Ok(server) => Some(InboxPlace::Server(server)),
        Err(fault @ InboxError::Password) => {
            let hint = "put it alone in a file and name that with `password_file`, or set COURANT_BOUNCES__PASSWORD";
            value.report_secret(format!("invalid `inbox`: {fault}"), hint);
            None
        }
        Err(fault) => {
            value.report(
                format!("invalid `inbox`: {fault}"),
                Some(INBOX_HINT.to_owned()),
            );
            None
        }
    }
}
