//! Unpacks a picture within limits: its sides, its pixels, and the memory that all of it takes together.
//!
//! In goes a file, out come its pixels as grey or red, green and blue, on white where they are transparent, with the
//! way to turn them upright and the colour profile that is worth passing on. What a file says of itself is held against
//! the limits before anything is unpacked; pixels are brought into their last shape where they lie.

use std::io::Cursor;

use image::codecs::gif::GifDecoder;
use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{
    ColorType, DynamicImage, ExtendedColorType, GrayImage, ImageDecoder, ImageError, ImageFormat,
    Limits, RgbImage,
};

use super::measure::{Beside, measure};
use super::{Error, profile};

/// The largest file that is read: a camera's photograph, with room to spare.
pub const MAX_BYTES: usize = 10_000_000;

/// The longest side, in pixels: a panorama's, and more than any copy needs.
const MAX_SIDE: u32 = 20_000;

/// The most pixels that are unpacked: a file of a few kilobytes may claim billions.
const MAX_PIXELS: u64 = 40_000_000;

/// The most memory that unpacking may take, in bytes: forty million pixels of a progressive JPEG. One picture is unpacked
/// at a time, so this holds for all of them.
const MAX_MEMORY: u64 = 240_000_000;

/// The most that a PNG's own words may take, in bytes: those of the largest file twice, and what its colour profile
/// would unpack to.
const MAX_WORDS: u64 = 32_000_000;

/// What stands below a transparent picture: the card of the digest in daylight.
const CARD_WHITE: u8 = 255;

/// A picture, unpacked.
pub(super) struct Unpacked {
    /// `ImageLuma8` or `ImageRgb8`, as they lie in the file.
    pub pixels: DynamicImage,
    /// How they stand upright.
    pub turn: Orientation,
    /// What its colours mean, where that is not plain sRGB.
    pub profile: Option<Vec<u8>>,
}

/// Unpacks a file; the first frame of an animation stands for it.
pub(super) fn unpack(bytes: &[u8]) -> Result<Unpacked, Error> {
    if bytes.len() > MAX_BYTES {
        return Err(Error::TooHeavy(bytes.len()));
    }
    let format = image::guess_format(bytes).map_err(cause)?;
    let beside = measure(bytes, format)?;
    let mut decoder = decoder(bytes, format)?;
    let size = within_limits(decoder.as_ref(), beside)?;
    let turn = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile().ok().flatten();
    let profile =
        profile.filter(|profile| is_coloured(decoder.as_ref()) && profile::is_kept(profile));
    let kind = decoder.color_type();
    let mut raw = vec![0; usize::try_from(decoder.total_bytes()).unwrap_or(usize::MAX)];
    decoder.read_image_boxed(&mut raw).map_err(cause)?;
    Ok(Unpacked {
        pixels: settled(raw, kind, size)?,
        turn,
        profile,
    })
}

fn decoder(bytes: &[u8], format: ImageFormat) -> Result<Box<dyn ImageDecoder + '_>, Error> {
    let file = Cursor::new(bytes);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_WORDS);
    Ok(match format {
        ImageFormat::Jpeg => Box::new(JpegDecoder::new(file).map_err(cause)?),
        ImageFormat::Png => Box::new(PngDecoder::with_limits(file, limits).map_err(cause)?),
        ImageFormat::WebP => Box::new(WebPDecoder::new(file).map_err(cause)?),
        ImageFormat::Gif => {
            let mut decoder = GifDecoder::new(file).map_err(cause)?;
            // A frame that is not of the size of its screen has room of its own.
            limits.max_alloc = Some(MAX_MEMORY.saturating_sub(decoder.total_bytes()));
            decoder.set_limits(limits).map_err(cause)?;
            Box::new(decoder)
        }
        _ => return Err(Error::Format),
    })
}

/// Holds a picture's sides, and its pixels, against their limits.
pub(super) fn within_sides(width: u32, height: u32) -> Result<(), Error> {
    if width.max(height) > MAX_SIDE {
        return Err(Error::TooLong(width.max(height)));
    }
    match u64::from(width) * u64::from(height) <= MAX_PIXELS {
        true => Ok(()),
        false => Err(Error::TooLarge { width, height }),
    }
}

fn within_limits(decoder: &dyn ImageDecoder, beside: Beside) -> Result<(u32, u32), Error> {
    let (width, height) = decoder.dimensions();
    within_sides(width, height)?;
    let pixels = u64::from(width) * u64::from(height);
    let memory = decoder.total_bytes() + pixels * beside.per_pixel + beside.fixed;
    match memory <= MAX_MEMORY {
        true => Ok((width, height)),
        false => Err(Error::TooMuchMemory(memory)),
    }
}

/// A profile of grey or of four inks says nothing of the copy's red, green and blue.
fn is_coloured(decoder: &dyn ImageDecoder) -> bool {
    let kind = decoder.original_color_type();
    matches!(kind, ExtendedColorType::Rgb8 | ExtendedColorType::Rgba8)
}

/// Pixels in their last shape, in the memory that they have: one byte a channel, on white.
fn settled(
    mut raw: Vec<u8>,
    kind: ColorType,
    (width, height): (u32, u32),
) -> Result<DynamicImage, Error> {
    let (channels, wide) = match kind {
        ColorType::L8 => (1, false),
        ColorType::La8 => (2, false),
        ColorType::Rgb8 => (3, false),
        ColorType::Rgba8 => (4, false),
        ColorType::L16 => (1, true),
        ColorType::La16 => (2, true),
        ColorType::Rgb16 => (3, true),
        ColorType::Rgba16 => (4, true),
        _ => return Err(Error::Format),
    };
    if wide {
        narrow(&mut raw);
    }
    match channels {
        2 => lay_on_white::<2, 1>(&mut raw),
        4 => lay_on_white::<4, 3>(&mut raw),
        _ => {}
    }
    let made = match channels {
        1 | 2 => GrayImage::from_raw(width, height, raw).map(DynamicImage::ImageLuma8),
        _ => RgbImage::from_raw(width, height, raw).map(DynamicImage::ImageRgb8),
    };
    made.ok_or_else(|| Error::Damaged("it has fewer pixels than it says".to_owned()))
}

/// Two bytes a channel, in the order of this machine, to one: the nearest that a byte can say.
fn narrow(raw: &mut Vec<u8>) {
    for at in 0..raw.len() / 2 {
        let channel = u16::from_ne_bytes([raw[2 * at], raw[2 * at + 1]]);
        raw[at] = ((u32::from(channel) * 255 + 32_767) / 65_535) as u8;
    }
    raw.truncate(raw.len() / 2);
}

/// Pixels over white by their transparency, which is their last channel and goes.
fn lay_on_white<const ALL: usize, const SHOWN: usize>(raw: &mut Vec<u8>) {
    let pixels = raw.len() / ALL;
    for at in 0..pixels {
        let cover = raw[at * ALL + SHOWN];
        for channel in 0..SHOWN {
            let above = raw[at * ALL + channel];
            raw[at * SHOWN + channel] = match cover {
                u8::MAX => above,
                _ => over(above, CARD_WHITE, f32::from(cover) / 255.0),
            };
        }
    }
    raw.truncate(pixels * SHOWN);
}

/// One channel laid over another; `cover` is from 0 (nothing) to 1 (all).
pub(super) fn over(above: u8, below: u8, cover: f32) -> u8 {
    (f32::from(above) * cover + f32::from(below) * (1.0 - cover)).round() as u8
}

pub(super) fn cause(error: ImageError) -> Error {
    match error {
        ImageError::Unsupported(_) => Error::Format,
        ImageError::Limits(_) => Error::Damaged("it wants more memory than it may have".to_owned()),
        other => Error::Damaged(other.to_string().to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_are_settled_where_they_lie() {
        let settled = |raw: &[u8], kind| settled(raw.to_vec(), kind, (2, 1)).unwrap();
        let clear = settled(&[9, 9, 9, 0, 1, 2, 3, 255], ColorType::Rgba8);
        assert_eq!(clear.as_bytes(), [255, 255, 255, 1, 2, 3]);
        let half = settled(&[0, 128, 7, 255], ColorType::La8);
        assert_eq!(half.as_bytes(), [127, 7]);
        let wide: Vec<u8> = [0_u16, 32_896, 65_535, 65_535, 65_535, 257, 514, 65_535]
            .iter()
            .flat_map(|channel| channel.to_ne_bytes())
            .collect();
        let wide = settled(&wide, ColorType::Rgba16);
        assert_eq!(wide.as_bytes(), [0, 128, 255, 255, 1, 2]);
        let grey = settled(&[5, 6], ColorType::L8);
        assert_eq!(grey.as_bytes(), [5, 6]);
    }
}
