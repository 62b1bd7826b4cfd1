//! An event stream, in any pieces and cut anywhere.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| evergrant_fuzz::stream(data));
