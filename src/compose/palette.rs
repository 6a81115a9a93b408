//! The colours of digest and pages: fixed tokens, and one accent that a newsletter chooses.
//!
//! In goes the accent for light surfaces; out come both accents, the dark one derived in OKLCH (same hue, lighter).
//! Refuses an accent that anybody would find hard to read: less than 4.5:1 (WCAG 2.2 §1.4.3) in either scheme.

use serde::Serialize;

/// Smallest contrast of text, as a ratio to 1 (WCAG 2.2 §1.4.3, level AA).
const MIN_CONTRAST: f64 = 4.5;

/// OKLCH lightness of the dark accent: that of #ff9d8c, chosen by eye for the default red.
const DARK_LIGHTNESS: f64 = 0.792;

/// Lightness and chroma steps: below what an eye tells apart.
const STEP: f64 = 0.002;

/// One scheme's colours, each `#rrggbb`.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Scheme {
    pub ground: &'static str,
    pub card: &'static str,
    pub soft: &'static str,
    pub ink: &'static str,
    pub muted: &'static str,
    pub accent: String,
    /// Text upon the accent.
    pub on_accent: &'static str,
    pub hairline: &'static str,
    /// The double rule under the masthead, a little stronger than a hairline.
    pub rule: &'static str,
}

impl Scheme {
    /// The colours for light surroundings.
    pub fn light(accents: &Accents) -> Self {
        Self {
            ground: "#f5f2ea",
            card: "#ffffff",
            soft: "#f8f5ee",
            ink: "#1f1b16",
            muted: "#625a4e",
            accent: accents.light.clone(),
            on_accent: "#ffffff",
            hairline: "#e3dccf",
            rule: "#cfc6b5",
        }
    }

    /// The colours for dark surroundings.
    pub fn dark(accents: &Accents) -> Self {
        Self {
            ground: "#12110f",
            card: "#1c1a17",
            soft: "#26231f",
            ink: "#f1ece2",
            muted: "#b8b0a2",
            accent: accents.dark.clone(),
            on_accent: "#12110f",
            hairline: "#3a362f",
            rule: "#544e44",
        }
    }

    /// Least contrast of the accent with what it stands on or what stands on it.
    fn accent_contrast(&self) -> f64 {
        [self.ground, self.card, self.soft, self.on_accent]
            .into_iter()
            .map(|other| contrast_of(&self.accent, other))
            .fold(f64::INFINITY, f64::min)
    }
}

/// An accent for each scheme, as `#rrggbb`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accents {
    /// As the newsletter set it.
    pub light: String,
    /// Derived.
    pub dark: String,
}

/// Why a text is no accent.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AccentError {
    /// Not `#` and six hex digits.
    #[error("not a colour: write `#` and six hexadecimal digits, such as `#a3271d`")]
    Syntax,
    /// Too little contrast to read.
    #[error(
        "the contrast of this accent is {contrast:.1}:1 and must be at least 4.5:1; `{suggestion}` would do"
    )]
    Contrast {
        /// The least contrast found, as a ratio to 1.
        contrast: f64,
        /// The nearest darker colour of the same hue that passes.
        suggestion: String,
    },
}

/// Derives the accents of both schemes from `#rrggbb`.
///
/// # Errors
/// Fails when the text is no colour, or when either accent has less than 4.5:1 against what it meets.
pub fn accent(hex: &str) -> Result<Accents, AccentError> {
    let rgb = parse(hex).ok_or(AccentError::Syntax)?;
    let accents = accents_of(rgb);
    let contrast = least_contrast(&accents);
    if contrast >= MIN_CONTRAST {
        return Ok(accents);
    }
    Err(AccentError::Contrast {
        contrast,
        suggestion: darker_that_passes(rgb),
    })
}

fn accents_of(rgb: [u8; 3]) -> Accents {
    let (_, chroma, hue) = to_oklch(rgb);
    Accents {
        light: to_hex(rgb),
        dark: to_hex(in_gamut(DARK_LIGHTNESS, chroma, hue)),
    }
}

fn least_contrast(accents: &Accents) -> f64 {
    Scheme::light(accents)
        .accent_contrast()
        .min(Scheme::dark(accents).accent_contrast())
}

fn darker_that_passes(rgb: [u8; 3]) -> String {
    let (mut lightness, chroma, hue) = to_oklch(rgb);
    loop {
        let darker = in_gamut(lightness, chroma, hue);
        if lightness <= 0.0 || least_contrast(&accents_of(darker)) >= MIN_CONTRAST {
            return to_hex(darker);
        }
        lightness -= STEP;
    }
}

fn parse(hex: &str) -> Option<[u8; 3]> {
    let digits = hex.strip_prefix('#')?;
    if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let value = u32::from_str_radix(digits, 16).ok()?;
    let [_, r, g, b] = value.to_be_bytes();
    Some([r, g, b])
}

fn to_hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Contrast ratio of two colours `#rrggbb` (WCAG 2.2, definition of contrast ratio), 1 to 21.
fn contrast_of(one: &str, other: &str) -> f64 {
    let luminance = |hex| {
        let [r, g, b] = parse(hex).unwrap_or_default().map(linear);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (a, b) = (luminance(one), luminance(other));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// sRGB to linear light, 0 to 1 (IEC 61966-2-1).
fn linear(channel: u8) -> f64 {
    let c = f64::from(channel) / 255.0;
    if c <= 0.04045 {
        c / 12.92
    } else {
        ((c + 0.055) / 1.055).powf(2.4)
    }
}

/// Linear light to sRGB, 0 to 255, rounded (IEC 61966-2-1).
fn encoded(c: f64) -> u8 {
    let c = if c <= 0.003_130_8 {
        12.92 * c
    } else {
        1.055 * c.powf(1.0 / 2.4) - 0.055
    };
    (c.clamp(0.0, 1.0) * 255.0).round() as u8
}

/// Lightness, chroma and hue in radians (Ottosson, "A perceptual color space for image processing", 2020).
fn to_oklch(rgb: [u8; 3]) -> (f64, f64, f64) {
    let [r, g, b] = rgb.map(linear);
    let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
    let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
    let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
    let lightness = 0.210_454_255_3 * l + 0.793_617_785 * m - 0.004_072_046_8 * s;
    let a = 1.977_998_495_1 * l - 2.428_592_205 * m + 0.450_593_709_9 * s;
    let b = 0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766 * s;
    (lightness, a.hypot(b), b.atan2(a))
}

/// The most colourful sRGB colour of this lightness and hue, up to the given chroma.
fn in_gamut(lightness: f64, mut chroma: f64, hue: f64) -> [u8; 3] {
    loop {
        let rgb = from_oklch(lightness, chroma, hue);
        let fits = rgb.iter().all(|c| (-0.000_1..=1.000_1).contains(c));
        if fits || chroma <= 0.0 {
            return rgb.map(encoded);
        }
        chroma = (chroma - STEP).max(0.0);
    }
}

fn from_oklch(lightness: f64, chroma: f64, hue: f64) -> [f64; 3] {
    let (a, b) = (chroma * hue.cos(), chroma * hue.sin());
    let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548 * b).powi(3);
    [
        4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
        -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
        -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701 * s,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_accent_has_the_dark_one_of_the_design() {
        let dark = parse(&accent("#a3271d").unwrap().dark).unwrap();
        for (made, drawn) in dark.into_iter().zip([0xff, 0x9d, 0x8c]) {
            assert!(u8::abs_diff(made, drawn) <= 3, "{dark:x?}");
        }
    }

    #[test]
    fn every_text_of_both_schemes_can_be_read() {
        let accents = accent("#a3271d").unwrap();
        for scheme in [Scheme::light(&accents), Scheme::dark(&accents)] {
            for ground in [scheme.ground, scheme.card, scheme.soft] {
                for text in [scheme.ink, scheme.muted, &scheme.accent] {
                    let ratio = contrast_of(text, ground);
                    assert!(ratio >= MIN_CONTRAST, "{text} on {ground}: {ratio:.2}");
                }
            }
            assert!(contrast_of(scheme.on_accent, &scheme.accent) >= MIN_CONTRAST);
        }
    }

    #[test]
    fn contrast_is_measured_as_wcag_does() {
        assert!((contrast_of("#000000", "#ffffff") - 21.0).abs() < 0.001);
        assert!((contrast_of("#777777", "#ffffff") - 4.478).abs() < 0.001);
    }

    #[test]
    fn a_pale_accent_is_refused_with_one_that_passes() {
        let Err(AccentError::Contrast {
            contrast,
            suggestion,
        }) = accent("#f0b400")
        else {
            panic!("accepted");
        };
        assert!(contrast < 2.0);
        accent(&suggestion).unwrap();
    }

    #[test]
    fn what_is_no_colour_is_refused() {
        for text in [
            "",
            "red",
            "#fff",
            "a3271d",
            "#a3271",
            "#a3271dff",
            "#a3271é",
        ] {
            assert_eq!(accent(text), Err(AccentError::Syntax), "{text}");
        }
    }

    #[test]
    fn dark_accents_of_every_hue_are_readable() {
        for hex in [
            "#003366", "#5b2a86", "#0b6b3a", "#333333", "#000000", "#7a4b00",
        ] {
            accent(hex).unwrap();
        }
    }
}
