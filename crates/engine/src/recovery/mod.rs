//! What to do about a verdict.

mod renewed;

pub use renewed::{Obstacle, Renewed};
