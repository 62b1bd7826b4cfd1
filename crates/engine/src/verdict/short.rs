//! Tables of short texts: a hash that is cheap for them, and is only ever given texts of our own to store.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A table whose keys are short texts of ours; a foreign text is only looked up, so that nobody can make it slow.
pub(super) type Table<K, V> = HashMap<K, V, BuildHasherDefault<Hash>>;

/// Whole texts of ours, of any length: most foreign ones are refused without a hash.
#[derive(Debug)]
pub(super) struct Texts<V> {
    /// For each length the first bytes of the texts that have it, a bit each; two bytes may share one.
    begin: [u64; LENGTHS],
    table: Table<String, V>,
}

impl<V> Default for Texts<V> {
    fn default() -> Self {
        Self {
            begin: [0; LENGTHS],
            table: Table::default(),
        }
    }
}

impl<V: Default> Texts<V> {
    /// What belongs to a text, made if there is nothing yet.
    pub(super) fn entry(&mut self, text: &str) -> &mut V {
        self.begin[text.len() % LENGTHS] |= bit_of(text);
        self.table.entry(text.to_owned()).or_default()
    }

    /// What belongs to that text, if it is one of these.
    pub(super) fn get(&self, text: &str) -> Option<&V> {
        let may_be = self.begin[text.len() % LENGTHS] & bit_of(text) != 0;
        may_be.then(|| self.table.get(text))?
    }
}

fn bit_of(text: &str) -> u64 {
    text.as_bytes().first().map_or(1, |first| 1 << (first % 64))
}

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
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        // What is left, with what is before it where that is simpler.
        let left = match (bytes.last_chunk::<8>(), rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
            _ if rest.is_empty() => return,
            (Some(last), ..) => u64::from_le_bytes(*last),
            (None, Some(first), Some(last)) => {
                u64::from(u32::from_le_bytes(*first)) | (u64::from(u32::from_le_bytes(*last)) << 32)
            }
            (None, ..) => rest.iter().fold(0, |left, byte| (left << 8) | u64::from(*byte)),
        };
        self.mix(left);
    }

    fn write_u8(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(PRIME);
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

impl Hash {
    fn mix(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(PRIME);
        self.0 ^= self.0 >> 29;
    }
}

/// 64 lengths: few codes are longer, and share with others.
const LENGTHS: usize = 64;
/// Both are those of FNV-1a for 64 bits.
const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;
