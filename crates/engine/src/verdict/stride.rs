//! Looks for bytes of a kind in whole strides, which registers hold.

use wide::bytemuck::cast;
use wide::i8x16;

/// Some bytes of a text, each as a number with a sign, below 0 beyond ASCII; or an answer for each, all of its bits set or none.
pub(super) type Lanes = i8x16;

/// Whether they are that byte of ASCII.
#[inline(always)]
pub(super) fn is(bytes: Lanes, meant: u8) -> Lanes {
    bytes.simd_eq(every(meant))
}

/// Whether they are one of these of ASCII, which follow each other.
#[inline(always)]
pub(super) fn is_within(bytes: Lanes, first: u8, last: u8) -> Lanes {
    bytes.simd_gt(every(first - 1)) & bytes.simd_lt(every(last + 1))
}

/// Whether they are one before that byte of ASCII, or beyond ASCII.
#[inline(always)]
pub(super) fn is_no_ascii_from(bytes: Lanes, first: u8) -> Lanes {
    bytes.simd_lt(every(first))
}

/// A letter of ASCII as a small one; what else it is then is another byte.
#[inline(always)]
pub(super) fn small(bytes: Lanes) -> Lanes {
    bytes | every(0x20)
}

#[inline(always)]
fn every(byte: u8) -> Lanes {
    Lanes::splat(byte.cast_signed())
}

/// Where the first byte of a stride is for which the answer is yes.
#[inline(always)]
pub(super) fn first(stride: &[u8; STRIDE], is_meant: impl Fn(Lanes) -> Lanes) -> Option<usize> {
    match answers(stride, is_meant) {
        0 => None,
        answers => Some(answers.trailing_zeros() as usize),
    }
}

/// The same for half of a stride.
#[inline(always)]
pub(super) fn first_of_half(half: &[u8; HALF], is_meant: impl Fn(Lanes) -> Lanes) -> Option<usize> {
    match bits(half, is_meant) {
        0 => None,
        answers => Some(answers.trailing_zeros() as usize),
    }
}

/// Where the last byte of at most a stride is for which the answer is yes.
#[inline(always)]
pub(super) fn last(text: &[u8], is_meant: impl Fn(Lanes) -> Lanes) -> Option<usize> {
    answers_of_end(text, is_meant).checked_ilog2().map(|at| at as usize)
}

/// Where the first byte of the text is that is meant, among those for which the answer is yes.
#[inline(always)]
pub(super) fn find(text: &[u8], may_be: impl Fn(Lanes) -> Lanes, is_meant: impl Fn(usize) -> bool) -> Option<usize> {
    let (strides, rest) = text.as_chunks::<STRIDE>();
    for (place, stride) in strides.iter().enumerate() {
        if let Some(at) = among(answers(stride, &may_be), place * STRIDE, &is_meant) {
            return Some(at);
        }
    }
    if rest.is_empty() {
        return None;
    }
    let last = text.len().saturating_sub(STRIDE);
    among(answers_of_end(text, may_be), last, is_meant)
}

/// A bit for each of the last bytes for which the answer is yes; those that were looked at before stay what they were.
#[inline(always)]
fn answers_of_end(text: &[u8], may_be: impl Fn(Lanes) -> Lanes) -> u32 {
    if let Some(stride) = text.last_chunk() {
        return answers(stride, may_be);
    }
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        return bits(first, &may_be) | bits(last, may_be) << (text.len() - HALF);
    }
    let mut half = [0; HALF];
    half[..text.len()].copy_from_slice(text);
    bits(&half, may_be) & !(u32::MAX << text.len())
}

#[inline(always)]
fn among(mut answers: u32, begun: usize, is_meant: impl Fn(usize) -> bool) -> Option<usize> {
    while answers != 0 {
        let at = begun + answers.trailing_zeros() as usize;
        if is_meant(at) {
            return Some(at);
        }
        answers &= answers - 1;
    }
    None
}

/// A bit for each byte for which the answer is yes, the first one's the lowest.
#[inline(always)]
fn answers(stride: &[u8; STRIDE], may_be: impl Fn(Lanes) -> Lanes) -> u32 {
    let (halves, _) = stride.as_chunks();
    bits(&halves[0], &may_be) | bits(&halves[1], &may_be) << HALF
}

#[inline(always)]
fn bits(half: &[u8; HALF], may_be: impl Fn(Lanes) -> Lanes) -> u32 {
    may_be(cast::<[u8; HALF], Lanes>(*half)).to_bitmask()
}

/// 32 bytes, two registers: more than that is seldom left to look at.
const STRIDE: usize = 2 * HALF;
/// 16 bytes: every processor of the larger kinds has registers for as many.
const HALF: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_found_wherever_it_stands() {
        for length in 0..100 {
            let mut text = vec![b'a'; length];
            let first = |text: &[u8], from: usize| find(text, |bytes| is(bytes, b'x') | is(bytes, 0), |at| at >= from);
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
            let is_it = |answer: Lanes| answer.to_bitmask() == u32::from(u16::MAX);
            let bytes = every(byte);
            assert_eq!(
                is_it(is_within(bytes, b'-', b'?')),
                (b'-'..=b'?').contains(&byte),
                "{byte}"
            );
            let is_before = byte < b' ' || !byte.is_ascii();
            assert_eq!(is_it(is_no_ascii_from(bytes, b' ')), is_before, "{byte}");
        }
    }
}
