//! One run of the harness: how long, from which seed, against which binary.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::part::Part;
use crate::random::Random;
use crate::typed::Shown;

/// What every line needs to know.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    /// Whether the long form was asked for.
    pub(crate) full: bool,
    /// Whether a golden table is written anew instead of compared.
    pub(crate) bless: bool,
    /// What repeats the run.
    pub(crate) seed: u64,
    /// Which part of a long form.
    pub(crate) part: Part,
    /// The binary that is tortured.
    pub(crate) evergrant: PathBuf,
}

impl Run {
    pub(crate) fn new(shown: &Shown) -> Result<Self> {
        let evergrant = shown
            .evergrant
            .canonicalize()
            .with_context(|| format!("`{}` is no binary", shown.evergrant.display()))?;
        Ok(Self {
            full: shown.full,
            bless: shown.bless,
            seed: shown.seed.unwrap_or_else(Random::drawn_seed),
            part: shown.part.unwrap_or(Part::WHOLE),
            evergrant,
        })
    }

    /// As many in the short form, as many in the long one.
    pub(crate) const fn rounds(&self, short: u64, full: u64) -> u64 {
        if self.full { full } else { short }
    }

    /// A source of its own for each use, so that what runs at the same time does not disturb its neighbour's draws.
    pub(crate) const fn random(&self, of: u64) -> Random {
        Random::new(self.seed, of)
    }
}
