//! How two posts compare that go by one name: what can be said of their titles and of their texts, one by one.
//!
//! Says nothing of who wrote them, and decides nothing: who asks knows whose the name is.

use std::collections::HashSet;

use super::{
    ENOUGH, LEAST, NEAR, SHINGLE, Word, folded, number_of, resemblance, shingles, tells_more,
    text_of, words_of,
};
use crate::model::Post;

/// The share of a summary's or a cut copy's shingles that the whole has: its last words may be cut.
const HELD: f64 = 0.8;

/// Texts that have half of their shingles in common may be one that was edited.
const EDITED: f64 = 0.5;

/// How two posts compare that go by one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comparison {
    /// Their titles are the same, or one is the other with some words more.
    pub titles_agree: bool,
    /// What their texts say of them.
    pub texts: Texts,
}

/// How two texts compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Texts {
    /// One holds the other, or nearly so: a summary and its whole, a text and its copy.
    Agree,
    /// One of them says too little to be held against the other.
    Silent,
    /// They are two.
    Differ,
}

/// Compares two posts that go by one address: anybody may write a link, so that it alone proves nothing.
pub fn compare(one: &Post, other: &Post) -> Comparison {
    let (ours, theirs) = (words_of(&text_of(one)), words_of(&text_of(other)));
    let texts = if folded(&ours) == folded(&theirs) {
        Texts::Agree
    } else if ours.len().min(theirs.len()) < LEAST {
        Texts::Silent
    } else if share_held(&ours, &theirs) >= HELD {
        Texts::Agree
    } else {
        Texts::Differ
    };
    Comparison {
        titles_agree: titles_are_alike(&words_of(&one.title), &words_of(&other.title)),
        texts,
    }
}

/// Whether two posts have nothing of each other: neither title nor text can have been edited from one to the other.
pub fn are_strangers(one: &Post, other: &Post) -> bool {
    let (ours, theirs) = (words_of(&text_of(one)), words_of(&text_of(other)));
    let says_nothing = ours.is_empty() || theirs.is_empty();
    !says_nothing
        && share_held(&ours, &theirs) < EDITED
        && !titles_are_alike(&words_of(&one.title), &words_of(&other.title))
}

/// Whether the texts of two posts of one source are so near, whatever their titles, that one is the other, edited.
pub fn tell_the_same(one: &Post, other: &Post) -> bool {
    let (ours, theirs) = (words_of(&text_of(one)), words_of(&text_of(other)));
    ours.len().min(theirs.len()) >= ENOUGH
        && resemblance(&ours, &theirs) >= NEAR
        && !(tells_more(&ours, &theirs) && tells_more(&theirs, &ours))
}

/// How much of the shorter of two texts is in the longer one: its shingles, or its words where they make no shingle.
fn share_held(one: &[Word], other: &[Word]) -> f64 {
    let parts = |words: &[Word]| match one.len().min(other.len()) < SHINGLE {
        true => {
            let mut parts: Vec<u64> = words.iter().map(|word| number_of(&word.folded)).collect();
            parts.sort_unstable();
            parts.dedup();
            parts
        }
        false => shingles(words),
    };
    let (one, other) = (parts(one), parts(other));
    let (few, many) = match one.len() <= other.len() {
        true => (one, other),
        false => (other, one),
    };
    let common = few.iter().filter(|part| many.binary_search(part).is_ok());
    #[expect(clippy::cast_precision_loss, reason = "counts of words of one text")]
    let share = common.count() as f64 / few.len().max(1) as f64;
    share
}

/// The same words; all of one, if it has more than one, in the other; or half of all words in common, and the same numbers.
fn titles_are_alike(one: &[Word], other: &[Word]) -> bool {
    let set = |words: &[Word]| -> HashSet<String> {
        words.iter().map(|word| word.folded.clone()).collect()
    };
    let (one, other) = (set(one), set(other));
    let is_number = |word: &&String| word.contains(char::is_numeric);
    let numbers: HashSet<&String> = one.iter().filter(is_number).collect();
    let common = one.intersection(&other).count();
    let same_numbers = numbers == other.iter().filter(is_number).collect();
    let fewest = one.len().min(other.len());
    one == other
        || common == fewest && fewest > 1
        || same_numbers && common > 0 && common * 2 >= one.union(&other).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SourceName;

    fn post(title: &str, text: &str) -> Post {
        Post {
            source: SourceName::parse("blog").unwrap(),
            identity: String::new(),
            alternate: None,
            slug: String::new(),
            title: title.to_owned(),
            title_derived: false,
            link: None,
            author: None,
            published: None,
            language: None,
            topics: vec![],
            summary: text.to_owned(),
            html: String::new(),
            image: None,
            call_to_action: None,
            lead: false,
            hold: None,
            files: vec![],
            also: vec![],
        }
    }

    #[test]
    fn titles_that_were_edited_agree_and_others_do_not() {
        for (one, other, agree) in [
            ("Mayor opens bridge", "Mayor opens new bridge at last", true),
            (
                "Waarom een klant terugkomt",
                "Jan: Waarom een klant terugkomt",
                true,
            ),
            ("MAYOR opens bridge!", "mayor opens bridge", true),
            ("!!!", "???", true),
            ("Release 1", "Release 2", false),
            ("Letter of week 41", "Letter of week 42", false),
            ("Genuine annual report", "Pay your invoice now", false),
            ("Kaas", "Kaas van de markt", false),
        ] {
            let compared = compare(&post(one, ""), &post(other, ""));
            assert_eq!(compared.titles_agree, agree, "{one} / {other}");
        }
    }

    #[test]
    fn strangers_have_neither_title_nor_text_of_each_other() {
        let old = post(
            "Mayor opens bridge",
            "The river rose two metres in one night, so the bakery had to close.",
        );
        for (title, text, strangers) in [
            ("Release 3", "Third release, all is new.", true),
            (
                "Mayor opens new bridge",
                "Third release, all is new.",
                false,
            ),
            (
                "Release 3",
                "It is corrected: the river rose two metres in one night, so the bakery had to close. Sorry.",
                false,
            ),
            ("Release 3", "", false),
        ] {
            assert_eq!(
                are_strangers(&old, &post(title, text)),
                strangers,
                "{title}: {text}"
            );
        }
        let first = post("Release 1", "First release of the tool.");
        assert!(are_strangers(
            &first,
            &post("Release 3", "Third release, all is new.")
        ));
        assert!(are_strangers(&post("Ja", "Kaas"), &post("Nee", "Wijn")));
        assert!(!are_strangers(
            &post("Ja", "Kaas"),
            &post("Nee", "Kaas, en wijn")
        ));
    }

    #[test]
    fn a_text_agrees_with_what_holds_it() {
        let long =
            "The river rose two metres in one night, and the bakery on the quay had to close.";
        let whole = format!("{long} It opens again on Monday, when the flour has come.");
        for (one, other, texts) in [
            (long, long, Texts::Agree),
            (long, whole.as_str(), Texts::Agree),
            (
                "The river rose two metres in one night, and the bak…",
                long,
                Texts::Agree,
            ),
            ("Comments", long, Texts::Silent),
            ("Comments", "comments", Texts::Agree),
            ("", "", Texts::Agree),
            (
                "Pay at this page at once please or else we shall close it",
                long,
                Texts::Differ,
            ),
        ] {
            for (one, other) in [(one, other), (other, one)] {
                assert_eq!(
                    compare(&post("a", one), &post("a", other)).texts,
                    texts,
                    "{one} / {other}"
                );
            }
        }
    }
}
