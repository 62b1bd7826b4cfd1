//! One part of a long run, so that an hour's work can be done in pieces.

use std::str::FromStr;

use anyhow::{Context as _, ensure};

/// The part with this number, of so many; the first is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    number: usize,
    of: usize,
}

impl Part {
    /// Everything at once.
    pub(crate) const WHOLE: Self = Self { number: 1, of: 1 };

    /// What falls to this part: every so-many-th, so that each part has some of every kind.
    pub(crate) fn share<T>(self, all: Vec<T>) -> Vec<T> {
        all.into_iter().skip(self.number - 1).step_by(self.of).collect()
    }
}

impl FromStr for Part {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (number, of) = text.split_once('/').context("a part is written `3/10`")?;
        let (number, of) = (number.parse()?, of.parse()?);
        ensure!((1..=of).contains(&number), "there is no part {number} of {of}");
        Ok(Self { number, of })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_the_whole() {
        let mut all: Vec<u32> = Vec::new();
        for part in ["1/3", "2/3", "3/3"] {
            all.extend(part.parse::<Part>().unwrap().share((0..100).collect()));
        }
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        assert_eq!(Part::WHOLE.share(vec![1, 2]), [1, 2]);
        for wrong in ["", "3", "0/3", "4/3", "a/b", "1/0"] {
            assert!(wrong.parse::<Part>().is_err(), "{wrong}");
        }
    }
}
