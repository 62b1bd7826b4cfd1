//! Which of many places has the smallest number, found as in a tournament.

use std::ops::Range;

/// A number for each place, and above each two the smaller one; a place without a number never wins.
#[derive(Clone, Debug, Default)]
pub(super) struct Fewest {
    /// The root stands at 1, the children of `i` at `2 i` and `2 i + 1`, the places in the last row.
    rounds: Vec<u32>,
}

impl Fewest {
    /// So many places without numbers.
    pub(super) fn new(length: usize) -> Self {
        Self {
            rounds: vec![NONE; 2 * length.next_power_of_two()],
        }
    }

    /// Sets a place's number.
    pub(super) fn set(&mut self, place: usize, number: Option<u64>) {
        let mut node = self.rounds.len() / 2 + place;
        let number = number.map_or(NONE, |number| u32::try_from(number).unwrap_or(NONE - 1).min(NONE - 1));
        if self.rounds.get(node).is_none_or(|before| *before == number) {
            return;
        }
        self.rounds[node] = number;
        while node > 1 {
            node /= 2;
            let smaller = self.rounds[2 * node].min(self.rounds[2 * node + 1]);
            if self.rounds[node] == smaller {
                return;
            }
            self.rounds[node] = smaller;
        }
    }

    /// The first place of that range with the smallest number of those that will do.
    pub(super) fn least_in(&self, range: &Range<usize>, will_do: impl Fn(usize) -> bool) -> Option<(usize, u32)> {
        let mut search = Search {
            rounds: &self.rounds,
            range,
            will_do,
            best: None,
        };
        search.visit(1, 0..self.rounds.len() / 2);
        search.best
    }
}

struct Search<'a, F> {
    rounds: &'a [u32],
    range: &'a Range<usize>,
    will_do: F,
    best: Option<(usize, u32)>,
}

impl<F: Fn(usize) -> bool> Search<'_, F> {
    fn visit(&mut self, node: usize, span: Range<usize>) {
        let least = self.rounds.get(node).copied().unwrap_or(NONE);
        let beaten = |(place, number): (usize, u32)| number < least || (number == least && place < span.start);
        let outside = span.end <= self.range.start || span.start >= self.range.end;
        if least == NONE || outside || self.best.is_some_and(beaten) {
            return;
        }
        if span.len() == 1 {
            if (self.will_do)(span.start) {
                self.best = Some((span.start, least));
            }
            return;
        }
        let middle = span.start + span.len() / 2;
        let mut halves = [(2 * node, span.start..middle), (2 * node + 1, middle..span.end)];
        let number = |node: usize| self.rounds.get(node).copied().unwrap_or(NONE);
        if number(2 * node + 1) < number(2 * node) {
            halves.reverse();
        }
        for (half, span) in halves {
            self.visit(half, span);
        }
    }
}

/// No number.
const NONE: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_smallest_wins() {
        let mut fewest = Fewest::new(5);
        assert_eq!(fewest.least_in(&(0..5), |_| true), None);
        for (place, number) in [(0, 3), (1, 2), (2, 5), (3, 2), (4, 9)] {
            fewest.set(place, Some(number));
        }
        assert_eq!(fewest.least_in(&(0..5), |_| true), Some((1, 2)));
        assert_eq!(fewest.least_in(&(2..5), |_| true), Some((3, 2)));
        assert_eq!(fewest.least_in(&(0..5), |place| place != 1), Some((3, 2)));
        assert_eq!(fewest.least_in(&(0..5), |place| place == 4), Some((4, 9)));
        fewest.set(3, None);
        fewest.set(1, Some(u64::MAX));
        assert_eq!(fewest.least_in(&(0..5), |_| true), Some((0, 3)));
        assert_eq!(fewest.least_in(&(1..2), |_| true), Some((1, NONE - 1)));
        assert_eq!(Fewest::new(0).least_in(&(0..0), |_| true), None);
    }
}
