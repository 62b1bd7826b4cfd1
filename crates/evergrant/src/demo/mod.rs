//! The demonstration: a provider that breaks, and a conversation through the gateway that does not.

mod act;
mod conversation;
mod home;
mod play;
mod scenes;
mod stage;
mod step;

pub(crate) use play::{Ended, play};
pub(crate) use step::{Client, Provider, Status, Step};
