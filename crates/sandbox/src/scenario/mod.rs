//! What the sandbox can break: the catalogue, what is armed, and the words it then says.

mod audience;
mod catalogue;
mod listing;
mod order;
mod switchboard;
mod wording;

pub use listing::{ParameterInfo, ScenarioInfo, scenarios};
pub use order::Order;
pub use wording::Wording;

pub(crate) use catalogue::{
    AccountFault, BookingFault, DiscoveryFault, DoorFault, EdgeFault, StreamFault, Strikes, TokenAnswerFault,
    TokenFault,
};
pub(crate) use order::Parameters;
pub(crate) use switchboard::{Hit, Probe, Switchboard};
pub(crate) use wording::{ENTITLEMENT, ENTITLEMENT_RESOURCES, GENERAL, Refused};
