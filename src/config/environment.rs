//! The environment and the flags of the command line, as values; and the settings that stand in them.
//!
//! `COURANT_SECTION__KEY` sets `key` of `[section]`, `DATABASE_URL` sets `url` of `[store]`, and `COURANT_…` without a
//! double underscore is no setting. An empty variable counts as absent. Passwords are secrets and no settings.

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::document::Document;

/// What the names of our variables begin with.
const PREFIX: &str = "COURANT_";

/// Stands between the section and the key in a variable's name.
const SEPARATOR: &str = "__";

/// The variable that holds the relay's password.
pub(super) const PASSWORD: &str = "COURANT_DELIVERY__PASSWORD";

/// The variable that holds the inbox's password.
pub(super) const INBOX_PASSWORD: &str = "COURANT_BOUNCES__PASSWORD";

/// The variable that many programs read their database's address from; ours is stronger.
pub(super) const DATABASE_URL: &str = "DATABASE_URL";

/// The variables that a program was started with.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Reads the variables of this process: the one place that does. Names and values that are not UTF-8 are left out.
    pub fn from_system() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// A variable's value; `None` where it is absent or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The relay's password, if a variable holds it.
    pub(super) fn password(&self) -> Option<SecretString> {
        self.get(PASSWORD).map(SecretString::from)
    }

    /// The inbox's password, if a variable holds it.
    pub(super) fn inbox_password(&self) -> Option<SecretString> {
        self.get(INBOX_PASSWORD).map(SecretString::from)
    }

    /// The settings, the strongest first.
    pub(super) fn settings(&self) -> Vec<Document> {
        let ours = self
            .0
            .keys()
            .filter(|name| name.starts_with(PREFIX))
            .filter(|name| ![PASSWORD, INBOX_PASSWORD].contains(&name.as_str()));
        ours.filter_map(|name| {
            let (_, setting) = name.split_once(PREFIX)?;
            let path = setting.to_lowercase();
            path.contains(SEPARATOR)
                .then(|| self.setting(name, path.split(SEPARATOR)))?
        })
        .chain(self.setting(DATABASE_URL, ["store", "url"].into_iter()))
        .collect()
    }

    fn setting<'p>(&self, name: &str, path: impl Iterator<Item = &'p str>) -> Option<Document> {
        let value = self.get(name)?;
        Some(Document::setting(
            "environment",
            name,
            path.map(str::to_owned).collect(),
            value,
        ))
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}

/// Names only: values may be secrets.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Settings given on the command line; they are stronger than all others.
#[derive(Debug, Clone, Default)]
pub struct Flags(Vec<Flag>);

#[derive(Debug, Clone)]
struct Flag {
    name: String,
    path: Vec<String>,
    value: String,
}

impl Flags {
    /// Adds one: `set("--listen", "serve.listen", "0.0.0.0:80")`. Never for a secret: other users see command lines.
    #[must_use]
    pub fn set(mut self, name: &str, setting: &str, value: impl Into<String>) -> Self {
        self.0.push(Flag {
            name: name.to_owned(),
            path: setting.split('.').map(str::to_owned).collect(),
            value: value.into(),
        });
        self
    }

    /// The settings, the strongest first: what was said last counts.
    pub(super) fn settings(&self) -> impl Iterator<Item = Document> + '_ {
        self.0.iter().rev().map(|flag| {
            Document::setting("command line", &flag.name, flag.path.clone(), &flag.value)
        })
    }
}
