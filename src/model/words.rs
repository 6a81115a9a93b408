//! The words of a text that a stranger wrote, so that phrases can be looked for in them.
//!
//! Case, punctuation, accents and line breaks are taken away; addresses, names of hosts, links and settings are passed over,
//! so that what they happen to be called says nothing. Which phrases mean what is the affair of the room that asks.

use std::ops::RangeInclusive;

/// Stands for each word that begins with a digit, whatever the number: `24h`, `200`, `1st`.
const NUMBER: &str = "#";

/// Accents that stand behind the letter they belong to (Unicode's block of combining diacritical marks).
const ACCENTS: RangeInclusive<char> = '\u{300}'..='\u{36f}';

/// A text as words alone: small letters, one space between two, one before the first and one behind the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(String);

impl Words {
    /// Reads a text. Takes time and memory in proportion to its length.
    pub fn of(text: &str) -> Self {
        let mut words = String::with_capacity(text.len() + 2);
        for word in text.split_whitespace() {
            let word = word.trim_matches(is_between);
            if word.contains(['@', '/', '=']) || is_dotted(word) {
                continue;
            }
            let parts = word.split(is_between);
            for part in parts.filter(|part| !part.is_empty()) {
                words.push(' ');
                if part.starts_with(|c: char| c.is_ascii_digit()) {
                    words.push_str(NUMBER);
                } else {
                    part.chars().for_each(|c| fold(c, &mut words));
                }
            }
        }
        words.push(' ');
        Self(words)
    }

    /// Whether one of these phrases stands in them. A phrase is written as these words are, and holds the beginning of its
    /// last word: `mailbox` finds `mailboxes`, `mailbox ` does not.
    pub fn say(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| {
            let mut found = self.0.match_indices(phrase);
            found.any(|(at, _)| self.0[..at].ends_with(' '))
        })
    }

    /// Whether they begin with one of these phrases.
    pub fn begin_with(&self, phrases: &[&str]) -> bool {
        let words = self.0.trim_start();
        phrases.iter().any(|phrase| words.starts_with(phrase))
    }

    /// Whether they are one of these phrases, and nothing more.
    pub fn are(&self, phrases: &[&str]) -> bool {
        phrases.contains(&self.0.trim())
    }
}

/// Whether a sign is no part of a word. Accents that follow their letter are.
fn is_between(sign: char) -> bool {
    !sign.is_alphanumeric() && !ACCENTS.contains(&sign)
}

/// Whether a word has dots inside, as hosts and versions have; the end of a sentence without a space behind it is none.
fn is_dotted(word: &str) -> bool {
    let (before, after) = (word.chars(), word.chars().skip(1));
    let mut threes = before.zip(after).zip(word.chars().skip(2));
    threes.any(|((before, dot), after)| {
        dot == '.' && !(before.is_lowercase() && after.is_uppercase())
    })
}

/// A letter as servers write it that know ASCII alone.
fn fold(letter: char, into: &mut String) {
    for letter in letter.to_lowercase() {
        match letter {
            'ä' => into.push_str("ae"),
            'ö' => into.push_str("oe"),
            'ü' => into.push_str("ue"),
            'ß' => into.push_str("ss"),
            'á' | 'à' | 'â' | 'ã' => into.push('a'),
            'é' | 'è' | 'ê' | 'ë' => into.push('e'),
            'í' | 'ì' | 'î' | 'ï' => into.push('i'),
            'ó' | 'ò' | 'ô' | 'õ' => into.push('o'),
            'ú' | 'ù' | 'û' => into.push('u'),
            'ç' => into.push('c'),
            'ñ' => into.push('n'),
            accent if ACCENTS.contains(&accent) => {}
            other => into.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_addresses_links_and_settings_say_nothing() {
        for (text, words) in [
            ("<daily@a.nl>... User unknown", " user unknown "),
            ("mx1.creditmail.nl: User unknown", " user unknown "),
            ("See https://monthly.example/help", " see "),
            ("id=quota limit (200/h) v5.1.1", " limit "),
            ("Unknown user.Please ask", " unknown user please ask "),
            ("STOREDRV.Submission.Exception: full", " full "),
            ("no.", " no "),
            ("", " "),
            (" .. ", " "),
        ] {
            assert_eq!(Words::of(text).0, words, "{text}");
        }
    }

    #[test]
    fn what_means_the_same_is_the_same() {
        for (text, words) in [
            ("Empfänger\nunbekannt", " empfaenger unbekannt "),
            ("BOÎTE pleine, l’expéditeur", " boite pleine l expediteur "),
            ("e\u{301}chec d'envoi", " echec d envoi "),
            ("300 of 300 mails in 1h", " # of # mails in # "),
            ("24-hour rate-limit", " # hour rate limit "),
        ] {
            assert_eq!(Words::of(text).0, words, "{text}");
        }
    }

    #[test]
    fn a_phrase_is_found_where_its_words_begin() {
        let words = Words::of("Our users' mailboxes are full");
        assert!(words.say(&["mailbox", "nothing"]));
        assert!(words.say(&["are full"]));
        assert!(!words.say(&["user ", "box", "sers"]));
        assert!(words.begin_with(&["our us"]) && !words.begin_with(&["users"]));
        assert!(Words::of("Delivered:").are(&["delivered"]));
        assert!(!Words::of("Delivered to").are(&["delivered"]));
    }
}
