//! Who may be used now: cooldowns, leases, the roster of a provider, and what an outcome changes.

mod condition;
mod cooldown;
mod hard_end;
mod health;
mod lease;
mod member;
mod outcome;
#[cfg(test)]
mod pool_tests;
mod roster;
mod telling;
mod traffic;
mod view;

pub use condition::Condition;
pub use cooldown::{Reset, Rule, rule};
pub use hard_end::{Nearness, nearness, over, warning};
pub use health::{Bar, Readiness, Renewability, readiness, renewability, secret};
pub use lease::Lease;
pub use member::{Life, Member};
pub use outcome::{Outcome, Refusal, Report, apply, changes};
pub use roster::{Choice, Roster, Strategy};
pub use telling::condition;
pub use traffic::Traffic;
pub use view::{Pool, View};
