//! What the sandbox can break: the catalogue, what is armed, and the words it then says.

mod catalogue;
mod fault;
mod order;
mod switchboard;
mod wording;

pub use catalogue::{ParameterInfo, ScenarioInfo, scenarios};
pub use order::Order;
pub use wording::Wording;

pub(crate) use fault::{Fault, Stage};
pub(crate) use order::Parameters;
pub(crate) use switchboard::{Hit, Probe, Switchboard};
pub(crate) use wording::{ENTITLEMENT, ENTITLEMENT_RESOURCES, GENERAL, Refused};
