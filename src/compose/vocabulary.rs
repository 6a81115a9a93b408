//! Tries the words of every language before anything is sent.
//!
//! In go the files; out come faults and warnings: a message that a language lacks, one that nothing asks for, one that
//! cannot be said with the values there are.

use std::collections::BTreeSet;

use jiff::civil::date;

use super::check::none;
use super::files::{Files, WordFile, nearest};
use super::names::word_from;
use super::words::{Words, WordsError, ids_in, path_of};
use crate::model::{Diagnostic, Language};

/// Tries the words of each language. What one lacks is laid under it: the words of its primary language (`nl` for
/// `nl-be`), else the English ones; the latter comes back as a warning.
pub(super) fn check(files: &mut Files) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let demanded = demanded(files);
    let mut faults = Vec::new();
    let mut warnings = Vec::new();
    let languages: Vec<Language> = files.words.keys().cloned().collect();
    for language in &languages {
        faults.extend(unread(files, language, &demanded));
        warnings.extend(fill_up(files, language, &demanded));
        let layers = &files.words[language];
        match Words::read(language, layers) {
            Ok(words) => {
                let own = layers.last().map_or("", |layer| &layer.text);
                faults.extend(unsaid(&words, own));
            }
            Err(found) => faults.extend(found),
        }
    }
    none(faults)?;
    Ok(warnings)
}

/// The messages that every language should have: id, and first line in English.
fn demanded(files: &Files) -> Vec<(String, String)> {
    files
        .words
        .iter()
        .filter(|(language, _)| language.as_str() == super::LAST_RESORT)
        .flat_map(|(_, layers)| layers.first())
        .flat_map(|layer| {
            ids_in(&layer.text)
                .into_iter()
                .map(|id| (line_of(&layer.text, &id), id))
        })
        .map(|(line, id)| (id, line))
        .collect()
}

/// Lays other languages' words under those that lack some.
fn fill_up(
    files: &mut Files,
    language: &Language,
    demanded: &[(String, String)],
) -> Option<Diagnostic> {
    if !lacks(&files.words[language], demanded) {
        return None;
    }
    let primary = Language::parse(language.primary()).ok();
    let primary = primary.filter(|primary| primary != language);
    if let Some(layers) = primary.and_then(|primary| files.words.get(&primary)) {
        let layers = beneath(layers);
        files
            .words
            .entry(language.clone())
            .or_default()
            .splice(0..0, layers);
    }
    let missing: Vec<&(String, String)> = missing(&files.words[language], demanded);
    let (id, english) = missing.first()?;
    let message = match missing.len() {
        1 => format!("the message `{id}` is missing; the English one stands in for it"),
        n => format!(
            "`{id}` and {} more messages are missing; the English ones stand in",
            n - 1
        ),
    };
    let warning = Diagnostic::warning(message)
        .in_file(path_of(language))
        .hint(format!("in English it is `{english}`"));
    let english = Language::parse(super::LAST_RESORT).ok()?;
    let layers = beneath(&files.words[&english]);
    files
        .words
        .entry(language.clone())
        .or_default()
        .splice(0..0, layers);
    Some(warning)
}

fn lacks(layers: &[WordFile], demanded: &[(String, String)]) -> bool {
    !missing(layers, demanded).is_empty()
}

fn missing<'d>(layers: &[WordFile], demanded: &'d [(String, String)]) -> Vec<&'d (String, String)> {
    let there: BTreeSet<String> = layers
        .iter()
        .flat_map(|layer| ids_in(&layer.text))
        .collect();
    demanded
        .iter()
        .filter(|(id, _)| !there.contains(id))
        .collect()
}

/// The same words as layers of another language, where they are nobody's own.
fn beneath(layers: &[WordFile]) -> Vec<WordFile> {
    layers
        .iter()
        .map(|layer| WordFile {
            text: layer.text.clone(),
            own: false,
        })
        .collect()
}

/// The user's messages that no template and no rule asks for: slips of the pen.
fn unread(files: &Files, language: &Language, demanded: &[(String, String)]) -> Vec<Diagnostic> {
    let own = files.words[language].iter().filter(|layer| layer.own);
    let mut faults = Vec::new();
    for text in own.map(|layer| layer.text.as_str()) {
        for id in ids_in(text) {
            let asked = demanded.iter().any(|(known, _)| *known == id)
                || files.templates.values().any(|source| source.contains(&id))
                || text.contains(&format!("{{ {id} }}"));
            if !asked {
                let known = demanded.iter().map(|(known, _)| known.as_str());
                let hint = match nearest(&id, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        format!("a template asks for it by `{{{{t \"{id}\"}}}}`; else take it out")
                    }
                };
                faults.push(
                    Diagnostic::error(format!("nothing asks for the message `{id}`"))
                        .in_file(path_of(language))
                        .at_span(text, word_from(text, 0, &id))
                        .hint(hint),
                );
            }
        }
    }
    faults
}

/// Greetings and dates that cannot be said: no template asks for those, so no template would find out.
fn unsaid(words: &Words, text: &str) -> Vec<Diagnostic> {
    [0, 12, 18]
        .into_iter()
        .flat_map(|hour| {
            [
                words.greeting(Some("Jan"), hour),
                words.greeting(None, hour),
            ]
        })
        .chain([words.since(None), words.since(Some(date(2026, 9, 12)))])
        .filter_map(Result::err)
        .filter(|error| matches!(error, WordsError::Broken { .. }))
        .map(|error| broken_words(&error, &words.language, text))
        .collect()
}

pub(super) fn broken_words(error: &WordsError, language: &Language, text: &str) -> Diagnostic {
    let (WordsError::Missing { id, .. } | WordsError::Broken { id, .. }) = error;
    Diagnostic::error(error.to_string())
        .in_file(path_of(language))
        .at_span(text, word_from(text, 0, id))
        .hint("the message of `words/en.ftl` shows which values there are")
}

/// The first line of a message; empty if the text has none of that name.
pub(super) fn line_of(text: &str, id: &str) -> String {
    text.lines()
        .find(|line| {
            line.strip_prefix(id)
                .is_some_and(|rest| rest.trim_start().starts_with('='))
        })
        .unwrap_or_default()
        .to_owned()
}
