//! Which pictures a digest may show, and how large.
//!
//! In goes a post's image; out come its address and the size it is shown at. Leaves out formats that mail programs do
//! not draw, and pictures too small to mean anything.

use serde::Serialize;

use crate::model::{Image, absolute};

/// Width of the card, in CSS pixels.
const CARD_WIDTH: u32 = 600;

/// A lead image that is not for the card's whole width fits within this, in CSS pixels.
const INSET: (u32, u32) = (528, 396);

/// A thumbnail fits within this, in CSS pixels.
const THUMBNAIL: (u32, u32) = (120, 120);

/// The picture of a call to action fits within this, the inside of its box, in CSS pixels.
const POSTER: (u32, u32) = (480, 360);

/// Narrower than this, an image is not spread over the whole card: it would blur.
const MIN_HERO_WIDTH: u32 = 480;

/// An image is an icon, not a picture, if a side is shorter than this.
const MIN_SIDE: u32 = 40;

/// File endings of formats that not every mail program draws: only JPEG, PNG and GIF are safe.
const UNSAFE_ENDINGS: [&str; 11] = [
    ".svg", ".svgz", ".webp", ".avif", ".heic", ".heif", ".jxl", ".tif", ".tiff", ".bmp", ".ico",
];

/// A picture as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Picture {
    /// Absolute.
    pub url: String,
    /// Never empty for a story's picture: its title stands in.
    pub alt: String,
    /// CSS pixels.
    pub width: u32,
    /// CSS pixels, where the picture's proportions are known.
    pub height: Option<u32>,
    /// It spans the whole card, edge to edge.
    pub wide: bool,
}

/// The lead's picture: edge to edge if it is a landscape, else inset.
pub(super) fn hero(image: &Image, title: &str, base: &str) -> Option<Picture> {
    let (_, size) = image.largest();
    let wide = match size {
        None => true,
        Some((width, height)) => width >= MIN_HERO_WIDTH && width * 5 >= height * 6,
    };
    if !wide {
        return shown(image, title, base, INSET);
    }
    let height = size.map(|(width, height)| height * CARD_WIDTH / width);
    Some(Picture {
        url: address_for(image, CARD_WIDTH, base),
        width: CARD_WIDTH,
        height,
        wide,
        ..shown(image, title, base, INSET)?
    })
}

/// The picture above a call to action; without alt it is decoration.
pub(super) fn poster(image: &Image, base: &str) -> Option<Picture> {
    let alt = image.alt.trim().to_owned();
    let shown = shown(image, "", base, POSTER)?;
    Some(Picture { alt, ..shown })
}

/// The small picture beside a story.
pub(super) fn thumbnail(image: &Image, title: &str, base: &str) -> Option<Picture> {
    shown(image, title, base, THUMBNAIL)
}

/// The address of a portrait, if mail programs draw it.
pub(super) fn portrait(address: &str, base: &str) -> Option<String> {
    is_safe(address).then(|| absolute(base, address))
}

fn shown(image: &Image, title: &str, base: &str, bounds: (u32, u32)) -> Option<Picture> {
    if image.copies.is_empty() && !is_safe(&image.url) {
        return None;
    }
    let (_, size) = image.largest();
    let (width, height) = match size {
        None => (bounds.0, None),
        Some((width, height)) if width < MIN_SIDE || height < MIN_SIDE => return None,
        Some(size) => {
            let (width, height) = fit(size, bounds);
            (width, Some(height))
        }
    };
    let alt = if image.alt.trim().is_empty() {
        title
    } else {
        &image.alt
    };
    Some(Picture {
        url: address_for(image, width.max(height.unwrap_or(0)), base),
        alt: alt.to_owned(),
        width,
        height,
        wide: false,
    })
}

/// The file for a picture whose longer side is so many CSS pixels: twice as many of its own, if we host such a copy.
fn address_for(image: &Image, side: u32, base: &str) -> String {
    match image.copy_for(side * 2) {
        Some(copy) => absolute(base, &copy.url),
        None => absolute(base, &image.url),
    }
}

/// The largest size within bounds that keeps the proportions and enlarges nothing.
fn fit((width, height): (u32, u32), bounds: (u32, u32)) -> (u32, u32) {
    let scale = (f64::from(bounds.0) / f64::from(width))
        .min(f64::from(bounds.1) / f64::from(height))
        .min(1.0);
    let scaled = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    (scaled(width), scaled(height))
}

/// Whether mail programs draw what is at this address, and can reach it.
pub(super) fn is_safe(address: &str) -> bool {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let path = path.to_ascii_lowercase();
    let reachable =
        path.starts_with("https://") || path.starts_with("http://") || path.starts_with('/');
    reachable && !UNSAFE_ENDINGS.iter().any(|ending| path.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ImageCopy;

    fn image(url: &str, size: Option<(u32, u32)>) -> Image {
        Image {
            url: url.into(),
            alt: String::new(),
            size,
            copies: Vec::new(),
        }
    }

    #[test]
    fn a_picture_that_we_host_is_shown_from_the_copy_that_fits() {
        let copy = |width, height| ImageCopy {
            url: format!("/img/{width}.jpg"),
            width,
            height,
        };
        let mut image = image("https://a.example/photo.webp", None);
        image.copies = vec![copy(240, 160), copy(1200, 800)];
        let base = "https://a.example";
        let lead = hero(&image, "t", base).unwrap();
        assert_eq!(lead.url, "https://a.example/img/1200.jpg");
        assert_eq!((lead.width, lead.height, lead.wide), (600, Some(400), true));
        let small = thumbnail(&image, "t", base).unwrap();
        assert_eq!(small.url, "https://a.example/img/240.jpg");
        assert_eq!((small.width, small.height), (120, Some(80)));
    }

    #[test]
    fn a_landscape_spans_the_card_and_a_portrait_does_not() {
        let size = |size| {
            let hero = hero(&image("/a.jpg", size), "t", "https://a.example").unwrap();
            (hero.width, hero.height, hero.wide)
        };
        assert_eq!(size(Some((1200, 600))), (600, Some(300), true));
        assert_eq!(size(Some((600, 1200))), (198, Some(396), false));
        assert_eq!(size(Some((300, 200))), (300, Some(200), false));
        assert_eq!(size(None), (600, None, true));
    }

    #[test]
    fn thumbnails_keep_their_proportions() {
        let thumb = thumbnail(
            &image("/a.png", Some((1500, 1000))),
            "Titel",
            "https://a.example",
        )
        .unwrap();
        assert_eq!((thumb.width, thumb.height), (120, Some(80)));
        assert_eq!(thumb.url, "https://a.example/a.png");
        assert_eq!(thumb.alt, "Titel");
        assert!(thumbnail(&image("/a.png", Some((16, 16))), "t", "").is_none());
    }

    #[test]
    fn what_mail_programs_do_not_draw_is_left_out() {
        for url in [
            "https://a.example/a.SVG?x=1",
            "data:image/png;base64,AAAA",
            "/a.webp",
            "cid:1",
            "a.jpg",
        ] {
            assert!(
                thumbnail(&image(url, None), "t", "https://a.example").is_none(),
                "{url}"
            );
        }
        assert!(thumbnail(&image("https://a.example/i?id=7", None), "t", "").is_some());
    }
}
