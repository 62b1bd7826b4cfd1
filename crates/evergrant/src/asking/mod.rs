//! Putting a question to a model through the driver: the one way of the chat and of its tasks, which cannot recover on their own.

mod ask;
#[cfg(test)]
mod cut_tests;
mod partner;
mod piece;
mod question;
mod surface;

pub(crate) use ask::{Broken, Heard, ask};
pub(crate) use partner::{Partner, Wish};
pub(crate) use question::{Question, Turn};
