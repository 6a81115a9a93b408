//! The newsletter's sign for feed readers and browsers: the first letter of its name, white on the accent.

use super::Error;
use super::card::{PAPER, blank, encoded, fill};
use super::lettering::Lettering;

/// Height of the letter, of the sign's side.
const LETTER: f32 = 0.86;

/// Draws the sign as a square PNG of `side` pixels. A letter that the font does not have leaves a plain square.
///
/// # Errors
/// As [`super::draw`].
pub fn sign(name: &str, accent: [u8; 3], side: u32) -> Result<Vec<u8>, Error> {
    let letter = name.chars().find(|c| c.is_alphanumeric());
    let letter: String = letter
        .map(|c| c.to_uppercase().collect())
        .unwrap_or_default();
    let mut canvas = blank(side, side, accent)?;
    let size = side as f32;
    let font = Lettering::bold(size * LETTER)
        .ok_or_else(|| Error::Damaged("the built-in font cannot be read".to_owned()))?;
    if !letter.is_empty() && font.can_draw(&letter) {
        let left = (size - font.width(&letter)) / 2.0;
        font.draw(&mut canvas, (left, size * 0.74), PAPER, &letter);
        let rule = (side / 24).max(1);
        let (from, to) = (side / 6, side - side / 6);
        let top = side - side / 6;
        fill(&mut canvas, (from, top), (to, top + rule / 2 + 1), PAPER);
    }
    encoded(&canvas)
}

/// The red, green and blue of `#rrggbb`; black where the text is none.
pub fn colour(hex: &str) -> [u8; 3] {
    let value = hex
        .strip_prefix('#')
        .and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let [_, r, g, b] = value.unwrap_or_default().to_be_bytes();
    [r, g, b]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_is_square_and_has_a_letter_where_there_is_one() {
        let drawn = |name| {
            let bytes = sign(name, colour("#a3271d"), 144).unwrap();
            let picture = image::load_from_memory_with_format(&bytes, image::ImageFormat::Png);
            picture.unwrap().to_rgb8()
        };
        let whites = |name| {
            let canvas = drawn(name);
            assert_eq!((canvas.width(), canvas.height()), (144, 144));
            canvas.pixels().filter(|pixel| pixel.0 == PAPER).count()
        };
        assert!(whites("“Het Volle Pond”") > 800);
        assert!(whites("één") > 500);
        assert_eq!(whites("Вести"), 0);
        assert_eq!(whites(""), 0);
    }

    #[test]
    fn a_colour_is_read_or_black() {
        assert_eq!(colour("#a3271d"), [0xa3, 0x27, 0x1d]);
        assert_eq!(colour("red"), [0, 0, 0]);
    }
}
