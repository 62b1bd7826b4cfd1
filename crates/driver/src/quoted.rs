//! Finds where the inside of a JSON string has to be looked at, eight bytes at a time: most strings are over before a wider
//! search has begun.

/// How many bytes at the beginning stand for nothing but themselves: up to the first quotation mark, backslash or control
/// character (RFC 8259 section 7).
pub(crate) fn literal_length(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let marks = marks(u64::from_le_bytes(*word));
        if marks != 0 {
            return at * 8 + marks.trailing_zeros() as usize / 8;
        }
    }
    let literal = rest.iter().take_while(|byte| !is_mark(**byte)).count();
    words.len() * 8 + literal
}

const fn is_mark(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..=0x1f)
}

/// The highest bit of every byte that is a mark; above the first of them it may stand for one that is none.
const fn marks(word: u64) -> u64 {
    // A byte from which more is taken than it has gets that bit; one that has had it before is no mark.
    let quotes = (word ^ (ONES * b'"' as u64)).wrapping_sub(ONES);
    let backslashes = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    let controls = word.wrapping_sub(ONES * 0x20);
    (quotes | backslashes | controls) & !word & (ONES * 0x80)
}

/// A one in every byte.
const ONES: u64 = u64::MAX / 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_mark_is_found_wherever_it_stands() {
        for filler in [b'a', b' ', b'!', b'#', b'[', b']', 0x7f, 0x80, 0xa2, 0xdc, 0xff] {
            for length in 0..40 {
                assert_eq!(literal_length(&vec![filler; length]), length, "{filler:#x}");
                for mark in (0..0x20).chain([b'"', b'\\']) {
                    let mut text = vec![filler; length];
                    text.push(mark);
                    text.extend([b'"', filler, filler, filler, filler, filler, filler, filler, filler]);
                    assert_eq!(literal_length(&text), length, "{mark:#x} after {length} of {filler:#x}");
                }
            }
        }
    }
}
