//! A connection that has left HTTP.

mod frames;
mod pulse;
mod upgraded;
mod way;

pub(super) use upgraded::{Terms, Tunnel};
