//! Looks for bytes of a kind in whole strides, in a form that a compiler turns into a few instructions for all of a stride.

/// Where the first byte of the text is for which that holds.
#[inline(always)]
pub(super) fn position(text: &[u8], is_meant: impl Fn(u8) -> bool) -> Option<usize> {
    let (strides, rest) = text.as_chunks::<STRIDE>();
    for (place, stride) in strides.iter().enumerate() {
        if let Some(at) = first(stride, &is_meant) {
            return Some(place * STRIDE + at);
        }
    }
    let mut last = [0; STRIDE];
    last[..rest.len()].copy_from_slice(rest);
    let at = first(&last, &is_meant).filter(|at| *at < rest.len())?;
    Some(text.len() - rest.len() + at)
}

/// Apart from what is done with its answer, which would only confuse a compiler.
#[inline(never)]
fn first(stride: &[u8; STRIDE], is_meant: impl Fn(u8) -> bool) -> Option<usize> {
    let mut seen = [0_u8; STRIDE];
    for (seen, byte) in seen.iter_mut().zip(stride) {
        *seen = u8::from(is_meant(*byte));
    }
    let parts = seen.as_chunks::<8>().0.iter().map(|part| u64::from_le_bytes(*part));
    let (place, part) = parts.enumerate().find(|(_, part)| *part != 0)?;
    Some(place * 8 + part.trailing_zeros() as usize / 8)
}

/// 64 bytes: enough for a compiler to see that it pays to use its widest registers.
const STRIDE: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_found_wherever_it_stands() {
        for length in 0..100 {
            let mut text = vec![b'a'; length];
            assert_eq!(position(&text, |byte| byte == b'x' || byte == 0), None);
            for at in (0..length).rev() {
                text[at] = b'x';
                assert_eq!(position(&text, |byte| byte == b'x' || byte == 0), Some(at));
            }
        }
    }
}
