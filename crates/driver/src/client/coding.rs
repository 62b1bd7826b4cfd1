//! Reads a request's body that is coded, on a copy and piece by piece; what goes out stays as it came.

use std::io::Read;

use bytes::{Buf, Bytes};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use tokio::task::yield_now;

/// How a body is coded (RFC 9110 section 8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// Not at all.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 1950, and RFC 1951 where someone leaves the frame away.
    Deflate,
    /// RFC 8878.
    Zstd,
    /// RFC 7932.
    Brotli,
    /// In a way that is not read here, or in several.
    Other,
}

impl Coding {
    /// The coding that the headers name.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(CONTENT_ENCODING).iter();
        let name = match (values.next(), values.next()) {
            (None, _) => return Self::Identity,
            (Some(name), None) => name.to_str().unwrap_or_default().trim().to_ascii_lowercase(),
            (Some(_), Some(_)) => return Self::Other,
        };
        match name.as_str() {
            "" | "identity" => Self::Identity,
            "gzip" | "x-gzip" => Self::Gzip,
            "deflate" => Self::Deflate,
            "zstd" => Self::Zstd,
            "br" => Self::Brotli,
            _ => Self::Other,
        }
    }

    /// Shows what the pieces say in plain, until the reader has seen enough; what cannot be read ends it early.
    pub(super) async fn read(self, pieces: &[Bytes], mut enough: impl FnMut(&[u8]) -> bool) {
        let Some(mut plain) = self.plain(pieces) else { return };
        let (mut buffer, mut left) = (vec![0; STEP], READ_AT_MOST);
        while left > 0 {
            let Ok(length @ 1..) = plain.read(&mut buffer) else {
                return;
            };
            if enough(&buffer[..length]) {
                return;
            }
            left = left.saturating_sub(length);
            // Others have their turn in between.
            yield_now().await;
        }
    }

    fn plain<'a>(self, pieces: &'a [Bytes]) -> Option<Box<dyn Read + Send + 'a>> {
        let coded = Pieces(pieces.to_vec().into());
        match self {
            Self::Identity | Self::Other => None,
            Self::Gzip => Some(Box::new(flate2::read::MultiGzDecoder::new(coded))),
            Self::Deflate if has_frame(pieces) => Some(Box::new(flate2::read::ZlibDecoder::new(coded))),
            Self::Deflate => Some(Box::new(flate2::read::DeflateDecoder::new(coded))),
            // A decoder holds a whole window before it gives anything out.
            Self::Zstd if zstd_window(pieces)? > WINDOW => None,
            Self::Zstd => {
                let decoder = ruzstd::decoding::StreamingDecoder::new(coded).ok()?;
                Some(Box::new(decoder))
            }
            Self::Brotli => Some(Box::new(brotli_decompressor::Decompressor::new(coded, STEP))),
        }
    }
}

/// Whether a deflated body begins as RFC 1950 section 2.2 has it.
fn has_frame(pieces: &[Bytes]) -> bool {
    let mut bytes = pieces.iter().flat_map(|piece| piece.iter().copied());
    match (bytes.next(), bytes.next()) {
        (Some(method), Some(flags)) => method & 0x0f == 8 && u16::from_be_bytes([method, flags]) % 31 == 0,
        (None, _) | (_, None) => false,
    }
}

/// How much of its own text a zstd frame looks back on (RFC 8878 section 3.1.1.1); `None` if it is no frame.
fn zstd_window(pieces: &[Bytes]) -> Option<u64> {
    let head: Vec<u8> = pieces.iter().flat_map(|piece| piece.iter().copied()).take(18).collect();
    let rest = head.strip_prefix(&[0x28, 0xb5, 0x2f, 0xfd])?;
    let (descriptor, rest) = rest.split_first()?;
    if descriptor & 0x20 == 0 {
        let window = rest.first()?;
        let base = 1_u64 << (10 + (window >> 3));
        return Some(base + base / 8 * u64::from(window & 7));
    }
    // All of the text is one segment, and as long as is said behind the dictionary's number.
    let dictionary = [0, 1, 2, 4].get(usize::from(descriptor & 3))?;
    let length = 1 << (descriptor >> 6);
    let said = rest.get(*dictionary..dictionary + length)?;
    let number = said.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
    Some(if length == 2 { number + 256 } else { number })
}

/// Pieces as one thing to read.
struct Pieces(std::collections::VecDeque<Bytes>);

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.0.front().is_some_and(Bytes::is_empty) {
            self.0.pop_front();
        }
        let Some(piece) = self.0.front_mut() else { return Ok(0) };
        let length = piece.len().min(buffer.len());
        piece.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

/// 64 KiB at a time: a fraction of a millisecond's work.
const STEP: usize = 64 * 1024;

/// 8 MiB: what decoders are asked to support (RFC 8878 section 3.1.1.1.2); a request of 3 KB could ask for 100 MiB otherwise.
const WINDOW: u64 = 8 * 1024 * 1024;

/// 64 MiB of plain text are looked through: twice what is kept of a body, and the end of a body that is a bomb.
const READ_AT_MOST: usize = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use http::HeaderValue;

    use super::*;

    const TEXT: &str =
        "{\"messages\":[{\"role\":\"user\",\"content\":\"hello hello hello hello\"}],\"model\":\"grok-4.3\"}";

    fn named(name: &'static str) -> Coding {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        Coding::of(&headers)
    }

    async fn read(name: &'static str, coded: &[u8], size: usize) -> String {
        let pieces: Vec<Bytes> = coded.chunks(size).map(Bytes::copy_from_slice).collect();
        let mut plain = Vec::new();
        let keep = |piece: &[u8]| {
            plain.extend_from_slice(piece);
            false
        };
        named(name).read(&pieces, keep).await;
        String::from_utf8(plain).unwrap()
    }

    #[test]
    fn a_small_frame_that_asks_for_a_large_window_is_not_read() {
        let frame = |head: &[u8]| zstd_window(&[Bytes::copy_from_slice(&[&[0x28, 0xb5, 0x2f, 0xfd], head].concat())]);
        // 2^(10 + 13) bytes are 8 MiB, and an eighth more is too much.
        assert_eq!(frame(&[0, 13 << 3]), Some(WINDOW));
        assert_eq!(frame(&[0, 13 << 3 | 1]), Some(WINDOW + WINDOW / 8));
        assert_eq!(frame(&[0, 0xff]), Some((1 << 41) / 8 * 15));
        // One segment of a byte's, two, four and eight bytes' length, with and without a dictionary.
        assert_eq!(frame(&[0x20, 7]), Some(7));
        assert_eq!(frame(&[0x61, 9, 1, 1]), Some(0x101 + 256));
        assert_eq!(frame(&[0xa0, 0, 0, 0, 1]), Some(1 << 24));
        assert_eq!(frame(&[0xe0, 0, 0, 0, 0, 1, 0, 0, 0]), Some(1 << 32));
        assert_eq!(frame(&[]), None);
        assert_eq!(zstd_window(&[Bytes::from_static(b"{}")]), None);
        let asking = [&[0x28, 0xb5, 0x2f, 0xfd, 0, 13 << 3 | 1][..], &[0; 8]].concat();
        assert!(Coding::Zstd.plain(&[Bytes::from(asking)]).is_none());
    }

    #[track_caller]
    fn check(name: &'static str, coded: &[u8]) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for size in [1, 7, coded.len()] {
            assert_eq!(
                runtime.block_on(read(name, coded, size)),
                TEXT,
                "{name} in pieces of {size}"
            );
        }
        let cut = runtime.block_on(read(name, &coded[..coded.len() / 2], coded.len()));
        assert!(TEXT.starts_with(&cut), "{name} cut off: {cut}");
    }

    #[test]
    fn every_coding_that_clients_use_is_read() {
        use flate2::Compression;
        use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(TEXT.as_bytes()).unwrap();
        check("gzip", &gzip.finish().unwrap());
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(TEXT.as_bytes()).unwrap();
        check("deflate", &zlib.finish().unwrap());
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::default());
        bare.write_all(TEXT.as_bytes()).unwrap();
        check("Deflate", &bare.finish().unwrap());
        let level = ruzstd::encoding::CompressionLevel::Fastest;
        check("zstd", &ruzstd::encoding::compress_to_vec(TEXT.as_bytes(), level));
        check("br", &BROTLI);
    }

    #[test]
    fn a_bomb_ends_where_it_must() {
        let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        for _ in 0..100 {
            bomb.write_all(&[b' '; 1024 * 1024]).unwrap();
        }
        let bomb = Bytes::from(bomb.finish().unwrap());
        let mut seen = 0;
        let count = |piece: &[u8]| {
            seen += piece.len();
            false
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(Coding::Gzip.read(&[bomb], count));
        assert!((READ_AT_MOST..READ_AT_MOST + STEP).contains(&seen), "{seen}");
    }

    #[test]
    fn what_is_not_known_is_not_read() {
        for name in ["compress", "gzip, br", "x"] {
            assert_eq!(named(name), Coding::Other, "{name}");
        }
        assert_eq!(named("identity"), Coding::Identity);
        assert_eq!(Coding::of(&HeaderMap::new()), Coding::Identity);
    }

    /// The text, by another's encoder at its default quality.
    const BROTLI: [u8; 75] = [
        0x1b, 0x54, 0x00, 0xc0, 0xac, 0x0a, 0xec, 0xe6, 0xd8, 0xfb, 0xd1, 0x96, 0x0a, 0x99, 0x81, 0x62, 0xdc, 0xd3,
        0xea, 0x6b, 0x91, 0xbd, 0x2d, 0x97, 0x39, 0x43, 0xf3, 0x56, 0x67, 0x72, 0xad, 0xc3, 0xd2, 0xd5, 0x37, 0x45,
        0xd6, 0xd8, 0x52, 0xa4, 0xa5, 0xcc, 0x31, 0x4e, 0xc4, 0x96, 0xbb, 0xf6, 0x6d, 0xc0, 0x19, 0x07, 0x0f, 0x59,
        0x7c, 0x29, 0x30, 0x09, 0x32, 0xe7, 0xf2, 0xfc, 0x91, 0x2c, 0x11, 0x10, 0xa7, 0xb7, 0x89, 0x2f, 0x95, 0x06,
        0x6b, 0x57, 0xe3,
    ];
}
