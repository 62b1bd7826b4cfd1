//! How long something took, sorted into buckets: two atomics a value, without a lock.

use std::time::Duration;

use super::counter::Counter;
use super::reading::HistogramReading;

/// The upper ends of the buckets, in nanoseconds, ascending.
pub type Bounds = &'static [u64];

/// How long something took, how often.
#[derive(Debug)]
pub struct Histogram {
    bounds: Bounds,
    /// One for each bound, and one for what lies above the last.
    buckets: Box<[Counter]>,
    sum_nanos: Counter,
}

impl Histogram {
    /// One with these buckets.
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            buckets: (0..=bounds.len()).map(|_| Counter::default()).collect(),
            sum_nanos: Counter::default(),
        }
    }

    /// Sorts in one value.
    pub fn observe(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let place = self.bounds.iter().position(|bound| nanos <= *bound);
        if let Some(bucket) = self.buckets.get(place.unwrap_or(self.bounds.len())) {
            bucket.one();
        }
        self.sum_nanos.add(nanos);
    }

    /// Everything sorted in so far; a value that comes meanwhile may be in one part of it already.
    pub fn read(&self) -> HistogramReading {
        let bounds = self.bounds.iter().map(|bound| seconds(*bound));
        HistogramReading {
            buckets: bounds
                .chain([f64::INFINITY])
                .zip(self.buckets.iter().map(Counter::read))
                .collect(),
            sum: seconds(self.sum_nanos.read()),
        }
    }
}

/// A sum of half a year loses a nanosecond.
fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

/// 1 ms to 10 min: from a model list out of a cache to as long as a first byte may take.
pub const LATENCIES: Bounds = &[
    1_000_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
    30_000_000_000,
    60_000_000_000,
    120_000_000_000,
    600_000_000_000,
];

/// 20 ms to 25 s: from the first look at a lock to as long as anybody waits for it.
pub const WAITS: Bounds = &[
    20_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
    25_000_000_000,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_at_a_bound_belongs_below_it() {
        let histogram = Histogram::new(WAITS);
        for millis in [20, 21, 30_000] {
            histogram.observe(Duration::from_millis(millis));
        }
        let read = histogram.read();
        let filled: Vec<_> = read.buckets.iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(filled, [&(0.02, 1), &(0.05, 1), &(f64::INFINITY, 1)]);
        assert_eq!((read.count(), read.sum), (3, 30.041));
    }
}
