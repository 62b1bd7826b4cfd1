//! The right to use one credential at one generation.

use std::ops::Deref;
use std::sync::Arc;

use crate::credential::{Fence, Kind, Label, ProviderId};

/// The right to use one credential at one generation, whose right it is, and who is to be blamed for what comes of it.
/// Clones share what is said of the credential: a request makes a dozen of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    leased: Arc<Leased>,
    /// The request that it was given to.
    pub owner: Holder,
}

/// What a lease is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Leased {
    /// Which secret of which credential.
    pub fence: Fence,
    /// Its provider.
    pub provider: ProviderId,
    /// What the user calls it.
    pub label: Label,
    /// What sort of credential it is.
    pub kind: Kind,
}

/// A request, by the number that its process has given to it and to no other; zero is nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Holder(pub u64);

impl Lease {
    /// The right to use this; it is nobody's yet.
    pub fn to(leased: Leased) -> Self {
        Self {
            leased: Arc::new(leased),
            owner: Holder::default(),
        }
    }

    /// The same credential at another generation or epoch.
    #[must_use]
    pub fn at(&self, fence: &Fence) -> Self {
        if self.fence == *fence {
            return self.clone();
        }
        let leased = Leased {
            fence: fence.clone(),
            ..Leased::clone(&self.leased)
        };
        Self {
            leased: Arc::new(leased),
            owner: self.owner,
        }
    }

    /// The same right, given to this request.
    #[must_use]
    pub fn given_to(&self, owner: Holder) -> Self {
        Self {
            leased: Arc::clone(&self.leased),
            owner,
        }
    }
}

impl Deref for Lease {
    type Target = Leased;

    fn deref(&self) -> &Leased {
        &self.leased
    }
}
