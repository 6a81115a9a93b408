//! Small names and numbers, parsed once: topics, languages, schedule and source names, identifiers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest name of a topic, source or schedule, in characters: it becomes a file name and part of a URL.
const MAX_NAME: usize = 64;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was given.
    #[error("a name may not be empty")]
    Empty,
    /// Longer than 64 characters.
    #[error("a name has at most {MAX_NAME} characters")]
    TooLong,
    /// A character outside lower-case letters, digits and hyphens.
    #[error("`{0}` is not allowed in a name: use lower-case letters, digits and hyphens")]
    Character(char),
}

fn parse_name(text: &str) -> Result<String, NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.chars().count() > MAX_NAME {
        return Err(NameError::TooLong);
    }
    match text.chars().find(|&c| !is_name_char(c)) {
        Some(c) => Err(NameError::Character(c)),
        None => Ok(text.to_owned()),
    }
}

fn is_name_char(c: char) -> bool {
    c == '-' || c == '_' || (c.is_alphanumeric() && !c.is_uppercase())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses a name: 1 to 64 lower-case letters, digits, hyphens and underscores.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                parse_name(text).map(Self)
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
    };
}

name!(
    /// What a post is about and a reader may choose.
    Topic
);
name!(
    /// A schedule's name: its file's name without `.toml`.
    ScheduleName
);
name!(
    /// A source's name as `courant.toml` gives it.
    SourceName
);

impl Topic {
    /// Makes a topic of free text ("Eerlijk Verkopen" becomes `eerlijk-verkopen`); `None` where nothing is left.
    pub fn from_label(label: &str) -> Option<Self> {
        let mut slug = String::new();
        for c in label.trim().to_lowercase().chars() {
            if is_name_char(c) && c != '-' {
                slug.push(c);
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
        }
        let slug: String = slug.trim_end_matches('-').chars().take(MAX_NAME).collect();
        Self::parse(&slug).ok()
    }

    /// The topic as a heading: first letter capital, hyphens as spaces.
    pub fn label(&self) -> String {
        let spaced = self.0.replace(['-', '_'], " ");
        let mut chars = spaced.chars();
        match chars.next() {
            Some(first) => first.to_uppercase().chain(chars).collect(),
            None => String::new(),
        }
    }
}

/// A language tag (BCP 47), lower-case: `nl`, `en`. Which ones have words is for `compose` to say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Language(String);

impl Language {
    /// Parses a tag of letters, digits and hyphens, at most 35 characters (RFC 5646 §4.4.1).
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let tag = text.trim().to_lowercase().replace('_', "-");
        if tag.is_empty() {
            return Err(NameError::Empty);
        }
        if tag.len() > 35 {
            return Err(NameError::TooLong);
        }
        match tag
            .chars()
            .find(|c| !c.is_ascii_alphanumeric() && *c != '-')
        {
            Some(c) => Err(NameError::Character(c)),
            None => Ok(Self(tag)),
        }
    }

    /// The whole tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first subtag: `nl` of `nl-be`.
    pub fn primary(&self) -> &str {
        self.0.split('-').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Language {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<Language> for String {
    fn from(language: Language) -> String {
        language.0
    }
}

/// How a reader wants the digest: both parts, or plain text only.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// `multipart/alternative`: text and HTML.
    #[default]
    Html,
    /// `text/plain` alone.
    Text,
}

impl Format {
    /// The word used in files and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Text => "text",
        }
    }
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// A post's row in the ledger: random, positive, made by the program.
    PostId
);
number!(
    /// A subscriber's row: random, positive, made by the program; eight bytes of every token.
    SubscriberId
);
number!(
    /// An issue's number, counted from 1 over all schedules.
    IssueNumber
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_made_of_free_text() {
        assert_eq!(
            Topic::from_label(" Eerlijk  Verkopen! ").unwrap().as_str(),
            "eerlijk-verkopen"
        );
        assert_eq!(Topic::from_label("—"), None);
        assert_eq!(
            Topic::parse("eerlijk-verkopen").unwrap().label(),
            "Eerlijk verkopen"
        );
    }

    #[test]
    fn names_refuse_what_a_path_could_misread() {
        assert_eq!(ScheduleName::parse("../x"), Err(NameError::Character('.')));
        assert_eq!(Topic::parse(""), Err(NameError::Empty));
        assert_eq!(Topic::parse(&"a".repeat(65)), Err(NameError::TooLong));
    }
}
