//! The password of a relay's or an inbox's user: never a setting, but a variable, a file of its own, or a credential of systemd's.

use std::path::Path;

use secrecy::SecretString;

use super::environment::Environment;
use super::files::why;
use super::section::Section;
use super::value::Value;

/// What is said of a password that stands in the file.
pub(super) const MISPLACED: &str = "a password does not belong in this file";

/// Where it does belong.
pub(super) const MISPLACED_HINT: &str =
    "put it alone in a file and name that with `password_file`, or set COURANT_DELIVERY__PASSWORD";

/// The name of the credential that systemd passes.
const CREDENTIAL: &str = "delivery-password";

/// Permission bits by which others than the owner may read a file.
#[cfg(unix)]
const READABLE_BY_OTHERS: u32 = 0o044;

/// What was found of a password.
pub(super) enum Password {
    Found(SecretString),
    /// Looked for in vain.
    Absent,
    /// A file was named and is of no use: that was reported.
    Faulty,
}

/// Looks for the password of `[delivery]` in its places: the variable, the file that is named, the credential.
pub(super) fn read(section: &mut Section<'_>, root: &Path, environment: &Environment) -> Password {
    section.refuse("password", MISPLACED, MISPLACED_HINT);
    find(
        section,
        root,
        environment,
        environment.password(),
        CREDENTIAL,
    )
}

/// Looks in what the variable held, in the file that is named, and among systemd's credentials.
pub(super) fn find(
    section: &mut Section<'_>,
    root: &Path,
    environment: &Environment,
    variable: Option<SecretString>,
    credential: &str,
) -> Password {
    let named = section.get("password_file");
    if let Some(secret) = variable {
        return Password::Found(secret);
    }
    if let Some(value) = named {
        return read_file(&value, root);
    }
    let credential = environment.get("CREDENTIALS_DIRECTORY").and_then(|folder| {
        let path = Path::new(folder).join(credential);
        std::fs::read_to_string(path).ok()
    });
    match credential.as_deref().map(str::trim_end) {
        None | Some("") => Password::Absent,
        Some(secret) => Password::Found(SecretString::from(secret)),
    }
}

/// Reads the file that a value names.
pub(super) fn read_file(value: &Value<'_>, root: &Path) -> Password {
    file_text(value, root).map_or(Password::Faulty, Password::Found)
}

fn file_text(value: &Value<'_>, root: &Path) -> Option<SecretString> {
    let typed = value.line_of_text()?;
    let path = root.join(&typed);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            value.report(
                format!(
                    "cannot read the password file `{typed}`: {}",
                    why(&path, &error)
                ),
                None,
            );
            return None;
        }
    };
    warn_if_open(value, &path, &typed, "the password file");
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        value.report(format!("the password file `{typed}` is empty"), None);
        return None;
    }
    Some(SecretString::from(secret))
}

/// Warns of a secret that others on this machine can read.
#[cfg(unix)]
pub(super) fn warn_if_open(value: &Value<'_>, path: &Path, typed: &str, what: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let open = std::fs::metadata(path)
        .is_ok_and(|data| data.permissions().mode() & READABLE_BY_OTHERS != 0);
    if open {
        value.warn(
            format!("other users can read {what} `{typed}`"),
            format!("`chmod 600 {typed}`"),
        );
    }
}

#[cfg(not(unix))]
pub(super) fn warn_if_open(_value: &Value<'_>, _path: &Path, _typed: &str, _what: &str) {}
