//! What the newsletter says itself, in one language: its messages.
//!
//! In go the Fluent files of a language; out come sentences; `phrases` puts dates, numbers and greetings together of them.
//! A message that is missing, or that asks for a value nobody gives, is an error and never an empty place.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentError, FluentResource, FluentValue};

use super::files::{WordFile, shown_path};
use crate::model::{Diagnostic, Language};

/// Messages of every language that no file needs to bring: what the plural rules call a number (Unicode CLDR).
const RULES: &str = "plural-category = { $count ->
    [zero] zero
    [one] one
    [two] two
    [few] few
    [many] many
   *[other] other
 }
";

/// A name as a value: `newsletter`, `count`, `date`.
pub(super) type Args<'a> = [(&'a str, FluentValue<'a>)];

/// Why a message could not be said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum WordsError {
    /// No such message.
    #[error("the words of `{language}` have no message `{id}`")]
    Missing { id: String, language: Language },
    /// The message refers to something that is not there.
    #[error("the message `{id}` of `{language}` cannot be written: {reason}")]
    Broken {
        id: String,
        language: Language,
        reason: String,
    },
}

/// The words of one language.
pub(super) struct Words {
    pub language: Language,
    bundle: FluentBundle<FluentResource>,
    /// Ids of its messages, in the files' order.
    ids: Vec<String>,
}

impl Words {
    /// Reads the layers of a language; a message of a later layer stands in the place of an earlier one.
    pub fn read(language: &Language, layers: &[WordFile]) -> Result<Self, Vec<Diagnostic>> {
        let tag = language.as_str().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        bundle.set_use_isolating(false);
        if let Ok(rules) = FluentResource::try_new(RULES.to_owned()) {
            bundle.add_resource_overriding(rules);
        }
        let mut ids = Vec::new();
        for layer in layers {
            let resource = parse(language, &layer.text)?;
            ids.extend(ids_of(&resource).map(str::to_owned));
            bundle.add_resource_overriding(resource);
        }
        // Fails only where a function of that name exists, and this bundle is new.
        let _ = bundle.add_builtins();
        Ok(Self {
            language: language.clone(),
            bundle,
            ids,
        })
    }

    /// Ids of all messages.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.ids.iter().map(String::as_str)
    }

    /// Whether there is such a message.
    pub fn has(&self, id: &str) -> bool {
        self.bundle.has_message(id)
    }

    /// Says a message with the values it asks for.
    pub fn say(&self, id: &str, args: &Args) -> Result<String, WordsError> {
        let missing = || WordsError::Missing {
            id: id.to_owned(),
            language: self.language.clone(),
        };
        let message = self.bundle.get_message(id).ok_or_else(missing)?;
        let pattern = message.value().ok_or_else(missing)?;
        let args: FluentArgs = args
            .iter()
            .map(|(name, value)| (*name, value.clone()))
            .collect();
        let mut errors = Vec::new();
        let said = self
            .bundle
            .format_pattern(pattern, Some(&args), &mut errors)
            .into_owned();
        match errors.first() {
            None => Ok(said),
            Some(error) => Err(WordsError::Broken {
                id: id.to_owned(),
                language: self.language.clone(),
                reason: reason(error),
            }),
        }
    }
}

fn parse(language: &Language, text: &str) -> Result<FluentResource, Vec<Diagnostic>> {
    FluentResource::try_new(text.to_owned()).map_err(|(_, errors)| {
        errors
            .into_iter()
            .map(|error| {
                Diagnostic::error(format!(
                    "this is no Fluent message: {}",
                    lower(&error.kind.to_string())
                ))
                .in_file(path_of(language))
                .at_span(text, error.pos)
                .hint("a message is `name = words`; its further lines begin with a space")
            })
            .collect()
    })
}

/// Path of a language's file, as the user would name it.
pub(super) fn path_of(language: &Language) -> String {
    shown_path(&format!("words/{language}.ftl"))
}

/// Ids of the messages of a file's text, in its order; none if it does not parse.
pub(super) fn ids_in(text: &str) -> Vec<String> {
    FluentResource::try_new(text.to_owned())
        .map(|resource| ids_of(&resource).map(str::to_owned).collect())
        .unwrap_or_default()
}

/// Ids of messages: lines of the source that begin with a name and `=`; terms and comments begin otherwise.
fn ids_of(resource: &FluentResource) -> impl Iterator<Item = &str> {
    resource.source().lines().filter_map(|line| {
        let (id, _) = line.split_once('=')?;
        let id = id.trim_end();
        let starts = id.starts_with(|c: char| c.is_ascii_alphabetic());
        let plain = id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        (starts && plain).then_some(id)
    })
}

fn reason(error: &FluentError) -> String {
    match error {
        FluentError::ResolverError(error) => lower(&error.to_string()),
        error => lower(&error.to_string()),
    }
}

fn lower(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::compose::files::{Overrides, resolve};

    pub(in crate::compose) fn words(tag: &str) -> Words {
        let language = Language::parse(tag).unwrap();
        let files = resolve(&Overrides::default()).unwrap();
        Words::read(&language, &files.words[&language]).unwrap()
    }

    #[test]
    fn plurals_follow_the_language() {
        let say = |tag: &str, count: i64| {
            words(tag)
                .say("subject-more", &[("count", count.into())])
                .unwrap()
        };
        assert_eq!(say("nl", 1), "en nog een verhaal");
        assert_eq!(say("nl", 11), "en nog 11 verhalen");
        assert_eq!(say("en", 1), "and one more story");
        assert_eq!(say("en", 2), "and 2 more stories");
    }

    #[test]
    fn a_missing_message_and_a_missing_value_are_errors() {
        let nl = words("nl");
        assert!(matches!(
            nl.say("nothing", &[]),
            Err(WordsError::Missing { .. })
        ));
        let Err(error) = nl.say("subject-number", &[]) else {
            panic!("said");
        };
        assert_eq!(
            error.to_string(),
            "the message `subject-number` of `nl` cannot be written: unknown variable: $number"
        );
    }

    #[test]
    fn a_syntax_error_has_its_place() {
        let language = Language::parse("nl").unwrap();
        let layer = WordFile {
            text: "direction = ltr\nfeed Volg\n".into(),
            own: true,
        };
        let Err(faults) = Words::read(&language, &[layer]) else {
            panic!("accepted");
        };
        assert_eq!(faults[0].place, Some((2, 6)), "{}", faults[0]);
    }
}
