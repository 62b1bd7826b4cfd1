//! Looks for bytes of a kind in whole strides, in a form that a compiler turns into a few instructions for all of a stride.
//!
//! What is asked of a byte is answered by a byte, 0 for no: answers that were truth values a compiler would join into
//! comparisons that it knows for one byte alone.

/// Whether it is that byte.
#[inline(always)]
pub(super) const fn is(byte: u8, meant: u8) -> u8 {
    (byte == meant) as u8
}

/// Whether it is one of these, which follow each other.
#[inline(always)]
pub(super) const fn is_within(byte: u8, first: u8, last: u8) -> u8 {
    (last - first + 1).saturating_sub(byte.wrapping_sub(first))
}

/// Whether it is one before that byte of ASCII, or beyond ASCII.
#[inline(always)]
pub(super) const fn is_no_ascii_from(byte: u8, first: u8) -> u8 {
    (byte.cast_signed() < first.cast_signed()) as u8
}

/// Where the first byte of the text is that is meant, among those for which the answer is not 0.
#[inline(always)]
pub(super) fn find(text: &[u8], may_be: impl Fn(u8) -> u8, is_meant: impl Fn(usize) -> bool) -> Option<usize> {
    let (strides, rest) = text.as_chunks::<STRIDE>();
    for (place, stride) in strides.iter().enumerate() {
        if let Some(at) = among(answers(stride, &may_be), place * STRIDE, &is_meant) {
            return Some(at);
        }
    }
    if rest.is_empty() {
        return None;
    }
    let mut last = [0; STRIDE];
    last[..rest.len()].copy_from_slice(rest);
    among(answers(&last, &may_be), text.len() - rest.len(), |at| {
        at < text.len() && is_meant(at)
    })
}

#[inline(always)]
fn among(answers: [u64; PARTS], begun: usize, is_meant: impl Fn(usize) -> bool) -> Option<usize> {
    if answers.iter().fold(0, |any, part| any | part) == 0 {
        return None;
    }
    for (place, mut part) in answers.into_iter().enumerate() {
        while part != 0 {
            let byte = part.trailing_zeros() / 8;
            let at = begun + place * 8 + byte as usize;
            if is_meant(at) {
                return Some(at);
            }
            part &= !(0xff << (byte * 8));
        }
    }
    None
}

/// Apart from what is done with them, which would only confuse a compiler.
#[inline(never)]
fn answers(stride: &[u8; STRIDE], may_be: impl Fn(u8) -> u8) -> [u64; PARTS] {
    let mut answers = [0_u8; STRIDE];
    for (answer, byte) in answers.iter_mut().zip(stride) {
        *answer = may_be(*byte);
    }
    let (parts, _) = answers.as_chunks::<8>();
    std::array::from_fn(|part| u64::from_le_bytes(parts[part]))
}

/// 32 bytes: enough for a compiler to see that it pays to use its widest registers, and not more than most searches need.
const STRIDE: usize = 32;
/// A stride in registers.
const PARTS: usize = STRIDE / 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_found_wherever_it_stands() {
        for length in 0..100 {
            let mut text = vec![b'a'; length];
            let first = |text: &[u8], from: usize| find(text, |byte| is(byte, b'x') | is(byte, 0), |at| at >= from);
            assert_eq!(first(&text, 0), None);
            for at in (0..length).rev() {
                text[at] = b'x';
                assert_eq!(first(&text, 0), Some(at));
                assert_eq!(first(&text, at + 1), (at + 1 < length).then_some(at + 1));
            }
            assert_eq!(first(&text, length), None);
        }
    }

    #[test]
    fn the_answers_are_those_of_every_byte() {
        for byte in 0..=u8::MAX {
            assert_eq!(
                is_within(byte, b'-', b'?') != 0,
                (b'-'..=b'?').contains(&byte),
                "{byte}"
            );
            assert_eq!(
                is_no_ascii_from(byte, b' ') != 0,
                byte < b' ' || !byte.is_ascii(),
                "{byte}"
            );
        }
    }
}
