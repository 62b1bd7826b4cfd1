//! Looks for all texts of a table at once: four bytes at every fourth place tell which of them may stand there.

use std::collections::HashMap;
use std::ops::Range;

use wide::bytemuck::cast;
use wide::{i16x8, i32x4, u16x8};

use super::ordinary::ORDINARY;
use super::short::Table;

/// The texts, each known by some of its bytes for each way in which it can lie over the places that are looked at.
#[derive(Debug)]
pub(super) struct Sieve {
    /// Where among the candidates those of a key begin.
    lists: Box<[u16; KEYS]>,
    candidates: Box<[Candidate; CANDIDATES]>,
    texts: Vec<Box<[u8]>>,
}

/// A text that may stand where the bytes of a key are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Candidate {
    text: u16,
    /// Where two more of its bytes are, seen from the place that is looked at.
    probe: i16,
    probed: [u8; PROBED],
    /// How many bytes it has before these.
    before: u8,
    /// Whether it is the last of its key's.
    is_final: bool,
}

impl Sieve {
    /// One for these texts; `None` if one is too short for it, or there are too many.
    pub(super) fn new(texts: &[String]) -> Option<Self> {
        if texts.iter().any(|text| text.len() < SHORTEST) {
            return None;
        }
        let texts: Vec<Box<[u8]>> = texts.iter().map(|text| text.as_bytes().into()).collect();
        let chances = Chances::of(&texts);
        let mut found: HashMap<u16, Vec<Candidate>> = HashMap::new();
        for (place, text) in texts.iter().enumerate() {
            for lie in 0..KNOWN {
                let at = rarest(text, lie, &chances);
                let candidate = Candidate::of(u16::try_from(place).ok()?, text, at)?;
                for key in keys(mark(text, at)) {
                    let list = found.entry(key).or_default();
                    if !list.contains(&candidate) {
                        list.push(candidate);
                    }
                }
            }
        }
        let mut sieve = Self {
            lists: vec![NOWHERE; KEYS].into_boxed_slice().try_into().ok()?,
            candidates: vec![Candidate::default(); CANDIDATES]
                .into_boxed_slice()
                .try_into()
                .ok()?,
            texts,
        };
        let mut known = HashMap::new();
        let mut next = usize::from(NOWHERE) + 1;
        for (key, mut list) in found {
            if let Some(end) = list.last_mut() {
                end.is_final = true;
            }
            let place = *known.entry(list.clone()).or_insert(next);
            if place == next {
                next += list.len();
                sieve.candidates.get_mut(place..next)?.copy_from_slice(&list);
            }
            sieve.lists[usize::from(key)] = u16::try_from(place).ok()?;
        }
        Some(sieve)
    }

    /// Calls `hit` with every text that is found, by its place in the table, and where it stands.
    pub(super) fn scan(&self, text: &str, hit: &mut dyn FnMut(usize, Range<usize>)) {
        let bytes = text.as_bytes();
        let mut scan = Scan {
            sieve: self,
            bytes,
            hit,
        };
        let (strides, rest) = bytes.as_chunks();
        for (place, stride) in strides.iter().enumerate() {
            scan.look(stride, place * STRIDE);
        }
        scan.look_at_rest(rest);
    }
}

impl Candidate {
    /// A text that is known by the bytes at that place of it.
    fn of(place: u16, text: &[u8], at: isize) -> Option<Self> {
        // What is near the bytes that were seen often is what goes with them: the farther end tells more.
        let last = u8::try_from(text.len() - PROBED).unwrap_or(0);
        let middle = at + 1;
        let before = if middle < isize::from(last) - middle { last } else { 0 };
        Some(Self {
            text: place,
            probe: i16::try_from(isize::from(before) - at).ok()?,
            probed: *text[before.into()..].first_chunk()?,
            before,
            is_final: false,
        })
    }
}

/// A text that is looked through.
struct Scan<'s, 'h> {
    sieve: &'s Sieve,
    bytes: &'s [u8],
    hit: &'h mut dyn FnMut(usize, Range<usize>),
}

impl Scan<'_, '_> {
    #[inline(always)]
    fn look(&mut self, stride: &[u8; STRIDE], at: usize) {
        let lists = all_keys(stride).map(|key| self.sieve.lists[usize::from(key)]);
        if lists[0] | lists[1] | lists[2] | lists[3] == NOWHERE {
            return;
        }
        for (place, list) in lists.into_iter().enumerate() {
            if list != NOWHERE {
                self.tell(list, at + place * KNOWN);
            }
        }
    }

    #[inline(never)]
    fn look_at_rest(&mut self, rest: &[u8]) {
        // Beyond its end a text goes on with nothing that any other has.
        let mut last = [0; STRIDE];
        last[..rest.len()].copy_from_slice(rest);
        self.look(&last, self.bytes.len() - rest.len());
    }

    /// Those of a list that really stand where their bytes were seen.
    #[inline(always)]
    fn tell(&mut self, list: u16, at: usize) {
        let ([firsts @ .., _], [_, seconds @ ..]) = (self.bytes, self.bytes) else {
            return;
        };
        let mut place = usize::from(list) % CANDIDATES;
        loop {
            let candidate = &self.sieve.candidates[place];
            // Two bytes are enough to refuse most, and what is before all is nowhere.
            let probe = at.wrapping_add_signed(isize::from(candidate.probe));
            if probe < firsts.len() && [firsts[probe], seconds[probe]] == candidate.probed {
                self.confirm(candidate.text.into(), probe, candidate.before);
            }
            if candidate.is_final {
                return;
            }
            place = (place + 1) % CANDIDATES;
        }
    }

    /// Tells of a text if it has so many bytes before that place, and all of them are there. Kept apart: what it needs would be
    /// taken from the registers of those who look.
    #[inline(never)]
    fn confirm(&mut self, text: usize, probe: usize, before: u8) {
        let meant = &*self.sieve.texts[text];
        let within = |start: usize| Some(start..start + meant.len());
        if let Some(within) = probe.checked_sub(before.into()).and_then(within)
            && let Some(read) = self.bytes.get(within.clone())
            && is_same(meant, read)
        {
            (self.hit)(text, within);
        }
    }
}

/// Whether two texts of one length are the same; most are too short to be worth a call.
#[inline(always)]
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let (Some(last), Some(other_last)) = (one.last_chunk(), other.last_chunk()) else {
        return one.iter().zip(other).all(|(one, other)| one == other);
    };
    let ((words, _), (other_words, _)) = (one.as_chunks(), other.as_chunks());
    let is_same = |one: &[u8; WORD], other: &[u8; WORD]| u64::from_ne_bytes(*one) == u64::from_ne_bytes(*other);
    is_same(last, other_last) && words.iter().zip(other_words).all(|(one, other)| is_same(one, other))
}

/// How likely bytes are, by how often the texts themselves and ordinary sentences have them in that order.
struct Chances<'t>(Table<&'t [u8], u32>);

impl<'t> Chances<'t> {
    fn of(texts: &'t [Box<[u8]>]) -> Self {
        let mut counts: Table<&[u8], u32> = Table::default();
        let ordinary = ORDINARY.iter().map(|text| (text.as_bytes(), ORDINARY_WEIGHT));
        for (text, weight) in texts.iter().map(|text| (&**text, 1)).chain(ordinary) {
            for first in 0..=text.len() {
                for end in first..=text.len().min(first + KNOWN) {
                    *counts.entry(&text[first..end]).or_default() += weight;
                }
            }
        }
        Self(counts)
    }

    fn of_all(&self, bytes: &[u8]) -> f64 {
        (1..=bytes.len()).map(|end| self.of_last(&bytes[..end])).product()
    }

    /// How likely the last of these is after the others; what was seen seldom is corrected by what is known of fewer of them.
    fn of_last(&self, bytes: &[u8]) -> f64 {
        let [before @ .., _] = bytes else {
            return EVEN_CHANCE;
        };
        let count = |bytes: &[u8]| f64::from(self.0.get(bytes).copied().unwrap_or(0));
        (count(bytes) + SELDOM * self.of_last(&bytes[1..])) / (count(before) + SELDOM)
    }
}

/// Bytes of a text; `None` is any, beyond its ends.
type Mark = [Option<u8>; KNOWN];

fn mark(text: &[u8], first: isize) -> Mark {
    std::array::from_fn(|at| text.get(usize::try_from(first + at as isize).ok()?).copied())
}

/// Where in a text, that lies so over the places that are looked at, those bytes are that are met least: all four if
/// possible, and the least likely.
fn rarest(text: &[u8], lie: usize, chances: &Chances<'_>) -> isize {
    let weight = |at: isize| {
        let end = text.len().min(at.saturating_add_unsigned(KNOWN).unsigned_abs());
        let known = &text[usize::try_from(at).unwrap_or(0)..end];
        (KNOWN - known.len()) as f64 + chances.of_all(known)
    };
    let first = lie as isize - KNOWN as isize;
    let places = (first..text.len() as isize).step_by(KNOWN);
    let weighed = places.map(|at| (at, weight(at)));
    let least = weighed.min_by(|(_, one), (_, other)| one.total_cmp(other));
    least.map_or(0, |(at, _)| at)
}

/// The keys of all that these bytes may be.
fn keys(mark: Mark) -> impl Iterator<Item = u16> {
    let any = mark.iter().filter(|byte| byte.is_none()).count();
    (0..1_u32 << (5 * any)).map(move |mut rest| {
        let mut read = [0; STRIDE];
        for (byte, read) in mark.iter().zip(&mut read) {
            *read = byte.unwrap_or_else(|| {
                let low = rest.to_le_bytes()[0] & LOW;
                rest >>= 5;
                low
            });
        }
        all_keys(&read)[0]
    })
}

/// The keys of a stride, one for each four of its bytes: of each byte its five lowest bits, which tell letters apart, and of
/// two bytes the ten mixed to eight. So two bytes that are known keep all but 256 keys out, whatever the other two are.
#[inline(always)]
fn all_keys(stride: &[u8; STRIDE]) -> [u16; STRIDE / KNOWN] {
    let low: u16x8 = cast::<[u8; STRIDE], u16x8>(*stride) & cast::<[u8; STRIDE], u16x8>([LOW; STRIDE]);
    let mixed: u16x8 = (low * u16x8::splat(FACTOR)) >> 8;
    let joined: i32x4 = cast::<u16x8, i16x8>(mixed).dot(i16x8::new([1, 256, 1, 256, 1, 256, 1, 256]));
    let halves: [u16; 8] = cast(joined);
    [halves[0], halves[2], halves[4], halves[6]]
}

/// 4 bytes: with a look at every fourth place most texts hold four bytes of their own at one of them, however they lie.
const KNOWN: usize = 4;
/// 16 bytes: every processor of the larger kinds has registers for as many.
const STRIDE: usize = 16;
/// 8 bytes, as many as a plain register has.
const WORD: usize = 8;
/// 3 bytes: a shorter text could be almost anywhere.
pub(super) const SHORTEST: usize = 3;
/// 2 bytes: one alone is that of many others.
const PROBED: usize = 2;
/// The place of no list; none begins there.
const NOWHERE: u16 = 0;
/// 4,096 candidates: half as many again as the largest table has. With a power of two no place is out of bounds.
const CANDIDATES: usize = 4_096;
/// As many as a key of 16 bits can be.
const KEYS: usize = 1 << 16;
/// The five lowest bits of a byte.
const LOW: u8 = 31;
/// Of 260 odd numbers that with which the fewest words of captured errors are taken for others.
const FACTOR: u16 = 0x27bd;
/// One of all bytes.
const EVEN_CHANCE: f64 = 1.0 / 256.0;
/// 4 times: what was seen less often tells less than what is known of fewer bytes.
const SELDOM: f64 = 4.0;
/// 4 times: there are fewer ordinary sentences than texts, but of what is looked through they are the larger part.
const ORDINARY_WEIGHT: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_found_once_wherever_it_stands() {
        let texts: Vec<String> = ["abc", "abcd", "bca", "a b c", "longer text", "text"]
            .map(str::to_owned)
            .into();
        let sieve = Sieve::new(&texts).unwrap();
        assert!(Sieve::new(&["ab".to_owned()]).is_none());
        check(&sieve, &texts);
        let many = (0..80).map(|n| format!("text number {n} of many"));
        let texts: Vec<String> = texts.into_iter().chain(many).collect();
        check(&Sieve::new(&texts).unwrap(), &texts);
    }

    #[track_caller]
    fn check(sieve: &Sieve, texts: &[String]) {
        for length in 0..40 {
            for text in texts {
                for at in 0..=length {
                    let whole = format!("{}{text}{}", "x".repeat(at), "y".repeat(length - at));
                    let mut found = Vec::new();
                    sieve.scan(&whole, &mut |which, within| {
                        found.push((texts[which].as_str(), within.start))
                    });
                    found.sort_unstable();
                    let mut expected: Vec<_> = texts
                        .iter()
                        .flat_map(|one| whole.match_indices(one.as_str()).map(|(at, _)| (one.as_str(), at)))
                        .collect();
                    expected.sort_unstable();
                    assert_eq!(found, expected, "{whole}");
                }
            }
        }
    }
}
