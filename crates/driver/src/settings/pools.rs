//! `[pool.PROVIDER]` as it is meant: how its credentials are chosen, and how long a refusal keeps them away.

use std::collections::BTreeMap;
use std::time::Duration;

use evergrant_engine::credential::ProviderId;
use evergrant_engine::failure::Failure;
use evergrant_engine::pool::Strategy;
use evergrant_engine::provider::{BY_MODEL, COOLING, Pause, Pauses};
use evergrant_engine::verdict::Verdict;
use toml::Spanned;

use super::place::Source;
use super::written::{WrittenPause, WrittenPool};

/// How a provider's credentials are treated, as far as that was set.
///
/// ```
/// use evergrant_driver::settings::{PoolSettings, Settings};
///
/// # let home = tempfile::tempdir()?;
/// std::fs::write(home.path().join("config.toml"), "[pool.openai]\nstrategy = \"least-used\"\n")?;
/// let settings = Settings::load(Some(home.path().to_owned()), [])?;
/// // Only what was set is there; every other provider is treated as its row says.
/// assert!(settings.pools["openai"] != PoolSettings::default());
/// assert!(!settings.pools.contains_key("xai"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PoolSettings {
    /// How to choose among them.
    pub(crate) strategy: Strategy,
    /// How long a refusal keeps them away.
    pub(crate) pauses: Pauses,
}

/// Everything under `[pool]`.
pub(super) fn pools(
    written: &BTreeMap<Spanned<String>, WrittenPool>,
    source: Source<'_>,
) -> Result<BTreeMap<ProviderId, PoolSettings>, Failure> {
    let one = |(provider, written): (&Spanned<String>, &WrittenPool)| {
        let provider = provider.get_ref().as_str();
        let key = |key: &str| format!("pool.{provider}.{key}");
        let strategy = written.strategy.as_ref().map(|strategy| {
            let words = Strategy::ALL.map(|strategy| (strategy.as_str(), strategy));
            word(strategy, &key("strategy"), &words, source)
        });
        let of = written.cooldown.iter().map(|(verdict, pause)| {
            let key = key(&format!("cooldown.{}", verdict.get_ref()));
            Ok((word(verdict, &key, &words(&COOLING), source)?, Pause::from(pause)))
        });
        let by_model = written.limits_by_model.as_ref().map(|verdicts| {
            let one = |verdict| word(verdict, &key("limits_by_model"), &words(&BY_MODEL), source);
            verdicts.iter().map(one).collect::<Result<_, Failure>>()
        });
        let settings = PoolSettings {
            strategy: strategy.transpose()?.unwrap_or_default(),
            pauses: Pauses {
                of: of.collect::<Result<_, Failure>>()?,
                by_model: by_model.transpose()?,
            },
        };
        Ok((ProviderId::from(provider), settings))
    };
    written.iter().map(one).collect()
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

fn words(verdicts: &[Verdict]) -> Vec<(&'static str, Verdict)> {
    verdicts.iter().map(|verdict| (verdict.as_str(), *verdict)).collect()
}

/// The value of that word, or a failure that lists the words there are.
fn word<T: Copy>(
    written: &Spanned<String>,
    key: &str,
    words: &[(&'static str, T)],
    source: Source<'_>,
) -> Result<T, Failure> {
    let found = words.iter().find(|(word, _)| word == written.get_ref());
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        let why = format!("is not one of {}", names.join(", "));
        source.failure(&written.span(), key, &why)
    })
}
