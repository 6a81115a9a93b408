//! Finds who wrote a plain text: a byline near its end or its beginning, and the blocks after it about that person.

use super::text::Block;
use crate::gather::words;
use crate::model::Author;

/// How a byline begins: Dutch, English, German, French.
const BEGINNINGS: [&str; 4] = ["Door", "By", "Von", "Par"];

/// Small words inside a name.
const PARTICLES: [&str; 22] = [
    "van", "de", "der", "den", "het", "ten", "ter", "te", "in", "op", "'t", "’t", "von", "zu",
    "du", "des", "la", "le", "el", "al", "bin", "y",
];

/// Words between two authors: Dutch, English, German, French.
const AND: [&str; 5] = ["en", "and", "und", "et", "&"];

/// A name, or two, have at most so many words.
const MAX_NAME_WORDS: usize = 8;

/// A byline stands in the last 40 % of the text or among the first three blocks, or beside a caption with its name.
const FIRST_BLOCKS: usize = 3;

/// Takes byline, caption and biography out of the blocks.
pub(super) fn take(blocks: &mut Vec<Block>) -> Option<Author> {
    let count = blocks.len();
    let is_late = late_from(blocks);
    let is_near_an_end = |at: usize| at < FIRST_BLOCKS || is_late(at);
    let (at, name) = (0..count).rev().find_map(|at| {
        let name = name_in(&blocks[at].text)?;
        let stands_well = is_near_an_end(at) || !captions(blocks, at, &name).is_empty();
        stands_well.then_some((at, name))
    })?;
    let at_the_end = at >= FIRST_BLOCKS || is_late(at);
    let bio_at = biography(blocks, at, &name, at_the_end);
    let bio = bio_at
        .iter()
        .map(|&at| words::line(&blocks[at].text))
        .collect::<Vec<_>>()
        .join(" ");
    let mut gone = bio_at;
    gone.push(at);
    gone.extend(captions(blocks, at, &name));
    let photo = gone
        .iter()
        .find_map(|&at| blocks[at].pictures.first().cloned());
    gone.sort_unstable();
    gone.dedup();
    for at in gone.into_iter().rev() {
        blocks.remove(at);
    }
    Some(Author {
        name,
        role: None,
        bio: Some(bio).filter(|bio| !bio.is_empty()),
        photo,
    })
}

/// Whether a block begins in the last 40 % of the text, by blocks or by characters: short articles have long tails.
fn late_from(blocks: &[Block]) -> impl Fn(usize) -> bool + use<> {
    let count = blocks.len();
    let mut whole = 0;
    let mut before = Vec::with_capacity(count);
    for block in blocks {
        before.push(whole);
        whole += block.text.len();
    }
    move |at| at * 10 >= count * 6 || before[at] * 10 >= whole * 6
}

/// The name of a block that is a byline and nothing else.
fn name_in(block: &str) -> Option<String> {
    let (first, rest) = block.split_once([' ', ':'])?;
    if !BEGINNINGS.contains(&first) {
        return None;
    }
    let name = rest
        .trim_start_matches([':', ' '])
        .trim_end_matches(['.', ' ']);
    let parts: Vec<&str> = name.split_whitespace().collect();
    let is_name = |word: &&str| {
        PARTICLES.contains(word)
            || AND.contains(word)
            || (word.starts_with(char::is_uppercase)
                && word
                    .chars()
                    .all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’' | '.')))
    };
    let fits = (1..=MAX_NAME_WORDS).contains(&parts.len())
        && parts.iter().all(is_name)
        && parts[0].starts_with(char::is_uppercase)
        && parts.last().is_some_and(|last| {
            last.starts_with(|c: char| c.is_uppercase() || matches!(c, '\'' | '’'))
        });
    fits.then(|| words::line(name))
}

/// Blocks after the byline that name the person: all of them at the end of a text, only those that follow at once at
/// its beginning, where the article itself comes next.
fn biography(blocks: &[Block], byline: usize, name: &str, at_the_end: bool) -> Vec<usize> {
    let mut found = Vec::new();
    for (at, block) in blocks.iter().enumerate().skip(byline + 1) {
        match () {
            () if is_caption(block, name) => {}
            () if names(&block.text, name) => found.push(at),
            () if at_the_end => {}
            () => break,
        }
    }
    // At the beginning a paragraph that names the author must still leave an article.
    match at_the_end || found.len() + byline + 1 < blocks.len() {
        true => found,
        false => Vec::new(),
    }
}

/// A bare line with the name, right before or after the byline; a picture may stand between them.
fn captions(blocks: &[Block], byline: usize, name: &str) -> Vec<usize> {
    let says_something = |at: &usize| !blocks[*at].text.is_empty();
    let before = (0..byline).rev().find(says_something);
    let after = (byline + 1..blocks.len()).find(says_something);
    let beside = before.into_iter().chain(after);
    let found: Vec<usize> = beside.filter(|&at| is_caption(&blocks[at], name)).collect();
    // The picture belongs to the caption.
    let pictures = found
        .iter()
        .flat_map(|&at| at.min(byline) + 1..at.max(byline));
    let pictures: Vec<usize> = pictures.collect();
    found.into_iter().chain(pictures).collect()
}

fn is_caption(block: &Block, name: &str) -> bool {
    block.text.trim_end_matches('.').to_lowercase() == name.to_lowercase()
}

/// Whether a text has the first name of one of the authors in it, as a word.
fn names(text: &str, name: &str) -> bool {
    let words: Vec<&str> = name.split(' ').collect();
    let after_and = words.iter().zip(words.iter().skip(1));
    let others = after_and.filter(|(word, _)| AND.contains(word));
    let mut firsts = words
        .first()
        .into_iter()
        .chain(others.map(|(_, next)| next));
    let is_letter = |c: char| c.is_alphanumeric();
    firsts.any(|first| {
        text.match_indices(first).any(|(at, _)| {
            !text[..at].ends_with(is_letter) && !text[at + first.len()..].starts_with(is_letter)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(texts: &[&str]) -> Vec<Block> {
        texts
            .iter()
            .map(|text| super::super::text::pictures_out(text, &[]))
            .collect()
    }

    #[test]
    fn a_byline_at_the_end_with_caption_and_biography() {
        let mut blocks = blocks(&[
            "Een lange alinea over winkels.",
            "Nog een lange alinea over winkels.",
            "En nog een.",
            "Een slot.",
            "portret.jpgSanne de Wit",
            "Door Sanne de Wit",
            "Wat Sanne blij maakt: een klant die terugkomt.",
        ]);
        let author = take(&mut blocks).unwrap();
        assert_eq!(author.name, "Sanne de Wit");
        assert_eq!(
            author.bio.as_deref(),
            Some("Wat Sanne blij maakt: een klant die terugkomt.")
        );
        assert_eq!(author.photo.as_deref(), Some("portret.jpg"));
        assert_eq!(blocks.len(), 4);
    }

    #[test]
    fn a_byline_at_the_beginning_leaves_the_article_alone() {
        let mut blocks = blocks(&[
            "Een titel",
            "By Tom Baker",
            "An article that begins here.",
            "And here Tom tells more.",
            "The end.",
        ]);
        let author = take(&mut blocks).unwrap();
        assert_eq!((author.name.as_str(), author.bio), ("Tom Baker", None));
        assert_eq!(blocks.len(), 4);
    }

    #[test]
    fn what_is_no_byline_stays() {
        for text in [
            "Door de regen kwam niemand",
            "Door",
            "By the way",
            "Von hier an geht es weiter",
            "Doorgaan Met Verkopen",
        ] {
            assert_eq!(name_in(text), None, "{text}");
        }
        assert_eq!(
            name_in("Door: Zoë van 't Hof").as_deref(),
            Some("Zoë van 't Hof")
        );
    }
}
