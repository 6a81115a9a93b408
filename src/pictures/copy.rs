//! Copies of a picture: JPEG, turned the right way up, on white, without metadata, never larger than the original.
//!
//! One picture is unpacked at a time in the whole process, so that what one may take is what all may take.

use std::sync::{Mutex, MutexGuard, PoisonError};

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ExtendedColorType, GrayImage, ImageEncoder, RgbImage};

use super::Error;
use super::unpack::{Unpacked, cause, unpack};

/// Quality from 1 to 100: where a photograph's faults are not seen yet at two pixels to a point.
const QUALITY: u8 = 80;

/// Whose turn it is to unpack.
static TURN: Mutex<()> = Mutex::new(());

/// A copy of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// A JPEG.
    pub bytes: Vec<u8>,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// Makes a copy of a picture for each box (width, height in pixels) that it fits within; boxes that give the same size
/// give one copy. The first frame of an animation stands for it. Waits while another picture is unpacked.
///
/// # Errors
/// Says why the picture cannot be read; see [`Error`].
pub fn copies(bytes: &[u8], boxes: &[(u32, u32)]) -> Result<Vec<Copy>, Error> {
    let _turn = turn();
    let picture = unpack(bytes)?;
    let whole = upright(
        picture.pixels.width(),
        picture.pixels.height(),
        picture.turn,
    );
    let mut sizes: Vec<(u32, u32)> = Vec::with_capacity(boxes.len());
    for bounds in boxes {
        let size = fitted(whole, *bounds);
        if !sizes.contains(&size) {
            sizes.push(size);
        }
    }
    in_sizes(picture, &sizes)
}

/// Makes a square copy of a picture's middle, at most `side` pixels wide. Waits while another picture is unpacked.
///
/// # Errors
/// As [`copies`].
pub fn portrait(bytes: &[u8], side: u32) -> Result<Copy, Error> {
    let _turn = turn();
    let Unpacked {
        pixels,
        turn,
        profile,
    } = unpack(bytes)?;
    let (width, height) = (pixels.width(), pixels.height());
    let shorter = width.min(height);
    let side = side.min(shorter);
    let shrunk = |of: u32| {
        let shrunk = u64::from(of) * u64::from(side) / u64::from(shorter);
        u32::try_from(shrunk).unwrap_or(u32::MAX).max(side)
    };
    let mut pixels = resized(pixels, (shrunk(width), shrunk(height)))?;
    pixels.apply_orientation(turn);
    let (x, y) = ((pixels.width() - side) / 2, (pixels.height() - side) / 3);
    encoded(&pixels.crop_imm(x, y, side, side), profile.as_ref())
}

/// The one picture that is unpacked now. A decoder that panicked left nothing behind that another would read.
fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A copy of each size, in the order given. Each is made from the next larger one, and the largest from the picture,
/// which is let go then.
fn in_sizes(picture: Unpacked, sizes: &[(u32, u32)]) -> Result<Vec<Copy>, Error> {
    let mut order: Vec<(u32, u32)> = sizes.to_vec();
    order.sort_by_key(|size| std::cmp::Reverse(*size));
    let mut pixels = picture.pixels;
    let mut made = Vec::with_capacity(sizes.len());
    for (width, height) in order {
        pixels = resized(pixels, upright(width, height, picture.turn))?;
        let mut upright = pixels.clone();
        upright.apply_orientation(picture.turn);
        made.push(encoded(&upright, picture.profile.as_ref())?);
    }
    made.sort_by_key(|copy| {
        sizes
            .iter()
            .position(|size| *size == (copy.width, copy.height))
    });
    Ok(made)
}

/// Width and height after a turn, or before it.
fn upright(width: u32, height: u32, turn: Orientation) -> (u32, u32) {
    match turn {
        Orientation::Rotate90
        | Orientation::Rotate270
        | Orientation::Rotate90FlipH
        | Orientation::Rotate270FlipH => (height, width),
        _ => (width, height),
    }
}

fn resized(pixels: DynamicImage, (width, height): (u32, u32)) -> Result<DynamicImage, Error> {
    if (pixels.width(), pixels.height()) == (width, height) {
        return Ok(pixels);
    }
    let kind = match pixels {
        DynamicImage::ImageLuma8(_) => PixelType::U8,
        _ => PixelType::U8x3,
    };
    let from = ImageRef::new(pixels.width(), pixels.height(), pixels.as_bytes(), kind);
    let from = from.map_err(|_| no_sense())?;
    let mut made = Image::new(width, height, kind);
    let how = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
    Resizer::new()
        .resize(&from, &mut made, &how)
        .map_err(|_| no_sense())?;
    let raw = made.into_vec();
    let made = match kind {
        PixelType::U8 => GrayImage::from_raw(width, height, raw).map(DynamicImage::ImageLuma8),
        _ => RgbImage::from_raw(width, height, raw).map(DynamicImage::ImageRgb8),
    };
    made.ok_or_else(no_sense)
}

fn no_sense() -> Error {
    Error::Damaged("its size makes no sense".to_owned())
}

fn encoded(pixels: &DynamicImage, profile: Option<&Vec<u8>>) -> Result<Copy, Error> {
    let (width, height) = (pixels.width(), pixels.height());
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
    if let Some(profile) = profile {
        encoder
            .set_icc_profile(profile.clone())
            .map_err(|_| Error::Damaged("its colour profile cannot be passed on".to_owned()))?;
    }
    let kind = match pixels {
        DynamicImage::ImageLuma8(_) => ExtendedColorType::L8,
        _ => ExtendedColorType::Rgb8,
    };
    encoder
        .write_image(pixels.as_bytes(), width, height, kind)
        .map_err(cause)?;
    Ok(Copy {
        bytes,
        width,
        height,
    })
}

/// The largest size within bounds that keeps the proportions and enlarges nothing.
fn fitted((width, height): (u32, u32), bounds: (u32, u32)) -> (u32, u32) {
    let scale = (f64::from(bounds.0) / f64::from(width))
        .min(f64::from(bounds.1) / f64::from(height))
        .min(1.0);
    let scaled = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    (scaled(width), scaled(height))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{GenericImageView, ImageFormat, Rgb, Rgba, RgbaImage};

    use super::super::{MAX_BYTES, profile};
    use super::*;

    const LARGE: (u32, u32) = (1200, 2400);

    /// Left half red, right half blue.
    fn halves(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, _| match x < width / 2 {
            true => Rgb([220, 30, 30]),
            false => Rgb([30, 30, 220]),
        })
    }

    fn encoded(pixels: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        pixels.into().write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    /// A JPEG with an EXIF block that holds an orientation and a name.
    fn turned_jpeg(orientation: u8) -> Vec<u8> {
        let plain = encoded(halves(80, 40), ImageFormat::Jpeg);
        let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x02\x01\x12\0\x03\0\0\0\x01\0".to_vec();
        exif.extend([orientation, 0, 0]);
        exif.extend(b"\x01\x3b\0\x02\0\0\0\x04Jan\0\0\0\0\0");
        let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
        [&plain[..2], b"\xff\xe1", &length, &exif, &plain[2..]].concat()
    }

    fn decoded(copy: &Copy) -> DynamicImage {
        image::load_from_memory_with_format(&copy.bytes, ImageFormat::Jpeg).unwrap()
    }

    fn is_reddish([r, _, b, _]: [u8; 4]) -> bool {
        r > 150 && b < 100
    }

    #[test]
    fn a_copy_fits_its_box_and_is_never_larger_than_its_original() {
        let bytes = encoded(halves(2400, 1000), ImageFormat::Png);
        let made = copies(&bytes, &[(240, 240), LARGE]).unwrap();
        let sizes: Vec<_> = made.iter().map(|copy| (copy.width, copy.height)).collect();
        assert_eq!(sizes, [(240, 100), (1200, 500)]);
        for copy in &made {
            assert_eq!(decoded(copy).dimensions(), (copy.width, copy.height));
        }
        let small = copies(
            &encoded(halves(100, 50), ImageFormat::Jpeg),
            &[(240, 240), LARGE],
        );
        assert_eq!(small.unwrap().len(), 1, "two boxes, one size, one copy");
    }

    #[test]
    fn the_same_picture_gives_the_same_bytes() {
        let bytes = encoded(halves(300, 200), ImageFormat::WebP);
        assert_eq!(copies(&bytes, &[LARGE]), copies(&bytes, &[LARGE]));
    }

    #[test]
    fn a_photograph_stands_upright_and_tells_nothing_of_its_maker() {
        let bytes = turned_jpeg(6);
        assert!(bytes.windows(3).any(|part| part == b"Jan"));
        let copy = copies(&bytes, &[LARGE]).unwrap().remove(0);
        assert_eq!((copy.width, copy.height), (40, 80));
        let upright = decoded(&copy);
        assert!(
            is_reddish(upright.get_pixel(20, 10).0),
            "its left is its top now"
        );
        assert!(!is_reddish(upright.get_pixel(20, 70).0));
        for trace in [&b"Exif"[..], b"Jan"] {
            assert!(!copy.bytes.windows(trace.len()).any(|part| part == trace));
        }
    }

    #[test]
    fn every_format_is_read_and_what_is_transparent_stands_on_white() {
        for format in [ImageFormat::Gif, ImageFormat::WebP, ImageFormat::Png] {
            let clear = RgbaImage::from_pixel(20, 20, Rgba([0, 0, 0, 0]));
            let copy = copies(&encoded(clear, format), &[LARGE]).unwrap().remove(0);
            let [r, g, b, _] = decoded(&copy).get_pixel(10, 10).0;
            assert!(r.min(g).min(b) > 250, "{format:?}: {r} {g} {b}");
        }
    }

    #[test]
    fn an_animation_is_its_first_frame() {
        let mut bytes = Vec::new();
        {
            let mut encoder = image::codecs::gif::GifEncoder::new(&mut bytes);
            for colour in [[220, 30, 30, 255], [30, 30, 220, 255]] {
                let frame = RgbaImage::from_pixel(10, 10, Rgba(colour));
                encoder.encode_frame(image::Frame::new(frame)).unwrap();
            }
        }
        let copy = copies(&bytes, &[LARGE]).unwrap().remove(0);
        assert!(is_reddish(decoded(&copy).get_pixel(5, 5).0));
    }

    #[test]
    fn a_portrait_is_the_square_of_its_middle() {
        let bytes = encoded(halves(400, 100), ImageFormat::Png);
        let copy = portrait(&bytes, 96).unwrap();
        assert_eq!((copy.width, copy.height), (96, 96));
        assert!(is_reddish(decoded(&copy).get_pixel(5, 50).0));
        assert!(!is_reddish(decoded(&copy).get_pixel(90, 50).0));
        let small = portrait(&encoded(halves(30, 50), ImageFormat::Png), 96).unwrap();
        assert_eq!((small.width, small.height), (30, 30));
    }

    #[test]
    fn what_is_too_heavy_too_large_broken_or_no_picture_is_refused() {
        let heavy = vec![0; MAX_BYTES + 1];
        assert_eq!(
            copies(&heavy, &[LARGE]),
            Err(Error::TooHeavy(MAX_BYTES + 1))
        );
        let mut claims = encoded(halves(10, 10), ImageFormat::Png);
        claims[16..24].copy_from_slice(b"\0\0\x4e\x20\0\0\x4e\x20");
        let crc = crc32(&claims[12..29]);
        claims[29..33].copy_from_slice(&crc.to_be_bytes());
        let (width, height) = (20_000, 20_000);
        assert_eq!(
            copies(&claims, &[LARGE]),
            Err(Error::TooLarge { width, height })
        );
        let long = encoded(halves(20_001, 1), ImageFormat::Png);
        assert_eq!(copies(&long, &[LARGE]), Err(Error::TooLong(20_001)));
        assert_eq!(copies(b"<svg/>", &[LARGE]), Err(Error::Format));
        assert_eq!(copies(b"", &[LARGE]), Err(Error::Format));
        for format in [
            ImageFormat::Jpeg,
            ImageFormat::Png,
            ImageFormat::Gif,
            ImageFormat::WebP,
        ] {
            let whole = encoded(halves(64, 64), format);
            let cut = copies(&whole[..whole.len() / 3], &[LARGE]);
            assert!(
                matches!(cut, Err(Error::Damaged(_)) | Ok(_)),
                "{format:?}: {cut:?}"
            );
        }
        let png = encoded(halves(64, 64), ImageFormat::Png);
        assert!(matches!(
            copies(&png[..60], &[LARGE]),
            Err(Error::Damaged(_))
        ));
    }

    /// Thirty-one million pixels of four channels at two bytes each are too many, at one they are not.
    #[test]
    fn what_unpacking_takes_counts_by_pixel_channel_and_depth() {
        let of = |kind: u8, depth: u8| {
            let mut png = encoded(halves(10, 10), ImageFormat::Png);
            png[16..26].copy_from_slice(&[0, 0, 0x16, 0, 0, 0, 0x16, 0, depth, kind]);
            let crc = crc32(&png[12..29]);
            png[29..33].copy_from_slice(&crc.to_be_bytes());
            copies(&png, &[LARGE])
        };
        let memory = 5632 * 5632 * 8;
        assert_eq!(of(6, 16), Err(Error::TooMuchMemory(memory)));
        assert!(matches!(of(6, 8), Err(Error::Damaged(_))), "{:?}", of(6, 8));
        assert!(matches!(of(2, 16), Err(Error::Damaged(_))));
    }

    #[test]
    fn a_plain_colour_profile_goes_with_the_copy_and_a_bomb_does_not() {
        let with = |profile: Vec<u8>| {
            let mut bytes = Vec::new();
            let mut encoder = image::codecs::png::PngEncoder::new(&mut bytes);
            encoder.set_icc_profile(profile).unwrap();
            let pixels = halves(40, 20);
            encoder
                .write_image(pixels.as_raw(), 40, 20, ExtendedColorType::Rgb8)
                .unwrap();
            copies(&bytes, &[LARGE]).unwrap().remove(0).bytes
        };
        let has_profile = |jpeg: &[u8]| jpeg.windows(11).any(|part| part == b"ICC_PROFILE");
        assert!(has_profile(&with(profile::tests::profile(600))));
        assert!(!has_profile(&with(vec![0; 600])), "no profile at all");
        assert!(!has_profile(&with(vec![0; 100_000_000])), "a bomb");
    }

    #[test]
    fn grey_stays_grey_and_what_is_deep_is_flattened() {
        let grey = GrayImage::from_fn(40, 20, |x, _| image::Luma([if x < 20 { 10 } else { 240 }]));
        let copy = copies(&encoded(grey, ImageFormat::Png), &[(20, 20)]).unwrap();
        assert_eq!(decoded(&copy[0]).color(), image::ColorType::L8);
        let deep = image::ImageBuffer::from_pixel(40, 20, Rgba([0_u16, 0, 65_535, 32_768]));
        let bytes = encoded(DynamicImage::ImageRgba16(deep), ImageFormat::Png);
        let copy = copies(&bytes, &[(20, 20)]).unwrap().remove(0);
        let [r, g, b, _] = decoded(&copy).get_pixel(10, 5).0;
        assert!(
            r.abs_diff(127) < 4 && g.abs_diff(127) < 4 && b > 250,
            "{r} {g} {b}"
        );
    }

    #[test]
    fn a_photograph_that_lies_is_made_small_as_it_stands() {
        let copy = copies(&turned_jpeg(6), &[(20, 20)]).unwrap().remove(0);
        assert_eq!((copy.width, copy.height), (10, 20));
        assert!(is_reddish(decoded(&copy).get_pixel(5, 3).0));
    }

    #[test]
    fn a_turned_portrait_is_upright() {
        let copy = portrait(&turned_jpeg(6), 20).unwrap();
        assert_eq!((copy.width, copy.height), (20, 20));
        assert!(is_reddish(decoded(&copy).get_pixel(10, 2).0));
    }

    /// The checksum of PNG's chunks (RFC 2083, appendix).
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
            })
        })
    }
}
