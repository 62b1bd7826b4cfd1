//! Tables of short texts: a hash that is cheap for them, and is only ever given texts of our own to store.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A table whose keys are short texts of ours; a foreign text is only looked up, so that nobody can make it slow.
pub(super) type Table<K, V> = HashMap<K, V, BuildHasherDefault<Hash>>;

/// FNV-1a, eight bytes at a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Self(OFFSET)
    }
}

impl Hasher for Hash {
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.0 = (self.0 ^ u64::from_le_bytes(word)).wrapping_mul(PRIME);
            self.0 ^= self.0 >> 29;
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(PRIME);
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

/// Both are those of FNV-1a for 64 bits.
const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;
