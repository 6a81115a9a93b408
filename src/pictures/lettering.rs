//! Text on a picture: measured, broken into lines, and drawn with the two fonts that the program brings along.
//!
//! The fonts are Gelasio (SIL Open Font License 1.1, `fonts/OFL.txt`), which has the widths of Georgia, cut down to the
//! Latin letters. A text in another script cannot be drawn and says so, so that no row of empty boxes is ever published.

use ab_glyph::{Font, FontRef, ScaleFont, point};
use image::{Rgb, RgbImage};

use super::unpack::over;

/// Headings.
const BOLD: &[u8] = include_bytes!("fonts/gelasio-bold.ttf");

/// All else.
const REGULAR: &[u8] = include_bytes!("fonts/gelasio-regular.ttf");

/// A font at a size.
pub(super) struct Lettering {
    font: FontRef<'static>,
    /// Height from ascender to descender, in pixels.
    size: f32,
}

impl Lettering {
    /// Bold, at a size in pixels; `None` only if the program is built with a broken font.
    pub fn bold(size: f32) -> Option<Self> {
        let font = FontRef::try_from_slice(BOLD).ok()?;
        Some(Self { font, size })
    }

    /// Regular, at a size in pixels.
    pub fn regular(size: f32) -> Option<Self> {
        let font = FontRef::try_from_slice(REGULAR).ok()?;
        Some(Self { font, size })
    }

    /// The same font at another size.
    pub fn at(&self, size: f32) -> Self {
        let font = self.font.clone();
        Self { font, size }
    }

    /// Whether every letter and digit of the text has a shape.
    pub fn can_draw(&self, text: &str) -> bool {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .all(|c| self.has(c))
    }

    /// The text on one line, without what has no shape (an emoji, a control character).
    pub fn drawable(&self, text: &str) -> String {
        let shown: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .filter(|c| c.is_whitespace() || self.has(*c))
            .collect();
        shown.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn has(&self, c: char) -> bool {
        self.font.glyph_id(c).0 != 0
    }

    /// Width in pixels.
    pub fn width(&self, text: &str) -> f32 {
        let font = self.font.as_scaled(self.size);
        text.chars().map(|c| font.h_advance(font.glyph_id(c))).sum()
    }

    /// Breaks a text into lines of at most `width` pixels, at most `most` of them; `None` if it needs more.
    pub fn lines(&self, text: &str, width: f32, most: usize) -> Option<Vec<String>> {
        let mut lines: Vec<String> = vec![String::new()];
        for word in text.split_whitespace() {
            for part in self.parts(word, width) {
                let line = lines.last_mut()?;
                let longer = if line.is_empty() {
                    part.clone()
                } else {
                    format!("{line} {part}")
                };
                if self.width(&longer) <= width {
                    *line = longer;
                } else {
                    lines.push(part);
                }
            }
        }
        (lines.len() <= most).then_some(lines)
    }

    /// The first `most` lines, the last one cut with an ellipsis.
    pub fn cut_lines(&self, text: &str, width: f32, most: usize) -> Vec<String> {
        let mut words: Vec<&str> = text.split_whitespace().collect();
        while !words.is_empty() {
            words.pop();
            let cut = words.join(" ");
            let cut = format!("{}…", cut.trim_end_matches([',', ';', ':', '.', '–', '-']));
            if let Some(lines) = self.lines(&cut, width, most) {
                return lines;
            }
        }
        Vec::new()
    }

    /// A word that is wider than a line, in pieces that are not.
    fn parts(&self, word: &str, width: f32) -> Vec<String> {
        let mut parts = vec![String::new()];
        for c in word.chars() {
            let last = parts.len() - 1;
            let longer = format!("{}{c}", parts[last]);
            if parts[last].is_empty() || self.width(&longer) <= width {
                parts[last] = longer;
            } else {
                parts.push(c.to_string());
            }
        }
        parts
    }

    /// Draws one line with its left edge at `x` and its baseline at `y`.
    pub fn draw(&self, canvas: &mut RgbImage, (x, y): (f32, f32), colour: [u8; 3], text: &str) {
        let font = self.font.as_scaled(self.size);
        let mut pen = x;
        for c in text.chars() {
            let id = font.glyph_id(c);
            let glyph = id.with_scale_and_position(self.size, point(pen, y));
            pen += font.h_advance(id);
            let Some(outline) = self.font.outline_glyph(glyph) else {
                continue;
            };
            let corner = outline.px_bounds().min;
            outline.draw(|column, row, cover| {
                let at = |start: f32, step: u32| (start as i64).saturating_add(i64::from(step));
                let (column, row) = (at(corner.x, column), at(corner.y, row));
                if let (Ok(column), Ok(row)) = (u32::try_from(column), u32::try_from(row)) {
                    blend(canvas, column, row, colour, cover);
                }
            });
        }
    }
}

fn blend(canvas: &mut RgbImage, x: u32, y: u32, colour: [u8; 3], cover: f32) {
    if let Some(Rgb(below)) = canvas.get_pixel_mut_checked(x, y) {
        for (below, above) in below.iter_mut().zip(colour) {
            *below = over(above, *below, cover.clamp(0.0, 1.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bold() -> Lettering {
        Lettering::bold(60.0).unwrap()
    }

    #[test]
    fn lines_fit_and_keep_every_word() {
        let text = "Een verkoper die luistert, verkoopt aan wie nooit iets wilde kopen";
        let lines = bold().lines(text, 500.0, 9).unwrap();
        assert!(lines.len() > 2);
        assert!(lines.iter().all(|line| bold().width(line) <= 500.0));
        assert_eq!(lines.join(" "), text);
        assert_eq!(bold().lines(text, 500.0, 2), None);
    }

    #[test]
    fn a_word_without_end_is_broken_and_a_text_without_end_is_cut() {
        let word = "w".repeat(300);
        let lines = bold().cut_lines(&format!("Kort {word}"), 400.0, 2);
        assert!(!lines.is_empty() && lines.len() <= 2);
        assert!(lines.iter().all(|line| bold().width(line) <= 400.0));
        assert!(lines.last().unwrap().ends_with('…'));
    }

    #[test]
    fn what_has_no_shape_is_known() {
        assert!(bold().can_draw("Crème brûlée, ’t Hoekje – 3 € 🎉"));
        assert!(!bold().can_draw("Привет"));
        assert_eq!(bold().drawable("Een\u{0}feest\u{1b} 🎉 nu"), "Een feest nu");
    }
}
