//! What has happened since the process began, as numbers: counted where the facts are, read in one place.

mod by_provider;
mod counter;
mod everything;
mod histogram;
mod of_provider;
mod reading;
mod words;

pub use by_provider::ByProvider;
pub use counter::{Counter, Level, Raised};
pub(crate) use everything::Measures;
pub use histogram::{Bounds, Histogram, LATENCIES, WAITS};
pub(crate) use of_provider::OfProvider;
pub use reading::{HistogramReading, Many, ProviderReading, Tried};
pub(crate) use words::{Outcome, Unwritten};
