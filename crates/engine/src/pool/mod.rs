//! Who may be used now: cooldowns, leases, the roster of a provider, and what an outcome changes.

mod affinity;
#[cfg(test)]
mod bench_tests;
mod choosing;
mod condition;
mod cooldown;
#[cfg(test)]
mod cooldown_tests;
mod fewest;
mod hard_end;
mod health;
mod index;
mod lease;
mod marks;
mod member;
mod model_pause;
mod outcome;
#[cfg(test)]
mod pool_tests;
mod probing;
#[cfg(test)]
mod rest_tests;
mod roster;
mod strategy;
mod telling;
mod traffic;
mod view;

pub use affinity::Conversation;
pub use choosing::Choice;
pub use condition::Condition;
pub use cooldown::{Cooldowns, Reset, Rule};
pub use hard_end::{Nearness, nearness, over, warning};
pub use health::{Bar, Readiness, Renewability, readiness, renewability, secret};
pub use lease::{Holder, Lease, Leased};
pub use member::{Life, Member, Origin};
pub use model_pause::pause_of;
pub use outcome::{Outcome, Refusal, Report, apply, changes};
pub use probing::Probing;
pub use roster::Roster;
pub use strategy::Strategy;
pub use telling::condition;
pub use traffic::Traffic;
pub use view::{Pool, View};
