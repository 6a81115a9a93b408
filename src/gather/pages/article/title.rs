//! A page's title, without the name of the site.

use super::end_of;
use crate::gather::head::Head;
use crate::gather::markup::Piece;
use crate::gather::{plain, words};

/// The headline for programs, else the heading, else the window's title without the site's name.
pub(super) fn title_of(head: &Head, pieces: &[Piece], extracted: Option<&str>) -> Option<String> {
    let window = head.title.as_deref().unwrap_or_default();
    let shared = head.meta(&["og:title"]).map(words::line);
    let heading = headings(pieces).find(|heading| {
        window.contains(heading.as_str())
            || shared
                .as_ref()
                .is_some_and(|shared| shared.contains(heading.as_str()))
    });
    let site = head.meta(&["og:site_name"]).map(words::line);
    head.article_text("headline")
        .or(heading)
        .or_else(|| shared.map(|shared| without_site(&shared, site.as_deref())))
        .or_else(|| extracted.map(words::line))
        .map(|title| without_site(&title, site.as_deref()))
        .filter(|title| !title.is_empty())
}

fn headings(pieces: &[Piece]) -> impl Iterator<Item = String> {
    pieces.iter().enumerate().filter_map(|(at, piece)| {
        if !piece.opens("h1") {
            return None;
        }
        let said = words::line(&plain::text(&pieces[at..end_of(pieces, at)?]));
        (!said.is_empty()).then_some(said)
    })
}

fn without_site(title: &str, site: Option<&str>) -> String {
    let Some(cut) = site.and_then(|site| title.strip_suffix(site)) else {
        return title.to_owned();
    };
    let marks = ['|', '-', '–', '—', '·', '»', '•', ':'];
    match cut.trim_end().strip_suffix(marks).map(str::trim_end) {
        Some(bare) if !bare.is_empty() => bare.to_owned(),
        _ => title.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sites_name_leaves_the_title() {
        assert_eq!(without_site("Kaas | De Waag", Some("De Waag")), "Kaas");
        assert_eq!(without_site("De Waag", Some("De Waag")), "De Waag");
        assert_eq!(
            without_site("Open dag in De Waag", Some("De Waag")),
            "Open dag in De Waag"
        );
    }
}
