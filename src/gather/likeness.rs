//! Whether two posts say the same: what to look for in the ledger, and the judgement on a pair that was found.
//!
//! A false pair costs a reader a post, a missed one shows a post twice: so the judgement asks for much. Texts are the
//! same word by word, or share nine tenths of their shingles under one title, and neither names a day, a number or a
//! name that the other lacks while the other does too: that is how two announcements from one template differ.

mod comparing;

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::{links, markup, plain};
use crate::model::{FilteredBy, Likeness, Post, Source};
pub use comparing::{Comparison, Texts, are_strangers, compare, tell_the_same};

/// Texts with fewer words are held against each other only under the same title.
const ENOUGH: usize = 50;

/// Texts with fewer words say nothing of their own.
const LEAST: usize = 8;

/// Words of a shingle.
const SHINGLE: usize = 3;

/// The share of all shingles that near texts have in common.
const NEAR: f64 = 0.9;

/// Words at the end of a text that may differ as they like: what a site adds there.
const TAIL: usize = 15;

/// Bits in which the sketches of near texts may differ: about seven of 64 are to be expected, and 32 of strangers.
pub const SKETCH_DISTANCE: u32 = 14;

/// Days and months (Dutch, English, German, French): two announcements may differ in nothing else.
static CALENDAR: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag januari februari maart april mei juni \
    juli augustus september oktober november december monday tuesday wednesday thursday friday saturday sunday january \
    february march may june july august october montag dienstag mittwoch donnerstag freitag samstag sonntag januar \
    marz mai juli dezember lundi mardi mercredi jeudi vendredi samedi dimanche janvier fevrier mars avril juin \
    juillet aout septembre octobre novembre decembre"
        .split_whitespace()
        .collect()
});

/// Of the title of each of these posts, as the ledger keeps it.
pub fn title_keys(posts: &[Post]) -> Vec<String> {
    posts.iter().map(|post| hash(&title_words(post))).collect()
}

/// What the ledger keeps of each of these posts of one source, to find its like by.
pub fn likenesses(posts: &[Post]) -> Vec<Likeness> {
    let links: Vec<Option<String>> = posts.iter().map(link_of).collect();
    let mut times: HashMap<&str, usize> = HashMap::new();
    for link in links.iter().flatten() {
        *times.entry(link).or_default() += 1;
    }
    let only_once = |link: &String| times[link.as_str()] == 1;
    posts
        .iter()
        .zip(&links)
        .map(|(post, link)| likeness(post, link.clone().filter(only_once)))
        .collect()
}

fn likeness(post: &Post, link: Option<String>) -> Likeness {
    let words = words_of(&text_of(post));
    let whole = if post.html.is_empty() { 0 } else { words.len() };
    Likeness {
        link,
        title: hash(&title_words(post)),
        text: (words.len() >= LEAST).then(|| hash(&folded(&words))),
        sketch: (words.len() >= ENOUGH).then(|| sketch(&words)),
        words: i64::try_from(whole).unwrap_or(i64::MAX),
    }
}

/// The canonical link, unless it leads to a site as a whole.
fn link_of(post: &Post) -> Option<String> {
    let link = links::canonical_link(post.link.as_deref()?)?;
    let link = links::across_sources(&link)?;
    (link.len() <= super::identity::MAX_IDENTITY).then_some(link)
}

/// Whether the texts of two posts are the same, or so near that a reader would not want both.
pub fn say_the_same(one: &Post, other: &Post) -> bool {
    let (ours, theirs) = (words_of(&text_of(one)), words_of(&text_of(other)));
    let (our_title, their_title) = (title_words(one), title_words(other));
    if ours.len().min(theirs.len()) < LEAST {
        return false;
    }
    if folded(&ours) == folded(&theirs) {
        return ours.len() >= ENOUGH || our_title == their_title;
    }
    ours.len().min(theirs.len()) >= ENOUGH
        && titles_agree(&our_title, &their_title)
        && resemblance(&ours, &theirs) >= NEAR
        && !(tells_more(&ours, &theirs) && tells_more(&theirs, &ours))
}

/// Why a source's filters pass a post over; `None` where it may come in.
pub fn passed_over(source: &Source, post: &Post) -> Option<FilteredBy> {
    source.filters.passed_over(post, || text_of(post))
}

/// The plain text of a post, or its summary where there is no more.
fn text_of(post: &Post) -> String {
    match post.html.is_empty() {
        true => post.summary.clone(),
        false => plain::text(&markup::pieces(&post.html)),
    }
}

/// A word without case and accents, and whether it may be a name or has a digit.
struct Word {
    folded: String,
    telling: bool,
}

fn words_of(text: &str) -> Vec<Word> {
    text.split(|c: char| !c.is_alphanumeric() && !is_combining_mark(c))
        .filter(|word| !word.is_empty())
        .map(|word| {
            let folded: String = fold(word);
            let telling = word.starts_with(char::is_uppercase)
                || word.contains(|c: char| c.is_numeric())
                || CALENDAR.contains(folded.as_str());
            Word { folded, telling }
        })
        .collect()
}

fn fold(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    word.nfkd()
        .filter(|&c| !is_combining_mark(c))
        .flat_map(char::to_lowercase)
        .collect()
}

fn title_words(post: &Post) -> String {
    folded(&words_of(&post.title))
}

fn folded(words: &[Word]) -> String {
    let words: Vec<&str> = words.iter().map(|word| word.folded.as_str()).collect();
    words.join(" ")
}

fn hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..32].to_owned()
}

/// One title is the other, or the other with words before or after it.
fn titles_agree(one: &str, other: &str) -> bool {
    let (one, other) = (format!(" {one} "), format!(" {other} "));
    one.contains(&other) || other.contains(&one)
}

/// The shingles of a text as numbers, in order, each once. The ledger keeps what is made of them: the numbers must
/// never change.
fn shingles(words: &[Word]) -> Vec<u64> {
    let numbers: Vec<u64> = words.iter().map(|word| number_of(&word.folded)).collect();
    let mut shingles: Vec<u64> = numbers
        .windows(SHINGLE)
        .map(|shingle| shingle.iter().fold(0, |all, word| mixed(all ^ word)))
        .collect();
    shingles.sort_unstable();
    shingles.dedup();
    shingles
}

/// FNV-1a, 64 bits (RFC 9923): quick, and the same on every machine. Nobody gains by a collision.
fn number_of(word: &str) -> u64 {
    word.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Spreads every bit over all 64 (the finaliser of SplitMix64), as a sketch needs it.
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// Shingles in common, of all (Jaccard).
fn resemblance(one: &[Word], other: &[Word]) -> f64 {
    let (one, other) = (shingles(one), shingles(other));
    let common = one
        .iter()
        .filter(|shingle| other.binary_search(shingle).is_ok())
        .count();
    let all = one.len() + other.len() - common;
    #[expect(clippy::cast_precision_loss, reason = "counts of words of one text")]
    let share = common as f64 / all.max(1) as f64;
    share
}

/// Whether a text, its tail aside, has a name, number or day that the other has nowhere.
fn tells_more(one: &[Word], other: &[Word]) -> bool {
    let theirs: HashSet<&str> = other.iter().map(|word| word.folded.as_str()).collect();
    one[..one.len().saturating_sub(TAIL)]
        .iter()
        .any(|word| word.telling && !theirs.contains(word.folded.as_str()))
}

/// SimHash: each bit is the majority's among the shingles.
fn sketch(words: &[Word]) -> i64 {
    let mut votes = [0_i32; 64];
    for shingle in shingles(words) {
        for (bit, vote) in votes.iter_mut().enumerate() {
            *vote += if shingle >> bit & 1 == 1 { 1 } else { -1 };
        }
    }
    let bits = votes.iter().enumerate();
    bits.fold(0_u64, |sketch, (bit, vote)| {
        sketch | (u64::from(*vote > 0) << bit)
    })
    .cast_signed()
}
