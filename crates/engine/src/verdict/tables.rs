//! The built-in tables of signals that belong to no provider, compiled on first use.

use std::sync::{Arc, LazyLock};

use super::grammar::Grammar;
use super::matching::Compiled;
use super::rules::{Rule, parse};
use crate::provider::{Pattern, Signal, Tier, parse_signals};

/// What is known of inference answers beyond a provider's row: unmistakable markers of any provider and of the common
/// envelopes, what the standards and the envelopes' own classes say, and the grammar of refusals.
#[derive(Debug)]
pub struct Tables {
    pub(super) signals: Compiled,
    pub(super) words: Grammar,
}

impl Tables {
    /// The embedded ones.
    pub fn built_in() -> &'static Self {
        &INFERENCE
    }

    /// The embedded ones without the texts that `keep` refuses; for the audit of the rules.
    pub fn thinned(keep: &dyn Fn(&Signal, &str) -> bool) -> Self {
        let signals = embedded(COMMON_FILES, STANDARD_FILES).filter_map(|signal| thin(&signal, keep));
        let words = written(WORD_FILES).into_iter().filter_map(|rule| rule.thinned(keep));
        Self {
            signals: Compiled::new(signals.collect()),
            words: Grammar::new(words.collect()),
        }
    }

    /// Every signal and rule of them, with its texts.
    pub fn texts() -> Vec<(Arc<Signal>, Vec<String>)> {
        let signals = embedded(COMMON_FILES, STANDARD_FILES).map(|signal| {
            let texts = signal.pattern.texts().to_vec();
            (signal, texts)
        });
        let words = written(WORD_FILES).into_iter().map(|rule| {
            let texts = rule.texts().cloned().collect();
            (rule.signal, texts)
        });
        signals.chain(words).collect()
    }
}

/// The signal without the texts that `keep` refuses; `None` if nothing is left to look for.
pub fn thin(signal: &Arc<Signal>, keep: &dyn Fn(&Signal, &str) -> bool) -> Option<Arc<Signal>> {
    let left = |texts: &[String]| -> Vec<String> { texts.iter().filter(|text| keep(signal, text)).cloned().collect() };
    let pattern = match &signal.pattern {
        Pattern::Contains(texts) => Pattern::Contains(left(texts)),
        Pattern::Equals(texts) => Pattern::Equals(left(texts)),
        Pattern::Prefix(texts) => Pattern::Prefix(left(texts)),
        Pattern::Present => return keep(signal, "").then(|| Arc::clone(signal)),
    };
    let signal = Signal {
        pattern,
        ..(**signal).clone()
    };
    (!signal.pattern.texts().is_empty()).then(|| Arc::new(signal))
}

static INFERENCE: LazyLock<Tables> = LazyLock::new(|| Tables {
    signals: compiled(COMMON_FILES, STANDARD_FILES),
    words: Grammar::new(written(WORD_FILES)),
});
/// For token and device endpoints: the known authorization servers, RFC 6749 and RFC 8628.
pub(super) static TOKENS: LazyLock<Compiled> = LazyLock::new(|| compiled(SERVER_FILES, OAUTH_FILES));

/// File name and text.
type File = (&'static str, &'static str);

macro_rules! files {
    ($name:ident: $($file:literal),* $(,)?) => {
        pub(super) const $name: &[File] = &[
            $((concat!("built-in:", $file), include_str!(concat!("tables/", $file))),)*
        ];
    };
}

files!(COMMON_FILES: "credential.toml", "account.toml", "limits.toml", "edge.toml", "request.toml");
files!(STANDARD_FILES: "standard.toml");
files!(WORD_FILES: "words.toml");
files!(SERVER_FILES: "token.toml", "device.toml");
files!(OAUTH_FILES: "oauth.toml");

fn compiled(common: &'static [File], standard: &'static [File]) -> Compiled {
    Compiled::new(embedded(common, standard).collect())
}

fn embedded(common: &'static [File], standard: &'static [File]) -> impl Iterator<Item = Arc<Signal>> {
    // A test reads every embedded table; one that could not be read would be missing here, never a panic.
    let of_tier = |files: &'static [File], tier| {
        files
            .iter()
            .filter_map(move |(file, text)| parse_signals(file, text, tier).ok())
            .flatten()
    };
    of_tier(common, Tier::Common).chain(of_tier(standard, Tier::Standard))
}

fn written(files: &[File]) -> Vec<Rule> {
    files
        .iter()
        .filter_map(|(file, text)| parse(file, text))
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_can_be_read() {
        for (file, text) in WORD_FILES {
            assert!(parse(file, text).is_some_and(|rules| !rules.is_empty()), "{file}");
        }
    }

    #[test]
    fn every_embedded_table_can_be_read() {
        for (file, text) in [COMMON_FILES, STANDARD_FILES, SERVER_FILES, OAUTH_FILES].concat() {
            assert!(!parse_signals(file, text, Tier::Common).unwrap().is_empty(), "{file}");
        }
    }
}
