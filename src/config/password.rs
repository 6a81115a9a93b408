//! The password of a relay's or an inbox's user: never a setting, but a variable, a file of its own, or a credential of systemd's.
//!
//! Where a section names both a credential (`password_credential`) and a file (`password_file`), the credential goes first;
//! what systemd passes under the usual name counts where nothing is named.

use std::io::ErrorKind;
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

/// The usual name of the credential that systemd passes.
const CREDENTIAL: &str = "delivery-password";

/// What to do about what is no credential's name.
const NAME_HINT: &str = "it is the NAME of `LoadCredential=NAME:/path/of/a/file` in the unit";

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

/// Looks for the password of `[delivery]` in its places.
pub(super) fn read(section: &mut Section<'_>, root: &Path, environment: &Environment) -> Password {
    section.refuse("password", MISPLACED, MISPLACED_HINT);
    let variable = environment.password();
    find(section, root, environment, variable, CREDENTIAL)
}

/// Looks in what the variable held, in what the section names, and for systemd's credential of this name.
pub(super) fn find(
    section: &mut Section<'_>,
    root: &Path,
    environment: &Environment,
    variable: Option<SecretString>,
    credential: &str,
) -> Password {
    let named = Named::of(section);
    if let Some(secret) = variable {
        return Password::Found(secret);
    }
    if let Some(password) = named.read(root, environment) {
        return password;
    }
    match read_credential(environment, credential) {
        Ok(Some(secret)) => Password::Found(secret),
        Ok(None) | Err(_) => Password::Absent,
    }
}

/// Reads the password that a section names for itself alone; `None` if it names none.
pub(super) fn read_own(
    section: &mut Section<'_>,
    root: &Path,
    environment: &Environment,
) -> Option<Password> {
    Named::of(section).read(root, environment)
}

/// Where a section says that its password is.
struct Named<'v> {
    file: Option<Value<'v>>,
    credential: Option<Value<'v>>,
}

impl<'v> Named<'v> {
    fn of(section: &mut Section<'v>) -> Self {
        Self {
            file: section.get("password_file"),
            credential: section.get("password_credential"),
        }
    }

    /// The credential, where systemd passes it; else the file, so that a command by hand finds it too.
    fn read(&self, root: &Path, environment: &Environment) -> Option<Password> {
        let Some(value) = &self.credential else {
            let file = self.file.as_ref()?;
            return Some(of_file(file, root));
        };
        let Some(name) = value.parse_or_hint(credential_name, NAME_HINT) else {
            return Some(Password::Faulty);
        };
        let fault = match (read_credential(environment, &name), &self.file) {
            (Ok(Some(secret)), _) => return Some(Password::Found(secret)),
            (Ok(None), Some(file)) => return Some(of_file(file, root)),
            (Ok(None), None) => format!("systemd passes no credential `{name}`"),
            (Err(why), _) => format!("cannot read the credential `{name}`: {why}"),
        };
        let hint = format!(
            "write `LoadCredential={name}:/path/of/a/file` into the unit; for commands by hand name a `password_file` too"
        );
        value.report(fault, Some(hint));
        Some(Password::Faulty)
    }
}

/// A name that systemd gives a credential (systemd.exec(5), `LoadCredential=`): that of a file, and no colon.
fn credential_name(text: &str) -> Result<String, &'static str> {
    let fits = |c: char| c.is_ascii_graphic() && !matches!(c, '/' | ':');
    let is_folder = matches!(text, "." | "..");
    match !text.is_empty() && !is_folder && text.chars().all(fits) {
        true => Ok(text.to_owned()),
        false => Err("not the name of a credential"),
    }
}

/// The credential of a name; none where systemd passes none, or an empty one.
fn read_credential(environment: &Environment, name: &str) -> Result<Option<SecretString>, String> {
    let Some(folder) = environment.get("CREDENTIALS_DIRECTORY") else {
        return Ok(None);
    };
    let path = Path::new(folder).join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(secret(&text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(why(&path, &error)),
    }
}

/// What stands in a file, without the end of its line; none where that is nothing.
fn secret(text: &str) -> Option<SecretString> {
    let secret = text.trim_end_matches(['\r', '\n']);
    (!secret.is_empty()).then(|| SecretString::from(secret))
}

fn of_file(value: &Value<'_>, root: &Path) -> Password {
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
    let secret = secret(&text);
    if secret.is_none() {
        value.report(format!("the password file `{typed}` is empty"), None);
    }
    secret
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
