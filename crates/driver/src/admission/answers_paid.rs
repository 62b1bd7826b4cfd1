//! Which answers a key has paid for: one that is fetched again, or that told of itself when it was made, costs no more.

use std::collections::VecDeque;

/// The answers that were paid for last, each with the tokens that it has cost.
#[derive(Debug, Default)]
pub(super) struct AnswersPaid(VecDeque<(Box<str>, u64)>);

impl AnswersPaid {
    /// What this answer costs beyond what was paid for it, and is paid for now.
    pub(super) fn owes(&mut self, id: &str, tokens: u64) -> u64 {
        if let Some((_, paid)) = self.0.iter_mut().find(|(known, _)| **known == *id) {
            let owed = tokens.saturating_sub(*paid);
            *paid += owed;
            return owed;
        }
        if self.0.len() >= ANSWERS {
            self.0.pop_front();
        }
        self.0.push_back((id.chars().take(ID).collect(), tokens));
        tokens
    }
}

/// 1,024 answers of a key, each in some 100 bytes: who polls asks for one of the newest. What is forgotten costs once more.
const ANSWERS: usize = 1_024;

/// 256 characters of an id: those in use have 70 at most. One that is longer is never found again, and costs each time.
const ID: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_costs_once_and_what_it_grew_by() {
        let mut paid = AnswersPaid::default();
        assert_eq!(paid.owes("a", 100), 100);
        assert_eq!((paid.owes("a", 100), paid.owes("a", 40)), (0, 0));
        assert_eq!((paid.owes("a", 150), paid.owes("a", 150)), (50, 0));
        assert_eq!(paid.owes("b", 7), 7);
    }

    #[test]
    fn what_was_paid_for_long_ago_is_forgotten() {
        let mut paid = AnswersPaid::default();
        for number in 0..=ANSWERS {
            assert_eq!(paid.owes(&number.to_string(), 1), 1);
        }
        assert_eq!((paid.0.len(), paid.owes("0", 1), paid.owes("2", 1)), (ANSWERS, 1, 0));
    }
}
