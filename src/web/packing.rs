//! Content coding: which one a request takes best (RFC 9110 §12.5.3), and how a file is packed by it.

use std::io::Write;

use axum::http::{HeaderMap, header};
use flate2::Compression;
use flate2::write::GzEncoder;

/// Brotli's effort from 0 to 11: 5 packs a feed smaller than gzip at its best, in the same time.
const BROTLI_QUALITY: u32 = 5;

/// Brotli's window, as a power of two: 4 MB, more than any feed.
const BROTLI_WINDOW: u32 = 22;

/// How a file goes over the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
    Brotli,
}

impl Packing {
    /// The packing that the asker likes best; of equals Brotli, then gzip.
    pub(super) fn wanted(asked: &HeaderMap) -> Self {
        let lists = asked.get_all(header::ACCEPT_ENCODING);
        let list: Vec<&str> = lists
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        let list = list.join(",");
        let weight = |name: &str| weight_of(&list, name).or_else(|| weight_of(&list, "*"));
        let plain = weight_of(&list, "identity").unwrap_or(0.001);
        let mut best = (Self::Plain, plain);
        for (packing, name) in [(Self::Gzip, "gzip"), (Self::Brotli, "br")] {
            let weight = weight(name).unwrap_or(0.0);
            if weight > 0.0 && weight >= best.1 {
                best = (packing, weight);
            }
        }
        best.0
    }

    /// Its name in `Content-Encoding`.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }

    /// What tells its entity tags apart.
    pub(super) fn mark(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Gzip => "-gz",
            Self::Brotli => "-br",
        }
    }

    /// Packs a file. Writing to memory cannot fail.
    pub(super) fn pack(self, bytes: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Plain => bytes,
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                let _ = encoder.write_all(&bytes);
                encoder.finish().unwrap_or_default()
            }
            Self::Brotli => {
                let mut packed = Vec::new();
                let (quality, window) = (BROTLI_QUALITY, BROTLI_WINDOW);
                let mut writer = brotli::CompressorWriter::new(&mut packed, 4096, quality, window);
                let _ = writer.write_all(&bytes);
                drop(writer);
                packed
            }
        }
    }
}

/// The weight that a list gives a coding, 0 to 1; `None` where it does not name it.
fn weight_of(list: &str, coding: &str) -> Option<f32> {
    list.split(',').find_map(|item| {
        let mut parts = item.split(';').map(str::trim);
        if !parts.next()?.eq_ignore_ascii_case(coding) {
            return None;
        }
        let quality = parts.find_map(|part| part.strip_prefix("q="));
        Some(quality.map_or(1.0, |text| text.parse().unwrap_or(0.0)))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn wanted(list: &str) -> Packing {
        let mut asked = HeaderMap::new();
        asked.insert(header::ACCEPT_ENCODING, list.parse().unwrap());
        Packing::wanted(&asked)
    }

    #[test]
    fn the_asker_says_what_it_takes() {
        assert_eq!(Packing::wanted(&HeaderMap::new()), Packing::Plain);
        for (list, packing) in [
            ("gzip, deflate, br, zstd", Packing::Brotli),
            ("gzip, deflate", Packing::Gzip),
            ("br;q=0.5, gzip;q=0.8", Packing::Gzip),
            ("BR", Packing::Brotli),
            ("*", Packing::Brotli),
            ("br;q=0, *", Packing::Gzip),
            ("gzip;q=0", Packing::Plain),
            ("identity, gzip;q=0.5", Packing::Plain),
            ("zstd", Packing::Plain),
            ("", Packing::Plain),
            ("gzip;q=oops", Packing::Plain),
        ] {
            assert_eq!(wanted(list), packing, "{list}");
        }
    }

    #[test]
    fn what_is_packed_is_smaller_and_comes_out_as_it_went_in() {
        let text = "Luisteren kost niets. ".repeat(400).into_bytes();
        let gzip = Packing::Gzip.pack(text.clone());
        let brotli = Packing::Brotli.pack(text.clone());
        assert!(gzip.len() < text.len() / 10 && brotli.len() < text.len() / 10);
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&gzip[..])
            .read_to_end(&mut unpacked)
            .unwrap();
        assert_eq!(unpacked, text);
        unpacked.clear();
        brotli::Decompressor::new(&brotli[..], 4096)
            .read_to_end(&mut unpacked)
            .unwrap();
        assert_eq!(unpacked, text);
    }
}
