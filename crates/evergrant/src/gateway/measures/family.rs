//! One kind of number after the other, in the form of OpenMetrics.

use std::fmt;

use evergrant_driver::Timestamp;
use evergrant_driver::measures::{HistogramReading, Many};
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

/// Labels and their values.
pub(super) type Labels<'a> = &'a [(&'a str, &'a str)];

/// Begins families.
pub(super) struct Families<'a>(pub(super) DescriptorEncoder<'a>);

/// One family: what has a name and a help, and is told apart by labels.
pub(super) struct Family<'a>(MetricEncoder<'a>);

impl Families<'_> {
    /// What only grows.
    pub(super) fn counter<'s>(&'s mut self, name: &'s str, help: &str) -> Result<Family<'s>, fmt::Error> {
        self.begin(name, help, None, MetricType::Counter)
    }

    /// What only grows, in bytes.
    pub(super) fn bytes_counter<'s>(&'s mut self, name: &'s str, help: &str) -> Result<Family<'s>, fmt::Error> {
        self.begin(name, help, Some(&Unit::Bytes), MetricType::Counter)
    }

    /// How many there are.
    pub(super) fn gauge<'s>(&'s mut self, name: &'s str, help: &str) -> Result<Family<'s>, fmt::Error> {
        self.begin(name, help, None, MetricType::Gauge)
    }

    /// How many bytes there are.
    pub(super) fn bytes<'s>(&'s mut self, name: &'s str, help: &str) -> Result<Family<'s>, fmt::Error> {
        self.begin(name, help, Some(&Unit::Bytes), MetricType::Gauge)
    }

    /// A time, in seconds since 1970.
    pub(super) fn seconds<'s>(&'s mut self, name: &'s str, help: &str) -> Result<Family<'s>, fmt::Error> {
        self.begin(name, help, Some(&Unit::Seconds), MetricType::Gauge)
    }

    /// How long something took.
    pub(super) fn histogram<'s>(&'s mut self, name: &'s str, help: &str) -> Result<Family<'s>, fmt::Error> {
        self.begin(name, help, Some(&Unit::Seconds), MetricType::Histogram)
    }

    fn begin<'s>(
        &'s mut self,
        name: &'s str,
        help: &str,
        unit: Option<&'s Unit>,
        kind: MetricType,
    ) -> Result<Family<'s>, fmt::Error> {
        self.0.encode_descriptor(name, help, unit, kind).map(Family)
    }
}

impl Family<'_> {
    /// So often.
    pub(super) fn count(&mut self, labels: Labels<'_>, count: u64) -> fmt::Result {
        self.told_apart(labels, |encoder| {
            encoder.encode_counter::<NoLabelSet, _, f64>(&count, None)
        })
    }

    /// So often each, by one label beside the provider.
    pub(super) fn many(&mut self, provider: &str, label: &str, many: &Many) -> fmt::Result {
        for (word, count) in many {
            self.count(&[("provider", provider), (label, word)], *count)?;
        }
        Ok(())
    }

    /// So many.
    pub(super) fn level(&mut self, labels: Labels<'_>, level: u64) -> fmt::Result {
        self.told_apart(labels, |encoder| encoder.encode_gauge(&level))
    }

    /// Then.
    pub(super) fn instant(&mut self, labels: Labels<'_>, at: Timestamp) -> fmt::Result {
        let seconds = at.as_millis() as f64 / 1e3;
        self.told_apart(labels, |encoder| encoder.encode_gauge(&seconds))
    }

    /// So distributed.
    pub(super) fn distribute(&mut self, labels: Labels<'_>, read: &HistogramReading) -> fmt::Result {
        self.told_apart(labels, |encoder| {
            encoder.encode_histogram::<NoLabelSet>(read.sum, read.count(), &read.buckets, None)
        })
    }

    /// One series: of a family without labels there is but one.
    fn told_apart(
        &mut self,
        labels: Labels<'_>,
        encode: impl FnOnce(&mut MetricEncoder<'_>) -> fmt::Result,
    ) -> fmt::Result {
        if labels.is_empty() {
            return encode(&mut self.0);
        }
        encode(&mut self.0.encode_family(&labels)?)
    }
}
