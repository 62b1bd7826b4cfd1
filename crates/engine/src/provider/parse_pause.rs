//! The table `[cooldown]` of a row, believed word by word.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::Spanned;

use super::fault::{RowError, Source};
use super::pause::{BY_MODEL, COOLING, Pause, Pauses};
use super::value::word_of;
use super::written::WrittenPause;
use crate::vocabulary::Verdict;

/// What the row says of cooldowns.
pub(super) fn pauses(
    source: Source<'_>,
    cooldown: Option<&BTreeMap<Spanned<String>, WrittenPause>>,
    by_model: Option<&Vec<Spanned<String>>>,
) -> Result<Pauses, RowError> {
    let word = |verdicts: &[Verdict], word: &Spanned<String>, key: &str| {
        let words: Vec<_> = verdicts.iter().map(|verdict| (verdict.as_str(), *verdict)).collect();
        word_of(source, word, key, &words)
    };
    let of = cooldown.into_iter().flatten().map(|(verdict, written)| {
        let key = format!("cooldown.{}", verdict.get_ref());
        Ok((word(&COOLING, verdict, &key)?, Pause::from(written)))
    });
    let by_model = by_model.map(|verdicts| {
        let one = |verdict| word(&BY_MODEL, verdict, "limits_by_model");
        verdicts.iter().map(one).collect::<Result<_, _>>()
    });
    Ok(Pauses {
        of: of.collect::<Result<_, _>>()?,
        by_model: by_model.transpose()?,
    })
}

impl From<&WrittenPause> for Pause {
    fn from(written: &WrittenPause) -> Self {
        let secs = |secs: Option<u64>| secs.map(Duration::from_secs);
        Self {
            first: secs(written.first_secs),
            most: secs(written.most_secs),
            reset_most: secs(written.reset_most_secs),
            sole_most: secs(written.sole_most_secs),
        }
    }
}
