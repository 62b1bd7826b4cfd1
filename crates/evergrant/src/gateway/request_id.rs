//! Names for requests, so that an answer and its log lines can be brought together.

use std::sync::atomic::{AtomicU64, Ordering};

use evergrant_driver::{Failure, entropy};
use http::HeaderValue;

/// Gives each request a name of its own.
#[derive(Debug)]
pub(super) struct RequestIds {
    process: u64,
    next: AtomicU64,
}

impl RequestIds {
    /// A series that no other process has.
    pub(super) fn new() -> Result<Self, Failure> {
        Ok(Self {
            process: u64::from_le_bytes(entropy::random::<8>()?),
            next: AtomicU64::new(1),
        })
    }

    /// The next name.
    pub(super) fn next(&self) -> HeaderValue {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let text = format!("{:016x}-{number:x}", self.process);
        // Hexadecimal digits are always a header's value.
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("0"))
    }
}
