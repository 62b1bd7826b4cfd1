//! The right to use one credential at one generation.

use crate::credential::{Fence, Kind, Label, ProviderId};

/// The right to use one credential at one generation, and who is to be blamed for what comes of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// Which secret of which credential.
    pub fence: Fence,
    /// Its provider.
    pub provider: ProviderId,
    /// What the user calls it.
    pub label: Label,
    /// What sort of credential it is.
    pub kind: Kind,
}

impl Lease {
    /// The same credential at another generation or epoch.
    #[must_use]
    pub fn at(&self, fence: &Fence) -> Self {
        Self {
            fence: fence.clone(),
            ..self.clone()
        }
    }
}
