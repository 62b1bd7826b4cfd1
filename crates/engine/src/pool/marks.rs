//! A set of places that knows how many of them come before a place, and which is the nth.

use std::ops::Range;

/// A set of places below a fixed length: one bit a place, and sums over words of bits in a tree (Fenwick), so that every
/// question about thousands of places takes a few steps.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    words: Vec<u64>,
    /// At `i`, how many are marked in the words from `i & (i + 1)` to `i`.
    sums: Vec<u32>,
    count: usize,
    length: usize,
}

impl Marks {
    /// No place of so many.
    pub(super) fn new(length: usize) -> Self {
        let words = length.div_ceil(WORD);
        Self {
            words: vec![0; words],
            sums: vec![0; words],
            count: 0,
            length,
        }
    }

    /// Whether the place is marked.
    pub(super) fn has(&self, place: usize) -> bool {
        let word = self.words.get(place / WORD);
        word.is_some_and(|word| word & bit(place) != 0)
    }

    /// Marks a place, or takes its mark away.
    pub(super) fn set(&mut self, place: usize, marked: bool) {
        let at = place / WORD;
        let Some(word) = self.words.get_mut(at) else { return };
        if (*word & bit(place) != 0) == marked {
            return;
        }
        *word ^= bit(place);
        self.count = if marked { self.count + 1 } else { self.count - 1 };
        let mut node = at;
        while let Some(sum) = self.sums.get_mut(node) {
            *sum = if marked { *sum + 1 } else { *sum - 1 };
            node |= node + 1;
        }
    }

    /// How many places of that range are marked.
    pub(super) fn count_in(&self, range: &Range<usize>) -> usize {
        if range.start == 0 && range.end >= self.length {
            return self.count;
        }
        self.before(range.end).saturating_sub(self.before(range.start))
    }

    /// The first marked place of that range.
    pub(super) fn first_in(&self, range: &Range<usize>) -> Option<usize> {
        let at = range.start / WORD;
        let rest = self.words.get(at)? & (u64::MAX << (range.start % WORD));
        let found = if rest == 0 {
            self.nth(self.before((at + 1) * WORD))?
        } else {
            at * WORD + rest.trailing_zeros() as usize
        };
        (found < range.end).then_some(found)
    }

    /// The nth marked place of that range, counted from 0.
    pub(super) fn nth_in(&self, range: &Range<usize>, nth: usize) -> Option<usize> {
        let found = self.nth(self.before(range.start) + nth)?;
        (found < range.end).then_some(found)
    }

    /// How many places before this one are marked.
    fn before(&self, place: usize) -> usize {
        let at = place / WORD;
        let mut total = self
            .words
            .get(at)
            .map_or(0, |word| word & (bit(place) - 1))
            .count_ones();
        let mut node = at.min(self.words.len());
        while node > 0 {
            total += self.sums.get(node - 1).copied().unwrap_or(0);
            node &= node - 1;
        }
        total as usize
    }

    /// The nth marked place of all.
    fn nth(&self, nth: usize) -> Option<usize> {
        if nth >= self.count {
            return None;
        }
        let mut left = u32::try_from(nth).ok()?;
        let (mut at, mut stride) = (0, self.words.len().next_power_of_two());
        while stride > 0 {
            match self.sums.get(at + stride - 1) {
                Some(sum) if *sum <= left => {
                    left -= sum;
                    at += stride;
                }
                Some(_) | None => {}
            }
            stride /= 2;
        }
        let mut word = *self.words.get(at)?;
        for _ in 0..left {
            word &= word - 1;
        }
        Some(at * WORD + word.trailing_zeros() as usize)
    }
}

const fn bit(place: usize) -> u64 {
    1 << (place % WORD)
}

/// The bits of a word.
const WORD: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_is_answered_as_by_counting() {
        for length in [1, 2, 63, 64, 65, 200, 1_000, 4_097] {
            let mut marks = Marks::new(length);
            let mut plain = vec![false; length];
            let mut entropy = 7_u64;
            for _ in 0..3 * length {
                entropy = entropy.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let place = usize::try_from(entropy >> 33).unwrap() % length;
                plain[place] = entropy & (1 << 20) != 0;
                marks.set(place, plain[place]);
            }
            let marked: Vec<usize> = (0..length).filter(|place| plain[*place]).collect();
            for start in [0, 1, length / 3, length - 1] {
                for end in [length / 2, length - 1, length] {
                    let range = start..end.max(start);
                    let inside: Vec<usize> = marked.iter().copied().filter(|place| range.contains(place)).collect();
                    assert_eq!(marks.count_in(&range), inside.len(), "{length} {range:?}");
                    assert_eq!(marks.first_in(&range), inside.first().copied(), "{length} {range:?}");
                    for nth in [0, 1, inside.len() / 2, inside.len().saturating_sub(1), inside.len()] {
                        assert_eq!(
                            marks.nth_in(&range, nth),
                            inside.get(nth).copied(),
                            "{length} {range:?} {nth}"
                        );
                    }
                }
            }
            assert!((0..length).all(|place| marks.has(place) == plain[place]));
            assert!(!marks.has(length + 64) && marks.first_in(&(length + 64..length + 70)).is_none());
        }
    }
}
