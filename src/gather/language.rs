//! Recognises the language of a text, where there is enough of it to be sure.

use whatlang::{Detector, Lang};

use crate::model::Language;

/// Shorter texts are not judged, in characters: a title says nothing about its language.
const ENOUGH: usize = 200;

/// No more of a text is looked at, in characters: two paragraphs say as much as two hundred.
const LOOKED_AT: usize = 2_000;

/// Less sure than this, and nothing is said.
const SURE: f64 = 0.9;

/// Languages that are told apart, with their ISO 639-1 tag. Near twins that nobody publishes in from here
/// (Afrikaans for Dutch) would only be mistakes.
const KNOWN: [(Lang, &str); 22] = [
    (Lang::Nld, "nl"),
    (Lang::Eng, "en"),
    (Lang::Deu, "de"),
    (Lang::Fra, "fr"),
    (Lang::Spa, "es"),
    (Lang::Ita, "it"),
    (Lang::Por, "pt"),
    (Lang::Dan, "da"),
    (Lang::Swe, "sv"),
    (Lang::Nob, "nb"),
    (Lang::Fin, "fi"),
    (Lang::Pol, "pl"),
    (Lang::Ces, "cs"),
    (Lang::Hun, "hu"),
    (Lang::Ron, "ro"),
    (Lang::Tur, "tr"),
    (Lang::Rus, "ru"),
    (Lang::Ukr, "uk"),
    (Lang::Ell, "el"),
    (Lang::Ara, "ar"),
    (Lang::Cmn, "zh"),
    (Lang::Jpn, "ja"),
];

/// The language of a text of 200 characters or more, if it is beyond doubt.
pub(super) fn recognise(text: &str) -> Option<Language> {
    if text.chars().count() < ENOUGH {
        return None;
    }
    let detector = Detector::with_allowlist(KNOWN.iter().map(|&(lang, _)| lang).collect());
    let end = text.char_indices().nth(LOOKED_AT);
    let info = detector.detect(&text[..end.map_or(text.len(), |(at, _)| at)])?;
    if info.confidence() < SURE {
        return None;
    }
    let (_, tag) = KNOWN.iter().find(|&&(lang, _)| lang == info.lang())?;
    Language::parse(tag).ok()
}

/// What a post's language is: what the text itself shows beyond doubt, unless the declaration agrees with it or the
/// text is silent. Feeds declare the default of their software more often than their language.
pub(super) fn settle(declared: Option<Language>, text: &str) -> Option<Language> {
    match (declared, recognise(text)) {
        (Some(declared), Some(seen)) if declared.primary() != seen.primary() => Some(seen),
        (None, seen) => seen,
        (declared, _) => declared,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUTCH: &str = "Wie een winkel binnenloopt, wil gezien worden zonder bekeken te worden. Groet iedereen die \
                         binnenkomt, maar laat ze daarna met rust. Na een minuut of twee mag je vragen of het lukt, en \
                         dan luister je eerst.";

    fn tag(text: &str) -> Option<Language> {
        Language::parse(text).ok()
    }

    #[test]
    fn a_long_text_shows_its_language_and_a_short_one_does_not() {
        assert_eq!(recognise(DUTCH), tag("nl"));
        assert_eq!(recognise(&DUTCH[..80]), None);
    }

    #[test]
    fn a_wrong_declaration_yields_and_a_finer_one_stays() {
        assert_eq!(settle(tag("en-us"), DUTCH), tag("nl"));
        assert_eq!(settle(tag("nl-be"), DUTCH), tag("nl-be"));
        assert_eq!(settle(tag("en"), "Kort."), tag("en"));
        assert_eq!(settle(None, "Kort."), None);
    }
}
