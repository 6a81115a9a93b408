//! Plain text as people really hand it in: a page saved as text, without a title line, with the names of pictures
//! glued to words, an editor's placeholders, a byline and a few words about the author at the end.
//!
//! The rules are general and none is certain; what they guess (a heading, a title) is for show only, and a title that
//! was made up is marked for the operator.

use super::Draft;
use super::byline;
use super::call;
use crate::gather::prose::{self, Html, IMAGE_EXTENSIONS};
use crate::gather::words;
use crate::model::Language;

/// What editors leave where something was to come, by language.
const PLACEHOLDERS: [(&str, &[&str]); 4] = [
    (
        "en",
        &[
            "New Call-to-action",
            "New Call to action",
            "Insert image here",
            "Image placeholder",
            "Add your text here",
            "Click here to add text",
            "Type your text here",
            "Your text here",
        ],
    ),
    (
        "nl",
        &[
            "Nieuwe call-to-action",
            "Nieuwe Call to action",
            "Typ hier je tekst",
            "Voeg hier je tekst toe",
            "Klik hier om tekst toe te voegen",
            "Plaats hier je tekst",
            "Afbeelding invoegen",
        ],
    ),
    (
        "de",
        &[
            "Neuer Call-to-Action",
            "Hier Text eingeben",
            "Text hier einfügen",
            "Bild einfügen",
        ],
    ),
    (
        "fr",
        &[
            "Nouveau call-to-action",
            "Nouveau CTA",
            "Saisissez votre texte ici",
            "Insérer une image",
        ],
    ),
];

/// Octets of a file's name, as file systems have it.
const MAX_NAME: usize = 255;

/// How lines begin that lead to another text: Dutch, English, German, French.
const POINTERS: [&str; 10] = [
    "lees ook",
    "lees verder",
    "zie ook",
    "read also",
    "read more",
    "see also",
    "lies auch",
    "siehe auch",
    "lire aussi",
    "voir aussi",
];

/// A block of text with the pictures that stood in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) text: String,
    pub(super) pictures: Vec<String>,
}

/// Reads a text; `beside` are the names of the pictures in its directory. A title that is known already is not
/// looked for, only left out where the text repeats it. `button` says that the source has an address for a call.
pub(super) fn read(
    text: &str,
    beside: &[String],
    title: Option<&str>,
    language: Option<&Language>,
    button: bool,
) -> Draft {
    let mut blocks = blocks_of(text, beside);
    let author = byline::take(&mut blocks);
    let found = take_title(&mut blocks, title);
    let call_to_action = call::take(&mut blocks, language, button);
    Draft {
        title: found,
        author,
        call_to_action,
        html: html_of(&blocks),
        ..Draft::default()
    }
}

fn blocks_of(text: &str, beside: &[String]) -> Vec<Block> {
    prose::blocks(&prose::normalise(text))
        .into_iter()
        .map(|block| pictures_out(&without_placeholder(&block), beside))
        .filter(|block| !block.text.is_empty() || !block.pictures.is_empty())
        .collect()
}

/// The block without a placeholder that is all of it, or is glued to its beginning or end.
fn without_placeholder(block: &str) -> String {
    for placeholder in PLACEHOLDERS.iter().flat_map(|(_, list)| *list) {
        if block.trim_end_matches(['.', ':', '…', ' ']).to_lowercase() == placeholder.to_lowercase()
        {
            return String::new();
        }
        if let Some(rest) = block.strip_suffix(placeholder) {
            return rest.trim_end().to_owned();
        }
        // Glued to its beginning: what follows begins like a sentence.
        if let Some(rest) = block.strip_prefix(placeholder)
            && rest.trim_start().starts_with(char::is_uppercase)
        {
            return rest.trim_start().to_owned();
        }
    }
    block.to_owned()
}

/// Takes the names of pictures out of a block; the rest of a word that a name was glued to stays.
pub(super) fn pictures_out(block: &str, beside: &[String]) -> Block {
    let mut text = String::with_capacity(block.len());
    let mut pictures = Vec::new();
    let mut from = 0;
    while let Some((start, end)) = next_picture(block, from, beside) {
        pictures.push(block[start..end].to_owned());
        push_apart(&mut text, &block[from..start]);
        from = end;
    }
    push_apart(&mut text, &block[from..]);
    Block { text, pictures }
}

/// Adds what stood behind a picture, a space apart where it is no mark.
fn push_apart(text: &mut String, part: &str) {
    let part = part.trim();
    let tight =
        text.is_empty() || part.is_empty() || part.starts_with(['.', ',', ';', ':', '!', '?', ')']);
    if !tight {
        text.push(' ');
    }
    text.push_str(part);
}

/// The next name of a picture at or after a position, as a byte range.
fn next_picture(text: &str, from: usize, beside: &[String]) -> Option<(usize, usize)> {
    text[from..]
        .match_indices('.')
        .map(|(at, _)| from + at)
        .find_map(|dot| {
            let extension = IMAGE_EXTENSIONS.iter().find(|extension| {
                text.get(dot + 1..dot + 1 + extension.len())
                    .is_some_and(|end| end.eq_ignore_ascii_case(extension))
            })?;
            let end = dot + 1 + extension.len();
            let start = name_start(text, from, dot..end, beside)?;
            let known = beside
                .iter()
                .any(|name| name.to_lowercase() == text[start..end].to_lowercase());
            let ends_well = text[end..].chars().next().is_none_or(|next| {
                let gift = *extension == "gif" && next.eq_ignore_ascii_case(&'t');
                known || (!next.is_ascii_digit() && !matches!(next, '/' | '=' | '_' | '-') && !gift)
            });
            ends_well.then_some((start, end))
        })
}

/// Where the name that ends here begins: at a file that lies beside the post (its name may have spaces), else at the
/// last space or opening mark. An address on the web is no file.
///
/// Nothing before `from` is looked at, and no more than a name may have.
fn name_start(
    text: &str,
    from: usize,
    ending: std::ops::Range<usize>,
    beside: &[String],
) -> Option<usize> {
    let (dot, end) = (ending.start, ending.end);
    let known = beside
        .iter()
        .filter_map(|name| {
            let start = end.checked_sub(name.len()).filter(|start| *start >= from)?;
            let same = text.get(start..end)?.to_lowercase() == name.to_lowercase();
            same.then_some(start)
        })
        .min();
    if known.is_some() {
        return known;
    }
    let least = from.max(text.floor_char_boundary(dot.saturating_sub(MAX_NAME)));
    let start = text[least..dot]
        .rfind(|c: char| {
            c.is_whitespace() || matches!(c, '(' | '[' | '"' | '\'' | '“' | '‘' | '<' | '«')
        })
        .map(|at| least + at)
        .map(|at| at + text[at..].chars().next().map_or(1, char::len_utf8))
        .or_else(|| (least == from).then_some(from))?;
    let name = &text[start..dot];
    let on_the_web = name.contains("://") || name.starts_with("www.");
    (name.chars().any(char::is_alphanumeric) && !on_the_web).then_some(start)
}

/// The first line, where it reads like a heading; also where it only repeats the title that is known.
fn take_title(blocks: &mut Vec<Block>, known: Option<&str>) -> Option<String> {
    let at = blocks.iter().position(|block| !block.text.is_empty())?;
    let first = words::line(&blocks[at].text);
    let next = blocks[at + 1..]
        .iter()
        .find(|block| !block.text.is_empty())
        .map(|block| block.text.as_str());
    let is_title = match known {
        Some(known) => first.to_lowercase() == words::line(known).to_lowercase(),
        None => prose::is_heading(&first, next),
    };
    if !is_title {
        return None;
    }
    blocks[at].text.clear();
    if blocks[at].pictures.is_empty() {
        blocks.remove(at);
    }
    Some(first)
}

fn html_of(blocks: &[Block]) -> String {
    let mut html = Html::default();
    for (at, block) in blocks.iter().enumerate() {
        for picture in &block.pictures {
            html.picture(picture);
        }
        if !block.text.is_empty() {
            let next = blocks[at + 1..]
                .iter()
                .find(|block| !block.text.is_empty())
                .map(|block| block.text.as_str());
            let heading = prose::is_heading(&block.text, next) && !points_elsewhere(&block.text);
            html.block(&block.text, heading);
        }
    }
    html.finish()
}

/// A line that only leads to another text is no heading of the next block.
fn points_elsewhere(block: &str) -> bool {
    let lower = block.to_lowercase();
    POINTERS.iter().any(|pointer| lower.starts_with(pointer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out(block: &str, beside: &[&str]) -> (String, Vec<String>) {
        let beside: Vec<String> = beside.iter().map(|name| (*name).to_owned()).collect();
        let block = pictures_out(block, &beside);
        (block.text, block.pictures)
    }

    #[test]
    fn the_name_of_a_picture_leaves_the_word_that_it_is_glued_to() {
        for (block, text, picture) in [
            (
                "stockfoto_123.jpgKijk om je heen",
                "Kijk om je heen",
                "stockfoto_123.jpg",
            ),
            (
                "een Naamloos.jpggeweldig product",
                "een geweldig product",
                "Naamloos.jpg",
            ),
            ("Zie foto.PNG.", "Zie.", "foto.PNG"),
            ("(kraam.jpeg) Zo dus", "() Zo dus", "kraam.jpeg"),
            ("kraam.webp", "", "kraam.webp"),
        ] {
            assert_eq!(
                out(block, &[]),
                (text.to_owned(), vec![picture.to_owned()]),
                "{block}"
            );
        }
    }

    #[test]
    fn what_is_no_picture_stays() {
        for block in [
            "Kijk op https://example.nl/foto.jpg voor meer",
            "een shop.gifts adres",
            "versie 2.jpg2 bestaat niet",
            "een zin. Jpg is geen woord.",
            ".jpg",
        ] {
            assert_eq!(out(block, &[]), (block.to_owned(), vec![]), "{block}");
        }
    }

    #[test]
    fn a_file_that_is_there_may_have_spaces_in_its_name() {
        assert_eq!(
            out(
                "Zie Schermafbeelding 1.pngDit is het.",
                &["schermafbeelding 1.png"]
            ),
            (
                "Zie Dit is het.".to_owned(),
                vec!["Schermafbeelding 1.png".to_owned()]
            )
        );
    }

    #[test]
    fn placeholders_go() {
        assert_eq!(without_placeholder("New Call-to-action"), "");
        assert_eq!(without_placeholder("nieuwe call-to-action."), "");
        assert_eq!(
            without_placeholder("New Call-to-actionWil je meer?"),
            "Wil je meer?"
        );
        assert_eq!(
            without_placeholder("Wil je meer?New Call-to-action"),
            "Wil je meer?"
        );
        assert_eq!(
            without_placeholder("New Call-to-action buttons are overrated"),
            "New Call-to-action buttons are overrated"
        );
    }
}
