//! The cases of the mission that need a provider or a disk, each by its name.

mod login;
mod recovery;
mod terminal;
