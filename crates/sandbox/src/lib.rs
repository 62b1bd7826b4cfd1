//! A faithful, breakable provider: authorization server and inference API, and counters of all they saw.

mod authorization;
pub mod client;
mod config;
mod control;
mod counters;
mod failure;
mod inference;
mod journal;
mod panel;
mod panel_index;
pub mod proxy;
mod received;
mod reply;
mod row;
mod scenario;
mod script;
mod server;
mod service;
mod tap;
mod tls;
mod truth;
mod world;

pub use config::Config;
pub use control::Control;
pub use counters::{Counters, TokensTold};
pub use failure::SandboxError;
pub use journal::{Captured, Seen};
pub use scenario::{Order, ParameterInfo, ScenarioInfo, Wording, scenarios};
pub use server::{Running, Sandbox};
pub use truth::{FamilyState, GrantState};
