//! Providers as data: a row each.

mod fault;
mod hosts;
mod parse;
mod parse_oauth;
mod parse_pause;
mod parse_signal;
mod pause;
mod quirk;
mod row;
mod rows;
mod signal;
mod surface;
mod table;
mod value;
mod written;

pub use fault::RowError;
pub use hosts::Hosts;
pub use parse::RowFile;
pub use parse_signal::parse_signals;
pub use pause::{BY_MODEL, COOLING, Pause, Pauses};
pub use quirk::{Quirk, Quirks};
pub use row::{ApiKeyAuth, Auth, BodyForm, DeviceDialect, Endpoints, Flow, ModelGlob, OAuth, Origin, Redirect, Row};
pub use signal::{Field, Needles, Pattern, Signal, Tier};
pub use table::Table;
