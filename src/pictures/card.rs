//! The card that stands for an issue where somebody shares its address: the top of the digest, drawn.
//!
//! In go words and a colour; out comes a PNG of the size that Open Graph's readers ask for. The layout is that of the
//! masthead: name, double rule, number and date, and the title of the lead as large as it fits.

use std::io::Cursor;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, RgbImage};

use super::Error;
use super::lettering::Lettering;

/// Width and height in pixels: the 1.91 to 1 of Open Graph cards.
pub const CARD_SIZE: (u32, u32) = (1200, 630);

/// The light colours of the digest.
const GROUND: [u8; 3] = [0xf5, 0xf2, 0xea];
pub(super) const PAPER: [u8; 3] = [0xff, 0xff, 0xff];
const INK: [u8; 3] = [0x1f, 0x1b, 0x16];
const MUTED: [u8; 3] = [0x62, 0x5a, 0x4e];
const RULE: [u8; 3] = [0xcf, 0xc6, 0xb5];

/// The paper's left and right edge; the ground shows beside it, as it does beside a digest.
const PAPER_EDGE: u32 = 60;

/// The text's left edge, and its right one from the right.
const MARGIN: f32 = 130.0;

/// Sizes of the lead's title that are tried, largest first, each with the most lines that it may take and their distance.
const TITLES: [(f32, usize, f32); 5] = [
    (112.0, 2, 116.0),
    (96.0, 2, 102.0),
    (80.0, 3, 86.0),
    (66.0, 3, 73.0),
    (56.0, 4, 63.0),
];

/// Where the middle of the title stands, from the top.
const TITLE_MIDDLE: f32 = 380.0;

/// What the card says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// The newsletter's name.
    pub name: String,
    /// Number and date.
    pub edition: String,
    /// The title of the lead; empty for none.
    pub title: String,
    /// Where to find it.
    pub place: String,
    /// The newsletter's colour, red, green and blue.
    pub accent: [u8; 3],
}

/// Draws the card as a PNG of [`CARD_SIZE`]. A title in a script that the font does not have is left out.
///
/// # Errors
/// [`Error::Damaged`] if the program was built with a broken font, or the PNG cannot be written.
pub fn draw(card: &Card) -> Result<Vec<u8>, Error> {
    let fonts = || Some((Lettering::bold(64.0)?, Lettering::regular(30.0)?));
    let (bold, regular) =
        fonts().ok_or_else(|| Error::Damaged("the built-in font cannot be read".to_owned()))?;
    let (width, height) = CARD_SIZE;
    let mut canvas = blank(width, height, GROUND)?;
    fill(
        &mut canvas,
        (PAPER_EDGE, 0),
        (width - PAPER_EDGE, height),
        PAPER,
    );
    masthead(&mut canvas, card, &bold, &regular);
    title(&mut canvas, card, &bold);
    foot(&mut canvas, card, &regular);
    encoded(&canvas)
}

/// Width of the text, in pixels.
fn measure() -> f32 {
    CARD_SIZE.0 as f32 - 2.0 * MARGIN
}

/// The name, as large as it fits on its line, the double rule, and the edition.
fn masthead(canvas: &mut RgbImage, card: &Card, bold: &Lettering, regular: &Lettering) {
    let name = bold.drawable(&card.name);
    let one_line = |size: &f32| bold.at(*size).width(&name) <= measure();
    let size = [64.0, 52.0, 42.0].into_iter().find(one_line);
    if bold.can_draw(&name) {
        let bold = bold.at(size.unwrap_or(42.0));
        let line = match size {
            Some(_) => name,
            None => bold.cut_lines(&name, measure(), 1).join(" "),
        };
        bold.draw(canvas, (MARGIN, 116.0), INK, &line);
    }
    let (left, right) = (MARGIN as u32, CARD_SIZE.0 - MARGIN as u32);
    for top in [150, 156] {
        fill(canvas, (left, top), (right, top + 2), RULE);
    }
    let edition = regular.drawable(&card.edition);
    if regular.can_draw(&edition) {
        regular.draw(canvas, (MARGIN, 204.0), MUTED, &edition);
    }
}

/// The lead's title in the largest size that holds all of it, between the rules and the foot.
fn title(canvas: &mut RgbImage, card: &Card, bold: &Lettering) {
    if !bold.can_draw(&card.title) {
        return;
    }
    let title = bold.drawable(&card.title);
    let fitting = TITLES.iter().find_map(|(size, most, step)| {
        let font = bold.at(*size);
        let lines = font.lines(&title, measure(), *most)?;
        Some((font, lines, *size, *step))
    });
    let (smallest, most, step) = TITLES[TITLES.len() - 1];
    let (font, lines, size, step) = fitting.unwrap_or_else(|| {
        let font = bold.at(smallest);
        let lines = font.cut_lines(&title, measure(), most);
        (font, lines, smallest, step)
    });
    // Capitals rise 0.57 of the size above the baseline: so the lines stand in the middle, as an eye sees it.
    let block = step * (lines.len().saturating_sub(1)) as f32 + size * 0.57;
    let mut baseline = TITLE_MIDDLE - block / 2.0 + size * 0.57;
    for line in &lines {
        font.draw(canvas, (MARGIN, baseline), INK, line);
        baseline += step;
    }
}

/// The accent's bar and the address.
fn foot(canvas: &mut RgbImage, card: &Card, regular: &Lettering) {
    let place = regular.drawable(&card.place);
    let left = MARGIN as u32;
    fill(canvas, (left, 562), (left + 48, 568), card.accent);
    if regular.can_draw(&place) {
        let shown = match regular.width(&place) <= measure() - 80.0 {
            true => place,
            false => regular.cut_lines(&place, measure() - 80.0, 1).join(" "),
        };
        regular.draw(canvas, (MARGIN + 68.0, 574.0), MUTED, &shown);
    }
}

/// A canvas of one colour.
pub(super) fn blank(width: u32, height: u32, colour: [u8; 3]) -> Result<RgbImage, Error> {
    let pixels = colour.repeat(width as usize * height as usize);
    RgbImage::from_raw(width, height, pixels)
        .ok_or_else(|| Error::Damaged(format!("there is no canvas of {width} by {height}")))
}

/// Paints a rectangle within the canvas, row by row: pixel by pixel it takes as long as all the rest of a card.
pub(super) fn fill(canvas: &mut RgbImage, from: (u32, u32), to: (u32, u32), colour: [u8; 3]) {
    let width = canvas.width();
    let row = colour.repeat(to.0.saturating_sub(from.0) as usize);
    for y in from.1..to.1 {
        let start = (y * width + from.0) as usize * colour.len();
        let pixels: &mut [u8] = canvas;
        pixels[start..start + row.len()].copy_from_slice(&row);
    }
}

pub(super) fn encoded(canvas: &RgbImage) -> Result<Vec<u8>, Error> {
    let mut bytes = Cursor::new(Vec::new());
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::Adaptive)
        .write_image(
            canvas.as_raw(),
            canvas.width(),
            canvas.height(),
            ExtendedColorType::Rgb8,
        )
        .map_err(|error| Error::Damaged(error.to_string()))?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(title: &str) -> Card {
        Card {
            name: "Het Volle Pond".into(),
            edition: "Nummer 37 · zaterdag 12 september 2026".into(),
            title: title.into(),
            place: "nieuws.example.nl".into(),
            accent: [0xa3, 0x27, 0x1d],
        }
    }

    fn drawn(card: &Card) -> RgbImage {
        let bytes = draw(card).unwrap();
        let picture = image::load_from_memory_with_format(&bytes, image::ImageFormat::Png);
        picture.unwrap().to_rgb8()
    }

    /// The box around everything dark between two heights; `None` where there is nothing.
    fn ink(canvas: &RgbImage, rows: std::ops::Range<u32>) -> Option<(u32, u32, u32, u32)> {
        let dark = |x, y| {
            canvas
                .get_pixel(x, y)
                .0
                .iter()
                .all(|channel| *channel < 120)
        };
        let mut found = None;
        for y in rows {
            for x in (0..canvas.width()).filter(|x| dark(*x, y)) {
                let (left, top, right, bottom) = found.unwrap_or((x, y, x, y));
                found = Some((left.min(x), top.min(y), right.max(x), bottom.max(y)));
            }
        }
        found
    }

    #[test]
    fn every_title_stays_within_the_paper_and_above_the_foot() {
        let long = "Waarom een verkoper die niets belooft ".repeat(9);
        for title in [
            "Kort",
            "Luisteren kost niets, en brengt alles op",
            &long,
            &"w".repeat(400),
        ] {
            let canvas = drawn(&card(title));
            assert_eq!((canvas.width(), canvas.height()), CARD_SIZE);
            let (left, top, right, bottom) = ink(&canvas, 215..555).unwrap();
            assert!(left >= 125 && right <= 1075, "{title}: {left}..{right}");
            assert!(top > 220 && bottom < 550, "{title}: {top}..{bottom}");
        }
    }

    #[test]
    fn a_title_that_cannot_be_drawn_leaves_its_place_empty() {
        for title in ["Привет, мир", "", "🎉"] {
            assert_eq!(ink(&drawn(&card(title)), 215..555), None, "{title}");
        }
        assert!(ink(&drawn(&card("")), 40..140).is_some(), "the name stands");
        let dirty = card("Een\u{0} titel\u{1b} met\u{85}ruis");
        assert_eq!(drawn(&dirty), drawn(&card("Een titel met ruis")));
    }

    #[test]
    fn a_long_name_is_made_to_fit() {
        let named = |name: &str| Card {
            name: name.into(),
            ..card("Titel")
        };
        let long = "De nieuwsbrief van de vereniging voor eerlijk verkopen in Wilgersluis e.o.";
        for name in [long, &long.repeat(3)] {
            let (left, _, right, _) = ink(&drawn(&named(name)), 40..140).unwrap();
            assert!(left >= 125 && right <= 1075, "{left}..{right}");
        }
    }

    #[test]
    fn the_same_card_has_the_same_bytes_and_they_are_few() {
        let bytes = draw(&card("Luisteren kost niets")).unwrap();
        assert_eq!(bytes, draw(&card("Luisteren kost niets")).unwrap());
        assert!(bytes.len() < 60_000, "{}", bytes.len());
    }
}
