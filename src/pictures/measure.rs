//! What unpacking a picture would take, read from its file before any of it is unpacked.
//!
//! In goes a file; out comes the memory that its decoder takes beside the pixels. Refuses what a decoder would work on
//! without end, or believe without looking: a JPEG in thousands of scans, a part of a WebP that is longer than its file.
//! Walks the file's parts by their lengths, once.

use image::ImageFormat;

use super::Error;
use super::unpack::within_sides;

/// The most scans of a JPEG: writers make ten or twelve, and each costs a walk over the whole picture, however few
/// bytes it takes (libjpeg-turbo, "Two Issues with the JPEG Standard", §1).
const MAX_SCANS: usize = 100;

/// The most pixels that all scans walk over together: twelve scans of the largest picture, twice.
const MAX_WALKED: u64 = 1_000_000_000;

/// Memory that the prefix codes of a WebP without loss may take, in bytes for each of its own: a code of eleven symbols
/// takes 93 bits and may become a table of 4 KB, and there may be 65,536 times five of them (RFC 9649, §3.7.2).
const TABLES: u64 = 360;

/// Memory that a decoder takes beside the pixels that it gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Beside {
    /// In bytes.
    pub fixed: u64,
    /// In bytes a pixel.
    pub per_pixel: u64,
}

/// Says what a decoder will take, or why it is not to begin.
pub(super) fn measure(bytes: &[u8], format: ImageFormat) -> Result<Beside, Error> {
    match format {
        ImageFormat::Jpeg => jpeg(bytes),
        ImageFormat::WebP => webp(bytes),
        ImageFormat::Png => png(bytes),
        _ => Ok(Beside::default()),
    }
}

/// Rows are unpacked in their place; the decoder's first act is to make room for one, so its length is looked at here
/// (RFC 2083, §4.1.1).
fn png(bytes: &[u8]) -> Result<Beside, Error> {
    let side = |at: usize| {
        let side = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(side))
    };
    let (width, height) = side(16).zip(side(20)).ok_or_else(cut_short)?;
    within_sides(width, height)?;
    Ok(Beside::default())
}

/// The frame of a JPEG (ITU T.81 §B.2.2).
struct Frame {
    progressive: bool,
    components: usize,
    pixels: u64,
    /// What all coefficients take, in bytes: two each, in whole blocks.
    coefficients: u64,
}

/// Coefficients are kept where a picture comes in several passes over its whole surface.
fn jpeg(bytes: &[u8]) -> Result<Beside, Error> {
    let mut frame: Option<Frame> = None;
    let (mut scans, mut in_parts) = (0, false);
    let mut at = 2;
    while let Some(marker) = next_marker(bytes, at) {
        at = marker.end;
        let segment = match marker.code {
            // The end; and what has no length (ITU T.81, table B.1).
            0xd9 => break,
            0x01 | 0xd0..=0xd8 => continue,
            // Where it is cut, the decoder says what is left of it.
            _ => match segment(bytes, at) {
                Some(segment) => segment,
                None => break,
            },
        };
        at += segment.len();
        match marker.code {
            0xda => {
                scans += 1;
                let named = segment.get(2).copied().map_or(0, usize::from);
                in_parts |= frame.as_ref().is_some_and(|frame| named < frame.components);
            }
            0xc0..=0xcf if !matches!(marker.code, 0xc4 | 0xc8 | 0xcc) => {
                let next = frame_of(segment, marker.code).ok_or_else(cut_short)?;
                if frame.replace(next).is_some() {
                    return Err(Error::Damaged("it has two frames".to_owned()));
                }
            }
            _ => {}
        }
        let pixels = frame.as_ref().map_or(0, |frame| frame.pixels);
        if scans > MAX_SCANS || scans as u64 * pixels > MAX_WALKED {
            return Err(Error::TooManyScans(scans));
        }
    }
    let kept = frame.filter(|frame| frame.progressive || in_parts);
    Ok(Beside {
        fixed: kept.map_or(0, |frame| frame.coefficients),
        per_pixel: 0,
    })
}

struct Marker {
    code: u8,
    /// Where what follows it begins.
    end: usize,
}

/// The next marker at or after a place; within coded pixels, 0xff stands before a zero (ITU T.81 §B.1.1.5).
fn next_marker(bytes: &[u8], mut at: usize) -> Option<Marker> {
    loop {
        at += bytes.get(at..)?.iter().position(|&byte| byte == 0xff)? + 1;
        match *bytes.get(at)? {
            0 => {}
            0xff => {}
            code => return Some(Marker { code, end: at + 1 }),
        }
    }
}

/// The segment that begins here, with its two bytes of length.
fn segment(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let length = usize::from(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    bytes.get(at..at + length.max(2))
}

fn frame_of(segment: &[u8], code: u8) -> Option<Frame> {
    let side = |at: usize| {
        let side = u16::from_be_bytes([*segment.get(at)?, *segment.get(at + 1)?]);
        Some(u64::from(side))
    };
    let (height, width) = (side(3)?, side(5)?);
    let components = usize::from(*segment.get(7)?);
    let factors: Option<Vec<(u64, u64)>> = (0..components)
        .map(|nth| segment.get(9 + nth * 3))
        .map(|byte| byte.map(|byte| (u64::from(byte >> 4), u64::from(byte & 15))))
        .collect();
    let factors = factors?;
    let widest = factors.iter().map(|factor| factor.0).max()?.max(1);
    let highest = factors.iter().map(|factor| factor.1).max()?.max(1);
    let units = width.div_ceil(8 * widest) * height.div_ceil(8 * highest);
    let blocks: u64 = factors.iter().map(|(across, down)| across * down).sum();
    Some(Frame {
        progressive: matches!(code, 0xc2 | 0xc6 | 0xca | 0xce),
        components,
        pixels: width * height,
        coefficients: units * blocks * 64 * 2,
    })
}

/// An animation is drawn on a canvas, frame by frame; one without loss is unpacked with transparency in any case.
fn webp(bytes: &[u8]) -> Result<Beside, Error> {
    let mut beside = Beside {
        fixed: 0,
        per_pixel: 2,
    };
    let mut looked_into = false;
    let mut parts = chunks(bytes.get(12..).unwrap_or_default());
    while let Some((name, part)) = parts.next().transpose()? {
        match &name {
            b"VP8L" | b"ALPH" => beside.without_loss(part),
            // The first frame is the one that is read: its own head of 16 bytes, then parts (RFC 9649, §2.7.1.1).
            b"ANMF" if !looked_into => {
                looked_into = true;
                beside.per_pixel = beside.per_pixel.max(8);
                for inner in chunks(part.get(16..).unwrap_or_default()) {
                    let (name, part) = inner?;
                    if matches!(&name, b"VP8L" | b"ALPH") {
                        beside.without_loss(part);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(beside)
}

impl Beside {
    /// Adds what a part without loss takes: red, green, blue and transparency in any case, and its tables.
    fn without_loss(&mut self, part: &[u8]) {
        self.per_pixel = self.per_pixel.max(4);
        self.fixed += part.len() as u64 * TABLES;
    }
}

/// The parts of a RIFF file (RFC 9649, §2.3): a name, a length, and as many bytes, evened out.
fn chunks(mut rest: &[u8]) -> impl Iterator<Item = Result<([u8; 4], &[u8]), Error>> {
    std::iter::from_fn(move || {
        let (head, tail) = rest.split_first_chunk::<8>()?;
        let [a, b, c, d, length @ ..] = *head;
        let length = u32::from_le_bytes(length) as usize;
        let Some(part) = tail.get(..length) else {
            rest = &[];
            return Some(Err(cut_short()));
        };
        rest = tail.get(length + length % 2..).unwrap_or_default();
        Some(Ok(([a, b, c, d], part)))
    })
}

fn cut_short() -> Error {
    Error::Damaged("it ends too early".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A JPEG's parts: what stands before the frame, the frame (16 by 8, three components), and so many scans.
    fn jpeg_of(code: u8, scans: usize, named: u8) -> Vec<u8> {
        let mut bytes = b"\xff\xd8\xff\xe1\0\x08\xff\xda\xff\xda\xff\xda".to_vec();
        bytes.extend([0xff, code, 0, 17, 8, 0, 8, 0, 16, 3]);
        bytes.extend([1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]);
        for _ in 0..scans {
            bytes.extend([0xff, 0xda, 0, 3, named, 0xff, 0, 1, 0xff, 0xd0, 2]);
        }
        bytes.extend(b"\xff\xd9\xff\xda");
        bytes
    }

    fn measured(bytes: &[u8]) -> Result<u64, Error> {
        measure(bytes, ImageFormat::Jpeg).map(|beside| beside.fixed)
    }

    #[test]
    fn coefficients_count_where_they_are_kept() {
        assert_eq!(measured(&jpeg_of(0xc0, 1, 3)), Ok(0), "one pass");
        // One unit of 16 by 16: four blocks of the first component, one of each other.
        assert_eq!(measured(&jpeg_of(0xc0, 3, 1)), Ok(6 * 64 * 2), "in parts");
        assert_eq!(
            measured(&jpeg_of(0xc2, 1, 3)),
            Ok(6 * 64 * 2),
            "progressive"
        );
    }

    #[test]
    fn scans_are_counted_where_they_are_scans() {
        assert!(measured(&jpeg_of(0xc2, MAX_SCANS, 3)).is_ok());
        let many = measured(&jpeg_of(0xc2, MAX_SCANS + 1, 3));
        assert_eq!(many, Err(Error::TooManyScans(MAX_SCANS + 1)));
        let mut large = jpeg_of(0xc2, 30, 3);
        let at = large
            .windows(2)
            .position(|pair| pair == b"\xff\xc2")
            .unwrap();
        large[at + 5..at + 9].copy_from_slice(&[0x18, 0, 0x18, 0]);
        assert_eq!(
            measured(&large),
            Err(Error::TooManyScans(27)),
            "of 6144 by 6144"
        );
    }

    #[test]
    fn a_part_that_is_longer_than_its_file_is_not_believed() {
        let webp = |length: u32, part: &[u8]| {
            let mut bytes = b"RIFF\0\0\0\0WEBPVP8X\x02\0\0\0\0\0EXIF".to_vec();
            bytes.extend(length.to_le_bytes());
            bytes.extend(part);
            measure(&bytes, ImageFormat::WebP)
        };
        assert!(webp(4, b"abcd").is_ok());
        assert_eq!(webp(4_000_000_000, b"abcd"), Err(cut_short()));
        let frame = [&[0; 16], &b"ALPH\xff\xff\xff\xff"[..]].concat();
        let bytes = [b"RIFF\0\0\0\0WEBPANMF\x18\0\0\0", &frame[..]].concat();
        assert_eq!(measure(&bytes, ImageFormat::WebP), Err(cut_short()));
    }

    #[test]
    fn the_tables_of_a_picture_without_loss_count() {
        let bytes = [b"RIFF\0\0\0\0WEBPVP8L\x64\0\0\0", &[0; 100][..]].concat();
        let expected = Beside {
            fixed: 100 * TABLES,
            per_pixel: 4,
        };
        assert_eq!(measure(&bytes, ImageFormat::WebP), Ok(expected));
    }
}
