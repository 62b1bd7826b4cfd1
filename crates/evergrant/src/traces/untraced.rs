//! A build without traces.

use evergrant_driver::Failure;
use evergrant_driver::http::NetworkSettings;

/// Nobody is told anything.
#[derive(Debug)]
pub(crate) struct Traces;

impl Traces {
    /// Nobody is told anything.
    pub(crate) const fn none() -> Self {
        Self
    }

    /// The one whom the environment names: nobody.
    ///
    /// # Errors
    /// None.
    pub(crate) fn named<'a>(_: impl Fn(&str) -> Option<&'a str>) -> Result<Self, Failure> {
        Ok(Self)
    }

    /// From here on.
    ///
    /// # Errors
    /// None.
    pub(crate) const fn begin(&self, _: &NetworkSettings) -> Result<(), Failure> {
        Ok(())
    }

    /// To here.
    pub(crate) async fn finish(&self) {}
}
