//! Providers as data: a row each.

mod hosts;
mod quirk;
mod row;
mod signal;

pub use hosts::Hosts;
pub use quirk::{Quirk, Quirks};
pub use row::{ApiKeyAuth, Auth, BodyForm, DeviceDialect, Endpoints, Flow, ModelGlob, OAuth, Origin, Redirect, Row};
pub use signal::{Field, Pattern, Signal, Tier};
