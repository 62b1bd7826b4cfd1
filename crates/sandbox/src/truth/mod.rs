//! The sandbox's own idea of which codes, grants and tokens are good.

mod books;
mod clock;
mod devices;
mod grants;
mod jwt;
mod mint;

pub use grants::{FamilyState, GrantState};

pub(crate) use books::Books;
pub(crate) use clock::Clock;
pub(crate) use devices::{DeviceDecision, DevicePoll};
pub(crate) use grants::{Access, Consent, Issued, Lifetimes, Refusal};
pub(crate) use mint::{Mint, fingerprint, hex};
