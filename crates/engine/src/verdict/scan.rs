//! Looks for all texts of a table at once, in one pass.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

/// The texts, as a machine that takes a byte a step (Aho and Corasick, 1975).
#[derive(Debug)]
pub(super) struct Scanner {
    /// What a byte is to the machine; all that no text has are the same.
    classes: [u8; 256],
    /// For each state and class the next state; states are counted in steps of [`WIDTH`], so that one addition finds a step.
    steps: Vec<u32>,
    /// How much of a text each state holds.
    held: Vec<u16>,
    /// In this state and all after it texts end.
    first_end: u32,
    /// Which texts end in these states, and how long they are.
    ends: Vec<Vec<(usize, usize)>>,
}

impl Scanner {
    /// One for these texts; `None` if they are too many for a machine.
    pub(super) fn new(texts: &[String]) -> Option<Self> {
        let is_sound = texts.iter().all(|text| !text.is_empty());
        is_sound.then(|| Trie::of(texts).machine())?
    }

    /// Calls `hit` with every text that is found, by its place in the table, and where it stands; perhaps more than once.
    pub(super) fn scan(&self, text: &str, hit: &mut dyn FnMut(usize, Range<usize>)) {
        let bytes = text.as_bytes();
        let step = bytes.len() / LANES;
        let [first, second, third, fourth]: [&[u8]; LANES] =
            std::array::from_fn(|lane| &bytes[lane * step..(lane + 1) * step]);
        let mut states = [0_u32; LANES];
        // Each step waits for the one before it, so that a processor has room for several walks beside each other.
        for (at, (((first, second), third), fourth)) in first.iter().zip(second).zip(third).zip(fourth).enumerate() {
            let read = [*first, *second, *third, *fourth];
            states = std::array::from_fn(|lane| self.next(states[lane], read[lane]));
            if states.iter().any(|state| *state >= self.first_end) {
                for (lane, state) in states.iter().enumerate().filter(|(_, state)| **state >= self.first_end) {
                    self.tell(*state, lane * step + at + 1, hit);
                }
            }
        }
        for (lane, mut state) in states.into_iter().enumerate() {
            let end = (lane + 1) * step;
            for (past, byte) in bytes[end..].iter().enumerate() {
                // What is held began where the next walk did, or later: that one finds it.
                if lane + 1 < LANES && self.holds(state) <= past {
                    break;
                }
                state = self.next(state, *byte);
                if state >= self.first_end {
                    self.tell(state, end + past + 1, hit);
                }
            }
        }
    }

    #[inline(always)]
    fn next(&self, state: u32, byte: u8) -> u32 {
        self.steps[state as usize + usize::from(self.classes[usize::from(byte)])]
    }

    fn holds(&self, state: u32) -> usize {
        usize::from(self.held[state as usize / WIDTH])
    }

    #[cold]
    #[inline(never)]
    fn tell(&self, state: u32, end: usize, hit: &mut dyn FnMut(usize, Range<usize>)) {
        for (found, length) in &self.ends[(state - self.first_end) as usize / WIDTH] {
            hit(*found, end - length..end);
        }
    }
}

/// The texts as a tree of their beginnings.
struct Trie {
    classes: [u8; 256],
    /// The children of each node by the class of the next byte, the root first.
    children: Vec<HashMap<u8, usize>>,
    held: Vec<u16>,
    ends: Vec<Vec<(usize, usize)>>,
}

impl Trie {
    fn of(texts: &[String]) -> Self {
        let mut trie = Self {
            classes: classes(texts),
            children: vec![HashMap::new()],
            held: vec![0],
            ends: vec![Vec::new()],
        };
        for (place, text) in texts.iter().enumerate() {
            let mut node = 0;
            for byte in text.bytes() {
                node = trie.child(node, trie.classes[usize::from(byte)]);
            }
            trie.ends[node].push((place, text.len()));
        }
        trie
    }

    fn child(&mut self, node: usize, class: u8) -> usize {
        let next = self.children.len();
        let child = *self.children[node].entry(class).or_insert(next);
        if child == next {
            self.children.push(HashMap::new());
            self.held.push(self.held[node].saturating_add(1));
            self.ends.push(Vec::new());
        }
        child
    }

    /// The machine: from every node there is a step for every byte, to the longest beginning that is held then.
    fn machine(mut self) -> Option<Scanner> {
        if self.classes.iter().any(|class| usize::from(*class) >= WIDTH) {
            return None;
        }
        let count = self.children.len();
        let mut steps = vec![0_usize; count * WIDTH];
        // Where the longest other beginning stands that each node ends with.
        let mut shorter = vec![0; count];
        let mut order = Vec::with_capacity(count);
        let mut queue = VecDeque::from([0]);
        while let Some(node) = queue.pop_front() {
            order.push(node);
            if node != 0 {
                let row = shorter[node] * WIDTH..(shorter[node] + 1) * WIDTH;
                steps.copy_within(row, node * WIDTH);
            }
            for (class, child) in std::mem::take(&mut self.children[node]) {
                let at = node * WIDTH + usize::from(class);
                shorter[child] = steps[at];
                steps[at] = child;
                let inherited = self.ends[shorter[child]].clone();
                self.ends[child].extend(inherited);
                queue.push_back(child);
            }
        }
        // Those near the root are met most and stand beside each other; those in which texts end come last.
        order.sort_by_key(|node| !self.ends[*node].is_empty());
        let mut renamed = vec![0_u32; count];
        for (name, node) in order.iter().enumerate() {
            renamed[*node] = u32::try_from(name * WIDTH).ok()?;
        }
        let quiet = order.iter().filter(|node| self.ends[**node].is_empty()).count();
        let row = |node: &usize| &steps[*node * WIDTH..(*node + 1) * WIDTH];
        Some(Scanner {
            classes: self.classes,
            steps: order.iter().flat_map(row).map(|node| renamed[*node]).collect(),
            held: order.iter().map(|node| self.held[*node]).collect(),
            first_end: u32::try_from(quiet * WIDTH).ok()?,
            ends: order[quiet..].iter().map(|node| self.ends[*node].clone()).collect(),
        })
    }
}

/// A class for each byte that a text has, the letters' next to each other; 0 for all others.
fn classes(texts: &[String]) -> [u8; 256] {
    let mut classes = [0; 256];
    let mut count = 0;
    let letters_first = (b' '..=b' ').chain(b'a'..=b'z').chain(0..=255);
    for byte in letters_first {
        let is_used = texts.iter().any(|text| text.as_bytes().contains(&byte));
        if is_used && classes[usize::from(byte)] == 0 {
            count += 1;
            classes[usize::from(byte)] = count;
        }
    }
    classes
}

/// 128 classes: all of ASCII that is not upper case, and the bytes of some thirty other letters.
const WIDTH: usize = 128;
/// 4 walks: more need more registers than there are.
const LANES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_found_wherever_it_stands() {
        let texts: Vec<String> = ["ab", "abc", "bca", "longer text"].map(str::to_owned).into();
        let scanner = Scanner::new(&texts).unwrap();
        assert!(Scanner::new(&[]).is_none_or(|none| {
            (0..40).for_each(|length| none.scan(&"x".repeat(length), &mut |_, _| ()));
            true
        }));
        for length in 0..150 {
            for text in &texts {
                for at in [0, length / 3, length / 2, length] {
                    let whole = format!("{}{text}{}", "x".repeat(at), "y".repeat(length - at));
                    let mut found = Vec::new();
                    scanner.scan(&whole, &mut |which, within| {
                        found.push((texts[which].as_str(), within.start))
                    });
                    found.sort_unstable();
                    found.dedup();
                    let expected: Vec<_> = {
                        let mut all: Vec<_> = texts
                            .iter()
                            .flat_map(|one| whole.match_indices(one.as_str()).map(|(at, _)| (one.as_str(), at)))
                            .collect();
                        all.sort_unstable();
                        all
                    };
                    assert_eq!(found, expected, "{whole}");
                }
            }
        }
    }
}
