//! Who wrote a page: the authors that it names to programs, else the name on a line that begins with `by`.

use super::end_of;
use crate::gather::head::Head;
use crate::gather::markup::Piece;
use crate::gather::{plain, words};

/// Longest line that is a byline, in characters.
const MAX_BYLINE: usize = 60;

/// Words that announce an author: Dutch, English, German, French.
const BY: [&str; 8] = [
    "door",
    "by",
    "von",
    "par",
    "geschreven door",
    "written by",
    "auteur",
    "author",
];

/// Authors for programs, else the byline that people see.
pub(super) fn author_of(head: &Head, pieces: &[Piece], byline: Option<&str>) -> Option<String> {
    let declared = head.article_authors();
    if !declared.is_empty() {
        return Some(declared.join(", "));
    }
    let named = [
        "author",
        "article:author",
        "parsely-author",
        "dc.creator",
        "dcterms.creator",
    ]
    .into_iter()
    .find_map(|name| head.meta(&[name]).filter(|text| !text.contains("://")))
    .map(str::to_owned);
    let name = named
        .or_else(|| marked(pieces))
        .or_else(|| byline.map(str::to_owned))?;
    let name = words::line(&without_by(&words::line_of_markup(&name)));
    let fits = name.chars().count() <= MAX_BYLINE && !name.contains('@') && !name.is_empty();
    fits.then_some(name)
}

/// `rel="author"` or `itemprop="author"`.
fn marked(pieces: &[Piece]) -> Option<String> {
    let at = pieces.iter().position(|piece| {
        matches!(piece, Piece::Open(element)
            if element.get("rel") == Some("author") || element.get("itemprop") == Some("author"))
    })?;
    let end = end_of(pieces, at)?;
    Some(plain::text(&pieces[at..end])).filter(|text| !text.is_empty())
}

fn without_by(byline: &str) -> String {
    let lower = byline.to_lowercase();
    let by = BY.iter().filter(|by| {
        lower
            .strip_prefix(**by)
            .is_some_and(|rest| rest.starts_with([' ', ':']))
    });
    let cut = by.map(|by| by.len()).max().unwrap_or(0);
    let name = byline
        .get(cut..)
        .unwrap_or(byline)
        .trim_start_matches([' ', ':']);
    let end = [
        " op ", " on ", " am ", " le ", " | ", " · ", " – ", " - ", ", ",
    ]
    .iter()
    .filter_map(|mark| name.find(mark))
    .filter(|at| name[*at..].contains(|c: char| c.is_ascii_digit()))
    .min();
    name[..end.unwrap_or(name.len())].to_owned()
}

/// The name behind `door` in a line with a date.
pub(super) fn by_in(line: &str) -> Option<String> {
    let lower = line.to_lowercase();
    let by = BY.iter().find_map(|by| {
        let word = format!(" {by} ");
        lower.find(&word).map(|at| at + word.len())
    });
    let name = line.get(by?..)?.split(['|', '·', ',', '(']).next()?.trim();
    let is_name = !name.is_empty() && !name.contains(|c: char| c.is_ascii_digit());
    is_name.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byline_is_a_name() {
        for (byline, name) in [
            ("Door Jan de Wit", "Jan de Wit"),
            ("By: Ann Lee on 3 November 2026", "Ann Lee"),
            ("Geschreven door Els", "Els"),
            ("Doortje Smit", "Doortje Smit"),
        ] {
            assert_eq!(without_by(byline), name);
        }
    }
}
