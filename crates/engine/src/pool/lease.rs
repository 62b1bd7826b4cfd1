//! The right to use one credential at one generation.

use crate::credential::{Fence, Kind, Label, ProviderId};

/// The right to use one credential at one generation, whose right it is, and who is to be blamed for what comes of it.
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
    /// The request that it was given to.
    pub owner: Holder,
}

/// A request, by the number that its process has given to it and to no other; zero is nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Holder(pub u64);

impl Lease {
    /// The same credential at another generation or epoch.
    #[must_use]
    pub fn at(&self, fence: &Fence) -> Self {
        Self {
            fence: fence.clone(),
            ..self.clone()
        }
    }

    /// The same right, given to this request.
    #[must_use]
    pub fn given_to(&self, owner: Holder) -> Self {
        Self { owner, ..self.clone() }
    }
}
