//! Unpacks a document, counting every byte on both sides.
//!
//! It goes in part by part; what comes out is counted inside the decoder's own write, so that neither a
//! huge document nor a small one that unpacks into a huge one is ever held in memory. Only the four encodings that we
//! ask for are understood (RFC 9110 §8.4.1, RFC 7932, RFC 8878).

use std::io::{self, Write};

use brotli_decompressor::DecompressorWriter;
use flate2::write::{MultiGzDecoder, ZlibDecoder};

use super::{Error, budget};

/// What we say we understand.
pub(super) const ACCEPTED: &str = "gzip, br, zstd, deflate";

/// A feed packs by 5 to 30; what packs by more is made to hurt.
const MAX_RATIO: u64 = 100;

/// Below this size, in bytes, a ratio says nothing: a short run of one letter packs by any factor.
const RATIO_FLOOR: u64 = 1 << 20;

/// The largest zstd window that is unpacked: 8 MB, as RFC 9659 §3 asks of HTTP.
const ZSTD_WINDOW_LOG: u32 = 23;

/// The output buffer of the brotli decoder, in bytes.
const BROTLI_BUFFER: usize = 16 * 1024;

/// Octets that are unpacked at once.
const PART: usize = 16 * 1024;

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Packing {
    /// By a `Content-Encoding`; [`Error::Encoding`] where we did not ask for it.
    pub(super) fn of(encoding: Option<&str>) -> Result<Self, Error> {
        let encoding = encoding.unwrap_or_default().trim().to_ascii_lowercase();
        Ok(match encoding.as_str() {
            "" | "identity" => Self::None,
            "gzip" | "x-gzip" => Self::Gzip,
            "deflate" => Self::Deflate,
            "br" => Self::Brotli,
            "zstd" => Self::Zstd,
            _ => return Err(Error::Encoding(encoding)),
        })
    }

    /// The whole of a packed document, of at most so many octets.
    pub(super) fn unpack(self, packed: &[u8], most: u64) -> Result<Vec<u8>, Error> {
        let mut unpacker = Unpacker::new(self, most)?;
        for part in packed.chunks(PART) {
            budget::spend(part.len());
            unpacker.push(part)?;
        }
        unpacker.finish()
    }

    /// The beginning of a document that may not have come to its end.
    pub(super) fn begin(self, packed: &[u8], most: usize) -> Vec<u8> {
        let Ok(mut unpacker) = Unpacker::new(self, 2 * most as u64) else {
            return Vec::new();
        };
        for part in packed.chunks(PART) {
            if unpacker.push(part).is_err() || unpacker.size() > most {
                break;
            }
        }
        unpacker.so_far()
    }
}

/// Takes chunks off the wire and gives the document.
struct Unpacker(Decoder);

enum Decoder {
    Plain(Counted),
    Gzip(MultiGzDecoder<Counted>),
    Deflate(ZlibDecoder<Counted>),
    Brotli(Box<DecompressorWriter<Counted>>),
    Zstd(zstd::stream::write::Decoder<'static, Counted>),
}

impl Unpacker {
    /// For a body so packed, of at most `max` bytes unpacked.
    fn new(packing: Packing, max: u64) -> Result<Self, Error> {
        let out = Counted {
            document: Vec::new(),
            wire: 0,
            max,
            excess: None,
        };
        Ok(Self(match packing {
            Packing::None => Decoder::Plain(out),
            Packing::Gzip => Decoder::Gzip(MultiGzDecoder::new(out)),
            Packing::Deflate => Decoder::Deflate(ZlibDecoder::new(out)),
            Packing::Brotli => {
                Decoder::Brotli(Box::new(DecompressorWriter::new(out, BROTLI_BUFFER)))
            }
            Packing::Zstd => {
                let unusable = |_| Error::Encoding("zstd".to_owned());
                Decoder::Zstd(zstd_decoder(out).map_err(unusable)?)
            }
        }))
    }

    /// Unpacks one chunk.
    fn push(&mut self, chunk: &[u8]) -> Result<(), Error> {
        self.counted().wire += chunk.len() as u64;
        let done = match &mut self.0 {
            Decoder::Plain(out) => out.write_all(chunk),
            Decoder::Gzip(out) => out.write_all(chunk),
            Decoder::Deflate(out) => out.write_all(chunk),
            Decoder::Brotli(out) => out.write_all(chunk),
            Decoder::Zstd(out) => out.write_all(chunk),
        };
        done.map_err(|_| self.cause())
    }

    /// Gives the document; a body that ends before its packing does is an error.
    fn finish(mut self) -> Result<Vec<u8>, Error> {
        self.end().map_err(|_| self.cause())?;
        Ok(std::mem::take(&mut self.counted().document))
    }

    fn end(&mut self) -> io::Result<()> {
        if self.counted().wire == 0 {
            return Ok(());
        }
        match &mut self.0 {
            Decoder::Plain(_) => Ok(()),
            Decoder::Gzip(out) => out.try_finish(),
            Decoder::Deflate(out) => out.try_finish(),
            Decoder::Brotli(out) => out.close(),
            Decoder::Zstd(out) => out.do_finish(),
        }
    }

    /// Bytes unpacked so far.
    fn size(&mut self) -> usize {
        self.counted().document.len()
    }

    /// What was unpacked so far, of a body that may not have come to its end.
    fn so_far(mut self) -> Vec<u8> {
        let _ = self.end();
        std::mem::take(&mut self.counted().document)
    }

    fn counted(&mut self) -> &mut Counted {
        match &mut self.0 {
            Decoder::Plain(out) => out,
            Decoder::Gzip(out) => out.get_mut(),
            Decoder::Deflate(out) => out.get_mut(),
            Decoder::Brotli(out) => out.get_mut(),
            Decoder::Zstd(out) => out.get_mut(),
        }
    }

    fn cause(&mut self) -> Error {
        let counted = self.counted();
        match counted.excess {
            Some(Excess::Size) => Error::TooLarge(counted.max),
            Some(Excess::Ratio) => Error::Bomb(MAX_RATIO),
            None => Error::Truncated,
        }
    }
}

fn zstd_decoder(out: Counted) -> io::Result<zstd::stream::write::Decoder<'static, Counted>> {
    let mut decoder = zstd::stream::write::Decoder::new(out)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG)?;
    Ok(decoder)
}

/// The document so far; refuses to grow past its limits.
struct Counted {
    document: Vec<u8>,
    wire: u64,
    max: u64,
    excess: Option<Excess>,
}

#[derive(Clone, Copy)]
enum Excess {
    Size,
    Ratio,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let size = (self.document.len() + bytes.len()) as u64;
        if size > self.max {
            self.excess = Some(Excess::Size);
        } else if size > RATIO_FLOOR && size > self.wire.saturating_mul(MAX_RATIO) {
            self.excess = Some(Excess::Ratio);
        }
        if self.excess.is_some() {
            return Err(io::Error::other("past the limit"));
        }
        self.document.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    use super::*;

    const MAX: u64 = 4 << 20;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn unpack(encoding: &str, packed: &[u8]) -> Result<Vec<u8>, Error> {
        let mut unpacker = Unpacker::new(Packing::of(Some(encoding))?, MAX)?;
        for chunk in packed.chunks(7) {
            unpacker.push(chunk)?;
        }
        unpacker.finish()
    }

    #[test]
    fn each_encoding_gives_the_document_back() {
        let text = b"Wie eerlijk verkoopt, hoeft niets te onthouden. ".repeat(9);
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(&text).unwrap();
        assert_eq!(unpack("gzip", &gzip(&text)).unwrap(), text);
        assert_eq!(unpack("deflate", &zlib.finish().unwrap()).unwrap(), text);
        assert_eq!(
            unpack("zstd", &zstd::encode_all(&text[..], 3).unwrap()).unwrap(),
            text
        );
        assert_eq!(unpack("identity", &text).unwrap(), text);
        // "Hoi" as one uncompressed brotli meta-block (RFC 7932 §9.2), and the empty last one.
        assert_eq!(
            unpack("br", &[0x0b, 0x01, 0x80, b'H', b'o', b'i', 0x03]).unwrap(),
            b"Hoi"
        );
    }

    #[test]
    fn a_bomb_is_stopped_by_its_ratio_and_a_large_document_by_its_size() {
        let bomb = gzip(&vec![b'a'; 3 << 20]);
        assert!(matches!(unpack("gzip", &bomb), Err(Error::Bomb(_))));
        let large: Vec<u8> = (0..1_500_000_u32).flat_map(u32::to_le_bytes).collect();
        assert!(matches!(
            unpack("identity", &large),
            Err(Error::TooLarge(MAX))
        ));
        assert!(matches!(
            unpack("zstd", &zstd::encode_all(&vec![0; 3 << 20][..], 3).unwrap()),
            Err(Error::Bomb(_))
        ));
    }

    #[test]
    fn a_body_that_ends_early_is_no_document() {
        let packed = gzip(b"half a story is no story");
        assert!(matches!(
            unpack("gzip", &packed[..packed.len() / 2]),
            Err(Error::Truncated)
        ));
        let packed = zstd::encode_all(&b"half a story is no story"[..], 3).unwrap();
        assert!(matches!(
            unpack("zstd", &packed[..packed.len() / 2]),
            Err(Error::Truncated)
        ));
        assert!(matches!(unpack("gzip", b"<rss/>"), Err(Error::Truncated)));
    }

    #[test]
    fn an_encoding_that_we_did_not_ask_for_is_named() {
        assert!(matches!(
            Packing::of(Some("compress")),
            Err(Error::Encoding(name)) if name == "compress"
        ));
    }
}
