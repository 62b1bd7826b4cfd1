//! What has happened with one provider.

use evergrant_engine::credential::ProviderId;
use evergrant_engine::recovery::attempt::Act;
use evergrant_engine::verdict::{Channel, Verdict};
use evergrant_engine::wire::Phase;

use super::counter::{Counter, Level};
use super::histogram::{Histogram, LATENCIES, WAITS};
use super::reading::{Many, ProviderReading, Tried};
use super::words::Outcome;

/// What has happened with one provider.
#[derive(Debug)]
pub(crate) struct OfProvider {
    verdicts: [Counts<{ Verdict::ALL.len() }>; CHANNELS.len()],
    unanswered: [Counts<{ PHASES.len() }>; CHANNELS.len()],
    acts: Counts<{ Act::ALL.len() }>,
    outcomes: Counts<{ Outcome::ALL.len() }>,
    /// From the first byte out to the head of the answer.
    pub(crate) latency: Histogram,
    /// From the beginning of a renewal to its end.
    pub(crate) renewing: Histogram,
    /// How long those renewals waited for a lock that found it held.
    pub(crate) lock_wait: Histogram,
    /// Claims that stood for someone else.
    pub(crate) claim_conflicts: Counter,
    /// Streams that broke off after the client had begun to read.
    pub(crate) broken_streams: Counter,
    /// Renewals under way.
    pub(crate) renewals_in_flight: Level,
    /// Those of them that have found a lock held.
    pub(crate) waiting_for_lock: Level,
}

/// One counter for each variant of an enum, by its number.
#[derive(Debug)]
struct Counts<const N: usize>([Counter; N]);

impl<const N: usize> Default for Counts<N> {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Counter::default()))
    }
}

impl<const N: usize> Counts<N> {
    fn one(&self, at: usize) {
        if let Some(counter) = self.0.get(at) {
            counter.one();
        }
    }

    fn read<'a, T>(&'a self, all: &'a [T]) -> impl Iterator<Item = (&'a T, u64)> {
        all.iter().zip(self.0.iter().map(Counter::read))
    }
}

impl Default for OfProvider {
    fn default() -> Self {
        Self {
            verdicts: std::array::from_fn(|_| Counts::default()),
            unanswered: std::array::from_fn(|_| Counts::default()),
            acts: Counts::default(),
            outcomes: Counts::default(),
            latency: Histogram::new(LATENCIES),
            renewing: Histogram::new(LATENCIES),
            lock_wait: Histogram::new(WAITS),
            claim_conflicts: Counter::default(),
            broken_streams: Counter::default(),
            renewals_in_flight: Level::default(),
            waiting_for_lock: Level::default(),
        }
    }
}

impl OfProvider {
    /// An answer was read so.
    pub(crate) fn judged(&self, channel: Channel, verdict: Verdict) {
        if let Some(counts) = self.verdicts.get(channel as usize) {
            counts.one(verdict as usize);
        }
    }

    /// There was no answer.
    pub(crate) fn unanswered(&self, channel: Channel, phase: Phase) {
        if let Some(counts) = self.unanswered.get(channel as usize) {
            counts.one(phase as usize);
        }
    }

    /// This was done about a refusal.
    pub(crate) fn acted(&self, act: Act) {
        self.acts.one(act as usize);
    }

    /// A renewal ended so.
    pub(crate) fn ended(&self, outcome: Outcome) {
        self.outcomes.one(outcome as usize);
    }

    /// Everything so far.
    pub(super) fn read(&self, provider: ProviderId) -> ProviderReading {
        let (mut verdicts, mut unanswered) = (Vec::new(), Vec::new());
        for (channel, counts) in CHANNELS.iter().zip(&self.verdicts) {
            let met = counts.read(Verdict::ALL).filter(|(_, count)| *count > 0);
            verdicts.extend(met.map(|(verdict, count)| Tried {
                channel: channel.as_str(),
                end: verdict.as_str(),
                count,
            }));
        }
        for (channel, counts) in CHANNELS.iter().zip(&self.unanswered) {
            let met = counts.read(&PHASES).filter(|(_, count)| *count > 0);
            unanswered.extend(met.map(|((_, end), count)| Tried {
                channel: channel.as_str(),
                end,
                count,
            }));
        }
        let acts = |repairs: bool| -> Many {
            let of_kind = self.acts.read(&Act::ALL);
            let of_kind = of_kind.filter(|(act, _)| act.repair().is_some() == repairs);
            of_kind.map(|(act, count)| (act.as_str(), count)).collect()
        };
        ProviderReading {
            provider,
            verdicts,
            unanswered,
            repairs: acts(true),
            unrepaired: acts(false),
            renewals: self
                .outcomes
                .read(&Outcome::ALL)
                .map(|(outcome, count)| (outcome.as_str(), count))
                .collect(),
            renewals_in_flight: self.renewals_in_flight.read(),
            waiting_for_lock: self.waiting_for_lock.read(),
            claim_conflicts: self.claim_conflicts.read(),
            broken_streams: self.broken_streams.read(),
            latency: self.latency.read(),
            renewing: self.renewing.read(),
            lock_wait: self.lock_wait.read(),
        }
    }
}

/// Every channel, in the order of their numbers.
const CHANNELS: [Channel; 4] = [Channel::Inference, Channel::Stream, Channel::Token, Channel::Device];

/// Every phase, in the order of their numbers, and its word.
const PHASES: [(Phase, &str); 2] = [(Phase::Connect, "connect"), (Phase::Sent, "sent")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_stand_in_the_order_of_their_numbers() {
        assert!((0..).zip(Verdict::ALL).all(|(at, verdict)| *verdict as usize == at));
        assert!((0..).zip(Act::ALL).all(|(at, act)| act as usize == at));
        assert!((0..).zip(CHANNELS).all(|(at, channel)| channel as usize == at));
        assert!((0..).zip(PHASES).all(|(at, (phase, _))| phase as usize == at));
    }

    #[test]
    fn what_was_met_is_told_by_its_names() {
        let measures = OfProvider::default();
        measures.judged(Channel::Token, Verdict::ALL[0]);
        measures.acted(Act::Refresh);
        measures.acted(Act::Fail);
        let read = measures.read("acme".into());
        let met: Vec<_> = read
            .verdicts
            .iter()
            .map(|one| (one.channel, one.end, one.count))
            .collect();
        assert_eq!(met, [("token", "success", 1)]);
        assert!(read.repairs.contains(&("refresh", 1)) && read.repairs.contains(&("rotate", 0)));
        assert_eq!(read.unrepaired, [("deliver", 0), ("fail", 1)]);
        assert!(read.unanswered.is_empty());
    }
}
