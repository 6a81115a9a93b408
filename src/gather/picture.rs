//! The pictures of a post's HTML: each with the address, size and words that it needs, or gone.
//!
//! In goes an `img` as somebody wrote it; out comes one that can be mailed. Those that only count readers are left out,
//! those that a script would have loaded late get their address at once.

use super::clean::{Reference, Target};
use super::markup::{Element, Piece};
use super::words;
use crate::model::Image;

/// Where scripts that load pictures late keep the real address.
const LAZY: [&str; 4] = [
    "data-src",
    "data-lazy-src",
    "data-original",
    "data-orig-file",
];

/// A picture at most this wide or high, in pixels, is there to count readers.
const PIXEL: u32 = 1;

/// The picture with its real address, its size and its words, or nothing where there is none or it is a pixel.
pub(super) fn repair(
    mut element: Element,
    resolve: &mut impl FnMut(Reference) -> Option<Target>,
) -> Option<Element> {
    if is_pixel(&element) {
        return None;
    }
    let lazy = LAZY.into_iter().find_map(|name| element.get(name));
    let source = lazy.or_else(|| element.get("src"))?;
    let target = resolve(Reference::Picture(source))?;
    element.set("src", target.address);
    let alt = element.get("alt").unwrap_or_default().to_owned();
    let described = target.alt.filter(|_| alt.trim().is_empty());
    element.set("alt", described.unwrap_or(alt));
    size(&mut element, target.size);
    Some(element)
}

/// Leaves a picture with the width and height that it asks for, the missing one by its own proportions; without any,
/// its own are set, so that a page does not jump when it arrives.
fn size(element: &mut Element, own: Option<(u32, u32)>) {
    let asked = |name| element.get(name).and_then(pixels);
    let (width, height) = (asked("width"), asked("height"));
    let scaled = |side: u32, from: u32, to: u32| {
        let scaled = u64::from(side) * u64::from(to) / u64::from(from.max(1));
        u32::try_from(scaled).ok()
    };
    let (width, height) = match (width, height, own) {
        (None, None, own) => own.unzip(),
        (Some(width), None, Some((w, h))) => (Some(width), scaled(width, w, h)),
        (None, Some(height), Some((w, h))) => (scaled(height, h, w), Some(height)),
        asked => (asked.0, asked.1),
    };
    for (name, side) in [("width", width), ("height", height)] {
        match side {
            Some(side) => element.set(name, side.to_string()),
            None => element.remove(name),
        }
    }
}

fn is_pixel(element: &Element) -> bool {
    let style = element.get("style").unwrap_or_default().replace(' ', "");
    ["width", "height"].into_iter().any(|name| {
        element
            .get(name)
            .and_then(pixels)
            .is_some_and(|size| size <= PIXEL)
            || [0, PIXEL].iter().any(|size| {
                style
                    .split(';')
                    .any(|rule| rule == format!("{name}:{size}px"))
            })
    })
}

/// `640` or `640px`; a percentage is no number of pixels.
fn pixels(text: &str) -> Option<u32> {
    text.trim().trim_end_matches("px").parse().ok()
}

/// A picture of the text as the image of its post.
pub(super) fn image_of(piece: &Piece) -> Option<Image> {
    let Piece::Open(element) = piece else {
        return None;
    };
    if element.name != "img" {
        return None;
    }
    let size = |name| element.get(name).and_then(pixels);
    Some(Image {
        url: element.get("src")?.to_owned(),
        alt: words::line(element.get("alt").unwrap_or_default()),
        size: size("width").zip(size("height")),
        copies: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gather::clean::clean;

    #[test]
    fn a_picture_that_is_known_gets_its_size_and_its_words() {
        for (given, expected) in [
            ("", "alt=\"Een kraam\" width=\"1200\" height=\"600\""),
            (
                " width=300",
                "width=\"300\" alt=\"Een kraam\" height=\"150\"",
            ),
            (
                " height='150px' width='50%'",
                "height=\"150\" width=\"300\" alt=\"Een kraam\"",
            ),
            (
                " width=3 height=4 alt=Kaas",
                "width=\"3\" height=\"4\" alt=\"Kaas\"",
            ),
        ] {
            let clean = clean(&format!("<img src=a.jpg{given}>"), |_| {
                Some(Target {
                    address: "/img/a.jpg".to_owned(),
                    size: Some((1200, 600)),
                    alt: Some("Een kraam".to_owned()),
                })
            });
            assert_eq!(
                clean.unwrap().html,
                format!("<img src=\"/img/a.jpg\" {expected}>")
            );
        }
    }
}
