//! Headers, fields and sentences that tell when to come back.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| evergrant_fuzz::retry_after(data));
