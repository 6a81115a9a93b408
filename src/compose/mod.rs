//! An issue and a variant become a digest; issues and posts become pages.
//!
//! In go sealed issues, the user's templates and words; out come subject, HTML and text with slots for the reader, and
//! whole pages. Pure: no file, clock or network. A [`Composer`] exists only if every template renders with made-up posts
//! in every language, so that a fault in a template is found before anything is sent.

mod archive;
mod call;
mod check;
mod contributors;
mod digest;
mod elsewhere;
mod error;
mod fields;
mod files;
mod fill;
mod helpers;
mod inlining;
mod joined;
mod kept;
mod letters;
mod markup;
mod names;
mod outline;
mod page_head;
mod pages;
mod palette;
mod phrases;
mod picture;
mod preflight;
mod press;
mod prose;
mod sample;
mod sections;
mod story;
mod subject;
mod trials;
mod view;
mod vocabulary;
mod words;

use std::collections::BTreeMap;

use handlebars::Template;
use jiff::ZonedDateTime;
use jiff::civil::Date;

pub use digest::OwnLines;
pub use error::Error;
pub use fields::Field;
pub use files::{BuiltIn, Overrides};
pub use fill::fill;
pub use kept::Digests;
pub use letters::Letter;
pub use pages::{IssueListing, IssueWords, Neighbours, TopicListing, Unsubscribe};
pub use palette::{AccentError, Accents, accent};
pub use preflight::{Preflight, preflight_posts};

use crate::model::{Diagnostic, Language};
use files::Files;
use press::Press;
use words::Words;

/// The language whose words are there whatever happens.
const LAST_RESORT: &str = "en";

/// Templates and words of every language, checked.
pub struct Composer {
    presses: BTreeMap<Language, Press>,
    last_resort: Press,
    warnings: Vec<Diagnostic>,
}

impl Composer {
    /// Lays the user's files over those built in, parses them all and tries each template in each language, save where
    /// nothing is the user's own: what is built in is tried by a test.
    ///
    /// # Errors
    /// Every fault found, with its file and, where known, its place: an unknown file, a syntax error, an unknown field,
    /// helper, partial or message, a digest without its unsubscribe link.
    pub fn new(overrides: &Overrides) -> Result<Self, Vec<Diagnostic>> {
        let mut files = files::resolve(overrides)?;
        let warnings = vocabulary::check(&mut files)?;
        let templates = parsed(&files)?;
        let mut presses = BTreeMap::new();
        for language in files.words.keys() {
            let press = set_up(&files, &templates, language)?;
            if !files.are_built_in(language) {
                check::templates(&files, &press)?;
            }
            presses.insert(language.clone(), press);
        }
        let english = presses
            .keys()
            .find(|language| language.as_str() == LAST_RESORT)
            .cloned();
        match english.and_then(|english| presses.remove(&english)) {
            Some(last_resort) => Ok(Self {
                presses,
                last_resort,
                warnings,
            }),
            None => Err(vec![Diagnostic::error(
                "the words of `en` are not built in",
            )]),
        }
    }

    /// What deserves a look and stops nothing: messages that a language lacks, for which the English ones stand in.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// The languages that have words.
    pub fn languages(&self) -> Vec<Language> {
        let mut languages: Vec<_> = self.presses.keys().cloned().collect();
        languages.push(self.last_resort.words.language.clone());
        languages.sort();
        languages
    }

    /// The language that a reader who wants `wanted` gets from a newsletter in `newsletter`: the wanted one, else its
    /// primary subtag, else the newsletter's, else English.
    pub fn language(&self, wanted: &Language, newsletter: &Language) -> Language {
        self.press(&[wanted, newsletter]).words.language.clone()
    }

    /// The greeting line at a local time ("Goedemorgen Jan,"), plain text.
    pub fn greeting(&self, language: &Language, name: Option<&str>, at: &ZonedDateTime) -> String {
        // Cannot fail: `check::words` has said every greeting of every language.
        let words = &self.press(&[language]).words;
        words.greeting(name, at.hour()).unwrap_or_default()
    }

    /// The day of sign-up as it stands in the footer ("op 1 september 2026"), or the words in its place, plain text.
    pub fn since(&self, language: &Language, date: Option<Date>) -> String {
        // Cannot fail, as above.
        let words = &self.press(&[language]).words;
        words.since(date).unwrap_or_default()
    }

    /// The press of the first language that has words, or whose primary subtag has.
    fn press(&self, wanted: &[&Language]) -> &Press {
        wanted
            .iter()
            .flat_map(|language| [language.as_str(), language.primary()])
            .find_map(|tag| self.press_of(tag))
            .unwrap_or(&self.last_resort)
    }

    fn press_of(&self, tag: &str) -> Option<&Press> {
        if tag == LAST_RESORT {
            return Some(&self.last_resort);
        }
        self.presses
            .iter()
            .find(|(language, _)| language.as_str() == tag)
            .map(|(_, press)| press)
    }
}

fn parsed(files: &Files) -> Result<BTreeMap<String, Template>, Vec<Diagnostic>> {
    press::parsed(&files.templates).map_err(|faults| {
        faults
            .iter()
            .map(|(name, error)| check::syntax(files, name, error))
            .collect()
    })
}

fn set_up(
    files: &Files,
    templates: &BTreeMap<String, Template>,
    language: &Language,
) -> Result<Press, Vec<Diagnostic>> {
    let layers = files.words.get(language).map_or(&[][..], Vec::as_slice);
    let words = Words::read(language, layers)?;
    Ok(Press::new(&files.templates, templates, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(tag: &str) -> Language {
        Language::parse(tag).unwrap()
    }

    #[test]
    fn a_composer_is_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Composer>();
    }

    #[test]
    fn what_is_built_in_renders_with_the_samples() {
        let mut files = files::resolve(&Overrides::default()).unwrap();
        assert_eq!(vocabulary::check(&mut files), Ok(vec![]));
        let templates = parsed(&files).unwrap();
        for language in files.words.keys() {
            let press = set_up(&files, &templates, language).unwrap();
            assert_eq!(check::templates(&files, &press), Ok(()), "{language}");
        }
    }

    #[test]
    fn a_language_without_words_falls_back_by_steps() {
        let composer = Composer::new(&Overrides::default()).unwrap();
        let gets = |wanted, newsletter| {
            let got = composer.language(&language(wanted), &language(newsletter));
            got.to_string()
        };
        assert_eq!(gets("nl", "en"), "nl");
        assert_eq!(gets("nl-be", "en"), "nl");
        assert_eq!(gets("fr", "nl-be"), "nl");
        assert_eq!(gets("fr", "fr"), "en");
        assert_eq!(composer.languages(), [language("en"), language("nl")]);
    }

    #[test]
    fn a_third_language_is_one_file() {
        let german = include_str!("../../templates/words/en.ftl")
            .replace("Good morning", "Guten Morgen")
            .replace("[3] March", "[3] März");
        let overrides = Overrides([("words/de.ftl".to_owned(), german)].into());
        let composer = Composer::new(&overrides).unwrap();
        let at: ZonedDateTime = "2026-03-01T08:00[Europe/Berlin]".parse().unwrap();
        assert_eq!(
            composer.greeting(&language("de-at"), Some("Jürgen"), &at),
            "Guten Morgen Jürgen,"
        );
        assert_eq!(
            composer.since(&language("de"), Some(at.date())),
            "on 1\u{a0}März 2026"
        );
    }

    #[test]
    fn one_message_is_overridden_and_the_rest_kept() {
        let own = "greeting-named = Hoi { $name }!\n".to_owned();
        let composer =
            Composer::new(&Overrides([("words/nl.ftl".to_owned(), own)].into())).unwrap();
        let at = "2026-03-01T08:00[Europe/Amsterdam]".parse().unwrap();
        assert_eq!(
            composer.greeting(&language("nl"), Some("Zoë"), &at),
            "Hoi Zoë!"
        );
        assert_eq!(
            composer.greeting(&language("nl"), None, &at),
            "Goedemorgen,"
        );
    }
}
