//! Names for requests, so that an answer and its log lines can be brought together.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use evergrant_driver::{Failure, entropy};
use http::HeaderValue;

/// Gives each request a name of its own.
#[derive(Debug)]
pub(super) struct RequestIds {
    /// What all of them begin with.
    process: String,
    next: AtomicU64,
}

impl RequestIds {
    /// A series that no other process has.
    pub(super) fn new() -> Result<Self, Failure> {
        let process = u64::from_le_bytes(entropy::random::<8>()?);
        Ok(Self {
            process: format!("{process:016x}-"),
            next: AtomicU64::new(1),
        })
    }

    /// The next name.
    pub(super) fn next(&self) -> HeaderValue {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let digits = (u64::BITS - number.leading_zeros()).div_ceil(4).max(1) as usize;
        let mut text = Vec::with_capacity(self.process.len() + digits);
        text.extend_from_slice(self.process.as_bytes());
        text.extend(
            (0..digits)
                .rev()
                .map(|place| DIGITS[(number >> (place * 4) & 0xf) as usize]),
        );
        // Hexadecimal digits are always a header's value.
        HeaderValue::from_maybe_shared(Bytes::from(text)).unwrap_or(HeaderValue::from_static("0"))
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_the_process_before_its_number() {
        let ids = RequestIds::new().unwrap();
        ids.next.store(0x9f, Ordering::Relaxed);
        for number in ["9f", "a0"] {
            assert_eq!(ids.next(), format!("{}{number}", ids.process));
        }
        ids.next.store(u64::MAX, Ordering::Relaxed);
        assert_eq!(ids.next(), format!("{}{:x}", ids.process, u64::MAX));
        assert_eq!(ids.next().len(), 18);
    }
}
