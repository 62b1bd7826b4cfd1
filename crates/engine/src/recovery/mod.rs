//! What to do about a verdict: the machine of a request, and that of a renewal.

pub mod attempt;
pub mod renewal;

pub use renewal::{Obstacle, Renewed};
