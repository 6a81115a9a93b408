//! What a publisher says in own words, in one language or in several.
//!
//! In go the texts as written; out comes the one for a reader's language. A text that is written once is in the
//! newsletter's own language.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{CallToAction, Image, Language};

/// One text, or one for each of several languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Localised {
    /// Written once, in the newsletter's own language.
    Once(String),
    /// Written in each of these languages; not empty.
    Each(BTreeMap<Language, String>),
}

impl Localised {
    /// The text in the wanted language, or in another of the same primary subtag (`nl` for `nl-be`); `None` where it is
    /// in others only. `own` is the newsletter's language.
    pub fn written_in(&self, wanted: &Language, own: &Language) -> Option<&str> {
        let same = |language: &Language| language.primary() == wanted.primary();
        match self {
            Self::Once(text) => same(own).then_some(text),
            Self::Each(texts) => texts
                .get(wanted)
                .or_else(|| {
                    texts
                        .iter()
                        .find(|(language, _)| same(language))
                        .map(|e| e.1)
                })
                .map(String::as_str),
        }
    }

    /// The text in the wanted language, else in the newsletter's own, else in the first there is.
    pub fn nearest(&self, wanted: &Language, own: &Language) -> &str {
        self.written_in(wanted, own)
            .or_else(|| self.written_in(own, own))
            .or_else(|| match self {
                Self::Once(text) => Some(text),
                Self::Each(texts) => texts.values().next().map(String::as_str),
            })
            .unwrap_or_default()
    }
}

impl From<&str> for Localised {
    fn from(text: &str) -> Self {
        Self::Once(text.to_owned())
    }
}

/// The newsletter's own call to action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalisedCall {
    /// The sentence that asks.
    pub text: Localised,
    /// The words on the button.
    pub label: Option<Localised>,
    /// Where the button leads; without it there is no button.
    pub url: Option<Localised>,
    /// The picture above the words, the same in every language.
    #[serde(default)]
    pub image: Option<Image>,
}

impl LocalisedCall {
    /// The call, each part in the language nearest to the wanted one.
    pub fn nearest(&self, wanted: &Language, own: &Language) -> CallToAction {
        let said = |part: &Localised| part.nearest(wanted, own).to_owned();
        CallToAction {
            text: said(&self.text),
            label: self.label.as_ref().map(said),
            url: self.url.as_ref().map(said),
            image: self.image.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(tag: &str) -> Language {
        Language::parse(tag).unwrap()
    }

    fn each(texts: &[(&str, &str)]) -> Localised {
        let texts = texts
            .iter()
            .map(|(tag, text)| (language(tag), (*text).to_owned()));
        Localised::Each(texts.collect())
    }

    fn found<'a>(text: &'a Localised, wanted: &str) -> (Option<&'a str>, &'a str) {
        let (wanted, own) = (language(wanted), language("nl"));
        (text.written_in(&wanted, &own), text.nearest(&wanted, &own))
    }

    #[test]
    fn a_text_written_once_is_in_the_newsletters_language() {
        let once = Localised::from("Hallo");
        assert_eq!(found(&once, "nl"), (Some("Hallo"), "Hallo"));
        assert_eq!(found(&once, "nl-be"), (Some("Hallo"), "Hallo"));
        assert_eq!(found(&once, "en"), (None, "Hallo"));
    }

    #[test]
    fn a_text_in_several_languages_is_found_by_steps() {
        let texts = each(&[("en", "Hello"), ("nl", "Hallo"), ("nl-be", "Dag")]);
        assert_eq!(found(&texts, "nl"), (Some("Hallo"), "Hallo"));
        assert_eq!(found(&texts, "nl-be"), (Some("Dag"), "Dag"));
        assert_eq!(found(&texts, "en-gb"), (Some("Hello"), "Hello"));
        assert_eq!(found(&texts, "fr"), (None, "Hallo"));
        assert_eq!(
            found(&each(&[("de", "Tag"), ("en", "Hi")]), "fr"),
            (None, "Tag")
        );
    }

    #[test]
    fn both_are_frozen_as_they_are_written() {
        for (text, json) in [
            (Localised::from("Hallo"), r#""Hallo""#),
            (
                each(&[("nl", "Hallo"), ("en", "Hello")]),
                r#"{"en":"Hello","nl":"Hallo"}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&text).unwrap(), json);
            assert_eq!(serde_json::from_str::<Localised>(json).unwrap(), text);
        }
    }
}
