//! The built-in tables of signals that belong to no provider, compiled on first use.

use std::sync::{Arc, LazyLock};

use super::evidence::Evidence;
use super::grammar::Grammar;
use super::matching::{Compiled, Hit, Met, Setting};
use super::noted::TEXTS;
use super::rules::{Rule, parse};
use super::sentence::LEADS;
use crate::provider::{Needles, Pattern, Signal, Tier, parse_signals};
use crate::vocabulary::Verdict;

/// What is known of answers beyond a provider's row. For inference: unmistakable markers of any provider and of the common
/// envelopes, what the standards and the envelopes' own classes say, and the grammar of refusals. For token and device
/// endpoints: the known authorization servers, RFC 6749 and RFC 8628.
#[derive(Clone, Debug)]
pub struct Tables {
    signals: Arc<Compiled>,
    words: Arc<Grammar>,
    tokens: Arc<Compiled>,
    token_words: Arc<Grammar>,
    without: Option<Arc<Signal>>,
}

impl Tables {
    /// The embedded ones.
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// The embedded ones without the texts that `keep` refuses; for the audit of the rules.
    pub fn thinned(keep: &dyn Fn(&Signal, &str) -> bool) -> Self {
        let words = |files| {
            let rules = written(files).into_iter().filter_map(|rule| rule.thinned(keep));
            Arc::new(Grammar::new(rules.collect()))
        };
        Self {
            signals: Arc::new(compiled(COMMON_FILES, STANDARD_FILES, true, &|signal| {
                thin(&signal, keep)
            })),
            words: words(WORD_FILES),
            tokens: Arc::new(compiled(SERVER_FILES, OAUTH_FILES, false, &|signal| {
                thin(&signal, keep)
            })),
            token_words: words(TOKEN_WORD_FILES),
            without: None,
        }
    }

    /// These without that signal or rule; for the audit of the rules.
    #[must_use]
    pub fn without(&self, signal: &Arc<Signal>) -> Self {
        Self {
            without: Some(Arc::clone(signal)),
            ..self.clone()
        }
    }

    /// Every signal and rule that is embedded outside of rows, with its texts.
    pub fn texts() -> Vec<(Arc<Signal>, Vec<String>)> {
        let inference = embedded(COMMON_FILES, STANDARD_FILES);
        let signals = inference.chain(embedded(SERVER_FILES, OAUTH_FILES)).map(|signal| {
            let texts = signal.pattern.texts().to_vec();
            (signal, texts)
        });
        let words = written(WORD_FILES)
            .into_iter()
            .chain(written(TOKEN_WORD_FILES))
            .map(|rule| {
                let texts = rule.texts().cloned().collect();
                (rule.signal, texts)
            });
        signals.chain(words).collect()
    }

    /// Calls `hit` with every signal for inference that matches; gives back what else was met on the way, if that was looked for.
    pub(super) fn of_inference<'s>(
        &'s self,
        setting: Setting,
        evidence: &Evidence<'_>,
        mut hit: impl FnMut(Hit<'s>),
    ) -> Option<Met> {
        self.signals.matches(setting, evidence, |one| {
            if self.has(one.signal) {
                hit(one);
            }
        })
    }

    /// Calls `hit` with every signal for token and device endpoints that matches.
    pub(super) fn of_tokens<'s>(&'s self, setting: Setting, evidence: &Evidence<'_>, mut hit: impl FnMut(Hit<'s>)) {
        self.tokens.matches(setting, evidence, |one| {
            if self.has(one.signal) {
                hit(one);
            }
        });
    }

    /// What the grammar says, over a class that says something already or over nothing.
    pub(super) fn of_words<'s>(
        &'s self,
        setting: Setting,
        evidence: &Evidence<'_>,
        class: Option<Verdict>,
    ) -> Option<Hit<'s>> {
        self.words.read(setting, evidence, class, &|signal| self.has(signal))
    }

    /// The same of token and device endpoints.
    pub(super) fn of_token_words<'s>(
        &'s self,
        setting: Setting,
        evidence: &Evidence<'_>,
        class: Option<Verdict>,
    ) -> Option<Hit<'s>> {
        self.token_words
            .read(setting, evidence, class, &|signal| self.has(signal))
    }

    fn has(&self, signal: &Signal) -> bool {
        let without = self.without.as_ref();
        without.is_none_or(|without| (without.line, &without.file) != (signal.line, &signal.file))
    }
}

/// The signal without the texts that `keep` refuses; `None` if nothing is left to look for.
pub fn thin(signal: &Arc<Signal>, keep: &dyn Fn(&Signal, &str) -> bool) -> Option<Arc<Signal>> {
    let left = |texts: &[String]| -> Vec<String> { texts.iter().filter(|text| keep(signal, text)).cloned().collect() };
    let pattern = match &signal.pattern {
        Pattern::Contains(_) => Pattern::Contains(Needles::new(left(signal.pattern.texts()))),
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

static BUILT_IN: LazyLock<Tables> = LazyLock::new(|| Tables {
    signals: Arc::new(compiled(COMMON_FILES, STANDARD_FILES, true, &Some)),
    words: Arc::new(Grammar::new(written(WORD_FILES))),
    tokens: Arc::new(compiled(SERVER_FILES, OAUTH_FILES, false, &Some)),
    token_words: Arc::new(Grammar::new(written(TOKEN_WORD_FILES))),
    without: None,
});

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
files!(TOKEN_WORD_FILES: "token_words.toml");
files!(SERVER_FILES: "token.toml", "device.toml");
files!(OAUTH_FILES: "oauth.toml");

fn compiled(
    common: &'static [File],
    standard: &'static [File],
    is_shared: bool,
    keep: &dyn Fn(Arc<Signal>) -> Option<Arc<Signal>>,
) -> Compiled {
    let (leads, noted): (&[_], &[_]) = if is_shared { (&LEADS, &TEXTS) } else { (&[], &[]) };
    Compiled::new(embedded(common, standard).filter_map(keep).collect(), leads, noted)
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
        for (file, text) in [WORD_FILES, TOKEN_WORD_FILES].concat() {
            assert!(parse(file, text).is_some_and(|rules| !rules.is_empty()), "{file}");
        }
    }

    #[test]
    fn every_embedded_table_has_its_machine() {
        let tables = Tables::built_in();
        assert!(tables.signals.is_one_pass() && tables.tokens.is_one_pass());
        assert!(tables.words.is_one_pass() && tables.token_words.is_one_pass());
    }

    #[test]
    fn every_embedded_table_can_be_read() {
        for (file, text) in [COMMON_FILES, STANDARD_FILES, SERVER_FILES, OAUTH_FILES].concat() {
            assert!(!parse_signals(file, text, Tier::Common).unwrap().is_empty(), "{file}");
        }
    }
}
