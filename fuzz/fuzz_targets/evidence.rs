//! Any answer at all, read and classified on every channel.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| evergrant_fuzz::evidence(data));
