//! How two posts compare that go by one name: what can be said of their titles and of their texts, one by one.
//!
//! Says nothing of who wrote them, and decides nothing: who asks knows whose the name is.

use std::collections::HashSet;

use super::{LEAST, Word, folded, shingles, text_of, words_of};
use crate::model::Post;

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
    } else if holds(&ours, &theirs) {
        Texts::Agree
    } else {
        Texts::Differ
    };
    Comparison {
        titles_agree: titles_are_alike(&words_of(&one.title), &words_of(&other.title)),
        texts,
    }
}

/// Whether the shorter of two texts is nearly all in the longer one.
fn holds(one: &[Word], other: &[Word]) -> bool {
    let (one, other) = (shingles(one), shingles(other));
    let (few, many) = match one.len() <= other.len() {
        true => (one, other),
        false => (other, one),
    };
    let common = few
        .iter()
        .filter(|shingle| many.binary_search(shingle).is_ok())
        .count();
    common * 5 >= few.len() * 4
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
