//! When a page was published: what it says to programs, else the date that it shows on a short line.

use jiff::Timestamp;

use super::end_of;
use crate::gather::head::Head;
use crate::gather::markup::{self, Piece};
use crate::gather::{dates, plain, words};

/// Lines longer than this are running text, and a date in them is part of the story; in characters.
const MAX_DATE_LINE: usize = 80;

/// Lines on either side of the heading in which a page shows its date.
const NEAR_HEADING: usize = 8;

/// Where pages keep their date for programs, the best first.
const DATE_METAS: [&str; 10] = [
    "article:published_time",
    "og:published_time",
    "datepublished",
    "dcterms.date",
    "dcterms.created",
    "dc.date",
    "parsely-pub-date",
    "sailthru.date",
    "pubdate",
    "date",
];

/// The date for programs, else the first that is marked as a time, else one beside the heading.
pub(super) fn date_of(head: &Head, pieces: &[Piece], title: Option<&str>) -> Option<Timestamp> {
    head.article_text("datePublished")
        .and_then(|text| dates::instant(&text))
        .or_else(|| head.meta(&DATE_METAS).and_then(dates::instant))
        .or_else(|| marked_time(pieces))
        .or_else(|| shown_date(pieces, title?))
}

fn marked_time(pieces: &[Piece]) -> Option<Timestamp> {
    let times = || {
        pieces
            .iter()
            .enumerate()
            .filter_map(|(at, piece)| match piece {
                Piece::Open(element) if element.name == "time" => Some((at, element)),
                _ => None,
            })
    };
    let published = times().find(|(_, time)| {
        time.get("itemprop") == Some("datePublished")
            || time
                .get("class")
                .is_some_and(|class| class.contains("publi"))
    });
    let (at, time) = published.or_else(|| times().next())?;
    let shown = match pieces.get(at + 1) {
        Some(Piece::Text(text)) => text.as_str(),
        _ => "",
    };
    time.get("datetime")
        .and_then(dates::instant)
        .or_else(|| dates::instant(shown))
        .or_else(|| date_in(shown))
}

/// A date on a short line beside the heading, as `Geplaatst op 2 november 2026`.
fn shown_date(pieces: &[Piece], title: &str) -> Option<Timestamp> {
    let text = plain::text(&markup::without_machinery(pieces.to_vec()));
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let heading = lines.iter().position(|line| words::line(line) == title)?;
    let after = lines.iter().skip(heading + 1).take(NEAR_HEADING);
    let before = lines[..heading].iter().rev().take(NEAR_HEADING);
    after
        .chain(before)
        .filter(|line| line.chars().count() <= MAX_DATE_LINE)
        .find_map(|line| date_in(line))
}

/// A short first line with a date in it, as `Geplaatst op 2 november 2026 door Jan`.
pub(super) fn take_dateline(pieces: &mut Vec<Piece>) -> Option<String> {
    let says = |piece: &Piece| matches!(piece, Piece::Text(text) if !text.trim().is_empty());
    let first = pieces.iter().position(says)?;
    let start = pieces[..first]
        .iter()
        .rposition(|piece| piece.opens("p") || piece.opens("div"))?;
    let end = end_of(pieces, start)?;
    let line = words::line(&plain::text(&pieces[start..end]));
    if line.chars().count() > MAX_DATE_LINE || date_in(&line).is_none() {
        return None;
    }
    pieces.drain(start..=end);
    Some(line)
}

/// Three words in a row that are a day, a month by name and a year.
pub(super) fn date_in(line: &str) -> Option<Timestamp> {
    let words: Vec<&str> = line
        .split(|c: char| c.is_whitespace() || matches!(c, '|' | '·' | '(' | ')'))
        .map(|word| word.trim_matches([',', ':', ';']))
        .filter(|word| !word.is_empty())
        .collect();
    words.windows(3).find_map(|three| {
        let has_month = three
            .iter()
            .any(|word| word.chars().filter(|c| c.is_alphabetic()).count() >= 3);
        let has_year = three
            .iter()
            .any(|word| word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit()));
        (has_month && has_year)
            .then(|| dates::instant(&three.join(" ")))
            .flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_found_in_a_line_and_not_in_a_number() {
        for (line, expected) in [
            ("Geplaatst op 2 november 2026", "2026-11-02"),
            ("door Jan | 14 mrt. 2025 | Geen reacties", "2025-03-14"),
            ("November 3, 2026 by Ann", "2026-11-03"),
        ] {
            let found = date_in(line).map(|date| date.to_string());
            assert!(
                found
                    .as_deref()
                    .is_some_and(|found| found.starts_with(expected)),
                "{line} {found:?}"
            );
        }
        for line in [
            "Bel 0612 345 6789",
            "Sinds 1998 een begrip",
            "12 reacties 2026",
        ] {
            assert_eq!(date_in(line), None, "{line}");
        }
    }
}
