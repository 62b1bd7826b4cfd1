//! Looks for all texts of a table at once: a few bytes at every fourth or eighth place tell which of them may stand there.

use std::collections::HashMap;
use std::ops::Range;

/// The texts, each known by some of its bytes for each way in which it can lie over the places that are looked at.
#[derive(Debug)]
pub(super) struct Sieve {
    /// The shorter ones, by four bytes from every fourth place on.
    short: Marks<STRIDE>,
    /// The others, by eight bytes from every eighth place on: hardly anything else has these, and they need half the looks.
    long: Marks<WIDE>,
    texts: Vec<Text>,
}

impl Sieve {
    /// One for these texts; `None` if one is too short for it.
    pub(super) fn new(texts: &[String]) -> Option<Self> {
        if texts.iter().any(|text| text.len() < SHORTEST) {
            return None;
        }
        // However such a text lies, it holds all of one stride.
        let is_long = |text: &[u8]| text.len() >= 2 * WIDE - 1;
        let all = || texts.iter().map(|text| text.as_bytes()).enumerate();
        Some(Self {
            short: Marks::of(all().filter(|(_, text)| !is_long(text)))?,
            long: Marks::of(all().filter(|(_, text)| is_long(text)))?,
            texts: all().map(|(_, text)| Text::of(text)).collect(),
        })
    }

    /// Calls `hit` with every text that is found, by its place in the table, and where it stands.
    pub(super) fn scan(&self, text: &str, hit: &mut dyn FnMut(usize, Range<usize>)) {
        let bytes = text.as_bytes();
        let (strides, rest) = bytes.as_chunks::<WIDE>();
        for (place, stride) in strides.iter().enumerate() {
            let read = low(*stride);
            let (first, second) = (self.short.list(read), self.short.list(read >> 32));
            let whole = self.long.list(read);
            if first | second | whole != NOWHERE {
                let at = place * WIDE;
                self.tell(&self.short, first, bytes, at, hit);
                self.tell(&self.short, second, bytes, at + STRIDE, hit);
                self.tell(&self.long, whole, bytes, at, hit);
            }
        }
        // Beyond its end a text goes on with nothing that any other has.
        let mut last = [0; WIDE];
        last[..rest.len()].copy_from_slice(rest);
        let (read, at) = (low(last), strides.len() * WIDE);
        self.tell(&self.short, self.short.list(read), bytes, at, hit);
        self.tell(&self.short, self.short.list(read >> 32), bytes, at + STRIDE, hit);
    }

    /// Those of a list that really stand where its bytes were seen.
    #[inline(always)]
    fn tell<const N: usize>(
        &self,
        marks: &Marks<N>,
        list: u16,
        bytes: &[u8],
        at: usize,
        hit: &mut dyn FnMut(usize, Range<usize>),
    ) {
        if list == NOWHERE {
            return;
        }
        for candidate in &marks.candidates[usize::from(list)..] {
            // Its last bytes are enough to refuse most, and one that begins before all is never there.
            let last = at.wrapping_add_signed(isize::from(candidate.last));
            let seen = bytes.get(last..).and_then(|rest| rest.first_chunk());
            if seen == Some(&candidate.ends_with) {
                let end = last + candidate.ends_with.len();
                let known = &self.texts[usize::from(candidate.text)];
                if known.ends_at(&bytes[..end]) {
                    hit(candidate.text.into(), end - known.bytes.len()..end);
                }
            }
            if candidate.is_final {
                return;
            }
        }
    }
}

/// A text that is looked for.
#[derive(Debug)]
struct Text {
    bytes: Box<[u8]>,
    /// Its last eight bytes in a register, and which of them it has.
    tail: u64,
    has: u64,
}

impl Text {
    fn of(text: &[u8]) -> Self {
        let tail = text.last_chunk().copied().unwrap_or_else(|| {
            let mut tail = [0; WIDE];
            tail[WIDE - text.len()..].copy_from_slice(text);
            tail
        });
        Self {
            bytes: text.into(),
            tail: u64::from_le_bytes(tail),
            has: u64::MAX << (8 * (WIDE - text.len().min(WIDE))),
        }
    }

    #[inline(always)]
    fn ends_at(&self, read: &[u8]) -> bool {
        match read.last_chunk() {
            Some(last) => {
                u64::from_le_bytes(*last) & self.has == self.tail
                    && (self.bytes.len() <= WIDE || read.ends_with(&self.bytes))
            }
            None => read.ends_with(&self.bytes),
        }
    }
}

/// By which bytes texts are known: so many, from every so manieth place on.
#[derive(Debug)]
struct Marks<const N: usize> {
    /// Where among the candidates those of a key begin.
    lists: Box<[u16; KEYS]>,
    candidates: Vec<Candidate>,
}

/// A text that may stand where these bytes are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Candidate {
    text: u16,
    /// Where its last two bytes are, seen from the place that is looked at.
    last: i16,
    ends_with: [u8; TAIL],
    /// Whether it is the last of its key's.
    is_final: bool,
}

impl<const N: usize> Marks<N> {
    fn of<'t>(texts: impl Iterator<Item = (usize, &'t [u8])> + Clone) -> Option<Self> {
        let mut counts: HashMap<Mark<N>, usize> = HashMap::new();
        for (_, text) in texts.clone() {
            for at in 0..text.len() as isize {
                *counts.entry(mark(text, at)).or_default() += 1;
            }
        }
        let mut found: HashMap<u16, Vec<Candidate>> = HashMap::new();
        for (place, text) in texts {
            let Some(ends_with) = text.last_chunk::<TAIL>() else {
                continue;
            };
            for lie in 0..N {
                let at = rarest(text, lie, &counts);
                let last = (text.len() - ends_with.len()) as isize - at;
                let candidate = Candidate {
                    text: u16::try_from(place).ok()?,
                    last: i16::try_from(last).ok()?,
                    ends_with: *ends_with,
                    is_final: false,
                };
                for key in keys(mark::<N>(text, at)) {
                    let list = found.entry(key).or_default();
                    if !list.contains(&candidate) {
                        list.push(candidate);
                    }
                }
            }
        }
        let mut marks = Self {
            lists: vec![NOWHERE; KEYS].into_boxed_slice().try_into().ok()?,
            candidates: vec![Candidate::default()],
        };
        let mut known = HashMap::new();
        for (key, mut list) in found {
            let next = marks.candidates.len();
            if let Some(end) = list.last_mut() {
                end.is_final = true;
            }
            let place = *known.entry(list.clone()).or_insert(next);
            if place == next {
                marks.candidates.extend(list);
            }
            marks.lists[usize::from(key)] = u16::try_from(place).ok()?;
        }
        Some(marks)
    }

    #[inline(always)]
    fn list(&self, low: u64) -> u16 {
        self.lists[usize::from(key::<N>(low))]
    }
}

/// Bytes of a text; `None` is any, beyond its ends.
type Mark<const N: usize> = [Option<u8>; N];

fn mark<const N: usize>(text: &[u8], first: isize) -> Mark<N> {
    std::array::from_fn(|at| text.get(usize::try_from(first + at as isize).ok()?).copied())
}

/// Where in a text, that lies so over the places that are looked at, those bytes are that are met least: in other texts, and
/// by their letters.
fn rarest<const N: usize>(text: &[u8], lie: usize, counts: &HashMap<Mark<N>, usize>) -> isize {
    let first = lie as isize - N as isize;
    let places = (first..text.len() as isize).step_by(N);
    let weight = |at: &isize| {
        let mark = mark::<N>(text, *at);
        let any = mark.iter().filter(|byte| byte.is_none()).count();
        let letters: usize = mark.iter().flatten().map(|byte| commonness(*byte)).sum();
        let count = counts.get(&mark).copied().unwrap_or(1);
        (any, letters + 4 * count.ilog2() as usize)
    };
    places.min_by_key(weight).unwrap_or(0)
}

/// The keys of all that these bytes may be.
fn keys<const N: usize>(mark: Mark<N>) -> impl Iterator<Item = u16> {
    let any = mark.iter().filter(|byte| byte.is_none()).count();
    (0..1_u32 << (5 * any)).map(move |mut rest| {
        let mut read = [0; WIDE];
        for (byte, read) in mark.iter().zip(&mut read) {
            *read = byte.unwrap_or_else(|| {
                let low = rest.to_le_bytes()[0] & LOW;
                rest >>= 5;
                low
            });
        }
        key::<N>(low(read))
    })
}

/// Of each byte its five lowest bits: they tell letters apart.
#[inline(always)]
fn low(stride: [u8; WIDE]) -> u64 {
    u64::from_le_bytes(stride) & u64::from_le_bytes([LOW; WIDE])
}

/// Those of so many bytes, mixed: to the upper end of a product comes what all eight have, to its middle what the first four.
#[inline(always)]
const fn key<const N: usize>(low: u64) -> u16 {
    let shift = if N == STRIDE { 16 } else { 48 };
    (low.wrapping_mul(FACTOR) >> shift) as u16
}

/// How common a letter is in English.
fn commonness(byte: u8) -> usize {
    let rank = LETTERS.iter().rev().position(|letter| *letter == byte);
    rank.map_or(0, |rank| rank / 2)
}

/// 4 bytes: with a look at every fourth place most texts hold four bytes of their own at one of them, however they lie.
const STRIDE: usize = 4;
/// 8 bytes, as many as a register has.
const WIDE: usize = 2 * STRIDE;
/// 3 bytes: a shorter text could be almost anywhere.
pub(super) const SHORTEST: usize = 3;
/// 2 bytes: one alone is that of many others.
const TAIL: usize = 2;
/// The place of no list; none begins there.
const NOWHERE: u16 = 0;
/// As many as a key of 16 bits can be.
const KEYS: usize = 1 << 16;
/// The five lowest bits of a byte.
const LOW: u8 = 31;
/// 2^64 divided by the golden ratio: it spreads what differs little.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
/// The most common letters of English first.
const LETTERS: &[u8] = b" etaoinsrhldcumfpgwybvkxjqz";

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
