//! Copies of a picture: JPEG, turned the right way up, on white, without metadata, never larger than the original.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{
    DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageError, ImageReader, Limits,
    RgbImage,
};

use super::Error;

/// The largest file that is read: a camera's photograph, with room to spare.
pub const MAX_BYTES: usize = 10_000_000;

/// The most pixels that are unpacked: a file of a few kilobytes may claim billions.
const MAX_PIXELS: u64 = 40_000_000;

/// The most memory that a decoder may take, in bytes: forty million pixels of four channels, and its own tables.
const MAX_MEMORY: u64 = 256 * 1024 * 1024;

/// Quality from 1 to 100: where a photograph's faults are not seen yet at two pixels to a point.
const QUALITY: u8 = 80;

/// What stands below a transparent picture: the card of the digest in daylight.
const CARD_WHITE: u8 = 255;

/// The longest colour profile that is kept, in bytes: enough for those of cameras and telephones.
const MAX_PROFILE: usize = 4096;

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
/// give one copy. The first frame of an animation stands for it.
///
/// # Errors
/// Says why the picture cannot be read; see [`Error`].
pub fn copies(bytes: &[u8], boxes: &[(u32, u32)]) -> Result<Vec<Copy>, Error> {
    let picture = read(bytes)?;
    let mut made: Vec<Copy> = Vec::with_capacity(boxes.len());
    for bounds in boxes {
        let size = fitted((picture.pixels.width(), picture.pixels.height()), *bounds);
        if !made.iter().any(|copy| (copy.width, copy.height) == size) {
            made.push(picture.scaled(size)?);
        }
    }
    Ok(made)
}

/// Makes a square copy of a picture's middle, at most `side` pixels wide.
///
/// # Errors
/// As [`copies`].
pub fn portrait(bytes: &[u8], side: u32) -> Result<Copy, Error> {
    let mut picture = read(bytes)?;
    let (width, height) = (picture.pixels.width(), picture.pixels.height());
    let square = width.min(height);
    let (x, y) = ((width - square) / 2, (height - square) / 3);
    picture.pixels = picture.pixels.crop_imm(x, y, square, square);
    let side = side.min(square);
    picture.scaled((side, side))
}

/// A picture, unpacked.
struct Picture {
    pixels: DynamicImage,
    /// What its colours mean, where that is not plain sRGB.
    profile: Option<Vec<u8>>,
}

fn read(bytes: &[u8]) -> Result<Picture, Error> {
    if bytes.len() > MAX_BYTES {
        return Err(Error::TooHeavy(bytes.len()));
    }
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| Error::Damaged(error.to_string()))?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(cause)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(Error::TooLarge { width, height });
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let coloured = matches!(
        decoder.original_color_type(),
        ExtendedColorType::Rgb8 | ExtendedColorType::Rgba8
    );
    let profile = decoder.icc_profile().ok().flatten();
    let profile = profile.filter(|profile| coloured && profile.len() <= MAX_PROFILE);
    let mut pixels = DynamicImage::from_decoder(decoder).map_err(cause)?;
    pixels.apply_orientation(orientation);
    Ok(Picture { pixels, profile })
}

impl Picture {
    fn scaled(&self, (width, height): (u32, u32)) -> Result<Copy, Error> {
        let same = (self.pixels.width(), self.pixels.height()) == (width, height);
        let pixels = match same {
            true => on_white(&self.pixels),
            false => on_white(
                &self
                    .pixels
                    .resize_exact(width, height, FilterType::CatmullRom),
            ),
        };
        let mut bytes = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
        if let Some(profile) = &self.profile {
            encoder
                .set_icc_profile(profile.clone())
                .map_err(|_| Error::Damaged("its colour profile cannot be passed on".to_owned()))?;
        }
        encoder
            .write_image(pixels.as_raw(), width, height, ExtendedColorType::Rgb8)
            .map_err(cause)?;
        Ok(Copy {
            bytes,
            width,
            height,
        })
    }
}

/// The pixels over white, by their own transparency.
fn on_white(pixels: &DynamicImage) -> RgbImage {
    if !pixels.color().has_alpha() {
        return pixels.to_rgb8();
    }
    let pixels = pixels.to_rgba8();
    RgbImage::from_fn(pixels.width(), pixels.height(), |x, y| {
        let [r, g, b, a] = pixels.get_pixel(x, y).0;
        image::Rgb([r, g, b].map(|channel| over(channel, CARD_WHITE, f32::from(a) / 255.0)))
    })
}

/// One channel laid over another; `cover` is from 0 (nothing) to 1 (all).
pub(super) fn over(above: u8, below: u8, cover: f32) -> u8 {
    (f32::from(above) * cover + f32::from(below) * (1.0 - cover)).round() as u8
}

/// The largest size within bounds that keeps the proportions and enlarges nothing.
fn fitted((width, height): (u32, u32), bounds: (u32, u32)) -> (u32, u32) {
    let scale = (f64::from(bounds.0) / f64::from(width))
        .min(f64::from(bounds.1) / f64::from(height))
        .min(1.0);
    let scaled = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    (scaled(width), scaled(height))
}

fn cause(error: ImageError) -> Error {
    match error {
        ImageError::Unsupported(_) => Error::Format,
        ImageError::Limits(_) => Error::Damaged("it wants more memory than it may have".to_owned()),
        other => Error::Damaged(other.to_string().to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use image::{GenericImageView, ImageFormat, Rgb, Rgba, RgbaImage};

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

    /// The checksum of PNG's chunks (RFC 2083, appendix).
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
            })
        })
    }
}
