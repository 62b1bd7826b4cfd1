//! All numbers of a driver.

use super::by_provider::ByProvider;
use super::counter::Counter;
use super::of_provider::OfProvider;
use super::reading::{Many, ProviderReading};
use super::words::Unwritten;

/// All numbers of a driver.
#[derive(Debug, Default)]
pub(crate) struct Measures {
    /// What happened with each provider.
    pub(crate) providers: ByProvider<OfProvider>,
    unwritten: [Counter; Unwritten::ALL.len()],
}

impl Measures {
    /// Something could not be written.
    pub(crate) fn unwritten(&self, what: Unwritten) {
        if let Some(counter) = self.unwritten.get(what as usize) {
            counter.one();
        }
    }

    /// What happened with each provider, in the order of their names.
    pub(crate) fn read_providers(&self) -> Vec<ProviderReading> {
        let known = self.providers.all().into_iter();
        known.map(|(provider, of)| of.read(provider)).collect()
    }

    /// What could not be written, how often.
    pub(crate) fn read_unwritten(&self) -> Many {
        let words = Unwritten::ALL.iter().map(|what| what.as_str());
        words.zip(self.unwritten.iter().map(Counter::read)).collect()
    }
}

#[cfg(test)]
mod tests {
    use evergrant_engine::credential::ProviderId;

    use super::*;

    #[test]
    fn a_provider_keeps_its_numbers() {
        let measures = Measures::default();
        let (one, other) = (ProviderId::from("one"), ProviderId::from("other"));
        measures.providers.of(&one).claim_conflicts.one();
        measures.providers.of(&other).broken_streams.one();
        measures.providers.of(&one).claim_conflicts.one();
        let read = measures.read_providers();
        let conflicts: Vec<_> = read
            .iter()
            .map(|read| (read.provider.as_str(), read.claim_conflicts))
            .collect();
        assert_eq!(conflicts, [("one", 2), ("other", 0)]);
        measures.unwritten(Unwritten::Journal);
        assert!(measures.read_unwritten().contains(&("journal", 1)));
    }
}
