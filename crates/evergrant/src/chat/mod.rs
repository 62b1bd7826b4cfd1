//! The chat: a conversation that is kept, and the terminal it is led in.

mod converse;
mod draft;
mod editor;
mod entry;
mod frame;
#[cfg(test)]
mod fuzz_tests;
mod happening;
mod key;
mod led;
mod page;
#[cfg(test)]
mod page_tests;
mod picker;
mod screen;
mod signals;
mod slash;
mod talk;
mod transcript;
mod words;
mod wrap;

pub(crate) use converse::{Opening, converse};
pub(crate) use talk::Talk;
