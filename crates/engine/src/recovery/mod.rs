//! What to do about a verdict.

pub mod renewal;

pub use renewal::{Obstacle, Renewed};
