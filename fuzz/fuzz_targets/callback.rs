//! The query of a redirect, or what a user pasted.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| evergrant_fuzz::callback(data));
