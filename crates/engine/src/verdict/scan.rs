//! Looks for all texts of a table at once, in one pass over a field.

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::dfa::DFA;
use aho_corasick::{Anchored, MatchKind};

/// The texts, as a machine that takes a byte a step.
#[derive(Debug)]
pub(super) struct Scanner {
    machine: DFA,
    start: StateID,
    longest: usize,
}

impl Scanner {
    /// One for these texts; `None` if they are too many for a machine.
    pub(super) fn new(texts: &[String]) -> Option<Self> {
        let machine = DFA::builder()
            .match_kind(MatchKind::Standard)
            .prefilter(false)
            .build(texts)
            .ok()?;
        Some(Self {
            start: machine.start_state(Anchored::No).ok()?,
            longest: texts.iter().map(String::len).max().unwrap_or_default(),
            machine,
        })
    }

    /// Calls `hit` with every text that is found, by its place in the table, and where it begins; perhaps more than once.
    pub(super) fn scan(&self, text: &str, mut hit: impl FnMut(usize, usize)) {
        let bytes = text.as_bytes();
        // Each step waits for the one before it, so that a processor has room for several walks beside each other. They
        // overlap by what the longest text needs to be found whole.
        if bytes.len() < LANES * (self.longest + LANES) {
            self.walk(self.start, bytes, 0, &mut hit);
            return;
        }
        let length = bytes.len().div_ceil(LANES) + self.longest;
        let step = length - self.longest;
        let shortest = bytes.len() - (LANES - 1) * step;
        let lanes: [&[u8]; LANES] = std::array::from_fn(|lane| {
            let begin = lane * step;
            &bytes[begin..bytes.len().min(begin + length)]
        });
        let mut states = [self.start; LANES];
        for at in 0..shortest {
            for (lane, (state, bytes)) in states.iter_mut().zip(lanes).enumerate() {
                *state = self.machine.next_state(Anchored::No, *state, bytes[at]);
                if self.machine.is_special(*state) {
                    self.tell(*state, lane * step + at + 1, &mut hit);
                }
            }
        }
        for (lane, (state, bytes)) in states.into_iter().zip(lanes).enumerate() {
            self.walk(state, &bytes[shortest..], lane * step + shortest, &mut hit);
        }
    }

    fn walk(&self, mut state: StateID, bytes: &[u8], offset: usize, hit: &mut impl FnMut(usize, usize)) {
        for (at, byte) in bytes.iter().enumerate() {
            state = self.machine.next_state(Anchored::No, state, *byte);
            if self.machine.is_special(state) {
                self.tell(state, offset + at + 1, hit);
            }
        }
    }

    fn tell(&self, state: StateID, end: usize, hit: &mut impl FnMut(usize, usize)) {
        if !self.machine.is_match(state) {
            return;
        }
        for at in 0..self.machine.match_len(state) {
            let found = self.machine.match_pattern(state, at);
            hit(found.as_usize(), end - self.machine.pattern_len(found));
        }
    }
}

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
            (0..40).for_each(|length| none.scan(&"x".repeat(length), |_, _| ()));
            true
        }));
        for length in 0..150 {
            for text in &texts {
                for at in [0, length / 3, length / 2, length] {
                    let whole = format!("{}{text}{}", "x".repeat(at), "y".repeat(length - at));
                    let mut found = Vec::new();
                    scanner.scan(&whole, |which, start| found.push((texts[which].as_str(), start)));
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
