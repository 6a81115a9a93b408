//! Pictures of other servers on a page: each becomes a link, so that opening a page tells nobody else of it.
//!
//! In goes the sanitised and serialised HTML of a post; out comes HTML whose pictures are all ours. A picture that stands
//! in a link already leaves its words there.

use url::Url;

use super::markup::{escape, pieces};
use super::words::{Words, WordsError};

/// Whether a picture lies below the newsletter's own address.
pub(super) fn is_ours(address: &str, base: &str) -> bool {
    let below = |rest: &str| rest.starts_with('/');
    address.starts_with('/') && !address.starts_with("//")
        || address.strip_prefix(base).is_some_and(below)
}

/// The HTML with a link in the place of each picture that is not ours.
pub(super) fn with_links(html: &str, base: &str, words: &Words) -> Result<String, WordsError> {
    let mut made = String::with_capacity(html.len());
    let mut in_link = false;
    for piece in pieces(html) {
        match piece {
            _ if piece.starts_with("<a ") || piece == "<a>" => in_link = true,
            "</a>" => in_link = false,
            _ => {}
        }
        if !piece.starts_with("<img ") {
            made.push_str(piece);
            continue;
        }
        let address = attribute(piece, "src").unwrap_or_default();
        if is_ours(address, base) {
            made.push_str(piece);
            continue;
        }
        let label = label(piece, address, words)?;
        match in_link || address.is_empty() {
            true => made.push_str(&label),
            false => made.push_str(&format!("<a href=\"{address}\">{label}</a>")),
        }
    }
    Ok(made)
}

/// What a picture shows, or else where it lies; as HTML.
fn label(tag: &str, address: &str, words: &Words) -> Result<String, WordsError> {
    let alt = attribute(tag, "alt").unwrap_or_default().trim();
    if !alt.is_empty() {
        return Ok(alt.replace('<', "&lt;").replace('>', "&gt;"));
    }
    let url = Url::parse(address).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    let said = words.say("picture-at", &[("place", host.into())])?;
    Ok(escape(&said))
}

/// The value of an attribute, as it is written in HTML that a serialiser wrote.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    // Names stand at even places between quotes, values at odd ones.
    let mut parts = tag.split('"');
    while let (Some(before), Some(value)) = (parts.next(), parts.next()) {
        if before.trim_start().trim_start_matches("<img").trim_start() == format!("{name}=") {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::sample;
    use crate::compose::view::tests::with_viewer;

    const BASE: &str = "https://nieuws.example.nl";

    fn linked(html: &str) -> String {
        let issue = sample::issue();
        with_viewer(&issue.masthead, |viewer| {
            with_links(html, BASE, viewer.words).unwrap()
        })
    }

    #[test]
    fn pictures_of_ours_stay_and_others_become_links() {
        let own = "<p><img src=\"/img/a.jpg\" alt=\"x\"> <img alt=\"\" src=\"https://nieuws.example.nl/img/b.jpg\"></p>";
        assert_eq!(linked(own), own);
        assert_eq!(
            linked("<p><img src=\"https://a.example/?a=1&amp;b=2\" alt=\"1 < 2 &amp; meer\"></p>"),
            "<p><a href=\"https://a.example/?a=1&amp;b=2\">1 &lt; 2 &amp; meer</a></p>"
        );
        let words = linked("<img alt=\" src=\" src=\"https://a.example/x.png\" width=\"3\">");
        assert_eq!(words, "<a href=\"https://a.example/x.png\">src=</a>");
        let mute = linked("<img alt=\"\" src=\"http://a.example/x.png\">");
        assert_eq!(
            mute,
            "<a href=\"http://a.example/x.png\">Afbeelding bij a.example</a>"
        );
    }

    #[test]
    fn a_picture_in_a_link_leaves_its_words_there() {
        let html = "<a href=\"https://b.example/\"><img src=\"https://a.example/x.png\" alt=\"Kaart\"></a> <img src=\"https://a.example/x.png\" alt=\"Kaart\">";
        assert_eq!(
            linked(html),
            "<a href=\"https://b.example/\">Kaart</a> <a href=\"https://a.example/x.png\">Kaart</a>"
        );
    }

    #[test]
    fn what_only_begins_like_our_address_is_not_ours() {
        for address in [
            "//nieuws.example.nl/img/a.jpg",
            "https://nieuws.example.nl.evil.example/a.jpg",
            "https://nieuws.example.nl@evil.example/a.jpg",
            "http://nieuws.example.nl/a.jpg",
            "data:image/png;base64,AAAA",
            "img/a.jpg",
            "",
        ] {
            assert!(!is_ours(address, BASE), "{address}");
        }
        assert!(is_ours("/img/a.jpg", BASE));
        assert!(is_ours("https://nieuws.example.nl/img/a.jpg", BASE));
    }
}
